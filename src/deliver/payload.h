/*
 * payload.h - what a CRM is told about a call, as JSON. docs/webhooks.md is the contract. Private
 * to this folder.
 */
#ifndef KOL_DELIVER_PAYLOAD_H
#define KOL_DELIVER_PAYLOAD_H

#include "base/json.h"
#include "store/call.h"
#include "store/delivery.h"
#include "store/lead.h"
#include "store/segment.h"

struct kol_payload {
    const char *type; /* call.completed, call.updated, call.test */
    int64_t at_ms;    /* when the event was made */
    int64_t version;  /* of the call, from 1 */
    const struct kol_call *call;
    const struct kol_lead *lead;            /* NULL: none */
    const struct kol_segment_row *segments; /* of the offline transcript, in order of time */
    size_t segment_count;
};

/* Which transcript the event stands on. */
enum kol_transcript_choice { KOL_TRANSCRIPT_OFFLINE, KOL_TRANSCRIPT_REALTIME, KOL_TRANSCRIPT_NONE };
/* A final_transcript that is not empty counts, whatever its length; else the realtime one; else
 * none. */
enum kol_transcript_choice kol_payload_choice(const struct kol_call *call);

/* Compact JSON text in the arena; NULL when out of memory. */
const char *kol_payload_text(struct kol_arena *a, const struct kol_payload *p);

/* The turns of a realtime transcript ("Customer: ..." lines), without times. */
json_t *kol_payload_turns_of_text(const char *text);

/* A made-up call for `kol business test-webhook`. */
const char *kol_payload_sample(struct kol_arena *a, int64_t business_id, int64_t now_ms);

#endif
