#include "intake/self_test.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/str.h"
#include "twilio/account.h"
#include "twilio/params.h"
#include "twilio/signature.h"

#include <string.h>

/* A blank, an apostrophe, a plus, capitals and a name twice: what is decoded, sorted or cleaned on
 * the way does not arrive like this. */
#define QUERY "?check=a%20b'%2B&Check=2&check=%7E"

enum { NONCE_CHARS = 32, PROOF_CHARS = 64, WINDOW_MS = 10 * 60 * 1000 };

/* ---- the proof ---- */

static void make_proof(const char *token, const char *nonce, const char *at,
                       char ret[static PROOF_CHARS + 1])
{
    uint8_t mac[KOL_SHA256_BYTES];
    char text[128];
    const int len = snprintf(text, sizeof(text), "kol self-test 1\n%.40s\n%.20s", nonce, at);

    kol_hmac_sha256(token, strlen(token), text, (size_t)len, mac);
    kol_hex(mac, sizeof(mac), ret);
}

static bool proof_fits(const struct kol_tokens *tokens, const char *nonce, const char *at,
                       const char *proof)
{
    bool fits = false;

    for (size_t i = 0; i < KOL_COUNT(tokens->token); i++) {
        char right[PROOF_CHARS + 1];

        if (!*tokens->token[i])
            continue;
        make_proof(tokens->token[i], nonce, at, right);
        fits |= kol_equal_secret(right, PROOF_CHARS, proof, strlen(proof));
    }
    return fits;
}

/* ---- making one ---- */

enum kol_code kol_self_test_make(struct kol_arena *a, const struct kol_conf *conf,
                                 const char *account_sid, const char *token, int64_t now_ms,
                                 struct kol_self_test *ret, struct kol_err *err)
{
    char nonce[NONCE_CHARS + 4], proof[PROOF_CHARS + 1], signature[KOL_SIGNATURE_TEXT];
    struct kol_params form;
    const char *at = kol_arena_fmt(a, "%lld", (long long)now_ms);
    enum kol_code code =
        kol_public_url(a, conf->public_url, KOL_SELF_TEST_PATH QUERY, &ret->url, err);

    if (code != KOL_OK)
        return code;
    kol_random_token(NONCE_CHARS * 3 / 4, nonce);
    make_proof(token, nonce, at ? at : "", proof);
    ret->body = kol_arena_fmt(a,
                              "AccountSid=%s&Proof=%s&SelfTest=%s&Timestamp=%s&Words=a+%%2B+b"
                              "%%0D%%0A%%D7%%A9%%D7%%9C%%D7%%95%%D7%%9D",
                              account_sid, proof, nonce, at);
    if (!ret->body)
        return kol_fail(err, KOL_NO_MEMORY, "self-test: out of memory");
    code = kol_params_parse(a, ret->body, strlen(ret->body), &form, err);
    if (code == KOL_OK)
        code = kol_signature_make(token, ret->url, &form, signature, err);
    if (code != KOL_OK)
        return code;
    ret->signature = kol_arena_str(a, signature);
    ret->nonce = kol_arena_str(a, nonce);
    return ret->signature && ret->nonce ? KOL_OK
                                        : kol_fail(err, KOL_NO_MEMORY, "self-test: out of memory");
}

/* ---- answering ---- */

/* The nonce, when the sender is us; NULL otherwise. */
static const char *proven_nonce(struct kol_arena *a, const struct kol_conf *conf,
                                struct kol_writer *writer, const struct kol_intake_request *request,
                                int64_t now_ms)
{
    KOL_TOKENS tokens = {0};
    struct kol_params p;
    struct kol_err err;
    int64_t at_ms = 0;

    if (kol_params_parse(a, request->body, request->body_len, &p, &err) != KOL_OK || p.has_nul)
        return NULL;
    const char *sid = kol_params_get(&p, "AccountSid"), *nonce = kol_params_get(&p, "SelfTest"),
               *proof = kol_params_get(&p, "Proof"), *at = kol_params_get(&p, "Timestamp");
    if (!sid || !nonce || strlen(nonce) != NONCE_CHARS || !proof || !kol_parse_i64(at, &at_ms) ||
        at_ms < now_ms - WINDOW_MS || at_ms > now_ms + WINDOW_MS)
        return NULL;
    const bool own = kol_account_is_settings(conf, sid);
    struct kol_db *db = own || !writer ? NULL : kol_reader_borrow(writer, &err);
    const bool known = (own || db) && kol_account_tokens(db, conf, sid, &tokens, &err) == KOL_OK;

    if (db)
        kol_reader_return(writer, db);
    return known && proof_fits(&tokens, nonce, at, proof) ? nonce : NULL;
}

void kol_self_test_answer(struct kol_arena *a, const struct kol_conf *conf,
                          struct kol_writer *writer, const struct kol_intake_request *request,
                          enum kol_code code, const struct kol_err *err, int64_t now_ms,
                          struct kol_intake_answer *ret)
{
    static const struct kol_err not_ours = {.code = KOL_FORBIDDEN,
                                            .msg = "no self-test of this server's"};
    const char *nonce = proven_nonce(a, conf, writer, request, now_ms), *url = NULL;
    struct kol_err unused;

    if (!nonce || kol_public_url(a, conf->public_url, request->target, &url, &unused) != KOL_OK) {
        if (code == KOL_OK) /* signed with an account's token, but not made by kol doctor */
            err = &not_ours;
        kol_intake_answer(KOL_INTAKE_SELF_TEST, err->code, err, ret);
        return;
    }
    KOL_JSON json = json_object();
    kol_json_set_str(json, "kol", "self_test");
    kol_json_set_str(json, "nonce", nonce);
    kol_json_set_str(json, "url", url);
    if (code != KOL_OK)
        kol_json_set_str(json, "error", err->msg);
    const char *text = kol_json_text(a, json);
    *ret = (struct kol_intake_answer){.status = code == KOL_OK ? 200 : kol_code_http(code),
                                      .content_type = "application/json",
                                      .body = text ? text : ""};
}

/* ---- reading the answer ---- */

void kol_self_test_read(struct kol_arena *a, const struct kol_self_test *test, const char *body,
                        size_t body_len, struct kol_self_test_reply *ret)
{
    KOL_JSON json = NULL;

    *ret = (struct kol_self_test_reply){0};
    if (kol_json_parse(body, body_len, &json, NULL) != KOL_OK ||
        !kol_streq(kol_json_get_str(json, "kol"), "self_test") ||
        !kol_streq(kol_json_get_str(json, "nonce"), test->nonce))
        return;
    ret->ours = true;
    ret->url = kol_arena_str(a, kol_json_get_str(json, "url"));
    ret->why = kol_arena_str(a, kol_json_get_str(json, "error"));
    ret->good = !ret->why;
}
