#include "transcribe/redact.h"

#include "base/redact.h"
#include "base/str.h"
#include "transcribe/merge.h"

enum { SEGMENT_MAX_BYTES = 1 << 20 };

static enum kol_code no_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "redact a transcript: out of memory");
}

/* A segment's words with blanks between; NULL: out of memory. */
static const char *joined(struct kol_arena *a, const struct kol_segment *s)
{
    KOL_STR text;

    kol_str_init(&text, SEGMENT_MAX_BYTES);
    for (size_t i = 0; i < s->word_count; i++)
        kol_str_add_fmt(&text, "%s%s", i ? " " : "", s->words[i].text);
    return kol_str_failed(&text) ? NULL : kol_arena_str(a, text.data);
}

/* One word, the label, stands for all words in a row that it hides; from the first to the last. */
static bool hide_words(struct kol_arena *a, struct kol_segment *s, const struct kol_redacted *r)
{
    struct kol_word *words = kol_arena_array(a, s->word_count + 1, sizeof(*words));
    size_t n = 0;

    for (size_t i = 0; words && i < s->word_count; i++) {
        const char *label = r->labels[i];

        if (label && i > 0 && r->labels[i - 1] == label) {
            words[n - 1].end_ms = s->words[i].end_ms;
            continue;
        }
        words[n] = s->words[i];
        if (label)
            words[n].text = label;
        n++;
    }
    s->words = words;
    s->word_count = n;
    return words != NULL;
}

static bool has_label(const struct kol_redacted *r)
{
    for (size_t i = 0; i < r->word_count; i++)
        if (r->labels[i])
            return true;
    return false;
}

/* Text and words tell the same; where they do not, the one that hides more decides. */
static bool hide_segment(struct kol_arena *a, struct kol_segment *s,
                         const struct kol_redacted *text, const struct kol_redacted *words)
{
    const bool in_text = has_label(text), in_words = has_label(words);

    if (!in_text && !in_words)
        return true;
    s->text = in_text || !s->word_count ? text->text : words->text;
    if (words->word_count == s->word_count && in_words)
        return hide_words(a, s, words);
    s->words = NULL; /* which ones it would be is not known: times are worth less than a number */
    s->word_count = 0;
    return true;
}

enum kol_code kol_transcript_redact(struct kol_arena *a, struct kol_transcript *t, unsigned what,
                                    struct kol_err *err)
{
    const size_t n = t->segment_count;
    struct kol_redact_turn *turns = kol_arena_array(a, 2 * n + 1, sizeof(*turns));
    struct kol_redacted *done = kol_arena_array(a, 2 * n + 1, sizeof(*done));
    struct kol_segment *segments = kol_arena_array(a, n + 1, sizeof(*segments));
    size_t hidden_text, hidden_words;

    if (!turns || !done || !segments)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const char *role = kol_role_name(t->segments[i].role);

        segments[i] = t->segments[i];
        turns[i] = (struct kol_redact_turn){role, segments[i].text};
        turns[n + i] = (struct kol_redact_turn){role, joined(a, &segments[i])};
        if (!turns[n + i].text)
            return no_memory(err);
    }
    enum kol_code code = kol_redact_turns(a, turns, n, what, done, &hidden_text, err);
    if (code == KOL_OK)
        code = kol_redact_turns(a, turns + n, n, what, done + n, &hidden_words, err);
    if (code != KOL_OK || hidden_text + hidden_words == 0)
        return code;
    for (size_t i = 0; i < n; i++)
        if (!hide_segment(a, &segments[i], &done[i], &done[n + i]))
            return no_memory(err);
    t->segments = segments;
    t->text = kol_merge_text(a, segments, n, t->channels > 1);
    return t->text ? KOL_OK : no_memory(err);
}
