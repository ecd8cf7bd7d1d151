/* media.c - the part of rest.h that knows where media are, and asks for them. */
#include "base/str.h"
#include "net/guard.h"
#include "twilio/client.h"
#include "twilio/recording_url.h"
#include <string.h>

const char *kol_twilio_error_text(int64_t code)
{
    switch (code) {
    case 16101:
        return "too short";
    case 16102:
        return "silent";
    case 16105:
        return "the account has no valid public key to encrypt it with";
    default: /* of an int */
        return NULL;
    }
}

/* ---- where they are ---- */

static bool is_twilios(const struct kol_url *url)
{
    static const char *const names[] = {"*.twilio.com"};
    const struct kol_strings own = {.count = 1, .items = names};

    return url->https && kol_guard_in_list(&own, url->host, url->port);
}

/* Twilio writes its own address there, of whichever region; the one that counts is built anyway. */
bool kol_twilio_media_is_elsewhere(const struct kol_twilio *t, const struct kol_rest_recording *r)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_recording_ref ref;
    struct kol_url url;

    if (kol_str_empty(r->media_url) ||
        kol_recording_url_read(r->media_url, t->conf->twilio_api_base, &ref) != KOL_URL_FOREIGN)
        return false;
    return !a || kol_url_parse(a, r->media_url, &url, NULL) != KOL_OK || !is_twilios(&url);
}

enum kol_code kol_twilio_media_place(struct kol_arena *a, const struct kol_twilio *t,
                                     const struct kol_rest_recording *r, const char **ret_elsewhere,
                                     struct kol_err *err)
{
    struct kol_url url;

    *ret_elsewhere = NULL;
    if (!kol_twilio_media_is_elsewhere(t, r))
        return KOL_OK;
    if (kol_url_parse(a, r->media_url, &url, NULL) != KOL_OK)
        return kol_fail(err, KOL_ELSEWHERE,
                        "the recording is not stored at Twilio, and its media_url is no https "
                        "address");
    if (!kol_guard_in_list(&t->conf->media_hosts, url.host, url.port))
        return kol_fail(err, KOL_ELSEWHERE,
                        "the recording is stored at %.100s, which the setting media_hosts does not "
                        "list",
                        url.host);
    *ret_elsewhere = kol_url_text(a, &url);
    return *ret_elsewhere ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
}

/* ---- asking ---- */

/* A bucket's 403 is not about Twilio's credentials. */
static enum kol_code judge_elsewhere(struct kol_arena *a, const struct kol_http_response *r,
                                     const char *text, struct kol_err *err)
{
    struct kol_url url = {.host = "?", .path = ""};
    enum kol_code code = kol_http_status_code(r->status);

    if (code == KOL_OK)
        return code;
    (void)!kol_url_parse(a, text, &url, NULL);
    if (code == KOL_REFUSED)
        return kol_fail(err, KOL_ELSEWHERE,
                        "%.100s does not hand the recording out (%d): the bucket has to let this "
                        "machine read",
                        url.host, r->status);
    return kol_fail(err, code == KOL_GONE ? KOL_NOT_FOUND : code, "%.100s answered %d", url.host,
                    r->status);
}

static enum kol_code judge_media(struct kol_arena *a, struct kol_twilio *t,
                                 const struct kol_media_request *m, const char *path,
                                 const struct kol_http_response *r, struct kol_err *err)
{
    if (r->refused_host)
        return kol_fail(err, KOL_ELSEWHERE,
                        "the recording is redirected to %.100s, which the setting media_hosts does "
                        "not list",
                        r->refused_host);
    if (r->mismatched)
        return kol_fail(err, KOL_HTTP_STATUS, "the answer holds another part than was asked for");
    return m->elsewhere ? judge_elsewhere(a, r, m->elsewhere, err)
                        : kol_twilio_judge(t, r, path, err);
}

static enum kol_code set_place(struct kol_arena *a, const struct kol_twilio *t,
                               const struct kol_media_request *m, const char *path,
                               struct kol_http_request *ret, struct kol_err *err)
{
    if (m->elsewhere) {
        ret->url = m->elsewhere;
        return KOL_OK;
    }
    ret->url = kol_twilio_under_base(a, t, path);
    if (ret->url && m->two_channels)
        ret->url = kol_arena_fmt(a, "%s?RequestedChannels=2", ret->url);
    if (!ret->url)
        return kol_fail(err, KOL_NO_MEMORY, "fetch a recording: out of memory");
    return KOL_OK;
}

enum kol_code kol_twilio_media(struct kol_arena *a, struct kol_twilio *t,
                               const struct kol_media_request *m, struct kol_http_response *ret,
                               struct kol_err *err)
{
    static const char *const endings[] = {"", ".mp3", ".wav"};
    struct kol_http_request request = {
        .redirect_hosts = &t->conf->media_hosts,
        .timeout_ms = t->conf->fetch_timeout_s * 1000,
        .stall_ms = t->conf->fetch_stall_s * 1000,
        .max_response_bytes = m->max_bytes,
        .part = m->part,
        .resume = m->resume,
        .inspect = m->inspect,
        .inspect_user = m->inspect_user,
        .stop = t->stop,
    };

    *ret = (struct kol_http_response){0};
    t->retry_after_ms = 0;
    t->held_back = false;
    enum kol_code code = kol_twilio_check_sids(m->account_sid, m->recording_sid, "RE", err);
    if (code != KOL_OK)
        return code;
    const char *path =
        kol_twilio_recording_path(a, m->account_sid, m->recording_sid, endings[m->format]);
    code = set_place(a, t, m, path, &request, err);
    if (code == KOL_OK &&
        m->elsewhere) /* not Twilio's: no credentials, and not the account's turn */
        code = kol_http_get_following(a, t->http, &request, ret, err);
    else if (code == KOL_OK)
        code = kol_twilio_send(a, t, m->account_sid, &request, true, ret, err);
    return code == KOL_OK ? judge_media(a, t, m, path, ret, err) : code;
}
