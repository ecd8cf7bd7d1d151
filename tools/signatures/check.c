/*
 * check.c - what the server would say to many callbacks, without HTTP: for
 * tests/test_differential.py.
 *
 * Reads one JSON object per line from the standard input (public_url, method, type, second; target,
 * body and signature in base64), answers each with "ok" or the name of the refusal. The check is
 * the server's own, up to the point where the parameters are read.
 */
#include "base/crypto.h"
#include "base/json.h"
#include "base/str.h"
#include "intake/verify.h"

#include <stdlib.h>
#include <string.h>

#define ACCOUNT "AC00000000000000000000000000000001"
#define TOKEN "0123456789abcdef0123456789abcdef"
#define SECOND "fedcba9876543210fedcba9876543210"

/* The decoded bytes of a member, NUL-terminated; empty when it is not there. */
static char *decoded(struct kol_arena *a, const json_t *json, const char *name, size_t *ret_len)
{
    const char *text = kol_json_get_str(json, name);
    size_t size = text ? strlen(text) : 0;
    char *bytes = kol_arena_alloc(a, size + 4);
    long len = bytes && text ? kol_base64_decode(text, (uint8_t *)bytes, size + 3) : 0;

    *ret_len = len > 0 ? (size_t)len : 0;
    if (bytes)
        bytes[*ret_len] = '\0';
    return bytes;
}

static const char *judge(struct kol_arena *a, const char *line, struct kol_err *err)
{
    KOL_JSON json = NULL;
    struct kol_params params = {0};
    int64_t business_id = 0;
    size_t unused;

    if (kol_json_parse(line, strlen(line), &json, err) != KOL_OK)
        return "no JSON";
    const struct kol_conf conf = {
        .public_url = kol_json_get_str(json, "public_url"),
        .twilio_account_sid = ACCOUNT,
        .twilio_auth_token = TOKEN,
        .twilio_auth_token_second = kol_json_get_bool(json, "second", false) ? SECOND : "",
    };
    struct kol_intake_request r = {.kind = KOL_INTAKE_CALL_STATUS,
                                   .method = kol_json_get_str(json, "method"),
                                   .target = decoded(a, json, "target", &unused),
                                   .content_type = kol_json_get_str(json, "type"),
                                   .signature = decoded(a, json, "signature", &unused)};
    r.body = decoded(a, json, "body", &r.body_len);
    enum kol_code code = kol_intake_read_params(a, &r, &params, err);
    if (code == KOL_OK)
        code = kol_intake_verify(a, &conf, &r, &params, &business_id, err);
    return kol_code_name(code);
}

int main(void)
{
    KOL_ARENA a = kol_arena_new(0);
    char *line = NULL;
    size_t size = 0;
    struct kol_err err;

    while (a && getline(&line, &size, stdin) > 0) {
        puts(judge(a, line, &err));
        kol_arena_reset(a);
    }
    free(line);
    return 0;
}
