/*
 * redact.c - runs of digits, and what they are by check digits and by what is said of them.
 */
#include "base/redact.h"
#include "base/said.h"
#include "base/str.h"
#include <ctype.h>
#include <string.h>

#define RUN_TOKENS 48
#define RUN_OVERLAP 24      /* a longer run is read on from here: no card has more tokens */
#define CARD_SAID_DIGITS 28 /* card, expiry and code in one breath */
#define BLOCK_BYTES                                                                                \
    (256u * 1024) /* texts are worked on in blocks, cut between lines or at spaces */
#define ROLES_MOST 4
#define FILLERS_MOST 3

/* Digits in a row, each token with the places of the sequence it came from. */
struct run {
    char digits[RUN_TOKENS][KOL_SAID_DIGITS_SIZE];
    size_t first[RUN_TOKENS], end[RUN_TOKENS];
    size_t count;
};

struct redactor {
    struct kol_arena *a;
    struct kol_said_talk talk;
    unsigned what;
    const uint32_t *seq; /* the words that are read now: one speaker's, or all */
    size_t seq_count;
    size_t hidden;
};

static struct kol_said_word *word(const struct redactor *r, size_t place)
{
    return &r->talk.words[r->seq[place]];
}

static void hide(struct redactor *r, size_t first, size_t end, const char *label)
{
    for (size_t i = first; i < end; i++)
        if (word(r, i)->label)
            return;
    for (size_t i = first; i < end; i++)
        word(r, i)->label = label;
    r->hidden++;
}

/* ---- what digits are ---- */

static bool luhn(const char *digits, size_t n)
{
    int sum = 0;

    for (size_t i = 0; i < n; i++) {
        int d = digits[n - 1 - i] - '0';
        d = i % 2 ? d * 2 : d;
        sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 == 0;
}

static bool is_card(const char *d, size_t n, bool whole)
{
    if (n < 13 || !luhn(d, n))
        return false;
    if (n == 16)
        return d[0] >= '2' && d[0] <= '6';
    if (n == 15)
        return d[0] == '3' && (d[1] == '4' || d[1] == '7');
    if (n == 14)
        return d[0] == '3' && strchr("0689", d[1]);
    return whole && (n == 13 || n == 17 || n == 18 || n == 19) && d[0] >= '3' && d[0] <= '6';
}

/* The check digit of Israeli identity numbers is Luhn's on nine digits. */
static bool is_id(const char *d, size_t n)
{
    return n == 9 && luhn(d, 9) && strspn(d, "0") < 7;
}

static bool is_phone(const char *d, size_t n)
{
    if (n == 12 && strncmp(d, "972", 3) == 0)
        return true;
    if (d[0] == '0')
        return (n == 9 && strchr("23489", d[1])) || (n == 10 && strchr("57123489", d[1])) ||
               (n == 11 && strchr("127", d[1]));
    return (n == 10 && d[0] >= '2' && d[3] >= '2') || (n == 11 && d[0] == '1' && d[1] >= '2');
}

/* ---- what is said around them ---- */

/* Whether one of the phrases starts in the so many words before, whoever said it. */
static bool said_before(const struct redactor *r, size_t place, size_t words, uint8_t says)
{
    const size_t at = r->seq[place], from = at > words ? at - words : 0;

    for (size_t i = from; i < at; i++)
        if (r->talk.words[i].says & says)
            return true;
    return false;
}

static bool is_filler(const struct redactor *r, size_t place)
{
    return kol_said_is(word(r, place),
                       "and|dash|hyphen|then|uh|um|er|erm|space|okay|ok|yes|yeah|right|מקף|ו|אז|"
                       "אה|אהה|אממ|ואז|רווח|אוקיי|אוקי|כן|קו|נקודה|טוב|הבנתי");
}

/* "[card]" of an earlier reading: lines come one by one while a call lasts. */
static bool was_card(const struct redactor *r, size_t place)
{
    const struct kol_said_word *w = word(r, place);

    return kol_said_is(w, "card") && w->at > r->talk.clean[w->turn] && w->at[-1] == '[' &&
           w->at[w->len] == ']';
}

/* Digits right before or after a card that was hidden already are groups of it. */
static bool touches_card(const struct redactor *r, size_t first, size_t end)
{
    for (size_t i = 0; i < FILLERS_MOST && first > 0 && is_filler(r, first - 1); i++)
        first--;
    for (size_t i = 0; i < FILLERS_MOST && end < r->seq_count && is_filler(r, end); i++)
        end++;
    return (first > 0 && was_card(r, first - 1)) || (end < r->seq_count && was_card(r, end));
}

/* ---- runs ---- */

/* Reads a run from place i; returns the place after it, or i. */
static size_t read_run(const struct redactor *r, size_t i, struct run *ret)
{
    size_t at = i, fillers = 0;

    ret->count = 0;
    while (at < r->seq_count && ret->count < RUN_TOKENS) {
        const size_t k = ret->count;
        const size_t n = kol_said_digits(&r->talk, r->seq, r->seq_count, at, ret->digits[k]);
        if (n > 0) {
            ret->first[k] = at;
            ret->end[k] = at += n;
            ret->count++;
            fillers = 0;
        } else if (k > 0 && fillers < FILLERS_MOST && !word(r, at)->label && is_filler(r, at)) {
            at++;
            fillers++;
        } else {
            break;
        }
    }
    return ret->count ? ret->end[ret->count - 1] : i;
}

static size_t join(const struct run *run, size_t from, size_t to, char *ret, size_t size)
{
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        const size_t len = strlen(run->digits[i]);
        if (n + len + 1 > size)
            return 0;
        memcpy(ret + n, run->digits[i], len);
        n += len;
    }
    ret[n] = '\0';
    return n;
}

/* What the tokens [from, to) of a run are; NULL: nothing to hide. */
static const char *kind_of(const struct redactor *r, const struct run *run, size_t from, size_t to)
{
    char d[CARD_SAID_DIGITS + 1];
    const size_t n = join(run, from, to, d, sizeof d), place = run->first[from];
    const bool whole = from == 0 && to == run->count;

    if (n < 3)
        return NULL;
    /* Said to be one, it is hidden even with a digit heard wrongly or left out. */
    if ((r->what & KOL_REDACT_CARD) &&
        (is_card(d, n, whole) ||
         (whole && n >= 12 && !is_phone(d, n) && said_before(r, place, 12, KOL_SAYS_CARD))))
        return "[card]";
    if ((r->what & KOL_REDACT_CARD) && whole && n <= 12 && !is_phone(d, n) &&
        touches_card(r, place, run->end[to - 1]))
        return "[card]";
    const bool id_said = said_before(r, place, 7, KOL_SAYS_ID);
    if ((r->what & KOL_REDACT_ID) && is_id(d, n) && (id_said || !is_phone(d, n)))
        return "[id]";
    if ((r->what & KOL_REDACT_ID) && id_said && whole && (n == 8 || n == 9))
        return "[id]";
    if ((r->what & KOL_REDACT_PHONE) && is_phone(d, n))
        return "[phone]";
    if ((r->what & KOL_REDACT_CVV) && n <= 4 && said_before(r, place, 8, KOL_SAYS_CODE))
        return "[code]";
    return NULL;
}

/* Hides the longest things first; what is left on both sides of one may hold others. */
static void hide_in_run(struct redactor *r, const struct run *run, size_t from, size_t to)
{
    for (size_t length = to - from; length > 0; length--)
        for (size_t at = from; at + length <= to; at++) {
            const char *label = kind_of(r, run, at, at + length);
            if (!label)
                continue;
            hide(r, run->first[at], run->end[at + length - 1], label);
            hide_in_run(r, run, from, at);
            hide_in_run(r, run, at + length, to);
            return;
        }
}

static void hide_numbers(struct redactor *r)
{
    struct run run;

    for (size_t i = 0; i < r->seq_count;) {
        size_t end = read_run(r, i, &run);
        if (end > i)
            hide_in_run(r, &run, 0, run.count);
        if (run.count == RUN_TOKENS)
            end = run.first[RUN_TOKENS - RUN_OVERLAP];
        i = end > i ? end : i + 1;
    }
}

/* ---- e-mail ---- */

static bool is_mail_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("._%+-", c));
}

/* "dana.levi@example.com", "דנה@example.com": from the first letter before the sign to the last
 * after it. */
static void hide_written_mail(struct redactor *r, size_t i)
{
    const struct kol_said_word *w = word(r, i);
    const char *start = r->talk.clean[w->turn], *sign = w->at + w->len;
    const char *from = sign, *to = sign + 1;
    size_t first = i, end = i + 1;

    if (*sign != '@' || !isalnum((unsigned char)sign[1]))
        return;
    while (from > start && (is_mail_char(from[-1]) || (unsigned char)from[-1] >= 0x80))
        from--;
    while (is_mail_char(*to))
        to++;
    if (from == sign || !memchr(sign, '.', (size_t)(to - sign)))
        return;
    while (first > 0 && word(r, first - 1)->turn == w->turn && word(r, first - 1)->at >= from)
        first--;
    while (end < r->seq_count && word(r, end)->turn == w->turn && word(r, end)->at < to)
        end++;
    hide(r, first, end, "[email]");
}

static bool is_provider(const struct kol_said_word *w)
{
    return kol_said_is(w, "gmail|hotmail|outlook|yahoo|walla|icloud|ג'ימייל|גימייל|וואלה|הוטמייל|"
                          "יאהו|אאוטלוק");
}

static bool is_dot(const struct kol_said_word *w)
{
    return kol_said_is(w, "dot|point|נקודה");
}

/* Where the name before "at" begins. */
static size_t mail_name(const struct redactor *r, size_t i)
{
    static const char before[] = "is|email|mail|address|me|to|it's|its|on|e|the|my|המייל|מייל|הוא|"
                                 "שלי|זה|אימייל|לכתובת|כתובת|דוא\"ל|למייל";
    size_t first = i;

    while (first > 0 && i - first < 7 && word(r, first)->gap < KOL_SAID_GAP_STOP &&
           !kol_said_is(word(r, first - 1), before))
        first--;
    return first < i ? first : i - 1;
}

/* "dana dot levi at gmail dot com", "דנה שטרודל ג'ימייל נקודה קום" */
static void hide_spoken_mail(struct redactor *r, size_t i)
{
    size_t dot = i + 1, to = i + 6 < r->seq_count ? i + 6 : r->seq_count;

    if (i == 0 || !kol_said_is(word(r, i), "at|שטרודל|כרוכית"))
        return;
    while (dot < to && !is_dot(word(r, dot)))
        dot++;
    if (dot >= to && (i + 1 >= r->seq_count || !is_provider(word(r, i + 1))))
        return;
    size_t end = dot < to ? dot + 2 : i + 2;
    while (end + 1 < r->seq_count && is_dot(word(r, end)))
        end += 2;
    hide(r, mail_name(r, i), end < r->seq_count ? end : r->seq_count, "[email]");
}

static void hide_mails(struct redactor *r)
{
    for (size_t i = 0; i < r->seq_count; i++) {
        hide_written_mail(r, i);
        hide_spoken_mail(r, i);
    }
}

/* ---- reading: each speaker alone, then all ---- */

static bool same_role(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The roles that speak; 1 when there is nothing to tell apart. */
static size_t list_roles(const struct kol_redact_turn *turns, size_t count,
                         const char *ret[static ROLES_MOST])
{
    size_t n = 0;

    for (size_t i = 0; i < count && n < ROLES_MOST; i++) {
        size_t k = 0;
        while (k < n && !same_role(ret[k], turns[i].role))
            k++;
        if (k == n)
            ret[n++] = turns[i].role;
    }
    return n;
}

static void read_sequence(struct redactor *r, const uint32_t *seq, size_t count)
{
    r->seq = seq;
    r->seq_count = count;
    if (r->what & KOL_REDACT_EMAIL)
        hide_mails(r);
    hide_numbers(r);
}

/* A number is dictated over several lines while the other side says "yes" or repeats it. */
static enum kol_code read_all(struct redactor *r, const struct kol_redact_turn *turns, size_t count,
                              struct kol_err *err)
{
    const char *roles[ROLES_MOST] = {NULL};
    const size_t role_count = list_roles(turns, count, roles);
    uint32_t *seq = kol_arena_array(r->a, r->talk.count + 1, sizeof *seq);

    if (!seq)
        return kol_fail(err, KOL_NO_MEMORY, "redact: out of memory");
    for (size_t k = 0; k < role_count && role_count > 1; k++) {
        size_t n = 0;
        for (size_t i = 0; i < r->talk.count; i++)
            if (same_role(turns[r->talk.words[i].turn].role, roles[k]))
                seq[n++] = (uint32_t)i;
        read_sequence(r, seq, n);
    }
    for (size_t i = 0; i < r->talk.count; i++)
        seq[i] = (uint32_t)i;
    read_sequence(r, seq, r->talk.count);
    return KOL_OK;
}

/* ---- writing ---- */

/* A line with labels for its words [first, end). */
static const char *write_line(const struct redactor *r, const char *clean, size_t first, size_t end)
{
    KOL_STR out;
    const char *at = clean;

    kol_str_init(&out, strlen(clean) * 8 + 64);
    for (size_t i = first; i < end; i++) {
        const struct kol_said_word *w = &r->talk.words[i];
        if (!w->label)
            continue;
        if (i == first || r->talk.words[i - 1].label != w->label) {
            kol_str_add_bytes(&out, at, (size_t)(w->at - at));
            kol_str_add(&out, w->label);
        }
        at = w->at + w->len;
    }
    kol_str_add(&out, at);
    return kol_str_failed(&out) ? NULL : kol_arena_strn(r->a, out.data, out.len);
}

/* Which space-separated words hold something hidden. */
static bool label_words(const struct redactor *r, const char *clean, size_t first, size_t end,
                        struct kol_redacted *ret)
{
    size_t count = 0, i = first;

    for (const char *p = clean; *p; count++)
        p += strspn(p, " "), p += strcspn(p, " ");
    const char **labels = kol_arena_array(r->a, count + 1, sizeof *labels);
    if (!labels)
        return false;
    count = 0;
    for (const char *p = clean + strspn(clean, " "); *p; count++) {
        p += strcspn(p, " ");
        for (; i < end && r->talk.words[i].at < p; i++)
            if (r->talk.words[i].label)
                labels[count] = r->talk.words[i].label;
        p += strspn(p, " ");
    }
    ret->labels = labels;
    ret->word_count = count;
    return true;
}

static bool write_lines(const struct redactor *r, const struct kol_redact_turn *turns, size_t count,
                        struct kol_redacted *ret)
{
    size_t i = 0;

    for (size_t t = 0; t < count; t++) {
        const size_t first = i;
        bool any = false;
        for (; i < r->talk.count && r->talk.words[i].turn == t; i++)
            any |= r->talk.words[i].label != NULL;
        const char *clean = r->talk.clean[t];
        ret[t].text = any ? write_line(r, clean, first, i) : clean;
        if (!ret[t].text || !label_words(r, clean, first, i, &ret[t]))
            return false;
        if (!any && !turns[t].text)
            ret[t].text = "";
    }
    return true;
}

/* Lines that are short enough to be looked at together. */
static enum kol_code redact_block(struct kol_arena *a, const struct kol_redact_turn *turns,
                                  size_t count, unsigned what, struct kol_redacted *ret,
                                  size_t *ret_count, struct kol_err *err)
{
    struct redactor r = {.a = a, .what = what};

    if (!kol_said_build(a, turns, count, &r.talk))
        return kol_fail(err, KOL_NO_MEMORY, "redact: out of memory");
    enum kol_code code = read_all(&r, turns, count, err);
    if (code == KOL_OK && !write_lines(&r, turns, count, ret))
        code = kol_fail(err, KOL_NO_MEMORY, "redact: out of memory");
    *ret_count += r.hidden;
    return code;
}

enum kol_code kol_redact_turns(struct kol_arena *a, const struct kol_redact_turn *turns,
                               size_t count, unsigned what, struct kol_redacted *ret,
                               size_t *ret_count, struct kol_err *err)
{
    *ret_count = 0;
    for (size_t i = 0, end; i < count; i = end) {
        size_t bytes = 0;
        for (end = i; end < count && (end == i || bytes < BLOCK_BYTES); end++)
            bytes += turns[end].text ? strlen(turns[end].text) : 0;
        enum kol_code code = redact_block(a, turns + i, end - i, what, ret + i, ret_count, err);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}

/* A block's end: after a line if there is one, else after a space that follows no digit. */
static size_t block_end(const char *text, size_t len)
{
    if (len <= BLOCK_BYTES)
        return len;
    for (size_t i = BLOCK_BYTES; i > BLOCK_BYTES / 2; i--)
        if (text[i - 1] == '\n' || (text[i - 1] == ' ' && !isdigit((unsigned char)text[i - 2])))
            return i;
    size_t cut = BLOCK_BYTES;
    while (cut > 1 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    return cut;
}

/* One block in an arena of its own: ten megabytes must not pile up. */
static enum kol_code add_block(struct kol_str *out, const char *text, size_t n, unsigned what,
                               size_t *ret_count, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_redact_turn turn = {.text = a ? kol_arena_strn(a, text, n) : NULL};
    struct kol_redacted one = {0};

    if (!turn.text)
        return kol_fail(err, KOL_NO_MEMORY, "redact: out of memory");
    enum kol_code code = redact_block(a, &turn, 1, what, &one, ret_count, err);
    if (code == KOL_OK)
        kol_str_add(out, one.text);
    return code;
}

enum kol_code kol_redact_text(struct kol_arena *a, const char *text, unsigned what,
                              const char **ret, size_t *ret_count, struct kol_err *err)
{
    KOL_STR out;
    const size_t len = strlen(text);

    kol_str_init(&out, len * 8 + 64);
    *ret_count = 0;
    for (size_t at = 0, n; at < len; at += n) {
        n = block_end(text + at, len - at);
        enum kol_code code = add_block(&out, text + at, n, what, ret_count, err);
        if (code != KOL_OK)
            return code;
    }
    *ret = kol_str_failed(&out) ? NULL : kol_arena_strn(a, out.data, out.len);
    return *ret ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "redact: out of memory");
}

/* ---- the setting ---- */

static const struct {
    const char *name;
    unsigned flag;
} names[] = {{"card", KOL_REDACT_CARD},
             {"cvv", KOL_REDACT_CVV},
             {"id", KOL_REDACT_ID},
             {"phone", KOL_REDACT_PHONE},
             {"email", KOL_REDACT_EMAIL}};

static unsigned flag_of(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0)
            return names[i].flag;
    return 0;
}

enum kol_code kol_redact_parse(const char *setting, unsigned *ret, struct kol_err *err)
{
    unsigned flags = 0;

    if (!setting)
        setting = KOL_REDACT_DEFAULT;
    for (size_t n; *setting; setting += n + (setting[n] != 0)) {
        n = strcspn(setting, ", ");
        if (n > 0 && !flag_of(setting, n))
            return kol_fail(err, KOL_BAD_CONFIG,
                            "redact: \"%.*s\" is none of card, cvv, id, phone, email",
                            (int)(n > 40 ? 40 : n), setting);
        flags |= flag_of(setting, n);
    }
    *ret = flags;
    return KOL_OK;
}

unsigned kol_redact_of(const char *setting)
{
    unsigned flags = 0, all = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        all |= names[i].flag;
    return kol_redact_parse(setting, &flags, NULL) == KOL_OK ? flags : all;
}
