/*
 * takeover.h - old recordings, transcripts and leads of another system, from files and without any
 * network.
 *
 * Used by: cli (kol import --calls). Knows: two tables of comma-separated values and a folder of
 * recordings; docs/operations.md, "Taking over from another system", tells the columns.
 * Each line is one transaction, its recording copied before it. What is here stays as it is, so
 * that a run can be stopped and repeated. A bad line is reported and left out.
 */
#ifndef KOL_BACKLOG_TAKEOVER_H
#define KOL_BACKLOG_TAKEOVER_H

#include "base/csv.h"
#include "conf/conf.h"
#include "store/writer.h"
#include <stdatomic.h>

struct kol_takeover_count {
    int64_t leads, leads_new, leads_known, leads_refused;
    int64_t calls, calls_new, calls_known, calls_refused;
    int64_t files;  /* recordings copied */
    int64_t queued; /* calls that will be transcribed */
};

/* What is to be said of a line. */
struct kol_takeover_note {
    const char *file;
    int64_t line;
    const char *field; /* NULL: of the whole line */
    const char *reason;
    bool refused; /* the line was left out */
};

struct kol_takeover {
    const struct kol_conf *conf;
    struct kol_writer *writer;
    const atomic_bool *stop;
    const char *dir, *calls, *leads; /* NULL: none */
    bool transcribe;                 /* also calls that come with a transcript */
    bool deliver;                    /* webhooks for old calls, too */
    bool dry_run;
    void (*note)(void *arg, const struct kol_takeover_note *note);
    void (*tell)(void *arg, int64_t done_bytes, int64_t total_bytes,
                 const struct kol_takeover_count *count);
    void *arg;
};

/* ret counts also what was done before an error. Errors: NOT_FOUND, IO (a file), BAD_INPUT (a table
 * without a column it needs), DISK_FULL, CANCELLED, those of the writer. */
enum kol_code kol_takeover_run(const struct kol_takeover *o, struct kol_takeover_count *ret,
                               struct kol_err *err) KOL_MUST_CHECK;

#endif
