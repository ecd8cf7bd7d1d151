#include "transcribe/source.h"

#include <string.h>

enum kol_code kol_source_open_file(struct kol_source *s, const struct kol_decode_conf *conf,
                                   const char *path, struct kol_err *err)
{
    *s = (struct kol_source){.conf = *conf, .path = path};
    return kol_source_rewind(s, err);
}

void kol_source_open_memory(struct kol_source *s, const int16_t *const *pcm, int channels,
                            size_t samples)
{
    *s = (struct kol_source){
        .channels = channels,
        .expected_ms = (int64_t)(samples / (KOL_DECODE_RATE_HZ / 1000)),
        .samples = samples,
    };
    for (int c = 0; c < channels; c++)
        s->pcm[c] = pcm[c];
}

enum kol_code kol_source_rewind(struct kol_source *s, struct kol_err *err)
{
    s->at = 0;
    if (!s->path)
        return KOL_OK;

    kol_decode_close(s->decode);
    s->decode = NULL;
    enum kol_code code = kol_decode_open(&s->conf, s->path, &s->decode, err);
    if (code != KOL_OK)
        return code;
    s->channels = kol_decode_info(s->decode)->channels;
    s->expected_ms = kol_decode_info(s->decode)->duration_ms;
    return KOL_OK;
}

static void read_memory(struct kol_source *s, int16_t *const *planes, size_t max_frames,
                        size_t *ret_frames)
{
    size_t left = s->samples - s->at;
    size_t count = left < max_frames ? left : max_frames;

    for (int c = 0; c < s->channels; c++)
        memcpy(planes[c], s->pcm[c] + s->at, count * sizeof(**planes));
    s->at += count;
    *ret_frames = count;
}

enum kol_code kol_source_read(struct kol_source *s, int16_t *const *planes, size_t max_frames,
                              size_t *ret_frames, struct kol_err *err)
{
    if (!s->path) {
        read_memory(s, planes, max_frames, ret_frames);
        return KOL_OK;
    }

    enum kol_code code = kol_decode_read(s->decode, planes, max_frames, ret_frames, err);
    if (code == KOL_OK && *ret_frames == 0)
        s->cut_short = kol_decode_end(s->decode).cut_short;
    return code;
}

void kol_source_done(struct kol_source *s)
{
    kol_decode_close(s->decode);
    s->decode = NULL;
}
