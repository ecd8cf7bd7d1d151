#include "transcribe/loop.h"

enum { PERIOD_MOST = 24 };

static int32_t id_at(const int32_t *ids, size_t stride, size_t i)
{
    return *(const int32_t *)(const void *)((const char *)ids + i * stride);
}

/* How often the last `period` tokens stand at the end, one after the other. */
static size_t repeats_at_end(const int32_t *ids, size_t stride, size_t count, size_t period)
{
    size_t same = 0;

    while (period + same < count &&
           id_at(ids, stride, count - 1 - same) == id_at(ids, stride, count - 1 - same - period))
        same++;
    return 1 + same / period;
}

bool kol_is_loop(const int32_t *ids, size_t stride, size_t count)
{
    for (size_t period = 1; period <= PERIOD_MOST && period * 4 <= count; period++) {
        size_t enough = period == 1 ? 10 : period <= 4 ? 7 : 4;
        if (repeats_at_end(ids, stride, count, period) >= enough)
            return true;
    }
    return false;
}
