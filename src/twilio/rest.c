/* rest.c - the part of rest.h that asks for resources; media.c asks for media. */
#include "base/ids.h"
#include "base/str.h"
#include "twilio/account.h"
#include "twilio/client.h"
#include "twilio/gate.h"
#include "twilio/page.h"
#include <stdlib.h>
#include <string.h>

enum { LIST_BYTES = 4 * 1024 * 1024, RESOURCE_BYTES = 256 * 1024 };

enum kol_code kol_twilio_new(const struct kol_conf *conf, struct kol_writer *writer,
                             const atomic_bool *stop, struct kol_twilio **ret, struct kol_err *err)
{
    struct kol_twilio *t = calloc(1, sizeof *t);

    if (!t)
        return kol_fail(err, KOL_NO_MEMORY, "Twilio client: out of memory");
    t->conf = conf;
    t->writer = writer;
    t->stop = stop;
    enum kol_code code = kol_http_new(conf, &t->http, err);
    if (code != KOL_OK) {
        free(t);
        return code;
    }
    *ret = t;
    return KOL_OK;
}

void kol_twilio_free(struct kol_twilio *t)
{
    if (!t)
        return;
    kol_http_free(t->http);
    free(t);
}

int64_t kol_twilio_retry_after_ms(const struct kol_twilio *t)
{
    return t->retry_after_ms;
}

bool kol_twilio_was_held_back(const struct kol_twilio *t)
{
    return t->held_back;
}

/* ---- URLs ---- */

const char *kol_twilio_recording_path(struct kol_arena *a, const char *account_sid,
                                      const char *recording_sid, const char *ending)
{
    return kol_arena_fmt(a, "/2010-04-01/Accounts/%s/Recordings/%s%s", account_sid, recording_sid,
                         ending);
}

/* Everything that goes into a URL passes here. */
enum kol_code kol_twilio_check_sids(const char *account_sid, const char *sid, const char *prefix,
                                    struct kol_err *err)
{
    if (!kol_sid_valid(account_sid, "AC"))
        return kol_fail(err, KOL_BAD_INPUT, "no account SID to ask Twilio with");
    if (!kol_sid_valid(sid, prefix))
        return kol_fail(err, KOL_BAD_INPUT, "no %s SID to ask Twilio for", prefix);
    return KOL_OK;
}

const char *kol_twilio_under_base(struct kol_arena *a, const struct kol_twilio *t, const char *path)
{
    const char *base = t->conf->twilio_api_base;
    size_t len = strlen(base);

    while (len && base[len - 1] == '/')
        len--;
    return path ? kol_arena_fmt(a, "%.*s%s", (int)len, base, path) : NULL;
}

/* ---- asking ---- */

enum kol_code kol_twilio_log_in(struct kol_twilio *t, const char *account_sid,
                                struct kol_http_request *r, struct kol_err *err)
{
    struct kol_db *db = NULL;

    if (t->writer && !kol_account_is_settings(t->conf, account_sid)) {
        db = kol_reader_borrow(t->writer, err);
        if (!db)
            return err ? err->code : KOL_DB;
    }
    enum kol_code code = kol_account_login(db, t->conf, account_sid, &t->login, err);
    if (db)
        kol_reader_return(t->writer, db);
    r->user = t->login.user;
    r->password = t->login.password;
    return code;
}

enum kol_code kol_twilio_send(struct kol_arena *a, struct kol_twilio *t, const char *account_sid,
                              struct kol_http_request *request, bool follow,
                              struct kol_http_response *ret, struct kol_err *err)
{
    int64_t wait_ms = 0;

    t->held_back = !kol_gate_enter(account_sid, t->conf->account_requests, &wait_ms);
    if (t->held_back) {
        t->retry_after_ms =
            wait_ms * t->conf->test_wait_divisor; /* of which it is a part already */
        return kol_fail(err, KOL_RATE_LIMITED, "account %s has to wait for its turn", account_sid);
    }
    *ret = (struct kol_http_response){0};
    enum kol_code code = kol_twilio_log_in(t, account_sid, request, err);
    if (code == KOL_OK)
        code = follow ? kol_http_get_following(a, t->http, request, ret, err)
                      : kol_http_send(a, t->http, request, ret, err);
    kol_login_wipe(&t->login);
    kol_gate_leave(account_sid, ret->status == 429, ret->retry_after_ms,
                   t->conf->test_wait_divisor);
    return code;
}

enum kol_code kol_twilio_judge(struct kol_twilio *t, const struct kol_http_response *r,
                               const char *path, struct kol_err *err)
{
    enum kol_code code = kol_http_status_code(r->status);

    t->retry_after_ms = code != KOL_OK && r->retry_after_ms > 0 ? r->retry_after_ms : 0;
    if (code == KOL_OK)
        return KOL_OK;
    if (code == KOL_REFUSED)
        return kol_fail(err, code,
                        "Twilio refused the credentials (%d): check the auth token or the API key "
                        "of the account",
                        r->status);
    if (code == KOL_GONE)
        code = KOL_NOT_FOUND; /* Twilio's word for gone is a status of the resource */
    return kol_fail(err, code, "Twilio answered %d to %.*s", r->status, (int)strcspn(path, "?"),
                    path);
}

enum kol_code kol_twilio_ask(struct kol_arena *a, struct kol_twilio *t, const char *account_sid,
                             const char *path, const char *form, uint64_t max_bytes, json_t **ret,
                             struct kol_err *err)
{
    static const struct kol_http_header is_form = {"Content-Type",
                                                   "application/x-www-form-urlencoded"};
    struct kol_http_request request = {
        .url = kol_twilio_under_base(a, t, path), .max_response_bytes = max_bytes, .stop = t->stop};
    struct kol_http_response response;

    t->retry_after_ms = 0;
    if (!request.url)
        return kol_fail(err, KOL_NO_MEMORY, "ask Twilio: out of memory");
    if (form) {
        request.method = "POST";
        request.headers = &is_form;
        request.header_count = 1;
        request.body = form;
        request.body_len = strlen(form);
    }
    enum kol_code code = kol_twilio_send(a, t, account_sid, &request, false, &response, err);
    if (code == KOL_OK)
        code = kol_twilio_judge(t, &response, path, err);
    if (code != KOL_OK)
        return code;

    code = kol_json_parse(response.body, response.body_len, ret, err);
    if (code == KOL_BAD_INPUT) /* something on the way answered in Twilio's place: may pass */
        return kol_fail(err, KOL_HTTP_STATUS, "Twilio's answer is no JSON");
    return code;
}

static enum kol_code get_json(struct kol_arena *a, struct kol_twilio *t, const char *account_sid,
                              const char *path, uint64_t max_bytes, json_t **ret,
                              struct kol_err *err)
{
    return kol_twilio_ask(a, t, account_sid, path, NULL, max_bytes, ret, err);
}

/* An answer about something else than was asked for is no answer. */
static enum kol_code same(const char *asked, const char *got, struct kol_err *err)
{
    if (kol_streq(asked, got))
        return KOL_OK;
    return kol_fail(err, KOL_HTTP_STATUS, "Twilio answered with another resource");
}

enum kol_code kol_twilio_recording(struct kol_arena *a, struct kol_twilio *t,
                                   const char *account_sid, const char *recording_sid,
                                   struct kol_rest_recording *ret, struct kol_err *err)
{
    KOL_JSON json = NULL;
    enum kol_code code = kol_twilio_check_sids(account_sid, recording_sid, "RE", err);

    if (code == KOL_OK)
        code = get_json(a, t, account_sid,
                        kol_twilio_recording_path(a, account_sid, recording_sid, ".json"),
                        RESOURCE_BYTES, &json, err);
    if (code == KOL_OK)
        code = kol_rest_recording_read(a, json, ret, err);
    if (code == KOL_OK)
        code = same(account_sid, ret->account_sid, err);
    return code == KOL_OK ? same(recording_sid, ret->recording_sid, err) : code;
}

enum kol_code kol_twilio_delete_recording(struct kol_arena *a, struct kol_twilio *t,
                                          const char *account_sid, const char *recording_sid,
                                          bool *ret_was_there, struct kol_err *err)
{
    struct kol_http_request request = {.method = "DELETE", .stop = t->stop};
    struct kol_http_response response;
    const char *path = NULL;
    enum kol_code code = kol_twilio_check_sids(account_sid, recording_sid, "RE", err);

    t->retry_after_ms = 0;
    if (code != KOL_OK)
        return code;
    path = kol_twilio_recording_path(a, account_sid, recording_sid, ".json");
    request.url = kol_twilio_under_base(a, t, path);
    if (!request.url)
        return kol_fail(err, KOL_NO_MEMORY, "delete at Twilio: out of memory");
    code = kol_twilio_send(a, t, account_sid, &request, false, &response, err);
    if (code == KOL_OK)
        code = kol_twilio_judge(t, &response, path, err);
    *ret_was_there = code == KOL_OK;
    return code == KOL_NOT_FOUND ? KOL_OK : code;
}

enum kol_code kol_twilio_recordings_of_call(struct kol_arena *a, struct kol_twilio *t,
                                            const char *account_sid, const char *call_sid,
                                            bool with_deleted, struct kol_rest_recordings *ret,
                                            struct kol_err *err)
{
    KOL_JSON json = NULL;
    enum kol_code code = kol_twilio_check_sids(account_sid, call_sid, "CA", err);

    if (code != KOL_OK)
        return code;
    /* Only the account's list knows deleted ones. */
    const char *path = with_deleted
                           ? kol_arena_fmt(a,
                                           "/2010-04-01/Accounts/%s/Recordings.json?CallSid=%s"
                                           "&IncludeSoftDeleted=true&PageSize=1000",
                                           account_sid, call_sid)
                           : kol_arena_fmt(a,
                                           "/2010-04-01/Accounts/%s/Calls/%s/Recordings.json"
                                           "?PageSize=1000",
                                           account_sid, call_sid);
    code = get_json(a, t, account_sid, path, LIST_BYTES, &json, err);
    return code == KOL_OK ? kol_rest_recordings_read(a, json, ret, err) : code;
}

enum kol_code kol_twilio_recordings_page(struct kol_arena *a, struct kol_twilio *t,
                                         const struct kol_rest_list *list,
                                         struct kol_rest_cursor *cursor,
                                         struct kol_rest_recordings *ret, bool *ret_more,
                                         struct kol_err *err)
{
    KOL_JSON json = NULL;
    const char *url = NULL, *path = NULL;
    enum kol_code code = kol_rest_list_path(a, list, cursor, &path, &url, err);

    if (code == KOL_OK)
        code = get_json(a, t, list->account_sid, url, LIST_BYTES, &json, err);
    if (code == KOL_OK)
        code = kol_rest_recordings_read(a, json, ret, err);
    if (code == KOL_OK)
        code = kol_rest_next_read(a, json, t->conf->twilio_api_base, path, cursor, ret_more, err);
    if (code != KOL_OK)
        return code;

    size_t kept = 0;
    for (size_t i = 0; i < ret->count; i++)
        if (kol_streq(ret->items[i].account_sid, list->account_sid))
            ret->items[kept++] = ret->items[i];
    ret->count = kept;
    return KOL_OK;
}

enum kol_code kol_twilio_call(struct kol_arena *a, struct kol_twilio *t, const char *account_sid,
                              const char *call_sid, struct kol_rest_call *ret, struct kol_err *err)
{
    KOL_JSON json = NULL;
    enum kol_code code = kol_twilio_check_sids(account_sid, call_sid, "CA", err);

    if (code == KOL_OK)
        code = get_json(
            a, t, account_sid,
            kol_arena_fmt(a, "/2010-04-01/Accounts/%s/Calls/%s.json", account_sid, call_sid),
            RESOURCE_BYTES, &json, err);
    if (code == KOL_OK)
        code = kol_rest_call_read(a, json, ret, err);
    if (code == KOL_OK)
        code = same(account_sid, ret->account_sid, err);
    return code == KOL_OK ? same(call_sid, ret->call_sid, err) : code;
}
