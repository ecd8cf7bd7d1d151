#include "store/fact.h"

enum kol_code kol_fact_get(struct kol_db *db, struct kol_arena *a, const char *name, char **ret,
                           struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    enum kol_code code = kol_db_query(db, KOL_SQL_fact_get, KOL_ARGS(KOL_TEXT(name)), &st, err);

    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code != KOL_OK)
        return code;
    *ret = row ? kol_col_dup(a, st, 0) : NULL;
    return KOL_OK;
}

enum kol_code kol_fact_set(struct kol_db *db, const char *name, const char *value,
                           struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_fact_set, KOL_ARGS(KOL_TEXT(name), KOL_TEXT(value)), NULL, err);
}

enum kol_code kol_fact_add(struct kol_db *db, const char *name, const char *value,
                           struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_fact_add, KOL_ARGS(KOL_TEXT(name), KOL_TEXT(value)), NULL, err);
}
