/*
 * phone.c - the caller's own number, in digits or spoken, from the mouth of the caller.
 */
#include "base/str.h"
#include "understand/scene.h"
#include <string.h>

#define MAX_DIGITS 24

struct run {
    char digits[MAX_DIGITS + 1];
    size_t len;
    struct kol_span span;
    bool plus;      /* written with "+": international */
    bool corrected; /* "no, sorry" stood before it */
};

/* Words that people put between the groups of a number. */
static bool is_filler(const struct kol_talk *t, size_t i)
{
    return kol_is(&t->words[i], "and|dash|hyphen|then|uh|um|er|erm|dot|מקף|ו|אז|אה|אממ|ואז|קו|"
                                "נקודה|רווח|space|area|code|extension");
}

/* A short sound of listening between two halves of a dictated number: "כן", "uh huh". */
static bool is_listening(const struct kol_talk_turn *turn)
{
    return turn->end - turn->first <= 3;
}

/*
 * Whether a number may go on at word i after word i - 1. A full stop ends it unless few digits were
 * said; a turn of the other side may stand between when it only shows that somebody listens.
 */
static bool goes_on(const struct kol_talk *t, size_t i, size_t len)
{
    if (t->words[i].gap < KOL_GAP_STOP)
        return true;
    if (t->words[i].gap == KOL_GAP_STOP)
        return len < 9 || t->words[i].clean[-1] == '.';
    return len < 9;
}

static void add_digits(struct run *r, const char *digits)
{
    size_t n = strlen(digits);
    if (r->len + n > MAX_DIGITS)
        n = MAX_DIGITS - r->len;
    memcpy(r->digits + r->len, digits, n);
    r->len += n;
    r->digits[r->len] = 0;
}

/* The next word after i of the same speaker, over short turns of the other one. */
static size_t next_own(const struct kol_talk *t, size_t i)
{
    size_t next = i + 1;
    if (next >= t->word_count || t->words[next].turn == t->words[i].turn)
        return next;
    uint32_t own = t->words[i].turn, other = t->words[next].turn;
    if (own + 2 < t->turn_count && other == own + 1 && is_listening(&t->turns[other]) &&
        t->turns[own + 2].role == t->turns[own].role)
        return t->turns[own + 2].first;
    return next;
}

static bool to_national(const struct run *r, char *ret, size_t size);

/* Enough digits for a number: what follows is no "oh" of it. */
static bool is_whole(const struct run *r)
{
    char national[MAX_DIGITS + 4];
    return to_national(r, national, sizeof national);
}

/* Reads a run of digits from word i. Returns the word after it; i when there is no number. */
static size_t read_run(const struct kol_talk *t, size_t i, struct run *ret)
{
    char digits[16];
    *ret = (struct run){.span = {(uint32_t)i, (uint32_t)i}};
    const char *before = t->words[i].clean;
    ret->plus = before > t->turns[t->words[i].turn].clean && before[-1] == '+';
    size_t at = i, fillers = 0;
    while (at < t->word_count) {
        if (ret->len > 0 && !goes_on(t, at, ret->len))
            break;
        if (ret->len >= 9 && is_whole(ret) &&
            kol_phrase_at(t, at, "oh i|oh and|oh my|oh thanks|oh thank|o k"))
            break;
        size_t n = kol_spoken_digits(t, at, digits, sizeof digits);
        if (n > 0) {
            if (ret->len + strlen(digits) > 13)
                break;
            add_digits(ret, digits);
            ret->span.end = (uint32_t)(at + n);
            at = next_own(t, at + n - 1);
            fillers = 0;
        } else if (ret->len > 0 && fillers < 2 && is_filler(t, at)) {
            at = next_own(t, at);
            fillers++;
        } else {
            break;
        }
    }
    return ret->len > 0 ? ret->span.end : i;
}

/* National digits of a number that can be one; false for prices, years, streets. */
static bool to_national(const struct run *r, char *ret, size_t size)
{
    const char *d = r->digits;
    size_t n = r->len;
    if (strncmp(d, "00972", 5) == 0 || strncmp(d, "972", 3) == 0) {
        const char *rest = d + (d[0] == '0' ? 5 : 3);
        rest += *rest == '0';
        snprintf(ret, size, "0%s", rest);
        return strlen(ret) >= 9 && strlen(ret) <= 10;
    }
    if ((r->plus && strncmp(d, "44", 2) == 0 && n == 12) || strncmp(d, "0044", 4) == 0) {
        snprintf(ret, size, "0%s", d + (d[0] == '0' ? 4 : 2));
        return strlen(ret) == 11 || strlen(ret) == 10;
    }
    bool us_with_one = n == 11 && d[0] == '1' && d[1] >= '2';
    snprintf(ret, size, "%s", us_with_one ? d + 1 : d);
    if (us_with_one)
        return true;
    if (d[0] == '0') /* Israel: 9 (fixed) or 10; United Kingdom: 10 or 11 */
        return (n == 9 && d[1] >= '2' && d[1] != '5' && d[1] != '7') || n == 10 ||
               (n == 11 && (d[1] == '7' || d[1] == '1' || d[1] == '2'));
    if (n == 10 && d[0] == '1') /* 1-700, 1-800 of Israel */
        return d[1] == '7' || d[1] == '8';
    return n == 10 && d[0] >= '2';
}

/* "call my wife on", "המספר של השכן": not the caller's own. */
static bool of_somebody_else(const struct kol_talk *t, struct kol_span span)
{
    size_t first = kol_sentence_first(t, span.first);
    if (span.first - first > 12)
        first = span.first - 12;
    /* "… gave me your number, call me on" */
    for (size_t i = first; i < span.first; i++)
        if (kol_phrase_at(t, i,
                          "call me|ring me|text me|reach me|my number|my cell|my mobile|"
                          "תתקשרו אליי|תתקשר אליי|תחזרו אליי|תחזור אליי|לחזור אליי|המספר שלי|"
                          "הנייד שלי|הטלפון שלי"))
            first = i;
    return kol_phrase_find(t, first, span.first,
                           "wife's|husband's|tenant's|neighbour's|neighbor's|landlord's|mother's|"
                           "my wife|my husband|"
                           "the tenant|my tenant|the neighbour|the landlord|manager's|his "
                           "number|her number|their number|"
                           "your number|you on|called you|של השכן|של השכנה|של אשתי|של בעלי|של "
                           "הדייר|של הדיירת|של השוכר|"
                           "של אמא|של אבא|המספר שלו|המספר שלה|הטלפון שלו|הטלפון שלה|של המתווך|של "
                           "הבן|המספר שלכם|"
                           "של הבת|של אחי|של אחותי|your old number|old number|the number i had") <
           span.first;
}

/* "no, sorry, 054…": what was said before was wrong. */
static bool is_correction(const struct kol_talk *t, size_t first)
{
    size_t from = first > 6 ? first - 6 : 0;
    return kol_phrase_find(t, from, first,
                           "sorry|no wait|wait no|i mean|actually|scratch "
                           "that|correction|סליחה|רגע|טעיתי|תיקון|לא לא") < first;
}

struct candidate {
    char national[MAX_DIGITS + 4];
    struct kol_span span;
    double score;
};

static double score_run(const struct kol_scene *s, const struct run *r)
{
    const struct kol_talk *t = &s->talk;
    enum kol_role role = kol_role_at(t, r->span.first);
    double score = role == KOL_ROLE_AGENT ? 0.2 : 0.9;
    if (of_somebody_else(t, r->span))
        score = 0.1;
    if (is_correction(t, r->span.first))
        score += 0.03;
    return score;
}

/* What the agent reads back is not the agent's own. */
static bool is_repeated(const struct candidate *a, const char *national)
{
    return strcmp(a->national, national) == 0;
}

/* "after four, 054-…": where the next number may begin; end when nothing separates the words. */
static size_t after_comma(const struct kol_talk *t, size_t i, size_t end)
{
    do
        i++;
    while (i < end && t->words[i].gap < KOL_GAP_COMMA);
    return i;
}

void kol_find_phone(struct kol_scene *s, struct kol_insight_value *ret)
{
    const struct kol_talk *t = &s->talk;
    struct candidate best = {.score = 0.5};
    struct run r;
    for (size_t i = 0; i < t->word_count;) {
        size_t end = read_run(t, i, &r);
        char national[MAX_DIGITS + 4];
        if (end == i || !to_national(&r, national, sizeof national)) {
            i = end == i || r.len < 7 ? i + 1 : after_comma(t, i, end);
            continue;
        }
        for (size_t k = r.span.first; k < r.span.end; k++)
            s->marks[k] |= KOL_MARK_PHONE;
        double score = score_run(s, &r);
        /* Of two numbers of the caller the later is the better; a repetition makes it surer. */
        if (is_repeated(&best, national)) {
            best.score += 0.04;
        } else if (score >= best.score - 0.05 && score > 0.5) {
            best = (struct candidate){.span = r.span, .score = score};
            memcpy(best.national, national, sizeof national);
        }
        i = end;
    }
    if (!best.national[0])
        return;
    double heard = kol_heard(s, best.span);
    *ret = (struct kol_insight_value){
        .value = kol_arena_str(s->a, best.national),
        .confidence = (best.score > 0.97 ? 0.97 : best.score) * (0.5 + 0.5 * heard),
        .rule = kol_role_at(t, best.span.first) == KOL_ROLE_UNKNOWN ? "number-said"
                                                                    : "number-said-by-caller"};
    kol_set_evidence(s, best.span, ret);
    s->phone = best.span;
}
