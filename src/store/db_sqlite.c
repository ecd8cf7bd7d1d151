/*
 * db_sqlite.c - the embedded driver. WAL, synchronous FULL on the writer, no automatic checkpoints
 * (the writer makes them under write.lock), no mmap, prepared statements cached per connection.
 * Source: facts in ARCHITECTURE.md, "The store"; sqlite.org pragma and wal pages.
 */
#include "base/str.h"
#include "store/driver.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#define APPLICATION_ID 0x4B6F6C31 /* "Kol1" in the file header: not another program's database */
#define BUSY_TIMEOUT_MS 10000

struct sqlite_db;

struct sqlite_stmt {
    struct kol_stmt base;
    sqlite3_stmt *handle;
    bool in_use;
    bool cached; /* lives in its connection's cache; otherwise freed on finish */
};

struct sqlite_db {
    struct kol_db base;
    sqlite3 *handle;
    struct sqlite_stmt cache[KOL_SQL_COUNT];
};

static struct sqlite_db *to_sqlite(struct kol_db *db)
{
    return (struct sqlite_db *)(void *)db;
}

static struct sqlite_stmt *to_stmt(struct kol_stmt *st)
{
    return (struct sqlite_stmt *)(void *)st;
}

static enum kol_code code_of(int status)
{
    if (status == SQLITE_IOERR_FSYNC || status == SQLITE_IOERR_DIR_FSYNC)
        return KOL_SYNC_FAILED;
    switch (status & 0xff) {
    case SQLITE_FULL:
        return KOL_DISK_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return KOL_DB_BUSY;
    case SQLITE_NOMEM:
        return KOL_NO_MEMORY;
    case SQLITE_IOERR:
        return KOL_IO;
    case SQLITE_NOTADB:
        return KOL_BAD_CONFIG;
    case SQLITE_CONSTRAINT:
        return KOL_CONFLICT;
    default:
        return KOL_DB;
    }
}

static enum kol_code fail(struct sqlite_db *db, int status, struct kol_err *err)
{
    return kol_fail(err, code_of(status), "database: %s", sqlite3_errmsg(db->handle));
}

static enum kol_code sqlite_script(struct kol_db *base, const char *sql, struct kol_err *err)
{
    struct sqlite_db *db = to_sqlite(base);
    int status = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return status == SQLITE_OK ? KOL_OK : fail(db, status, err);
}

static enum kol_code pragma_int(struct sqlite_db *db, const char *sql, int *ret,
                                struct kol_err *err)
{
    sqlite3_stmt *st = NULL;
    int status = sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL);

    if (status == SQLITE_OK)
        status = sqlite3_step(st);
    if (status == SQLITE_ROW)
        *ret = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return status == SQLITE_ROW ? KOL_OK : fail(db, status, err);
}

static enum kol_code sqlite_get_version(struct kol_db *base, int *ret, struct kol_err *err)
{
    return pragma_int(to_sqlite(base), "PRAGMA user_version", ret, err);
}

static enum kol_code sqlite_set_version(struct kol_db *base, int version, struct kol_err *err)
{
    char sql[64];

    snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
    return sqlite_script(base, sql, err);
}

/* VACUUM INTO a file beside the database: what an operator goes back to when an upgrade fails. */
static enum kol_code sqlite_copy(struct kol_db *base, const char *suffix, struct kol_err *err)
{
    struct sqlite_db *db = to_sqlite(base);
    const char *path = sqlite3_db_filename(db->handle, "main");
    char *sql = sqlite3_mprintf("VACUUM INTO '%q.%q'", path, suffix);

    if (!sql)
        return kol_fail(err, KOL_NO_MEMORY, "copy the database: out of memory");
    char *target = sqlite3_mprintf("%s.%s", path, suffix);
    if (target)
        unlink(target);
    sqlite3_free(target);
    enum kol_code code = sqlite_script(base, sql, err);
    sqlite3_free(sql);
    return code;
}

/* Refuses a file that is somebody else's; marks a new one as ours. */
static enum kol_code check_owner(struct sqlite_db *db, enum kol_db_mode mode, struct kol_err *err)
{
    int id = 0, version = 0;
    enum kol_code code = pragma_int(db, "PRAGMA application_id", &id, err);

    if (code == KOL_OK)
        code = pragma_int(db, "PRAGMA user_version", &version, err);
    if (code != KOL_OK || id == APPLICATION_ID)
        return code;
    if (id != 0 || version != 0)
        return kol_fail(err, KOL_BAD_CONFIG, "%s is not a Kol database",
                        sqlite3_db_filename(db->handle, "main"));
    if (mode == KOL_DB_READ)
        return KOL_OK;
    char sql[64];
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION_ID);
    return sqlite_script(&db->base, sql, err);
}

static enum kol_code configure(struct sqlite_db *db, enum kol_db_mode mode, struct kol_err *err)
{
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, mode == KOL_DB_READ ? 0 : 1);
    sqlite3_wal_autocheckpoint(db->handle, 0);

    enum kol_code code = check_owner(db, mode, err);
    if (code != KOL_OK)
        return code;
    if (mode == KOL_DB_READ)
        return sqlite_script(&db->base, "PRAGMA query_only = 1; PRAGMA mmap_size = 0", err);
    return sqlite_script(&db->base,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA foreign_keys = ON; PRAGMA mmap_size = 0;"
                         "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864;"
                         "PRAGMA secure_delete = ON",
                         err);
}

static void sqlite_close_db(struct kol_db *base)
{
    struct sqlite_db *db = to_sqlite(base);

    for (int i = 0; i < KOL_SQL_COUNT; i++)
        sqlite3_finalize(db->cache[i].handle);
    sqlite3_close(db->handle);
    free(db);
}

static enum kol_code sqlite_open_db(const char *dsn, enum kol_db_mode mode, struct kol_db **ret,
                                    struct kol_err *err)
{
    /* A read connection of a WAL database writes its shared index, so it is opened for writing and
     * told query_only. It never creates the file. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    struct sqlite_db *db = calloc(1, sizeof(*db));

    if (!db)
        return kol_fail(err, KOL_NO_MEMORY, "open %s: out of memory", dsn);
    db->base.driver = &kol_db_sqlite;
    if (mode == KOL_DB_WRITE)
        flags |= SQLITE_OPEN_CREATE;
    mode_t old_mask = umask(0077); /* callers' words: for the owner's eyes only */
    int status = sqlite3_open_v2(dsn, &db->handle, flags, NULL);
    enum kol_code code = KOL_OK;
    if (status != SQLITE_OK)
        code = kol_fail(err, code_of(status), "open %s: %s", dsn, sqlite3_errstr(status));
    else
        code = configure(db, mode, err);
    umask(old_mask);
    if (code != KOL_OK) {
        sqlite_close_db(&db->base);
        return code;
    }
    *ret = &db->base;
    return KOL_OK;
}

static const char *sqlite_version(void)
{
    static char text[32];

    snprintf(text, sizeof(text), "SQLite %s", sqlite3_libversion());
    return text;
}

static int bind_all(sqlite3_stmt *st, struct kol_args args)
{
    int status = SQLITE_OK;

    for (int i = 0; i < args.count && status == SQLITE_OK; i++) {
        const struct kol_value *v = &args.values[i];

        switch (v->type) {
        case KOL_VALUE_NULL:
            status = sqlite3_bind_null(st, i + 1);
            break;
        case KOL_VALUE_INT:
            status = sqlite3_bind_int64(st, i + 1, v->integer);
            break;
        case KOL_VALUE_REAL:
            status = sqlite3_bind_double(st, i + 1, v->real);
            break;
        case KOL_VALUE_TEXT: /* NULL becomes SQL NULL; borrowed until the statement is finished */
            status = sqlite3_bind_text(st, i + 1, v->text, -1, SQLITE_STATIC);
            break;
        }
    }
    return status;
}

/* The cached statement of the query, or a fresh one when that is running already (nested use). */
static struct sqlite_stmt *take_stmt(struct sqlite_db *db, enum kol_sql id, int *ret_status)
{
    struct sqlite_stmt *st = &db->cache[id];

    *ret_status = SQLITE_NOMEM;
    if (st->in_use) {
        st = calloc(1, sizeof(*st));
        if (!st)
            return NULL;
    } else {
        st->cached = true;
    }
    *ret_status = SQLITE_OK;
    if (!st->handle)
        *ret_status =
            sqlite3_prepare_v3(db->handle, kol_sql_texts[id].text, -1,
                               st->cached ? SQLITE_PREPARE_PERSISTENT : 0, &st->handle, NULL);
    st->base.db = &db->base;
    st->in_use = true;
    return st;
}

static void sqlite_finish(struct kol_stmt *base)
{
    struct sqlite_stmt *st = to_stmt(base);

    sqlite3_reset(st->handle);
    sqlite3_clear_bindings(st->handle);
    st->in_use = false;
    if (!st->cached) {
        sqlite3_finalize(st->handle);
        free(st);
    }
}

static enum kol_code sqlite_start(struct kol_db *base, enum kol_sql id, struct kol_args args,
                                  struct kol_stmt **ret, struct kol_err *err)
{
    struct sqlite_db *db = to_sqlite(base);
    int status;
    struct sqlite_stmt *st = take_stmt(db, id, &status);

    if (!st)
        return kol_fail(err, KOL_NO_MEMORY, "database: out of memory");
    if (status == SQLITE_OK)
        status = bind_all(st->handle, args);
    if (status != SQLITE_OK) {
        enum kol_code code = fail(db, status, err);
        sqlite_finish(&st->base);
        return code;
    }
    *ret = &st->base;
    return KOL_OK;
}

static enum kol_code sqlite_step(struct kol_stmt *base, bool *ret_row, struct kol_err *err)
{
    int status = sqlite3_step(to_stmt(base)->handle);

    if (status != SQLITE_ROW && status != SQLITE_DONE)
        return fail(to_sqlite(base->db), status, err);
    *ret_row = status == SQLITE_ROW;
    return KOL_OK;
}

static int64_t sqlite_col_int(struct kol_stmt *st, int column)
{
    return sqlite3_column_int64(to_stmt(st)->handle, column);
}

static double sqlite_col_real(struct kol_stmt *st, int column)
{
    return sqlite3_column_double(to_stmt(st)->handle, column);
}

static const char *sqlite_col_text(struct kol_stmt *st, int column)
{
    return (const char *)sqlite3_column_text(to_stmt(st)->handle, column);
}

static bool sqlite_col_null(struct kol_stmt *st, int column)
{
    return sqlite3_column_type(to_stmt(st)->handle, column) == SQLITE_NULL;
}

static bool sqlite_in_transaction(struct kol_db *db)
{
    return !sqlite3_get_autocommit(to_sqlite(db)->handle);
}

static int64_t sqlite_changes(struct kol_db *db)
{
    return sqlite3_changes64(to_sqlite(db)->handle);
}

static int64_t sqlite_last_id(struct kol_db *db)
{
    return sqlite3_last_insert_rowid(to_sqlite(db)->handle);
}

/* Old frames of a log hold what was redacted or deleted since: without work they are cut off. */
static enum kol_code sqlite_checkpoint(struct kol_db *base, bool empty, struct kol_err *err)
{
    struct sqlite_db *db = to_sqlite(base);
    int status = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    if (status == SQLITE_OK && empty) {
        sqlite3_busy_timeout(db->handle, 0);
        status =
            sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    }
    if (status == SQLITE_BUSY)
        status = SQLITE_OK; /* readers: the next time */
    return status == SQLITE_OK ? KOL_OK : fail(db, status, err);
}

const struct kol_db_driver kol_db_sqlite = {
    .open = sqlite_open_db,
    .close = sqlite_close_db,
    .version = sqlite_version,
    .script = sqlite_script,
    .get_version = sqlite_get_version,
    .set_version = sqlite_set_version,
    .copy = sqlite_copy,
    .start = sqlite_start,
    .step = sqlite_step,
    .finish = sqlite_finish,
    .col_int = sqlite_col_int,
    .col_real = sqlite_col_real,
    .col_text = sqlite_col_text,
    .col_null = sqlite_col_null,
    .in_transaction = sqlite_in_transaction,
    .changes = sqlite_changes,
    .last_id = sqlite_last_id,
    .checkpoint = sqlite_checkpoint,
};
