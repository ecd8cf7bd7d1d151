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

bool kol_readable_find(const struct kol_readable_memory *m, const char *text, bool hebrew,
                       struct kol_readable_line *ret)
{
    const size_t len = strlen(text);
    const struct kol_redact_turn turn = {.text = text};

    ret->m = *m;
    ret->text = text;
    ret->hebrew = hebrew;
    ret->edit_count = 0;
    if (len > SEGMENT_MOST || !kol_utf8_valid(text, len))
        return true;
    if (!kol_said_build(m->scratch, &turn, 1, &ret->said))
        return false;
    ret->seq = kol_arena_array(m->scratch, ret->said.count + 1, sizeof *ret->seq);
    if (!ret->seq)
        return false;
    for (size_t i = 0; i < ret->said.count; i++)
        ret->seq[i] = (uint32_t)i;
    kol_readable_mails(ret);
    kol_readable_phones(ret);
    if (ret->edit_count > 1)
        qsort(ret->edits, ret->edit_count, sizeof *ret->edits, by_place);
    return !kol_arena_failed(m->scratch);
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
    return kol_str_failed(&out) ? NULL : kol_arena_strn(l->m.keep, out.data, out.len);
}

/* Whether an edit crosses this place of the line. */
static bool is_inside_edit(const struct kol_readable_line *l, size_t place)
{
    for (size_t i = 0; i < l->edit_count; i++)
        if (l->edits[i].from < place && place < l->edits[i].to)
            return true;
    return false;
}

/* Words [first, end), bytes [from, to) of the line, become one, or stay the one they are. */
static struct kol_word merged(const struct kol_readable_line *l, const struct kol_word *words,
                              const struct kol_readable_word *m)
{
    struct kol_word w = words[m->first];
    double sum = 0;

    w.text = edited(l, m->from, m->to);
    w.end_ms = words[m->end - 1].end_ms;
    for (size_t k = m->first; k < m->end; k++)
        sum += words[k].probability;
    w.probability = sum / (double)(m->end - m->first);
    return w;
}

const char *kol_readable_join(struct kol_arena *a, const struct kol_word *words, size_t count)
{
    KOL_STR text;

    kol_str_init(&text, 2 * SEGMENT_MOST);
    for (size_t i = 0; i < count; i++)
        kol_str_add_fmt(&text, "%s%s", i ? " " : "", words[i].text);
    return kol_str_failed(&text) ? NULL : kol_arena_strn(a, text.data, text.len);
}

struct kol_readable_word *kol_readable_merge(const struct kol_readable_line *l,
                                             const struct kol_word *words, size_t count,
                                             size_t *ret_count)
{
    struct kol_readable_word *list = kol_arena_array(l->m.scratch, count + 1, sizeof *list);
    size_t n = 0, from = 0;

    for (size_t i = 0; list && i < count; n++) {
        struct kol_readable_word *m = &list[n];
        *m = (struct kol_readable_word){.first = i, .end = i + 1, .from = from};
        m->to = from + strlen(words[i].text);
        /* The blank behind a word belongs to an edit that goes on with the next one. */
        for (; m->end < count && is_inside_edit(l, m->to + 1); m->end++)
            m->to += 1 + strlen(words[m->end].text);
        m->word = merged(l, words, m);
        if (!m->word.text)
            return NULL;
        i = m->end;
        from = m->to + 1;
    }
    *ret_count = n;
    return list;
}

static bool write_words(const struct kol_readable_line *l, struct kol_segment *s)
{
    size_t count;
    const struct kol_readable_word *list = kol_readable_merge(l, s->words, s->word_count, &count);
    struct kol_word *words = kol_arena_array(l->m.keep, s->word_count + 1, sizeof *words);

    if (!list || !words)
        return false;
    for (size_t i = 0; i < count; i++)
        words[i] = list[i].word;
    s->words = words;
    s->word_count = count;
    return true;
}

static bool rewrite(const struct kol_readable_memory *m, struct kol_segment *s, bool hebrew)
{
    struct kol_readable_line line;

    if (!kol_readable_find(m, s->text, hebrew, &line))
        return false;
    if (line.edit_count > 0) {
        s->heard = s->heard ? s->heard : s->text;
        s->text = edited(&line, 0, strlen(s->text));
    }
    const char *words = kol_readable_join(m->scratch, s->words, s->word_count);
    if (!words || !s->text || !kol_readable_find(m, words, hebrew, &line))
        return false;
    return line.edit_count == 0 || write_words(&line, s);
}

static bool is_known(const char *language)
{
    return kol_str_empty(language) || kol_streq(language, "he") || kol_streq(language, "en");
}

static enum kol_code no_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "numbers of a transcript: out of memory");
}

/* Away with what gave all its words to the segment before. */
static size_t without_empty(struct kol_segment *segments, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (*segments[i].text)
            segments[n++] = segments[i];
    kol_merge_sort(segments, n);
    return n;
}

enum kol_code kol_transcript_readable(struct kol_arena *a, struct kol_transcript *t,
                                      struct kol_err *err)
{
    const size_t count = t->segment_count;
    struct kol_segment *segments = kol_arena_array(a, count + 1, sizeof *segments);
    const bool hebrew = kol_streq(t->language, "he");
    KOL_ARENA scratch = kol_arena_new(0);
    const struct kol_readable_memory m = {a, scratch};
    bool changed = false;

    if (!segments || !scratch)
        return no_memory(err);
    if (count == 0 || !is_known(t->language))
        return KOL_OK;
    memcpy(segments, t->segments, count * sizeof *segments);
    if (!kol_readable_over_pauses(&m, segments, count, hebrew))
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        if (*segments[i].text && !rewrite(&m, &segments[i], hebrew))
            return no_memory(err);
        kol_arena_reset(scratch);
        changed |= segments[i].text != t->segments[i].text;
    }
    if (!changed)
        return KOL_OK;
    t->segment_count = without_empty(segments, count);
    t->kept_count -= count - t->segment_count;
    t->segments = segments;
    t->text = kol_merge_text(a, segments, t->segment_count, t->channels > 1);
    return t->text ? KOL_OK : no_memory(err);
}
