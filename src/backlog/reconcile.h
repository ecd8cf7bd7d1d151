/*
 * reconcile.h - nothing depends on a callback arriving: a thread that looks through each account's
 * list at Twilio, at the start and every reconcile_every_s.
 *
 * Used by: pipeline/house.c. Knows: when to look, and how far back. How to look: walk.h.
 * It blocks nothing else, survives every error, and ends soon after stop is set.
 */
#ifndef KOL_BACKLOG_RECONCILE_H
#define KOL_BACKLOG_RECONCILE_H

#include "conf/conf.h"
#include "store/reconcile.h"
#include "store/writer.h"
#include <stdatomic.h>

struct kol_reconciler; /* opaque */

/* All three are borrowed until _stop. Errors: NO_MEMORY. */
enum kol_code kol_reconciler_start(const struct kol_conf *conf, struct kol_writer *writer,
                                   const atomic_bool *stop, struct kol_reconciler **ret,
                                   struct kol_err *err) KOL_MUST_CHECK;
void kol_reconciler_stop(struct kol_reconciler *r); /* stop must be true; NULL is fine */

/*
 * From when on a look takes what is missing: an overlap before the start of the last one that came
 * to its end, however long ago that was, but nothing from before the account's first use.
 */
int64_t kol_reconcile_from(const struct kol_reconcile *row, int64_t overlap_ms);

#endif
