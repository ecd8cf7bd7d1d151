/*
 * numbers.h - an account's phone numbers at Twilio: how each is set up, what is wrong with that,
 * and changing where its call status callbacks go.
 *
 * Used by: cli (kol twilio check, configure). Threading: as rest.h.
 * Source: Twilio's OpenAPI description, api.v2010.account.incoming_phone_number; docs/twilio.md.
 */
#ifndef KOL_TWILIO_NUMBERS_H
#define KOL_TWILIO_NUMBERS_H

#include "twilio/rest.h"

/* Texts live as long as the arena; NULL when Twilio gave none, or an empty one. */
struct kol_rest_number {
    const char *number_sid, *account_sid;
    const char *number; /* +97237654321 */
    const char *voice_url;
    const char *status_callback, *status_callback_method;
    /* Either one: the number's own URLs are not used. */
    const char *application_sid, *trunk_sid;
};

/*
 * A number of an account. Errors: NOT_FOUND: the account does not have it; those of rest.h.
 *
 *   number  canonical: "+" and digits
 */
enum kol_code kol_twilio_number_find(struct kol_arena *a, struct kol_twilio *t,
                                     const char *account_sid, const char *number,
                                     struct kol_rest_number *ret,
                                     struct kol_err *err) KOL_MUST_CHECK;
/*
 * Has the number's call status callbacks posted to url, and reads the number back.
 * Errors: CONFLICT: afterwards the number is set up otherwise; those of rest.h.
 *
 *   n  as kol_twilio_number_find() gave it; filled anew on OK
 */
enum kol_code kol_twilio_number_set_callback(struct kol_arena *a, struct kol_twilio *t,
                                             struct kol_rest_number *n, const char *url,
                                             struct kol_err *err) KOL_MUST_CHECK;

/* One thing to say about a number. */
struct kol_number_remark {
    const char *code; /* stable, for programs: "status_callback_token" */
    bool wrong;       /* callbacks or recordings get lost; else only worth knowing */
    bool mendable;    /* by setting the status callback */
    const char *text; /* for people */
};
#define KOL_NUMBER_REMARKS 8
struct kol_number_remarks {
    struct kol_number_remark items[KOL_NUMBER_REMARKS];
    size_t count;
};

/*
 * Holds a number's settings against what Kol needs.
 *
 *   wanted  the status callback as it has to be, token and overrides included
 * Errors: NO_MEMORY, BAD_CONFIG (wanted is no URL).
 */
enum kol_code kol_number_check(struct kol_arena *a, const struct kol_rest_number *n,
                               const char *wanted, struct kol_number_remarks *ret,
                               struct kol_err *err) KOL_MUST_CHECK;
bool kol_number_is_wrong(const struct kol_number_remarks *r);    /* any of them */
bool kol_number_is_mendable(const struct kol_number_remarks *r); /* any of them */

/* The reader of answers, for tests. Errors: BAD_INPUT, NO_MEMORY. */
enum kol_code kol_rest_number_read(struct kol_arena *a, const json_t *json,
                                   struct kol_rest_number *ret, struct kol_err *err) KOL_MUST_CHECK;

#endif
