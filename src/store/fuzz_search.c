/*
 * fuzz_search.c - a query and, behind the first line, a text: whatever they hold, the database
 * takes the expression, and marks lie inside the snippet.
 */
#include "store/search.h"

#include "base/str.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct kol_db *open_once(void)
{
    static struct kol_db *db;
    struct kol_err err;

    if (!db && (kol_db_open(":memory:", KOL_DB_WRITE, &db, &err) != KOL_OK ||
                kol_db_migrate(db, &err) != KOL_OK))
        abort();
    return db;
}

static void check_snippet(const struct kol_search_query *query, const char *text)
{
    struct kol_snippet s;
    size_t last = 0;

    kol_search_snippet(query, text, &s);
    assert(s.at + s.len <= strlen(text));
    for (size_t i = 0; i < s.mark_count; i++) {
        assert(s.marks[i].start >= last && s.marks[i].start < s.marks[i].end);
        assert(s.marks[i].end <= s.len);
        last = s.marks[i].end;
    }
    assert((s.terms == 0) == (s.mark_count == 0));
}

static void check_database(const char *text)
{
    KOL_ARENA a = kol_arena_new(0);
    const struct kol_search_filter filter = {.query = text};
    struct kol_search_hit *hits;
    struct kol_err err = {0};
    size_t n;
    enum kol_code code = kol_search_calls(open_once(), a, &filter, &hits, &n, &err);

    assert(code == KOL_OK || code == KOL_BAD_INPUT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kol_search_query query;
    struct kol_err err;
    KOL_STR forms;
    char *text = strndup((const char *)data, size);

    if (!text)
        abort();
    kol_str_init(&forms, 1 << 20);
    char *rest = strchrnul(text, '\n');
    if (*rest)
        *rest++ = '\0';
    if (kol_search_parse(text, &query, &err) == KOL_OK)
        check_snippet(&query, rest);
    check_database(text);
    kol_search_add_index(&forms, rest);
    free(text);
    return 0;
}
