/*
 * readable_mail.c - "david underscore cohen at gmail dot com" and "info שטרודל ... נקודה קום".
 *
 * "at" is a word like any other, so an address needs a known ending and a sign that it is one: a
 * mail provider, a mailbox's usual name, a name said with its dots, or talk of mail before it.
 */
#include "base/cleanup.h"
#include "base/str.h"
#include "transcribe/readable_find.h"
#include <ctype.h>
#include <string.h>

#define NAME_WORDS 14
#define MAIL_MOST 128
#define TALK_OF_MAIL 10 /* words before */

struct address {
    char text[MAIL_MOST];
    size_t len;
    bool failed; /* too long, or a letter that no address has */
};

static const struct kol_said_word *word(const struct kol_readable_line *l, size_t i)
{
    return &l->said.words[i];
}

static void add(struct address *a, const char *text)
{
    const size_t n = strlen(text);

    if (n == 0 || a->len + n >= sizeof a->text) {
        a->failed = true;
        return;
    }
    memcpy(a->text + a->len, text, n + 1);
    a->len += n;
}

/* Whether what stands before word i is just this; a blank for words said apart. */
static bool gap_is(const struct kol_readable_line *l, size_t i, const char *text)
{
    const char *gap;
    const size_t n = kol_readable_gap(l, i, &gap);

    return n == strlen(text) && memcmp(gap, text, n) == 0;
}

static bool apart(const struct kol_readable_line *l, size_t i)
{
    return gap_is(l, i, " ") || gap_is(l, i, "-");
}

/* ---- what stands between the parts ---- */

/* A sign between words i - 1 and i + n, said in n words or written. Returns whether there is one.
 */
static bool sign_at(const struct kol_readable_line *l, size_t i, const char **ret,
                    size_t *ret_words)
{
    static const struct {
        const char *sign, *words, *first, *second;
    } signs[] = {
        {".", "dot|point|נקודה", "", ""},
        {"_", "underscore|אנדרסקור", "under|קו", "score|תחתון"},
        {"-", "dash|hyphen|minus|מקף|מינוס", "קו", "מפריד|אמצעי"},
    };

    *ret_words = 0;
    for (size_t k = 0; k < KOL_COUNT(signs); k++) {
        *ret = signs[k].sign;
        if (gap_is(l, i, signs[k].sign))
            return true;
    }
    for (size_t k = 0; k < KOL_COUNT(signs) && apart(l, i); k++) {
        const bool one = kol_said_is(word(l, i), signs[k].words);
        const bool two = !one && i + 1 < l->said.count && apart(l, i + 1) &&
                         kol_said_is(word(l, i), signs[k].first) &&
                         kol_said_is(word(l, i + 1), signs[k].second);
        *ret = signs[k].sign;
        *ret_words = one ? 1 : two ? 2 : 0;
        if (one || two)
            return i + *ret_words < l->said.count && apart(l, i + *ret_words);
    }
    return false;
}

/* ---- the name ---- */

enum piece { NO_PIECE, WORD, LETTER, DIGITS };

static bool is_ascii_word(const char *s)
{
    for (const char *p = s; *p; p++)
        if (!isalnum((unsigned char)*p))
            return false;
    return *s != '\0';
}

static bool is_letter(const struct kol_said_word *w)
{
    return w->kind == KOL_SAID_LATIN && w->norm[0] && !w->norm[1];
}

/* One piece of a name at word i; *ret_end is the word after it. Hebrew only where it may be. */
static enum piece piece_at(const struct kol_readable_line *l, size_t i, bool hebrew,
                           struct address *a, size_t *ret_end)
{
    const struct kol_said_word *w = word(l, i);
    char digits[KOL_SAID_DIGITS_SIZE];

    *ret_end = i + 1;
    if (w->label)
        return NO_PIECE;
    const bool letter = is_letter(w);
    const size_t n = letter ? 0 : kol_said_digits(&l->said, l->seq, l->said.count, i, digits);
    if (n > 0) {
        *ret_end = i + n;
        add(a, digits);
        return DIGITS;
    }
    if (is_ascii_word(w->norm)) {
        add(a, w->norm);
        return letter ? LETTER : WORD;
    }
    if (!hebrew || w->kind != KOL_SAID_HEBREW || strpbrk(w->norm, "'\""))
        return NO_PIECE;
    add(a, w->norm);
    return WORD;
}

/* "d a v i d", "d-a-v-i-d", "dana 5", but not "david cohen": that may be two words or one. */
static bool may_touch(enum piece before, enum piece after)
{
    return (before == LETTER && after != WORD) || (before == DIGITS && after != WORD) ||
           (before == WORD && after == DIGITS);
}

static bool is_figure(const char *text)
{
    return text[strspn(text, "0123456789._-")] == '\0';
}

/* Whether the words [first, end) are a name; ret_whole: said with its signs or letter by letter. */
static bool read_name(const struct kol_readable_line *l, size_t first, size_t end, bool hebrew,
                      struct address *a, bool *ret_whole)
{
    size_t at, words;
    const char *sign;
    enum piece last = piece_at(l, first, hebrew, a, &at), next;

    *ret_whole = false;
    while (last != NO_PIECE && at < end) {
        const bool spelled = last == LETTER && gap_is(l, at, "-") && is_letter(word(l, at));
        const bool signed_ = !spelled && sign_at(l, at, &sign, &words);

        if (signed_)
            add(a, sign);
        else if (!apart(l, at))
            return false;
        at += signed_ ? words : 0;
        if (at >= end)
            return false;
        next = piece_at(l, at, hebrew, a, &at);
        if (!signed_ && !may_touch(last, next))
            return false;
        /* "check-in at" and "page 2 at" are no names: only what was said so on purpose tells. */
        *ret_whole |= signed_ ? words > 0 || *sign != '-' : last == LETTER && next == LETTER;
        last = next;
    }
    return last != NO_PIECE && at == end && !a->failed && !is_figure(a->text);
}

/* ---- the domain ---- */

static bool in_list(const char *text, const char *list)
{
    const size_t len = strlen(text);

    for (const char *p = list; *p && len;) {
        const size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, text, n) == 0)
            return true;
        p += n + (p[n] != 0);
    }
    return false;
}

static const struct {
    const char *hebrew, *latin;
} said_in_hebrew[] = {
    {"ג'ימייל|גימייל|ג'מייל|גמייל|ג'יימייל", "gmail"},
    {"הוטמייל", "hotmail"},
    {"אאוטלוק|אוטלוק", "outlook"},
    {"יאהו", "yahoo"},
    {"וואלה|ואלה", "walla"},
    {"אייקלאוד", "icloud"},
    {"קום", "com"},
    {"נט", "net"},
    {"אורג", "org"},
    {"קו", "co"},
    {"איל", "il"},
};

/* One label: a word, or two letters of a country ("i l"). */
static bool label_at(const struct kol_readable_line *l, size_t i, struct address *a,
                     size_t *ret_end)
{
    const struct kol_said_word *w = word(l, i);

    *ret_end = i + 1;
    for (size_t k = 0; k < KOL_COUNT(said_in_hebrew); k++)
        if (kol_said_is(w, said_in_hebrew[k].hebrew)) {
            add(a, said_in_hebrew[k].latin);
            return true;
        }
    if (!is_ascii_word(w->norm))
        return false;
    add(a, w->norm);
    if (!w->norm[1] && i + 1 < l->said.count && apart(l, i + 1) &&
        is_ascii_word(word(l, i + 1)->norm) && !word(l, i + 1)->norm[1]) {
        add(a, word(l, i + 1)->norm);
        *ret_end = i + 2;
    }
    return true;
}

static bool ends_as_domains_do(const char *domain)
{
    const char *dot = strchr(domain, '.');

    for (; dot; dot = strchr(dot + 1, '.'))
        if (dot > domain &&
            in_list(dot + 1, "com|net|org|co.il|org.il|net.il|gov.il|ac.il|muni.il|k12.il|il|co.uk|"
                             "org.uk|ac.uk|uk|us|eu|io|me|info|biz|edu|gov|dev|app|ai|tv|shop"))
            return true;
    return false;
}

/* The longest domain from word i on. Returns the word after it; i when there is none. */
static size_t read_domain(const struct kol_readable_line *l, size_t i, struct address *ret)
{
    struct address a = {.len = 0};
    size_t at, words, end = i;
    const char *sign;

    if (!label_at(l, i, &a, &at))
        return i;
    while (at < l->said.count && !a.failed && sign_at(l, at, &sign, &words)) {
        size_t next;
        if (at + words >= l->said.count)
            break;
        add(&a, sign);
        if (!label_at(l, at + words, &a, &next) || a.failed)
            break;
        at = next;
        if (ends_as_domains_do(a.text)) {
            *ret = a;
            end = at;
        }
    }
    return end;
}

static bool is_provider(const char *domain)
{
    char name[16];
    const size_t n = strcspn(domain, ".");

    if (n >= sizeof name)
        return false;
    memcpy(name, domain, n);
    name[n] = '\0';
    return in_list(name, "gmail|googlemail|hotmail|outlook|yahoo|walla|icloud|live|aol|msn|proton|"
                         "protonmail|netvision|zahav|bezeqint|012|013|gmx|yandex");
}

/* ---- addresses ---- */

static bool talk_of_mail(const struct kol_readable_line *l, size_t i)
{
    for (size_t k = i > TALK_OF_MAIL ? i - TALK_OF_MAIL : 0; k < i; k++) {
        const struct kol_said_word *w = word(l, k);
        const bool e_mail = k + 1 < i && kol_said_is(w, "e") && kol_said_is(w + 1, "mail");
        if (e_mail || kol_said_is(w, "email|emails|mail|mails|e-mail|מייל|המייל|במייל|למייל|אימייל|"
                                     "האימייל|לאימייל|באימייל|דוא\"ל|הדוא\"ל|לדוא\"ל"))
            return true;
    }
    return false;
}

/* Words that stand before "at" in a sentence, and are nobody's name. */
static bool is_plain_word(const struct kol_said_word *w)
{
    return kol_said_is(w, "look|looked|looking|us|me|is|it|its|are|was|am|be|been|find|found|reach|"
                          "you|him|her|them|page|site|website|web|mail|email|address|account|one|"
                          "here|there|on|in|out|up|search|shop|buy|work|works|working|login|log|"
                          "order|ordered|bought|online|store|visit|available|that|this|what|or|and|"
                          "not|no|yes|now|just|only|start|order|book|booked|pay|paid|prices|stay");
}

/* What may stand before a name of one word without being part of it. */
static bool may_precede(const struct kol_readable_line *l, size_t i)
{
    return i == 0 || word(l, i)->gap >= KOL_SAID_GAP_STOP ||
           kol_said_is(word(l, i - 1),
                       "is|it's|its|that's|email|mail|address|to|me|on|use|try|it|so|and|or|yes|"
                       "okay|ok|um|uh|as|with|at|הוא|זה|המייל|מייל|אימייל|האימייל|לכתובת|כתובת|"
                       "הכתובת|שלי|אל|למייל|לאימייל|דוא\"ל|הדוא\"ל|אז|כן|או|תרשום|תרשמי|תשלח|"
                       "תשלחי|תשלחו|לי");
}

/* The name that ends before word `at`: the longest that reads as one. Its first word; at: none. */
static size_t find_name(const struct kol_readable_line *l, size_t at, bool hebrew,
                        struct address *ret, bool *ret_whole)
{
    for (size_t first = at > NAME_WORDS ? at - NAME_WORDS : 0; first < at; first++) {
        struct address a = {.len = 0};

        if (first > 0 && !gap_is(l, first, " ") && word(l, first)->gap < KOL_SAID_GAP_STOP)
            continue;
        if (!read_name(l, first, at, hebrew, &a, ret_whole))
            continue;
        if (!*ret_whole && (is_plain_word(word(l, first)) || !may_precede(l, first)))
            continue;
        *ret = a;
        return first;
    }
    return at;
}

static bool is_mailbox(const char *name)
{
    return in_list(name, "info|office|sales|contact|service|support|admin|hello|mail|orders|"
                         "customers|jobs|accounts|billing|help|team");
}

/* Word i is "at" or שטרודל. */
static void read_mail(struct kol_readable_line *l, size_t i)
{
    struct address name = {.len = 0}, domain = {.len = 0};
    const bool sure = kol_said_is(word(l, i), "שטרודל|שטרודול|כרוכית");
    bool whole = false;

    if (i == 0 || i + 1 >= l->said.count || !apart(l, i) || !apart(l, i + 1) ||
        (!sure && !kol_said_is(word(l, i), "at")))
        return;
    const size_t first = find_name(l, i, sure, &name, &whole);
    const size_t end = read_domain(l, i + 1, &domain);
    if (first == i || end == i + 1 || name.failed || domain.failed)
        return;
    if (!sure && !whole && !is_provider(domain.text) && !is_mailbox(name.text) &&
        !talk_of_mail(l, first))
        return;
    const struct kol_said_word *last = word(l, end - 1);
    kol_readable_replace(l, first, end, word(l, first)->at, last->at + last->len,
                         kol_arena_fmt(l->m.scratch, "%s@%s", name.text, domain.text));
}

void kol_readable_mails(struct kol_readable_line *l)
{
    for (size_t i = 0; i < l->said.count; i++)
        if (!word(l, i)->label)
            read_mail(l, i);
}
