/*
 * transcribe.c - one call from file to transcript: scan, plan, cut and listen, merge.
 */
#include "transcribe/transcribe.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/language.h"
#include "base/log.h"
#include "base/str.h"
#include "transcribe/chunk.h"
#include "transcribe/listen.h"
#include "transcribe/merge.h"
#include "transcribe/open.h"
#include "transcribe/prompt.h"
#include "transcribe/scan.h"
#include <stdlib.h>
#include <string.h>

enum { READ_FRAMES = 16384, SCAN_PERCENT = 4 };

struct run { /* one call */
    struct kol_transcriber *t;
    struct kol_arena *a;
    const struct kol_transcribe_options *options;
    struct kol_transcript *ret;
    int64_t began_ms;
    struct kol_source source;
    struct kol_group group;
    struct kol_scan scan;

    struct kol_chunk *chunks; /* planned, by where they begin */
    size_t chunk_count;
    size_t first_unsent; /* all before it were given to workers */
    bool *sent;
    struct kol_listen_options listen;
    size_t out; /* chunks at work */

    struct kol_segment *segments; /* as they come */
    size_t segment_count, segment_room;
    int64_t done_samples; /* of speech */
    int64_t told_ms;      /* last progress */
};

const char *kol_role_name(enum kol_role role)
{
    switch (role) {
    case KOL_ROLE_AGENT:
        return "agent";
    case KOL_ROLE_CUSTOMER:
        return "customer";
    case KOL_ROLE_SPEAKER:
        break;
    }
    return "speaker";
}

/* ---- Stopping and progress ---- */

static void ask_stop(struct kol_group *g, void *user)
{
    struct run *r = user;

    if (r->options->stop && r->options->stop(r->options->user))
        atomic_store(&g->abort, true);
}

static bool decode_should_stop(void *user)
{
    struct run *r = user;

    ask_stop(&r->group, r);
    return kol_group_stopped(&r->group);
}

/* What a stop is called depends on who wanted it, not on who noticed. */
static enum kol_code name_stop(const struct run *r, enum kol_code code, struct kol_err *err)
{
    bool overdue = r->group.deadline_ms > 0 && kol_boot_ms() >= r->group.deadline_ms;

    if (code != KOL_CANCELLED || !overdue)
        return code;
    return kol_fail(err, KOL_OVERDUE, "transcription took longer than %lld s",
                    (long long)r->options->deadline_ms / 1000);
}

static void tell(struct run *r, int64_t done_ms, int64_t total_ms)
{
    if (!r->options->progress || done_ms < r->told_ms)
        return;
    r->told_ms = done_ms;
    r->options->progress(done_ms, total_ms, r->options->user);
}

static int64_t ms_of(int64_t samples)
{
    return samples * 1000 / KOL_PCM_RATE_HZ;
}

static enum kol_code on_scanned(int64_t samples, void *user, struct kol_err *err)
{
    struct run *r = user;
    int64_t heard = ms_of(samples);
    int64_t total = r->source.expected_ms > heard ? r->source.expected_ms : heard;

    ask_stop(&r->group, r);
    if (kol_group_stopped(&r->group))
        return kol_fail(err, KOL_CANCELLED, "transcription was stopped");
    tell(r, heard * SCAN_PERCENT / 100, total);
    return KOL_OK;
}

/* The work is the speech, wherever in the call it lies. */
static void tell_listened(struct run *r)
{
    int64_t total = ms_of(r->scan.samples), speech = 0;

    for (int c = 0; c < r->scan.channels; c++)
        speech += r->scan.channel[c].speech_samples;
    double part = speech > 0 ? (double)r->done_samples / (double)speech : 1;
    if (part > 1) /* a chunk is longer than its speech by the joints in it */
        part = 1;
    double percent = SCAN_PERCENT + (100 - SCAN_PERCENT) * part;
    tell(r, (int64_t)((double)total * percent / 100), total);
}

/* ---- Results ---- */

static bool copy_segment(struct kol_arena *a, const struct kol_segment *from,
                         struct kol_segment *to)
{
    struct kol_word *words = kol_arena_array(a, from->word_count + 1, sizeof(*words));

    if (!words)
        return false;
    for (size_t i = 0; i < from->word_count; i++) {
        words[i] = from->words[i];
        words[i].text = kol_arena_str(a, from->words[i].text);
    }
    *to = *from;
    to->text = kol_arena_str(a, from->text);
    to->words = words;
    return !kol_arena_failed(a);
}

static enum kol_code keep_segments(struct run *r, const struct kol_listen_task *t,
                                   struct kol_err *err)
{
    if (r->segment_count + t->count > r->segment_room) {
        size_t room = 2 * (r->segment_count + t->count) + 64;
        struct kol_segment *more = realloc(r->segments, room * sizeof(*more));
        if (!more)
            return kol_fail(err, KOL_NO_MEMORY, "keep transcript: out of memory");
        r->segments = more;
        r->segment_room = room;
    }
    for (size_t i = 0; i < t->count; i++)
        if (!copy_segment(r->a, &t->segments[i], &r->segments[r->segment_count++]))
            return kol_fail(err, KOL_NO_MEMORY, "keep transcript: out of memory");
    return KOL_OK;
}

/* Takes finished chunks until at most `most` are out. */
static enum kol_code collect(struct run *r, size_t most, struct kol_err *err)
{
    while (r->out > most) {
        struct kol_listen_task *t = (struct kol_listen_task *)kol_group_next(&r->group, 200);
        if (!t)
            continue; /* a stopped group hands back its tasks, so this ends */
        r->out--;
        r->done_samples += (int64_t)t->chunk->samples;
        enum kol_code code = t->task.code;
        if (code != KOL_OK && err)
            *err = t->task.err;
        if (code == KOL_OK)
            code = keep_segments(r, t, err);
        kol_listen_free(t);
        if (code != KOL_OK)
            return code;
        tell_listened(r);
    }
    return KOL_OK;
}

/* ---- Language ---- */

/* Whisper knows "he", not "iw"; what nobody knows is refused by the engine. */
static const char *canonical(const char *language)
{
    const char *known = kol_language_canonical(language);

    return known ? known : language;
}

static size_t list_allowed(const struct kol_transcribe_options *o,
                           const char *ret[KOL_LANGUAGES_MAX])
{
    size_t count = 0;

    while (count < KOL_LANGUAGES_MAX && o->allowed[count]) {
        ret[count] = canonical(o->allowed[count]);
        count++;
    }
    if (count > 0)
        return count;
    ret[0] = "he";
    ret[1] = "en";
    return 2;
}

static enum kol_code detect_among(struct run *r, const struct kol_chunk *chunk,
                                  const char *const *allowed, size_t count, struct kol_err *err)
{
    struct kol_detect_task t;
    size_t best = 0;

    kol_detect_init(&t, chunk, allowed, count);
    kol_pool_add(&r->group, &t.task);
    while (!kol_group_next(&r->group, 200))
        ;
    if (t.task.code != KOL_OK) {
        *err = t.task.err;
        return t.task.code;
    }
    for (size_t i = 1; i < count; i++)
        if (t.probs[i] > t.probs[best])
            best = i;
    r->ret->language = kol_arena_str(r->a, allowed[best]);
    r->ret->language_probability = t.probs[best];
    return KOL_OK;
}

/* Once per call, when the first chunk of speech is there. No other chunk is at work yet. */
static enum kol_code choose_language(struct run *r, const struct kol_chunk *chunk,
                                     struct kol_err *err)
{
    const char *allowed[KOL_LANGUAGES_MAX];
    size_t count = list_allowed(r->options, allowed);
    const char *given = r->options->language;
    bool is_auto = kol_str_empty(given) || kol_streq(given, "auto");

    if (is_auto && !r->t->info.multilingual)
        given = "en";
    else if (is_auto && count == 1)
        given = allowed[0];
    else if (is_auto)
        return detect_among(r, chunk, allowed, count, err);

    r->ret->language = kol_arena_str(r->a, canonical(given));
    r->ret->language_probability = 1;
    return KOL_OK;
}

/* A model trained for one language tells languages apart badly: the other one did that. No task is
 * out, so the group can move. */
static void change_transcriber(struct run *r, struct kol_transcriber *to)
{
    const int64_t deadline_ms = r->group.deadline_ms;

    kol_group_end(&r->group);
    r->t = to;
    kol_group_begin(&r->group, to->pool);
    r->group.poll = ask_stop;
    r->group.user = r;
    r->group.deadline_ms = deadline_ms;
}

static enum kol_code prepare_listening(struct run *r, const struct kol_chunk *first,
                                       struct kol_err *err)
{
    enum kol_code code = choose_language(r, first, err);

    if (code != KOL_OK)
        return code;
    if (r->options->hebrew && kol_streq(r->ret->language, "he"))
        change_transcriber(r, r->options->hebrew);
    r->listen = (struct kol_listen_options){
        .language = r->ret->language,
        .prompt = kol_prompt_make(r->a, r->t->engine, r->ret->language, r->options->glossary,
                                  r->options->glossary_count),
        .beam = r->options->beam,
    };
    return KOL_OK;
}

/* ---- Second pass: cut the speech out and give it to the workers ---- */

static enum kol_code send_chunk(struct run *r, struct kol_chunk *chunk, struct kol_err *err)
{
    if (!r->listen.language) {
        enum kol_code code = prepare_listening(r, chunk, err);
        if (code != KOL_OK)
            return code;
    }

    struct kol_listen_task *t = kol_listen_new(chunk, &r->listen);
    if (!t)
        return kol_fail(err, KOL_NO_MEMORY, "transcribe chunk: out of memory");
    r->out++;
    kol_pool_add(&r->group, &t->task);
    /* Two waiting for each at work: enough to keep them busy, and little memory. */
    return collect(r, 3 * (size_t)r->t->threads, err);
}

/* One stretch of all channels. Chunks are few at any place in the call, so a short walk finds them.
 */
static enum kol_code cut_stretch(struct run *r, int64_t at, int16_t *const *planes, size_t count,
                                 struct kol_err *err)
{
    int64_t end = at + (int64_t)count;
    enum kol_code code = KOL_OK;

    for (size_t i = r->first_unsent; i < r->chunk_count; i++) {
        struct kol_chunk *chunk = &r->chunks[i];
        if (kol_chunk_start(chunk) >= end)
            break;
        if (r->sent[i])
            continue;
        for (int c = 0; c < r->scan.channels && code == KOL_OK; c++)
            code = kol_chunk_fill(chunk, c, at, planes[r->scan.first + c], count, err);
        if (code == KOL_OK && kol_chunk_end(chunk) <= end) {
            r->sent[i] = true;
            code = send_chunk(r, chunk, err);
        }
        if (code != KOL_OK)
            return code;
    }
    while (r->first_unsent < r->chunk_count && r->sent[r->first_unsent])
        r->first_unsent++;
    return KOL_OK;
}

static enum kol_code cut_all(struct run *r, struct kol_err *err)
{
    static _Thread_local int16_t buf[KOL_CHANNELS_MAX][READ_FRAMES];
    int16_t *const planes[KOL_CHANNELS_MAX] = {buf[0], buf[1]};
    int64_t at = 0;
    size_t frames;

    while (r->first_unsent < r->chunk_count) {
        enum kol_code code = kol_source_read(&r->source, planes, READ_FRAMES, &frames, err);
        if (code == KOL_OK && frames == 0)
            code = kol_fail(err, KOL_IO, "the recording became shorter while it was read");
        if (code == KOL_OK)
            code = cut_stretch(r, at, planes, frames, err);
        if (code != KOL_OK)
            return code;
        at += (int64_t)frames;
    }
    return KOL_OK;
}

/* ---- The road ---- */

static enum kol_code plan_chunks(struct run *r, struct kol_err *err)
{
    struct kol_speech_list speech[KOL_CHANNELS_MAX];

    for (int c = 0; c < r->scan.channels; c++)
        speech[c] =
            (struct kol_speech_list){r->scan.channel[c].spans, r->scan.channel[c].span_count};
    enum kol_code code = kol_chunks_make(r->a, speech, r->scan.channels, KOL_CHUNK_TARGET_MS,
                                         &r->chunks, &r->chunk_count, err);
    if (code != KOL_OK)
        return code;
    r->sent = kol_arena_array(r->a, r->chunk_count + 1, sizeof(*r->sent));
    return r->sent ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "plan chunks: out of memory");
}

static enum kol_role role_of(const struct run *r, int channel)
{
    const enum kol_role *roles = r->options->roles;

    if (r->scan.channels < 2)
        return KOL_ROLE_SPEAKER;
    if (roles[0] == KOL_ROLE_SPEAKER && roles[1] == KOL_ROLE_SPEAKER)
        return channel == 0 ? KOL_ROLE_AGENT : KOL_ROLE_CUSTOMER;
    return roles[channel];
}

/* Why a recording of two channels was heard as one; NULL when it was not. */
static const char *merged_why(struct run *r)
{
    const struct kol_twins *t = &r->scan.twins;

    if (!r->scan.identical)
        return NULL;
    return kol_arena_fmt(r->a,
                         "both channels carry the same sound (alike %.3f, channel 2 is %.1f dB "
                         "and %.1f ms apart): transcribed once, speakers unknown",
                         kol_twins_correlation(t), kol_twins_level_db(t), kol_twins_delay_ms(t));
}

static enum kol_code finish(struct run *r, struct kol_err *err)
{
    struct kol_transcript *ret = r->ret;

    for (size_t i = 0; i < r->segment_count; i++)
        r->segments[i].role = role_of(r, r->segments[i].channel);
    kol_merge_sort(r->segments, r->segment_count);
    kol_merge_drop_echo(r->segments, r->segment_count);

    ret->segments = kol_arena_array(r->a, r->segment_count + 1, sizeof(*ret->segments));
    ret->text = kol_merge_text(r->a, r->segments, r->segment_count, r->scan.channels > 1);
    if (!ret->segments || !ret->text || kol_arena_failed(r->a))
        return kol_fail(err, KOL_NO_MEMORY, "keep transcript: out of memory");
    for (size_t i = 0; i < r->segment_count; i++) {
        ret->segments[i] = r->segments[i];
        ret->kept_count += r->segments[i].dropped_reason == NULL;
    }
    ret->segment_count = r->segment_count;
    ret->channels = r->scan.channels;
    ret->channels_reason = merged_why(r);
    ret->duration_ms = ms_of(r->scan.samples);
    for (int c = 0; c < r->scan.channels; c++)
        ret->speech_ms += ms_of(r->scan.channel[c].speech_samples);
    ret->cut_short = r->scan.cut_short;
    ret->model = kol_arena_str(r->a, r->t->info.model);
    ret->engine = r->t->engine->driver->name;
    ret->wall_ms = kol_boot_ms() - r->began_ms;
    ret->real_time_factor =
        ret->duration_ms > 0 ? (double)ret->wall_ms / (double)ret->duration_ms : 0;
    return KOL_OK;
}

static enum kol_code walk(struct run *r, struct kol_err *err)
{
    enum kol_code code = kol_scan_run(r->a, &r->group, &r->source, on_scanned, r, &r->scan, err);

    if (code == KOL_OK)
        code = plan_chunks(r, err);
    if (code == KOL_OK && r->chunk_count > 0) {
        code = kol_source_rewind(&r->source, err);
        if (code == KOL_OK)
            code = cut_all(r, err);
    }
    if (code == KOL_OK)
        code = collect(r, 0, err);
    if (code == KOL_OK)
        code = finish(r, err);
    return code;
}

static void clean_up(struct run *r)
{
    atomic_store(&r->group.abort, true);
    while (r->out > 0) {
        struct kol_listen_task *t = (struct kol_listen_task *)kol_group_next(&r->group, 1000);
        if (t)
            r->out--;
        kol_listen_free(t);
    }
    kol_group_end(&r->group);
    for (size_t i = 0; i < r->chunk_count; i++)
        kol_chunk_drop_pcm(&r->chunks[i]);
    kol_source_done(&r->source);
    free(r->segments);
}

static void log_run(const struct run *r)
{
    kol_debug("transcribed duration_ms=%lld speech_ms=%lld segments=%zu kept=%zu language=%s "
              "wall_ms=%lld rtf=%.3f model=%s",
              (long long)r->ret->duration_ms, (long long)r->ret->speech_ms, r->ret->segment_count,
              r->ret->kept_count, r->ret->language, (long long)r->ret->wall_ms,
              r->ret->real_time_factor, r->ret->model);
}

static enum kol_code run_source(struct run *r, struct kol_err *err)
{
    r->ret->language = "";
    enum kol_code code = name_stop(r, walk(r, err), err);

    clean_up(r);
    if (code == KOL_OK)
        log_run(r);
    return code;
}

static void begin(struct run *r, struct kol_transcriber *t, struct kol_arena *a,
                  const struct kol_transcribe_options *options, struct kol_transcript *draft)
{
    *r = (struct run){.t = t, .a = a, .options = options, .ret = draft, .began_ms = kol_boot_ms()};
    kol_group_begin(&r->group, t->pool);
    r->group.poll = ask_stop;
    r->group.user = r;
    if (options->deadline_ms > 0)
        r->group.deadline_ms = r->began_ms + options->deadline_ms;
}

enum kol_code kol_transcribe_file(struct kol_transcriber *t, struct kol_arena *a, const char *path,
                                  const struct kol_transcribe_options *options,
                                  struct kol_transcript *ret, struct kol_err *err)
{
    struct run r;
    struct kol_transcript draft = {0};
    struct kol_err own = {0};

    if (!err)
        err = &own;
    begin(&r, t, a, options, &draft);
    struct kol_decode_conf conf = {
        .program = t->decode_program, .stop = decode_should_stop, .stop_arg = &r};
    enum kol_code code = kol_source_open_file(&r.source, &conf, path, err);
    if (code != KOL_OK) {
        code = name_stop(&r, code, err);
        clean_up(&r);
        return code;
    }
    code = run_source(&r, err);
    if (code == KOL_OK)
        *ret = draft;
    return code;
}

enum kol_code kol_transcribe_pcm(struct kol_transcriber *t, struct kol_arena *a,
                                 const int16_t *const *pcm, int channels, size_t samples,
                                 const struct kol_transcribe_options *options,
                                 struct kol_transcript *ret, struct kol_err *err)
{
    struct run r;
    struct kol_transcript draft = {0};
    struct kol_err own = {0};

    begin(&r, t, a, options, &draft);
    kol_source_open_memory(&r.source, pcm, channels, samples);
    enum kol_code code = run_source(&r, err ? err : &own);
    if (code == KOL_OK)
        *ret = draft;
    return code;
}
