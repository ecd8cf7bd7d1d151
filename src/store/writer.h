/*
 * writer.h - the one thread of a process that writes: group commit, write lock, checkpoints.
 *
 * Every change goes through kol_write() or kol_write_async(). The thread takes what waits, holds
 * write.lock (flock, in the data folder, against other processes), runs each change in a SAVEPOINT
 * of one transaction, commits with a sync, and only then reports. A change that fails takes back
 * only its own work. Source: design.md "always true" 1, 11; SQLite's WAL-reset race is why
 * checkpoints happen here and only under the lock.
 * Threading: safe from any thread, except from inside a change.
 */
#ifndef KOL_STORE_WRITER_H
#define KOL_STORE_WRITER_H

#include "store/db.h"
#include <sys/types.h>

struct kol_writer;

/*
 * One change: reads and writes through db, never commits, never blocks on anything else.
 * Returning anything but KOL_OK undoes it. May run twice when a commit failed.
 */
typedef enum kol_code (*kol_write_fn)(struct kol_db *db, void *arg, struct kol_err *err);

/*
 * Opens and migrates the database in data_dir (created 0700 when missing) and starts the thread.
 *   on_stuck   called (writer thread) when another process has held the lock for 2 s, with its pid;
 *              NULL is fine
 */
struct kol_writer_options {
    const char *dsn; /* the setting database; NULL: kol.db in data_dir */
    void (*on_stuck)(pid_t holder, void *arg);
    void *on_stuck_arg;
};
enum kol_code kol_writer_start(const char *data_dir, const struct kol_writer_options *options,
                               struct kol_writer **ret, struct kol_err *err) KOL_MUST_CHECK;
void kol_writer_stop(
    struct kol_writer *w); /* finishes what waits, checkpoints, joins; NULL is fine */
const char *kol_writer_dsn(const struct kol_writer *w); /* for kol_db_open(..., KOL_DB_READ, ...) */

/*
 * Runs fn and waits until it is committed and synced.
 * Errors: what fn returned; DB, DISK_FULL, IO (retry): nothing was stored.
 */
enum kol_code kol_write(struct kol_writer *w, kol_write_fn fn, void *arg,
                        struct kol_err *err) KOL_MUST_CHECK;

/* The same without waiting; the caller owns op until done is called (in the writer thread). */
struct kol_write_op {
    kol_write_fn fn;
    void *arg;
    void (*done)(struct kol_write_op *op); /* must be short and must not write */
    enum kol_code code;                    /* result, set before done */
    struct kol_err err;
    struct kol_write_op *next; /* the writer's */
};
void kol_write_async(struct kol_writer *w, struct kol_write_op *op);

/* Read-only connections, shared by short requests: borrow, use, give back. */
struct kol_db *kol_reader_borrow(struct kol_writer *w, struct kol_err *err); /* NULL on failure */
void kol_reader_return(struct kol_writer *w, struct kol_db *db);

struct kol_writer_stats {
    int64_t commits, changes, failed_commits, checkpoints;
};
void kol_writer_stats(const struct kol_writer *w, struct kol_writer_stats *ret);

#endif
