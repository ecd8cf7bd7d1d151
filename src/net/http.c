/* http.c - see http.h. */
#include "net/http.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/guard.h"
#include "net/sink.h"
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_TIMEOUT_MS = 30000,
    CONNECT_TIMEOUT_MS = 10000,
    STALL_BYTES_PER_S = 100,
    MAX_REDIRECTS = 3,
    MAX_HEADERS = 32
};

struct kol_http {
    CURL *curl;
    const struct kol_conf *conf;
};

/* One request on its way; libcurl's callbacks get it. */
struct transfer {
    CURL *curl;
    const struct kol_http_request *request;
    const struct kol_url *url;
    bool listed;         /* the settings allow its host, whatever its address */
    const char *blocked; /* what an address was that the guard refused */
    bool opened;         /* an address was good enough to try */
    bool begun;          /* the answer's status and headers were looked at */
    bool mismatched;     /* see kol_http_response */
    int64_t whole_bytes; /* of a 206 answer's Content-Range; -1 unknown */
    struct kol_sink sink;
    struct curl_slist *headers;
    char message[CURL_ERROR_SIZE];
};

static void init_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
}

enum kol_code kol_http_new(const struct kol_conf *conf, struct kol_http **ret, struct kol_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct kol_http *h = calloc(1, sizeof *h);

    pthread_once(&once, init_curl);
    if (h)
        h->curl = curl_easy_init();
    if (!h || !h->curl) {
        free(h);
        return kol_fail(err, KOL_NO_MEMORY, "http client: out of memory");
    }
    h->conf = conf;
    *ret = h;
    return KOL_OK;
}

void kol_http_free(struct kol_http *h)
{
    if (!h)
        return;
    curl_easy_cleanup(h->curl);
    free(h);
}

enum kol_code kol_http_status_code(int status)
{
    if (status >= 200 && status <= 299)
        return KOL_OK;
    switch (status) {
    case 401:
    case 403:
        return KOL_REFUSED;
    case 404:
        return KOL_NOT_FOUND;
    case 408:
    case 504:
        return KOL_NET_TIMEOUT;
    case 410:
        return KOL_GONE;
    case 429:
        return KOL_RATE_LIMITED;
    default: /* of an int */
        return KOL_HTTP_STATUS;
    }
}

/* ---- callbacks ---- */

static bool is_one_line(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

/* The guard that counts: the address itself, right before it is connected to. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = user;
    const char *what = kol_guard_address(&address->addr);

    if (purpose != CURLSOCKTYPE_IPCXN || (what && !t->listed)) {
        t->blocked = what ? what : "no place to connect to";
        return CURL_SOCKET_BAD;
    }
    t->opened = true;
    return kol_sys->connect_socket(address->family, address->socktype | SOCK_CLOEXEC,
                                   address->protocol);
}

static int status_of(const struct transfer *t)
{
    long status = 0;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static bool is_good(const struct transfer *t)
{
    return status_of(t) >= 200 && status_of(t) <= 299 && !t->mismatched;
}

static const char *peek_header(CURL *c, const char *name)
{
    struct curl_header *h = NULL;

    return curl_easy_header(c, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : NULL;
}

/* Takes digits and the character behind them; -1 when there are none, or too many. */
static int64_t take_number(const char **at, char end)
{
    char digits[20];
    size_t len = strspn(*at, "0123456789");
    int64_t v = -1;

    if (len == 0 || len >= sizeof digits || (*at)[len] != end)
        return -1;
    memcpy(digits, *at, len);
    digits[len] = '\0';
    *at += len + 1;
    return kol_parse_i64(digits, &v) ? v : -1;
}

/* "bytes 100-199/200": from first to the very end. A whole of "*" is not known. */
static bool read_content_range(const char *text, int64_t first, int64_t *ret_whole)
{
    static const char unit[] = "bytes ";

    if (!text || !kol_starts_with(text, unit))
        return false;
    text += sizeof unit - 1;
    int64_t from = take_number(&text, '-');
    int64_t last = from >= 0 ? take_number(&text, '/') : -1;
    if (from != first || last < from)
        return false;
    *ret_whole = -1;
    return kol_streq(text, "*") ||
           (kol_parse_i64(text, ret_whole) && *ret_whole > 0 && last == *ret_whole - 1);
}

/* Only a strong ETag, or the time of the last change where there is none, tells that the bytes of
 * two answers are of one. */
static const char *validator_of(CURL *c)
{
    const char *etag = peek_header(c, "ETag");
    const char *v = etag ? etag : peek_header(c, "Last-Modified");

    if (kol_str_empty(v) || kol_starts_with(v, "W/") || strlen(v) > KOL_HTTP_VALIDATOR_MOST ||
        !is_one_line(v))
        return NULL;
    return v;
}

/* Before the first byte of a body, or at the end of an answer that has none. */
static bool begin(struct transfer *t)
{
    const struct kol_http_resume *r = t->request->resume;
    int64_t from = 0;

    if (t->begun)
        return true;
    t->begun = true;
    t->whole_bytes = -1;
    if (!r || !is_good(t))
        return true;
    if (status_of(t) == 206) {
        t->mismatched = r->from == 0 || !read_content_range(peek_header(t->curl, "Content-Range"),
                                                            r->from, &t->whole_bytes);
        if (t->mismatched)
            return true;
        from = r->from;
    }
    t->sink.offset = (uint64_t)from;
    t->sink.inspected = from > 0;
    t->sink.code = r->begin(r->user, from, validator_of(t->curl), t->sink.err);
    if (t->sink.code != KOL_OK)
        t->sink.state = KOL_SINK_FAILED;
    return t->sink.code == KOL_OK;
}

/* A server may ignore Range: then the first part would be followed by the whole. */
static bool is_wanted_part(struct transfer *t)
{
    struct curl_header *h = NULL;
    long status = 0;
    char wanted[40];

    if (t->request->resume_from == 0 || t->sink.bytes > 0)
        return true;
    snprintf(wanted, sizeof wanted, "bytes %llu-", (unsigned long long)t->request->resume_from);
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 206 &&
        curl_easy_header(t->curl, "Content-Range", 0, CURLH_HEADER, -1, &h) == CURLHE_OK &&
        kol_starts_with(h->value, wanted))
        return true;
    t->sink.state = KOL_SINK_FAILED;
    t->sink.code = kol_fail(t->sink.err, KOL_CONFLICT, "the server does not send a part of it");
    return false;
}

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    curl_off_t declared = -1;
    size_t len = size * count;

    if (!begin(t))
        return CURL_WRITEFUNC_ERROR;
    bool good = is_good(t); /* begin() has a say in it */
    if (good && !is_wanted_part(t))
        return CURL_WRITEFUNC_ERROR;
    curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &declared);
    if (!kol_sink_take(&t->sink, good, declared, data, len))
        return CURL_WRITEFUNC_ERROR;
    if (good && t->request->progress)
        t->request->progress(t->sink.bytes, t->request->progress_user);
    return len;
}

static int ask_to_stop(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct transfer *t = user;

    (void)down_total, (void)down, (void)up_total, (void)up;
    return (t->request->stop && *t->request->stop) ||
           (t->request->ask_stop && t->request->ask_stop(t->request->ask_stop_user));
}

/* ---- setting up ---- */

static bool is_token(const char *s)
{
    size_t len = strlen(s);
    return len && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                            "!#$%&'*+-.^_`|~") == len;
}

static bool add_header(struct transfer *t, const char *line)
{
    struct curl_slist *list = line ? curl_slist_append(t->headers, line) : NULL;

    if (list)
        t->headers = list;
    return list != NULL;
}

/* A header with a line end would be two headers: refused, whoever made it. */
static enum kol_code set_headers(struct kol_arena *a, struct transfer *t, struct kol_err *err)
{
    const struct kol_http_request *r = t->request;
    bool ok = add_header(t, "Expect:"); /* no 100-continue round */

    if (r->header_count > MAX_HEADERS)
        return kol_fail(err, KOL_BAD_INPUT, "more than %d headers", MAX_HEADERS);
    for (size_t i = 0; i < r->header_count && ok; i++) {
        const char *name = r->headers[i].name;
        const char *value = r->headers[i].value;
        if (!is_token(name) || !is_one_line(value))
            return kol_fail(err, KOL_BAD_INPUT,
                            "header %.40s has characters that no header may have", name);
        /* "Name;" is how libcurl spells a header with an empty value. */
        ok = add_header(t, *value ? kol_arena_fmt(a, "%s: %s", name, value)
                                  : kol_arena_fmt(a, "%s;", name));
    }
    if (ok && r->resume && r->resume->from > 0 && r->resume->validator) {
        ok = add_header(t, kol_arena_fmt(a, "Range: bytes=%lld-", (long long)r->resume->from)) &&
             add_header(t, kol_arena_fmt(a, "If-Range: %s", r->resume->validator));
    }
    if (!ok)
        return kol_fail(err, KOL_NO_MEMORY, "out of memory");
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
    return KOL_OK;
}

static void set_method(CURL *c, const struct kol_http_request *r)
{
    const char *method = r->method ? r->method : "GET";

    if (r->body) {
        /* On a kept connection that breaks, libcurl would send once more by itself; when to try
         * again, and whether, is the caller's decision. */
        curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body);
    }
    if (kol_streq(method, "HEAD"))
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    else if (!kol_streq(method, r->body ? "POST" : "GET"))
        curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
}

static void set_limits(CURL *c, const struct kol_http_request *r)
{
    int64_t timeout_ms = r->timeout_ms > 0 ? r->timeout_ms : DEFAULT_TIMEOUT_MS;
    int64_t stall_ms = r->stall_ms > 0 ? r->stall_ms : DEFAULT_TIMEOUT_MS;

    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)((stall_ms + 999) / 1000));
}

/* What never differs. Source: libcurl-security(3). */
static void set_policy(CURL *c, const struct transfer *t)
{
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, t->listed ? "http,https" : "https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, ""); /* not from the environment either */
    curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "kol/" KOL_VERSION);
}

static void set_callbacks(CURL *c, struct transfer *t)
{
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->message);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, ask_to_stop);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
}

static enum kol_code set_up(struct kol_arena *a, struct transfer *t, struct kol_err *err)
{
    const struct kol_http_request *r = t->request;
    const char *text = kol_url_text(a, t->url);

    if (!text)
        return kol_fail(err, KOL_NO_MEMORY, "out of memory");
    curl_easy_reset(t->curl); /* keeps connections and the DNS cache */
    set_policy(t->curl, t);
    set_limits(t->curl, r);
    set_callbacks(t->curl, t);
    set_method(t->curl, r);
    if (r->resume_from > 0) {
        char range[40]; /* libcurl copies it */
        snprintf(range, sizeof range, "%llu-", (unsigned long long)r->resume_from);
        curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
    }
    curl_easy_setopt(t->curl, CURLOPT_URL, text);
    if (r->user) {
        curl_easy_setopt(t->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(t->curl, CURLOPT_USERNAME, r->user);
        curl_easy_setopt(t->curl, CURLOPT_PASSWORD, r->password ? r->password : "");
    }
    return set_headers(a, t, err);
}

/* ---- what came of it ---- */

static const char *header(struct kol_arena *a, CURL *c, const char *name)
{
    const char *value = peek_header(c, name);

    return value ? kol_arena_str(a, value) : NULL;
}

static enum kol_code fill_response(struct kol_arena *a, struct transfer *t, int64_t started_ms,
                                   struct kol_http_response *ret, struct kol_err *err)
{
    long status = 0;
    struct kol_http_response r = {.retry_after_ms = -1,
                                  .bytes = t->sink.bytes,
                                  .offset = t->sink.offset,
                                  .mismatched = t->mismatched};
    const char *retry_after = header(a, t->curl, "Retry-After");

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    r.status = (int)status;
    r.content_type = header(a, t->curl, "Content-Type");
    r.etag = header(a, t->curl, "ETag");
    r.location = header(a, t->curl, "Location");
    if (retry_after)
        (void)kol_time_parse_http_delta_or_date(retry_after, kol_wall_ms(), &r.retry_after_ms);
    r.body_len = t->sink.memory.len;
    r.body = kol_arena_strn(a, t->sink.memory.data, r.body_len);
    r.elapsed_ms = kol_boot_ms() - started_ms;
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "out of memory");
    *ret = r;
    return KOL_OK;
}

/* What the system says, else libcurl's own words, unless they could hold a part of the URL. */
static const char *reason(const struct transfer *t, CURLcode result)
{
    long error_number = 0;

    if (result == CURLE_COULDNT_CONNECT &&
        curl_easy_getinfo(t->curl, CURLINFO_OS_ERRNO, &error_number) == CURLE_OK && error_number)
        return strerror((int)error_number);
    return t->message[0] && !strchr(t->message, '?') ? t->message : curl_easy_strerror(result);
}

static enum kol_code classify(const struct transfer *t, CURLcode result, struct kol_err *err)
{
    switch ((int)result) {
    case CURLE_OPERATION_TIMEDOUT:
        return kol_fail(err, KOL_NET_TIMEOUT, "%s", reason(t, result));
    case CURLE_OUT_OF_MEMORY:
        return kol_fail(err, KOL_NO_MEMORY, "out of memory");
    case CURLE_ABORTED_BY_CALLBACK:
        return kol_fail(err, KOL_CANCELLED, "stopped");
    case CURLE_PARTIAL_FILE:
        return kol_fail(err, KOL_TRUNCATED, "the answer ended after %llu bytes",
                        (unsigned long long)t->sink.bytes);
    default: /* of an int: the many others are failures of the network */
        break;
    }
    if (t->blocked && !t->opened)
        return kol_fail(err, KOL_BLOCKED_ADDRESS,
                        "its address is %s; if it is yours, put the host in allow_private_hosts",
                        t->blocked);
    if (t->sink.bytes > 0) /* a reset or a broken chunk in the middle of the body */
        return kol_fail(err, KOL_TRUNCATED, "the answer broke off after %llu bytes: %s",
                        (unsigned long long)t->sink.bytes, reason(t, result));
    return kol_fail(err, KOL_NET, "%s", reason(t, result));
}

static enum kol_code perform(struct kol_arena *a, struct transfer *t, struct kol_http_response *ret,
                             struct kol_err *err)
{
    int64_t started_ms = kol_boot_ms();
    CURLcode result = curl_easy_perform(t->curl);

    if (t->sink.state == KOL_SINK_FAILED)
        return t->sink.code; /* err is filled */
    if (result != CURLE_OK && t->sink.state != KOL_SINK_FULL)
        return classify(t, result, err);
    if (!begin(t) || !kol_sink_finish(&t->sink, is_good(t)))
        return t->sink.code;
    uint64_t have = t->sink.offset + t->sink.bytes;
    if (is_good(t) && t->whole_bytes >= 0 && have != (uint64_t)t->whole_bytes)
        return kol_fail(err, KOL_TRUNCATED, "the answer ended after %llu of %lld bytes",
                        (unsigned long long)have, (long long)t->whole_bytes);
    return fill_response(a, t, started_ms, ret, err);
}

static enum kol_code send_to(struct kol_arena *a, struct kol_http *h,
                             const struct kol_http_request *request, const struct kol_url *url,
                             struct kol_http_response *ret, struct kol_err *err)
{
    struct transfer t = {.curl = h->curl, .request = request, .url = url};

    enum kol_code code = kol_guard_url(h->conf, url, err);
    if (code != KOL_OK)
        return code;
    t.listed = kol_guard_is_listed(h->conf, url->host, url->port);
    kol_sink_init(&t.sink, request, err);
    code = set_up(a, &t, err);
    if (code == KOL_OK)
        code = perform(a, &t, ret, err);
    if (code != KOL_OK)
        kol_err_prefix(err, "%s %s", request->method ? request->method : "GET",
                       kol_url_place(a, url));

    curl_easy_reset(h->curl); /* it points into t */
    curl_slist_free_all(t.headers);
    kol_sink_done(&t.sink);
    return code;
}

enum kol_code kol_http_send(struct kol_arena *a, struct kol_http *h,
                            const struct kol_http_request *request, struct kol_http_response *ret,
                            struct kol_err *err)
{
    struct kol_err unused;
    struct kol_url url;

    err = err ? err : &unused;
    enum kol_code code = kol_url_parse(a, request->url, &url, err);
    if (code != KOL_OK)
        return code;
    return send_to(a, h, request, &url, ret, err);
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool may_follow(const struct kol_http_request *request, const struct kol_url *first,
                       const struct kol_url *target)
{
    return !request->redirect_hosts || kol_url_same_origin(first, target) ||
           kol_guard_in_list(request->redirect_hosts, target->host, target->port);
}

enum kol_code kol_http_get_following(struct kol_arena *a, struct kol_http *h,
                                     const struct kol_http_request *request,
                                     struct kol_http_response *ret, struct kol_err *err)
{
    struct kol_http_request hop = *request;
    struct kol_url url = {0};
    struct kol_url target;
    struct kol_err unused;

    err = err ? err : &unused;
    enum kol_code code = kol_url_parse(a, request->url, &url, err);
    const struct kol_url first = url;
    for (int redirects = 0; code == KOL_OK; redirects++) {
        code = send_to(a, h, &hop, &url, ret, err);
        if (code != KOL_OK || !is_redirect(ret->status) || redirects == MAX_REDIRECTS)
            return code;
        if (!ret->location || kol_url_resolve(a, &url, ret->location, &target, err) != KOL_OK)
            return KOL_OK; /* the 3xx stands as the answer */
        if (!may_follow(request, &first, &target)) {
            ret->refused_host = target.host;
            return KOL_OK;
        }
        if (!kol_url_same_origin(&url, &target)) {
            /* Neither password nor token of ours is for that place, nor for where it sends us. */
            hop.user = hop.password = NULL;
            hop.header_count = 0;
        }
        url = target;
    }
    return code;
}
