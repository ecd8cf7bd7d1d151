/* test_wire.c - the stream between kol-decode and its parent, whole, in bits, and hostile. */
#include "audio/wire.h"
#include "base/cleanup.h"
#include "base/test.h"

static uint8_t stream[4 * KOL_WIRE_MAX_BYTES];
static struct kol_wire_reader reader;
static const struct kol_wire_head stereo = {
    .channels = 2, .source_rate_hz = 8000, .duration_ms = 1234, .format = "mp3", .codec = "mp3"};

/* HEAD, DATA of three frames, DONE. */
static size_t good_stream(void)
{
    static const int16_t left[] = {1, -2, 32767}, right[] = {-32768, 0, 300};
    const int16_t *planes[] = {left, right};
    struct kol_wire_done done = {.frames = 3, .bad_packets = 7, .cut_short = 1};
    size_t len = kol_wire_put_head(stream, &stereo);

    len += kol_wire_put_data(stream + len, 2, planes, 3);
    return len + kol_wire_put_done(stream + len, &done);
}

/* Pushes all of it in pieces; returns the first error or KOL_OK. *ret_last: the last event. */
static enum kol_code push_all(size_t len, size_t piece, enum kol_wire_event *ret_last,
                              struct kol_err *err)
{
    *ret_last = KOL_WIRE_NEED_MORE;
    for (size_t at = 0, used; at < len; at += used) {
        enum kol_wire_event event;
        size_t n = len - at < piece ? len - at : piece;
        enum kol_code code = kol_wire_push(&reader, stream + at, n, &used, &event, err);
        if (code != KOL_OK)
            return code;
        if (event == KOL_WIRE_DATA) {
            int16_t samples[3] = {0};
            kol_wire_copy(&reader, 0, 0, samples, reader.data_frames);
            check_int("left", samples[reader.data_frames - 1], 32767);
            kol_wire_copy(&reader, 1, 0, samples, 1);
            check_int("right", samples[0], -32768);
        }
        if (event != KOL_WIRE_NEED_MORE)
            *ret_last = event;
    }
    return KOL_OK;
}

static void reads_what_was_written(void **state)
{
    size_t len = good_stream();

    (void)state;
    for (size_t piece = 1; piece <= len; piece++) {
        enum kol_wire_event last;
        struct kol_err err;
        kol_wire_reader_init(&reader, 3);
        check_ok("good", push_all(len, piece, &last, &err), &err);
        check_int("last", last, KOL_WIRE_DONE);
        check_int("duration", reader.head.duration_ms, 1234);
        check_str("format", reader.head.format, "mp3");
        check_int("frames", reader.done.frames, 3);
        check_int("bad packets", reader.done.bad_packets, 7);
        check_int("cut short", reader.done.cut_short, 1);
    }
}

static void carries_failures_as_one_plain_line(void **state)
{
    enum kol_wire_event last;
    struct kol_err err;
    size_t len = kol_wire_put_fail(stream, KOL_WIRE_BAD_MEDIA, "no\nsuch \x1b[31mthing\xff");

    (void)state;
    kol_wire_reader_init(&reader, 3);
    check_ok("fail", push_all(len, len, &last, &err), &err);
    check_int("last", last, KOL_WIRE_FAIL);
    check_str("text", reader.fail.text, "no?such ?[31mthing?");
}

/* One byte of the good stream changed: at these places that must not pass. */
static void refuses_a_broken_stream(void **state)
{
    enum { HEAD_AT = KOL_WIRE_PREFIX_BYTES };
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
        const char *message;
    } rows[] = {
        {"type", 0, 9, "no header"},
        {"data first", 0, 2, "no header"},
        {"done first", 0, 3, "no header"},
        {"short header", 4, 59, "header of wrong size"},
        {"long header", 7, 255, "header of wrong size"},
        {"magic", HEAD_AT, 'K', "another version"},
        {"version", HEAD_AT + 4, 2, "another version"},
        {"no channel", HEAD_AT + 8, 0, "impossible"},
        {"six channels", HEAD_AT + 8, 6, "impossible"},
        {"rate", HEAD_AT + 15, 255, "impossible"},
        {"duration", HEAD_AT + 23, 0x80, "impossible"},
        {"second header", 68, 1, "second header"},
        {"unknown record", 68, 77, "unknown record"},
        {"odd data", 68 + 4, 13, "data of wrong size"},
        {"no data", 68 + 4, 0, "data of wrong size"},
        {"huge data", 68 + 7, 1, "data of wrong size"},
        {"frames", 88 + 8, 4, "does not match"},
        {"size of end", 88 + 4, 17, "end of wrong size"},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        enum kol_wire_event last;
        struct kol_err err;
        size_t len = good_stream();
        stream[rows[i].at] = rows[i].value;
        kol_wire_reader_init(&reader, 3);
        check_code(rows[i].name, push_all(len, len, &last, &err), KOL_CRASHED, &err);
        check_has(rows[i].name, err.msg, rows[i].message);
    }
}

static void refuses_too_much(void **state)
{
    enum kol_wire_event last;
    struct kol_err err;
    size_t len = good_stream();

    (void)state;
    kol_wire_reader_init(&reader, 2);
    check_code("a frame more", push_all(len, len, &last, &err), KOL_TOO_LARGE, &err);

    stream[len++] = 0;
    kol_wire_reader_init(&reader, 3);
    check_code("a byte more", push_all(len, len, &last, &err), KOL_CRASHED, &err);
    check_has("a byte more", err.msg, "after the end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(carries_failures_as_one_plain_line),
        cmocka_unit_test(refuses_a_broken_stream),
        cmocka_unit_test(refuses_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
