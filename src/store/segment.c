#include "store/segment.h"

#include "base/str.h"
#include "store/call.h"
#include "store/search.h"

#define MAX_SEGMENTS 100000

static void read_segment(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    struct kol_segment_row *s = row;

    s->channel = (int)kol_col_int(st, 0);
    s->role = kol_col_dup(a, st, 1);
    s->start_ms = kol_col_int(st, 2);
    s->end_ms = kol_col_int(st, 3);
    s->text = kol_col_dup(a, st, 4);
    s->words = kol_col_dup(a, st, 5);
    s->dropped_reason = kol_col_dup(a, st, 6);
}

enum kol_code kol_segment_list(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                               bool with_dropped, struct kol_segment_row **ret, size_t *ret_count,
                               struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_segment_list, KOL_ARGS(KOL_INT(call_id), KOL_INT(with_dropped)),
                    sizeof(struct kol_segment_row), MAX_SEGMENTS, read_segment, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

static enum kol_code save_segments(struct kol_db *db, int64_t call_id,
                                   const struct kol_transcript_row *row, struct kol_err *err)
{
    enum kol_code code =
        kol_db_run(db, KOL_SQL_segment_clear, KOL_ARGS(KOL_INT(call_id)), NULL, err);

    for (size_t i = 0; i < row->segment_count && code == KOL_OK; i++) {
        const struct kol_segment_row *s = &row->segments[i];

        code =
            kol_db_run(db, KOL_SQL_segment_add,
                       KOL_ARGS(KOL_INT(call_id), KOL_INT(i), KOL_INT(s->channel),
                                KOL_TEXT(s->role), KOL_INT(s->start_ms), KOL_INT(s->end_ms),
                                KOL_TEXT(s->text), KOL_TEXT(s->words), KOL_TEXT(s->dropped_reason)),
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
                 KOL_TEXT(kol_offline_state_name(state)), KOL_INT((row->duration_ms + 500) / 1000),
                 KOL_INT(row->channels), KOL_TEXT(row->channels_reason)),
        NULL, err);

    if (code != KOL_OK)
        return code;
    code = save_segments(db, call_id, row, err);
    return code == KOL_OK ? kol_search_index(db, call_id, err) : code;
}
