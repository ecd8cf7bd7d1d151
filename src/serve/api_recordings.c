/*
 * api_recordings.c - playback: the answers that follow from where a recording stands.
 *
 * | recording                                   | answer                                          |
 * | local                                       | 200, 206, 304, 416                              |
 * | known, not local yet                        | 202, Retry-After: 2; one download is queued     |
 * | fetching gave up for now, or is refused     | 503 with the reason, Retry-After: the next try  |
 * | unknown call, no recording, gone at Twilio  | 404                                             |
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "conf/conf.h"
#include "recording/service.h"
#include "serve/api.h"
#include "serve/credentials.h"
#include "serve/media.h"
#include "serve/server.h"
#include <fcntl.h>
#include <string.h>

enum { LINK_SECONDS = 600, POLL_SECONDS = 2 };

/* ---- other sites' players ---- */

/* The origin that asks, when the configuration lists it. */
static const char *listed_origin(const struct kol_request *rq)
{
    const char *origin = kol_request_header(rq, "Origin");
    const struct kol_strings *list = &rq->conf->cors_origins;

    for (size_t i = 0; origin && i < list->count; i++)
        if (kol_same_origin(origin, list->items[i]) && kol_origin_len(origin) == strlen(origin))
            return origin;
    return NULL;
}

/* On every answer of the file's path, so that another site's player can tell 202 from 404. */
static void add_cors(struct kol_request *rq)
{
    const char *origin = listed_origin(rq);

    if (rq->conf->cors_origins.count)
        kol_answer_header(rq, "Vary", "Origin");
    if (!origin)
        return;
    kol_answer_header(rq, "Access-Control-Allow-Origin", origin);
    kol_answer_header(rq, "Access-Control-Expose-Headers",
                      "Content-Range, Accept-Ranges, Content-Length, ETag, Retry-After");
}

void kol_api_file_preflight(struct kol_request *rq)
{
    add_cors(rq);
    if (listed_origin(rq)) {
        kol_answer_header(rq, "Access-Control-Allow-Methods", "GET, HEAD");
        kol_answer_header(rq, "Access-Control-Allow-Headers",
                          "Range, If-Range, If-None-Match, If-Modified-Since");
        kol_answer_header(rq, "Access-Control-Max-Age", "600");
    }
    kol_answer_bytes(rq, 204, NULL, "", 0);
}

/* ---- finding the call ---- */

enum wanted { TO_PLAY, TO_SAVE, TO_PREPARE };

/* What a request is about, kept until the change that it may need is committed. */
struct playback {
    enum wanted wanted;
    struct kol_call *call; /* brief; NULL: none that the asker may see */
    struct kol_recording_status status;
    bool queued; /* a download is under way already */
    struct kol_recording_prepare prepare;
};

/* A signed link shows one call's file to whoever holds it. False after answering. */
static bool link_is_good(struct kol_request *rq, const struct kol_call *call)
{
    enum kol_link link = kol_link_check(rq->serve->link_secret, call ? call->business_id : 0,
                                        rq->vars[0], kol_request_arg(rq, "exp"),
                                        kol_request_arg(rq, "sig"), kol_wall_ms() / 1000);

    if (link == KOL_LINK_GOOD && call)
        return true;
    if (link == KOL_LINK_EXPIRED)
        kol_answer_error(rq, 403, "link_expired", "this link has expired: ask for a new one");
    else
        kol_answer_error(rq, 403, "forbidden", "this link is not one of ours");
    return false;
}

/* Reads all that the answer depends on. */
static enum kol_code read_state(struct kol_request *rq, struct kol_db *db, struct playback *p,
                                struct kol_err *err)
{
    enum kol_code code = kol_call_brief(db, rq->arena, rq->vars[0], &p->call, err);

    if (code != KOL_OK)
        return code;
    if (rq->known && p->call && !kol_request_may_see(rq, p->call->business_id))
        p->call = NULL; /* a foreign one is not there */
    code = kol_recording_look(rq->arena, rq->conf, p->call, kol_wall_ms(), &p->status, err);
    if (code == KOL_OK && p->status.answer == KOL_RECORDING_COMING)
        code = kol_recording_is_queued(db, rq->arena, p->call, &p->queued, err);
    return code;
}

/* NULL after answering. */
static struct playback *load(struct kol_request *rq, enum wanted wanted)
{
    struct playback *p = kol_arena_alloc(rq->arena, sizeof *p);
    struct kol_err err;
    struct kol_db *db = p ? kol_request_db(rq) : NULL;

    if (!db)
        return NULL;
    p->wanted = wanted;
    rq->data = p;
    enum kol_code code = read_state(rq, db, p, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK) {
        kol_answer_err(rq, &err);
        return NULL;
    }
    return rq->known || link_is_good(rq, p->call) ? p : NULL;
}

/* ---- answering ---- */

static void answer_coming(struct kol_request *rq)
{
    json_t *json = json_object();

    kol_json_set_str(json, "status", "preparing");
    kol_json_set_str(json, "call_sid", rq->vars[0]);
    kol_json_set_int(json, "retry_after_s", POLL_SECONDS);
    kol_answer_retry_after(rq, POLL_SECONDS * 1000);
    kol_answer_json(rq, 202, json);
}

static void answer_local(struct kol_request *rq, const struct playback *p)
{
    if (p->wanted == TO_PREPARE) {
        json_t *json = json_object();
        kol_json_set_str(json, "status", "local");
        kol_json_set_str(json, "call_sid", rq->vars[0]);
        kol_answer_json(rq, 200, json);
        return;
    }
    const struct kol_media_file file = {
        .fd = open(p->status.path, O_RDONLY | O_CLOEXEC),
        .sha256 = p->status.sha256,
        .save_as = p->wanted == TO_SAVE ? p->call->call_sid : NULL,
    };
    if (file.fd < 0) /* replaced or removed since we looked: asking again tells */
        answer_coming(rq);
    else
        kol_media_answer(rq, &file);
}

static void answer_state(struct kol_request *rq, const struct playback *p)
{
    const struct kol_recording_status *s = &p->status;

    switch (s->answer) {
    case KOL_RECORDING_LOCAL:
        answer_local(rq, p);
        return;
    case KOL_RECORDING_COMING:
        answer_coming(rq);
        return;
    case KOL_RECORDING_LATER:
        kol_answer_retry_after(rq, s->retry_after_ms);
        kol_answer_error(rq, 503, "recording_late", "%s",
                         s->reason ? s->reason : "the recording cannot be fetched at the moment");
        return;
    case KOL_RECORDING_NONE:
        kol_answer_error(rq, 404, "no_recording", "%s",
                         p->call && s->reason ? s->reason : "no such recording");
        return;
    }
}

/* A download is queued now: say what is true after that. */
static void answer_prepared(struct kol_request *rq, enum kol_code code, const struct kol_err *err)
{
    struct playback *p = rq->data;

    if (code != KOL_OK) {
        kol_answer_err(rq, err);
        return;
    }
    if (p->prepare.ret_answer == KOL_RECORDING_COMING) {
        answer_coming(rq);
        return;
    }
    p = load(rq, p->wanted); /* it changed under us: as it is now */
    if (p)
        answer_state(rq, p);
}

static void prepare(struct kol_request *rq, struct playback *p, bool hurry)
{
    p->prepare = (struct kol_recording_prepare){
        .conf = rq->conf,
        .call_sid = p->call->call_sid,
        .hurry = hurry,
    };
    kol_request_change(rq, kol_recording_prepare, &p->prepare, answer_prepared);
}

/* ---- the paths ---- */

void kol_api_file(struct kol_request *rq)
{
    add_cors(rq);
    struct playback *p = load(rq, TO_PLAY);

    if (!p)
        return;
    if (!rq->known) /* a signed link may be embedded anywhere: that is what it is for */
        kol_answer_header(rq, "Cross-Origin-Resource-Policy", "cross-origin");
    if (p->status.answer == KOL_RECORDING_COMING && !p->queued)
        prepare(rq, p, false);
    else
        answer_state(rq, p);
}

void kol_api_download(struct kol_request *rq)
{
    struct playback *p = load(rq, TO_SAVE);

    if (p && p->status.answer == KOL_RECORDING_COMING && !p->queued)
        prepare(rq, p, false);
    else if (p)
        answer_state(rq, p);
}

/* A person asked, perhaps with "try again": a fetch that was put off is tried now. */
void kol_api_prepare(struct kol_request *rq)
{
    struct playback *p = load(rq, TO_PREPARE);

    if (!p)
        return;
    if (p->status.answer == KOL_RECORDING_COMING || p->status.answer == KOL_RECORDING_LATER)
        prepare(rq, p, true);
    else
        answer_state(rq, p);
}

static const char *link_path(struct kol_request *rq, const struct kol_call *call,
                             int64_t expires_at_s)
{
    char sig[KOL_LINK_SIG];

    kol_link_sign(rq->serve->link_secret, call->business_id, call->call_sid, expires_at_s, sig);
    return kol_arena_fmt(rq->arena, "/api/recordings/%s/file?exp=%lld&sig=%s", call->call_sid,
                         (long long)expires_at_s, sig);
}

/* POST .../link: for players on other sites. The link is good for ten minutes, for GET and HEAD. */
void kol_api_link(struct kol_request *rq)
{
    struct playback *p = load(rq, TO_PREPARE);
    int64_t expires_at_s = kol_wall_ms() / 1000 + LINK_SECONDS;

    if (!p)
        return;
    if (!p->call) {
        kol_answer_not_found(rq, "call");
        return;
    }
    const char *path = link_path(rq, p->call, expires_at_s);
    const char *base = rq->conf->public_url;
    size_t base_len = strlen(base) - (kol_ends_with(base, "/") ? 1 : 0);
    json_t *json = json_object();
    kol_json_set_str(json, "path", path);
    kol_json_set_str(json, "url", kol_arena_fmt(rq->arena, "%.*s%s", (int)base_len, base, path));
    kol_json_set_int(json, "expires_at_ms", expires_at_s * 1000);
    kol_answer_json(rq, 200, json);
}
