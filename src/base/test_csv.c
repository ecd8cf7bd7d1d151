/* Rows from text, in one piece and byte by byte. */
#include "base/cleanup.h"
#include "base/csv.h"
#include "base/str.h"
#include "base/test.h"

/* All rows as one text: fields in [], rows by line number, faults behind !. */
static enum kol_code write_row(void *user, const struct kol_csv_row *row, struct kol_err *err)
{
    struct kol_str *s = user;

    (void)err;
    kol_str_add_fmt(s, "%lld:", (long long)row->line);
    if (row->fault)
        kol_str_add_fmt(s, "!%s", row->fault);
    for (size_t i = 0; i < row->count; i++)
        kol_str_add_fmt(s, "[%s]", row->fields[i]);
    kol_str_add_char(s, ';');
    return KOL_OK;
}

static void read_text(const char *text, size_t len, size_t piece, struct kol_str *ret)
{
    KOL_CSV c = kol_csv_new(write_row, ret);
    struct kol_err err = {0};

    kol_str_init(ret, 1 << 20);
    for (size_t at = 0; at < len; at += piece)
        check_ok(text, kol_csv_feed(c, text + at, len - at < piece ? len - at : piece, &err), &err);
    check_ok(text, kol_csv_end(c, &err), &err);
}

static void test_rows(void **state)
{
    static const struct {
        const char *text, *rows;
    } rows[] = {
        {"", ""},
        {"\n\r\n\n", ""},
        {"a", "1:[a];"},
        {"a,b\nc,d\n", "1:[a][b];2:[c][d];"},
        {"a,b\r\nc,d", "1:[a][b];2:[c][d];"},
        {"a\rb\r\rc", "1:[a];2:[b];4:[c];"},
        {",\n,,", "1:[][];2:[][][];"},
        {"\"a,b\",\"c\"\"d\"\n", "1:[a,b][c\"d];"},
        {"\"\"\n\"\",x", "1:[];2:[][x];"},
        {"\"two\nlines\r\nand more\",x\ny", "1:[two\nlines\r\nand more][x];4:[y];"},
        {"\xEF\xBB\xBF"
         "a,b",
         "1:[a][b];"},
        {"\xEF\xBB\xBF\"a\"", "1:[a];"},
        {"\xEF\xBB"
         "a\nb",
         "1:!not UTF-8;2:[b];"},
        {"a\"b,c\nd", "1:!a quote within a field that does not begin with one;2:[d];"},
        {"\"a\"b\nd", "1:!something behind a closing quote;2:[d];"},
        {"x\n\"a,b\nc", "1:[x];2:!a quote that is not closed;"},
        {"\xFF,b\nc", "1:!not UTF-8;2:[c];"},
        {"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D,b", "1:[\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D][b];"},
        {" a , b ", "1:[ a ][ b ];"},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        for (size_t piece = 1; piece < 5; piece++) {
            KOL_STR got;
            read_text(rows[i].text, strlen(rows[i].text), piece, &got);
            check_str(rows[i].text, got.data, rows[i].rows);
        }
    }
}

static void test_limits(void **state)
{
    KOL_STR text, got;

    (void)state;
    read_text("a\0b\nc", 5, 5, &got);
    check_str("zero", got.data, "1:!a zero byte;2:[c];");
    kol_str_done(&got);

    kol_str_init(&text, 20 << 20);
    for (int i = 0; i < KOL_CSV_MAX_FIELDS; i++)
        kol_str_add_char(&text, ',');
    kol_str_add(&text, "\nb");
    read_text(text.data, text.len, text.len, &got);
    check_str("fields", got.data, "1:!more than 256 fields;2:[b];");
    kol_str_done(&got);

    kol_str_clear(&text);
    kol_str_add_char(&text, '"');
    for (int i = 0; i <= KOL_CSV_MAX_ROW_BYTES / 16; i++)
        kol_str_add(&text, "0123456789abcdef");
    kol_str_add(&text, "\"\nb");
    read_text(text.data, text.len, 65536, &got);
    check_str("bytes", got.data, "1:!longer than 8 MiB;2:[b];");
}

static enum kol_code refuse(void *user, const struct kol_csv_row *row, struct kol_err *err)
{
    (void)user, (void)row;
    return kol_fail(err, KOL_DISK_FULL, "no more");
}

static void test_an_end_from_outside(void **state)
{
    KOL_CSV c = kol_csv_new(refuse, NULL);
    struct kol_err err = {0};

    (void)state;
    check_code("refused", kol_csv_feed(c, "a\nb\n", 4, &err), KOL_DISK_FULL, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_an_end_from_outside)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
