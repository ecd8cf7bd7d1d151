/*
 * walk.h - one walk through an account's list of recordings at Twilio: what is missing is stored,
 * what is gone is marked.
 *
 * Used by: reconcile.c (regularly), cli (kol import --since). Knows: Twilio's list, pace and
 * patience. Does not know: when to walk. A few requests a second, and never two walks of one
 * account at a time: the lease of store/reconcile.h. Blocks; ends with CANCELLED soon after stop is
 * set. What was stored before an error stays, and the next walk passes over it: so every walk can
 * be repeated and none has to come to its end.
 */
#ifndef KOL_BACKLOG_WALK_H
#define KOL_BACKLOG_WALK_H

#include "conf/conf.h"
#include "store/writer.h"
#include "twilio/rest.h"
#include <stdatomic.h>

struct kol_walk_count {
    int64_t found; /* recordings in the list, of the time asked for */
    int64_t added;
    int64_t known;      /* were here */
    int64_t gone;       /* deleted or absent at Twilio: not taken */
    int64_t marked;     /* of these, ones that a fetch waited for */
    int64_t not_yet;    /* being recorded */
    int64_t unassigned; /* of the added, calls whose number no business has */
    int64_t odd;        /* without a call, or contradicting what is stored: left out */
};

struct kol_walk {
    const struct kol_conf *conf;
    struct kol_writer *writer;
    struct kol_twilio *twilio;
    const atomic_bool *stop; /* NULL is fine */
    const char *account_sid;
    int64_t from_ms, to_ms; /* made in [from, to); to 0: until now */
    const char *owner;      /* of the lease */
    bool share;             /* takes the lease for a page at a time; else the caller holds it */
    bool count_only, dry_run;
    bool behind;  /* the jobs of what is added go behind all that comes in */
    bool quiet;   /* no line per recording */
    bool waiting; /* at the end look after those that are waited for and were not in the list */
    void (*tell)(void *arg, const struct kol_walk_count *count); /* progress; NULL is fine */
    void *arg;
};

/* ret counts also what was done before an error. Errors: REFUSED, RATE_LIMITED, NET..., BAD_INPUT
 * (an answer that is no list), LOST_LEASE, CANCELLED, those of the writer. */
enum kol_code kol_walk_run(const struct kol_walk *walk, struct kol_walk_count *ret,
                           struct kol_err *err) KOL_MUST_CHECK;

/* The accounts whose recordings are Kol's. */
enum kol_code kol_walk_accounts(struct kol_arena *a, const struct kol_conf *conf,
                                struct kol_writer *writer, const char ***ret, size_t *ret_count,
                                struct kol_err *err) KOL_MUST_CHECK;

/* The name under which this process holds leases; of one process per data folder it is always the
 * same, so that it need not wait for its own after a crash. */
const char *kol_walk_owner(struct kol_arena *a, const struct kol_conf *conf, bool server);

#endif
