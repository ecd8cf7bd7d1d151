/* Addresses of pages: what is asked for, and what is taken from next_page_uri. */
#include "base/cleanup.h"
#include "base/test.h"
#include "twilio/page.h"

#define AC "AC00000000000000000000000000000001"
#define PATH "/2010-04-01/Accounts/" AC "/Recordings.json"
#define BASE "https://api.twilio.com"

static void test_urls(void **state)
{
    static const struct {
        struct kol_rest_list list;
        struct kol_rest_cursor cursor;
        const char *url; /* NULL: refused */
    } rows[] = {
        {{AC, NULL, NULL, false, 50}, {0}, PATH "?PageSize=50"},
        {{AC, "2026-11-19", NULL, true, 1000},
         {0},
         PATH "?PageSize=1000&DateCreated%3E=2026-11-19&IncludeSoftDeleted=true"},
        {{AC, "2026-01-01", "2026-02-01", false, 1},
         {3, "PA&x=/?#%41"},
         PATH "?PageSize=1&DateCreated%3E=2026-01-01&DateCreated%3C=2026-02-01&Page=3"
              "&PageToken=PA%26x%3D%2F%3F%23%2541"},
        {{"AC/../x", NULL, NULL, false, 50}, {0}, NULL},
        {{AC, "2026-1-1", NULL, false, 50}, {0}, NULL},
        {{AC, "2026-01-01&x", NULL, false, 50}, {0}, NULL},
        {{AC, NULL, "", false, 50}, {0}, NULL},
        {{AC, NULL, NULL, false, 0}, {0}, NULL},
        {{AC, NULL, NULL, false, 1001}, {0}, NULL},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        const char *path = NULL, *url = NULL;
        struct kol_err err = {0};
        enum kol_code code =
            kol_rest_list_path(a, &rows[i].list, &rows[i].cursor, &path, &url, &err);
        check_code(rows[i].url ? rows[i].url : "refused", code,
                   rows[i].url ? KOL_OK : KOL_BAD_INPUT, &err);
        if (rows[i].url)
            check_str("url", url, rows[i].url);
    }
}

static void test_next(void **state)
{
    static const struct {
        const char *json;
        int64_t from; /* the page before */
        enum kol_code code;
        int64_t page; /* 0: no more */
        const char *token;
    } rows[] = {
        {"{}", 0, KOL_OK, 0, ""},
        {"{\"next_page_uri\":null}", 0, KOL_OK, 0, ""},
        {"{\"next_page_uri\":\"\"}", 0, KOL_OK, 0, ""},
        {"{\"next_page_uri\":\"" PATH "?PageSize=50&Page=1&PageToken=PARE1\"}", 0, KOL_OK, 1,
         "PARE1"},
        {"{\"next_page_uri\":\"" BASE PATH "?Page=2&PageToken=PA%2Bx\"}", 1, KOL_OK, 2, "PA+x"},
        {"{\"next_page_uri\":7}", 0, KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"https://evil.example.com" PATH "?Page=1&PageToken=PA1\"}", 0,
         KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"" BASE ".evil.example.com" PATH "?Page=1&PageToken=PA1\"}", 0,
         KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"//evil.example.com" PATH "?Page=1&PageToken=PA1\"}", 0,
         KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"/2010-04-01/Accounts/AC00000000000000000000000000000002/"
         "Recordings.json?Page=1&PageToken=PA1\"}",
         0, KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"" PATH "/../Keys.json?Page=1&PageToken=PA1\"}", 0, KOL_BAD_INPUT, 0,
         ""},
        {"{\"next_page_uri\":\"" PATH "?Page=1\"}", 0, KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"" PATH "?PageToken=PA1\"}", 0, KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"" PATH "?Page=1&PageToken=PA1\"}", 1, KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"" PATH "?Page=-1&PageToken=PA1\"}", 0, KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"" PATH "?Page=1&PageToken=a%0d%0ab\"}", 0, KOL_BAD_INPUT, 0, ""},
        {"{\"next_page_uri\":\"" PATH "?Page=1&PageToken=a%00b\"}", 0, KOL_BAD_INPUT, 0, ""},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        KOL_JSON json = NULL;
        struct kol_rest_cursor cursor = {.page = rows[i].from};
        struct kol_err err = {0};
        bool more = true;

        check_ok("json", kol_json_parse(rows[i].json, strlen(rows[i].json), &json, &err), &err);
        check_code(rows[i].json, kol_rest_next_read(a, json, BASE "/", PATH, &cursor, &more, &err),
                   rows[i].code, &err);
        check_int(rows[i].json, more, rows[i].page > 0);
        check_int(rows[i].json, cursor.page, rows[i].page ? rows[i].page : rows[i].from);
        check_str(rows[i].json, cursor.token, rows[i].token);
    }
}

/* A list that leads in circles ends. */
static void test_circle(void **state)
{
    static const char same[] = "{\"next_page_uri\":\"" PATH "?Page=9&PageToken=PA1\"}";
    KOL_ARENA a = kol_arena_new(0);
    KOL_JSON json = NULL;
    struct kol_rest_cursor cursor = {.page = 1, .token = "PA1"};
    struct kol_err err = {0};
    bool more = true;

    (void)state;
    check_ok("json", kol_json_parse(same, strlen(same), &json, &err), &err);
    check_code("the same token", kol_rest_next_read(a, json, BASE, PATH, &cursor, &more, &err),
               KOL_BAD_INPUT, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls), cmocka_unit_test(test_next),
                                       cmocka_unit_test(test_circle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
