/* test_self_test.c - the callback that Kol sends itself: only a true one is told anything. */
#include "base/test.h"
#include "base/clock.h"
#include "intake/self_test.h"
#include <string.h>

#define AC "AC00000000000000000000000000000001"

enum { NOW_MS = 1774376140 };

static struct kol_arena *a;
static struct kol_err err;
static const struct kol_conf conf = {.public_url = "https://kol.example.com/",
                                     .twilio_account_sid = AC,
                                     .twilio_auth_token = "12345",
                                     .twilio_auth_token_second = ""};

/* What the server answers to a test that arrives at target. */
static struct kol_intake_answer answered(const struct kol_self_test *t, const char *target,
                                         const char *body, int64_t now_ms)
{
    struct kol_intake_change *change = NULL;
    struct kol_intake_answer answer;
    struct kol_err *why = kol_arena_alloc(a, sizeof(*why)); /* the answer may point to it */
    const struct kol_intake_request request = {
        .kind = KOL_INTAKE_SELF_TEST,
        .method = "POST",
        .target = target,
        .content_type = "application/x-www-form-urlencoded",
        .signature = t->signature,
        .body = body,
        .body_len = strlen(body),
    };
    enum kol_code code = kol_intake_prepare(a, &conf, &request, &change, why);

    kol_self_test_answer(a, &conf, NULL, &request, code, why, now_ms, &answer);
    return answer;
}

static struct kol_self_test made(const char *token)
{
    struct kol_self_test t;

    check_ok("make", kol_self_test_make(a, &conf, AC, token, NOW_MS, &t, &err), &err);
    return t;
}

static const char *target_of(const struct kol_self_test *t)
{
    return t->url + strlen("https://kol.example.com");
}

static struct kol_self_test_reply reply_of(const struct kol_self_test *t,
                                           const struct kol_intake_answer *answer)
{
    struct kol_self_test_reply reply;

    kol_self_test_read(a, t, answer->body, strlen(answer->body), &reply);
    return reply;
}

static void arrives(void **state)
{
    const struct kol_self_test t = made("12345"), other = made("12345");
    const struct kol_intake_answer answer = answered(&t, target_of(&t), t.body, NOW_MS + 1000);

    (void)state;
    check_int("status", answer.status, 200);
    check_true("good", reply_of(&t, &answer).good);
    check_str("url", reply_of(&t, &answer).url, t.url);
    check_true("of another test", !reply_of(&other, &answer).ours);
}

static void changed_on_the_way(void **state)
{
    const struct kol_self_test t = made("12345");
    const char *body = kol_arena_fmt(a, "%s&via=proxy", t.body);
    struct kol_intake_answer answer = answered(&t, KOL_SELF_TEST_PATH, t.body, NOW_MS);

    (void)state;
    check_int("without its query", answer.status, 403);
    check_true("told", reply_of(&t, &answer).ours && !reply_of(&t, &answer).good);
    check_str("what arrived", reply_of(&t, &answer).url,
              "https://kol.example.com" KOL_SELF_TEST_PATH);
    answer = answered(&t, target_of(&t), body, NOW_MS);
    check_int("a parameter more", answer.status, 403);
    check_str("the URL is right", reply_of(&t, &answer).url, t.url);
}

/* Who cannot prove to be us learns no more than at any other callback. */
static void strangers_learn_nothing(void **state)
{
    struct kol_self_test t = made("another token");
    struct kol_intake_answer answer = answered(&t, target_of(&t), t.body, NOW_MS);

    (void)state;
    check_int("another token", answer.status, 403);
    check_str("plain", answer.content_type, "text/plain; charset=utf-8");
    check_true("no URL", !strstr(answer.body, "kol.example.com"));
    t = made("12345");
    answer = answered(&t, target_of(&t), t.body, NOW_MS + 3600 * 1000);
    check_int("an old one", answer.status, 403);
    check_str("and not ours any more", answer.body, "no self-test of this server's");
    t.signature = NULL;
    answer = answered(&t, target_of(&t), "AccountSid=" AC "&SelfTest=1&Proof=%00", NOW_MS);
    check_int("nonsense", answer.status, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrives),
        cmocka_unit_test(changed_on_the_way),
        cmocka_unit_test(strangers_learn_nothing),
    };
    a = kol_arena_new(0);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kol_arena_free(a);
    return failed;
}
