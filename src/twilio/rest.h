/*
 * rest.h - Twilio's REST API: recordings, calls and media. Builds every URL to Twilio there is.
 *
 * Used by: recording. Knows: paths, field names and quirks of Twilio's resources. Does not know:
 * jobs, files, waits. URLs are made of checked SIDs under twilio_api_base; the credentials of the
 * account that is asked for (account.h) go to that host only, and not across a redirect to another.
 * Threading: one struct kol_twilio per thread.
 * Source: Twilio's OpenAPI description, api.v2010.account.recording and .call; docs/twilio.md.
 */
#ifndef KOL_TWILIO_REST_H
#define KOL_TWILIO_REST_H

#include "net/http.h"
#include "store/writer.h"
#include "twilio/params.h"

struct kol_twilio; /* opaque */

/*
 * All is borrowed until _free.
 *
 *   writer  lends connections to read the accounts' rows with; NULL: only the account of the
 *           settings is known
 *   stop    when set, every request ends with CANCELLED; NULL is fine
 * Errors: NO_MEMORY.
 */
enum kol_code kol_twilio_new(const struct kol_conf *conf, struct kol_writer *writer,
                             const atomic_bool *stop, struct kol_twilio **ret,
                             struct kol_err *err) KOL_MUST_CHECK;
void kol_twilio_free(struct kol_twilio *t); /* NULL is fine */

/* True when the last request was not sent: its account has as many under way as account_requests
 * allows, or Twilio asked it to wait. It may be sent after kol_twilio_retry_after_ms(). */
bool kol_twilio_was_held_back(const struct kol_twilio *t);
/* What the last failed answer asked for with Retry-After; 0: nothing. */
int64_t kol_twilio_retry_after_ms(const struct kol_twilio *t);

/* Texts live as long as the arena; NULL when Twilio gave none. */
struct kol_rest_recording {
    const char *recording_sid, *account_sid, *call_sid;
    const char *status; /* in-progress, paused, stopped, processing, completed, absent, deleted */
    const char *source;
    struct kol_duration duration;
    int channels;
    int64_t error_code;
    int64_t created_at_ms, started_at_ms; /* 0 unknown */
    const char *media_url; /* as given: a bucket of the customer's, or Twilio's own address */
    bool encrypted;        /* with a public key of the customer's */
    const char *public_key_sid, *encrypted_cek, *iv; /* the last two in base64 */
};
struct kol_rest_recordings {
    struct kol_rest_recording *items;
    size_t count;
};

/*
 * Errors of all requests here: NOT_FOUND (404), REFUSED (401, 403: the account's credentials, or it
 * has none: its jobs wait until they change), RATE_LIMITED
 * (429), HTTP_STATUS and BAD_INPUT (an answer that is no such resource), and those of
 * kol_http_send().
 */
enum kol_code kol_twilio_recording(struct kol_arena *a, struct kol_twilio *t,
                                   const char *account_sid, const char *recording_sid,
                                   struct kol_rest_recording *ret,
                                   struct kol_err *err) KOL_MUST_CHECK;
/* Of one call. with_deleted: also those deleted in the last 40 days. At most 1,000. */
enum kol_code kol_twilio_recordings_of_call(struct kol_arena *a, struct kol_twilio *t,
                                            const char *account_sid, const char *call_sid,
                                            bool with_deleted, struct kol_rest_recordings *ret,
                                            struct kol_err *err) KOL_MUST_CHECK;

/* A part of an account's recordings. Twilio's filter knows days only, in GMT, and is vague about
 * where the last one ends: ask for a day more at both ends, and look at created_at_ms. */
struct kol_rest_list {
    const char *account_sid;
    const char *from_date, *to_date; /* YYYY-MM-DD; NULL: open */
    bool with_deleted;               /* also those deleted in the last 40 days */
    int page_size;                   /* 1 to 1,000 */
};
/* Where a list goes on; all zero: at its beginning. */
struct kol_rest_cursor {
    int64_t page;
    char token[256];
};
/*
 * One page, the newest recordings first; those of another account are left out. cursor moves on,
 * ret_more tells whether there is another page.
 * Errors also: BAD_INPUT when the list goes on at another place than this very list: no request
 * goes there.
 */
enum kol_code kol_twilio_recordings_page(struct kol_arena *a, struct kol_twilio *t,
                                         const struct kol_rest_list *list,
                                         struct kol_rest_cursor *cursor,
                                         struct kol_rest_recordings *ret, bool *ret_more,
                                         struct kol_err *err) KOL_MUST_CHECK;

/* Media and metadata, for good. ret_was_there false: Twilio does not have it, which is as good. */
enum kol_code kol_twilio_delete_recording(struct kol_arena *a, struct kol_twilio *t,
                                          const char *account_sid, const char *recording_sid,
                                          bool *ret_was_there, struct kol_err *err) KOL_MUST_CHECK;

struct kol_rest_call {
    const char *call_sid, *account_sid;
    const char *from, *to, *direction, *status;
    int64_t started_at_ms, ended_at_ms; /* 0 unknown */
};
enum kol_code kol_twilio_call(struct kol_arena *a, struct kol_twilio *t, const char *account_sid,
                              const char *call_sid, struct kol_rest_call *ret,
                              struct kol_err *err) KOL_MUST_CHECK;

/* One try for the media: what to take and where to put it. */
struct kol_media_request {
    const char *account_sid, *recording_sid;
    int format;            /* 0: as given, 1: .mp3, 2: .wav */
    bool two_channels;     /* ask for both; 400 says that there are not two */
    const char *elsewhere; /* from kol_twilio_media_place(): this URL, and no credentials to it */
    uint64_t max_bytes;
    struct kol_part *part;
    const struct kol_http_resume *resume; /* see kol_http_request */
    /* Judges the first bytes before any is stored; see kol_http_request. */
    enum kol_code (*inspect)(void *user, const void *head, size_t len, struct kol_err *err);
    void *inspect_user;
};
/*
 * Where the media are: ret_elsewhere NULL is at Twilio, else an address that media_hosts allows.
 * Errors: ELSEWHERE: at a host that it does not; NO_MEMORY.
 */
enum kol_code kol_twilio_media_place(struct kol_arena *a, const struct kol_twilio *t,
                                     const struct kol_rest_recording *r, const char **ret_elsewhere,
                                     struct kol_err *err) KOL_MUST_CHECK;
/* True when the media are not at Twilio, allowed or not. */
bool kol_twilio_media_is_elsewhere(const struct kol_twilio *t, const struct kol_rest_recording *r);
/* What Twilio's codes for "absent" and "failed" mean: "too short"; NULL for any other. */
const char *kol_twilio_error_text(int64_t code);

/* ret is filled for every answer, whatever its status: also when the code is not OK. ret->status 0:
 * none came. */
enum kol_code kol_twilio_media(struct kol_arena *a, struct kol_twilio *t,
                               const struct kol_media_request *request,
                               struct kol_http_response *ret, struct kol_err *err) KOL_MUST_CHECK;

/* A recording's path at Twilio: /2010-04-01/Accounts/AC…/Recordings/RE… and ending. */
const char *kol_twilio_recording_path(struct kol_arena *a, const char *account_sid,
                                      const char *recording_sid, const char *ending);

/* The readers of answers, for tests. Errors: BAD_INPUT, NO_MEMORY. */
enum kol_code kol_rest_recording_read(struct kol_arena *a, const json_t *json,
                                      struct kol_rest_recording *ret,
                                      struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_rest_recordings_read(struct kol_arena *a, const json_t *json,
                                       struct kol_rest_recordings *ret,
                                       struct kol_err *err) KOL_MUST_CHECK;
/* path: of the list, as asked for. The answer's next_page_uri, reduced to page number and token. */
enum kol_code kol_rest_next_read(struct kol_arena *a, const json_t *json, const char *api_base,
                                 const char *path, struct kol_rest_cursor *cursor, bool *ret_more,
                                 struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_rest_call_read(struct kol_arena *a, const json_t *json, struct kol_rest_call *ret,
                                 struct kol_err *err) KOL_MUST_CHECK;

#endif
