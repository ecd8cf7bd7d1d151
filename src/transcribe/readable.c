#include "transcribe/readable.h"

#include "base/str.h"
#include "transcribe/merge.h"
#include "transcribe/readable_find.h"
#include <stdlib.h>
#include <string.h>

#define SEGMENT_MOST (1u << 20) /* bytes; a longer one is nothing anybody said */

/* ---- finding ---- */

size_t kol_readable_gap(const struct kol_readable_line *l, size_t i, const char **ret)
{
    const struct kol_said_word *w = &l->said.words[i];

    *ret = i > 0 ? w[-1].at + w[-1].len : l->text;
    return (size_t)(w->at - *ret);
}

/* Marks that open or close a stretch of one direction: taking one of a pair would turn the rest. */
static bool has_direction(const char *from, const char *to)
{
    for (; from + 3 <= to; from++) {
        const unsigned char last = (unsigned char)from[2];
        if (from[0] == '\xe2' && ((from[1] == '\x80' && last >= 0xaa && last <= 0xae) ||
                                  (from[1] == '\x81' && last >= 0xa6 && last <= 0xa9)))
            return true;
    }
    return false;
}

void kol_readable_replace(struct kol_readable_line *l, size_t first, size_t end, const char *from,
                          const char *to, const char *with)
{
    if (!with || l->edit_count == KOL_READABLE_EDITS || has_direction(from, to))
        return;
    for (size_t i = first; i < end; i++)
        l->said.words[i].label = "taken";
    l->edits[l->edit_count++] = (struct kol_readable_edit){
        .from = (size_t)(from - l->text), .to = (size_t)(to - l->text), .with = with};
}

static int by_place(const void *a, const void *b)
{
    const struct kol_readable_edit *x = a, *y = b;

    return (x->from > y->from) - (x->from < y->from);
}

bool kol_readable_find(struct kol_arena *a, const char *text, bool hebrew,
                       struct kol_readable_line *ret)
{
    const size_t len = strlen(text);
    const struct kol_redact_turn turn = {.text = text};

    ret->a = a;
    ret->text = text;
    ret->hebrew = hebrew;
    ret->edit_count = 0;
    if (len > SEGMENT_MOST || !kol_utf8_valid(text, len))
        return true;
    if (!kol_said_build(a, &turn, 1, &ret->said))
        return false;
    ret->seq = kol_arena_array(a, ret->said.count + 1, sizeof *ret->seq);
    if (!ret->seq)
        return false;
    for (size_t i = 0; i < ret->said.count; i++)
        ret->seq[i] = (uint32_t)i;
    kol_readable_mails(ret);
    kol_readable_phones(ret);
    if (ret->edit_count > 1)
        qsort(ret->edits, ret->edit_count, sizeof *ret->edits, by_place);
    return !kol_arena_failed(a);
}

/* ---- writing ---- */

/* The bytes [from, to) of the line; edits lie wholly inside or wholly outside of it. */
static const char *edited(const struct kol_readable_line *l, size_t from, size_t to)
{
    KOL_STR out;

    kol_str_init(&out, 2 * SEGMENT_MOST);
    for (size_t i = 0; i < l->edit_count; i++) {
        const struct kol_readable_edit *e = &l->edits[i];
        if (e->from < from || e->to > to)
            continue;
        kol_str_add_bytes(&out, l->text + from, e->from - from);
        kol_str_add(&out, e->with);
        from = e->to;
    }
    kol_str_add_bytes(&out, l->text + from, to - from);
    return kol_str_failed(&out) ? NULL : kol_arena_strn(l->a, out.data, out.len);
}

/* Whether an edit crosses this place of the line. */
static bool is_inside_edit(const struct kol_readable_line *l, size_t place)
{
    for (size_t i = 0; i < l->edit_count; i++)
        if (l->edits[i].from < place && place < l->edits[i].to)
            return true;
    return false;
}

/* Words [i, *end) of the segment become one, or stay the one they are. */
static struct kol_word merged(const struct kol_readable_line *l, const struct kol_word *words,
                              size_t i, size_t end, size_t from, size_t to)
{
    struct kol_word w = words[i];
    double sum = 0;

    w.text = edited(l, from, to);
    w.end_ms = words[end - 1].end_ms;
    for (size_t k = i; k < end; k++)
        sum += words[k].probability;
    w.probability = sum / (double)(end - i);
    return w;
}

/* A segment's words with blanks between; NULL: out of memory. */
static const char *joined(struct kol_arena *a, const struct kol_segment *s)
{
    KOL_STR text;

    kol_str_init(&text, 2 * SEGMENT_MOST);
    for (size_t i = 0; i < s->word_count; i++)
        kol_str_add_fmt(&text, "%s%s", i ? " " : "", s->words[i].text);
    return kol_str_failed(&text) ? NULL : kol_arena_strn(a, text.data, text.len);
}

static bool write_words(const struct kol_readable_line *l, struct kol_segment *s)
{
    struct kol_word *words = kol_arena_array(l->a, s->word_count + 1, sizeof *words);
    size_t count = 0, from = 0;

    if (!words)
        return false;
    for (size_t i = 0, end; i < s->word_count; i = end) {
        size_t to = from + strlen(s->words[i].text);
        /* The blank behind a word belongs to an edit that goes on with the next one. */
        for (end = i + 1; end < s->word_count && is_inside_edit(l, to + 1); end++)
            to += 1 + strlen(s->words[end].text);
        words[count] = merged(l, s->words, i, end, from, to);
        if (!words[count++].text)
            return false;
        from = to + 1;
    }
    s->words = words;
    s->word_count = count;
    return true;
}

static bool rewrite(struct kol_arena *a, struct kol_segment *s, bool hebrew)
{
    struct kol_readable_line line;

    if (!kol_readable_find(a, s->text, hebrew, &line))
        return false;
    if (line.edit_count > 0) {
        s->heard = s->text;
        s->text = edited(&line, 0, strlen(s->text));
    }
    const char *words = s->word_count ? joined(a, s) : "";
    if (!words || !s->text || !kol_readable_find(a, words, hebrew, &line))
        return false;
    return line.edit_count == 0 || write_words(&line, s);
}

static bool is_known(const char *language)
{
    return kol_str_empty(language) || kol_streq(language, "he") || kol_streq(language, "en");
}

enum kol_code kol_transcript_readable(struct kol_arena *a, struct kol_transcript *t,
                                      struct kol_err *err)
{
    struct kol_segment *segments = kol_arena_array(a, t->segment_count + 1, sizeof *segments);
    const bool hebrew = kol_streq(t->language, "he");
    bool changed = false;

    if (!segments)
        return kol_fail(err, KOL_NO_MEMORY, "numbers of a transcript: out of memory");
    for (size_t i = 0; i < t->segment_count && is_known(t->language); i++) {
        segments[i] = t->segments[i];
        if (!rewrite(a, &segments[i], hebrew))
            return kol_fail(err, KOL_NO_MEMORY, "numbers of a transcript: out of memory");
        changed |= segments[i].heard != t->segments[i].heard;
    }
    if (!changed)
        return KOL_OK;
    const char *text = kol_merge_text(a, segments, t->segment_count, t->channels > 1);
    if (!text)
        return kol_fail(err, KOL_NO_MEMORY, "numbers of a transcript: out of memory");
    t->segments = segments;
    t->text = text;
    return KOL_OK;
}
