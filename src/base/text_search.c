/* text_search.c - words, their forms, and the query; see text_search.h. */
#include "base/text_search.h"
#include "base/phone_form.h"

#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define LEAST_INDEXED 2 /* "בים" is found by "ים" ... */
#define LEAST_ASKED 3   /* ... but who asks for "מים" does not mean "ים" */

/* ---- characters ---- */

static bool is_hebrew(ucs4_t c)
{
    return c >= 0x05d0 && c <= 0x05ea;
}

static bool is_part(ucs4_t c)
{
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N);
}

/* Stands in a word without belonging to it: niqqud, accents, soft hyphen, direction characters. */
static bool is_silent(ucs4_t c)
{
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M) || c == 0x00ad ||
           (c >= 0x200c && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool is_apostrophe(ucs4_t c)
{
    return c == '\'' || c == 0x2018 || c == 0x2019 || c == 0x05f3;
}

static bool is_gershayim(ucs4_t c)
{
    return c == '"' || c == 0x201c || c == 0x201d || c == 0x05f4;
}

/* The letter without accents and niqqud, small, final forms as inner ones. */
static ucs4_t folded(ucs4_t c)
{
    ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];

    if (c >= 0xac00 && c <= 0xd7a3)
        return c; /* a Hangul syllable is no letter with marks */
    while (c >= 0x80 && uc_canonical_decomposition(c, parts) > 0)
        c = parts[0];
    c = uc_tolower(c);
    switch (c) {
    case 0x05da: /* final kaf, mem, nun, pe, tsadi: the inner form is the next code point */
    case 0x05dd:
    case 0x05df:
    case 0x05e3:
    case 0x05e5:
        return c + 1;
    default:
        return c;
    }
}

/* ---- words ---- */

struct building {
    struct kol_search_word *word;
    size_t norm_len;
    ucs4_t last; /* the letter added last */
    bool full;
};

static void add_letter(struct building *b, ucs4_t c)
{
    uint8_t bytes[6];
    const ucs4_t letter = folded(c);
    const bool doubled = letter == b->last && (letter == 0x05d5 || letter == 0x05d9);

    b->last = letter;
    if (doubled || b->full) /* full spelling: "קריית" is "קרית" */
        return;
    int n = u8_uctomb(bytes, letter, sizeof(bytes));
    if (n <= 0 || b->norm_len + (size_t)n >= KOL_SEARCH_NORM_BYTES) {
        b->full = true;
        return;
    }
    memcpy(b->word->norm + b->norm_len, bytes, (size_t)n);
    b->norm_len += (size_t)n;
    b->word->norm[b->norm_len] = '\0';
}

/* Code point at a place; 0 and one byte for what is no UTF-8. */
static ucs4_t peek(const struct kol_search_scan *s, size_t at, size_t *ret_bytes)
{
    ucs4_t c = 0;
    int n = u8_mbtoucr(&c, (const uint8_t *)s->text + at, s->len - at);

    *ret_bytes = n > 0 ? (size_t)n : 1;
    return n > 0 ? c : 0;
}

/* True when the mark stands between two letters that it joins: "don't", "צה״ל", "ג'ורג'". */
static bool joins(const struct kol_search_scan *s, size_t after, ucs4_t mark, ucs4_t before)
{
    size_t n;
    const ucs4_t next = after < s->len ? peek(s, after, &n) : 0;

    if (is_apostrophe(mark))
        return uc_is_alpha(before) && uc_is_alpha(next);
    return is_gershayim(mark) && is_hebrew(before) && is_hebrew(folded(next));
}

bool kol_search_next(struct kol_search_scan *s, struct kol_search_word *ret)
{
    struct building b = {.word = ret};

    memset(ret, 0, sizeof(*ret));
    while (s->at < s->len) {
        size_t n;
        const size_t at = s->at;
        const ucs4_t c = peek(s, at, &n);

        if (is_part(c)) {
            if (b.last == 0)
                ret->at = at;
            add_letter(&b, c);
            ret->len = at + n - ret->at;
        } else if (b.last != 0 && is_silent(c)) {
            if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M))
                ret->len = at + n - ret->at;
        } else if (b.last != 0 && !joins(s, at + n, c, b.last)) {
            break;
        }
        s->at = at + n;
    }
    return b.last != 0;
}

/* ---- Hebrew prefix letters ---- */

/* ו, then a conjunction, then an article or prepositions: the order that grammar allows. */
static const char *const and_[] = {"", "ו"};
static const char *const that[] = {"", "ש", "כש", "לכש", "מש"};
static const char *const into[] = {"",   "ב",  "ל",  "מ",  "ה",  "כ",  "מה",
                                   "בה", "לה", "כה", "כב", "מב", "מל", "כל"};

/* Bytes of text that prefix is; 0 and false when it is none. */
static bool skip(const char **text, const char *prefix)
{
    const size_t n = strlen(prefix);

    if (strncmp(*text, prefix, n) != 0)
        return false;
    *text += n;
    return true;
}

/* Bit n is set when the word may start after n prefix letters. All of them have two bytes. */
static unsigned starts_of(const char *norm)
{
    unsigned starts = 0;

    for (size_t i = 0; i < sizeof(and_) / sizeof(*and_); i++)
        for (size_t j = 0; j < sizeof(that) / sizeof(*that); j++)
            for (size_t k = 0; k < sizeof(into) / sizeof(*into); k++) {
                const char *rest = norm;

                if (skip(&rest, and_[i]) && skip(&rest, that[j]) && skip(&rest, into[k]))
                    starts |= 1u << ((size_t)(rest - norm) / 2);
            }
    return starts & ~1u;
}

static bool starts_hebrew(const char *text)
{
    ucs4_t c = 0;

    return u8_strmbtouc(&c, (const uint8_t *)text) > 0 && is_hebrew(c);
}

static bool is_english(const char *text)
{
    return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz") == strlen(text);
}

static void add_form(struct kol_search_forms *ret, const char *text)
{
    if (ret->count == KOL_SEARCH_FORMS_MAX)
        return;
    char *form = ret->text[ret->count++];
    memcpy(form, text, strlen(text) + 1);
    if (is_english(form))
        kol_stem_english(form);
}

void kol_search_forms(const char *norm, size_t least_letters, struct kol_search_forms *ret)
{
    ret->count = 0;
    ret->groups = false;
    add_form(ret, norm);
    if (!starts_hebrew(norm))
        return;
    const unsigned starts = starts_of(norm);
    for (size_t letters = 1; letters < KOL_SEARCH_FORMS_MAX; letters++) {
        if (!(starts & (1u << letters)))
            continue;
        const char *rest = norm + 2 * letters;
        /* "ה-WhatsApp" and "ב10" leave what is no Hebrew: one letter of it is enough. */
        if (*rest && (!starts_hebrew(rest) || kol_utf8_count(rest) >= least_letters))
            add_form(ret, rest);
    }
}

void kol_search_add_index(struct kol_str *s, const char *text)
{
    struct kol_search_scan scan = {.text = text, .len = text ? strlen(text) : 0};
    struct kol_search_word word;
    struct kol_search_forms forms;

    while (!kol_str_failed(s) && kol_search_next(&scan, &word)) {
        kol_search_forms(word.norm, LEAST_INDEXED, &forms);
        for (size_t i = 0; i < forms.count; i++) {
            kol_str_add(s, forms.text[i]);
            kol_str_add_char(s, ' ');
        }
    }
}

/* ---- the query ---- */

/* "0521234567" also as 052, 123 and 4567. */
static void add_groups(struct kol_search_forms *forms)
{
    const char *digits = forms->text[0];
    char form[KOL_PHONE_FORM_SIZE];

    if (strspn(digits, "0123456789") != strlen(digits) || !kol_phone_form(digits, false, form))
        return;
    for (const char *at = form; *at && forms->count < KOL_SEARCH_FORMS_MAX;) {
        const size_t n = strspn(at, "0123456789");
        memcpy(forms->text[forms->count], at, n);
        forms->text[forms->count][n] = '\0';
        forms->count += n > 0;
        at += n > 0 ? n : 1;
    }
    forms->groups = forms->count > 1;
}

static bool has_term(const struct kol_search_query *query, const char *form)
{
    for (size_t i = 0; i < query->count; i++)
        if (strcmp(query->terms[i].text[0], form) == 0)
            return true;
    return false;
}

enum kol_code kol_search_parse(const char *text, struct kol_search_query *ret, struct kol_err *err)
{
    struct kol_search_scan scan = {.text = text, .len = strlen(text)};
    struct kol_search_word word;
    struct kol_search_forms forms;

    if (scan.len > KOL_SEARCH_QUERY_BYTES || !kol_utf8_valid(text, scan.len))
        return kol_fail(err, KOL_BAD_INPUT, "a search is UTF-8 of at most %d bytes",
                        KOL_SEARCH_QUERY_BYTES);
    ret->count = 0;
    while (kol_search_next(&scan, &word)) {
        kol_search_forms(word.norm, LEAST_ASKED, &forms);
        if (has_term(ret, forms.text[0]))
            continue;
        add_groups(&forms);
        if (ret->count == KOL_SEARCH_WORDS_MAX)
            return kol_fail(err, KOL_BAD_INPUT, "a search has at most %d words",
                            KOL_SEARCH_WORDS_MAX);
        ret->terms[ret->count++] = forms;
    }
    if (ret->count == 0)
        return kol_fail(err, KOL_BAD_INPUT, "there is no word in the search");
    return KOL_OK;
}

void kol_search_add_match(struct kol_str *s, const struct kol_search_query *query)
{
    for (size_t i = 0; i < query->count; i++) {
        kol_str_add(s, i ? " AND (" : "(");
        for (size_t j = 0; j < query->terms[i].count; j++) {
            const bool group = query->terms[i].groups && j > 1; /* AND binds more than OR */
            kol_str_add_fmt(s, "%s\"%s\"",
                            group ? " AND "
                            : j   ? " OR "
                                  : "",
                            query->terms[i].text[j]);
        }
        kol_str_add(s, ")");
    }
}

/* ---- where it matches ---- */

static bool share_form(const struct kol_search_forms *a, const struct kol_search_forms *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (strcmp(a->text[i], b->text[j]) == 0)
                return true;
    return false;
}

/* Bits of the query's words that this word of a text answers. */
static unsigned terms_of(const struct kol_search_query *query, const struct kol_search_word *word)
{
    struct kol_search_forms forms;
    unsigned found = 0;

    kol_search_forms(word->norm, LEAST_INDEXED, &forms);
    for (size_t i = 0; i < query->count; i++)
        if (share_form(&query->terms[i], &forms))
            found |= 1u << i;
    return found;
}

size_t kol_search_find(const struct kol_search_query *query, const char *text,
                       struct kol_search_mark *ret, size_t max, size_t *ret_terms)
{
    struct kol_search_scan scan = {.text = text, .len = text ? strlen(text) : 0};
    struct kol_search_word word;
    unsigned all = 0;
    size_t n = 0;

    while (kol_search_next(&scan, &word)) {
        const unsigned found = terms_of(query, &word);

        all |= found;
        if (found && n < max)
            ret[n++] = (struct kol_search_mark){word.at, word.at + word.len};
    }
    *ret_terms = (size_t)__builtin_popcount(all);
    return n;
}

/* ---- snippets ---- */

#define LEAD_IN_BYTES 80 /* what is shown before the first match */

/* A place at or before at where a word starts, so that nothing is shown torn. */
static size_t word_start(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    for (size_t back = 0; at > 0 && back < KOL_SEARCH_NORM_BYTES; back++, at--)
        if (text[at - 1] == ' ' || text[at - 1] == '\n')
            break;
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static size_t count_code_points(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t at = 0; at < len; n++) {
        const size_t step = kol_utf8_step(text + at, len - at);
        at += step ? step : 1;
    }
    return n;
}

static void choose_part(const char *text, const struct kol_search_mark *first,
                        struct kol_snippet *ret)
{
    const size_t len = strlen(text);

    if (len > KOL_SNIPPET_BYTES && first->start > LEAD_IN_BYTES)
        ret->at = word_start(text, first->start - LEAD_IN_BYTES);
    ret->len = len - ret->at;
    if (ret->len > KOL_SNIPPET_BYTES)
        ret->len = word_start(text, ret->at + KOL_SNIPPET_BYTES) - ret->at;
    /* A match longer than all that may be shown: show its beginning at least. */
    if (ret->at + ret->len < first->end)
        ret->len = first->end - ret->at;
}

void kol_search_snippet(const struct kol_search_query *query, const char *text,
                        struct kol_snippet *ret)
{
    struct kol_search_mark marks[KOL_SNIPPET_MARKS];

    memset(ret, 0, sizeof(*ret));
    const size_t n = kol_search_find(query, text, marks, KOL_SNIPPET_MARKS, &ret->terms);
    if (n == 0)
        return;
    choose_part(text, &marks[0], ret);
    ret->offset = count_code_points(text, ret->at);
    for (size_t i = 0; i < n && marks[i].end <= ret->at + ret->len; i++) {
        const size_t start = count_code_points(text + ret->at, marks[i].start - ret->at);
        const size_t chars =
            count_code_points(text + marks[i].start, marks[i].end - marks[i].start);

        ret->marks[ret->mark_count++] = (struct kol_search_mark){start, start + chars};
    }
}
