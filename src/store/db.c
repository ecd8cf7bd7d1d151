#include "store/db.h"

#include "base/log.h"
#include "base/str.h"
#include "store/driver.h"
#include "store/search.h"

#include <string.h>

const struct kol_sql_text kol_sql_texts[KOL_SQL_COUNT] = {
#include "store/sql_texts.inc"
};

/* Append-only, in order; a released one never changes. */
static const struct kol_migration migrations[] = {
#include "store/sql_migrations.inc"
};

/* What a migration does that SQL cannot, in its transaction. */
static const struct {
    int version;
    enum kol_code (*run)(struct kol_db *db, struct kol_err *err);
} migration_steps[] = {
    {2, kol_search_index_all},
};

enum kol_code kol_db_open(const char *dsn, enum kol_db_mode mode, struct kol_db **ret,
                          struct kol_err *err)
{
    if (kol_starts_with(dsn, "postgresql://") || kol_starts_with(dsn, "postgres://"))
        return kol_fail(err, KOL_BAD_CONFIG,
                        "database: PostgreSQL is not in this version; leave the setting empty");
    return kol_db_sqlite.open(dsn, mode, ret, err);
}

void kol_db_close(struct kol_db *db)
{
    if (db)
        db->driver->close(db);
}

const char *kol_db_engine_version(void)
{
    return kol_db_sqlite.version();
}

enum kol_code kol_db_query(struct kol_db *db, enum kol_sql id, struct kol_args args,
                           struct kol_stmt **ret, struct kol_err *err)
{
    enum kol_code code = db->driver->start(db, id, args, ret, err);

    if (code != KOL_OK)
        return kol_err_prefix(err, "query %s", kol_sql_texts[id].name);
    return KOL_OK;
}

enum kol_code kol_step(struct kol_stmt *st, bool *ret_row, struct kol_err *err)
{
    return st->db->driver->step(st, ret_row, err);
}

void kol_finish(struct kol_stmt *st)
{
    if (st)
        st->db->driver->finish(st);
}

int64_t kol_col_int(struct kol_stmt *st, int column)
{
    return st->db->driver->col_int(st, column);
}

double kol_col_real(struct kol_stmt *st, int column)
{
    return st->db->driver->col_real(st, column);
}

const char *kol_col_text(struct kol_stmt *st, int column)
{
    return st->db->driver->col_text(st, column);
}

bool kol_col_null(struct kol_stmt *st, int column)
{
    return st->db->driver->col_null(st, column);
}

char *kol_col_dup(struct kol_arena *a, struct kol_stmt *st, int column)
{
    return kol_arena_str(a, kol_col_text(st, column));
}

enum kol_code kol_db_run(struct kol_db *db, enum kol_sql id, struct kol_args args,
                         int64_t *ret_changes, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    enum kol_code code = kol_db_query(db, id, args, &st, err);

    if (code != KOL_OK)
        return code;
    code = kol_step(st, &row, err);
    if (code != KOL_OK)
        return kol_err_prefix(err, "run %s", kol_sql_texts[id].name);
    if (ret_changes)
        *ret_changes = db->driver->changes(db);
    return KOL_OK;
}

#define FIRST_ROWS 16

/* Twice the room, with the rows so far. NULL when the arena is full. */
static void *grow_rows(struct kol_arena *a, const void *rows, size_t count, size_t row_size,
                       size_t *cap)
{
    const size_t bigger = *cap ? *cap * 2 : FIRST_ROWS;
    void *ret = kol_arena_array(a, bigger, row_size);

    if (ret && count)
        memcpy(ret, rows, count * row_size);
    *cap = bigger;
    return ret;
}

enum kol_code kol_db_rows(struct kol_db *db, struct kol_arena *a, enum kol_sql id,
                          struct kol_args args, size_t row_size, size_t max, kol_read_row_fn read,
                          struct kol_rows *ret, struct kol_err *err)
{
    struct kol_rows found = {0};
    KOL_STMT st = NULL;
    size_t cap = 0;
    bool row = true;
    enum kol_code code = kol_db_query(db, id, args, &st, err);

    while (code == KOL_OK && found.count < max) {
        code = kol_step(st, &row, err);
        if (code != KOL_OK || !row)
            break;
        if (found.count == cap)
            found.rows = grow_rows(a, found.rows, found.count, row_size, &cap);
        if (!kol_arena_failed(a))
            read(a, st, (char *)found.rows + found.count++ * row_size);
        if (kol_arena_failed(a))
            return kol_fail(err, KOL_NO_MEMORY, "query %s: out of memory", kol_sql_texts[id].name);
    }
    *ret = found;
    return code;
}

int64_t kol_db_last_id(struct kol_db *db)
{
    return db->driver->last_id(db);
}

enum kol_code kol_db_get_int(struct kol_db *db, enum kol_sql id, struct kol_args args,
                             int64_t missing, int64_t *ret, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    enum kol_code code = kol_db_query(db, id, args, &st, err);

    if (code != KOL_OK)
        return code;
    code = kol_step(st, &row, err);
    if (code != KOL_OK)
        return code;
    *ret = row ? kol_col_int(st, 0) : missing;
    return KOL_OK;
}

/* A write transaction takes the lock at once, so that it never has to upgrade. */
enum kol_code kol_db_begin(struct kol_db *db, struct kol_err *err)
{
    return db->driver->script(db, "BEGIN IMMEDIATE", err);
}

enum kol_code kol_db_commit(struct kol_db *db, struct kol_err *err)
{
    return db->driver->script(db, "COMMIT", err);
}

void kol_db_rollback(struct kol_db *db)
{
    /* When the engine has rolled back by itself this fails, and that is fine. */
    (void)db->driver->script(db, "ROLLBACK", NULL);
}

bool kol_db_in_transaction(struct kol_db *db)
{
    return db->driver->in_transaction(db);
}

enum kol_code kol_db_savepoint(struct kol_db *db, struct kol_err *err)
{
    return db->driver->script(db, "SAVEPOINT change", err);
}

enum kol_code kol_db_release(struct kol_db *db, struct kol_err *err)
{
    return db->driver->script(db, "RELEASE change", err);
}

void kol_db_rollback_to(struct kol_db *db)
{
    (void)db->driver->script(db, "ROLLBACK TO change; RELEASE change", NULL);
}

enum kol_code kol_db_checkpoint(struct kol_db *db, bool empty, struct kol_err *err)
{
    return db->driver->checkpoint(db, empty, err);
}

static enum kol_code run_steps(struct kol_db *db, int version, struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    for (size_t i = 0; i < KOL_COUNT(migration_steps) && code == KOL_OK; i++)
        if (migration_steps[i].version == version)
            code = migration_steps[i].run(db, err);
    return code;
}

static enum kol_code apply_migration(struct kol_db *db, const struct kol_migration *migration,
                                     struct kol_err *err)
{
    enum kol_code code = kol_db_begin(db, err);

    if (code != KOL_OK)
        return code;
    code = db->driver->script(db, migration->text, err);
    if (code == KOL_OK)
        code = run_steps(db, migration->version, err);
    if (code == KOL_OK)
        code = db->driver->set_version(db, migration->version, err);
    if (code == KOL_OK)
        code = kol_db_commit(db, err);
    if (code != KOL_OK) {
        kol_db_rollback(db);
        return kol_err_prefix(err, "migration %s", migration->file);
    }
    kol_debug("schema is now at version=%d file=%s", migration->version, migration->file);
    return KOL_OK;
}

enum kol_code kol_db_migrate(struct kol_db *db, struct kol_err *err)
{
    const int newest = migrations[KOL_COUNT(migrations) - 1].version;
    int version;
    enum kol_code code = db->driver->get_version(db, &version, err);

    if (code != KOL_OK)
        return code;
    if (version > newest)
        return kol_fail(err, KOL_BAD_CONFIG,
                        "the database has schema %d, this program knows %d: it was used by a newer "
                        "version; install that one (schemas never go down)",
                        version, newest);
    if (version > 0 && version < newest) {
        code = db->driver->copy(db, "before-migration", err);
        if (code != KOL_OK)
            return code;
    }
    for (size_t i = 0; i < KOL_COUNT(migrations); i++) {
        if (migrations[i].version <= version)
            continue;
        code = apply_migration(db, &migrations[i], err);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}
