/*
 * stage.c - the transcribe stage: a call's local file becomes its final_transcript.
 *
 * Runs in the worker process. Stores segments with times and words, and what filters dropped.
 */
#include "queue/stage.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/language.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/choice.h"
#include "store/business.h"
#include "store/call.h"
#include "store/channels.h"
#include "store/segment.h"
#include "transcribe/catalog.h"
#include "transcribe/engines.h"
#include "transcribe/pull.h"
#include "transcribe/readable.h"
#include "transcribe/redact.h"
#include "transcribe/stage.h"
#include "transcribe/transcribe.h"

#include <stdlib.h>
#include <string.h>

#define GLOSSARY_MAX 256
#define DEADLINE_LEAST_MS 120000
#define DURATION_UNKNOWN_MS 3600000

/* ---- who is on which channel ---- */

void kol_transcribe_roles(const struct kol_conf *conf, const char *channel_map,
                          const struct kol_call *call, enum kol_role roles[static 2])
{
    const bool agent_first =
        kol_streq(kol_channel_roles(conf, channel_map, call->recording_source, call->direction),
                  KOL_AGENT_FIRST);

    roles[0] = agent_first ? KOL_ROLE_AGENT : KOL_ROLE_CUSTOMER;
    roles[1] = agent_first ? KOL_ROLE_CUSTOMER : KOL_ROLE_AGENT;
}

/* ---- running ---- */

int64_t kol_transcribe_deadline_ms(const struct kol_conf *conf, int64_t duration_s)
{
    const int64_t duration_ms = duration_s > 0 ? duration_s * 1000 : DURATION_UNKNOWN_MS;
    const int64_t deadline_ms = duration_ms * conf->deadline_factor;

    return deadline_ms > DEADLINE_LEAST_MS ? deadline_ms : DEADLINE_LEAST_MS;
}

struct work {
    struct kol_call *call;
    struct kol_business *business; /* NULL: unassigned */
    struct kol_transcript transcript;
};

static void on_progress(int64_t done_ms, int64_t total_ms, void *user)
{
    struct kol_stage_run *run = user;

    if (total_ms > 0)
        atomic_store(&run->progress_permille, (int)(done_ms * 1000 / total_ms));
}

static bool on_stop(void *user)
{
    return kol_stage_should_stop(user);
}

/* One language is taken at its word; of several the call's own is found on its speech. */
static void set_language(struct kol_transcribe_options *options, const struct kol_business *b)
{
    size_t count = 0;

    options->language = "auto";
    if (!b || !kol_language_read(b->language, options->allowed, &count))
        return;
    if (count == 1)
        options->language = options->allowed[0];
}

static enum kol_code transcribe(struct kol_stage_run *run, struct work *work, const char *path,
                                struct kol_err *err)
{
    const struct kol_conf *conf = run->env->conf;
    const char *glossary[GLOSSARY_MAX];
    struct kol_transcribe_options options = {
        .glossary = glossary,
        .beam = (int)conf->beam_size,
        .progress = on_progress,
        .stop = on_stop,
        .user = run,
    };
    struct kol_engines_taken engines;

    if (work->business)
        options.glossary_count =
            kol_arena_split(run->arena, work->business->glossary, glossary, GLOSSARY_MAX);
    set_language(&options, work->business);
    kol_transcribe_roles(conf, work->business ? work->business->channel_map : NULL, work->call,
                         options.roles);
    options.deadline_ms = kol_transcribe_deadline_ms(conf, work->call->duration);
    enum kol_code code = kol_engines_take(run->state, &engines, err);
    if (code != KOL_OK)
        return code;
    options.hebrew = engines.hebrew;
    atomic_store(&run->deadline_boot_ms, kol_boot_ms() + options.deadline_ms);
    code = kol_transcribe_file(engines.main, run->arena, path, &options, &work->transcript, err);
    if (code != KOL_OK)
        run->retry_in_ms = kol_transcriber_retry_after_ms(engines.main);
    kol_engines_give_back(run->state);
    return code;
}

/* Before anything of it is stored: what its business does not keep is gone. */
static enum kol_code redact(struct kol_stage_run *run, struct work *work, struct kol_err *err)
{
    unsigned what = 0;
    enum kol_code code = kol_business_redact_of_call(run->db, run->job->call_id, &what, err);

    if (code == KOL_OK)
        code = kol_transcript_redact(run->arena, &work->transcript, what, err);
    return code;
}

/* ---- storing ---- */

static const char *words_json(struct kol_arena *a, const struct kol_segment *s)
{
    KOL_JSON list = json_array();

    if (s->word_count == 0)
        return NULL;
    for (size_t i = 0; i < s->word_count; i++) {
        json_t *word = json_object();

        kol_json_set_str(word, "w", s->words[i].text);
        kol_json_set_int(word, "s", s->words[i].start_ms);
        kol_json_set_int(word, "e", s->words[i].end_ms);
        kol_json_set(word, "p", json_real(s->words[i].probability));
        json_array_append_new(list, word);
    }
    return kol_json_text(a, list);
}

static struct kol_segment_row *segment_rows(struct kol_arena *a, const struct kol_transcript *t)
{
    struct kol_segment_row *rows = kol_arena_array(a, t->segment_count + 1, sizeof(*rows));

    for (size_t i = 0; rows && i < t->segment_count; i++) {
        const struct kol_segment *s = &t->segments[i];

        rows[i] = (struct kol_segment_row){
            .channel = s->channel,
            .role = kol_role_name(s->role),
            .start_ms = s->start_ms,
            .end_ms = s->end_ms,
            .text = s->text,
            .words = words_json(a, s),
            .dropped_reason = s->dropped_reason,
            .heard = s->heard,
        };
    }
    return rows;
}

static enum kol_code save(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err)
{
    const struct work *work = run->save_arg;
    const struct kol_transcript *t = &work->transcript;
    const struct kol_transcript_row row = {
        .recording_sid = run->job->subject,
        .final_transcript = t->text,
        .language = kol_str_empty(t->language) ? NULL : t->language,
        .model = t->model,
        .speech_ms = t->speech_ms,
        .realtime_factor = t->real_time_factor,
        .duration_ms = t->duration_ms,
        .channels = t->channels,
        .channels_reason = t->channels_reason,
        .segments = segment_rows(run->arena, t),
        .segment_count = t->segment_count,
    };

    if (!row.segments)
        return kol_fail(err, KOL_NO_MEMORY, "store the transcript: out of memory");
    return kol_transcript_save(db, run->job->call_id, &row, kol_wall_ms(), err);
}

static void after(struct kol_stage_run *run)
{
    const struct work *work = run->save_arg;
    long long chars = (long long)kol_utf8_count(work->transcript.text);

    kol_log_event(KOL_EV_TRANSCRIPT_SAVED, chars, run->job->call_sid);
    if (chars == 0)
        kol_info("nobody spoke in this call: the transcript is empty (no_speech)");
    if (work->transcript.channels_reason)
        kol_info("%s", work->transcript.channels_reason);
    kol_info("transcribed audio_ms=%lld speech_ms=%lld wall_ms=%lld real_time_factor=%.3f",
             (long long)work->transcript.duration_ms, (long long)work->transcript.speech_ms,
             (long long)work->transcript.wall_ms, work->transcript.real_time_factor);
}

/* The file this job was made for is not there: removed by hand, or replaced by a better recording.
 */
static enum kol_code without_file(struct kol_stage_run *run, const struct kol_call *call)
{
    if (kol_streq(call->recording_sid, run->job->subject)) {
        kol_warn("the recording's file is missing: fetching it again");
        run->next_stage = "fetch";
    } else {
        run->end_of_road = true; /* the better recording has a job of its own */
    }
    return KOL_OK;
}

static enum kol_code run_stage(struct kol_stage_run *run, struct kol_err *err)
{
    struct work *work = kol_arena_alloc(run->arena, sizeof(*work));

    if (!work)
        return kol_fail(err, KOL_NO_MEMORY, "transcribe: out of memory");
    enum kol_code code = kol_call_by_id(run->db, run->arena, run->job->call_id, &work->call, err);
    if (code == KOL_OK && !work->call)
        return kol_fail(err, KOL_NOT_FOUND, "transcribe: the call is gone");
    if (code == KOL_OK && work->call->business_id)
        code =
            kol_business_by_id(run->db, run->arena, work->call->business_id, &work->business, err);
    if (code != KOL_OK)
        return code;

    const char *path = kol_arena_fmt(run->arena, "%s/%s", run->env->conf->data_dir,
                                     work->call->audio_file ? work->call->audio_file : "");
    if (!work->call->audio_file || access(path, R_OK) != 0 ||
        !kol_streq(work->call->audio_recording_sid, run->job->subject))
        return without_file(run, work->call);

    kol_log_event(KOL_EV_WHISPER_STARTING, run->job->call_sid);
    code = transcribe(run, work, path, err);
    if (code == KOL_OK)
        code = redact(run, work, err);
    if (code == KOL_OK)
        code = kol_transcript_readable(run->arena, &work->transcript, err);
    if (code != KOL_OK)
        return code;
    kol_log_event(KOL_EV_TRANSCRIPTION_TOOK, (long long)work->transcript.duration_ms / 1000,
                  (double)work->transcript.wall_ms / 1000, work->transcript.real_time_factor,
                  run->job->call_sid);
    kol_log_event(KOL_EV_TRANSCRIPT_OBTAINED, (long long)kol_utf8_count(work->transcript.text),
                  run->job->call_sid);
    run->save = save;
    run->save_arg = work;
    run->after = after;
    return KOL_OK;
}

/* ---- the engine's life ---- */

enum kol_code kol_transcribe_check_model(const struct kol_conf *conf, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_models models;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "find the model: out of memory");
    enum kol_code code = kol_models_in_use(a, conf, &models, err);
    if (code != KOL_OK)
        return code;
    const char *names[] = {models.model, conf->vad_model, models.model_he};
    const bool remote = conf->engine == KOL_ENGINE_OPENAI;
    for (size_t i = 0; i < KOL_COUNT(names); i++) {
        if (remote && names[i] != conf->vad_model)
            continue;
        const char *path = kol_model_path(a, conf, names[i]);

        if (!path)
            return kol_fail(err, KOL_NO_MEMORY, "find the model: out of memory");
        if (access(path, R_OK) != 0)
            return kol_fail(err, KOL_NO_MODEL,
                            "there is no model file %s: kol model pull %s gets one of the known "
                            "models (settings model, model_he, vad_model, model_dir)",
                            path, kol_catalog_find(names[i]) ? names[i] : "NAME");
    }
    return KOL_OK;
}

static void close_stage(void *state)
{
    kol_engines_close(state);
}

static enum kol_code open_stage(const struct kol_stage_env *env, void **ret, struct kol_err *err)
{
    struct kol_engines *engines = NULL;
    enum kol_code code = kol_transcribe_check_model(env->conf, err);

    if (code == KOL_OK)
        code = kol_engines_open(env->conf, &engines, err);
    *ret = engines;
    return code;
}

static enum kol_code bury(struct kol_db *db, const struct kol_job *job,
                          const struct kol_err *failure, int64_t now_ms, struct kol_err *err)
{
    (void)failure;
    return kol_stage_offline_dead(db, job->call_id, job->call_sid, job->business_id, now_ms, err);
}

const struct kol_stage kol_stage_transcribe = {
    .name = "transcribe",
    .next = "understand",
    .open = open_stage,
    .close = close_stage,
    .run = run_stage,
    .bury = bury,
    .retry = {.max_attempts = 4},
};
