/* The writer: group commit, one change's failure, readers, life across reopening. */
#include "base/file.h"
#include "base/test.h"
#include "store/fact.h"
#include "store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static char *make_folder(void)
{
    char template[] = "/tmp/kol-test-XXXXXX";
    assert_non_null(mkdtemp(template));
    return strdup(template);
}

static enum kol_code set_fact(struct kol_db *db, void *arg, struct kol_err *err)
{
    return kol_fact_set(db, arg, "1", err);
}

static enum kol_code set_then_fail(struct kol_db *db, void *arg, struct kol_err *err)
{
    enum kol_code code = kol_fact_set(db, arg, "1", err);

    return code == KOL_OK ? kol_fail(err, KOL_BAD_INPUT, "on purpose") : code;
}

static bool has_fact(struct kol_writer *w, const char *name)
{
    struct kol_err err = {0};
    struct kol_db *db = kol_reader_borrow(w, &err);
    KOL_ARENA a = kol_arena_new(0);
    char *value = NULL;

    assert_non_null(db);
    assert_int_equal(kol_fact_get(db, a, name, &value, &err), KOL_OK);
    kol_reader_return(w, db);
    return value != NULL;
}

static void test_failed_change_takes_back_only_its_own(void **state)
{
    (void)state;
    KOL_CLEANUP(kol_free_str) char *folder = make_folder();
    struct kol_writer *w = NULL;
    struct kol_err err = {0};

    assert_int_equal(kol_writer_start(folder, NULL, &w, &err), KOL_OK);
    assert_int_equal(kol_write(w, set_fact, "kept", &err), KOL_OK);
    assert_int_equal(kol_write(w, set_then_fail, "undone", &err), KOL_BAD_INPUT);
    assert_string_equal(err.msg, "on purpose");
    assert_true(has_fact(w, "kept"));
    assert_false(has_fact(w, "undone"));
    kol_writer_stop(w);

    assert_int_equal(kol_writer_start(folder, NULL, &w, &err), KOL_OK);
    assert_true(has_fact(w, "kept"));
    kol_writer_stop(w);
}

#define THREADS 8
#define CHANGES_EACH 50

static struct kol_writer *shared;
static atomic_int failures;

static void *many_changes(void *arg)
{
    for (int i = 0; i < CHANGES_EACH; i++) {
        char name[32];
        struct kol_err err = {0};

        snprintf(name, sizeof(name), "fact-%d-%d", *(int *)arg, i);
        if (kol_write(shared, set_fact, name, &err) != KOL_OK)
            failures++;
    }
    return NULL;
}

static void test_many_threads_share_commits(void **state)
{
    (void)state;
    KOL_CLEANUP(kol_free_str) char *folder = make_folder();
    pthread_t threads[THREADS];
    int numbers[THREADS];
    struct kol_err err = {0};
    struct kol_writer_stats stats;

    assert_int_equal(kol_writer_start(folder, NULL, &shared, &err), KOL_OK);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, many_changes, &numbers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    kol_writer_stats(shared, &stats);
    assert_int_equal(failures, 0);
    assert_int_equal(stats.changes, THREADS * CHANGES_EACH);
    assert_true(stats.commits <= stats.changes);
    assert_true(has_fact(shared, "fact-7-49"));
    kol_writer_stop(shared);
}

static void test_full_disk_stores_nothing_and_recovers(void **state)
{
    (void)state;
    KOL_CLEANUP(kol_free_str) char *folder = make_folder();
    struct kol_writer *w = NULL;
    struct kol_err err = {0};
    struct rlimit old;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(kol_writer_start(folder, NULL, &w, &err), KOL_OK);
    assert_int_equal(kol_write(w, set_fact, "before", &err), KOL_OK);
    getrlimit(RLIMIT_FSIZE, &old);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max});
    enum kol_code code = kol_write(w, set_fact, "during", &err);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_not_equal(code, KOL_OK);
    assert_true(has_fact(w, "before"));
    assert_false(has_fact(w, "during"));
    assert_int_equal(kol_write(w, set_fact, "after", &err), KOL_OK);
    assert_true(has_fact(w, "after"));
    kol_writer_stop(w);
}

static void test_refuses_foreign_file(void **state)
{
    (void)state;
    KOL_CLEANUP(kol_free_str) char *folder = make_folder();
    char path[128];
    struct kol_writer *w = NULL;
    struct kol_err err = {0};

    snprintf(path, sizeof(path), "%s/kol.db", folder);
    assert_int_equal(kol_file_write_atomic(path, "this is no database, it is a text", 33, &err),
                     KOL_OK);
    assert_int_not_equal(kol_writer_start(folder, NULL, &w, &err), KOL_OK);
    assert_int_equal(err.code, KOL_BAD_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_change_takes_back_only_its_own),
        cmocka_unit_test(test_many_threads_share_commits),
        cmocka_unit_test(test_full_disk_stores_nothing_and_recovers),
        cmocka_unit_test(test_refuses_foreign_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
