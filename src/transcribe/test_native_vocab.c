/* The vocabulary against whisper.cpp's own, from its files without weights. */
#include "base/language.h"
#include "base/test.h"
#include "transcribe/native_vocab.h"
#include "transcribe/whisper_log.h"
#include <whisper.h>

static struct kol_err err;

static size_t word_of_whisper(const void *source, int id, const char **ret)
{
    *ret = whisper_token_to_str((struct whisper_context *)(uintptr_t)source, id);
    return strlen(*ret);
}

static struct whisper_context *load(const char *name)
{
    struct whisper_context_params params = whisper_context_default_params();
    const char *models = getenv("KOL_MODELS");
    char path[512];

    assert_non_null(models);
    params.use_gpu = false;
    kol_whisper_route_log();
    snprintf(path, sizeof(path), "%s/../src/whisper.cpp/models/for-tests-ggml-%s.bin", models,
             name);
    struct whisper_context *ctx = whisper_init_from_file_with_params_no_state(path, params);
    assert_non_null(ctx);
    return ctx;
}

static struct kol_native_vocab *vocab_of(struct whisper_context *ctx)
{
    struct kol_native_vocab *v;

    check_ok("vocab",
             kol_native_vocab_new(whisper_n_vocab(ctx), whisper_token_eot(ctx), word_of_whisper,
                                  ctx, &v, &err),
             &err);
    return v;
}

static void check_specials(struct whisper_context *ctx, const struct kol_native_vocab *v)
{
    const struct kol_native_ids *ids = kol_native_vocab_ids(v);

    check_int("vocab", ids->vocab, whisper_n_vocab(ctx));
    check_int("multilingual", ids->multilingual, whisper_is_multilingual(ctx));
    check_int("end", ids->end, whisper_token_eot(ctx));
    check_int("start", ids->start, whisper_token_sot(ctx));
    check_int("transcribe", ids->transcribe, whisper_token_transcribe(ctx));
    check_int("previous", ids->previous, whisper_token_prev(ctx));
    check_int("no speech", ids->no_speech, whisper_token_nosp(ctx));
    check_int("first time", ids->first_time, whisper_token_beg(ctx));
    check_str("blank", kol_native_vocab_text(v, ids->blank), " ");
    check_str("no text", kol_native_vocab_text(v, ids->start), "");
    for (int i = 0; i < ids->languages; i++)
        check_int("language", kol_native_vocab_language(v, whisper_lang_str(i)),
                  whisper_token_lang(ctx, i));
    check_int("no language", kol_native_vocab_language(v, "xx"), -1);
}

static void check_cut(struct whisper_context *ctx, const struct kol_native_vocab *v,
                      const char *text)
{
    int32_t wanted[512], cut[512];
    int count = whisper_tokenize(ctx, text, wanted, 512);

    check_int(text, kol_native_vocab_cut(v, text, cut, 512), count);
    for (int i = 0; i < count; i++)
        check_int(text, cut[i], wanted[i]);
}

static const char *const texts[] = {
    "",
    " ",
    "a",
    "Kol transcribes phone calls.",
    "We'll be there at 5 o'clock, it's 24/7; don't you've I'm he'd they're",
    "  two  spaces\tand a tab\n\n lines ",
    "Haifa, Afula, Kfar Saba, Rishon LeZion",
    "a locksmith costs 450.50 NIS!!! (or more?) -- \"really\" 's",
    "מנעולן בעפולה, שרברב בתל אביב",
    "שלום, מדבר יוסי מחברת 'פריצת דלתות' 24 שעות. באיזו עיר את?",
    "mixed מילים and English-words, naïve café — “quotes” …",
    "\xff\xfe broken \x80 bytes",
};

static void test_against_whisper(void **state)
{
    (void)state;
    static const char *const models[] = {"base", "base.en", "large"};

    for (size_t m = 0; m < 3; m++) {
        struct whisper_context *ctx = load(models[m]);
        struct kol_native_vocab *v = vocab_of(ctx);
        check_specials(ctx, v);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
            check_cut(ctx, v, texts[i]);
        kol_native_vocab_free(v);
        whisper_free(ctx);
    }
}

static void test_signs(void **state)
{
    (void)state;
    struct whisper_context *ctx = load("base");
    struct kol_native_vocab *v = vocab_of(ctx);
    int32_t signs[KOL_NATIVE_SIGNS];
    size_t count = kol_native_vocab_signs(v, signs);
    bool hash = false, hyphen = false;

    check_true("most of them are there", count >= 70);
    for (size_t i = 0; i < count; i++) {
        hash |= kol_streq(kol_native_vocab_text(v, signs[i]), " #");
        hyphen |= kol_streq(kol_native_vocab_text(v, signs[i]), "-");
    }
    check_true("#", hash);
    check_true("a hyphen may stand within a word", !hyphen);
    kol_native_vocab_free(v);
    whisper_free(ctx);
}

static void test_bad_ones(void **state)
{
    (void)state;
    static const int sizes[] = {0, 51863, 51867, 1 << 20};
    struct kol_native_vocab *v = NULL;

    for (int i = 0; i < 4; i++)
        check_code("size", kol_native_vocab_new(sizes[i], 0, word_of_whisper, NULL, &v, &err),
                   KOL_BAD_INPUT, &err);
    check_ok("empty", kol_native_vocab_new(51865, 0, word_of_whisper, NULL, &v, &err), &err);
    check_int("nothing", kol_native_vocab_cut(v, "text", NULL, 0), 0);
    kol_native_vocab_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_whisper),
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_bad_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
