/* signature.c - see signature.h. */
#include "twilio/signature.h"
#include "base/crypto.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const texts[] = {
    [KOL_SIGNATURE_OK] = "signature is right",
    [KOL_SIGNATURE_NO_TOKEN] = "no twilio_auth_token is configured, so no callback can be believed",
    [KOL_SIGNATURE_MISSING] = "X-Twilio-Signature is missing",
    [KOL_SIGNATURE_WRONG] =
        "X-Twilio-Signature does not fit this URL, these parameters and this account's token",
    [KOL_SIGNATURE_NO_HASH] = "a body that is not form-encoded needs bodySHA256 in its URL",
    [KOL_SIGNATURE_WRONG_HASH] = "the body is not the one of bodySHA256",
};

const char *kol_signature_text(enum kol_signature s)
{
    return texts[s];
}

/* ---- URLs ---- */

enum kol_code kol_public_url(struct kol_arena *a, const char *public_url, const char *target,
                             const char **ret, struct kol_err *err)
{
    if (kol_str_empty(public_url))
        return kol_fail(err, KOL_BAD_CONFIG, "public_url is not configured");
    if (kol_str_empty(target) || *target != '/')
        return kol_fail(err, KOL_BAD_INPUT, "the request target is no path");

    size_t base = strlen(public_url);
    while (base && public_url[base - 1] == '/')
        base--;
    size_t path =
        strcspn(target, "#"); /* a fragment is never signed, and never sent by an honest client */
    if (strcspn(target, "?") + 1 == path) /* an empty query is none, as in Twilio's own libraries */
        path--;
    *ret = kol_arena_fmt(a, "%.*s%.*s", (int)base, public_url, (int)path, target);
    return *ret ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "check a signature: out of memory");
}

/* Where the host ends, the port stands (with its colon) and the rest begins; all offsets. */
struct url_parts {
    size_t scheme_len;
    size_t host_end; /* after the host, brackets included */
    size_t rest;     /* path, query: after the port */
};

static bool split_url(const char *url, struct url_parts *ret)
{
    const char *mark = strstr(url, "://");
    if (!mark)
        return false;

    const char *authority = mark + 3;
    const char *end = authority + strcspn(authority, "/?#");
    const char *host = authority;
    for (const char *p = authority; p < end; p++)
        if (*p == '@')
            host = p + 1; /* the last one: a password may hold others */
    const char *bracket = *host == '[' ? memchr(host, ']', (size_t)(end - host)) : NULL;
    const char *colon =
        memchr(bracket ? bracket : host, ':', (size_t)(end - (bracket ? bracket : host)));

    *ret = (struct url_parts){
        .scheme_len = (size_t)(mark - url),
        .host_end = (size_t)((colon ? colon : end) - url),
        .rest = (size_t)(end - url),
    };
    return true;
}

bool kol_signed_url_with_port(const char *url, struct kol_str *ret)
{
    struct url_parts p;

    kol_str_clear(ret);
    if (!split_url(url, &p))
        return false;
    if (p.host_end == p.rest) { /* names no port */
        bool http = p.scheme_len == 4 && strncasecmp(url, "http", 4) == 0;
        kol_str_add_bytes(ret, url, p.host_end);
        kol_str_add(ret, http ? ":80" : ":443");
        kol_str_add(ret, url + p.rest);
    } else {
        kol_str_add(ret, url);
    }
    return !kol_str_failed(ret);
}

bool kol_signed_url_without_port(const char *url, struct kol_str *ret)
{
    struct url_parts p;

    kol_str_clear(ret);
    if (!split_url(url, &p))
        return false;
    kol_str_add_bytes(ret, url, p.host_end);
    kol_str_add(ret, url + p.rest);
    return !kol_str_failed(ret);
}

/* ---- what is signed ---- */

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t shorter = a_len < b_len ? a_len : b_len;
    int order = shorter ? memcmp(a, b, shorter) : 0;

    if (order)
        return order;
    return a_len < b_len ? -1 : a_len > b_len;
}

/* Byte order of names, then of the values of one name. */
static int compare_params(const void *left, const void *right)
{
    const struct kol_param *a = left, *b = right;
    int order = compare_bytes(a->name, a->name_len, b->name, b->name_len);

    return order ? order : compare_bytes(a->value, a->value_len, b->value, b->value_len);
}

/* Names and values without separators; a pair that stands there twice counts once. */
static bool add_form(struct kol_str *text, const struct kol_params *form)
{
    struct kol_param *sorted = calloc(form->count + 1, sizeof *sorted);
    if (!sorted)
        return false;
    if (form->count)
        memcpy(sorted, form->items, form->count * sizeof *sorted);
    qsort(sorted, form->count, sizeof *sorted, compare_params);

    for (size_t i = 0; i < form->count; i++) {
        if (i && compare_params(&sorted[i - 1], &sorted[i]) == 0)
            continue;
        kol_str_add_bytes(text, sorted[i].name, sorted[i].name_len);
        kol_str_add_bytes(text, sorted[i].value, sorted[i].value_len);
    }
    free(sorted);
    return !kol_str_failed(text);
}

static bool make_signature(const char *token, const struct kol_str *url, const struct kol_str *form,
                           char ret[static KOL_SIGNATURE_TEXT])
{
    uint8_t mac[KOL_SHA1_BYTES];
    KOL_STR text;

    kol_str_init(&text, url->len + form->len);
    kol_str_add_bytes(&text, url->data, url->len);
    kol_str_add_bytes(&text, form->data, form->len);
    if (kol_str_failed(&text))
        return false;
    kol_hmac_sha1(token, strlen(token), text.data, text.len, mac);
    kol_base64(mac, sizeof mac, ret);
    return true;
}

static bool signature_fits(const char *token, const struct kol_str *url, const struct kol_str *form,
                           const char *signature)
{
    char right[KOL_SIGNATURE_TEXT];

    return make_signature(token, url, form, right) &&
           kol_equal_secret(right, strlen(right), signature, strlen(signature));
}

enum kol_code kol_signature_make(const char *token, const char *url, const struct kol_params *form,
                                 char ret[static KOL_SIGNATURE_TEXT], struct kol_err *err)
{
    KOL_STR text, params;

    kol_str_init(&text, strlen(url));
    kol_str_init(&params, 2 * KOL_PARAMS_MAX_BYTES);
    kol_str_add(&text, url);
    if (!add_form(&params, form) || !make_signature(token, &text, &params, ret))
        return kol_fail(err, KOL_NO_MEMORY, "sign: out of memory");
    return KOL_OK;
}

/* ---- bodies that are not forms ---- */

/* The first bodySHA256 of the query that is not empty, decoded, as Twilio's own libraries read it;
 * NULL when there is none. */
static const char *body_hash(struct kol_arena *a, const char *url, size_t *ret_len)
{
    const char *query = strchr(url, '?');
    struct kol_params p;

    if (!query || kol_params_parse(a, query + 1, strcspn(query + 1, "#"), &p, NULL) != KOL_OK)
        return NULL;
    for (size_t i = 0; i < p.count; i++) {
        if (!kol_streq(p.items[i].name, "bodySHA256") || p.items[i].value_len == 0)
            continue;
        *ret_len = p.items[i].value_len;
        return p.items[i].value;
    }
    return NULL;
}

static enum kol_signature check_body(const struct kol_signed_request *r)
{
    KOL_ARENA a = kol_arena_new(0);
    size_t len = 0;
    const char *given = a ? body_hash(a, r->url, &len) : NULL;
    char real[65];

    if (!given)
        return r->body_len ? KOL_SIGNATURE_NO_HASH : KOL_SIGNATURE_OK;
    kol_sha256_hex(r->body_len ? r->body : "", r->body_len, real);
    return kol_equal_secret(real, 64, given, len) ? KOL_SIGNATURE_OK : KOL_SIGNATURE_WRONG_HASH;
}

/* Every token and both forms of the URL are tried, whatever the first gave. */
static bool any_fits(const struct kol_signed_request *r, const char *const *tokens,
                     size_t token_count, bool *ret_had_token)
{
    size_t url_max = strlen(r->url) + sizeof ":443";
    KOL_STR with, without, form;
    bool fits = false;

    kol_str_init(&with, url_max);
    kol_str_init(&without, url_max);
    kol_str_init(&form, 2 * KOL_PARAMS_MAX_BYTES);
    bool ready = kol_signed_url_with_port(r->url, &with) &&
                 kol_signed_url_without_port(r->url, &without) &&
                 (!r->is_form || add_form(&form, &r->form));

    for (size_t i = 0; i < token_count; i++) {
        if (kol_str_empty(tokens[i]))
            continue;
        *ret_had_token = true;
        if (ready && r->signature) {
            fits |= signature_fits(tokens[i], &with, &form, r->signature);
            fits |= signature_fits(tokens[i], &without, &form, r->signature);
        }
    }
    return fits;
}

enum kol_signature kol_signature_check(const struct kol_signed_request *r,
                                       const char *const *tokens, size_t token_count)
{
    bool had_token = false;
    bool fits = any_fits(r, tokens, token_count, &had_token);

    if (!had_token)
        return KOL_SIGNATURE_NO_TOKEN;
    if (kol_str_empty(r->signature))
        return KOL_SIGNATURE_MISSING;
    if (!fits)
        return KOL_SIGNATURE_WRONG;
    return r->is_form ? KOL_SIGNATURE_OK : check_body(r);
}
