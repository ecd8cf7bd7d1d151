/*
 * decode_media.c - see decode_media.h.
 *
 * FFmpeg is never asked to guess: the format comes from our own magic check, decoders from a list.
 */
#include "audio/decode_media.h"
#include "base/cleanup.h"
#include "base/media.h"
#include <ctype.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <string.h>

enum {
    MIN_RATE_HZ = 4000, /* below, a small file could become hours of samples */
    MAX_RATE_HZ = 192000,
    PIECE_FRAMES = 2048,                  /* of the source, given to the resampler at once */
    SCRATCH_FRAMES = PIECE_FRAMES * 4 * 2 /* 4 kHz to 16 kHz, and what the filter held back */
};

struct decoder {
    struct kol_input *in;   /* borrowed */
    struct kol_output *out; /* borrowed */
    enum kol_media media;
    long memory_mb;
    AVIOContext *io;
    AVFormatContext *fmt;
    AVStream *stream; /* of fmt: the one we decode */
    AVCodecContext *codec;
    SwrContext *swr;
    int swr_rate, swr_format, swr_channels; /* what swr takes now */
    AVPacket *packet;
    AVFrame *frame;
    uint32_t bad_packets;
    int64_t claimed_ms;
    int16_t scratch[KOL_WIRE_MAX_CHANNELS][SCRATCH_FRAMES];
};

static const char *const demuxers[KOL_MEDIA_COUNT] = {
    [KOL_MEDIA_MP3] = "mp3", [KOL_MEDIA_WAV] = "wav",   [KOL_MEDIA_OGG] = "ogg",
    [KOL_MEDIA_M4A] = "mov", [KOL_MEDIA_FLAC] = "flac",
};

static const struct {
    enum AVCodecID id;
    const char *decoder; /* FFmpeg's own ones: some builds prefer an external library */
} codecs[] = {
    {AV_CODEC_ID_MP3, "mp3float"},
    {AV_CODEC_ID_PCM_S16LE, "pcm_s16le"},
    {AV_CODEC_ID_PCM_MULAW, "pcm_mulaw"},
    {AV_CODEC_ID_PCM_ALAW, "pcm_alaw"},
    {AV_CODEC_ID_PCM_U8, "pcm_u8"},
    {AV_CODEC_ID_PCM_S24LE, "pcm_s24le"},
    {AV_CODEC_ID_PCM_S32LE, "pcm_s32le"},
    {AV_CODEC_ID_PCM_F32LE, "pcm_f32le"},
    {AV_CODEC_ID_OPUS, "opus"},
    {AV_CODEC_ID_VORBIS, "vorbis"},
    {AV_CODEC_ID_AAC, "aac"},
    {AV_CODEC_ID_FLAC, "flac"},
};
#define CODEC_LIST                                                                                 \
    "mp3float,pcm_s16le,pcm_mulaw,pcm_alaw,pcm_u8,pcm_s24le,pcm_s32le,pcm_f32le,opus,vorbis,aac,"  \
    "flac"

/* A failure inside FFmpeg. Out of memory means our own limit here, so it is the file's doing. */
static enum kol_code av_failed(const struct decoder *d, int ret, const char *what,
                               struct kol_err *err)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";

    if (d->in->failed)
        return kol_fail(err, KOL_IO, "the recording could not be read");
    if (ret == AVERROR(ENOMEM))
        return kol_fail(err, KOL_BAD_MEDIA, "%s: needs more than %ld MB of memory", what,
                        d->memory_mb);
    av_strerror(ret, text, sizeof text);
    text[0] = (char)tolower((unsigned char)text[0]);
    return kol_fail(err, KOL_BAD_MEDIA, "broken %s: %s: %s", kol_media_ext(d->media), what, text);
}

/* Stopped by the output: too long, or nobody there. */
static enum kol_code out_failed(const struct decoder *d, struct kol_err *err)
{
    if (d->out->frames > d->out->max_frames)
        return kol_fail(err, KOL_TOO_LARGE, "recording is longer than %llu s",
                        (unsigned long long)(d->out->max_frames / KOL_WIRE_RATE_HZ));
    return kol_fail(err, KOL_CANCELLED, "nobody reads the samples");
}

static enum kol_code check_magic(struct decoder *d, struct kol_err *err)
{
    uint8_t head[KOL_MEDIA_HEAD_BYTES];
    long len = kol_input_head(d->in, head, sizeof head);

    if (len < 0)
        return kol_fail(err, KOL_IO, "the recording could not be read");
    if (len == 0)
        return kol_fail(err, KOL_BAD_MEDIA, "the file is empty (0 bytes)");
    d->media = kol_media_sniff(head, (size_t)len);
    if (d->media == KOL_MEDIA_UNKNOWN)
        return kol_fail(err, KOL_BAD_MEDIA, "not audio in a known format: the file holds %s",
                        kol_media_guess(head, (size_t)len));
    return KOL_OK;
}

/* No second file for anyone: playlists and external tracks end here, and then at the jail. */
static int deny_open(AVFormatContext *fmt, AVIOContext **ret, const char *url, int flags,
                     AVDictionary **options)
{
    (void)fmt, (void)ret, (void)url, (void)flags, (void)options;
    return AVERROR(EACCES);
}

static int set_limits(AVDictionary **options)
{
    static const char *const limits[][2] = {
        {"format_whitelist", "mp3,wav,ogg,mov,flac"},
        {"codec_whitelist", CODEC_LIST},
        {"protocol_whitelist", ""},
        {"probesize", "1000000"},
        {"analyzeduration", "5000000"}, /* us */
        {"max_streams", "8"},
    };

    for (size_t i = 0; i < KOL_COUNT(limits); i++) {
        int ret = av_dict_set(options, limits[i][0], limits[i][1], 0);
        if (ret < 0)
            return ret;
    }
    return 0;
}

static enum kol_code open_format(struct decoder *d, struct kol_err *err)
{
    AVDictionary *options = NULL;
    int ret = set_limits(&options);

    d->io = kol_input_io_new(d->in);
    d->fmt = avformat_alloc_context();
    if (ret < 0 || !d->io || !d->fmt) {
        av_dict_free(&options);
        return av_failed(d, AVERROR(ENOMEM), "open", err);
    }
    d->fmt->pb = d->io;
    d->fmt->io_open = deny_open;

    ret = avformat_open_input(&d->fmt, "", av_find_input_format(demuxers[d->media]), &options);
    av_dict_free(&options);
    if (ret < 0)
        return av_failed(d, ret, "open", err);
    ret = avformat_find_stream_info(d->fmt, NULL);
    return ret < 0 ? av_failed(d, ret, "look for streams", err) : KOL_OK;
}

static enum kol_code check_shape(int channels, int rate, struct kol_err *err)
{
    if (channels < 1 || channels > KOL_WIRE_MAX_CHANNELS)
        return kol_fail(err, KOL_BAD_MEDIA, "%d channels: only one or two can be used", channels);
    if (rate < MIN_RATE_HZ || rate > MAX_RATE_HZ)
        return kol_fail(err, KOL_BAD_MEDIA, "sample rate of %d Hz: only %d to %d can be used", rate,
                        MIN_RATE_HZ, MAX_RATE_HZ);
    return KOL_OK;
}

static enum kol_code choose_stream(struct decoder *d, struct kol_err *err)
{
    int index = av_find_best_stream(d->fmt, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    if (index < 0)
        return kol_fail(err, KOL_BAD_MEDIA, "no audio in the %s file", kol_media_ext(d->media));

    d->stream = d->fmt->streams[index];
    for (unsigned i = 0; i < d->fmt->nb_streams; i++) {
        if ((int)i != index)
            d->fmt->streams[i]->discard = AVDISCARD_ALL; /* a cover picture, for example */
    }
    d->claimed_ms = d->fmt->duration > 0 ? d->fmt->duration / (AV_TIME_BASE / 1000) : -1;
    return KOL_OK;
}

static const AVCodec *find_decoder(enum AVCodecID id)
{
    for (size_t i = 0; i < KOL_COUNT(codecs); i++) {
        if (codecs[i].id == id)
            return avcodec_find_decoder_by_name(codecs[i].decoder);
    }
    return NULL;
}

static enum kol_code open_codec(struct decoder *d, struct kol_err *err)
{
    const AVCodecParameters *par = d->stream->codecpar;
    const AVCodec *codec = find_decoder(par->codec_id);
    if (!codec)
        return kol_fail(err, KOL_BAD_MEDIA, "codec %s in a %s file is not supported",
                        avcodec_get_name(par->codec_id), kol_media_ext(d->media));

    d->codec = avcodec_alloc_context3(codec);
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();
    if (!d->codec || !d->packet || !d->frame)
        return av_failed(d, AVERROR(ENOMEM), "open codec", err);

    int ret = avcodec_parameters_to_context(d->codec, par);
    if (ret < 0)
        return av_failed(d, ret, "codec parameters", err);
    d->codec->thread_count = 1; /* the jail has no threads */
    d->codec->pkt_timebase = d->stream->time_base;
    ret = avcodec_open2(d->codec, codec, NULL);
    return ret < 0 ? av_failed(d, ret, "open codec", err) : KOL_OK;
}

static enum kol_code put_head(struct decoder *d, int channels, int rate, struct kol_err *err)
{
    struct kol_wire_head head = {
        .channels = (uint32_t)channels,
        .source_rate_hz = (uint32_t)rate,
        .duration_ms = d->claimed_ms,
    };

    enum kol_code code = check_shape(channels, rate, err);
    if (code != KOL_OK)
        return code;
    snprintf(head.format, sizeof head.format, "%s", kol_media_ext(d->media));
    snprintf(head.codec, sizeof head.codec, "%s", avcodec_get_name(d->codec->codec_id));
    return kol_output_head(d->out, &head) ? KOL_OK : out_failed(d, err);
}

/* Converts one piece (NULL: what the filter still holds); *ret_got tells how much came out. */
static enum kol_code convert(struct decoder *d, const uint8_t **in, int frames, int *ret_got,
                             struct kol_err *err)
{
    uint8_t *scratch[] = {(uint8_t *)d->scratch[0], (uint8_t *)d->scratch[1]};
    const int16_t *planes[] = {d->scratch[0], d->scratch[1]};

    *ret_got = swr_convert(d->swr, scratch, SCRATCH_FRAMES, in, frames);
    if (*ret_got < 0)
        return av_failed(d, *ret_got, "resample", err);
    return kol_output_add(d->out, planes, (size_t)*ret_got) ? KOL_OK : out_failed(d, err);
}

static enum kol_code drain_swr(struct decoder *d, struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    for (int got = 1; d->swr && code == KOL_OK && got > 0;)
        code = convert(d, NULL, 0, &got, err);
    return code;
}

/*
 * Layouts by number of channels, not by the names in the file: two channels are two speakers and
 * must never be mixed because a file calls them something else than left and right.
 */
static enum kol_code open_swr(struct decoder *d, const AVFrame *f, struct kol_err *err)
{
    AVChannelLayout in = {0}, out = {0};

    av_channel_layout_default(&in, f->ch_layout.nb_channels);
    av_channel_layout_default(&out, (int)d->out->channels);
    swr_free(&d->swr);
    int ret = swr_alloc_set_opts2(&d->swr, &out, AV_SAMPLE_FMT_S16P, KOL_WIRE_RATE_HZ, &in,
                                  (enum AVSampleFormat)f->format, f->sample_rate, 0, NULL);
    if (ret >= 0)
        ret = swr_init(d->swr);
    if (ret < 0)
        return av_failed(d, ret, "resample", err);

    d->swr_rate = f->sample_rate;
    d->swr_format = f->format;
    d->swr_channels = f->ch_layout.nb_channels;
    return KOL_OK;
}

/* Follows a change of rate or channels inside a file (joined MP3s); the output stays as announced.
 */
static enum kol_code adapt_swr(struct decoder *d, const AVFrame *f, struct kol_err *err)
{
    if (d->swr && f->sample_rate == d->swr_rate && f->format == d->swr_format &&
        f->ch_layout.nb_channels == d->swr_channels)
        return KOL_OK;

    enum kol_code code = check_shape(f->ch_layout.nb_channels, f->sample_rate, err);
    if (code == KOL_OK && !d->swr)
        code = put_head(d, f->ch_layout.nb_channels, f->sample_rate, err);
    if (code == KOL_OK)
        code = drain_swr(d, err);
    return code == KOL_OK ? open_swr(d, f, err) : code;
}

static enum kol_code take_frame(struct decoder *d, const AVFrame *f, struct kol_err *err)
{
    enum kol_code code = adapt_swr(d, f, err);
    enum AVSampleFormat format = (enum AVSampleFormat)f->format;
    bool planar = av_sample_fmt_is_planar(format);
    size_t step = (size_t)av_get_bytes_per_sample(format) * (planar ? 1 : d->swr_channels);

    for (int at = 0; code == KOL_OK && at < f->nb_samples; at += PIECE_FRAMES) {
        const uint8_t *in[KOL_WIRE_MAX_CHANNELS] = {NULL};
        int got, left = f->nb_samples - at;
        for (int c = 0; c < (planar ? d->swr_channels : 1); c++)
            in[c] = f->extended_data[c] + (size_t)at * step;
        code = convert(d, in, left < PIECE_FRAMES ? left : PIECE_FRAMES, &got, err);
    }
    return code;
}

/* packet NULL: what the codec still holds. Broken packets are counted and left out. */
static enum kol_code decode_packet(struct decoder *d, const AVPacket *packet, struct kol_err *err)
{
    int ret = avcodec_send_packet(d->codec, packet);

    while (ret >= 0) {
        ret = avcodec_receive_frame(d->codec, d->frame);
        if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
            return KOL_OK;
        if (ret < 0)
            break;
        enum kol_code code = take_frame(d, d->frame, err);
        av_frame_unref(d->frame);
        if (code != KOL_OK)
            return code;
    }
    if (ret == AVERROR(ENOMEM))
        return av_failed(d, ret, "decode", err);
    d->bad_packets++;
    return KOL_OK;
}

static enum kol_code decode_all(struct decoder *d, struct kol_err *err)
{
    enum kol_code code = KOL_OK;
    int ret;

    while (code == KOL_OK && (ret = av_read_frame(d->fmt, d->packet)) >= 0) {
        if (d->packet->stream_index == d->stream->index)
            code = decode_packet(d, d->packet, err);
        av_packet_unref(d->packet);
    }
    if (code != KOL_OK)
        return code;
    if (d->in->failed || ret == AVERROR(ENOMEM))
        return av_failed(d, ret, "read", err);
    if (ret != AVERROR_EOF) {
        d->bad_packets++; /* the rest cannot be followed: what came before is a result */
        if (d->out->frames == 0)
            return av_failed(d, ret, "read", err);
    }

    code = decode_packet(d, NULL, err);
    return code == KOL_OK ? drain_swr(d, err) : code;
}

/* Well before: more than a second and 2 %. A length guessed from the bit rate proves nothing. */
static bool is_cut_short(const struct decoder *d)
{
    int64_t got_ms = (int64_t)(d->out->frames * 1000 / KOL_WIRE_RATE_HZ);

    return d->fmt->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE &&
           got_ms + 1000 < d->claimed_ms - d->claimed_ms / 50;
}

static enum kol_code finish(struct decoder *d, struct kol_err *err)
{
    if (d->out->frames == 0 && d->bad_packets > 0)
        return kol_fail(err, KOL_BAD_MEDIA, "broken %s: none of %u packets could be decoded",
                        kol_media_ext(d->media), d->bad_packets);

    if (!d->swr) { /* a whole file without a single sample: a recording of 0 s */
        const AVCodecParameters *par = d->stream->codecpar;
        enum kol_code code = put_head(d, par->ch_layout.nb_channels, par->sample_rate, err);
        if (code != KOL_OK)
            return code;
    }
    return kol_output_done(d->out, d->bad_packets, is_cut_short(d)) ? KOL_OK : out_failed(d, err);
}

static void decoder_done(struct decoder *d)
{
    swr_free(&d->swr);
    av_frame_free(&d->frame);
    av_packet_free(&d->packet);
    avcodec_free_context(&d->codec);
    avformat_close_input(&d->fmt);
    kol_input_io_free(&d->io);
}

enum kol_code kol_decode_media(struct kol_input *in, struct kol_output *out, long memory_mb,
                               struct kol_err *err)
{
    static struct decoder d; /* one file per process; too large for the stack */
    d.in = in;
    d.out = out;
    d.memory_mb = memory_mb;

    enum kol_code code = check_magic(&d, err);
    if (code == KOL_OK)
        code = open_format(&d, err);
    if (code == KOL_OK)
        code = choose_stream(&d, err);
    if (code == KOL_OK)
        code = open_codec(&d, err);
    if (code == KOL_OK)
        code = decode_all(&d, err);
    if (code == KOL_OK)
        code = finish(&d, err);
    decoder_done(&d);
    return code;
}
