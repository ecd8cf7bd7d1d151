/*
 * signature.h - did Twilio send this? X-Twilio-Signature in all its forms.
 *
 * Used by: intake. Knows: how Twilio signs. Does not know: what the request asks for.
 * Everything is taken as raw bytes: nothing is re-encoded, trimmed or sorted by locale.
 * HMAC-SHA1 is Twilio's choice, not ours. Threading: pure functions.
 * Source: docs/twilio.md, "Signatures"; vectors in test_signature.c.
 */
#ifndef KOL_TWILIO_SIGNATURE_H
#define KOL_TWILIO_SIGNATURE_H

#include "base/str.h"
#include "twilio/params.h"

struct kol_signed_request {
    const char *url; /* the public one as configured, with the raw target: see kol_public_url() */
    bool
        is_form; /* POST of a form: form is signed, body is not looked at; also GET, without form */
    struct kol_params form;
    const void *body; /* of any other POST: bound by bodySHA256 in the URL; NULL when none */
    size_t body_len;
    const char *signature; /* the header's value; NULL when it was not sent */
};

enum kol_signature {
    KOL_SIGNATURE_OK,
    KOL_SIGNATURE_NO_TOKEN,  /* nothing configured to check with */
    KOL_SIGNATURE_MISSING,   /* no header */
    KOL_SIGNATURE_WRONG,     /* for every token, with and without a port */
    KOL_SIGNATURE_NO_HASH,   /* a body that the signature does not cover */
    KOL_SIGNATURE_WRONG_HASH /* the body is not the one that was signed */
};
const char *kol_signature_text(enum kol_signature s); /* for people */

/*
 * Checks against each token (NULL and "" are skipped): the current and, during a rotation, the
 * other one. The time taken does not tell which byte was wrong.
 */
enum kol_signature kol_signature_check(const struct kol_signed_request *r,
                                       const char *const *tokens, size_t token_count);

/* What Twilio would send with a form: the signature of url, exactly as it stands, and form. Errors:
 * NO_MEMORY. */
#define KOL_SIGNATURE_TEXT 32
enum kol_code kol_signature_make(const char *token, const char *url, const struct kol_params *form,
                                 char ret[static KOL_SIGNATURE_TEXT],
                                 struct kol_err *err) KOL_MUST_CHECK;

/*
 * The URL that Twilio was told: public_url from the configuration and the request target as it
 * stood in the request line. Headers such as Host or X-Forwarded-Proto have no say.
 * Errors: BAD_INPUT (target is no path), BAD_CONFIG (public_url is empty), NO_MEMORY.
 */
enum kol_code kol_public_url(struct kol_arena *a, const char *public_url, const char *target,
                             const char **ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Twilio is inconsistent about ports: the same URL with its port (443 or 80 when it names none) and
 * without any. User and password stay. ret is cleared on failure; false when url has no
 * "scheme://host".
 */
bool kol_signed_url_with_port(const char *url, struct kol_str *ret);
bool kol_signed_url_without_port(const char *url, struct kol_str *ret);

#endif
