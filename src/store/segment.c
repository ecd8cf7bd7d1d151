#include "store/segment.h"

#include "base/str.h"
#include "store/call.h"

#define MAX_SEGMENTS 100000

static void read_segment(struct kol_arena *a, struct kol_stmt *st, struct kol_segment_row *ret)
{
    ret->channel = (int)kol_col_int(st, 0);
    ret->role = kol_col_dup(a, st, 1);
    ret->start_ms = kol_col_int(st, 2);
    ret->end_ms = kol_col_int(st, 3);
    ret->text = kol_col_dup(a, st, 4);
    ret->words = kol_col_dup(a, st, 5);
    ret->dropped_reason = kol_col_dup(a, st, 6);
}

enum kol_code kol_segment_list(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                               bool with_dropped, struct kol_segment_row **ret, size_t *ret_count,
                               struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    size_t n = 0, cap = 64;
    struct kol_segment_row *list = kol_arena_array(a, cap, sizeof(*list));
    enum kol_code code = kol_db_query(
        db, KOL_SQL_segment_list, KOL_ARGS(KOL_INT(call_id), KOL_INT(with_dropped)), &st, err);

    if (code != KOL_OK)
        return code;
    while (list && (code = kol_step(st, &row, err)) == KOL_OK && row && n < MAX_SEGMENTS) {
        if (n == cap) {
            struct kol_segment_row *bigger = kol_arena_array(a, cap * 2, sizeof(*list));

            if (!bigger)
                break;
            for (size_t i = 0; i < n; i++)
                bigger[i] = list[i];
            list = bigger;
            cap *= 2;
        }
        read_segment(a, st, &list[n++]);
    }
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "list segments: out of memory");
    *ret = list;
    *ret_count = n;
    return code;
}

static enum kol_code save_segments(struct kol_db *db, int64_t call_id,
                                   const struct kol_transcript_row *row, struct kol_err *err)
{
    enum kol_code code =
        kol_db_run(db, KOL_SQL_segment_clear, KOL_ARGS(KOL_INT(call_id)), NULL, err);

    for (size_t i = 0; i < row->segment_count && code == KOL_OK; i++) {
        const struct kol_segment_row *s = &row->segments[i];

        code = kol_db_run(db, KOL_SQL_segment_add,
                          KOL_ARGS(KOL_INT(call_id), KOL_INT(i), KOL_INT(s->channel),
                                   KOL_TEXT(s->role), KOL_INT(s->start_ms), KOL_INT(s->end_ms),
                                   KOL_TEXT(s->text), KOL_TEXT(s->words),
                                   KOL_TEXT(s->dropped_reason)),
                          NULL, err);
    }
    return code;
}

enum kol_code kol_transcript_save(struct kol_db *db, int64_t call_id,
                                  const struct kol_transcript_row *row, int64_t now_ms,
                                  struct kol_err *err)
{
    enum kol_offline_state state =
        kol_str_empty(row->final_transcript) ? KOL_OFFLINE_NO_SPEECH : KOL_OFFLINE_DONE;
    enum kol_code code = kol_db_run(
        db, KOL_SQL_transcript_save,
        KOL_ARGS(KOL_INT(call_id), KOL_TEXT(row->final_transcript), KOL_TEXT(row->language),
                 KOL_TEXT(row->model), KOL_TEXT(row->recording_sid), KOL_INT(row->speech_ms),
                 KOL_REAL(row->realtime_factor), KOL_INT(now_ms),
                 KOL_TEXT(kol_offline_state_name(state)), KOL_INT((row->duration_ms + 500) / 1000)),
        NULL, err);

    if (code != KOL_OK)
        return code;
    return save_segments(db, call_id, row, err);
}
