#include "store/event.h"

#include "base/str.h"

/* Seen before, but of another call: one of the two is not what it says. */
static enum kol_code check_call(struct kol_db *db, const struct kol_event_row *e,
                                struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row = false;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_event_call,
                     KOL_ARGS(KOL_TEXT(e->account_sid), KOL_TEXT(e->kind), KOL_TEXT(e->subject),
                              KOL_TEXT(e->status), KOL_INT(e->sequence)),
                     &st, err);

    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code == KOL_OK && row && !kol_streq(kol_col_text(st, 0), e->call_sid))
        return kol_fail(err, KOL_CONFLICT, "%s belongs to another call", e->subject);
    return code;
}

enum kol_code kol_event_add(struct kol_db *db, const struct kol_event_row *e, int64_t now_ms,
                            bool *ret_new, struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code =
        kol_db_run(db, KOL_SQL_event_add,
                   KOL_ARGS(KOL_TEXT(e->account_sid), KOL_TEXT(e->kind), KOL_TEXT(e->subject),
                            KOL_TEXT(e->status), KOL_INT(e->sequence), KOL_TEXT(e->call_sid),
                            KOL_TEXT(e->params), KOL_INT(now_ms)),
                   &changes, err);

    *ret_new = changes > 0;
    return code == KOL_OK && changes == 0 ? check_call(db, e, err) : code;
}
