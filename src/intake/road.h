/*
 * road.h - how a call is put on its road: the rules of which job is added when, in one place.
 *
 * Used by: intake.c (callbacks) and recording (look-up, end of a fetch). Knows: calls, recordings,
 * job names. Does not know: where the news came from. All functions run inside a change.
 * Names of stages are those of pipeline/stages.c.
 */
#ifndef KOL_INTAKE_ROAD_H
#define KOL_INTAKE_ROAD_H

#include "conf/conf.h"
#include "queue/queue.h"
#include "store/call.h"

/* A wait in ms, made shorter by the tests' divisor. */
int64_t kol_road_wait_ms(const struct kol_conf *conf, int64_t wait_s);

/*
 * Stores who spoke to whom: numbers in canonical form, the business by the number that is its own
 * (inbound: to, outbound: from) in the call's account. An unknown number leaves the call
 * unassigned; a business that the call has stays.
 *
 *   direction   as Twilio writes it; NULL: nothing is stored, the numbers would tell nothing
 *   from, to    as Twilio writes them; "" is withheld, NULL unknown
 */
enum kol_code kol_road_set_parties(struct kol_db *db, const struct kol_conf *conf, int64_t call_id,
                                   const char *direction, const char *from, const char *to,
                                   int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;

/*
 * News of one recording: stores it and, when it is (or has become) the call's, does what follows:
 * completed queues the fetch, absent and failed end the offline road. In-progress is only stored.
 *
 * A recording whose file is here stays as it is when Twilio says that it is gone there.
 *   r->status    "completed" also for news that have none but mean it
 *   ret_queued   a fetch job was added (not when it was queued or done before)
 */
enum kol_code kol_road_put_recording(struct kol_db *db, const struct kol_conf *conf,
                                     struct kol_arena *a, int64_t call_id,
                                     const struct kol_recording *r, int64_t now_ms,
                                     bool *ret_queued, struct kol_err *err) KOL_MUST_CHECK;

/* The call has ended and its recording is not on the road: look it up in lookup_after_s, or now. */
enum kol_code kol_road_queue_lookup(struct kol_db *db, const struct kol_conf *conf,
                                    const struct kol_call *call, bool at_once, int64_t now_ms,
                                    bool *ret_queued, struct kol_err *err) KOL_MUST_CHECK;

/*
 * The call has ended or new realtime words came after that: they are used when the offline
 * transcript is later than realtime_after_s, soon when there will be none. Does nothing when the
 * offline transcript is there.
 */
enum kol_code kol_road_queue_realtime(struct kol_db *db, const struct kol_conf *conf,
                                      const struct kol_call *call, int64_t now_ms,
                                      struct kol_err *err) KOL_MUST_CHECK;

/* "absent, error 16101: too short", for people. */
const char *kol_road_gone_text(struct kol_arena *a, const char *status, int64_t error_code);

/* There will be no offline transcript: the realtime one goes out now. */
enum kol_code kol_road_end_offline(struct kol_db *db, const struct kol_call *call, int64_t now_ms,
                                   struct kol_err *err) KOL_MUST_CHECK;

/* Is the call's recording on the road, or has it walked it, or is it gone at Twilio? Not when only
 * its beginning was told: its end may have got lost on the way. Also outside of a change. */
enum kol_code kol_road_is_settled(struct kol_db *db, struct kol_arena *a,
                                  const struct kol_call *call, bool *ret,
                                  struct kol_err *err) KOL_MUST_CHECK;

#endif
