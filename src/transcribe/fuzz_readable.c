/* fuzz_readable.c - any text: valid text comes out, times go forward, and once is enough. */
#include "base/str.h"
#include "transcribe/readable.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words are the text cut at blanks. */
static size_t cut(struct kol_arena *a, const char *text, struct kol_word *words)
{
    size_t n = 0;

    for (const char *p = text; *p; n++) {
        const size_t len = strcspn(p, " ");
        words[n] = (struct kol_word){.text = kol_arena_strn(a, p, len), .probability = 1};
        words[n].start_ms = (int64_t)n * 10;
        words[n].end_ms = (int64_t)n * 10 + 10;
        p += len + (p[len] != '\0');
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KOL_ARENA a = kol_arena_new(0);
    char *text = size > 0 ? kol_arena_strn(a, (const char *)data + 1, size - 1) : NULL;

    if (!text)
        return 0;
    struct kol_word *words = kol_arena_array(a, size + 1, sizeof *words);
    struct kol_segment s = {.text = text, .words = words, .word_count = cut(a, text, words)};
    struct kol_transcript t = {.segments = &s, .segment_count = 1, .text = text};
    t.language = data[0] & 1 ? "he" : "en";
    if (kol_transcript_readable(a, &t, NULL) != KOL_OK)
        abort();
    const struct kol_segment *now = &t.segments[0];
    assert(!now->heard == (strcmp(now->text, text) == 0));
    assert(!now->heard || kol_utf8_valid(now->text, strlen(now->text)));
    assert(now->word_count <= s.word_count);
    for (size_t i = 0; i < now->word_count; i++) {
        assert(now->words[i].start_ms < now->words[i].end_ms);
        assert(i == 0 || now->words[i - 1].end_ms == now->words[i].start_ms);
    }
    return 0;
}
