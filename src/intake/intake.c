/* intake.c - see intake.h: the part without a database, and what is said afterwards. */
#include "intake/intake.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include "intake/change.h"
#include "intake/verify.h"
#include "twilio/recording_url.h"
#include <string.h>

static const char *const paths[] = {
#define X(code, path) [KOL_INTAKE_##code] = path,
    KOL_INTAKE_KINDS(X)
#undef X
};

bool kol_intake_kind_of_path(const char *path, enum kol_intake_kind *ret)
{
    for (size_t i = 0; i < KOL_COUNT(paths); i++) {
        if (kol_streq(path, paths[i])) {
            *ret = (enum kol_intake_kind)i;
            return true;
        }
    }
    return false;
}

const char *kol_intake_path(enum kol_intake_kind kind)
{
    return paths[kind];
}

/* ---- what does it say? ---- */

/*
 * Which recording is meant: SIDs decide. A URL at Twilio must not contradict them; any other URL
 * is put aside, and the one that Twilio would send is stored in its place.
 */
static enum kol_code settle_url(struct kol_arena *a, const struct kol_conf *conf,
                                struct kol_recording_params *r, const char **ret_ignored,
                                struct kol_err *err)
{
    struct kol_recording_ref ref;
    enum kol_url_kind kind =
        r->url ? kol_recording_url_read(r->url, conf->twilio_api_base, &ref) : KOL_URL_FOREIGN;

    if (kind != KOL_URL_TWILIO) {
        *ret_ignored = r->url;
        if (!r->recording_sid)
            return kol_fail(err, KOL_BAD_INPUT, "neither RecordingSid nor a usable RecordingUrl");
        r->url = kol_recording_url_make(a, r->account_sid, r->recording_sid);
        return r->url ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "read a callback: out of memory");
    }
    if (!kol_streq(ref.account_sid, r->account_sid))
        return kol_fail(err, KOL_FORBIDDEN, "RecordingUrl belongs to another account");
    if (r->recording_sid && !kol_streq(ref.recording_sid, r->recording_sid))
        return kol_fail(err, KOL_BAD_INPUT, "RecordingUrl and RecordingSid name two recordings");
    r->recording_sid = kol_arena_str(a, ref.recording_sid);
    r->url = kol_recording_url_stored(a, r->url);
    if (!r->recording_sid || !r->url)
        return kol_fail(err, KOL_NO_MEMORY, "read a callback: out of memory");
    return KOL_OK;
}

static enum kol_code read_recording(struct kol_intake_change *c, const struct kol_params *p,
                                    struct kol_err *err)
{
    enum kol_code code = kol_recording_params_read(c->arena, p, &c->recording, err);

    if (code == KOL_OK)
        code = settle_url(c->arena, c->conf, &c->recording, &c->ignored_url, err);
    if (code == KOL_OK && c->kind == KOL_INTAKE_RECORDING_STATUS && !c->recording.status)
        code = kol_fail(err, KOL_BAD_INPUT, "RecordingStatus is missing");
    return code;
}

/* The recording that a call's end carries when the call was made with Record=true. */
static enum kol_code read_recording_of_call(struct kol_intake_change *c, const struct kol_params *p,
                                            struct kol_err *err)
{
    bool carries = !kol_str_empty(kol_params_get(p, "RecordingSid")) ||
                   !kol_str_empty(kol_params_get(p, "RecordingUrl"));

    if (!carries || !kol_call_status_terminal(c->call.status))
        return KOL_OK;
    c->has_recording = true;
    return read_recording(c, p, err);
}

static enum kol_code read_kind(struct kol_intake_change *c, const struct kol_params *p,
                               struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    switch (c->kind) {
    case KOL_INTAKE_RECORDING_STATUS:
        c->has_recording = true;
        return read_recording(c, p, err);
    case KOL_INTAKE_HANDLE_RECORDING:
        c->has_recording = true;
        code = kol_call_params_read(c->arena, p, &c->call, err);
        return code == KOL_OK ? read_recording(c, p, err) : code;
    case KOL_INTAKE_CALL_STATUS:
        code = kol_call_params_read(c->arena, p, &c->call, err);
        if (code == KOL_OK && !c->call.status)
            code = kol_fail(err, KOL_BAD_INPUT, "CallStatus is missing");
        return code == KOL_OK ? read_recording_of_call(c, p, err) : code;
    case KOL_INTAKE_TRANSCRIPTION:
        return kol_transcription_params_read(c->arena, p, &c->transcription, err);
    case KOL_INTAKE_SELF_TEST:
        return KOL_OK;
    }
    return kol_fail(err, KOL_BUG, "unknown callback");
}

/* What was said is kept in one place, the call, where numbers are taken out of it. */
static void drop_words(json_t *params)
{
    static const char *const spoken[] = {"TranscriptionData",    "TranscriptionText",
                                         "SpeechResult",         "StableSpeechResult",
                                         "UnstableSpeechResult", "Digits"};

    for (size_t i = 0; i < KOL_COUNT(spoken); i++)
        if (json_object_get(params, spoken[i]))
            kol_json_set_str(params, spoken[i], "(not kept here)");
}

enum kol_code kol_intake_prepare(struct kol_arena *a, const struct kol_conf *conf,
                                 const struct kol_intake_request *request,
                                 struct kol_intake_change **ret, struct kol_err *err)
{
    struct kol_params params;
    struct kol_intake_change *c = kol_arena_alloc(a, sizeof *c);

    if (!c)
        return kol_fail(err, KOL_NO_MEMORY, "read a callback: out of memory");
    *c = (struct kol_intake_change){.arena = a, .conf = conf, .kind = request->kind};
    enum kol_code code = kol_intake_read_params(a, request, &params, err);
    if (code == KOL_OK) /* before anything is believed or complained about */
        code = kol_intake_verify(a, conf, request, &params, &c->business_id, err);
    if (code == KOL_OK && !kol_streq(request->method, "GET") &&
        !kol_intake_is_form(request->content_type))
        code = kol_fail(err, KOL_BAD_INPUT, "the body is not form-encoded");
    if (code == KOL_OK)
        code = read_kind(c, &params, err);
    if (code != KOL_OK)
        return code;

    KOL_JSON json = kol_params_json(&params);
    drop_words(json);
    c->params = kol_json_text(a, json);
    if (!c->params)
        return kol_fail(err, KOL_NO_MEMORY, "read a callback: out of memory");
    *ret = c;
    return KOL_OK;
}

/* ---- what is said ---- */

/* The host of a URL that was not followed, for the log: only letters that a host may have. */
static const char *host_for_log(struct kol_arena *a, const char *url)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
    const char *mark = strstr(url, "://");
    const char *host = mark ? mark + 3 : url;
    size_t len = strspn(host, letters);
    const char *text = len ? kol_arena_strn(a, host, len < 80 ? len : 80) : NULL;

    return text ? text : "?";
}

void kol_intake_after(const struct kol_intake_change *c)
{
    if (c->ignored_url && c->is_new)
        kol_warn("RecordingUrl is not at Twilio's host and was ignored; the SIDs decide "
                 "call_sid=%s recording_sid=%s host=%s",
                 c->recording.call_sid ? c->recording.call_sid : c->recording.conference_sid,
                 c->recording.recording_sid, host_for_log(c->arena, c->ignored_url));
    if (c->transcription.error && c->is_new) /* Twilio's text stays in the database */
        kol_warn("Twilio's realtime transcription failed call_sid=%s code=%.*s",
                 c->transcription.call_sid, (int)strspn(c->transcription.error, "0123456789"),
                 c->transcription.error);
    if (!c->queued)
        return;
    kol_log_event(KOL_EV_RECORDING_QUEUED, c->recording.call_sid);
    kol_log_event(KOL_EV_JOB_ENQUEUED, c->recording.call_sid);
}

void kol_intake_answer(enum kol_intake_kind kind, enum kol_code code, const struct kol_err *err,
                       struct kol_intake_answer *ret)
{
    *ret = (struct kol_intake_answer){
        .status = 200, .content_type = "text/plain; charset=utf-8", .body = ""};
    if (code == KOL_OK) {
        /* <Record action> asks what to do next: nothing, the recording was the last word. */
        if (kind == KOL_INTAKE_HANDLE_RECORDING) {
            ret->content_type = "text/xml; charset=utf-8";
            ret->body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response></Response>\n";
        }
        return;
    }
    ret->status = kol_code_http(code);
    ret->body = err->msg;
    if (kol_code_next(code) == KOL_NEXT_RETRY || kol_code_next(code) == KOL_NEXT_STOP) {
        ret->status = 503; /* nothing was stored: send it again */
        ret->retry_after_s = 5;
    }
}
