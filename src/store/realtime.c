/* realtime.c - the realtime transcript of call.h: its lines, and the conversation made of them. */
#include "base/str.h"
#include "store/business.h"
#include "store/call.h"
#include "store/channels.h"
#include "store/search.h"

#define NEAR_LINES_MOST 400

static void read_line(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    struct kol_realtime_line *line = row;

    line->transcription_sid = kol_col_dup(a, st, 0);
    line->sequence = kol_col_int(st, 1);
    line->outbound = kol_col_int(st, 2) != 0;
    line->role = kol_col_dup(a, st, 3);
    line->text = kol_col_dup(a, st, 4);
    line->at_ms = kol_col_int(st, 5);
}

enum kol_code kol_call_check_transcription(struct kol_db *db, int64_t call_id,
                                           const char *transcription_sid, struct kol_err *err)
{
    int64_t others = 0;
    enum kol_code code =
        kol_db_get_int(db, KOL_SQL_realtime_line_other_call,
                       KOL_ARGS(KOL_TEXT(transcription_sid), KOL_INT(call_id)), 0, &others, err);

    if (code == KOL_OK && others)
        return kol_fail(err, KOL_CONFLICT, "transcription %s belongs to another call",
                        transcription_sid);
    return code;
}

enum kol_code kol_call_realtime_near(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                     int64_t at_ms, int64_t within_ms,
                                     struct kol_realtime_line **ret, size_t *ret_count,
                                     struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code = kol_db_rows(
        db, a, KOL_SQL_realtime_lines_near,
        KOL_ARGS(KOL_INT(call_id), KOL_INT(at_ms - within_ms), KOL_INT(at_ms + within_ms)),
        sizeof(struct kol_realtime_line), NEAR_LINES_MOST, read_line, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

enum kol_code kol_call_set_realtime_text(struct kol_db *db, const struct kol_realtime_line *line,
                                         const char *text, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_realtime_line_set_text,
                      KOL_ARGS(KOL_TEXT(line->transcription_sid), KOL_INT(line->sequence),
                               KOL_INT(line->outbound), KOL_TEXT(text)),
                      NULL, err);
}

#define CONVERSATION_MAX_BYTES (4 * 1024 * 1024)

static enum kol_code build_conversation(struct kol_db *db, int64_t call_id, struct kol_str *text,
                                        struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_realtime_lines, KOL_ARGS(KOL_INT(call_id)), &st, err);

    if (code != KOL_OK)
        return code;
    while ((code = kol_step(st, &row, err)) == KOL_OK && row) {
        bool agent = kol_streq(kol_col_text(st, 0), "agent");

        kol_str_add_fmt(text, "%s%s: %s", text->len ? "\n" : "", agent ? "Agent" : "Customer",
                        kol_col_text(st, 1));
    }
    return code;
}

static enum kol_code set_conversation(struct kol_db *db, int64_t call_id, int64_t now_ms,
                                      struct kol_err *err)
{
    KOL_STR text;

    kol_str_init(&text, CONVERSATION_MAX_BYTES);
    enum kol_code code = build_conversation(db, call_id, &text, err);
    if (code != KOL_OK)
        return code;
    /* Past the maximum the string stays as it was before: the beginning of a very long call. */
    code = kol_db_run(db, KOL_SQL_call_set_full_conversation,
                      KOL_ARGS(KOL_INT(call_id), KOL_TEXT(text.data), KOL_INT(now_ms)), NULL, err);
    return code == KOL_OK ? kol_search_index(db, call_id, err) : code;
}

enum kol_code kol_call_add_realtime_line(struct kol_db *db, int64_t call_id,
                                         const struct kol_realtime_line *line, int64_t now_ms,
                                         bool *ret_new, struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code =
        kol_db_run(db, KOL_SQL_realtime_line_add,
                   KOL_ARGS(KOL_TEXT(line->transcription_sid), KOL_INT(line->sequence),
                            KOL_INT(call_id), KOL_INT(line->outbound), KOL_TEXT(line->role),
                            KOL_TEXT(line->text), KOL_INT(line->at_ms)),
                   &changes, err);

    *ret_new = changes > 0;
    if (code != KOL_OK || changes == 0)
        return code;
    return set_conversation(db, call_id, now_ms, err);
}

enum kol_code kol_call_relabel_realtime(struct kol_db *db, int64_t call_id, int64_t now_ms,
                                        bool *ret_changed, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    int64_t changed = 0;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_call_channel_map, KOL_ARGS(KOL_INT(call_id)), &st, err);

    if (ret_changed)
        *ret_changed = false;
    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code != KOL_OK || !row)
        return code;
    for (int outbound = 0; outbound < 2 && code == KOL_OK; outbound++) {
        int64_t changes = 0;
        const char *role = kol_track_role(kol_col_text(st, 0), kol_col_text(st, 1), outbound);

        code = kol_db_run(db, KOL_SQL_realtime_line_set_role,
                          KOL_ARGS(KOL_INT(call_id), KOL_INT(outbound), KOL_TEXT(role)), &changes,
                          err);
        changed += changes;
    }
    if (code != KOL_OK || changed == 0)
        return code;
    if (ret_changed)
        *ret_changed = true;
    return set_conversation(db, call_id, now_ms, err);
}

enum kol_code kol_call_set_realtime_error(struct kol_db *db, int64_t id, const char *text,
                                          int64_t now_ms, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_call_set_realtime_error,
                      KOL_ARGS(KOL_INT(id), KOL_TEXT(text), KOL_INT(now_ms)), NULL, err);
}
