/* Packing speech into chunks, filling them, and finding the way back. */
#include "base/test.h"
#include "transcribe/chunk.h"

enum { SECOND = 16000 };

static struct kol_speech span(double start_s, double end_s)
{
    return (struct kol_speech){(int64_t)(start_s * SECOND), (int64_t)(end_s * SECOND), 0.9F};
}

static void test_plan(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t lengths[6];
        size_t count, expected;
    } rows[] = {
        {"none", {0}, 0, 0},
        {"one", {5}, 1, 1},
        {"all fit", {10, 10, 8}, 3, 3},
        {"evenly, not 28 and 2", {10, 10, 10}, 3, 2},
        {"too long is alone", {40, 5}, 2, 1},
        {"full", {20, 20, 20}, 3, 1},
        {"exactly full", {14, 14, 14, 14}, 4, 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_int(rows[i].name, kol_chunk_plan(rows[i].lengths, rows[i].count, 28),
                  rows[i].expected);
}

static size_t make(struct kol_arena *a, const struct kol_speech *agent, size_t agent_count,
                   const struct kol_speech *customer, size_t customer_count, struct kol_chunk **ret)
{
    const struct kol_speech_list lists[2] = {{agent, agent_count}, {customer, customer_count}};
    struct kol_err err;
    size_t count;

    check_ok("make", kol_chunks_make(a, lists, customer ? 2 : 1, 28000, ret, &count, &err), &err);
    return count;
}

static void test_nothing(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_chunk *chunks;

    check_int("no speech", make(a, NULL, 0, NULL, 0, &chunks), 0);
}

static void test_rests_share_a_window(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const struct kol_speech agent[] = {span(1, 9)}, customer[] = {span(10, 15), span(20, 22)};
    struct kol_chunk *chunks;

    check_int("shared", make(a, agent, 1, customer, 2, &chunks), 1);
    check_int("shared", chunks[0].piece_count, 3);
    check_int("shared", chunks[0].joint, 1);
    check_int("shared", chunks[0].samples, 15 * SECOND + SECOND * 8 / 10);
    check_int("agent", kol_chunk_call_ms(&chunks[0], 0, false), 1000);
    check_int("agent's end", kol_chunk_call_ms(&chunks[0], 8000, true), 9000);
    check_int("in the pause", kol_chunk_call_ms(&chunks[0], 8400, true), 9000);
    check_int("customer", kol_chunk_call_ms(&chunks[0], 8800, false), 10000);
    check_int("customer's second", kol_chunk_call_ms(&chunks[0], 13800, false), 20000);
    check_int("customer's first", kol_chunk_call_ms(&chunks[0], 13800, true), 15000);
    check_int("past the end", kol_chunk_call_ms(&chunks[0], 99000, true), 22000);
}

static void test_long_channels_stay_apart(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const struct kol_speech agent[] = {span(0, 20), span(30, 40)}, customer[] = {span(5, 25)};
    struct kol_chunk *chunks;
    size_t count = make(a, agent, 2, customer, 1, &chunks);

    check_int("apart", count, 3);
    for (size_t i = 0; i < count; i++)
        check_int("apart", chunks[i].joint, 0);
    for (size_t i = 1; i < count; i++)
        assert_true(kol_chunk_start(&chunks[i - 1]) <= kol_chunk_start(&chunks[i]));
}

static void test_side(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const struct kol_speech agent[] = {span(1, 3)}, customer[] = {span(2, 6)};
    struct kol_chunk *chunks;

    make(a, agent, 1, customer, 1, &chunks);
    struct kol_chunk left = kol_chunk_side(&chunks[0], 0), right = kol_chunk_side(&chunks[0], 1);
    check_int("left", left.samples, 2 * SECOND);
    check_int("left", left.pieces[0].channel, 0);
    check_int("right", right.piece_count, 1);
    check_int("right", right.pieces[0].channel, 1);
    check_int("right", right.samples, chunks[0].samples);
}

/* Every sample of the call carries its number; fed in odd stretches it must land where it belongs.
 */
static void test_fill_in_stretches(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const struct kol_speech agent[] = {span(0.5, 1), span(1.25, 1.5)};
    struct kol_chunk *chunks;
    struct kol_err err;
    int16_t call[2 * SECOND];

    for (int i = 0; i < 2 * SECOND; i++)
        call[i] = (int16_t)i;
    make(a, agent, 2, NULL, 0, &chunks);
    for (int64_t at = 0; at < 2 * SECOND; at += 777) {
        size_t n = at + 777 > 2 * SECOND ? (size_t)(2 * SECOND - at) : 777;
        check_ok("fill", kol_chunk_fill(&chunks[0], 0, at, call + at, n, &err), &err);
        check_ok("other channel", kol_chunk_fill(&chunks[0], 1, at, call, n, &err), &err);
    }
    check_int("length", chunks[0].samples, SECOND * 3 / 4);
    for (int i = 0; i < SECOND / 2; i++)
        check_int("first piece", chunks[0].pcm[i], SECOND / 2 + i);
    for (int i = 0; i < SECOND / 4; i++)
        check_int("second piece", chunks[0].pcm[SECOND / 2 + i], SECOND * 5 / 4 + i);
    kol_chunk_drop_pcm(&chunks[0]);
    assert_null(chunks[0].pcm);
}

static void test_many_spans(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    static struct kol_speech spans[3000];
    struct kol_chunk *chunks;
    size_t pieces = 0;

    for (int i = 0; i < 3000; i++)
        spans[i] = span(i * 7.0, i * 7.0 + 0.65 + (i % 40) / 10.0);
    size_t count = make(a, spans, 3000, NULL, 0, &chunks);
    for (size_t i = 0; i < count; i++) {
        assert_true(chunks[i].samples <= 28 * SECOND);
        pieces += chunks[i].piece_count;
    }
    check_int("all packed", pieces, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_rests_share_a_window),
        cmocka_unit_test(test_long_channels_stay_apart),
        cmocka_unit_test(test_side),
        cmocka_unit_test(test_fill_in_stretches),
        cmocka_unit_test(test_many_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
