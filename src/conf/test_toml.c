#include "base/test.h"
#include "conf/toml.h"

static void print_value(struct kol_str *s, const struct kol_toml_value *v)
{
    switch (v->type) {
    case KOL_TOML_STRING:
        kol_str_add_fmt(s, "\"%s\"", v->string);
        return;
    case KOL_TOML_INT:
        kol_str_add_fmt(s, "%lld", (long long)v->integer);
        return;
    case KOL_TOML_FLOAT:
        kol_str_add_fmt(s, "%gf", v->real);
        return;
    case KOL_TOML_BOOL:
        kol_str_add(s, v->boolean ? "true" : "false");
        return;
    case KOL_TOML_ARRAY:
        kol_str_add(s, "[");
        for (size_t i = 0; i < v->count; i++) {
            kol_str_add(s, i ? " " : "");
            print_value(s, &v->items[i]);
        }
        kol_str_add(s, "]");
        return;
    }
}

/* "key=value@line;" for each entry, or the message. */
static char *read_all(struct kol_arena *a, const char *text, size_t len)
{
    struct kol_err err;
    struct kol_toml toml = {0};
    KOL_STR s;

    kol_str_init(&s, 1 << 20);
    if (kol_toml_parse(a, "f", text, len, &toml, &err) != KOL_OK)
        return kol_arena_str(a, err.msg);
    for (size_t i = 0; i < toml.count; i++) {
        kol_str_add_fmt(&s, "%s=", toml.entries[i].key);
        print_value(&s, &toml.entries[i].value);
        kol_str_add_fmt(&s, "@%d;", toml.entries[i].value.line);
    }
    return kol_arena_str(a, s.data);
}

static const struct {
    const char *text, *expected;
} rows[] = {
    /* layout */
    {"", ""},
    {"# only a comment", ""},
    {"\n\n a = 1 # x\r\n\tb=2\n", "a=1@3;b=2@4;"},
    {"\xef\xbb\xbf"
     "a=1",
     "a=1@1;"},
    {"a=1 b=2", "f:1: the line should end here; a comment starts with #"},
    {"a=1\rb=2", "f:1: the line should end here; a comment starts with #"},
    {"# a\x01", "f:1: a control character in a comment; remove it"},
    {"a=1\nb=\"\xff\"", "f:2: the text is not UTF-8 here; save the file as UTF-8"},

    /* keys and tables */
    {"a-b_C9 = 1", "a-b_C9=1@1;"},
    {"a.b . c = 1", "a.b.c=1@1;"},
    {"\"x y\".'z' = 1", "x y.z=1@1;"},
    {"123 = 1", "123=1@1;"},
    {"[t]\na=1\n[t.u] # c\nb=2\n[ v . w ]\nc=3", "t.a=1@2;t.u.b=2@4;v.w.c=3@6;"},
    {"= 1", "f:1: a name was expected here; write  name = value"},
    {"a", "f:1: = was expected after a; write  a = value"},
    {"a b = 1", "f:1: = was expected after a; write  a = value"},
    {"a. = 1", "f:1: a name was expected here; write  name = value"},
    {"é = 1", "f:1: a name was expected here; write  name = value"},
    {"\"\"\"a\"\"\" = 1", "f:1: a name cannot be a string of many lines"},
    {"a = 1\n\na = 2", "f:3: a is set twice: see line 1"},
    {"a.b = 1\n[a]\nb = 2", "f:3: a.b is set twice: see line 1"},
    {"a = 1\na.b = 2", "f:2: a.b and a (line 1) exclude each other: a name is a value or a table"},
    {"a.b = 1\na = 2", "f:2: a and a.b (line 1) exclude each other: a name is a value or a table"},
    {"a = 1\n[a]", "f:2: a is a value already: see line 1"},
    {"[a]\n[b]\n[a]", "f:3: the table [a] stands twice; put its lines together"},
    {"[a", "f:1: ] was expected after the table's name"},
    {"[]", "f:1: a name was expected here; write  name = value"},
    {"[[a]]", "f:1: [[...]] is not supported; write a [table]"},

    /* strings */
    {"a = \"x\"", "a=\"x\"@1;"},
    {"a = \"\"", "a=\"\"@1;"},
    {"a = \"\\b\\t\\n\\f\\r\\\"\\\\\"", "a=\"\b\t\n\f\r\"\\\"@1;"},
    {"a = \"\\u05d0\\U0001F600\\u00e9\\u0041\"", "a=\"א😀éA\"@1;"},
    {"a = 'c:\\x'", "a=\"c:\\x\"@1;"},
    {"a = \"\"\"\nx\ny\"\"\"\nb=1", "a=\"x\ny\"@1;b=1@4;"},
    {"a = \"\"\"x\\  \n\n  y\"\"\"", "a=\"xy\"@1;"},
    {"a = \"\"\"x\"\"y\"\"\"\"\"", "a=\"x\"\"y\"\"\"@1;"},
    {"a = '''\r\nx\\\r\n'''", "a=\"x\\\n\"@1;"},
    {"a = \"x", "f:1: the string that starts here has no end; close it with \""},
    {"a = \"x\n\"", "f:1: the string has no end on its line; close it with \""},
    {"a = '''x\n\n", "f:1: the string that starts here has no end; close it with '''"},
    {"a = \"\\ud800\"", "f:1: \\ud800 is no character"},
    {"a = \"\\u0000\"", "f:1: \\u0000 is no character"},
    {"a = \"\\U00110000\"", "f:1: \\u110000 is no character"},
    {"a = \"\\u12\"", "f:1: \\u needs 4 and \\U needs 8 hex digits"},
    {"a = \"x\x01\"", "f:1: a control character in a string; write it as \\u0001"},

    /* numbers and booleans */
    {"a=0\nb=-17\nc=+99\nd=1_000\ne=-0", "a=0@1;b=-17@2;c=99@3;d=1000@4;e=0@5;"},
    {"a=0xDEAD_beef\nb=0o755\nc=0b101", "a=3735928559@1;b=493@2;c=5@3;"},
    {"a=9223372036854775807\nb=-9223372036854775808",
     "a=9223372036854775807@1;b=-9223372036854775808@2;"},
    {"a=1.5\nb=-1e3\nc=6.25E-1\nd=1_0.0\ne=inf\nf=-inf", "a=1.5f@1;b=-1000f@2;c=0.625f@3;d=10f@4;"
                                                         "e=inff@5;f=-inff@6;"},
    {"a=true\nb=false", "a=true@1;b=false@2;"},
    {"a=", "f:1: a value was expected here: text in quotes, a number, true, false, or [...]"},
    {"a=True", "f:1: True is no number, true or false; write text in quotes: \"True\""},
    {"a=hello", "f:1: hello is no number, true or false; write text in quotes: \"hello\""},
    {"a=01", "f:1: 01 is no number, true or false; write text in quotes: \"01\""},
    {"a=1__0", "f:1: 1__0 is no number, true or false; write text in quotes: \"1__0\""},
    {"a=_1", "f:1: _1 is no number, true or false; write text in quotes: \"_1\""},
    {"a=1.", "f:1: 1. is no number, true or false; write text in quotes: \"1.\""},
    {"a=.5", "f:1: .5 is no number, true or false; write text in quotes: \".5\""},
    {"a=1e", "f:1: 1e is no number, true or false; write text in quotes: \"1e\""},
    {"a=0x", "f:1: 0x is no number, true or false; write text in quotes: \"0x\""},
    {"a=0x-1", "f:1: 0x-1 is no number, true or false; write text in quotes: \"0x-1\""},
    {"a=-0x1", "f:1: -0x1 is no number, true or false; write text in quotes: \"-0x1\""},
    {"a=2026-11-21", "f:1: dates are not supported; write \"2026-11-21\" in quotes"},
    {"a=09:03:43", "f:1: dates are not supported; write \"09:03:43\" in quotes"},
    {"a=127.0.0.1", "f:1: 127.0.0.1 is no number, true or false; write text in quotes: "
                    "\"127.0.0.1\""},

    /* arrays */
    {"a=[]", "a=[]@1;"},
    {"a=[1,2 , 3,]", "a=[1 2 3]@1;"},
    {"a=[ # c\n \"x\",\n\n 'y' # d\n]\nb=1", "a=[\"x\" \"y\"]@1;b=1@6;"},
    {"a=[[1],[\"b\",true]]", "a=[[1] [\"b\" true]]@1;"},
    {"a=[1,2,3,4,5,6,7,8,9,10]", "a=[1 2 3 4 5 6 7 8 9 10]@1;"},
    {"a=[1 2]", "f:1: a comma or ] was expected in the array of line 1"},
    {"a=[\n1,", "f:2: the array of line 1 has no end; close it with ]"},
    {"a=[,]", "f:1: a value was expected here: text in quotes, a number, true, false, or [...]"},
    {"a=[[[[[[[[[1]]]]]]]]]", "f:1: arrays are nested more than 8 deep"},
    {"a={b=1}", "f:1: {...} is not supported; write a [table] with a line for each name"},
};

static void table(void **state)
{
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_str(rows[i].text, read_all(a, rows[i].text, strlen(rows[i].text)), rows[i].expected);
}

/* Every cut of every text ends well; AddressSanitizer watches the end of the exact copy. */
static void cut_anywhere(void **state)
{
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t len = 0; len <= strlen(rows[i].text); len++) {
            char *copy = malloc(len + 1);
            memcpy(copy, rows[i].text, len);
            char *exact = realloc(copy, len ? len : 1);
            check_true(rows[i].text, read_all(a, exact, len) != NULL);
            free(exact);
        }
}

static void wrong_escape_says_which_are_right(void **state)
{
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    check_has("\\x", read_all(a, "a = \"c:\\x\"", 10), "write the text in '…' to keep backslashes");
    check_has("\\x", read_all(a, "a = \"\"\"\\x\"\"\"", 12), "f:1: only \\b \\t");
    check_has("NUL", read_all(a, "a\0=1", 4), "f:1: the text is not UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(wrong_escape_says_which_are_right),
    };
    return cmocka_run_group_tests_name("toml", tests, NULL, NULL);
}
