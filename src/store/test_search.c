/* The index follows what is stored; filters, paging, places and times; a database from before it.
 */
#include "base/file.h"
#include "base/test.h"
#include "store/business.h"
#include "store/search.h"
#include "store/segment.h"

#include <sqlite3.h>

#define ACCOUNT "AC00000000000000000000000000000001"

static struct kol_db *db;
static struct kol_arena *a;
static struct kol_err err;
static char path[64];
static int64_t business, other;

#define ok(expression) check_ok("", expression, &err)

static int set_up(void **state)
{
    (void)state;
    const struct kol_business b = {
        .name = "Golan Locks", .timezone = "Asia/Jerusalem", .language = "he"};

    snprintf(path, sizeof(path), "/tmp/kol-search-%d.db", (int)getpid());
    unlink(path);
    a = kol_arena_new(0);
    ok(kol_db_open(path, KOL_DB_WRITE, &db, &err));
    ok(kol_db_migrate(db, &err));
    ok(kol_db_begin(db, &err));
    ok(kol_business_add(db, &b, 1, &business, &err));
    ok(kol_business_add(db, &b, 1, &other, &err));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kol_db_rollback(db);
    kol_db_close(db);
    kol_arena_free(a);
    unlink(path);
    return 0;
}

static int64_t add_call(const char *sid, int64_t of, const char *direction)
{
    int64_t id = 0;

    ok(kol_call_ensure(db, sid, ACCOUNT, 1, &id, &err));
    ok(kol_call_set_parties(db, id, direction, "+972501234567", "+97248000000", of, 1, &err));
    return id;
}

static void say(int64_t call, const char *text)
{
    const struct kol_segment_row segments[] = {
        {.role = "customer", .start_ms = 0, .end_ms = 900, .text = "well, hello"},
        {.role = "customer", .start_ms = 1000, .end_ms = 2000, .text = text},
        {.role = "agent",
         .start_ms = 3000,
         .end_ms = 4000,
         .text = "secret",
         .dropped_reason = "x"},
    };
    const struct kol_transcript_row row = {.recording_sid = "RE1",
                                           .final_transcript = text,
                                           .language = "he",
                                           .model = "m",
                                           .segments = segments,
                                           .segment_count = KOL_COUNT(segments)};

    ok(kol_transcript_save(db, call, &row, 1, &err));
}

static struct kol_search_hit *find(struct kol_search_filter filter, size_t *ret_count)
{
    struct kol_search_hit *hits = NULL;

    check_ok(filter.query, kol_search_calls(db, a, &filter, &hits, ret_count, &err), &err);
    return hits;
}

static size_t count_of(const char *query)
{
    size_t n = 0;

    find((struct kol_search_filter){.query = query}, &n);
    return n;
}

static void test_words_and_where_they_stand(void **state)
{
    (void)state;
    const int64_t call = add_call("one", business, "inbound");
    size_t n = 0;

    say(call, "שלום, אני צריך מנעולן בעפולה");
    const struct kol_search_hit *hits =
        find((struct kol_search_filter){.query = "עפולה המנעולן"}, &n);
    assert_int_equal(n, 1);
    assert_int_equal(hits[0].call->id, call);
    assert_int_equal(hits[0].place_count, 1);
    const struct kol_search_place *p = &hits[0].places[0];
    assert_string_equal(p->field, "segments");
    assert_int_equal(p->segment, 1);
    assert_int_equal(p->start_ms, 1000);
    assert_string_equal(p->role, "customer");
    assert_int_equal(p->mark_count, 2);
    assert_int_equal(p->marks[0].start, 15);
    assert_int_equal(p->marks[0].end, 21);
    assert_int_equal(count_of("secret"), 0); /* what filters took out is not found */
    assert_int_equal(count_of("עפולה חיפה"), 0);
}

static void test_the_index_follows_the_text(void **state)
{
    (void)state;
    const int64_t call = add_call("one", business, "inbound");
    struct kol_realtime_line line = {.transcription_sid = "GT1",
                                     .sequence = 1,
                                     .role = "customer",
                                     .text = "a plumber please",
                                     .at_ms = 5};
    bool is_new;

    ok(kol_call_add_realtime_line(db, call, &line, 1, &is_new, &err));
    assert_int_equal(count_of("plumbers"), 1);
    line.sequence = 2;
    line.text = "in Haifa";
    ok(kol_call_add_realtime_line(db, call, &line, 1, &is_new, &err));
    assert_int_equal(count_of("plumber haifa"), 1);
    say(call, "a locksmith please"); /* the offline transcript counts from now on */
    assert_int_equal(count_of("plumber"), 0);
    assert_int_equal(count_of("locksmith"), 1);
    say(call, "");
    assert_int_equal(count_of("locksmith"), 0);
    assert_int_equal(count_of("plumber"), 1);
}

static void test_filters(void **state)
{
    (void)state;
    const int64_t mine = add_call("mine", business, "inbound");
    const int64_t theirs = add_call("theirs", other, "outbound");
    const int64_t nobodys = add_call("nobodys", 0, "inbound");
    const struct {
        const char *name;
        struct kol_search_filter filter;
        int64_t found; /* the newest one */
        size_t count;
    } rows[] = {
        {"all", {.query = "key"}, nobodys, 3},
        {"mine", {.query = "key", .calls.business_id = business}, mine, 1},
        {"theirs", {.query = "key", .calls.business_id = other}, theirs, 1},
        {"foreign", {.query = "key", .calls.business_id = other + 1}, 0, 0},
        {"unassigned", {.query = "key", .calls.unassigned = true}, nobodys, 1},
        {"outbound", {.query = "key", .direction = "outbound"}, theirs, 1},
        {"city", {.query = "key", .calls.city = "Haifa"}, 0, 0},
        {"number", {.query = "key", .calls.number_part = "5012"}, nobodys, 3},
        {"late", {.query = "key", .calls.from_ms = 100}, 0, 0},
        {"page", {.query = "key", .calls.before_id = nobodys, .calls.limit = 1}, theirs, 1},
        {"last page", {.query = "key", .calls.before_id = mine}, 0, 0},
    };

    say(mine, "the key");
    say(theirs, "the key");
    say(nobodys, "the keys");
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        size_t n = 0;
        const struct kol_search_hit *hits = find(rows[i].filter, &n);

        check_int(rows[i].name, n, rows[i].count);
        check_int(rows[i].name, n ? hits[0].call->id : 0, rows[i].found);
    }
}

static void test_hostile_queries(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "key OR haifa",
        "NOT key",
        "key*",
        "transcript:key",
        "{transcript}:key",
        "^key",
        "NEAR(key haifa, 2)",
        "\"key",
        "key\"",
        "key AND",
        "(((key",
        "key'; DROP TABLE call; --",
        "-key",
        "key\"\"\"",
        "rowid:1",
        "key+key",
    };
    say(add_call("one", business, "inbound"), "the key and haifa");

    for (size_t i = 0; i < KOL_COUNT(queries); i++) {
        struct kol_search_hit *hits = NULL;
        size_t n = 0;
        const struct kol_search_filter filter = {.query = queries[i]};

        check_ok(queries[i], kol_search_calls(db, a, &filter, &hits, &n, &err), &err);
    }
    assert_int_equal(count_of("key*"), 1);
    assert_int_equal(count_of("(((key"), 1);
    assert_int_equal(count_of("transcript:key"), 0); /* words, not columns */
}

static void test_the_best_segments_are_shown_in_order(void **state)
{
    (void)state;
    static const char *const texts[] = {"a key",        "a key", "the door",
                                        "key and door", "door",  "key"};
    static const char *const shown[] = {"a key", "a key", "key and door"};
    struct kol_segment_row segments[KOL_COUNT(texts)] = {0};
    const int64_t call = add_call("one", business, "inbound");
    size_t n = 0;

    for (size_t i = 0; i < KOL_COUNT(texts); i++)
        segments[i] = (struct kol_segment_row){.role = "customer",
                                               .start_ms = (int64_t)i * 1000,
                                               .end_ms = (int64_t)i * 1000 + 900,
                                               .text = texts[i]};
    const struct kol_transcript_row row = {.recording_sid = "RE1",
                                           .final_transcript = "key door",
                                           .segments = segments,
                                           .segment_count = KOL_COUNT(texts)};
    ok(kol_transcript_save(db, call, &row, 1, &err));
    const struct kol_search_hit *hits = find((struct kol_search_filter){.query = "key door"}, &n);
    assert_int_equal(hits[0].place_count, KOL_SEARCH_PLACES);
    for (size_t i = 0; i < KOL_SEARCH_PLACES; i++)
        check_str("shown", hits[0].places[i].text, shown[i]);
}

/* ---- a database of the first version ---- */

static void run_sql(sqlite3 *raw, const char *sql)
{
    char *why = NULL;

    if (sqlite3_exec(raw, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s", why);
}

static void make_first_version(const char *file)
{
    char *sql = NULL;
    size_t len;
    sqlite3 *raw = NULL;

    ok(kol_file_read(KOL_TEST_DATA "/../../src/store/sql/migrations/001_initial.sql", 1 << 20, &sql,
                     &len, &err));
    assert_int_equal(sqlite3_open(file, &raw), SQLITE_OK);
    run_sql(raw, sql);
    free(sql);
    run_sql(
        raw,
        "PRAGMA application_id = 0x4B6F6C31; PRAGMA user_version = 1;"
        "INSERT INTO call (call_sid, account_sid, created_at_ms, updated_at_ms, final_transcript, "
        "full_conversation, summary) VALUES ('CA1', 'AC1', 1, 1, 'אני בעפולה', 'Customer: x', "
        "'y'), "
        "('CA2', 'AC1', 1, 1, '', 'Customer: two plumbers', NULL), "
        "('CA3', 'AC1', 1, 1, NULL, NULL, NULL), ('CA4', 'AC1', 1, 1, NULL, NULL, 'A plumber.');");
    sqlite3_close(raw);
}

static void test_old_calls_are_indexed_by_the_migration(void **state)
{
    (void)state;
    char file[80], copy[100];

    snprintf(file, sizeof(file), "%s.old", path);
    snprintf(copy, sizeof(copy), "%s.before-migration", file);
    kol_db_rollback(db);
    kol_db_close(db);
    unlink(file);
    make_first_version(file);
    ok(kol_db_open(file, KOL_DB_WRITE, &db, &err));
    ok(kol_db_migrate(db, &err));
    assert_int_equal(count_of("עפולה"), 1);
    assert_int_equal(count_of("plumber"), 2);
    unlink(file);
    unlink(copy);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_words_and_where_they_stand),
        T(test_the_index_follows_the_text),
        T(test_filters),
        T(test_hostile_queries),
        T(test_the_best_segments_are_shown_in_order),
        T(test_old_calls_are_indexed_by_the_migration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
