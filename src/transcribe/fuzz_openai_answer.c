/* fuzz_openai_answer.c - any answer of a speech server: an error, or tokens with times in order. */
#include "transcribe/openai_answer.h"

#include <assert.h>

enum { CHUNK_MS = 28000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_result r;
    struct kol_err err;
    const char *language;

    if (!a || kol_openai_read(a, (const char *)data, size, CHUNK_MS, &r, &language, &err) != KOL_OK)
        return 0;
    int64_t last = 0;
    for (size_t i = 0; i < r.segment_count; i++) {
        const struct kol_engine_segment *s = &r.segments[i];
        assert(s->start_ms >= last && s->end_ms >= s->start_ms && s->end_ms <= CHUNK_MS);
        last = s->end_ms;
        for (size_t k = 0; k < s->token_count; k++) {
            const struct kol_engine_token *t = &s->tokens[k];
            assert(t->text && t->text[0] == ' ' && t->end_ms >= t->start_ms);
            assert(t->start_ms == -1 || (t->start_ms >= s->start_ms && t->end_ms <= s->end_ms));
        }
    }
    return 0;
}
