/*
 * decode_output.c - see decode_output.h.
 */
#include "audio/decode_output.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int fd, const uint8_t *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool kol_output_head(struct kol_output *out, const struct kol_wire_head *head)
{
    out->channels = head->channels;
    return write_all(out->fd, out->record, kol_wire_put_head(out->record, head));
}

static bool flush(struct kol_output *out)
{
    const int16_t *planes[KOL_WIRE_MAX_CHANNELS] = {out->planes[0], out->planes[1]};
    size_t frames = out->pending;

    out->pending = 0;
    return frames == 0 || write_all(out->fd, out->record,
                                    kol_wire_put_data(out->record, out->channels, planes, frames));
}

bool kol_output_add(struct kol_output *out, const int16_t *const *planes, size_t frames)
{
    out->frames += frames;
    if (out->frames > out->max_frames)
        return false;

    for (size_t at = 0; at < frames;) {
        size_t room = KOL_WIRE_MAX_FRAMES - out->pending;
        size_t n = frames - at < room ? frames - at : room;
        for (unsigned c = 0; c < out->channels; c++)
            memcpy(out->planes[c] + out->pending, planes[c] + at, n * sizeof(int16_t));
        out->pending += n;
        at += n;
        if (out->pending == KOL_WIRE_MAX_FRAMES && !flush(out))
            return false;
    }
    return true;
}

bool kol_output_done(struct kol_output *out, uint32_t bad_packets, bool cut_short)
{
    struct kol_wire_done done = {
        .frames = out->frames, .bad_packets = bad_packets, .cut_short = cut_short};

    return flush(out) && write_all(out->fd, out->record, kol_wire_put_done(out->record, &done));
}

bool kol_output_fail(struct kol_output *out, enum kol_wire_why why, const char *text)
{
    return write_all(out->fd, out->record, kol_wire_put_fail(out->record, why, text));
}
