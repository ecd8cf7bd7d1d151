/* number_check.c - the part of numbers.h that judges: a number's settings against what Kol needs.
 */
#include "base/str.h"
#include "net/url.h"
#include "twilio/numbers.h"
#include <string.h>

/* X(code, wrong, mendable, text) */
#define REMARKS(X)                                                                                 \
    X(TRUNK, "trunk", false, false,                                                                \
      "a SIP trunk takes its calls: the number's own URLs are not used, recordings are found by "  \
      "listing them")                                                                              \
    X(APPLICATION, "application", false, false,                                                    \
      "a TwiML application takes its calls: the status callback has to be set there, Kol does "    \
      "not "                                                                                       \
      "see it")                                                                                    \
    X(VOICE_URL_MISSING, "voice_url_missing", true, false,                                         \
      "no voice URL, application or trunk: calls to it are not answered")                          \
    X(VOICE_URL_HTTP, "voice_url_http", true, false,                                               \
      "its voice URL is http: use https, so that nobody on the way reads or changes it")           \
    X(VOICE_URL_KOL, "voice_url_kol", true, false,                                                 \
      "its voice URL is one of Kol's callbacks, which do not answer calls: it belongs to your "    \
      "TwiML")                                                                                     \
    X(MISSING, "status_callback_missing", true, true,                                              \
      "no status callback: Kol does not hear of calls that end without a recording")               \
    X(UNREADABLE, "status_callback_unreadable", true, true,                                        \
      "its status callback is no URL that Kol could have")                                         \
    X(HTTP, "status_callback_http", true, true, "its status callback is http instead of https")    \
    X(HOST, "status_callback_host", true, true, "its status callback goes to another host")        \
    X(USER, "status_callback_user", true, true,                                                    \
      "its status callback has another user name or password than public_url")                     \
    X(PATH, "status_callback_path", true, true, "its status callback goes to another path")        \
    X(NO_TOKEN, "status_callback_no_token", true, true,                                            \
      "its status callback lacks the token that names the business")                               \
    X(TOKEN, "status_callback_token", true, true,                                                  \
      "its status callback has the token of another business, account or server: it is refused")   \
    X(RETRIES, "status_callback_retries", true, true,                                              \
      "its status callback lacks #rc=5&rp=5xx,ct,rt: what meets a restart is lost")                \
    X(METHOD, "status_callback_method", false, true,                                               \
      "its status callback is a GET: numbers of callers then stand in a proxy's log")

enum remark {
#define X(id, code, wrong, mendable, text) REMARK_##id,
    REMARKS(X)
#undef X
};

static const struct kol_number_remark remarks[] = {
#define X(id, code, wrong, mendable, text) {code, wrong, mendable, text},
    REMARKS(X)
#undef X
};

static void say(struct kol_number_remarks *ret, enum remark which)
{
    if (ret->count < KOL_NUMBER_REMARKS)
        ret->items[ret->count++] = remarks[which];
}

/* A callback's URL, taken apart. Our own reader refuses user names and fragments: they stand
 * apart. */
struct callback {
    struct kol_url url;
    const char *user;     /* "user:password"; "" for none */
    const char *fragment; /* "" for none */
    const char *name;     /* of the token's parameter: the first one of the URL that Kol made */
    const char *token;    /* NULL: none, or more than one */
};

static const char *between(struct kol_arena *a, const char *from, const char *to)
{
    return kol_arena_strn(a, from, (size_t)(to - from));
}

static enum kol_code find_token(struct kol_arena *a, struct callback *c, struct kol_err *err)
{
    struct kol_params params;
    const char *query = c->url.query;

    c->token = NULL;
    if (!query)
        return KOL_OK;
    enum kol_code code = kol_params_parse(a, query, strlen(query), &params, err);
    if (code != KOL_OK || params.has_nul)
        return code;
    if (!c->name && params.count)
        c->name = params.items[0].name;
    for (size_t i = 0, seen = 0; i < params.count; i++)
        if (kol_streq(params.items[i].name, c->name))
            c->token = seen++ ? NULL : params.items[i].value;
    return KOL_OK;
}

static enum kol_code take_apart(struct kol_arena *a, const char *text, struct callback *ret,
                                struct kol_err *err)
{
    const char *hash = text + strcspn(text, "#");
    const char *start = strstr(text, "://");
    const char *authority = start && start < hash ? start + 3 : text;
    const char *end = authority + strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', (size_t)(end - authority));
    const char *rest = at ? at + 1 : authority;

    ret->fragment = *hash ? hash + 1 : "";
    ret->user = at ? between(a, authority, at) : "";
    const char *scheme = between(a, text, authority);
    const char *plain = between(a, rest, hash);
    const char *url = scheme && plain ? kol_arena_fmt(a, "%s%s", scheme, plain) : NULL;
    if (!url || !ret->user)
        return kol_fail(err, KOL_NO_MEMORY, "check a number: out of memory");
    enum kol_code code = kol_url_parse(a, url, &ret->url, err);
    return code == KOL_OK ? find_token(a, ret, err) : code;
}

/* At least one retry, after 5xx, failed connections and time-outs. */
static bool retries_enough(const char *fragment)
{
    const char *rc = NULL, *rp = NULL;

    for (const char *p = fragment; *p; p += strcspn(p, "&"), p += *p == '&') {
        if (kol_starts_with(p, "rc="))
            rc = p + 3;
        else if (kol_starts_with(p, "rp="))
            rp = p + 3;
    }
    if (!rc || *rc < '1' || *rc > '9' || !rp)
        return false;
    unsigned seen = 0;
    static const char *const reasons[] = {"5xx", "ct", "rt"};
    while (*rp && *rp != '&') {
        size_t len = strcspn(rp, ",&");
        if (len == 3 && strncmp(rp, "all", 3) == 0)
            seen = 7;
        for (size_t i = 0; i < KOL_COUNT(reasons); i++)
            if (len == strlen(reasons[i]) && strncmp(rp, reasons[i], len) == 0)
                seen |= 1U << i;
        rp += len + (rp[len] == ',');
    }
    return seen == 7;
}

static void check_voice(struct kol_arena *a, const struct kol_rest_number *n,
                        const struct callback *wanted, struct kol_number_remarks *ret)
{
    struct callback voice = {0};

    if (!n->voice_url) {
        say(ret, REMARK_VOICE_URL_MISSING);
        return;
    }
    if (strncasecmp(n->voice_url, "http://", 7) == 0)
        say(ret, REMARK_VOICE_URL_HTTP);
    if (take_apart(a, n->voice_url, &voice, NULL) == KOL_OK &&
        kol_streq(voice.url.host, wanted->url.host) && kol_starts_with(voice.url.path, "/webhook/"))
        say(ret, REMARK_VOICE_URL_KOL);
}

static enum kol_code check_callback(struct kol_arena *a, const struct kol_rest_number *n,
                                    const struct callback *wanted, struct kol_number_remarks *ret,
                                    struct kol_err *err)
{
    struct callback is = {.name = wanted->name};

    if (!n->status_callback) {
        say(ret, REMARK_MISSING);
        return KOL_OK;
    }
    enum kol_code code = take_apart(a, n->status_callback, &is, err);
    if (code != KOL_OK) {
        if (code != KOL_NO_MEMORY)
            say(ret, REMARK_UNREADABLE);
        return code == KOL_NO_MEMORY ? code : KOL_OK;
    }
    bool http = wanted->url.https && !is.url.https;
    if (http)
        say(ret, REMARK_HTTP);
    if (!kol_streq(is.url.host, wanted->url.host) || (!http && is.url.port != wanted->url.port)) {
        say(ret, REMARK_HOST); /* the rest of it is then somebody else's */
        return KOL_OK;
    }
    if (!kol_streq(is.user, wanted->user))
        say(ret, REMARK_USER);
    if (!kol_streq(is.url.path, wanted->url.path))
        say(ret, REMARK_PATH);
    if (!is.token)
        say(ret, REMARK_NO_TOKEN);
    else if (!kol_streq(is.token, wanted->token))
        say(ret, REMARK_TOKEN);
    if (!retries_enough(is.fragment))
        say(ret, REMARK_RETRIES);
    if (n->status_callback_method && strcasecmp(n->status_callback_method, "POST") != 0)
        say(ret, REMARK_METHOD);
    return KOL_OK;
}

enum kol_code kol_number_check(struct kol_arena *a, const struct kol_rest_number *n,
                               const char *wanted, struct kol_number_remarks *ret,
                               struct kol_err *err)
{
    struct callback right = {0};
    enum kol_code code = take_apart(a, wanted, &right, err);

    *ret = (struct kol_number_remarks){0};
    if (code != KOL_OK)
        return code == KOL_NO_MEMORY
                   ? code
                   : kol_fail(err, KOL_BAD_CONFIG, "public_url is no URL that Twilio could call");
    if (n->trunk_sid) {
        say(ret, REMARK_TRUNK);
        return KOL_OK;
    }
    if (n->application_sid) {
        say(ret, REMARK_APPLICATION);
        return KOL_OK;
    }
    check_voice(a, n, &right, ret);
    return check_callback(a, n, &right, ret, err);
}

bool kol_number_is_wrong(const struct kol_number_remarks *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->items[i].wrong)
            return true;
    return false;
}

bool kol_number_is_mendable(const struct kol_number_remarks *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->items[i].mendable)
            return true;
    return false;
}
