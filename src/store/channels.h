/*
 * channels.h - who speaks on which channel of a recording, and on which track of a call.
 *
 * A business's channel_map is JSON: "<RecordingSource>/<direction>" or "<direction>" gives the
 * roles of channels 1 and 2, "realtime/<direction>" those of inbound_track and outbound_track. What
 * it does not say follows from the setting channel_map, then from the source; see docs/twilio.md.
 * Used by: intake, transcribe, cli. Threading: pure functions, but for those that take a database.
 */
#ifndef KOL_STORE_CHANNELS_H
#define KOL_STORE_CHANNELS_H

#include "conf/conf.h"
#include "store/db.h"

#define KOL_CUSTOMER_FIRST "customer,agent"
#define KOL_AGENT_FIRST "agent,customer"

/* KOL_CUSTOMER_FIRST or KOL_AGENT_FIRST for channels 1 and 2. source, direction: NULL unknown. */
const char *kol_channel_roles(const struct kol_conf *conf, const char *channel_map,
                              const char *source, const char *direction);

/* "customer" or "agent": what Twilio calls inbound_track is the other side, unless the map says
 * that it is ours, as when the business's own softphone makes the call. */
const char *kol_track_role(const char *channel_map, const char *direction, bool outbound_track);

/* Errors: BAD_INPUT says what is wrong with the map; "" and NULL are fine. */
enum kol_code kol_channel_map_check(const char *channel_map, struct kol_err *err) KOL_MUST_CHECK;

/* The map with one entry set; NULL: out of memory. What cannot be read is begun anew. */
const char *kol_channel_map_with(struct kol_arena *a, const char *channel_map, const char *key,
                                 const char *roles);

#endif
