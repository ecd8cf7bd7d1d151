/*
 * url.h - a strict reader of http and https URLs.
 *
 * Strict, because two readers that disagree about one URL are how a guard is passed: what is not
 * plainly right is refused, and libcurl gets the text that kol_url_text() makes, not the one given.
 * Used by: http.c, and by whoever stores a URL. Threading: pure functions.
 * Source: RFC 3986, with the host rules of RFC 1123.
 */
#ifndef KOL_NET_URL_H
#define KOL_NET_URL_H

#include "base/arena.h"
#include "base/err.h"

#define KOL_URL_MAX 8192

struct kol_url {
    bool https;
    bool ip;           /* host is an address, not a name */
    const char *host;  /* lower case; an IPv6 address without brackets */
    int port;          /* explicit or of the scheme */
    const char *path;  /* starts with "/"; percent escapes as given */
    const char *query; /* without "?"; NULL when there is none */
};

/*
 * Reads scheme://host[:port][/path][?query].
 *
 * Refused: other schemes, user names, fragments, blanks, control and non-ASCII characters (write
 * names as xn--), a trailing dot, numbers that are no dotted quad (0177.1, 2130706433, 0x7f.1).
 *   ret   lives as long as a
 * Errors: BAD_INPUT (the message holds no query), NO_MEMORY.
 */
enum kol_code kol_url_parse(struct kol_arena *a, const char *text, struct kol_url *ret,
                            struct kol_err *err) KOL_MUST_CHECK;

/* The target of a Location header, relative or not; its fragment is dropped. Errors: as above. */
enum kol_code kol_url_resolve(struct kol_arena *a, const struct kol_url *base, const char *location,
                              struct kol_url *ret, struct kol_err *err) KOL_MUST_CHECK;

/* The URL as text, for the wire. NULL when out of memory. */
const char *kol_url_text(struct kol_arena *a, const struct kol_url *url);
/* "host/path" for logs and messages: no query, which is often a signature. Never NULL. */
const char *kol_url_place(struct kol_arena *a, const struct kol_url *url);
/* Same scheme, host and port: who may see credentials. */
bool kol_url_same_origin(const struct kol_url *a, const struct kol_url *b);

#endif
