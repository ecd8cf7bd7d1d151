/*
 * db.h - one database connection, named queries, and the driver behind them.
 *
 * All SQL text stands in sql/<table>.sql under a name ("-- name: call_by_sid"); the build turns it
 * into enum kol_sql. Parameters are ?1, ?2, ... A second text exists only where dialects differ.
 * Used by: everything that stores. Knows nothing of what the rows mean (see call.h, lead.h, ...).
 * Threading: one connection belongs to one thread at a time.
 */
#ifndef KOL_STORE_DB_H
#define KOL_STORE_DB_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "store/sql_names.h" /* generated: enum kol_sql */
#include <stdint.h>

struct kol_db;   /* opaque connection */
struct kol_stmt; /* opaque running statement; belongs to its connection */

enum kol_db_mode {
    KOL_DB_READ, /* read-only, never checkpoints; any number */
    KOL_DB_WRITE /* only the writer thread of a process opens one (writer.h) */
};

/*
 * Opens the database.
 *   dsn   path of the SQLite file, or "postgresql://..." (refused in this version)
 * Errors: DB, DB_BUSY (retry); BAD_CONFIG (another program's file, newer schema, unknown driver).
 */
enum kol_code kol_db_open(const char *dsn, enum kol_db_mode mode, struct kol_db **ret,
                          struct kol_err *err) KOL_MUST_CHECK;
void kol_db_close(struct kol_db *db);    /* NULL is fine */
const char *kol_db_engine_version(void); /* "SQLite 3.40.1" for doctor */

/* A parameter of a query. Text and blobs are borrowed until the statement is finished. */
enum kol_value_type { KOL_VALUE_NULL, KOL_VALUE_INT, KOL_VALUE_REAL, KOL_VALUE_TEXT };
struct kol_value {
    enum kol_value_type type;
    int64_t integer;
    double real;
    const char *text;
};
#define KOL_INT(v) ((struct kol_value){.type = KOL_VALUE_INT, .integer = (int64_t)(v)})
#define KOL_REAL(v) ((struct kol_value){.type = KOL_VALUE_REAL, .real = (double)(v)})
#define KOL_NULL() ((struct kol_value){.type = KOL_VALUE_NULL})
/* NULL pointers become SQL NULL. */
#define KOL_TEXT(v) ((struct kol_value){.type = KOL_VALUE_TEXT, .text = (v)})
/* 0 becomes SQL NULL: for optional ids and times. */
#define KOL_INT_OR_NULL(v)                                                                         \
    ((struct kol_value){.type = (v) ? KOL_VALUE_INT : KOL_VALUE_NULL, .integer = (int64_t)(v)})

struct kol_args {
    const struct kol_value *values;
    int count;
};
#define KOL_ARGS(...)                                                                              \
    ((struct kol_args){                                                                            \
        (const struct kol_value[]){__VA_ARGS__},                                                   \
        (int)(sizeof((const struct kol_value[]){__VA_ARGS__}) / sizeof(struct kol_value))})
#define KOL_NO_ARGS ((struct kol_args){NULL, 0})

/* Runs a statement that gives no rows. ret_changes (NULL is fine): rows inserted, changed, deleted.
 */
enum kol_code kol_db_run(struct kol_db *db, enum kol_sql id, struct kol_args args,
                         int64_t *ret_changes, struct kol_err *err) KOL_MUST_CHECK;
int64_t kol_db_last_id(struct kol_db *db); /* of the last INSERT on this connection */

/*
 * Starts a query; read rows with kol_step(), end with kol_finish() (or KOL_STMT).
 *     KOL_STMT st = NULL;
 *     code = kol_db_query(db, KOL_SQL_call_by_sid, KOL_ARGS(KOL_TEXT(sid)), &st, err);
 */
enum kol_code kol_db_query(struct kol_db *db, enum kol_sql id, struct kol_args args,
                           struct kol_stmt **ret, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_step(struct kol_stmt *st, bool *ret_row, struct kol_err *err) KOL_MUST_CHECK;
void kol_finish(struct kol_stmt *st); /* NULL is fine */

/* Columns count from 0. NULL columns read as 0, 0.0 and NULL. */
int64_t kol_col_int(struct kol_stmt *st, int column);
double kol_col_real(struct kol_stmt *st, int column);
const char *kol_col_text(struct kol_stmt *st, int column); /* until kol_step or kol_finish */
char *kol_col_dup(struct kol_arena *a, struct kol_stmt *st, int column);
bool kol_col_null(struct kol_stmt *st, int column);

static inline void kol_stmt_cleanup(struct kol_stmt **st)
{
    kol_finish(*st);
}
#define KOL_STMT __attribute__((cleanup(kol_stmt_cleanup))) struct kol_stmt *

/*
 * Reads all rows of a query into an array of the arena.
 *
 *   row_size  of one element, filled by read from the current row
 *   max       rows beyond it are left unread
 * Errors: those of the query; NO_MEMORY when the arena is full.
 */
struct kol_rows {
    void *rows; /* NULL when count is 0 */
    size_t count;
};
typedef void (*kol_read_row_fn)(struct kol_arena *a, struct kol_stmt *st, void *row);
enum kol_code kol_db_rows(struct kol_db *db, struct kol_arena *a, enum kol_sql id,
                          struct kol_args args, size_t row_size, size_t max, kol_read_row_fn read,
                          struct kol_rows *ret, struct kol_err *err) KOL_MUST_CHECK;

/* Runs a query whose single row has one integer; missing when there is no row. */
enum kol_code kol_db_get_int(struct kol_db *db, enum kol_sql id, struct kol_args args,
                             int64_t missing, int64_t *ret, struct kol_err *err) KOL_MUST_CHECK;

/* Transactions: only the writer thread and tests call these. */
enum kol_code kol_db_begin(struct kol_db *db, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_db_commit(struct kol_db *db, struct kol_err *err) KOL_MUST_CHECK;
void kol_db_rollback(struct kol_db *db);
/* False after an engine has taken a failed transaction back by itself (full disk). */
bool kol_db_in_transaction(struct kol_db *db);
enum kol_code kol_db_savepoint(struct kol_db *db, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_db_release(struct kol_db *db, struct kol_err *err) KOL_MUST_CHECK;
void kol_db_rollback_to(struct kol_db *db); /* back to the savepoint, and drops it */

/*
 * Copies the write-ahead log into the database file. Writer only, under the write lock.
 *
 *   empty   also cuts the log off, when no reader is in the way: old frames hold deleted words
 */
enum kol_code kol_db_checkpoint(struct kol_db *db, bool empty, struct kol_err *err) KOL_MUST_CHECK;

/* Brings the schema up to this program's version; refuses a newer one. Writer only. */
enum kol_code kol_db_migrate(struct kol_db *db, struct kol_err *err) KOL_MUST_CHECK;

#endif
