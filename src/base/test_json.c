#include "base/json.h"
#include "base/test.h"

static void parses_strictly(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"{}", true},
        {"{\"a\":1}", true},
        {" [1, 2.5, \"x\", null, true] ", true},
        {"\"text\"", true},
        {"", false},
        {"{\"a\":1,\"a\":2}", false},
        {"{\"a\":1} x", false},
        {"{'a':1}", false},
        {"[1,]", false},
        {"[01]", false},
        {"[NaN]", false},
        {"[\"\xff\"]", false},
        {"[\"\\ud800\"]", false},
        {"[\"a\nb\"]", false},
        {"/* x */ {}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_err err = {0};
        KOL_JSON j = NULL;
        enum kol_code code = kol_json_parse(rows[i].text, strlen(rows[i].text), &j, &err);
        check_code(rows[i].text, code, rows[i].ok ? KOL_OK : KOL_BAD_INPUT, &err);
    }
}

static void error_says_where_but_quotes_nothing(void **state)
{
    static const char text[] = "{\"name\":\n \"David Cohen\" \"secret\"}";
    struct kol_err err = {0};
    KOL_JSON j = NULL;

    (void)state;
    check_code("bad", kol_json_parse(text, strlen(text), &j, &err), KOL_BAD_INPUT, &err);
    check_has("place", err.msg, "json: line 2, column 23: ");
    check_true(err.msg, !strstr(err.msg, "secret"));
}

static void deep_nesting_is_refused(void **state)
{
    static char deep[100000];
    struct kol_err err = {0};
    KOL_JSON j = NULL;

    (void)state;
    memset(deep, '[', sizeof deep);
    check_code("deep", kol_json_parse(deep, sizeof deep, &j, &err), KOL_BAD_INPUT, &err);
}

static void getters_survive_anything(void **state)
{
    static const char text[] = "{\"s\":\"x\",\"i\":7,\"b\":true,\"n\":null,\"r\":1.5}";
    struct kol_err err;
    KOL_JSON j = NULL;

    (void)state;
    check_ok(text, kol_json_parse(text, strlen(text), &j, &err), &err);
    check_str("s", kol_json_get_str(j, "s"), "x");
    check_str("i", kol_json_get_str(j, "i"), NULL);
    check_str("no", kol_json_get_str(j, "no"), NULL);
    check_str("none", kol_json_get_str(NULL, "s"), NULL);
    check_int("i", kol_json_get_int(j, "i", -1), 7);
    check_int("r", kol_json_get_int(j, "r", -1), -1);
    check_int("n", kol_json_get_int(j, "n", -1), -1);
    check_int("b", kol_json_get_bool(j, "b", false), true);
    check_int("n", kol_json_get_bool(j, "n", true), true);
}

static void setters_make_compact_text(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_JSON j = json_object();

    (void)state;
    kol_json_set_str(j, "text", "a\"ע");
    kol_json_set_str(j, "none", NULL);
    kol_json_set_str(j, "bad", "x\xff\xd7");
    kol_json_set_int(j, "n", -5);
    kol_json_set(j, "r", json_real(0.95));
    check_str("text", kol_json_text(a, j),
              "{\"text\":\"a\\\"ע\",\"none\":null,\"bad\":\"x\ufffd\ufffd\",\"n\":-5,\"r\":0.95}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_strictly),
        cmocka_unit_test(error_says_where_but_quotes_nothing),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(getters_survive_anything),
        cmocka_unit_test(setters_make_compact_text),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
