#include "transcribe/native_vocab.h"

#include "base/cleanup.h"
#include "base/language.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

enum { ENGLISH_VOCAB = 51864, TIMES = 1501, WORD_MOST = 1024 };

struct kol_native_vocab {
    struct kol_native_ids ids;
    int words;        /* that are text */
    size_t longest;   /* of them, in bytes */
    uint32_t *starts; /* of each word in text, and one after the last */
    int32_t *sorted;  /* ids by their bytes */
    char *text;       /* each ended by a NUL */
};

/* ---- Making ---- */

static enum kol_code number_specials(int vocab, struct kol_native_ids *ret, struct kol_err *err)
{
    const int more = vocab - ENGLISH_VOCAB; /* 1: multilingual, 2: one language more */

    if (more < 0 || more > 2)
        return kol_fail(err, KOL_BAD_INPUT, "a vocabulary of %d tokens is not one of Whisper's",
                        vocab);
    const bool multilingual = more > 0;
    const int shift = multilingual ? more : 0;
    *ret = (struct kol_native_ids){
        .vocab = vocab,
        .multilingual = multilingual,
        .languages = multilingual ? 98 + more : 0,
        .end = 50256 + multilingual,
        .start = 50257 + multilingual,
        .transcribe = 50358 + shift,
        .previous = 50360 + shift,
        .no_speech = 50361 + shift,
        .first_time = vocab - TIMES,
        .blank = -1,
    };
    return KOL_OK;
}

static size_t word_len(const struct kol_native_vocab *v, int32_t id)
{
    return v->starts[id + 1] - v->starts[id] - 1;
}

/* As memcmp() of both, a shorter one that is the beginning of the other first. */
static int compare_bytes(const struct kol_native_vocab *v, int32_t id, const char *bytes,
                         size_t len)
{
    const size_t own = word_len(v, id);
    const int order = memcmp(v->text + v->starts[id], bytes, own < len ? own : len);

    return order != 0 ? order : (own > len) - (own < len);
}

static int compare_ids(const void *a, const void *b, void *vocab)
{
    const struct kol_native_vocab *v = vocab;
    const int32_t first = *(const int32_t *)a, second = *(const int32_t *)b;
    const int order = compare_bytes(v, first, v->text + v->starts[second], word_len(v, second));

    return order != 0 ? order : (first > second) - (first < second);
}

static enum kol_code copy_words(struct kol_native_vocab *v, kol_native_word *word,
                                const void *source, struct kol_err *err)
{
    const char *bytes;
    size_t total = 0;

    for (int i = 0; i < v->words; i++) {
        size_t len = word(source, i, &bytes);
        if (len > WORD_MOST)
            return kol_fail(err, KOL_BAD_INPUT, "a word of the vocabulary is too long");
        total += len + 1;
    }
    v->text = calloc(1, total + 1);
    if (!v->text)
        return kol_fail(err, KOL_NO_MEMORY, "read vocabulary: out of memory");
    size_t at = 0;
    for (int i = 0; i < v->words; i++) {
        size_t len = word(source, i, &bytes);
        v->starts[i] = (uint32_t)at;
        v->sorted[i] = i;
        if (len > 0)
            memcpy(v->text + at, bytes, len);
        if (len > v->longest)
            v->longest = len;
        at += len + 1;
    }
    v->starts[v->words] = (uint32_t)at;
    qsort_r(v->sorted, (size_t)v->words, sizeof(*v->sorted), compare_ids, v);
    v->ids.blank = kol_native_vocab_find(v, " ", 1);
    return KOL_OK;
}

enum kol_code kol_native_vocab_new(int vocab, int count, kol_native_word *word, const void *source,
                                   struct kol_native_vocab **ret, struct kol_err *err)
{
    struct kol_native_ids ids;
    enum kol_code code = number_specials(vocab, &ids, err);

    if (code != KOL_OK)
        return code;
    struct kol_native_vocab *v = calloc(1, sizeof(*v));
    if (!v)
        return kol_fail(err, KOL_NO_MEMORY, "read vocabulary: out of memory");
    v->ids = ids;
    v->words = count < 0 ? 0 : count < ids.end ? count : ids.end;
    v->starts = calloc((size_t)v->words + 1, sizeof(*v->starts));
    v->sorted = calloc((size_t)v->words + 1, sizeof(*v->sorted));
    code = v->starts && v->sorted ? copy_words(v, word, source, err)
                                  : kol_fail(err, KOL_NO_MEMORY, "read vocabulary: out of memory");
    if (code != KOL_OK) {
        kol_native_vocab_free(v);
        return code;
    }
    *ret = v;
    return KOL_OK;
}

void kol_native_vocab_free(struct kol_native_vocab *v)
{
    if (!v)
        return;
    free(v->starts);
    free(v->sorted);
    free(v->text);
    free(v);
}

/* ---- Looking up ---- */

const struct kol_native_ids *kol_native_vocab_ids(const struct kol_native_vocab *v)
{
    return &v->ids;
}

const char *kol_native_vocab_text(const struct kol_native_vocab *v, int32_t id)
{
    return id >= 0 && id < v->words ? v->text + v->starts[id] : "";
}

int32_t kol_native_vocab_find(const struct kol_native_vocab *v, const char *bytes, size_t len)
{
    int low = 0, high = v->words;

    if (len == 0 || len > v->longest)
        return -1;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = compare_bytes(v, v->sorted[middle], bytes, len);
        if (order == 0)
            return v->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

int32_t kol_native_vocab_language(const struct kol_native_vocab *v, const char *code)
{
    int index = kol_language_index(code);

    return index >= 0 && index < v->ids.languages ? v->ids.start + 1 + index : -1;
}

/* ---- Text into tokens ---- */

/* Bytes, not letters: all that is not ASCII counts as a mark, as in whisper.cpp. */
static int kind_of(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return 'a';
    if (c >= '0' && c <= '9')
        return '0';
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return ' ';
    return '.';
}

static size_t run_of(const char *text, int kind)
{
    size_t len = 0;

    while (text[len] && kind_of((unsigned char)text[len]) == kind)
        len++;
    return len;
}

/*
 * How long the word is with which text begins. Source: the pattern of GPT-2's tokenizer,
 * 's|'t|'re|'ve|'m|'ll|'d| ?[a-z]+| ?[0-9]+| ?(other)+|\s+(?!\S)|\s+
 */
static size_t next_word(const char *text)
{
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};

    for (size_t i = 0; i < KOL_COUNT(endings); i++)
        if (kol_starts_with(text, endings[i]))
            return strlen(endings[i]);
    const size_t space = text[0] == ' ' && text[1] && kind_of((unsigned char)text[1]) != ' ';
    const int kind = kind_of((unsigned char)text[space]);
    const size_t len = space + run_of(text + space, kind);
    if (kind == ' ' && len > 1 && text[len])
        return len - 1; /* the last one belongs to the word that follows */
    return len;
}

size_t kol_native_vocab_cut(const struct kol_native_vocab *v, const char *text, int32_t *ret,
                            size_t room)
{
    size_t count = 0;

    while (*text) {
        size_t word = next_word(text);
        for (size_t at = 0; at < word;) {
            size_t len = word - at < v->longest ? word - at : v->longest;
            int32_t id = -1;
            while (len > 0 && (id = kol_native_vocab_find(v, text + at, len)) < 0)
                len--;
            at += len > 0 ? len : 1;
            if (id < 0)
                continue;
            if (count < room)
                ret[count] = id;
            count++;
        }
        text += word;
    }
    return count;
}

/* ---- Signs ---- */

size_t kol_native_vocab_signs(const struct kol_native_vocab *v, int32_t ret[KOL_NATIVE_SIGNS])
{
    /* Source: non_speech_tokens() of openai/whisper tokenizer.py. */
    static const char *const signs[] = {
        "\"", "#",   "(",   ")",  "*",   "+",  "/",  ":",  ";",   "<",  "=",  ">",   "@",   "[",
        "\\", "]",   "^",   "_",  "`",   "{",  "|",  "}",  "~",   "「", "」", "『",  "』",  "<<",
        ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", "(\"", "((", "))", "(((", ")))", "[[",
        "]]", "{{",  "}}",  "♪♪", "♪♪♪", "♩",  "♪",  "♫",  "♬",   "♭",  "♮",  "♯",
    };
    size_t count = 0;

    _Static_assert(2 * KOL_COUNT(signs) + 2 <= KOL_NATIVE_SIGNS, "room for all");
    for (size_t i = 0; i < 2 * KOL_COUNT(signs) + 2; i++) {
        const size_t which = i / 2;
        char sign[16];
        if (which == KOL_COUNT(signs)) /* both may stand within a word, not begin it */
            snprintf(sign, sizeof(sign), " %c", i % 2 ? '-' : '\'');
        else
            snprintf(sign, sizeof(sign), "%s%s", i % 2 ? " " : "", signs[which]);
        int32_t id = kol_native_vocab_find(v, sign, strlen(sign));
        if (id >= 0)
            ret[count++] = id;
    }
    return count;
}
