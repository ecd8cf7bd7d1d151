/*
 * stage.c - the understand stage: transcript -> summary, lead, and the event for the CRM.
 *
 * Decides which transcript counts (behaviour.md 6: a final_transcript that is not empty, else the
 * realtime one once the offline one is dead, off or late) and stores everything in one transaction.
 */
#include "understand/stage.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "base/language.h"
#include "base/log.h"
#include "base/redact.h"
#include "base/str.h"
#include "store/business.h"
#include "store/call.h"
#include "store/delivery.h"
#include "store/lead.h"
#include "store/search.h"
#include "store/segment.h"
#include "understand/daily.h"
#include "understand/insight.h"
#include "understand/llm.h"

#include <stdlib.h>
#include <string.h>

#define GLOSSARY_MAX 256
#define EVENT_ID_BYTES 64
#define DAY_MS (24 * 3600 * 1000LL)

/* What one thread keeps. */
struct reader {
    struct kol_lexicon *lexicon;
    struct kol_llm *llm; /* NULL: the owner wants none */
};

struct work {
    struct kol_call *call;
    struct kol_business *business;
    const char *source; /* offline, realtime, none */
    const char *transcript;
    char sha256[65]; /* of source and transcript: the same again changes nothing */
    struct kol_insight insight;
    struct kol_llm_note llm;
    const char *insight_json;
    struct kol_lead_result lead;
    char event_id[EVENT_ID_BYTES];
};

/* ---- which transcript counts ---- */

static bool offline_may_come(const struct kol_stage_run *run, const struct kol_call *call)
{
    return atomic_load(run->env->offline_on) &&
           (call->offline_state == KOL_OFFLINE_NONE || call->offline_state == KOL_OFFLINE_PENDING);
}

/* Nominal ms until the realtime transcript goes out; 0: now. */
static int64_t realtime_wait_ms(const struct kol_stage_run *run, const struct kol_call *call)
{
    const int64_t ended_at_ms = call->ended_at_ms ? call->ended_at_ms : call->created_at_ms;
    const int64_t passed_ms = (kol_wall_ms() - ended_at_ms) * run->wait_divisor;
    const int64_t wait_ms = run->env->conf->realtime_after_s * 1000 - passed_ms;

    return wait_ms > 0 ? wait_ms : 0;
}

/* Sets work->source, or says in run that there is nothing to do now. */
static void choose_source(struct kol_stage_run *run, struct work *work)
{
    const struct kol_call *call = work->call;

    if (!kol_str_empty(call->final_transcript)) {
        work->source = "offline";
        work->transcript = call->final_transcript;
        return;
    }
    if (offline_may_come(run, call)) {
        run->again_in_ms = realtime_wait_ms(run, call);
        run->again = run->again_in_ms > 0;
        /* Late, and nothing was said meanwhile: the offline one will bring its own job. */
        run->end_of_road = !run->again && kol_str_empty(call->full_conversation);
        if (run->again || run->end_of_road)
            return;
    }
    if (!kol_str_empty(call->full_conversation)) {
        work->source = "realtime";
        work->transcript = call->full_conversation;
        return;
    }
    if (!atomic_load(run->env->offline_on) && call->offline_state != KOL_OFFLINE_NO_SPEECH &&
        call->offline_state != KOL_OFFLINE_DEAD) {
        run->end_of_road = true; /* switched off and nothing collected: the backlog tells later */
        return;
    }
    work->source = "none";
    work->transcript = "";
}

static void fingerprint(struct work *work, struct kol_arena *a)
{
    const char *text = kol_arena_fmt(a, "%s\n%s", work->source, work->transcript);

    kol_sha256_hex(text ? text : "", text ? strlen(text) : 0, work->sha256);
}

/* ---- extracting ---- */

static const char *country_of(const char *code)
{
    static const char *const rows[][2] = {{"972", "IL"}, {"1", "US"}, {"44", "GB"}};

    for (size_t i = 0; i < KOL_COUNT(rows); i++)
        if (kol_streq(rows[i][0], code))
            return rows[i][1];
    return NULL;
}

/* How sure Whisper was of each word; without as many words as the text has, nothing is claimed. */
static void add_probabilities(struct kol_arena *a, const struct kol_segment_row *row,
                              struct kol_insight_turn *turn)
{
    KOL_JSON words = NULL;

    if (!row->words || kol_json_parse(row->words, strlen(row->words), &words, NULL) != KOL_OK)
        return;
    const size_t n = json_array_size(words);
    float *list = kol_arena_array(a, n + 1, sizeof(*list));
    for (size_t i = 0; list && i < n; i++)
        list[i] = (float)json_number_value(json_object_get(json_array_get(words, i), "p"));
    turn->word_probability = list;
    turn->word_probability_count = list ? n : 0;
}

static enum kol_code turns_of_segments(struct kol_stage_run *run, const struct kol_call *call,
                                       struct kol_insight_input *in, struct kol_err *err)
{
    struct kol_segment_row *rows = NULL;
    size_t n = 0;
    enum kol_code code = kol_segment_list(run->db, run->arena, call->id, false, &rows, &n, err);

    if (code != KOL_OK)
        return code;
    struct kol_insight_turn *turns = kol_arena_array(run->arena, n + 1, sizeof(*turns));
    if (!turns)
        return kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
    for (size_t i = 0; i < n; i++) {
        turns[i] = (struct kol_insight_turn){
            .role = kol_streq(rows[i].role, "speaker") ? NULL : rows[i].role,
            .start_ms = rows[i].start_ms,
            .end_ms = rows[i].end_ms,
            .text = rows[i].text,
        };
        add_probabilities(run->arena, &rows[i], &turns[i]);
    }
    in->turns = turns;
    in->turn_count = n;
    return KOL_OK;
}

static enum kol_code find_turns(struct kol_stage_run *run, const struct work *work,
                                struct kol_insight_input *in, struct kol_err *err)
{
    if (kol_streq(work->source, "offline"))
        return turns_of_segments(run, work->call, in, err);
    return kol_insight_turns_from_text(run->arena, work->transcript, strlen(work->transcript),
                                       &in->turns, &in->turn_count, err);
}

/*
 * Words stored before the business asked for redaction: what is made of them now, and what a
 * language model sees, has none of it either.
 */
static enum kol_code redact_turns(struct kol_stage_run *run, const struct work *work,
                                  struct kol_insight_input *in, struct kol_err *err)
{
    struct kol_arena *a = run->arena;
    const size_t n = in->turn_count;
    struct kol_insight_turn *turns = kol_arena_array(a, n + 1, sizeof(*turns));
    struct kol_redact_turn *words = kol_arena_array(a, n + 1, sizeof(*words));
    struct kol_redacted *clean = kol_arena_array(a, n + 1, sizeof(*clean));
    size_t hidden = 0;

    if (!turns || !words || !clean)
        return kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
    for (size_t i = 0; i < n; i++)
        words[i] = (struct kol_redact_turn){in->turns[i].role, in->turns[i].text};
    enum kol_code code =
        kol_redact_turns(a, words, n, kol_redact_of(work->business->redact), clean, &hidden, err);
    if (code != KOL_OK || hidden == 0)
        return code;
    for (size_t i = 0; i < n; i++) {
        turns[i] = in->turns[i];
        if (clean[i].text == turns[i].text)
            continue;
        turns[i].text = clean[i].text;
        turns[i].word_probability = NULL; /* they belong to the words that were there */
        turns[i].word_probability_count = 0;
    }
    in->turns = turns;
    return KOL_OK;
}

static bool take_call(void *user)
{
    const struct kol_stage_run *run = user;

    return kol_daily_take(run->env->writer, run->env->conf->understand_llm_daily_calls);
}

/* A second reader for what the rules are not sure of; whatever it does, their result is there. */
static enum kol_code ask_model(struct kol_stage_run *run, struct work *work,
                               const struct kol_lexicon *lexicon,
                               const struct kol_insight_input *in, struct kol_err *err)
{
    const struct reader *reader = run->state;
    const struct kol_llm_question q = {.lexicon = lexicon,
                                       .in = in,
                                       .stop = run->env->stopping,
                                       .take_call = take_call,
                                       .user = run};

    if (!reader->llm)
        return KOL_OK;
    return kol_llm_improve(run->arena, reader->llm, &q, &work->insight, &work->llm, err);
}

static enum kol_code write_json(struct kol_stage_run *run, struct work *work, struct kol_err *err)
{
    const struct reader *reader = run->state;
    KOL_JSON json = kol_insight_to_json(&work->insight);

    if (json && reader->llm)
        kol_json_set(json, "llm", kol_llm_note_json(&work->llm));
    work->insight_json = json ? kol_json_text(run->arena, json) : NULL;
    return work->insight_json ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
}

/* "locksmith,plumber" in the taxonomy's own syntax: "only locksmith plumber". */
static const char *only_services(struct kol_arena *a, const char *services)
{
    char *text = kol_arena_fmt(a, "only %s\n", services);

    for (char *c = text; c && *c; c++)
        if (*c == ',')
            *c = ' ';
    return text;
}

enum kol_code kol_understand_services(struct kol_arena *a, const struct kol_lexicon *base,
                                      const char *name, const char *services,
                                      struct kol_lexicon **ret, struct kol_err *err)
{
    const char *text = strchr(services, '\n') ? services : only_services(a, services);

    if (!text)
        return kol_fail(err, KOL_NO_MEMORY, "%s: out of memory", name);
    return kol_lexicon_for_business(base, name, text, strlen(text), ret, err);
}

static void lexicon_cleanup(struct kol_lexicon **lexicon)
{
    kol_lexicon_free(*lexicon);
}

/* Canonical names belong to the lexicon; these are needed after it. */
static void keep_names(struct kol_arena *a, struct kol_insight_value *value)
{
    value->value = kol_arena_str(a, value->value);
    value->value_en = kol_arena_str(a, value->value_en);
}

static enum kol_code extract(struct kol_stage_run *run, struct work *work, struct kol_err *err)
{
    __attribute__((cleanup(lexicon_cleanup))) struct kol_lexicon *own = NULL;
    const struct kol_lexicon *lexicon = ((const struct reader *)run->state)->lexicon;
    const char *glossary[GLOSSARY_MAX];
    const bool inbound = !kol_streq(work->call->direction, "outbound");
    const char *language = work->business->language;
    struct kol_insight_input in = {
        .language = kol_streq(work->source, "offline")  ? work->call->language
                    : !kol_language_canonical(language) ? NULL /* auto, or several */
                                                        : language,
        .direction = work->call->direction,
        .caller_number = inbound ? work->call->from_number : work->call->to_number,
        .default_country = country_of(run->env->conf->default_country),
        .glossary = glossary,
    };
    enum kol_code code = find_turns(run, work, &in, err);

    if (code == KOL_OK)
        code = redact_turns(run, work, &in, err);
    if (code != KOL_OK)
        return code;
    in.glossary_count =
        kol_arena_split(run->arena, work->business->glossary, glossary, GLOSSARY_MAX);
    if (!kol_str_empty(work->business->services)) {
        code = kol_understand_services(run->arena, lexicon, "services of the business",
                                       work->business->services, &own, err);
        if (code == KOL_OK)
            lexicon = own;
        else /* the business's list is wrong: say so, and go on with everything */
            kol_warn("%s", err->msg);
    }
    code = kol_insight_extract(run->arena, lexicon, &in, &work->insight, err);
    if (code == KOL_OK)
        code = ask_model(run, work, lexicon, &in, err);
    if (code != KOL_OK)
        return code;
    keep_names(run->arena, &work->insight.service); /* own goes at the end of this function */
    keep_names(run->arena, &work->insight.city);
    return write_json(run, work, err);
}

/* ---- storing ---- */

static enum kol_code save_lead(struct kol_db *db, const struct kol_stage_run *run,
                               struct work *work, int64_t now_ms, struct kol_err *err)
{
    const struct kol_insight *insight = &work->insight;
    const bool inbound = !kol_streq(work->call->direction, "outbound");
    const char *phone = inbound ? work->call->from_number : work->call->to_number;
    const struct kol_lead_update update = {
        .call_id = work->call->id,
        .business_id = work->business->id,
        .phone = phone ? phone : "",
        .window_ms = run->env->conf->lead_window_days * DAY_MS,
        .name = insight->customer_name.value,
        .name_confidence = insight->customer_name.confidence,
        .service_type = insight->service.value,
        .service_type_confidence = insight->service.confidence,
        .city = insight->city.value,
        .city_confidence = insight->city.confidence,
    };

    return kol_lead_apply(db, &update, now_ms, &work->lead, err);
}

static enum kol_code save_insight(struct kol_db *db, struct work *work, int64_t version,
                                  int64_t now_ms, struct kol_err *err)
{
    const struct kol_insight *insight = &work->insight;
    const bool found = insight->service.value || insight->city.value;

    enum kol_code code = kol_db_run(
        db, KOL_SQL_call_set_insight,
        KOL_ARGS(KOL_INT(work->call->id), KOL_TEXT(work->source), KOL_TEXT(insight->summary),
                 KOL_TEXT(insight->service.value), KOL_TEXT(insight->city.value),
                 found ? KOL_REAL(insight->extraction_confidence) : KOL_NULL(),
                 KOL_TEXT(work->insight_json), KOL_TEXT(work->sha256), KOL_INT(version),
                 KOL_INT(now_ms), KOL_TEXT(insight->language)),
        NULL, err);

    return code == KOL_OK ? kol_search_index(db, work->call->id, err) : code;
}

static enum kol_code save_delivery(struct kol_db *db, struct work *work, int64_t version,
                                   int64_t now_ms, struct kol_err *err)
{
    char uuid[KOL_UUID_TEXT];
    const struct kol_delivery delivery = {
        .id = work->event_id,
        .business_id = work->business->id,
        .call_id = work->call->id,
        .version = version,
        .type = version == 1 ? "call.completed" : "call.updated",
    };

    kol_uuid7(uuid);
    snprintf(work->event_id, sizeof(work->event_id), "evt_%s", uuid);
    return kol_delivery_add(db, &delivery, now_ms, err);
}

/* The version is read inside the transaction: another job of the call may have been quicker. */
static enum kol_code save(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err)
{
    struct work *work = run->save_arg;
    const int64_t now_ms = kol_wall_ms();
    struct kol_call *fresh = NULL;
    enum kol_code code = kol_call_by_id(db, run->arena, work->call->id, &fresh, err);

    if (code != KOL_OK)
        return code;
    if (!fresh)
        return kol_fail(err, KOL_NOT_FOUND, "understand: the call is gone");
    const int64_t version = fresh->version + 1;
    code = save_insight(db, work, version, now_ms, err);
    if (code == KOL_OK)
        code = save_lead(db, run, work, now_ms, err);
    if (code != KOL_OK || kol_str_empty(work->business->webhook_url))
        return code;
    return save_delivery(db, work, version, now_ms, err);
}

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

static void after(struct kol_stage_run *run)
{
    const struct work *work = run->save_arg;
    const struct kol_insight *insight = &work->insight;

    kol_log_event(KOL_EV_EXTRACTED, text_or_none(insight->service.value),
                  text_or_none(insight->city.value), insight->extraction_confidence);
    if (work->lead.service_type_changed)
        kol_log_event(KOL_EV_LEAD_SERVICE_UPDATED, (long long)work->lead.id,
                      insight->service.value);
    if (work->lead.city_changed)
        kol_log_event(KOL_EV_LEAD_CITY_UPDATED, (long long)work->lead.id, insight->city.value);
    if (!kol_streq(work->source, "realtime"))
        kol_log_event(KOL_EV_COMPLETED, run->job->call_sid);
}

/* ---- the stage ---- */

static enum kol_code same_as_before(struct kol_stage_run *run, struct work *work, bool *ret,
                                    struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    enum kol_code code =
        kol_db_query(run->db, KOL_SQL_call_understood, KOL_ARGS(KOL_INT(work->call->id)), &st, err);

    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code == KOL_OK)
        *ret = row && kol_streq(kol_col_text(st, 0), work->sha256);
    return code;
}

/* Calls taken over from before are told to nobody. */
static enum kol_code hush(struct kol_stage_run *run, struct work *work, struct kol_err *err)
{
    int64_t quiet = 0;
    enum kol_code code = kol_db_get_int(run->db, KOL_SQL_call_is_quiet,
                                        KOL_ARGS(KOL_INT(work->call->id)), 0, &quiet, err);

    if (quiet && work->business)
        work->business->webhook_url = NULL;
    return code;
}

static enum kol_code load(struct kol_stage_run *run, struct work *work, struct kol_err *err)
{
    enum kol_code code = kol_call_by_id(run->db, run->arena, run->job->call_id, &work->call, err);

    if (code != KOL_OK)
        return code;
    if (!work->call)
        return kol_fail(err, KOL_NOT_FOUND, "understand: the call is gone");
    if (!work->call->business_id)
        return kol_fail(err, KOL_UNASSIGNED,
                        "no business has this call's number: add it with kol business add-number");
    code = kol_business_by_id(run->db, run->arena, work->call->business_id, &work->business, err);
    return code == KOL_OK ? hush(run, work, err) : code;
}

static enum kol_code run_stage(struct kol_stage_run *run, struct kol_err *err)
{
    struct work *work = kol_arena_alloc(run->arena, sizeof(*work));
    bool same = false;

    if (!work)
        return kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
    enum kol_code code = load(run, work, err);
    if (code != KOL_OK)
        return code;
    choose_source(run, work);
    if (run->again || run->end_of_road)
        return KOL_OK;
    fingerprint(work, run->arena);
    code = same_as_before(run, work, &same, err);
    if (code != KOL_OK || same) {
        run->end_of_road = same;
        return code;
    }

    kol_log_event(KOL_EV_EXTRACT_STARTING, run->job->call_sid);
    code = extract(run, work, err);
    if (code != KOL_OK)
        return code;
    run->save = save;
    run->save_arg = work;
    run->after = after;
    run->end_of_road = kol_str_empty(work->business->webhook_url);
    run->next_subject = work->event_id; /* filled by save, in the same transaction */
    return KOL_OK;
}

static void close_stage(void *state)
{
    struct reader *reader = state;

    if (!reader)
        return;
    kol_llm_free(reader->llm);
    kol_lexicon_free(reader->lexicon);
    free(reader);
}

static enum kol_code open_stage(const struct kol_stage_env *env, void **ret, struct kol_err *err)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
    enum kol_code code = kol_lexicon_load(&reader->lexicon, err);
    if (code == KOL_OK && kol_llm_wanted(env->conf))
        code = kol_llm_new(env->conf, &reader->llm, err);
    if (code != KOL_OK) {
        close_stage(reader);
        return code;
    }
    *ret = reader;
    return KOL_OK;
}

const struct kol_stage kol_stage_understand = {
    .name = "understand",
    .next = "deliver",
    .open = open_stage,
    .close = close_stage,
    .run = run_stage,
    .retry = {.max_attempts = 5},
};
