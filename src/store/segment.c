#include "store/segment.h"

#include "base/str.h"
#include "store/call.h"
#include "store/search.h"

#include <string.h>

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
    s->heard = kol_col_dup(a, st, 7);
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

        code = kol_db_run(db, KOL_SQL_segment_add,
                          KOL_ARGS(KOL_INT(call_id), KOL_INT(i), KOL_INT(s->channel),
                                   KOL_TEXT(s->role), KOL_INT(s->start_ms), KOL_INT(s->end_ms),
                                   KOL_TEXT(s->text), KOL_TEXT(s->words),
                                   KOL_TEXT(s->dropped_reason), KOL_TEXT(s->heard)),
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

/* ---- who is who ---- */

static void read_two_channel_call(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    *(struct kol_two_channel_call *)row = (struct kol_two_channel_call){
        .id = kol_col_int(st, 0),
        .call_sid = kol_col_dup(a, st, 1),
        .source = kol_col_dup(a, st, 2),
        .direction = kol_col_dup(a, st, 3),
        .agent = (int)kol_col_int(st, 4),
    };
}

enum kol_code kol_segment_calls(struct kol_db *db, struct kol_arena *a, int64_t business_id,
                                int64_t before_id, size_t limit, struct kol_two_channel_call **ret,
                                size_t *ret_count, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_segment_calls,
                    KOL_ARGS(KOL_INT(business_id), KOL_INT(before_id), KOL_INT(limit)),
                    sizeof(struct kol_two_channel_call), limit, read_two_channel_call, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

/* Lines "Agent: ..." become "Customer: ..." and the reverse; the words stay. */
static enum kol_code swap_names(struct kol_arena *a, const char *text, const char **ret,
                                struct kol_err *err)
{
    static const char agent[] = "Agent: ", customer[] = "Customer: ";
    KOL_STR out;

    kol_str_init(&out, 2 * strlen(text) + sizeof(customer));
    while (*text) {
        const size_t len = strcspn(text, "\n");
        const char *other = kol_starts_with(text, agent)      ? customer
                            : kol_starts_with(text, customer) ? agent
                                                              : "";
        const size_t skip = *other ? strlen(other == agent ? customer : agent) : 0;

        kol_str_add(&out, other);
        kol_str_add_bytes(&out, text + skip, len - skip);
        text += len;
        if (*text)
            kol_str_add_char(&out, *text++);
    }
    *ret = kol_str_failed(&out) ? NULL : kol_arena_str(a, out.data);
    return *ret ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "swap speakers: out of memory");
}

enum kol_code kol_segment_swap_roles(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                     int agent, int64_t now_ms, struct kol_err *err)
{
    struct kol_call *call = NULL;
    const char *text = NULL;
    enum kol_code code = kol_call_by_id(db, a, call_id, &call, err);

    if (code == KOL_OK && !call)
        return kol_fail(err, KOL_NOT_FOUND, "swap speakers: the call is gone");
    for (int channel = 0; channel < 2 && code == KOL_OK; channel++)
        code = kol_db_run(db, KOL_SQL_segment_set_role,
                          KOL_ARGS(KOL_INT(call_id), KOL_INT(channel),
                                   KOL_TEXT(channel == agent ? "agent" : "customer")),
                          NULL, err);
    if (code != KOL_OK || kol_str_empty(call->final_transcript))
        return code;
    code = swap_names(a, call->final_transcript, &text, err);
    if (code == KOL_OK)
        code = kol_db_run(db, KOL_SQL_call_set_final_transcript,
                          KOL_ARGS(KOL_INT(call_id), KOL_TEXT(text), KOL_INT(now_ms)), NULL, err);
    return code == KOL_OK ? kol_search_index(db, call_id, err) : code;
}
