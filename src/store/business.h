/*
 * business.h - tenants, their phone numbers and settings.
 */
#ifndef KOL_STORE_BUSINESS_H
#define KOL_STORE_BUSINESS_H

#include "store/db.h"

struct kol_business {
    int64_t id;
    const char *name;
    const char *timezone; /* IANA name */
    const char *language; /* "he", "en" or "auto" */
    const char *glossary; /* comma-separated names that matter */
    const char *services; /* ids with commas between, or lines like data/services.txt; "" all */
    /* JSON {"inbound":"agent,customer","outbound":"customer,agent","<source>/<direction>":...};
     * "" default: see docs/configuration.md */
    const char *channel_map;
    const char *webhook_url;        /* NULL: none */
    const char *webhook_secret;     /* whsec_... */
    int64_t retention_days;         /* 0: keep */
    int64_t webhook_disabled_at_ms; /* 0: in use; set by a 410 or 5 days of failure */
    int64_t created_at_ms;
    const char *account_sid; /* of Twilio; NULL: the one of the settings */
    bool deletes_remote; /* recordings at Twilio, delete_remote_after_days after they are here */
    int64_t delete_remote_after_days; /* 0: once the file here is verified */
    const char *recording_key; /* path of the private key of encrypted recordings; NULL: none */
    const char *redact;        /* what to take out of words, see base/redact.h; NULL: the default */
};

enum kol_code kol_business_by_id(struct kol_db *db, struct kol_arena *a, int64_t id,
                                 struct kol_business **ret, struct kol_err *err) KOL_MUST_CHECK;
/*
 * Whose number is it? ret 0 when no business of that account has it.
 *
 *   number            canonical
 *   account_sid       of the call: a number of a business in another account never matches
 *   settings_account  of businesses that name none: the setting twilio_account_sid
 */
enum kol_code kol_business_by_number(struct kol_db *db, const char *number, const char *account_sid,
                                     const char *settings_account, int64_t *ret_id,
                                     struct kol_err *err) KOL_MUST_CHECK;
/* Does the business belong to this account? Also false when there is no such business. */
enum kol_code kol_business_has_account(struct kol_db *db, int64_t id, const char *account_sid,
                                       const char *settings_account, bool *ret,
                                       struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_business_list(struct kol_db *db, struct kol_arena *a, struct kol_business **ret,
                                size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_business_numbers(struct kol_db *db, struct kol_arena *a, int64_t id,
                                   const char ***ret, size_t *ret_count,
                                   struct kol_err *err) KOL_MUST_CHECK;

/* KOL_REDACT_…: what must not be kept of a call's words; the default while it has no business. */
enum kol_code kol_business_redact_of_call(struct kol_db *db, int64_t call_id, unsigned *ret,
                                          struct kol_err *err) KOL_MUST_CHECK;

/* ---- changes ---- */
enum kol_code kol_business_add(struct kol_db *db, const struct kol_business *business,
                               int64_t now_ms, int64_t *ret_id, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_business_update(struct kol_db *db, const struct kol_business *business,
                                  struct kol_err *err) KOL_MUST_CHECK;
/* Change: who speaks on which channel; see channels.h. */
enum kol_code kol_business_set_channel_map(struct kol_db *db, int64_t id, const char *channel_map,
                                           struct kol_err *err) KOL_MUST_CHECK;
/* CONFLICT when another business has the number. Gives waiting, unassigned calls of it, in the
 * business's account, to the business and releases their paused jobs. ret_released (NULL is fine):
 * how many calls. */
enum kol_code kol_business_add_number(struct kol_db *db, int64_t id, const char *number,
                                      const char *settings_account, int64_t now_ms,
                                      int64_t *ret_released, struct kol_err *err) KOL_MUST_CHECK;
/* Lets jobs go on that paused for want of a business while their call was just getting one. */
enum kol_code kol_business_release_late(struct kol_db *db, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_business_remove_number(struct kol_db *db, int64_t id, const char *number,
                                         struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_business_disable_webhook(struct kol_db *db, int64_t id, int64_t now_ms,
                                           struct kol_err *err) KOL_MUST_CHECK;

#endif
