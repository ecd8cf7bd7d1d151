/*
 * wire.c - see wire.h. Byte by byte on purpose: no struct of ours is laid over foreign bytes.
 */
#include "audio/wire.h"
#include <assert.h>
#include <string.h>

enum { TYPE_HEAD = 1, TYPE_DATA = 2, TYPE_DONE = 3, TYPE_FAIL = 4 };
enum { VERSION = 1, MAX_RATE_HZ = 768000, NAME_BYTES = 16 };
static const uint32_t MAGIC = 0x646c6f6b; /* "kold" */

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)(v >> (8 * i));
    return p;
}

static uint8_t *put_u64(uint8_t *p, uint64_t v)
{
    return put_u32(put_u32(p, (uint32_t)v), (uint32_t)(v >> 32));
}

static uint32_t get_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get_u64(const uint8_t *p)
{
    return get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

static uint8_t *put_prefix(uint8_t *p, uint32_t type, size_t payload)
{
    return put_u32(put_u32(p, type), (uint32_t)payload);
}

size_t kol_wire_put_head(uint8_t buf[static KOL_WIRE_MAX_BYTES], const struct kol_wire_head *head)
{
    uint8_t *p = put_prefix(buf, TYPE_HEAD, KOL_WIRE_HEAD_BYTES);

    p = put_u32(p, MAGIC);
    p = put_u32(p, VERSION);
    p = put_u32(p, head->channels);
    p = put_u32(p, head->source_rate_hz);
    p = put_u64(p, (uint64_t)head->duration_ms);
    p = put_u32(p, KOL_WIRE_RATE_HZ);
    memcpy(p, head->format, NAME_BYTES);
    memcpy(p + NAME_BYTES, head->codec, NAME_BYTES);
    return KOL_WIRE_PREFIX_BYTES + KOL_WIRE_HEAD_BYTES;
}

size_t kol_wire_put_data(uint8_t buf[static KOL_WIRE_MAX_BYTES], unsigned channels,
                         const int16_t *const *planes, size_t frames)
{
    assert(channels <= KOL_WIRE_MAX_CHANNELS && frames <= KOL_WIRE_MAX_FRAMES);
    size_t bytes = channels * frames * sizeof(int16_t);
    uint8_t *p = put_prefix(buf, TYPE_DATA, bytes);

    for (unsigned c = 0; c < channels; c++) {
        for (size_t i = 0; i < frames; i++) {
            uint16_t v = (uint16_t)planes[c][i];
            *p++ = (uint8_t)v;
            *p++ = (uint8_t)(v >> 8);
        }
    }
    return KOL_WIRE_PREFIX_BYTES + bytes;
}

size_t kol_wire_put_done(uint8_t buf[static KOL_WIRE_MAX_BYTES], const struct kol_wire_done *done)
{
    uint8_t *p = put_prefix(buf, TYPE_DONE, KOL_WIRE_DONE_BYTES);

    p = put_u64(p, done->frames);
    p = put_u32(p, done->bad_packets);
    put_u32(p, done->cut_short);
    return KOL_WIRE_PREFIX_BYTES + KOL_WIRE_DONE_BYTES;
}

size_t kol_wire_put_fail(uint8_t buf[static KOL_WIRE_MAX_BYTES], enum kol_wire_why why,
                         const char *text)
{
    size_t len = strnlen(text, KOL_WIRE_MAX_TEXT);
    uint8_t *p = put_prefix(buf, TYPE_FAIL, 4 + len);

    p = put_u32(p, (uint32_t)why);
    memcpy(p, text, len);
    return KOL_WIRE_PREFIX_BYTES + 4 + len;
}

void kol_wire_reader_init(struct kol_wire_reader *r, uint64_t max_frames)
{
    memset(r, 0, offsetof(struct kol_wire_reader, buf));
    r->max_frames = max_frames;
}

/* Text of a stranger that goes into logs and answers: one line of plain ASCII. */
static void copy_text(char *ret, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ret[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '?';
    ret[len] = '\0';
}

static void copy_name(char ret[static NAME_BYTES], const uint8_t *p)
{
    copy_text(ret, p, strnlen((const char *)p, NAME_BYTES - 1));
}

static enum kol_code broken(struct kol_err *err, const char *what)
{
    return kol_fail(err, KOL_CRASHED, "the decoder broke its protocol: %s", what);
}

/* Whether a record of this type and length may come now; before its payload is read. */
static enum kol_code check_prefix(const struct kol_wire_reader *r, struct kol_err *err)
{
    uint32_t type = get_u32(r->buf), len = get_u32(r->buf + 4);

    if (type != TYPE_HEAD && type != TYPE_FAIL && !r->has_head)
        return broken(err, "no header");

    switch (type) {
    case TYPE_HEAD:
        if (r->has_head || len != KOL_WIRE_HEAD_BYTES)
            return broken(err, r->has_head ? "second header" : "header of wrong size");
        return KOL_OK;
    case TYPE_DATA:
        if (len == 0 || len > KOL_WIRE_MAX_BYTES - KOL_WIRE_PREFIX_BYTES ||
            len % (r->head.channels * sizeof(int16_t)) != 0)
            return broken(err, "data of wrong size");
        return KOL_OK;
    case TYPE_DONE:
        return len == KOL_WIRE_DONE_BYTES ? KOL_OK : broken(err, "end of wrong size");
    case TYPE_FAIL:
        if (len < 4 || len > 4 + KOL_WIRE_MAX_TEXT)
            return broken(err, "failure of wrong size");
        return KOL_OK;
    }
    return broken(err, "unknown record");
}

static enum kol_code take_head(struct kol_wire_reader *r, const uint8_t *p, struct kol_err *err)
{
    struct kol_wire_head head = {
        .channels = get_u32(p + 8),
        .source_rate_hz = get_u32(p + 12),
        .duration_ms = (int64_t)get_u64(p + 16),
    };

    if (get_u32(p) != MAGIC || get_u32(p + 4) != VERSION || get_u32(p + 24) != KOL_WIRE_RATE_HZ)
        return broken(err, "header of another version");
    if (head.channels < 1 || head.channels > KOL_WIRE_MAX_CHANNELS || head.source_rate_hz < 1 ||
        head.source_rate_hz > MAX_RATE_HZ || head.duration_ms < -1)
        return broken(err, "impossible header");

    copy_name(head.format, p + 28);
    copy_name(head.codec, p + 28 + NAME_BYTES);
    r->head = head;
    r->has_head = true;
    return KOL_OK;
}

static enum kol_code take_data(struct kol_wire_reader *r, size_t len, struct kol_err *err)
{
    r->data_frames = len / (r->head.channels * sizeof(int16_t));
    r->frames += r->data_frames;
    if (r->frames > r->max_frames)
        return kol_fail(err, KOL_TOO_LARGE, "recording is longer than %llu s",
                        (unsigned long long)(r->max_frames / KOL_WIRE_RATE_HZ));
    return KOL_OK;
}

static enum kol_code take_done(struct kol_wire_reader *r, const uint8_t *p, struct kol_err *err)
{
    r->done = (struct kol_wire_done){
        .frames = get_u64(p), .bad_packets = get_u32(p + 8), .cut_short = get_u32(p + 12)};
    if (r->done.frames != r->frames || r->done.cut_short > 1)
        return broken(err, "end does not match the data");
    r->ended = true;
    return KOL_OK;
}

static enum kol_code take_fail(struct kol_wire_reader *r, const uint8_t *p, size_t len,
                               struct kol_err *err)
{
    uint32_t why = get_u32(p);

    if (why < KOL_WIRE_BAD_MEDIA || why > KOL_WIRE_NO_JAIL)
        return broken(err, "unknown failure");
    r->fail.why = (enum kol_wire_why)why;
    copy_text(r->fail.text, p + 4, len - 4);
    r->ended = true;
    return KOL_OK;
}

static enum kol_code take_record(struct kol_wire_reader *r, enum kol_wire_event *ret_event,
                                 struct kol_err *err)
{
    const uint8_t *p = r->buf + KOL_WIRE_PREFIX_BYTES;
    size_t len = get_u32(r->buf + 4);

    r->have = 0;
    switch (get_u32(r->buf)) {
    case TYPE_HEAD:
        *ret_event = KOL_WIRE_HEAD;
        return take_head(r, p, err);
    case TYPE_DATA:
        *ret_event = KOL_WIRE_DATA;
        return take_data(r, len, err);
    case TYPE_DONE:
        *ret_event = KOL_WIRE_DONE;
        return take_done(r, p, err);
    case TYPE_FAIL:
        *ret_event = KOL_WIRE_FAIL;
        return take_fail(r, p, len, err);
    }
    return broken(err, "unknown record"); /* check_prefix() let none pass */
}

/* Moves bytes until the record has `want`; false when the input ran out first. */
static bool fill(struct kol_wire_reader *r, const uint8_t *p, size_t len, size_t *used, size_t want)
{
    size_t n = want - r->have < len - *used ? want - r->have : len - *used;

    if (n > 0)
        memcpy(r->buf + r->have, p + *used, n);
    r->have += n;
    *used += n;
    return r->have == want;
}

enum kol_code kol_wire_push(struct kol_wire_reader *r, const void *bytes, size_t len,
                            size_t *ret_used, enum kol_wire_event *ret_event, struct kol_err *err)
{
    *ret_used = 0;
    *ret_event = KOL_WIRE_NEED_MORE;
    if (len == 0)
        return KOL_OK;
    if (r->ended)
        return broken(err, "bytes after the end");

    if (r->have < KOL_WIRE_PREFIX_BYTES) {
        if (!fill(r, bytes, len, ret_used, KOL_WIRE_PREFIX_BYTES))
            return KOL_OK;
        enum kol_code code = check_prefix(r, err);
        if (code != KOL_OK)
            return code;
    }

    if (!fill(r, bytes, len, ret_used, KOL_WIRE_PREFIX_BYTES + get_u32(r->buf + 4)))
        return KOL_OK;
    return take_record(r, ret_event, err);
}

void kol_wire_copy(const struct kol_wire_reader *r, unsigned channel, size_t from, int16_t *dst,
                   size_t count)
{
    assert(channel < r->head.channels && from <= r->data_frames && count <= r->data_frames - from);
    const uint8_t *p =
        r->buf + KOL_WIRE_PREFIX_BYTES + (channel * r->data_frames + from) * sizeof(int16_t);

    for (size_t i = 0; i < count; i++, p += 2)
        dst[i] = (int16_t)(p[0] | p[1] << 8);
}
