/* verify.c - see verify.h. */
#include "intake/verify.h"
#include "base/ids.h"
#include "base/str.h"
#include "intake/callback_url.h"
#include "twilio/account.h"
#include "twilio/signature.h"
#include <string.h>
#include <strings.h>

/* Connections are borrowed only for accounts with a row and for URLs with a token. */
struct reader {
    struct kol_writer *writer;
    struct kol_db *db;
};

static void give_back(struct reader *r)
{
    if (r->db)
        kol_reader_return(r->writer, r->db);
}

static enum kol_code borrow(struct reader *r, struct kol_err *err)
{
    if (!r->db && r->writer) {
        r->db = kol_reader_borrow(r->writer, err);
        if (!r->db)
            return err->code;
    }
    return KOL_OK;
}

bool kol_intake_is_form(const char *content_type)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const size_t len = sizeof form - 1;

    return content_type && strncasecmp(content_type, form, len) == 0 &&
           strchr("; \t", content_type[len]); /* strchr also finds the end */
}

enum kol_code kol_intake_read_params(struct kol_arena *a, const struct kol_intake_request *r,
                                     struct kol_params *ret, struct kol_err *err)
{
    const char *query = strchr(r->target, '?');

    if (kol_streq(r->method, "GET"))
        return kol_params_parse(a, query ? query + 1 : "", query ? strcspn(query + 1, "#") : 0, ret,
                                err);
    if (kol_intake_is_form(r->content_type))
        return kol_params_parse(a, r->body, r->body_len, ret, err);
    *ret = (struct kol_params){0};
    return KOL_OK;
}

/* ---- whose tokens? ---- */

/* NULL when there is none, or nothing that an account could have. */
static const char *account_of(const struct kol_params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        const struct kol_param *p = &params->items[i];
        if (kol_streq(p->name, "AccountSid"))
            return strlen(p->value) == p->value_len && kol_sid_valid(p->value, "AC") ? p->value
                                                                                     : NULL;
    }
    return NULL;
}

static enum kol_code has_accounts(const struct kol_conf *conf, struct reader *r, bool *ret,
                                  struct kol_err *err)
{
    int64_t count = 0;

    *ret = !kol_str_empty(conf->twilio_account_sid);
    if (*ret)
        return KOL_OK;
    enum kol_code code = borrow(r, err);
    if (code == KOL_OK && r->db)
        code = kol_account_count(r->db, &count, err);
    *ret = count > 0;
    return code;
}

/* Nobody's tokens fit: is nothing configured at all, or is this just not one of our accounts? */
static enum kol_code no_tokens(const struct kol_conf *conf, struct reader *r,
                               const char *account_sid, struct kol_err *err)
{
    bool any = false;
    enum kol_code code = has_accounts(conf, r, &any, err);

    if (code != KOL_OK)
        return code;
    if (!any)
        return kol_fail(err, KOL_BAD_CONFIG,
                        "no account is configured: set twilio_account_sid and twilio_auth_token");
    return kol_fail(err, KOL_FORBIDDEN,
                    account_sid ? "AccountSid is not an account of this server"
                                : "AccountSid is missing");
}

static enum kol_code find_tokens(const struct kol_conf *conf, struct reader *r,
                                 const char *account_sid, struct kol_tokens *ret,
                                 struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    if (account_sid && !kol_account_is_settings(conf, account_sid)) {
        code = borrow(r, err);
        if (code == KOL_OK)
            code = kol_account_tokens(r->db, conf, account_sid, ret, err);
        return code == KOL_FORBIDDEN ? no_tokens(conf, r, account_sid, err) : code;
    }
    /* What names no account is checked, and refused, with the token of the settings. */
    if (!account_sid && kol_str_empty(conf->twilio_auth_token))
        return no_tokens(conf, r, NULL, err);
    return kol_account_tokens(NULL, conf, conf->twilio_account_sid, ret, err);
}

/* ---- the signature ---- */

static enum kol_code check_signature(struct kol_arena *a, const struct kol_conf *conf,
                                     const struct kol_intake_request *r,
                                     const struct kol_params *form, const struct kol_tokens *tokens,
                                     struct kol_err *err)
{
    const char *const list[] = {tokens->token[0], tokens->token[1]};
    struct kol_signed_request s = {.signature = r->signature};

    enum kol_code code = kol_public_url(a, conf->public_url, r->target, &s.url, err);
    if (code != KOL_OK)
        return code;
    if (kol_streq(r->method, "GET")) {
        s.is_form = true; /* the URL is all there is */
    } else if (kol_intake_is_form(r->content_type)) {
        s.is_form = true;
        s.form = *form;
    } else {
        s.body = r->body;
        s.body_len = r->body_len;
    }

    enum kol_signature found = kol_signature_check(&s, list, KOL_COUNT(list));
    switch (found) {
    case KOL_SIGNATURE_OK:
        return KOL_OK;
    case KOL_SIGNATURE_NO_TOKEN:
        return kol_fail(err, KOL_BAD_CONFIG, "%s", kol_signature_text(found));
    case KOL_SIGNATURE_MISSING:
        return kol_fail(err, KOL_BAD_INPUT, "%s", kol_signature_text(found));
    case KOL_SIGNATURE_WRONG:
    case KOL_SIGNATURE_NO_HASH:
    case KOL_SIGNATURE_WRONG_HASH:
        break;
    }
    return kol_fail(err, KOL_FORBIDDEN, "%s", kol_signature_text(found));
}

/* ---- the token of the URL ---- */

static enum kol_code check_token(const struct kol_intake_request *request, struct reader *r,
                                 const char *account_sid, int64_t *ret_business_id,
                                 struct kol_err *err)
{
    char secret[KOL_CALLBACK_SECRET] = "";
    const char *token = NULL;
    size_t len = 0;
    enum kol_code code = kol_callback_token_find(request->target, &token, &len, err);

    if (code != KOL_OK || !token)
        return code;
    code = borrow(r, err);
    if (code == KOL_OK && r->db)
        code = kol_callback_secret(r->db, secret, err);
    if (code == KOL_OK)
        code = kol_callback_token_read(secret, token, len, account_sid ? account_sid : "",
                                       ret_business_id, err);
    return code;
}

enum kol_code kol_intake_verify(struct kol_arena *a, const struct kol_conf *conf,
                                const struct kol_intake_request *request,
                                const struct kol_params *params, int64_t *ret_business_id,
                                struct kol_err *err)
{
    __attribute__((cleanup(give_back))) struct reader r = {.writer = request->writer};
    KOL_TOKENS tokens;
    const char *account_sid = account_of(params);
    enum kol_code code = find_tokens(conf, &r, account_sid, &tokens, err);

    *ret_business_id = 0;
    if (code == KOL_OK)
        code = check_signature(a, conf, request, params, &tokens, err);
    if (code == KOL_OK)
        code = check_token(request, &r, account_sid, ret_business_id, err);
    return code;
}
