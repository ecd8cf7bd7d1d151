/* lines.c - see lines.h. */
#include "intake/lines.h"
#include "base/redact.h"
#include "base/str.h"
#include "store/business.h"
#include <string.h>

#define NEAR_MS 60000 /* nobody takes longer from one group of a card's digits to the next */

/* The lines around a new one, in order of time. */
struct lines {
    struct kol_realtime_line *old;
    size_t count; /* of old */
    size_t place; /* where the new one belongs */
    struct kol_redact_turn *turns;
    struct kol_redacted *clean;
};

/* The order of a conversation: see realtime_lines in store/sql/call.sql. */
static bool is_before(const struct kol_realtime_line *a, const struct kol_realtime_line *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms;
    const int order = strcmp(a->transcription_sid, b->transcription_sid);
    return order != 0 ? order < 0 : a->sequence < b->sequence;
}

static enum kol_code read_lines(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                const struct kol_realtime_line *line, struct lines *ret,
                                struct kol_err *err)
{
    *ret = (struct lines){0};
    enum kol_code code =
        kol_call_realtime_near(db, a, call_id, line->at_ms, NEAR_MS, &ret->old, &ret->count, err);
    if (code != KOL_OK)
        return code;
    ret->turns = kol_arena_array(a, ret->count + 1, sizeof *ret->turns);
    ret->clean = kol_arena_array(a, ret->count + 1, sizeof *ret->clean);
    if (!ret->turns || !ret->clean)
        return kol_fail(err, KOL_NO_MEMORY, "store a line: out of memory");
    while (ret->place < ret->count && is_before(&ret->old[ret->place], line))
        ret->place++;
    for (size_t i = 0; i <= ret->count; i++) {
        const struct kol_realtime_line *l =
            i == ret->place ? line : &ret->old[i - (i > ret->place)];
        ret->turns[i] = (struct kol_redact_turn){l->role, l->text};
    }
    return KOL_OK;
}

/* Lines that were stored before it was known that they are part of a number. */
static enum kol_code clean_old(struct kol_db *db, const struct lines *lines, struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    for (size_t i = 0; i < lines->count && code == KOL_OK; i++) {
        const char *text = lines->clean[i + (i >= lines->place)].text;
        if (!kol_streq(text, lines->old[i].text))
            code = kol_call_set_realtime_text(db, &lines->old[i], text, err);
    }
    return code;
}

enum kol_code kol_intake_add_line(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                  struct kol_realtime_line line, int64_t now_ms, bool *ret_new,
                                  struct kol_err *err)
{
    struct lines lines;
    unsigned what = 0;
    size_t hidden = 0;
    enum kol_code code = kol_business_redact_of_call(db, call_id, &what, err);

    if (code == KOL_OK && what) {
        code = read_lines(db, a, call_id, &line, &lines, err);
        if (code == KOL_OK)
            code =
                kol_redact_turns(a, lines.turns, lines.count + 1, what, lines.clean, &hidden, err);
        if (code == KOL_OK)
            code = clean_old(db, &lines, err);
        if (code == KOL_OK)
            line.text = lines.clean[lines.place].text;
    }
    if (code != KOL_OK)
        return code;
    return kol_call_add_realtime_line(db, call_id, &line, now_ms, ret_new, err);
}
