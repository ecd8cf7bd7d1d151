/*
 * summary_text.c - words of a call back to text; spoken numbers as digits (six hundred: 600).
 */
#include "understand/summary.h"
#include <string.h>

static bool joins_next(const struct kol_talk *t, size_t i, size_t end)
{
    return i < end && t->words[i].gap <= KOL_GAP_HYPHEN;
}

/* "between six and eight hundred": the six are hundreds too. */
static int64_t scale_of_range(const struct kol_talk *t, size_t after, size_t end, int64_t value)
{
    int64_t other;
    if (value < 1 || value > 99 || !joins_next(t, after, end))
        return 1;
    size_t at = after + (kol_is(&t->words[after], "and|to|or|עד|או") ? 1 : 0);
    bool hebrew_to = at == after && kol_number_prefix(&t->words[at]) > 0;
    if ((at == after && !hebrew_to) || at >= end || !kol_spoken_number(t, at, &other))
        return 1;
    if (value < 10 && other >= 100 && other < 1000 && other % 100 == 0 && other / 100 > value)
        return 100;
    return other >= 1000 && other % 1000 == 0 && other / 1000 > value && other < 100000 ? 1000 : 1;
}

static const char *digits_of(struct kol_arena *a, int64_t n, bool hebrew)
{
    if (n >= 10000 && n < 1000000 && n % 1000 == 0)
        return kol_arena_fmt(a, hebrew ? "%lld אלף" : "%lld thousand", (long long)(n / 1000));
    if (n >= 1000000)
        return kol_arena_fmt(a, "%lld,%03lld,%03lld", (long long)(n / 1000000),
                             (long long)(n / 1000 % 1000), (long long)(n % 1000));
    return n >= 1000 ? kol_arena_fmt(a, "%lld,%03lld", (long long)(n / 1000), (long long)(n % 1000))
                     : kol_arena_fmt(a, "%lld", (long long)n);
}

/* Writes a spoken number from word i as digits. Words taken; 0: leave the words as they are. */
static size_t write_number(struct kol_writing *w, struct kol_str *out, size_t i, size_t end)
{
    const struct kol_talk *t = &w->s->talk;
    const struct kol_word *word = &t->words[i];
    int64_t value;
    size_t n = word->script == KOL_SCRIPT_DIGITS ? 0 : kol_summary_amount(w, i, &value);
    if (n == 0 || i + n > end)
        return 0;
    value *= scale_of_range(t, i + n, end, value);
    if (value > 1000000 && value % 1000000 > 0 && value % 1000000 < 1000)
        return 0; /* "a million four hundred" means more than it says */
    int64_t hour; /* "three forty" stays as it was said */
    bool of_clock = value < 60 && i > 0 && word->gap == KOL_GAP_SPACE &&
                    kol_spoken_number(t, i - 1, &hour) == 1 && hour < 13;
    const char *digits = value > 20 && !of_clock ? digits_of(w->s->a, value, w->s->hebrew) : NULL;
    if (!digits)
        return 0;
    size_t prefix = kol_number_prefix(word);
    kol_str_add_bytes(out, word->norm, prefix);
    kol_str_add_fmt(out, "%s%s", prefix ? "-" : "", digits);
    return n;
}

/* The text of a span with numbers as digits and telephone numbers left out. */
static void write_span(struct kol_writing *w, struct kol_str *out, struct kol_span span)
{
    const struct kol_talk *t = &w->s->talk;
    const char *last = NULL;
    for (size_t i = span.first; i < span.end;) {
        const struct kol_word *word = &t->words[i];
        if (w->s->marks[i] & KOL_MARK_PHONE) {
            last = NULL;
            i++;
            continue;
        }
        if (last && word->turn == t->words[i - 1].turn)
            kol_str_add_bytes(out, last, (size_t)(word->clean - last));
        else if (i > span.first && out->len > 0)
            kol_str_add(out, " ");
        size_t n = write_number(w, out, i, span.end);
        bool sum = i > span.first && word->gap <= KOL_GAP_HYPHEN;
        if (n == 0 && sum && (kol_is(word, "quid") || kol_is(word, "bucks"))) {
            kol_str_add(out, kol_is(word, "quid") ? "pounds" : "dollars");
            n = 1;
        } else if (n == 0) {
            kol_str_add_bytes(out, word->clean, word->clean_len);
            n = 1;
        }
        i += n;
        last = t->words[i - 1].clean + t->words[i - 1].clean_len;
    }
}

const char *kol_summary_text(struct kol_writing *w, struct kol_span span)
{
    KOL_STR out;
    kol_str_init(&out, 4096);
    write_span(w, &out, span);
    while (out.len > 0 && strchr(" ,;:-\n", out.data[out.len - 1]))
        out.len--;
    const char *from = out.data;
    size_t len = out.len;
    while (len > 0 && strchr(" ,;:-\n", *from)) {
        from++;
        len--;
    }
    char *text = len ? kol_arena_strn(w->s->a, from, len) : NULL;
    for (char *p = text; p && *p; p++)
        if (*p == '\n' || *p == '"')
            *p = *p == '"' && p > text && p[1] && (uint8_t)p[-1] > 0x80 && (uint8_t)p[1] > 0x80
                     ? '"'
                 : *p == '"' ? '\''
                             : ' ';
    return text;
}

size_t kol_summary_marks(const struct kol_writing *w, struct kol_span span, uint8_t mark)
{
    size_t n = 0;
    for (size_t i = span.first; i < span.end; i++)
        n += (w->s->marks[i] & mark) != 0;
    return n;
}

size_t kol_summary_count(const struct kol_writing *w, struct kol_span span, const char *list)
{
    size_t n = 0;
    for (size_t i = span.first; i < span.end; i++)
        n += kol_phrase_at(&w->s->talk, i, list) > 0;
    return n;
}

bool kol_summary_has_number(const struct kol_writing *w, struct kol_span span)
{
    int64_t n;
    for (size_t i = span.first; i < span.end; i++)
        if (kol_summary_amount(w, i, &n) && n > 4)
            return true;
    return false;
}
