/*
 * retry.h - what both stages share: a Twilio client per thread, and patience with its failures.
 * Private to this folder.
 */
#ifndef KOL_RECORDING_RETRY_H
#define KOL_RECORDING_RETRY_H

#include "queue/stage.h"

/* A network that is down for days ends no recording's road: hourly for 30 days. */
#define KOL_FETCH_ATTEMPTS 730
int64_t kol_fetch_delay_ms(int attempt); /* 5 s, 15 s, 1 min, 5 min, 15 min, then an hour; +-10 % */

/* The account has to wait for its turn: the run comes back, and no attempt is counted. False when
 * code is anything else. */
bool kol_recording_held_back(struct kol_stage_run *run, enum kol_code code);

enum kol_code kol_recording_open(const struct kol_stage_env *env, void **ret, struct kol_err *err);
void kol_recording_close(void *state);

#endif
