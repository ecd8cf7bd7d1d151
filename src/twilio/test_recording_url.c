/* Which URLs name a recording at Twilio, and what is stored of them. */
#include "base/test.h"
#include "twilio/recording_url.h"

#define AC "AC00000000000000000000000000000001"
#define RE "RE00000000000000000000000000000003"
#define PATH "/2010-04-01/Accounts/" AC "/Recordings/" RE

static void test_kinds(void **state)
{
    static const struct {
        const char *url;
        enum kol_url_kind kind;
    } rows[] = {
        {"https://api.twilio.com" PATH, KOL_URL_TWILIO},
        {"https://api.twilio.com:443" PATH, KOL_URL_TWILIO},
        {"https://API.Twilio.com" PATH ".json", KOL_URL_TWILIO},
        {"https://api.dublin.ie1.twilio.com" PATH ".wav?RequestedChannels=2", KOL_URL_TWILIO},
        {"http://127.0.0.1:9000" PATH ".mp3", KOL_URL_TWILIO}, /* the configured API */
        {"http://127.0.0.1:9001" PATH, KOL_URL_FOREIGN},
        {"https://127.0.0.1:9000" PATH, KOL_URL_FOREIGN},
        {"http://api.twilio.com" PATH, KOL_URL_FOREIGN},
        {"https://api.twilio.com.evil.example" PATH, KOL_URL_FOREIGN},
        {"https://evil.example/api.twilio.com" PATH, KOL_URL_FOREIGN},
        {"https://apiXtwilio.com" PATH, KOL_URL_FOREIGN},
        {"https://api.eviltwilio.com" PATH, KOL_URL_FOREIGN},
        {"https://api.twilio.com@evil.example" PATH, KOL_URL_FOREIGN},
        {"https://api.twilio.com\\@evil.example" PATH, KOL_URL_MALFORMED},
        {"https://api.twilio.com:8080" PATH, KOL_URL_FOREIGN},
        {"ftp://api.twilio.com" PATH, KOL_URL_FOREIGN},
        {"api.twilio.com" PATH, KOL_URL_FOREIGN},
        {"https://" PATH, KOL_URL_FOREIGN},
        {"", KOL_URL_FOREIGN},
        {"https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/../../../etc/passwd",
         KOL_URL_MALFORMED},
        {"https://api.twilio.com" PATH "0", KOL_URL_MALFORMED},
        {"https://api.twilio.com" PATH "/x", KOL_URL_MALFORMED},
        {"https://api.twilio.com" PATH ".exe", KOL_URL_MALFORMED},
        {"https://api.twilio.com/", KOL_URL_MALFORMED},
        {"https://api.twilio.com", KOL_URL_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_recording_ref ref = {0};
        check_int(rows[i].url, kol_recording_url_read(rows[i].url, "http://127.0.0.1:9000", &ref),
                  rows[i].kind);
        check_str(rows[i].url, ref.account_sid, rows[i].kind == KOL_URL_TWILIO ? AC : "");
        check_str(rows[i].url, ref.recording_sid, rows[i].kind == KOL_URL_TWILIO ? RE : "");
    }
}

static void test_stored(void **state)
{
    static const struct {
        const char *url, *stored;
    } rows[] = {
        {"https://api.twilio.com" PATH, "https://api.twilio.com" PATH},
        {"https://api.twilio.com" PATH ".json", "https://api.twilio.com" PATH ".mp3"},
        {"https://api.twilio.com" PATH ".json?x=1", "https://api.twilio.com" PATH ".mp3"},
        {"https://api.twilio.com" PATH ".wav", "https://api.twilio.com" PATH ".wav"},
        {".json", ".json"},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_str(rows[i].url, kol_recording_url_stored(a, rows[i].url), rows[i].stored);
    check_str("made", kol_recording_url_make(a, AC, RE), "https://api.twilio.com" PATH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds), cmocka_unit_test(test_stored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
