/*
 * decode_input.c - see decode_input.h.
 */
#include "audio/decode_input.h"
#include <errno.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
#include <stdio.h>
#include <unistd.h>

enum { IO_BYTES = 32768 };

static ssize_t read_at(struct kol_input *in, void *buf, size_t len, int64_t at)
{
    ssize_t n;

    do
        n = pread(in->fd, buf, len, at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        in->failed = true;
    return n;
}

long kol_input_head(struct kol_input *in, void *buf, size_t len)
{
    return read_at(in, buf, len, 0);
}

static int on_read(void *opaque, uint8_t *buf, int len)
{
    struct kol_input *in = opaque;
    ssize_t n = read_at(in, buf, (size_t)len, in->at);

    if (n < 0)
        return AVERROR(EIO);
    in->at += n;
    return n == 0 ? AVERROR_EOF : (int)n;
}

static int64_t on_seek(void *opaque, int64_t offset, int whence)
{
    struct kol_input *in = opaque;

    if (whence & AVSEEK_SIZE)
        return in->size;
    int64_t base = 0, at;
    switch (whence & ~AVSEEK_FORCE) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = in->at;
        break;
    case SEEK_END:
        base = in->size;
        break;
    default:
        return AVERROR(EINVAL);
    }
    if (__builtin_add_overflow(base, offset, &at) || at < 0)
        return AVERROR(EINVAL);
    in->at = at;
    return at;
}

AVIOContext *kol_input_io_new(struct kol_input *in)
{
    uint8_t *buf = av_malloc(IO_BYTES);
    if (!buf)
        return NULL;
    AVIOContext *io = avio_alloc_context(buf, IO_BYTES, 0, in, on_read, NULL, on_seek);
    if (!io)
        av_free(buf);
    return io;
}

void kol_input_io_free(AVIOContext **io)
{
    if (*io)
        av_freep(&(*io)->buffer); /* FFmpeg may have put another in place of ours */
    avio_context_free(io);
}
