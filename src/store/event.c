#include "store/event.h"

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
    return code;
}
