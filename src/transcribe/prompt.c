#include "transcribe/prompt.h"

#include "base/str.h"

/* A sentence such as a call may hold works better than a bare list. */
static const char *opening(const char *language)
{
    return kol_streq(language, "he") ? "שיחת טלפון. מדברים על " : "A phone call about ";
}

static const char *with_terms(struct kol_arena *a, const char *language, const char *const *terms,
                              size_t count)
{
    KOL_STR text;

    kol_str_init(&text, 1 << 16);
    kol_str_add(&text, opening(language));
    for (size_t i = count; i-- > 0;) {
        kol_str_add(&text, terms[i]);
        kol_str_add(&text, i > 0 ? ", " : ".");
    }
    return kol_str_failed(&text) ? NULL : kol_arena_str(a, text.data);
}

const char *kol_prompt_make(struct kol_arena *a, const struct kol_engine *engine,
                            const char *language, const char *const *terms, size_t count)
{
    struct kol_engine_info info;
    const char *prompt = NULL;

    engine->driver->info(engine, &info);
    int most =
        info.max_prompt_tokens < KOL_PROMPT_TOKENS ? info.max_prompt_tokens : KOL_PROMPT_TOKENS;
    for (size_t n = 1; n <= count; n++) {
        const char *longer = with_terms(a, language, terms, n);
        if (!longer || engine->driver->count_tokens(engine, longer) > most)
            break;
        prompt = longer;
    }
    return prompt;
}
