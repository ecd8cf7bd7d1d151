/* fuzz_wire.c - a broken decoder may write anything: the reader stays within its promises. */
#include "audio/wire.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(const struct kol_wire_reader *r, enum kol_wire_event event)
{
    static int16_t samples[KOL_WIRE_MAX_FRAMES * KOL_WIRE_MAX_CHANNELS];

    if (event == KOL_WIRE_DATA) {
        assert(r->has_head && r->data_frames > 0 && r->frames <= r->max_frames);
        for (unsigned c = 0; c < r->head.channels; c++)
            kol_wire_copy(r, c, 0, samples, r->data_frames);
    }
    if (event == KOL_WIRE_FAIL)
        assert(strlen(r->fail.text) <= KOL_WIRE_MAX_TEXT);
    if (event == KOL_WIRE_DONE)
        assert(r->done.frames == r->frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kol_wire_reader r;
    struct kol_err err;

    kol_wire_reader_init(&r, 100000);
    for (size_t at = 0, used; at < size; at += used) {
        enum kol_wire_event event;
        size_t piece = 1 + data[at] % 64; /* the pipe cuts where it likes */
        if (piece > size - at)
            piece = size - at;
        enum kol_code code = kol_wire_push(&r, data + at, piece, &used, &event, &err);
        if (code != KOL_OK) {
            assert(code == KOL_CRASHED || code == KOL_TOO_LARGE);
            return 0;
        }
        assert(used > 0 && used <= piece);
        check_record(&r, event);
    }
    return 0;
}
