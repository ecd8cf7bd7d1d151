/* old_call_store.c - see old_call.h: one old call into the database, with what follows from it. */
#include "backlog/old_call.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "queue/queue.h"
#include "queue/stage.h"
#include "store/call.h"
#include "store/delivery.h"
#include "store/lead.h"
#include "store/reconcile.h"
#include "store/search.h"
#include "store/segment.h"
#include <string.h>

#define DAY_MS (24 * 3600 * 1000LL)

enum { MOST_LINES = 100000 };

/* One change under way. */
struct storing {
    struct kol_db *db;
    struct old_call *c;
    struct kol_arena *a;
    int64_t call_id, now_ms;
};

static bool has_insight(const struct old_call *c)
{
    return c->summary || c->service || c->city;
}

static int64_t ended_at(const struct old_call *c, int64_t now_ms)
{
    if (!c->started_at_ms)
        return now_ms;
    return c->started_at_ms + (c->duration > 0 ? c->duration * 1000 : 0);
}

/* ---- the call and its recording ---- */

static enum kol_code store_recording(struct storing *s, struct kol_err *err)
{
    const struct old_call *c = s->c;
    const struct kol_recording r = {
        .recording_sid = c->recording_sid,
        .account_sid = c->account_sid,
        .status = "completed",
        .url = c->recording_url,
        .duration = c->duration,
        .started_at_ms = c->started_at_ms,
    };
    bool current = false, changed = false;
    enum kol_code code = KOL_OK;

    if (c->recording_sid)
        code = kol_call_put_recording(s->db, s->call_id, &r, s->now_ms, &current, &changed, err);
    if (code != KOL_OK || !c->file.audio_file || !current)
        return code;
    return kol_call_set_audio(s->db, s->call_id, c->recording_sid, c->file.audio_file,
                              c->file.bytes, c->file.sha256, s->now_ms, err);
}

static enum kol_code store_call(struct storing *s, struct kol_err *err)
{
    const struct old_call *c = s->c;
    enum kol_code code =
        kol_call_ensure(s->db, c->sid, c->account_sid, s->now_ms, &s->call_id, err);

    if (code == KOL_OK && !c->known)
        code = kol_call_set_parties(s->db, s->call_id, c->direction, c->from, c->to,
                                    c->business->id, s->now_ms, err);
    if (code == KOL_OK && !c->known)
        code = kol_call_set_status(s->db, s->call_id, "completed", 0, c->started_at_ms,
                                   ended_at(c, s->now_ms), s->now_ms, err);
    return code == KOL_OK ? store_recording(s, err) : code;
}

/* ---- words ---- */

static const char *role_of(const char *line, size_t len)
{
    static const char *const marks[][2] = {
        {"agent:", "agent"}, {"customer:", "customer"}, {"נציג:", "agent"}, {"לקוח:", "customer"}};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (len >= strlen(marks[i][0]) && strncasecmp(line, marks[i][0], strlen(marks[i][0])) == 0)
            return marks[i][1];
    return "speaker";
}

/* Lines without times: who spoke is what "Agent:" and "Customer:" say. */
static const struct kol_segment_row *split_lines(struct storing *s, size_t *ret_count)
{
    const char *text = s->c->transcript;
    size_t lines = 1, n = 0;

    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    struct kol_segment_row *rows =
        kol_arena_array(s->a, lines < MOST_LINES ? lines : MOST_LINES, sizeof *rows);
    while (rows && *text && n < MOST_LINES) {
        const size_t len = strcspn(text, "\r\n");

        if (len) {
            const char *role = role_of(text, len);
            const char *mark = kol_streq(role, "speaker") ? NULL : memchr(text, ':', len);
            const char *from = mark ? mark + 1 + strspn(mark + 1, " ") : text;
            rows[n] = (struct kol_segment_row){
                .start_ms = (int64_t)n, /* only their order is known */
                .end_ms = (int64_t)n,
                .channel = kol_streq(role, "agent"),
                .role = role,
                .text = kol_arena_strn(s->a, from, (size_t)(text + len - from)),
            };
            n++;
        }
        text += len + strspn(text + len, "\r\n");
    }
    *ret_count = n;
    return rows;
}

static enum kol_code store_transcript(struct storing *s, struct kol_err *err)
{
    const struct old_call *c = s->c;
    struct kol_transcript_row row = {
        .recording_sid = c->recording_sid,
        .final_transcript = c->transcript,
        .language = c->language,
        .model = "imported",
    };

    row.segments = split_lines(s, &row.segment_count);
    if (!row.segments || kol_arena_failed(s->a))
        return kol_fail(err, KOL_NO_MEMORY, "store a transcript: out of memory");
    return kol_transcript_save(s->db, s->call_id, &row, s->now_ms, err);
}

/* What the old system made of the words stays; the stage sees that they are the same. */
static enum kol_code store_insight(struct storing *s, int64_t version, struct kol_err *err)
{
    const struct old_call *c = s->c;
    const char *source = c->transcript ? "offline" : c->conversation ? "realtime" : "none";
    const char *words = c->transcript ? c->transcript : c->conversation ? c->conversation : "";
    const char *all = kol_arena_fmt(s->a, "%s\n%s", source, words);
    char sha256[65];

    if (!all)
        return kol_fail(err, KOL_NO_MEMORY, "store a summary: out of memory");
    kol_sha256_hex(all, strlen(all), sha256);
    return kol_db_run(s->db, KOL_SQL_call_set_insight,
                      KOL_ARGS(KOL_INT(s->call_id), KOL_TEXT(source), KOL_TEXT(c->summary),
                               KOL_TEXT(c->service), KOL_TEXT(c->city),
                               c->confidence >= 0 ? KOL_REAL(c->confidence) : KOL_NULL(),
                               KOL_NULL(), KOL_TEXT(sha256), KOL_INT(version), KOL_INT(s->now_ms),
                               KOL_TEXT(c->language)),
                      NULL, err);
}

static enum kol_code store_words(struct storing *s, bool delivers, struct kol_err *err)
{
    const struct old_call *c = s->c;
    enum kol_code code = KOL_OK;

    if (c->conversation)
        code =
            kol_db_run(s->db, KOL_SQL_call_set_full_conversation,
                       KOL_ARGS(KOL_INT(s->call_id), KOL_TEXT(c->conversation), KOL_INT(s->now_ms)),
                       NULL, err);
    if (code == KOL_OK && c->transcript)
        code = store_transcript(s, err);
    if (code == KOL_OK && has_insight(c))
        code = store_insight(s, delivers ? 1 : 0, err);
    return code == KOL_OK ? kol_search_index(s->db, s->call_id, err) : code;
}

/* ---- the lead ---- */

/* The lead that the line names, or, when that is somebody else's here, the caller's own. 0: none.
 */
static enum kol_code find_lead(struct storing *s, const char *phone, int64_t *ret,
                               struct kol_err *err)
{
    struct old_call *c = s->c;
    int64_t is_of = 0;

    *ret = 0;
    if (c->lead_id <= 0)
        return KOL_OK;
    enum kol_code code = kol_db_get_int(
        s->db, KOL_SQL_lead_is_of,
        KOL_ARGS(KOL_INT(c->lead_id), KOL_INT(c->business->id), KOL_TEXT(phone)), 0, &is_of, err);
    c->lead_lost = !is_of;
    if (is_of)
        *ret = c->lead_id;
    else if (code == KOL_OK)
        code = kol_db_get_int(s->db, KOL_SQL_lead_of_phone,
                              KOL_ARGS(KOL_INT(c->business->id), KOL_TEXT(phone)), 0, ret, err);
    return code;
}

static enum kol_code store_lead(struct storing *s, struct kol_err *err)
{
    struct old_call *c = s->c;
    const char *phone = kol_streq(c->direction, "outbound") ? c->to : c->from;
    const double confidence = c->confidence > 0 ? c->confidence : 0;
    struct kol_lead_update update = {
        .call_id = s->call_id,
        .business_id = c->business->id,
        .phone = phone,
        .service_type = c->service,
        .city = c->city,
        .service_type_confidence = confidence,
        .city_confidence = confidence,
        .window_ms = c->t->o->conf->lead_window_days * DAY_MS,
    };
    struct kol_lead_result result = {0};
    int64_t lead_id = 0;
    enum kol_code code = find_lead(s, phone, &lead_id, err);

    if (code == KOL_OK && lead_id) { /* its own values stand in the table of leads */
        update.service_type = update.city = NULL;
        code = kol_db_run(s->db, KOL_SQL_call_set_lead,
                          KOL_ARGS(KOL_INT(s->call_id), KOL_INT(lead_id)), NULL, err);
    }
    if (code == KOL_OK)
        code = kol_lead_apply(s->db, &update, s->now_ms, &result, err);
    c->got_lead_id = result.id;
    return code;
}

/* ---- what follows ---- */

static enum kol_code queue_transcription(struct storing *s, struct kol_err *err)
{
    struct old_call *c = s->c;
    const struct kol_job_new job = {
        .kind = "full",
        .stage = "transcribe",
        .business_id = c->business->id,
        .call_id = s->call_id,
        .call_sid = c->sid,
        .subject = c->recording_sid,
        .order_key = ended_at(c, s->now_ms),
    };
    int64_t id = 0;
    enum kol_code code =
        kol_call_set_offline_state(s->db, s->call_id, KOL_OFFLINE_PENDING, s->now_ms, err);

    if (code == KOL_OK)
        code = kol_queue_add(s->db, &job, s->now_ms, &id, err);
    if (code == KOL_OK)
        code = kol_reconcile_put_behind(s->db, c->recording_sid, err);
    c->queued = id > 0;
    return code;
}

static enum kol_code queue_event(struct storing *s, struct kol_err *err)
{
    const struct old_call *c = s->c;
    char uuid[KOL_UUID_TEXT];

    kol_uuid7(uuid);
    const char *event_id = kol_arena_fmt(s->a, "evt_%s", uuid);
    const struct kol_delivery delivery = {.id = event_id,
                                          .business_id = c->business->id,
                                          .call_id = s->call_id,
                                          .version = 1,
                                          .type = "call.completed"};
    const struct kol_job_new job = {.kind = "full",
                                    .stage = "deliver",
                                    .business_id = c->business->id,
                                    .call_id = s->call_id,
                                    .call_sid = c->sid,
                                    .subject = event_id};

    if (!event_id)
        return kol_fail(err, KOL_NO_MEMORY, "store an event: out of memory");
    enum kol_code code = kol_delivery_add(s->db, &delivery, s->now_ms, err);
    return code == KOL_OK ? kol_queue_add(s->db, &job, s->now_ms, NULL, err) : code;
}

static enum kol_code go_on(struct storing *s, bool delivers, struct kol_err *err)
{
    const struct old_call *c = s->c;
    const struct kol_takeover *o = c->t->o;
    enum kol_code code = KOL_OK;

    if (!o->deliver)
        code = kol_db_run(s->db, KOL_SQL_call_set_quiet, KOL_ARGS(KOL_INT(s->call_id)), NULL, err);
    if (code == KOL_OK && c->file.path && (!c->transcript || o->transcribe))
        code = queue_transcription(s, err);
    if (code == KOL_OK && (c->transcript || c->conversation) && !has_insight(c))
        code = kol_stage_understand_at(s->db, s->call_id, c->sid, c->business->id, s->now_ms,
                                       s->now_ms, err);
    return code == KOL_OK && delivers ? queue_event(s, err) : code;
}

/* A call that is here gets its file, and with it a transcript if it has none. */
static enum kol_code add_file(struct storing *s, struct kol_err *err)
{
    struct old_call *c = s->c;
    struct kol_call *call = NULL;
    enum kol_code code = kol_call_by_id(s->db, s->a, s->call_id, &call, err);

    if (code != KOL_OK || !call || call->fetch_state != KOL_FETCH_LOCAL)
        return code;
    if (kol_str_empty(call->final_transcript) || c->t->o->transcribe)
        return queue_transcription(s, err);
    return KOL_OK;
}

enum kol_code kol_old_call_store(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct old_call *c = arg;
    KOL_ARENA a = kol_arena_new(0);
    struct storing s = {.db = db, .c = c, .a = a, .now_ms = kol_wall_ms()};
    const bool delivers = c->t->o->deliver && has_insight(c) &&
                          (c->transcript || c->conversation) &&
                          !kol_str_empty(c->business->webhook_url);

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "store a call: out of memory");
    c->queued = c->lead_lost = false; /* may run again after a failed commit */
    enum kol_code code = store_call(&s, err);
    if (code == KOL_OK && c->known)
        code = add_file(&s, err);
    if (code == KOL_OK && !c->known)
        code = store_words(&s, delivers, err);
    if (code == KOL_OK && !c->known && (has_insight(c) || c->lead_id))
        code = store_lead(&s, err);
    if (code == KOL_OK && !c->known)
        code = go_on(&s, delivers, err);
    return code == KOL_OK ? kol_table_written(c->t, err) : code;
}
