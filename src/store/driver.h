/*
 * driver.h - what a database driver provides. Only db.c includes it besides the drivers.
 *
 * All members are required. A driver does not log and does not retry. One connection belongs to
 * one thread. A driver's structs have the base struct first.
 */
#ifndef KOL_STORE_DRIVER_H
#define KOL_STORE_DRIVER_H

#include "store/db.h"

struct kol_sql_text {
    const char *name;
    const char *text;
};
extern const struct kol_sql_text kol_sql_texts[]; /* indexed by enum kol_sql */

struct kol_migration {
    int version;
    const char *file;
    const char *text; /* several statements */
};

struct kol_db_driver {
    enum kol_code (*open)(const char *dsn, enum kol_db_mode mode, struct kol_db **ret,
                          struct kol_err *err);
    void (*close)(struct kol_db *db);
    const char *(*version)(void);
    /* Runs statements that are not in the list: transactions, migrations. */
    enum kol_code (*script)(struct kol_db *db, const char *sql, struct kol_err *err);
    /* The schema's version is kept where the engine has a place for it. */
    enum kol_code (*get_version)(struct kol_db *db, int *ret, struct kol_err *err);
    enum kol_code (*set_version)(struct kol_db *db, int version, struct kol_err *err);
    enum kol_code (*copy)(struct kol_db *db, const char *path, struct kol_err *err);
    enum kol_code (*start)(struct kol_db *db, enum kol_sql id, struct kol_args args,
                           struct kol_stmt **ret, struct kol_err *err);
    enum kol_code (*step)(struct kol_stmt *st, bool *ret_row, struct kol_err *err);
    void (*finish)(struct kol_stmt *st);
    int64_t (*col_int)(struct kol_stmt *st, int column);
    double (*col_real)(struct kol_stmt *st, int column);
    const char *(*col_text)(struct kol_stmt *st, int column);
    bool (*col_null)(struct kol_stmt *st, int column);
    bool (*in_transaction)(struct kol_db *db);
    int64_t (*changes)(struct kol_db *db);
    int64_t (*last_id)(struct kol_db *db);
    /* empty: the log is left with nothing in it, unless somebody reads just now; never waits */
    enum kol_code (*checkpoint)(struct kol_db *db, bool empty, struct kol_err *err);
};
extern const struct kol_db_driver kol_db_sqlite;

struct kol_db {
    const struct kol_db_driver *driver;
};

struct kol_stmt {
    struct kol_db *db;
};

#endif
