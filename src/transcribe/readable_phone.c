/*
 * readable_phone.c - runs of digits, written or spoken, that have the shape of a telephone number.
 *
 * Rather none than a wrong one: the digits of the whole run, or of what a sentence leaves of it,
 * must make up a number; counting, amounts, cards and identity numbers are left as they are.
 */
#include "base/cleanup.h"
#include "base/phone_form.h"
#include "base/str.h"
#include "transcribe/readable_find.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS_MOST 24
#define DIGITS_MOST 24
#define BESIDE_MOST 2    /* digits that may follow or precede a number in a sentence of their own */
#define WITH_BESIDE 13   /* a longer run is no number and something else, but a card */
#define COUNTING_LEAST 5 /* "one two three four five": nobody's number */

struct run {
    char digits[TOKENS_MOST][KOL_SAID_DIGITS_SIZE];
    size_t first[TOKENS_MOST], end[TOKENS_MOST]; /* words of each token */
    size_t count;
};

/* ---- reading ---- */

/* "," " - " "... " and marks of direction that are no bracket of an isolate or embedding. */
static bool may_stand_between(const char *gap, size_t len)
{
    static const char *const more[] = {"\u00a0", "\u200e", "\u200f", "\u2013", "\u2026", "\u05be"};

    for (size_t at = 0; at < len;) {
        size_t n = strchr(" ,.-()", gap[at]) != NULL;
        for (size_t i = 0; n == 0 && i < KOL_COUNT(more); i++)
            if (strlen(more[i]) <= len - at && kol_starts_with(gap + at, more[i]))
                n = strlen(more[i]);
        if (n == 0)
            return false;
        at += n;
    }
    return len < 8;
}

/* "one", "בשמונה" at the beginning only: a preposition starts another number. */
static bool may_go_on(const struct kol_readable_line *l, size_t i)
{
    const struct kol_said_word *w = &l->said.words[i];
    const char *gap;
    const size_t len = kol_readable_gap(l, i, &gap);

    return (w->prefix == 0 || w->joined) && may_stand_between(gap, len);
}

static bool is_filler(const struct kol_said_word *w)
{
    return kol_said_is(w, "dash|hyphen|uh|um|er|erm|מקף|אה|אהה|אממ");
}

/* Prefix letters inside a compound number are fine but for those that start another one. */
static bool is_one_number(const struct kol_readable_line *l, size_t first, size_t end)
{
    for (size_t i = first + 1; i < end; i++)
        if (l->said.words[i].prefix && !l->said.words[i].joined)
            return false;
    return true;
}

/* Returns the word after the run; i when there is none. */
static size_t read_run(const struct kol_readable_line *l, size_t i, struct run *ret)
{
    size_t at = i, fillers = 0;

    ret->count = 0;
    while (at < l->said.count && ret->count < TOKENS_MOST) {
        const size_t k = ret->count;

        if (k > 0 && !may_go_on(l, at))
            break;
        size_t n = kol_said_digits(&l->said, l->seq, l->said.count, at, ret->digits[k]);
        if (n > 0 && is_one_number(l, at, at + n)) {
            ret->first[k] = at;
            ret->end[k] = at += n;
            ret->count++;
            fillers = 0;
        } else if (k > 0 && fillers < 2 && is_filler(&l->said.words[at])) {
            at++;
            fillers++;
        } else {
            break;
        }
    }
    return ret->count ? ret->end[ret->count - 1] : i;
}

static size_t join(const struct run *r, size_t from, size_t to, char ret[static DIGITS_MOST])
{
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        const size_t len = strlen(r->digits[i]);
        if (n + len >= DIGITS_MOST)
            return 0;
        memcpy(ret + n, r->digits[i], len);
        n += len;
    }
    ret[n] = '\0';
    return n;
}

/* ---- what is no telephone number ---- */

/* "one two three ..." or "ten nine eight ..." */
static bool is_counting(const struct run *r, size_t from, size_t to)
{
    long step = 0;

    for (size_t i = from + 1; i < to; i++) {
        const long now = strtol(r->digits[i], NULL, 10) - strtol(r->digits[i - 1], NULL, 10);
        if ((now != 1 && now != -1) || (step != 0 && now != step))
            return false;
        step = now;
    }
    return to - from >= COUNTING_LEAST;
}

static bool said_before(const struct kol_readable_line *l, size_t i, size_t words, uint8_t says)
{
    for (size_t k = i > words ? i - words : 0; k < i; k++)
        if (l->said.words[k].says & says)
            return true;
    return false;
}

static bool is_secret(const struct kol_readable_line *l, size_t i)
{
    return said_before(l, i, 12, KOL_SAYS_CARD) || said_before(l, i, 7, KOL_SAYS_ID) ||
           said_before(l, i, 8, KOL_SAYS_CODE);
}

/* The check digit of Israeli identity numbers. */
static bool may_be_id(const char *digits)
{
    int sum = 0;

    for (int i = 0; i < 9; i++) {
        const int d = (digits[i] - '0') * (1 + i % 2);
        sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 == 0;
}

static bool says_phone(const struct kol_readable_line *l)
{
    for (size_t i = 0; i < l->said.count; i++)
        if (kol_said_is(&l->said.words[i],
                        "phone|telephone|cell|mobile|call|ring|landline|office|home|טלפון|הטלפון|"
                        "בטלפון|לטלפון|נייד|הנייד|בנייד|פלאפון|בבית|במשרד|תתקשר|תתקשרו|תתקשרי|"
                        "להתקשר|תצלצל|תחזור|תחזרו|תחזרי|לחזור"))
            return true;
    return false;
}

/* "$", "₪" and words that make digits an amount or a time. */
static bool is_amount(const struct kol_readable_line *l, size_t first, size_t end)
{
    const char *from = l->said.words[first].at, *to = l->said.words[end - 1].at;

    to += l->said.words[end - 1].len;
    if (from > l->text && from[-1] == '$')
        return true;
    if (from >= l->text + 3 && (strncmp(from - 3, "₪", 3) == 0 || strncmp(from - 3, "€", 3) == 0))
        return true;
    to += strspn(to, " ");
    if (*to == '%' || *to == '$' || kol_starts_with(to, "₪") || kol_starts_with(to, "€"))
        return true;
    return end < l->said.count &&
           kol_said_is(&l->said.words[end],
                       "shekel|shekels|dollars|dollar|euros|euro|pounds|percent|minutes|hours|days|"
                       "years|meters|metres|kilometers|people|times|שקל|שקלים|ש\"ח|שח|דולר|דולרים|"
                       "יורו|אחוז|אחוזים|דקות|שעות|ימים|שנים|מטר|מטרים|פעמים|אנשים");
}

/* North America has no leading zero that would tell: groups must lie as they are said there. */
static bool is_grouped(const struct run *r, size_t from, size_t to, size_t area)
{
    size_t n = 0;
    bool first = false, second = false;

    for (size_t i = from; i < to; i++) {
        n += strlen(r->digits[i]);
        first |= n == area;
        second |= n == area + 3;
    }
    return to - from > 1 && first && second;
}

/* ---- numbers ---- */

struct found {
    char form[KOL_PHONE_FORM_SIZE];
    size_t first, end;   /* words */
    const char *from;    /* a "+", "*" or "(" before the first of them */
    bool has_zero, plus; /* it begins so: surely a number */
};

/* The sign before word i, written or spoken; moves ret->from and ret->first to it. */
static bool has_sign(const struct kol_readable_line *l, char sign, const char *words,
                     struct found *ret)
{
    const char *gap;
    const size_t i = ret->first, len = kol_readable_gap(l, i, &gap);

    if (len > 0 && ret->from[-1] == sign) {
        ret->from--;
        return true;
    }
    if (len > 1 && ret->from[-1] == ' ' && ret->from[-2] == sign && sign == '*') {
        ret->from -= 2;
        return true;
    }
    if (i > 0 && len == 1 && *gap == ' ' && kol_said_is(&l->said.words[i - 1], words)) {
        ret->first--;
        ret->from = l->said.words[i - 1].at;
        return true;
    }
    return false;
}

static bool is_number(const struct kol_readable_line *l, const struct run *r, size_t from,
                      size_t to, struct found *ret)
{
    char digits[DIGITS_MOST];
    const size_t n = join(r, from, to, digits);

    *ret = (struct found){.first = r->first[from], .end = r->end[to - 1]};
    ret->from = l->said.words[ret->first].at;
    if (n < 4 || is_counting(r, from, to))
        return false;
    if (n == 4 && digits[0] != '0' && has_sign(l, '*', "star|asterisk|כוכבית", ret)) {
        snprintf(ret->form, sizeof ret->form, "*%s", digits);
        return true;
    }
    if (n < 9 || is_secret(l, ret->first))
        return false;
    ret->plus = has_sign(l, '+', "plus|פלוס", ret);
    ret->has_zero = digits[0] == '0';
    if (!kol_phone_form(digits, ret->plus, ret->form))
        return false;
    if (n == 9 && may_be_id(digits) && !says_phone(l))
        return false;
    if (ret->has_zero || ret->plus || (n == 10 && digits[0] == '1'))
        return true;
    return !l->hebrew && is_grouped(r, from, to, digits[0] == '1' ? 4 : 3) &&
           !is_amount(l, ret->first, ret->end);
}

/* ---- which part of a run ---- */

/* Whether a sentence or a part of one ends between the tokens k - 1 and k. */
static bool is_apart(const struct kol_readable_line *l, const struct run *r, size_t k)
{
    return l->said.words[r->first[k]].gap >= KOL_SAID_GAP_STOP;
}

static bool is_oh(const struct kol_readable_line *l, const struct run *r, size_t k)
{
    return kol_said_is(&l->said.words[r->first[k]], "oh|o|ow");
}

/* The whole run, or all of it but "Oh, " before and ". One " behind. */
static bool find_in_run(const struct kol_readable_line *l, const struct run *r, struct found *ret)
{
    char digits[DIGITS_MOST];

    if (is_number(l, r, 0, r->count, ret))
        return true;
    const size_t all = join(r, 0, r->count, digits);
    if (all == 0 || all > WITH_BESIDE)
        return false;
    for (size_t from = 0; from < r->count; from++) {
        const size_t before = join(r, 0, from, digits);
        if (before > BESIDE_MOST)
            break;
        if (from > 0 && !is_apart(l, r, from) && !(from == 1 && is_oh(l, r, 0)))
            continue;
        for (size_t to = r->count; to > from; to--) {
            if (join(r, to, r->count, digits) > BESIDE_MOST)
                break;
            if ((to == r->count || is_apart(l, r, to)) && is_number(l, r, from, to, ret))
                return true;
        }
    }
    return false;
}

/* "07700 900123" with the blank of the keyboard: in a line from the left it does as well. */
static bool differs_in_blanks(const char *from, size_t len, const char *form)
{
    size_t at = 0;

    for (; *form && at < len; at++, form++) {
        const bool blank = kol_starts_with(form, "\u00a0");
        if (from[at] != (blank ? ' ' : *form))
            return false;
        form += blank;
    }
    return !*form && at == len;
}

/* Words that the engine wrote as a number already, with hyphens or brackets, stay as they are. */
static bool is_fine(const struct kol_readable_line *l, const char *from, const char *to,
                    const char *form)
{
    size_t len = (size_t)(to - from);
    const bool bracket = *from == '(';
    const char *blank = memchr(from, ' ', len);

    if ((len == strlen(form) && memcmp(from, form, len) == 0) ||
        (!l->hebrew && differs_in_blanks(from, len, form)))
        return true;
    if (bracket && blank && blank[-1] == ')')
        blank = memchr(blank + 1, ' ', (size_t)(to - blank) - 1);
    for (const char *p = from; p < to; p++)
        if (!isdigit((unsigned char)*p) && !strchr("+*-() .", *p))
            return false;
    return !blank && (memchr(from, '-', len) || memchr(from, '.', len));
}

/* "(052) 123": the bracket belongs to it; false when the other half of one is elsewhere. */
static bool take_bracket(const struct kol_readable_line *l, struct found *f, const char *to)
{
    int open = 0, least = 0;

    for (const char *p = f->from; p < to; p++) {
        open += (*p == '(') - (*p == ')');
        least = open < least ? open : least;
    }
    if (open == 0 && least == 0)
        return true;
    if (open != -1 || least != -1 || f->from == l->text || f->from[-1] != '(')
        return false;
    f->from--;
    return true;
}

/* "ב" of "באפס חמש שתיים ..." stays, with a hyphen as Hebrew has it before figures. */
static const char *with_prefix(const struct kol_readable_line *l, const struct found *f)
{
    const struct kol_said_word *w = &l->said.words[f->first];

    if (!w->prefix || f->from != w->at)
        return kol_arena_str(l->m.scratch, f->form);
    return kol_arena_fmt(l->m.scratch, "%.*s-%s", (int)w->prefix, w->norm, f->form);
}

static void rewrite(struct kol_readable_line *l, struct found *f)
{
    const struct kol_said_word *last = &l->said.words[f->end - 1];
    const char *to = last->at + last->len;

    if (!take_bracket(l, f, to) || is_fine(l, f->from, to, f->form))
        return;
    kol_readable_replace(l, f->first, f->end, f->from, to, with_prefix(l, f));
}

void kol_readable_phones(struct kol_readable_line *l)
{
    struct run run;
    struct found found;
    size_t cut = 0; /* where a run ended that was too long to be read whole */

    for (size_t i = 0; i < l->said.count;) {
        const size_t end = read_run(l, i, &run);
        const bool rest = i > 0 && i == cut && may_go_on(l, i);

        if (run.count == TOKENS_MOST)
            cut = end;
        else if (rest)
            run.count = 0;
        if (run.count > 0 && run.count < TOKENS_MOST && find_in_run(l, &run, &found)) {
            rewrite(l, &found);
            i = found.end > i ? found.end : end;
        } else {
            i = end > i ? end : i + 1;
        }
    }
}
