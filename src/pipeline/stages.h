/*
 * stages.h - the road of one call, in one table.
 */
#ifndef KOL_PIPELINE_STAGES_H
#define KOL_PIPELINE_STAGES_H

#include "queue/stage.h"

extern const struct kol_stage *const kol_stages[];
extern const size_t kol_stage_count;

const struct kol_stage *kol_stage_by_name(const char *name); /* NULL when unknown */

#endif
