/*
 * stage.h - the last stage of the road: one event to one CRM.
 */
#ifndef KOL_DELIVER_STAGE_H
#define KOL_DELIVER_STAGE_H

#include "queue/stage.h"

/* The job's subject is the event id of a delivery row. Job per event; its retries follow the
 * schedule. */
extern const struct kol_stage kol_stage_deliver;

#endif
