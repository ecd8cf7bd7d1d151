/*
 * lead.h - who called and what for; what a person typed is never overwritten by a machine.
 *
 * A caller has one lead per business for calls that are near to each other in time. Whatever sets a
 * value leaves a line in the lead's history, in the same transaction.
 */
#ifndef KOL_STORE_LEAD_H
#define KOL_STORE_LEAD_H

#include "store/access.h"

struct kol_lead {
    int64_t id;
    int64_t business_id;
    const char *phone; /* canonical; "" for a withheld caller, who gets a lead per call */
    const char *name, *service_type, *city;
    bool name_typed, service_type_typed, city_typed;
    double service_type_confidence, city_confidence;
    int64_t created_at_ms, updated_at_ms;
    /* From its latest call. */
    const char *call_sid, *final_transcript, *extracted_service, *extracted_city;
    double extraction_confidence; /* -1 unknown */
};

enum kol_code kol_lead_by_id(struct kol_db *db, struct kol_arena *a, int64_t id,
                             struct kol_lead **ret, struct kol_err *err) KOL_MUST_CHECK;
struct kol_lead_filter {
    int64_t business_id;
    const char *number_part, *city, *service;
    int64_t before_id;
    int limit;
};
enum kol_code kol_lead_list(struct kol_db *db, struct kol_arena *a,
                            const struct kol_lead_filter *filter, struct kol_lead **ret,
                            size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/* A line of a lead's history. */
struct kol_lead_change {
    const char *field; /* "name", "service_type", "city" */
    const char *old_value, *new_value;
    bool by_person;
    const char *call_sid; /* of the call that said it, when a machine did it */
    int64_t key_id;       /* of the person; 0: a login made at the console */
    const char *key_name;
    double confidence; /* of the machine; -1: a person */
    int64_t at_ms;
};
/* Newest first, at most limit. */
enum kol_code kol_lead_history(struct kol_db *db, struct kol_arena *a, int64_t lead_id, int limit,
                               struct kol_lead_change **ret, size_t *ret_count,
                               struct kol_err *err) KOL_MUST_CHECK;

/* ---- changes ---- */
/* What a call says of its caller. Values are NULL when not found. */
struct kol_lead_update {
    int64_t call_id, business_id;
    const char *phone; /* canonical; "" makes a lead of its own for this call */
    const char *name, *service_type, *city;
    double name_confidence, service_type_confidence, city_confidence;
    int64_t window_ms; /* a lead whose calls are all further away is another matter; 0: none is */
};
struct kol_lead_result {
    int64_t id;
    bool service_type_changed, city_changed, name_changed;
};
/*
 * Finds or makes the caller's lead, ties the call to it, sets what is better and not typed: surer
 * than what stands there, or from the latest call and more than a guess.
 */
enum kol_code kol_lead_apply(struct kol_db *db, const struct kol_lead_update *update,
                             int64_t now_ms, struct kol_lead_result *ret,
                             struct kol_err *err) KOL_MUST_CHECK;

enum kol_lead_field { KOL_LEAD_NAME, KOL_LEAD_SERVICE_TYPE, KOL_LEAD_CITY };
/*
 * A person's edit: value NULL hands the field back to the machine. NOT_FOUND for a lead of another
 * business than who's.
 */
enum kol_code kol_lead_type(struct kol_db *db, int64_t id, const struct kol_principal *who,
                            enum kol_lead_field field, const char *value, int64_t now_ms,
                            struct kol_err *err) KOL_MUST_CHECK;

#endif
