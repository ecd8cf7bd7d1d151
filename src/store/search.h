/*
 * search.h - full text over transcripts and summaries: the index and what is found with it.
 *
 * The index is written in the transaction that stores the text (kol_search_index), from the stored
 * text, so what was taken out of a call before storing cannot be found. Which words match: see
 * base/text_search.h. Only this file knows FTS5.
 */
#ifndef KOL_STORE_SEARCH_H
#define KOL_STORE_SEARCH_H

#include "base/text_search.h"
#include "store/call.h"

/* A place of a call where words of the query stand. */
struct kol_search_place {
    const char *field;        /* "segments", "final_transcript", "full_conversation" or "summary" */
    int segment;              /* its number in the call's segments, from 0; -1: not in one */
    const char *role;         /* of a segment, else NULL */
    int64_t start_ms, end_ms; /* of a segment, else -1 */
    const char *text;         /* as stored; marks count its code points */
    size_t offset;            /* code points before it in the stored text */
    struct kol_search_mark marks[KOL_SNIPPET_MARKS];
    size_t mark_count;
};

#define KOL_SEARCH_PLACES 3 /* shown of a call's transcript, and one of its summary */
struct kol_search_hit {
    struct kol_call *call;
    struct kol_search_place places[KOL_SEARCH_PLACES + 1];
    size_t place_count;
};

struct kol_search_filter {
    const char *query;
    struct kol_call_filter calls; /* as in the list of calls */
    const char *direction;        /* "inbound", "outbound"; NULL: both */
};
/*
 * The calls in which every word of the query stands, newest first.
 * Errors: BAD_INPUT (see kol_search_parse).
 */
enum kol_code kol_search_calls(struct kol_db *db, struct kol_arena *a,
                               const struct kol_search_filter *filter, struct kol_search_hit **ret,
                               size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/* ---- changes ---- */
/* Indexes the call's words as they are stored now; part of every change that stores some. */
enum kol_code kol_search_index(struct kol_db *db, int64_t call_id,
                               struct kol_err *err) KOL_MUST_CHECK;
/* Calls that were stored before there was an index; the migration runs it. */
enum kol_code kol_search_index_all(struct kol_db *db, struct kol_err *err) KOL_MUST_CHECK;

#endif
