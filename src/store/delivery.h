/*
 * delivery.h - one outgoing event to a CRM and the log of its attempts.
 *
 * The row is made in the transaction that stores the insight; its id is the webhook-id on every
 * retry.
 */
#ifndef KOL_STORE_DELIVERY_H
#define KOL_STORE_DELIVERY_H

#include "store/db.h"

struct kol_delivery {
    const char *id; /* event id, "evt_" + UUIDv7 */
    int64_t business_id;
    int64_t call_id;
    int64_t version;     /* of the call, 1, 2, ... */
    const char *type;    /* "call.completed", "call.updated" */
    const char *url;     /* endpoint when first sent */
    const char *payload; /* JSON, fixed at the first attempt; NULL before */
    const char *state;   /* "pending", "delivered", "dead", "superseded" */
    int attempts;
    int64_t created_at_ms, delivered_at_ms;
    int last_status;
    const char *last_error;
};

enum kol_code kol_delivery_by_id(struct kol_db *db, struct kol_arena *a, const char *id,
                                 struct kol_delivery **ret, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_delivery_list(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                struct kol_delivery **ret, size_t *ret_count,
                                struct kol_err *err) KOL_MUST_CHECK;
/* ---- changes ---- */
enum kol_code kol_delivery_add(struct kol_db *db, const struct kol_delivery *delivery,
                               int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_delivery_fix_payload(struct kol_db *db, const char *id, const char *url,
                                       const char *payload, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_delivery_set_state(struct kol_db *db, const char *id, const char *state,
                                     int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
/* Adds to the attempt log. status 0: no answer, error says why. */
enum kol_code kol_delivery_log_attempt(struct kol_db *db, const char *id, int attempt, int status,
                                       const char *error, int64_t took_ms, int64_t now_ms,
                                       struct kol_err *err) KOL_MUST_CHECK;

#endif
