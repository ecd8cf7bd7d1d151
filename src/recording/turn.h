/*
 * turn.h - of several jobs for one recording, one at a time works on it. Private to this folder.
 *
 * A full job and a player's download want the same file: the first to come asks Twilio, keeps the
 * turn over its short waits, and the other looks again in a second. In memory only: a restart ends
 * every turn, and where a job stands is in its row. Threading: safe.
 */
#ifndef KOL_RECORDING_TURN_H
#define KOL_RECORDING_TURN_H

#include <stdbool.h>
#include <stdint.h>

/* True when it is job_id's turn, now and until hold_ms from now; every step renews it. */
bool kol_turn_take(const char *recording_sid, int64_t job_id, int64_t hold_ms);
void kol_turn_leave(const char *recording_sid, int64_t job_id);

#endif
