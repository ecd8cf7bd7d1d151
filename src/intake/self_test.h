/*
 * self_test.h - a callback that we sign and send ourselves, through the public address.
 *
 * It walks the same road as Twilio's: through the proxy, into the same check of the signature. It
 * is stored nowhere, and is no call. Its sender shows with Proof that it knows the account's token
 * whatever became of the URL on the way; only then is it told which URL arrived.
 * Used by: cli (making, reading), serve (answering). Threading: pure functions.
 */
#ifndef KOL_INTAKE_SELF_TEST_H
#define KOL_INTAKE_SELF_TEST_H

#include "intake/intake.h"
#include "store/writer.h"

#define KOL_SELF_TEST_PATH "/webhook/self_test"

struct kol_self_test {
    const char *url; /* what is called and signed */
    const char *body;
    const char *signature;
    const char *nonce;
};
/*
 * The query holds what proxies like to rewrite. Errors: BAD_CONFIG (public_url), NO_MEMORY.
 *
 *   token  of the account, that signs
 */
enum kol_code kol_self_test_make(struct kol_arena *a, const struct kol_conf *conf,
                                 const char *account_sid, const char *token, int64_t now_ms,
                                 struct kol_self_test *ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * What the server answers, after kol_intake_prepare(KOL_INTAKE_SELF_TEST) gave code and err.
 *
 *   writer  lends a connection when the account is not that of the settings
 */
void kol_self_test_answer(struct kol_arena *a, const struct kol_conf *conf,
                          struct kol_writer *writer, const struct kol_intake_request *request,
                          enum kol_code code, const struct kol_err *err, int64_t now_ms,
                          struct kol_intake_answer *ret);

/* What came back. */
struct kol_self_test_reply {
    bool ours;       /* the server with our settings answered this test */
    bool good;       /* and the signature fits */
    const char *url; /* that arrived there, NULL when not ours */
    const char *why; /* what the check said, NULL when good */
};
void kol_self_test_read(struct kol_arena *a, const struct kol_self_test *test, const char *body,
                        size_t body_len, struct kol_self_test_reply *ret);

#endif
