/*
 * intake.h - Twilio's callbacks in: checked and read first, then stored in one change.
 *
 * Used by: serve. Knows: which endpoint means what. Does not know: HTTP connections.
 *
 *     code = kol_intake_prepare(arena, conf, &request, &change, &err);      // any thread, writes
 * nothing if (code == KOL_OK) { op = {.fn = kol_intake_store, .arg = change}; kol_write_async(...);
 * // then, after done: code = op.code, err = op.err;
 *     }
 *     kol_intake_answer(request.kind, code, &err, &answer);                 // send it
 *     if (code == KOL_OK)
 *         kol_intake_after(change);                                         // the operators' lines
 *
 * A 2xx means that event, call and job are committed. Duplicates, replays and disorder change
 * nothing. The change lives in the arena; arena and conf must outlive it.
 */
#ifndef KOL_INTAKE_INTAKE_H
#define KOL_INTAKE_INTAKE_H

#include "base/arena.h"
#include "conf/conf.h"
#include "store/writer.h"

/* X(code, path) */
#define KOL_INTAKE_KINDS(X)                                                                        \
    X(RECORDING_STATUS, "/webhook/recording_status")                                               \
    X(HANDLE_RECORDING, "/webhook/handle_recording")                                               \
    X(CALL_STATUS, "/webhook/call_status")                                                         \
    X(TRANSCRIPTION, "/webhook/transcription")
enum kol_intake_kind {
#define X(code, path) KOL_INTAKE_##code,
    KOL_INTAKE_KINDS(X)
#undef X
        KOL_INTAKE_SELF_TEST /* from ourselves, never stored: see self_test.h */
};
/* path: without the query. */
bool kol_intake_kind_of_path(const char *path, enum kol_intake_kind *ret);
const char *kol_intake_path(enum kol_intake_kind kind);

/* What was received; all borrowed until kol_intake_prepare() returns. */
struct kol_intake_request {
    enum kol_intake_kind kind;
    const char *method;       /* "POST" or "GET" */
    const char *target;       /* path and query exactly as in the request line */
    const char *content_type; /* NULL when not sent */
    const char *signature;    /* X-Twilio-Signature; NULL when not sent */
    const void *body;
    size_t body_len;
    /* Lends a connection where the account is not that of the settings, or the URL has a token;
     * NULL: there are no others. */
    struct kol_writer *writer;
};

struct kol_intake_change;

/*
 * Errors: FORBIDDEN (signature, unknown account, token of the URL), BAD_INPUT (missing signature,
 * unreadable), TOO_LARGE, BAD_CONFIG (no public_url or token), NO_MEMORY, those of the database.
 * err says what is wrong, for people.
 */
enum kol_code kol_intake_prepare(struct kol_arena *a, const struct kol_conf *conf,
                                 const struct kol_intake_request *request,
                                 struct kol_intake_change **ret,
                                 struct kol_err *err) KOL_MUST_CHECK;

/*
 * A kol_write_fn; arg is the change. The call's business is, in this order: the one that the
 * callback's URL names, the one it has, the one whose number it is; always one of the call's
 * account. Errors also: FORBIDDEN (call or business of another account, call of another business),
 * CONFLICT (SIDs that contradict what is stored).
 */
enum kol_code kol_intake_store(struct kol_db *db, void *arg, struct kol_err *err);

void kol_intake_after(const struct kol_intake_change *change);

struct kol_intake_answer {
    int status;               /* 200, 400, 403, 409, 413, 500, 503 */
    const char *content_type; /* text/plain, or text/xml for TwiML */
    const char *body;         /* borrowed from err on failure */
    int retry_after_s;        /* 0: no Retry-After */
};
void kol_intake_answer(enum kol_intake_kind kind, enum kol_code code, const struct kol_err *err,
                       struct kol_intake_answer *ret);

/*
 * On request: look for a recording of this call at Twilio now. Makes the call when it is not known.
 * A kol_write_fn; arg is a struct kol_intake_trigger.
 *
 *   account_sid  of a call that is not known; NULL: the one of the settings
 * Errors: BAD_INPUT (no call SID), BAD_CONFIG (no account), FORBIDDEN (another account's call).
 */
enum kol_trigger {
    KOL_TRIGGER_QUEUED,    /* a look-up was added */
    KOL_TRIGGER_UNDER_WAY, /* a look-up is queued, and now due; or the fetch is on its way */
    KOL_TRIGGER_DONE       /* the recording is here: nothing was added */
};
struct kol_intake_trigger {
    const struct kol_conf *conf;
    const char *call_sid, *account_sid;
    enum kol_trigger ret;
};
enum kol_code kol_intake_trigger(struct kol_db *db, void *arg, struct kol_err *err);

#endif
