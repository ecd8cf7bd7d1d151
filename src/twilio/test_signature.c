/* The published vectors of X-Twilio-Signature (token 12345), ports, bodies and what must be
 * refused. */
#include "base/crypto.h"
#include "base/test.h"
#include "twilio/signature.h"

#define BASE "https://mycompany.com/myapp.php?foo=1&bar=2"
#define HASH "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
#define BODY "{\"property\": \"value\", \"boolean\": true}"
#define EMPTY_HASH "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
/* In another order than the signed one. */
#define P                                                                                          \
    "To=%2B18005551212&From=%2B14158675309&Digits=1234&CallSid=CA1234567890ABCDE&"                 \
    "Caller=%2B14158675309"

struct row {
    const char *name, *url;
    const char *form; /* NULL: not a form, body counts */
    const char *body;
    const char *signature;
    enum kol_signature expected;
};

static enum kol_signature check_with(struct kol_arena *a, const struct row *row,
                                     const char *const *tokens, size_t count)
{
    struct kol_err err;
    struct kol_signed_request r = {
        .url = row->url, .is_form = row->form, .signature = row->signature};

    if (row->form)
        check_ok(row->name, kol_params_parse(a, row->form, strlen(row->form), &r.form, &err), &err);
    if (row->body) {
        r.body = row->body;
        r.body_len = strlen(row->body);
    }
    return kol_signature_check(&r, tokens, count);
}

static void check_rows(const struct row *rows, size_t count)
{
    static const char *const tokens[] = {"12345"};
    KOL_ARENA a = kol_arena_new(0);

    for (size_t i = 0; i < count; i++)
        check_str(rows[i].name, kol_signature_text(check_with(a, &rows[i], tokens, 1)),
                  kol_signature_text(rows[i].expected));
}

static void test_vectors(void **state)
{
    static const struct row rows[] = {
        {"basic", BASE, P, NULL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", KOL_SIGNATURE_OK},
        {"dup values", BASE, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234", NULL,
         "IK+Dwps556ElfBT0I3Rgjkr1wJU=", KOL_SIGNATURE_OK},
        {"array", BASE,
         "MessagingBinding.Address=%2B1325xxxxxxx&MessagingBinding.Address=%2B1415xxxxxxx", NULL,
         "83O6e2vORAoJHUNzJjDWN1jz+BA=", KOL_SIGNATURE_OK},
        {"https + :443", "https://mycompany.com:443/myapp.php?foo=1&bar=2", P, NULL,
         "kvajT1Ptam85bY51eRf/AJRuM3w=", KOL_SIGNATURE_OK},
        {"http + :80", "http://mycompany.com:80/myapp.php?foo=1&bar=2", P, NULL,
         "0ZXoZLH/DfblKGATFgpif+LLRf4=", KOL_SIGNATURE_OK},
        {"http + :1234", "http://mycompany.com:1234/myapp.php?foo=1&bar=2", P, NULL,
         "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=", KOL_SIGNATURE_OK},
        {"body hash", BASE "&bodySHA256=" HASH, NULL, BODY,
         "a9nBmqA0ju/hNViExpshrM61xv4=", KOL_SIGNATURE_OK},
        {"only hash in query", "https://mycompany.com/myapp.php?bodySHA256=" HASH, NULL, BODY,
         "y77kIzt2vzLz71DgmJGsen2scGs=", KOL_SIGNATURE_OK},
        {"empty JSON", BASE "&bodySHA256=" EMPTY_HASH, NULL, "{}",
         "Ldidvp12m26NI7eqEvxnEpkd9Hc=", KOL_SIGNATURE_OK},
        {"user:pass", "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", P, NULL,
         "CukzLTc1tT5dXEDIHm/tKBanW10=", KOL_SIGNATURE_OK},
        {"user only", "https://user@mycompany.com/myapp.php?foo=1&bar=2", P, NULL,
         "2YRLlVAflCqxaNicjMpJcSTgzSs=", KOL_SIGNATURE_OK},
        {"user:pass :443", "https://user:pass@mycompany.com:443/myapp.php?foo=1&bar=2", P, NULL,
         "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI=", KOL_SIGNATURE_OK},
        {"apostrophe", BASE "&Body=It's+amazing", P, NULL,
         "dsq4Ehbj6cs+KdTkpF5sSSplOWw=", KOL_SIGNATURE_OK},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows);
}

/* The sender is inconsistent: what was signed with a port is accepted without, and the reverse. */
static void test_ports(void **state)
{
    static const struct row rows[] = {
        {"signed with 443, URL without", BASE, P, NULL,
         "kvajT1Ptam85bY51eRf/AJRuM3w=", KOL_SIGNATURE_OK},
        {"signed without, URL with 443", "https://mycompany.com:443/myapp.php?foo=1&bar=2", P, NULL,
         "RSOYDt4T1cUTdK1PDd93/VVr8B8=", KOL_SIGNATURE_OK},
        {"signed without, URL with 8443", "https://mycompany.com:8443/myapp.php?foo=1&bar=2", P,
         NULL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", KOL_SIGNATURE_OK},
        {"http is not https", "http://mycompany.com/myapp.php?foo=1&bar=2", P, NULL,
         "RSOYDt4T1cUTdK1PDd93/VVr8B8=", KOL_SIGNATURE_WRONG},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void test_refused(void **state)
{
    static const struct row rows[] = {
        {"no header", BASE, P, NULL, NULL, KOL_SIGNATURE_MISSING},
        {"empty header", BASE, P, NULL, "", KOL_SIGNATURE_MISSING},
        {"other bytes", BASE, P, NULL, "RSOYDt4T1cUTdK1PDd93/VVr8B9=", KOL_SIGNATURE_WRONG},
        {"cut", BASE, P, NULL, "RSOYDt4T1cUTdK1PDd93/VVr8B8", KOL_SIGNATURE_WRONG},
        {"lengthened", BASE, P, NULL, "RSOYDt4T1cUTdK1PDd93/VVr8B8==", KOL_SIGNATURE_WRONG},
        {"query in another order", "https://mycompany.com/myapp.php?bar=2&foo=1", P, NULL,
         "RSOYDt4T1cUTdK1PDd93/VVr8B8=", KOL_SIGNATURE_WRONG},
        {"apostrophe encoded", BASE "&Body=It%27s+amazing", P, NULL,
         "dsq4Ehbj6cs+KdTkpF5sSSplOWw=", KOL_SIGNATURE_WRONG},
        {"one more parameter", BASE, P "&New=", NULL,
         "RSOYDt4T1cUTdK1PDd93/VVr8B8=", KOL_SIGNATURE_WRONG},
        {"a blank behind a value", BASE, P "+", NULL,
         "RSOYDt4T1cUTdK1PDd93/VVr8B8=", KOL_SIGNATURE_WRONG},
        {"a NUL behind a value", BASE, P "%00", NULL,
         "RSOYDt4T1cUTdK1PDd93/VVr8B8=", KOL_SIGNATURE_WRONG},
        {"same pair twice is harmless", BASE, P "&Digits=1234", NULL,
         "RSOYDt4T1cUTdK1PDd93/VVr8B8=", KOL_SIGNATURE_OK},
        {"another body", BASE "&bodySHA256=" HASH, NULL, BODY " ",
         "a9nBmqA0ju/hNViExpshrM61xv4=", KOL_SIGNATURE_WRONG_HASH},
        {"no body", BASE "&bodySHA256=" HASH, NULL, NULL,
         "a9nBmqA0ju/hNViExpshrM61xv4=", KOL_SIGNATURE_WRONG_HASH},
        {"a body without hash", BASE, NULL, BODY,
         "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", KOL_SIGNATURE_WRONG},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows);
}

/* What the published vectors leave out, against signatures made by hand with the same rules. */
static const char *sign(struct kol_arena *a, const char *token, const char *text)
{
    uint8_t mac[KOL_SHA1_BYTES];
    char *ret = kol_arena_alloc(a, 32);

    kol_hmac_sha1(token, strlen(token), text, strlen(text), mac);
    kol_base64(mac, sizeof mac, ret);
    return ret;
}

static void test_byte_order(void **state)
{
    static const char *const tokens[] = {"t"};
    KOL_ARENA a = kol_arena_new(0);
    struct row rows[] = {
        {"case-sensitive names", "https://h.example/x", "Caller=b&CallSid=a&a=3&Z=4&_=5&%C3%A9=6",
         NULL, sign(a, "t", "https://h.example/xCallSidaCallerbZ4_5a3\u00e96"), KOL_SIGNATURE_OK},
        {"a name that begins another", "https://h.example/x", "Ab=1&A=2", NULL,
         sign(a, "t", "https://h.example/xA2Ab1"), KOL_SIGNATURE_OK},
        {"empty values and blanks", "https://h.example/x", "E=&P=++two++", NULL,
         sign(a, "t", "https://h.example/xEP  two  "), KOL_SIGNATURE_OK},
        {"no parameters", "https://h.example/x", "", NULL, sign(a, "t", "https://h.example/x"),
         KOL_SIGNATURE_OK},
        {"a body that nothing binds", "https://h.example/x", NULL, "{}",
         sign(a, "t", "https://h.example/x"), KOL_SIGNATURE_NO_HASH},
        {"a hash, encoded, behind an empty one",
         "https://h.example/x?bodySHA256=&body%53HA256=%34"
         "4136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
         NULL, "{}",
         sign(a, "t",
              "https://h.example/x?bodySHA256=&body%53HA256=%34"
              "4136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
         KOL_SIGNATURE_OK},
        {"IPv6 host", "http://[::1]/x", "", NULL, sign(a, "t", "http://[::1]:80/x"),
         KOL_SIGNATURE_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_str(rows[i].name, kol_signature_text(check_with(a, &rows[i], tokens, 1)),
                  kol_signature_text(rows[i].expected));
}

static void test_several_tokens(void **state)
{
    static const struct row right = {"right", BASE, P, NULL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", 0};
    static const char *const second[] = {"old", "12345"}, *const gaps[] = {NULL, "", "12345"},
                             *const none[] = {NULL, ""}, *const others[] = {"1234", "123456"};
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    check_int("second", check_with(a, &right, second, 2), KOL_SIGNATURE_OK);
    check_int("gaps", check_with(a, &right, gaps, 3), KOL_SIGNATURE_OK);
    check_int("others", check_with(a, &right, others, 2), KOL_SIGNATURE_WRONG);
    check_int("none", check_with(a, &right, none, 2), KOL_SIGNATURE_NO_TOKEN);
}

static void test_public_url(void **state)
{
    static const struct {
        const char *base, *target, *expected;
        enum kol_code code;
    } rows[] = {
        {"https://h.example", "/a?b=c", "https://h.example/a?b=c", KOL_OK},
        {"https://h.example/", "/a", "https://h.example/a", KOL_OK},
        {"https://h.example/kol", "/a%2Fb?x='", "https://h.example/kol/a%2Fb?x='", KOL_OK},
        {"https://h.example", "/a#rc=5", "https://h.example/a", KOL_OK},
        {"https://h.example", "/a?", "https://h.example/a", KOL_OK}, /* as Twilio's libraries do */
        {"https://h.example", "/a??", "https://h.example/a??", KOL_OK},
        {"https://h.example", "/a?#x", "https://h.example/a", KOL_OK},
        {"https://h.example", "/a?b", "https://h.example/a?b", KOL_OK},
        {"https://h.example", "https://evil.example/a", NULL, KOL_BAD_INPUT},
        {"https://h.example", "", NULL, KOL_BAD_INPUT},
        {"", "/a", NULL, KOL_BAD_CONFIG},
        {NULL, "/a", NULL, KOL_BAD_CONFIG},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_err err = {0};
        const char *url = NULL;
        const char *row = rows[i].target;
        check_code(row, kol_public_url(a, rows[i].base, rows[i].target, &url, &err), rows[i].code,
                   &err);
        check_str(row, url, rows[i].expected);
    }
}

static void test_url_ports(void **state)
{
    static const struct {
        const char *url, *with, *without;
    } rows[] = {
        {"https://h/p", "https://h:443/p", "https://h/p"},
        {"HTTP://h", "HTTP://h:80", "HTTP://h"},
        {"https://h:8/p?q=a:9", "https://h:8/p?q=a:9", "https://h/p?q=a:9"},
        {"https://u:p@h/p", "https://u:p@h:443/p", "https://u:p@h/p"},
        {"https://u:p@h:1?x", "https://u:p@h:1?x", "https://u:p@h?x"},
        {"https://u:p:q@@h:1/", "https://u:p:q@@h:1/", "https://u:p:q@@h/"},
        {"http://[::1]:8/", "http://[::1]:8/", "http://[::1]/"},
        {"http://[::1]/a:b", "http://[::1]:80/a:b", "http://[::1]/a:b"},
        {"no url", NULL, NULL},
    };
    KOL_STR text;

    (void)state;
    kol_str_init(&text, 200);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_int(rows[i].url, kol_signed_url_with_port(rows[i].url, &text), rows[i].with != NULL);
        check_str(rows[i].url, text.data, rows[i].with ? rows[i].with : "");
        check_int(rows[i].url, kol_signed_url_without_port(rows[i].url, &text),
                  rows[i].without != NULL);
        check_str(rows[i].url, text.data, rows[i].without ? rows[i].without : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_byte_order),
        cmocka_unit_test(test_several_tokens), cmocka_unit_test(test_public_url),
        cmocka_unit_test(test_url_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
