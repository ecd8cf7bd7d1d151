/*
 * redact.c - runs of digits, written or spoken, and what they are by their check digits.
 */
#include "understand/redact.h"
#include "base/str.h"
#include "understand/scene.h"
#include <ctype.h>
#include <string.h>

#define RUN_TOKENS 48
#define BLOCK_BYTES (256u * 1024) /* texts are worked on in blocks, cut at spaces */

/* Digits in a row, each token with the words it came from. */
struct run {
    char digits[RUN_TOKENS][24];
    struct kol_span words[RUN_TOKENS];
    size_t count;
};

struct redactor {
    struct kol_arena *a;
    struct kol_talk talk;
    unsigned what;
    const char **label; /* per word: what stands there instead, NULL to keep it */
    size_t hidden;
};

static void hide(struct redactor *r, size_t first, size_t end, const char *label)
{
    for (size_t i = first; i < end; i++)
        if (r->label[i])
            return;
    for (size_t i = first; i < end; i++)
        r->label[i] = label;
    r->hidden++;
}

/* --- check digits --- */

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
    if (!luhn(d, n))
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

/* --- runs --- */

static bool is_filler(const struct kol_talk *t, size_t i)
{
    return kol_is(
        &t->words[i],
        "and|dash|hyphen|then|uh|um|er|erm|מקף|ו|אז|אה|אממ|ואז|רווח|space|okay|ok|אוקיי|כן|yes");
}

static size_t digits_at(const struct kol_talk *t, size_t i, char *ret, size_t size)
{
    size_t n = kol_spoken_digits(t, i, ret, size);
    const struct kol_word *w = &t->words[i];
    if (n > 0 || w->script != KOL_SCRIPT_DIGITS || w->clean_len >= size)
        return n;
    size_t len = 0; /* "4580.1234": dots between groups */
    for (size_t k = 0; k < w->clean_len; k++) {
        if (isdigit((unsigned char)w->clean[k]))
            ret[len++] = w->clean[k];
        else if (w->clean[k] != '.')
            return 0;
    }
    ret[len] = 0;
    return len > 3 ? 1 : 0;
}

/* Reads a run from word i; returns the word after it, or i. */
static size_t read_run(const struct kol_talk *t, size_t i, struct run *ret)
{
    size_t at = i, fillers = 0;
    ret->count = 0;
    while (at < t->word_count && ret->count < RUN_TOKENS) {
        size_t n = digits_at(t, at, ret->digits[ret->count], sizeof ret->digits[0]);
        if (n > 0) {
            ret->words[ret->count++] = (struct kol_span){(uint32_t)at, (uint32_t)(at + n)};
            at += n;
            fillers = 0;
        } else if (ret->count > 0 && fillers < 2 && is_filler(t, at)) {
            at++;
            fillers++;
        } else {
            break;
        }
    }
    return ret->count ? ret->words[ret->count - 1].end : i;
}

static size_t join(const struct run *r, size_t from, size_t to, char *ret, size_t size)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        size_t len = strlen(r->digits[i]);
        if (n + len + 1 > size)
            return 0;
        memcpy(ret + n, r->digits[i], len);
        n += len;
    }
    ret[n] = 0;
    return n;
}

static bool said_near(const struct kol_talk *t, size_t i, size_t words, const char *list)
{
    size_t from = i > words ? i - words : 0;
    return kol_phrase_find(t, from, i, list) < i;
}

#define ID_WORDS                                                                                                                  \
    "תעודת זהות|ת\"ז|תז|מספר זהות|תעודת הזהות|זהות|id number|identity number|teudat zehut|my " \
    "id|i d number|id"
#define CODE_WORDS                                                                                 \
    "cvv|cvc|c v v|c v c|security code|digits on the back|on the back|three digits|שלוש "      \
    "ספרות|בגב הכרטיס|קוד אבטחה|סי וי וי|"                             \
    "שלוש הספרות|מאחורי הכרטיס|ספרות מאחור|בגב|מאחורה"

/* What the tokens [from, to) of a run are; NULL: nothing to hide. */
static const char *kind_of(const struct redactor *r, const struct run *run, size_t from, size_t to)
{
    char d[24];
    size_t n = join(run, from, to, d, sizeof d), word = run->words[from].first;
    bool whole = from == 0 && to == run->count;
    if (n == 0)
        return NULL;
    if ((r->what & KOL_REDACT_CARD) && n >= 13 && is_card(d, n, whole))
        return "[card]";
    bool id_said = said_near(&r->talk, word, 7, ID_WORDS);
    if ((r->what & KOL_REDACT_ID) && n == 9 && is_id(d, n) && (id_said || !is_phone(d, n)))
        return "[id]";
    if ((r->what & KOL_REDACT_ID) && id_said && whole && (n == 8 || n == 9))
        return "[id]"; /* said to be one: hidden even with a digit heard wrongly */
    if ((r->what & KOL_REDACT_PHONE) && is_phone(d, n))
        return "[phone]";
    if ((r->what & KOL_REDACT_CARD) && (n == 3 || n == 4) &&
        said_near(&r->talk, word, 8, CODE_WORDS))
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
            hide(r, run->words[at].first, run->words[at + length - 1].end, label);
            hide_in_run(r, run, from, at);
            hide_in_run(r, run, at + length, to);
            return;
        }
}

static void hide_numbers(struct redactor *r)
{
    struct run run;
    for (size_t i = 0; i < r->talk.word_count;) {
        size_t end = read_run(&r->talk, i, &run);
        if (end > i)
            hide_in_run(r, &run, 0, run.count);
        i = end > i ? end : i + 1;
    }
}

/* --- e-mail --- */

static bool is_mail_char(char c)
{
    return isalnum((unsigned char)c) || strchr("._%+-", c);
}

/* "dana.levi@example.com": words from the first letter before the sign to the last after it. */
static void hide_written_mail(struct redactor *r, size_t i)
{
    const struct kol_talk *t = &r->talk;
    const struct kol_talk_turn *turn = &t->turns[t->words[i].turn];
    const char *after = t->words[i].clean + t->words[i].clean_len;
    if (*after != '@' || !isalnum((unsigned char)after[1]))
        return;
    const char *from = after, *to = after + 1;
    while (from > turn->clean && is_mail_char(from[-1]))
        from--;
    while (is_mail_char(*to))
        to++;
    if (from == after || !memchr(after, '.', (size_t)(to - after)))
        return;
    size_t first = i, end = i + 1;
    while (first > turn->first && t->words[first - 1].clean >= from)
        first--;
    while (end < turn->end && t->words[end].clean < to)
        end++;
    hide(r, first, end, "[email]");
}

/* "dana dot levi at gmail dot com", "דנה שטרודל ג'ימייל נקודה קום" */
static void hide_spoken_mail(struct redactor *r, size_t i)
{
    const struct kol_talk *t = &r->talk;
    bool strudel = kol_is(&t->words[i], "שטרודל|כרוכית");
    if ((!strudel && !kol_is(&t->words[i], "at")) || i == 0)
        return;
    size_t to = i + 6 < t->word_count ? i + 6 : t->word_count;
    size_t dot = kol_phrase_find(t, i + 1, to, "dot|נקודה|point");
    bool known =
        i + 1 < t->word_count &&
        kol_is(
            &t->words[i + 1],
            "gmail|hotmail|outlook|yahoo|walla|icloud|ג'ימייל|גימייל|וואלה|הוטמייל|יאהו|outlook");
    if (dot == to && !known)
        return;
    size_t end = dot < to ? dot + 2 : i + 2;
    while (end + 1 < t->word_count && kol_is(&t->words[end], "dot|נקודה"))
        end += 2;
    if (end > t->word_count)
        end = t->word_count;
    size_t first = i;
    while (first > 0 && i - first < 7 && t->words[first].gap < KOL_GAP_COMMA &&
           !kol_is(&t->words[first - 1], "is|email|mail|address|me|to|it's|its|on|המייל|מייל|הוא|"
                                         "שלי|זה|אימייל|לכתובת|כתובת|דוא\"ל|e"))
        first--;
    hide(r, first == i ? i - 1 : first, end, "[email]");
}

static void hide_mails(struct redactor *r)
{
    for (size_t i = 0; i < r->talk.word_count; i++) {
        hide_written_mail(r, i);
        hide_spoken_mail(r, i);
    }
}

/* --- writing --- */

/* The clean text of a piece with labels for hidden words. */
static char *write_piece(const struct redactor *r, const struct kol_talk_turn *turn,
                         const struct kol_talk_piece *piece)
{
    KOL_STR out;
    kol_str_init(&out, piece->len * 8 + 64);
    const char *at = piece->start, *end = piece->start + piece->len;
    for (size_t i = turn->first; i < turn->end; i++) {
        const struct kol_word *w = &r->talk.words[i];
        if (w->clean < piece->start || w->clean >= end || !r->label[i])
            continue;
        bool goes_on = i > turn->first && r->label[i - 1] == r->label[i] &&
                       r->talk.words[i - 1].clean >= piece->start;
        if (!goes_on) {
            kol_str_add_bytes(&out, at, (size_t)(w->clean - at));
            kol_str_add(&out, r->label[i]);
        }
        at = w->clean + w->clean_len;
    }
    kol_str_add_bytes(&out, at, (size_t)(end - at));
    return kol_str_failed(&out) ? NULL : kol_arena_strn(r->a, out.data, out.len);
}

/* Which words of a piece, counted at spaces, hold something hidden. */
static bool mark_words(const struct redactor *r, const struct kol_talk_turn *turn,
                       const struct kol_talk_piece *piece, struct kol_redacted *ret)
{
    size_t count = 1;
    for (size_t i = 0; i < piece->len; i++)
        count += piece->start[i] == ' ';
    uint8_t *hidden = kol_arena_alloc(r->a, count);
    if (!hidden)
        return false;
    size_t word = 0;
    const char *p = piece->start;
    for (size_t i = turn->first; i < turn->end; i++) {
        const struct kol_word *w = &r->talk.words[i];
        if (w->clean < piece->start || w->clean >= piece->start + piece->len)
            continue;
        for (; p < w->clean; p++)
            word += *p == ' ' && p[1] != ' ' && p != piece->start;
        hidden[word] |= r->label[i] != NULL;
    }
    ret->hidden_words = hidden;
    ret->word_count = word + 1;
    return true;
}

static enum kol_code no_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "redact: out of memory");
}

/* Turns whose texts are short enough to be looked at together. */
static enum kol_code redact_block(struct kol_arena *a, const struct kol_insight_turn *turns,
                                  size_t count, unsigned what, struct kol_redacted *ret,
                                  size_t *ret_count, struct kol_err *err)
{
    struct redactor r = {.a = a, .what = what};
    struct kol_insight_input in = {.turns = turns, .turn_count = count};
    enum kol_code code = kol_talk_build(a, &in, &r.talk, err);
    if (code != KOL_OK)
        return code;
    r.label = kol_arena_array(a, r.talk.word_count + 1, sizeof *r.label);
    if (!r.label)
        return no_memory(err);
    if (what & KOL_REDACT_EMAIL)
        hide_mails(&r);
    hide_numbers(&r);
    for (size_t t = 0; t < r.talk.turn_count; t++)
        for (size_t p = 0; p < r.talk.turns[t].piece_count; p++) {
            const struct kol_talk_piece *piece = &r.talk.turns[t].pieces[p];
            struct kol_redacted *one = &ret[piece->from - turns];
            one->text = write_piece(&r, &r.talk.turns[t], piece);
            if (!one->text || !mark_words(&r, &r.talk.turns[t], piece, one))
                return no_memory(err);
        }
    *ret_count += r.hidden;
    return KOL_OK;
}

enum kol_code kol_redact_turns(struct kol_arena *a, const struct kol_insight_turn *turns,
                               size_t count, unsigned what, struct kol_redacted *ret,
                               size_t *ret_count, struct kol_err *err)
{
    *ret_count = 0;
    for (size_t i = 0; i < count;) {
        size_t end = i, bytes = 0;
        do
            bytes += turns[end].text ? strlen(turns[end].text) : 0;
        while (++end < count && bytes < BLOCK_BYTES);
        enum kol_code code = KOL_OK;
        if (end == i + 1 && bytes > BLOCK_BYTES) {
            size_t hidden = 0;
            code = kol_redact_text(a, turns[i].text, what, &ret[i].text, &hidden, err);
            *ret_count += hidden;
            ret[i].word_count = 0;
        } else {
            code = redact_block(a, turns + i, end - i, what, ret + i, ret_count, err);
        }
        if (code != KOL_OK)
            return code;
        i = end;
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
    while (cut > 1 && ((uint8_t)text[cut] & 0xc0) == 0x80)
        cut--;
    return cut;
}

enum kol_code kol_redact_text(struct kol_arena *a, const char *text, unsigned what,
                              const char **ret, size_t *ret_count, struct kol_err *err)
{
    KOL_STR out;
    size_t len = strlen(text);
    kol_str_init(&out, len * 8 + 64);
    *ret_count = 0;
    for (size_t at = 0; at < len;) {
        size_t n = block_end(text + at, len - at);
        KOL_ARENA block =
            kol_arena_new(0); /* freed block by block: ten megabytes must not pile up */
        if (!block)
            return no_memory(err);
        struct kol_insight_turn turn = {
            .text = kol_arena_strn(block, text + at, n), .start_ms = -1, .end_ms = -1};
        struct kol_redacted one = {0};
        if (!turn.text)
            return no_memory(err);
        enum kol_code code = redact_block(block, &turn, 1, what, &one, ret_count, err);
        if (code != KOL_OK)
            return code;
        kol_str_add(&out, one.text ? one.text : "");
        at += n;
    }
    *ret = kol_str_failed(&out) ? NULL : kol_arena_strn(a, out.data, out.len);
    return *ret ? KOL_OK : no_memory(err);
}

enum kol_code kol_redact_parse(const char *setting, unsigned *ret, struct kol_err *err)
{
    static const struct {
        const char *name;
        unsigned flag;
    } names[] = {{"card", KOL_REDACT_CARD},
                 {"id", KOL_REDACT_ID},
                 {"phone", KOL_REDACT_PHONE},
                 {"email", KOL_REDACT_EMAIL}};
    unsigned flags = 0;
    for (const char *p = setting; *p;) {
        size_t n = strcspn(p, ", "), i = 0;
        while (n > 0 && i < 4 && (strlen(names[i].name) != n || strncmp(names[i].name, p, n) != 0))
            i++;
        if (i == 4)
            return kol_fail(err, KOL_BAD_CONFIG,
                            "redact: \"%.*s\" is none of card, id, phone, email",
                            (int)(n > 40 ? 40 : n), p);
        flags |= n > 0 ? names[i].flag : 0;
        p += n + (p[n] != 0);
    }
    *ret = flags;
    return KOL_OK;
}
