/* search.c - see search.h. FTS5 gets plain words; where they stand is found in the stored text. */
#include "store/search.h"

#include "base/str.h"

#include <string.h>

/* Of one text's words in all their forms: some fifteen hours of talk. More is not found. */
#define INDEX_MAX_BYTES (4 * 1024 * 1024)
#define MATCH_MAX_BYTES (64 * 1024)

/* ---- the index ---- */

static enum kol_code put(struct kol_db *db, int64_t call_id, const char *transcript,
                         const char *summary, struct kol_err *err)
{
    KOL_STR transcript_words;
    KOL_STR summary_words;

    kol_str_init(&transcript_words, INDEX_MAX_BYTES);
    kol_str_init(&summary_words, INDEX_MAX_BYTES);
    /* Past the maximum a string stays as it was: the beginning of a very long call. */
    kol_search_add_index(&transcript_words, transcript);
    kol_search_add_index(&summary_words, summary);
    enum kol_code code =
        kol_db_run(db, KOL_SQL_search_clear, KOL_ARGS(KOL_INT(call_id)), NULL, err);
    if (code != KOL_OK || transcript_words.len + summary_words.len == 0)
        return code;
    return kol_db_run(
        db, KOL_SQL_search_add,
        KOL_ARGS(KOL_INT(call_id), KOL_TEXT(transcript_words.data), KOL_TEXT(summary_words.data)),
        NULL, err);
}

enum kol_code kol_search_index(struct kol_db *db, int64_t call_id, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row = false;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_search_text, KOL_ARGS(KOL_INT(call_id)), &st, err);

    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code != KOL_OK || !row)
        return code;
    return put(db, call_id, kol_col_text(st, 0), kol_col_text(st, 1), err);
}

enum kol_code kol_search_index_all(struct kol_db *db, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    enum kol_code code = kol_db_query(db, KOL_SQL_search_text_all, KOL_NO_ARGS, &st, err);

    if (code != KOL_OK)
        return code;
    while ((code = kol_step(st, &row, err)) == KOL_OK && row) {
        code = put(db, kol_col_int(st, 0), kol_col_text(st, 1), kol_col_text(st, 2), err);
        if (code != KOL_OK)
            return code;
    }
    return code;
}

/* ---- where the words stand ---- */

struct finding {
    struct kol_db *db;
    struct kol_arena *a;
    const struct kol_search_query *query;
    struct kol_search_hit *hit;
    size_t terms[KOL_SEARCH_PLACES]; /* of each of the hit's places */
};

static struct kol_search_place shape(struct kol_arena *a, const struct kol_snippet *s,
                                     const char *field, const char *text)
{
    struct kol_search_place place = {
        .field = field,
        .segment = -1,
        .start_ms = -1,
        .end_ms = -1,
        .text = kol_arena_strn(a, text + s->at, s->len),
        .offset = s->offset,
        .mark_count = s->mark_count,
    };

    memcpy(place.marks, s->marks, sizeof(place.marks));
    return place;
}

static void add_text(struct finding *f, const char *field, const char *text)
{
    struct kol_snippet snippet;

    if (kol_str_empty(text))
        return;
    kol_search_snippet(f->query, text, &snippet);
    if (snippet.terms > 0)
        f->hit->places[f->hit->place_count++] = shape(f->a, &snippet, field, text);
}

/* The place to give up for a better one: the last of those with the fewest words. */
static size_t weakest(const struct finding *f)
{
    size_t at = 0;

    for (size_t i = 1; i < KOL_SEARCH_PLACES; i++)
        if (f->terms[i] <= f->terms[at])
            at = i;
    return at;
}

/* Keeps the segments that answer most words, in the order in which they were said. */
static void keep_segment(struct finding *f, const struct kol_search_place *place, size_t terms)
{
    struct kol_search_hit *hit = f->hit;

    if (hit->place_count == KOL_SEARCH_PLACES) {
        const size_t out = weakest(f);

        if (f->terms[out] >= terms)
            return;
        hit->place_count--;
        for (size_t i = out; i < hit->place_count; i++) {
            hit->places[i] = hit->places[i + 1];
            f->terms[i] = f->terms[i + 1];
        }
    }
    f->terms[hit->place_count] = terms;
    hit->places[hit->place_count++] = *place;
}

static void look_at_segment(struct finding *f, struct kol_stmt *st, int number)
{
    struct kol_snippet snippet;
    const char *text = kol_col_text(st, 3);

    kol_search_snippet(f->query, text, &snippet);
    if (snippet.terms == 0)
        return;
    struct kol_search_place place = shape(f->a, &snippet, "segments", text);
    place.segment = number;
    place.role = kol_col_dup(f->a, st, 0);
    place.start_ms = kol_col_int(st, 1);
    place.end_ms = kol_col_int(st, 2);
    keep_segment(f, &place, snippet.terms);
}

static enum kol_code look_at_segments(struct finding *f, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    int number = 0;
    enum kol_code code =
        kol_db_query(f->db, KOL_SQL_search_segments, KOL_ARGS(KOL_INT(f->hit->call->id)), &st, err);

    if (code != KOL_OK)
        return code;
    while ((code = kol_step(st, &row, err)) == KOL_OK && row)
        look_at_segment(f, st, number++);
    return code;
}

static enum kol_code find_places(struct finding *f, struct kol_err *err)
{
    const struct kol_call *call = f->hit->call;
    enum kol_code code = KOL_OK;

    if (!kol_str_empty(call->final_transcript)) {
        code = look_at_segments(f, err);
        /* Words that no segment has (a transcript from elsewhere) are shown from the whole. */
        if (code == KOL_OK && f->hit->place_count == 0)
            add_text(f, "final_transcript", call->final_transcript);
    } else {
        add_text(f, "full_conversation", call->full_conversation);
    }
    if (code == KOL_OK)
        add_text(f, "summary", call->summary);
    return code;
}

/* ---- asking ---- */

static enum kol_code start(struct kol_db *db, const struct kol_search_filter *filter,
                           const struct kol_search_query *query, int limit, struct kol_str *match,
                           struct kol_stmt **ret, struct kol_err *err)
{
    const struct kol_call_filter *c = &filter->calls;
    const int64_t before_id = c->before_id ? c->before_id : INT64_MAX;

    kol_search_add_match(match, query);
    if (kol_str_failed(match))
        return kol_fail(err, KOL_NO_MEMORY, "search: out of memory");
    return kol_db_query(db, KOL_SQL_search_calls,
                        KOL_ARGS(KOL_TEXT(match->data), KOL_INT(c->business_id),
                                 KOL_INT(c->unassigned), KOL_TEXT(c->number_part),
                                 KOL_TEXT(c->city), KOL_TEXT(c->service), KOL_INT(c->from_ms),
                                 KOL_INT(c->to_ms), KOL_INT(before_id), KOL_TEXT(filter->direction),
                                 KOL_INT(limit)),
                        ret, err);
}

static enum kol_code read_hit(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                              const struct kol_search_query *query, struct kol_search_hit *ret,
                              struct kol_err *err)
{
    struct finding f = {.db = db, .a = a, .query = query, .hit = ret};
    enum kol_code code = kol_call_by_id(db, a, call_id, &ret->call, err);

    if (code != KOL_OK || !ret->call)
        return code;
    code = find_places(&f, err);
    if (code == KOL_OK && kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "search: out of memory");
    return code;
}

enum kol_code kol_search_calls(struct kol_db *db, struct kol_arena *a,
                               const struct kol_search_filter *filter, struct kol_search_hit **ret,
                               size_t *ret_count, struct kol_err *err)
{
    const int asked = filter->calls.limit;
    const int limit = asked > 0 && asked < 200 ? asked : 200;
    struct kol_search_hit *list = kol_arena_array(a, (size_t)limit, sizeof(*list));
    struct kol_search_query query;
    KOL_STR match;
    KOL_STMT st = NULL;
    bool row;
    size_t n = 0;

    kol_str_init(&match, MATCH_MAX_BYTES);
    if (!list)
        return kol_fail(err, KOL_NO_MEMORY, "search: out of memory");
    enum kol_code code = kol_search_parse(filter->query, &query, err);
    if (code == KOL_OK)
        code = start(db, filter, &query, limit, &match, &st, err);
    while (code == KOL_OK && (code = kol_step(st, &row, err)) == KOL_OK && row) {
        code = read_hit(db, a, kol_col_int(st, 0), &query, &list[n], err);
        n += code == KOL_OK && list[n].call;
    }
    *ret = list;
    *ret_count = n;
    return code;
}
