/*
 * credentials.h - who somebody says to be: the text of keys, cookies, origins and signed links.
 *
 * Used by: auth.c, login.c, media.c. Knows: headers and formats. Does not know: the database.
 * Threading: pure functions.
 */
#ifndef KOL_SERVE_CREDENTIALS_H
#define KOL_SERVE_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "Bearer <token>" (RFC 6750): copies the token. False when it is of another kind or does not fit.
 */
bool kol_bearer_read(const char *header, char *ret, size_t size);

/* The value of one cookie of a Cookie header, as it stands there. False: absent or does not fit. */
bool kol_cookie_read(const char *header, const char *name, char *ret, size_t size);

/* Scheme and authority of a URL or an Origin header: "https://a.example:8443/x" -> 27 characters.
 * 0 when it has none. */
size_t kol_origin_len(const char *url);
/* Are both of the same origin? Compares scheme and authority without case; NULL is nobody's. */
bool kol_same_origin(const char *a, const char *b);

/*
 * What a browser says of where an unsafe request came from; members are NULL when the header was
 * not sent. Source: Fetch Metadata, RFC 6454. A page of another site can forge none of the first
 * two, and cannot send the third without a preflight, which we refuse.
 */
struct kol_provenance {
    const char *sec_fetch_site;
    const char *origin;
    const char *csrf;       /* X-Kol-Csrf: any value */
    const char *host;       /* what the browser thinks we are, unless a proxy changed it */
    const char *public_url; /* of the configuration */
};
/* May a request that carries a cookie change something? */
bool kol_csrf_ok(const struct kol_provenance *from);

/* A path of our own to go to after the login: "/calls/CA…", never "//elsewhere" or "/\elsewhere".
 */
bool kol_local_path(const char *path);

#define KOL_LINK_SIG 44 /* base64url of 32 bytes, with NUL */
/* The signature of a link to one call's file, until expires_at_s (Unix seconds), GET and HEAD only.
 */
void kol_link_sign(const char *secret, int64_t business_id, const char *call_sid,
                   int64_t expires_at_s, char ret[static KOL_LINK_SIG]);

enum kol_link { KOL_LINK_GOOD, KOL_LINK_EXPIRED, KOL_LINK_FORGED };
enum kol_link kol_link_check(const char *secret, int64_t business_id, const char *call_sid,
                             const char *exp, const char *sig, int64_t now_s);

#endif
