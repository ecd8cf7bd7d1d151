/*
 * stage.h - the understand stage.
 */
#ifndef KOL_UNDERSTAND_STAGE_H
#define KOL_UNDERSTAND_STAGE_H

#include "queue/stage.h"

extern const struct kol_stage kol_stage_understand;

#endif
