/* url.c - see url.h. */
#include "net/url.h"
#include "base/str.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"

enum { MAX_NAME = 253, MAX_LABEL = 63 };

static enum kol_code bad(struct kol_err *err, const char *what)
{
    return kol_fail(err, KOL_BAD_INPUT, "url: %s", what);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Only what RFC 3986 lets stand in a URL; percent signs begin an escape. */
static bool only_url_characters(const char *s)
{
    for (; *s; s++) {
        if (*s == '%' && (!is_hex(s[1]) || !is_hex(s[2])))
            return false;
        if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f || strchr("\"<>\\^`{|}", *s))
            return false;
    }
    return true;
}

/* ---- host ---- */

/* Names whose last part is a number are addresses to some readers: such a host must be one. */
static bool looks_numeric(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *last = dot ? dot + 1 : host;

    return strspn(last, DIGITS) == strlen(last) ||
           (kol_starts_with(last, "0x") && strspn(last + 2, DIGITS "abcdef") == strlen(last + 2));
}

static bool is_name(const char *host)
{
    if (strlen(host) > MAX_NAME)
        return false;
    for (const char *label = host;;) {
        size_t len = strcspn(label, ".");
        if (len == 0 || len > MAX_LABEL || label[0] == '-' || label[len - 1] == '-')
            return false;
        if (strspn(label, LETTERS DIGITS "-_") != len)
            return false;
        if (!label[len])
            return true;
        label += len + 1;
    }
}

static enum kol_code parse_v6(struct kol_arena *a, const char *text, size_t len,
                              struct kol_url *url, struct kol_err *err)
{
    struct in6_addr address;
    char canonical[INET6_ADDRSTRLEN];
    const char *host = kol_arena_strn(a, text, len);

    if (!host || inet_pton(AF_INET6, host, &address) != 1)
        return bad(err, "what stands in [ ] is no IPv6 address");
    inet_ntop(AF_INET6, &address, canonical, sizeof canonical);
    url->host = kol_arena_str(a, canonical);
    url->ip = true;
    return KOL_OK;
}

static enum kol_code parse_name_or_v4(struct kol_arena *a, const char *text, size_t len,
                                      struct kol_url *url, struct kol_err *err)
{
    struct in_addr address;
    char *host = kol_arena_strn(a, text, len);

    if (!host)
        return kol_fail(err, KOL_NO_MEMORY, "url: out of memory");
    for (char *p = host; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p | 32);
    url->host = host;
    url->ip = inet_pton(AF_INET, host, &address) == 1;
    if (url->ip)
        return KOL_OK;
    if (len == 0)
        return bad(err, "the host is missing");
    if (host[len - 1] == '.')
        return bad(err, "the host ends in a dot; leave it out");
    if (!is_name(host))
        return bad(err, "the host is no name of letters, digits and hyphens");
    if (looks_numeric(host))
        return bad(err, "the host is a number but no address of four decimal parts");
    return KOL_OK;
}

/* ":8080" or "" */
static enum kol_code parse_port(const char *text, size_t len, struct kol_url *url,
                                struct kol_err *err)
{
    int port = 0;

    url->port = url->https ? 443 : 80;
    if (len == 0)
        return KOL_OK;
    for (size_t i = 1; i < len && port <= 65535; i++) {
        if (text[i] < '0' || text[i] > '9')
            return bad(err, "the port is no number");
        port = port * 10 + (text[i] - '0');
    }
    if (text[0] != ':' || len < 2 || text[1] == '0' || port > 65535)
        return bad(err, "the port must be from 1 to 65535");
    url->port = port;
    return KOL_OK;
}

static enum kol_code parse_authority(struct kol_arena *a, const char *text, size_t len,
                                     struct kol_url *url, struct kol_err *err)
{
    const char *end = text + len;
    enum kol_code code = KOL_OK;
    const char *rest = NULL;

    if (memchr(text, '@', len))
        return bad(err, "a user name in a URL is not allowed");
    if (len && *text == '[') {
        const char *close = memchr(text, ']', len);
        if (!close)
            return bad(err, "[ without ]");
        code = parse_v6(a, text + 1, (size_t)(close - text - 1), url, err);
        rest = close + 1;
    } else {
        rest = memchr(text, ':', len);
        rest = rest ? rest : end;
        code = parse_name_or_v4(a, text, (size_t)(rest - text), url, err);
    }
    return code == KOL_OK ? parse_port(rest, (size_t)(end - rest), url, err) : code;
}

/* ---- the whole ---- */

enum kol_code kol_url_parse(struct kol_arena *a, const char *text, struct kol_url *ret,
                            struct kol_err *err)
{
    struct kol_url url = {0};

    if (strnlen(text, KOL_URL_MAX + 1) > KOL_URL_MAX)
        return bad(err, "longer than 8192 characters");
    if (!only_url_characters(text))
        return bad(err, "blanks and other than plain ASCII characters must be escaped");
    if (strchr(text, '#'))
        return bad(err, "a fragment (#...) is not allowed");

    url.https = strncasecmp(text, "https://", 8) == 0;
    if (!url.https && strncasecmp(text, "http://", 7) != 0)
        return bad(err, "it must start with https://");
    const char *authority = strchr(text, '/') + 2;
    size_t len = strcspn(authority, "/?");
    enum kol_code code = parse_authority(a, authority, len, &url, err);
    if (code != KOL_OK)
        return code;

    const char *path = authority + len;
    size_t path_len = strcspn(path, "?");
    url.path = path_len ? kol_arena_strn(a, path, path_len) : "/";
    url.query = path[path_len] ? kol_arena_str(a, path + path_len + 1) : NULL;
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "url: out of memory");
    *ret = url;
    return KOL_OK;
}

static const char *authority_text(struct kol_arena *a, const struct kol_url *url)
{
    bool v6 = strchr(url->host, ':') != NULL;
    bool usual = url->port == (url->https ? 443 : 80);
    const char *host = v6 ? kol_arena_fmt(a, "[%s]", url->host) : url->host;

    return usual || !host ? host : kol_arena_fmt(a, "%s:%d", host, url->port);
}

const char *kol_url_text(struct kol_arena *a, const struct kol_url *url)
{
    const char *authority = authority_text(a, url);

    if (!authority)
        return NULL;
    return kol_arena_fmt(a, "%s://%s%s%s%s", url->https ? "https" : "http", authority, url->path,
                         url->query ? "?" : "", url->query ? url->query : "");
}

const char *kol_url_place(struct kol_arena *a, const struct kol_url *url)
{
    const char *authority = authority_text(a, url);
    const char *place = authority ? kol_arena_fmt(a, "%s%.120s", authority, url->path) : NULL;

    return place ? place : "url";
}

bool kol_url_same_origin(const struct kol_url *a, const struct kol_url *b)
{
    return a->https == b->https && a->port == b->port && kol_streq(a->host, b->host);
}

/* ---- redirects ---- */

/* "../b" seen from "/x/y/a" -> "/x/b". Source: RFC 3986 section 5.2.4. */
static const char *without_dots(struct kol_arena *a, const char *path)
{
    char *out = kol_arena_alloc(a, strlen(path) + 2);
    size_t len = 0;

    while (out && *path) {
        size_t step = 1 + strcspn(path + 1, "/"); /* "/segment" */
        bool last = !path[step];
        if (step == 2 && path[1] == '.') {
            if (last)
                out[len++] = '/';
        } else if (step == 3 && path[1] == '.' && path[2] == '.') {
            while (len && out[--len] != '/')
                ;
            if (last)
                out[len++] = '/';
        } else {
            memcpy(out + len, path, step);
            len += step;
        }
        path += step;
    }
    if (out)
        out[len] = '\0';
    return out;
}

/* The path and query that location means beside base, as one text that starts with "/". */
static const char *join(struct kol_arena *a, const struct kol_url *base, const char *location)
{
    size_t path_len = strcspn(location, "?");
    const char *query = location + path_len;
    const char *slash = strrchr(base->path, '/');
    const char *path = NULL;

    if (location[0] == '/')
        path = kol_arena_strn(a, location, path_len);
    else if (path_len == 0)
        path = base->path;
    else
        path = kol_arena_fmt(a, "%.*s%.*s", (int)(slash - base->path + 1), base->path,
                             (int)path_len, location);
    path = path ? without_dots(a, path) : NULL;
    return path ? kol_arena_fmt(a, "%s%s", path, query) : NULL;
}

static bool has_scheme(const char *s)
{
    size_t len = strcspn(s, ":/?");
    return len > 0 && s[len] == ':';
}

enum kol_code kol_url_resolve(struct kol_arena *a, const struct kol_url *base, const char *location,
                              struct kol_url *ret, struct kol_err *err)
{
    const char *plain = kol_arena_strn(a, location, strcspn(location, "#"));
    const char *scheme = base->https ? "https" : "http";
    const char *authority = authority_text(a, base);
    const char *text = NULL;

    if (!plain || !authority)
        return kol_fail(err, KOL_NO_MEMORY, "url: out of memory");
    if (!only_url_characters(plain) || strlen(plain) > KOL_URL_MAX)
        return bad(err, "the redirect's target is no URL");
    if (has_scheme(plain)) {
        text = plain;
    } else if (kol_starts_with(plain, "//")) {
        text = kol_arena_fmt(a, "%s:%s", scheme, plain);
    } else {
        const char *rest = join(a, base, plain);
        text = rest ? kol_arena_fmt(a, "%s://%s%s", scheme, authority, rest) : NULL;
    }
    if (!text)
        return kol_fail(err, KOL_NO_MEMORY, "url: out of memory");
    return kol_url_parse(a, text, ret, err);
}
