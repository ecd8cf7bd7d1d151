/*
 * fact.h - small facts about this database: secrets made once, fingerprints of settings.
 */
#ifndef KOL_STORE_FACT_H
#define KOL_STORE_FACT_H

#include "store/db.h"

/* ret NULL when there is none. */
enum kol_code kol_fact_get(struct kol_db *db, struct kol_arena *a, const char *name, char **ret,
                           struct kol_err *err) KOL_MUST_CHECK;
/* ---- changes ---- */
enum kol_code kol_fact_set(struct kol_db *db, const char *name, const char *value,
                           struct kol_err *err) KOL_MUST_CHECK;
/* Keeps what is there. */
enum kol_code kol_fact_add(struct kol_db *db, const char *name, const char *value,
                           struct kol_err *err) KOL_MUST_CHECK;

#endif
