/* fuzz_readable.c - any talk: valid text comes out, no word's time is lost, times go forward. */
#include "base/str.h"
#include "transcribe/readable.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words are the text cut at blanks, 10 ms each. */
static size_t cut(struct kol_arena *a, const char *text, int64_t *at_ms, struct kol_word *words)
{
    size_t n = 0;

    for (const char *p = text; *p; n++) {
        const size_t len = strcspn(p, " ");
        words[n] = (struct kol_word){.text = kol_arena_strn(a, p, len), .probability = 1};
        words[n].start_ms = *at_ms;
        words[n].end_ms = *at_ms += 10;
        p += len + (p[len] != '\0');
    }
    return n;
}

/* A line is a segment, spoken on the channel that its length tells. */
static size_t read_segments(struct kol_arena *a, char *text, struct kol_segment *list)
{
    size_t n = 0;
    int64_t at_ms = 0;

    for (char *line; (line = strsep(&text, "\n")) && n < SEGMENTS_MOST;) {
        const size_t len = strlen(line);
        struct kol_word *words = kol_arena_array(a, len + 2, sizeof *words);
        if (!words || len == 0)
            continue;
        list[n] = (struct kol_segment){.channel = len % 5 == 0, .text = line, .words = words};
        list[n].start_ms = at_ms;
        list[n].word_count = cut(a, line, &at_ms, words);
        list[n++].end_ms = at_ms;
    }
    return n;
}

static void check_segment(const struct kol_segment *s)
{
    assert(*s->text);
    assert(!s->heard || kol_utf8_valid(s->text, strlen(s->text)));
    assert(!s->heard || strcmp(s->heard, s->text) != 0);
    for (size_t i = 0; i < s->word_count; i++) {
        assert(s->words[i].start_ms < s->words[i].end_ms);
        assert(i == 0 || s->words[i - 1].end_ms <= s->words[i].start_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KOL_ARENA a = kol_arena_new(0);
    char *text = size > 0 ? kol_arena_strn(a, (const char *)data + 1, size - 1) : NULL;
    struct kol_segment list[SEGMENTS_MOST];

    if (!text)
        return 0;
    struct kol_transcript t = {.segments = list, .channels = 2, .text = text};
    t.segment_count = t.kept_count = read_segments(a, text, list);
    t.language = data[0] & 1 ? "he" : "en";
    if (kol_transcript_readable(a, &t, NULL) != KOL_OK)
        abort();
    assert(t.kept_count == t.segment_count);
    for (size_t i = 0; i < t.segment_count; i++) {
        check_segment(&t.segments[i]);
        assert(i == 0 || t.segments[i - 1].start_ms <= t.segments[i].start_ms);
    }
    return 0;
}
