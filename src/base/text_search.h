/*
 * text_search.h - the words of a text as search compares them, a query, and where it matches.
 *
 * A Hebrew word is found with any prefix letters (ב ל מ ה ו ש כ and their combinations), with final
 * or inner letter forms, with or without niqqud and gershayim; an English one by its stem. Index
 * and query use the same forms, so no database needs a tokenizer that knows Hebrew: what is given
 * to it are plain words between spaces (FTS5 today; to_tsvector('simple', ...) would take the
 * same). Pure functions; nothing here allocates but struct kol_str.
 */
#ifndef KOL_BASE_TEXT_SEARCH_H
#define KOL_BASE_TEXT_SEARCH_H

#include "base/str.h"

#define KOL_SEARCH_NORM_BYTES 64   /* a longer word is compared by its beginning */
#define KOL_SEARCH_FORMS_MAX 8     /* the word, and it without 1 to 6 prefix letters */
#define KOL_SEARCH_WORDS_MAX 16    /* of a query */
#define KOL_SEARCH_QUERY_BYTES 512 /* of a query */

/* Walks over the words of a text. Start with {.text = ..., .len = ...}. */
struct kol_search_scan {
    const char *text;
    size_t len, at;
};
/* at and len: its bytes in the text, with the marks inside it. norm: letters and digits only. */
struct kol_search_word {
    size_t at, len;
    char norm[KOL_SEARCH_NORM_BYTES];
};
/* False at the end. Bytes that are no UTF-8 separate words. */
bool kol_search_next(struct kol_search_scan *scan, struct kol_search_word *ret);

struct kol_search_forms {
    size_t count; /* at least 1 */
    bool groups;  /* of a query: all but the first together are as good as the first */
    char text[KOL_SEARCH_FORMS_MAX][KOL_SEARCH_NORM_BYTES];
};
/* least_letters: how many must be left of a Hebrew word when prefix letters are taken off. */
void kol_search_forms(const char *norm, size_t least_letters, struct kol_search_forms *ret);

/* Adds all forms of all words of the text, each with a space behind it. */
void kol_search_add_index(struct kol_str *s, const char *text);

struct kol_search_query {
    size_t count;
    struct kol_search_forms terms[KOL_SEARCH_WORDS_MAX];
};
/*
 * Everything but letters and digits only separates: there are no operators. A telephone number in
 * one piece ("0521234567") is also found in the groups in which transcripts have it.
 * Errors: BAD_INPUT (no word in it, too many words, too long, no UTF-8).
 */
enum kol_code kol_search_parse(const char *text, struct kol_search_query *ret,
                               struct kol_err *err) KOL_MUST_CHECK;
/* The query for FTS5: every word must be there, in any of its forms. */
void kol_search_add_match(struct kol_str *s, const struct kol_search_query *query);

struct kol_search_mark {
    size_t start, end; /* [start, end) */
};
/* Bytes of the words that match; ret_terms: how many different words of the query do. */
size_t kol_search_find(const struct kol_search_query *query, const char *text,
                       struct kol_search_mark *ret, size_t max, size_t *ret_terms);

#define KOL_SNIPPET_MARKS 12
#define KOL_SNIPPET_BYTES 320 /* about 160 Hebrew letters */
/* A part of a text around what matched. */
struct kol_snippet {
    size_t at, len; /* bytes in the text */
    size_t offset;  /* the same as at, in code points */
    size_t terms;   /* different words of the query in the whole text; 0: nothing matched */
    size_t mark_count;
    struct kol_search_mark marks[KOL_SNIPPET_MARKS]; /* code points of the snippet */
};
void kol_search_snippet(const struct kol_search_query *query, const char *text,
                        struct kol_snippet *ret);

/* Porter's stemmer in place; word is lower-case ASCII letters. Source: Porter, 1980. */
void kol_stem_english(char *word);

#endif
