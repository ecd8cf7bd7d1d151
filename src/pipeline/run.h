/*
 * run.h - one run of one job: taking it, and committing what came of it in one transaction.
 */
#ifndef KOL_PIPELINE_RUN_H
#define KOL_PIPELINE_RUN_H

#include "queue/stage.h"

/* Claims the stage's next job into run->job; NULL there and KOL_OK when there is none. */
enum kol_code kol_run_claim(struct kol_stage_run *run, const struct kol_stage *stage,
                            const char *owner, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Commits the outcome: the result, the end of the job and the next stage's job together; or the
 * wait; or the failure. Fenced by the token. Errors are logged here, once.
 *
 *   code, failure   what the stage's run returned
 */
void kol_run_end(struct kol_stage_run *run, const struct kol_stage *stage, enum kol_code code,
                 const struct kol_err *failure);

#endif
