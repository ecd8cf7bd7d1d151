#include "transcribe/openai_answer.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/language.h"
#include "base/str.h"
#include <math.h>
#include <string.h>
#include <strings.h>

enum { SEGMENTS_MOST = 500, WORDS_MOST = 2000, TEXT_MOST = 64 << 10, WORD_MOST = 200 };

#define UNKNOWN_LOGPROB (-0.3) /* neither good nor bad: the server does not say */

struct reading {
    struct kol_arena *a;
    int64_t chunk_ms;
    struct kol_err *err;
    struct kol_engine_result *ret;
    double logprobs, no_speech; /* sums over segments */
    int judged;
};

static enum kol_code bad(const struct reading *r, const char *what)
{
    return kol_fail(r->err, KOL_ENGINE, "the speech server's answer makes no sense: %s", what);
}

/* ---- values ---- */

/* Seconds to ms within the chunk; a time that is none is the one given. */
static int64_t time_of(const struct reading *r, const json_t *object, const char *key,
                       int64_t missing)
{
    const json_t *value = json_object_get(object, key);
    const double seconds = json_number_value(value);

    if (!json_is_number(value) || !isfinite(seconds))
        return missing;
    if (seconds <= 0)
        return 0;
    return seconds * 1000 >= (double)r->chunk_ms ? r->chunk_ms : (int64_t)(seconds * 1000 + 0.5);
}

static double number_of(const json_t *object, const char *key, double least, double most,
                        double missing)
{
    const json_t *value = json_object_get(object, key);
    const double number = json_number_value(value);

    if (!json_is_number(value) || !isfinite(number))
        return missing;
    return number < least ? least : number > most ? most : number;
}

static char *clean_text(const struct reading *r, const char *text)
{
    char *copy = kol_arena_str(r->a, text);

    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return copy;
}

/* "hebrew", "he", "HE": most servers say the English name, some the code. */
static const char *language_of(const char *text)
{
    static const struct {
        const char *name, *code;
    } names[] = {{"english", "en"}, {"hebrew", "he"},  {"arabic", "ar"},    {"russian", "ru"},
                 {"french", "fr"},  {"spanish", "es"}, {"german", "de"},    {"amharic", "am"},
                 {"italian", "it"}, {"yiddish", "yi"}, {"ukrainian", "uk"}, {"portuguese", "pt"}};

    for (size_t i = 0; text && i < KOL_COUNT(names); i++)
        if (strcasecmp(text, names[i].name) == 0)
            return names[i].code;
    return kol_language_canonical(text);
}

/* ---- words ---- */

/* Words of a text without times: each with the space before it, as engines give them. */
static enum kol_code split_text(struct reading *r, struct kol_engine_segment *s, const char *text,
                                float probability)
{
    const size_t most = strlen(text) / 2 + 1;

    s->tokens = kol_arena_array(r->a, most, sizeof(*s->tokens));
    for (const char *at = text; s->tokens && *at;) {
        at += strspn(at, " ");
        const size_t len = strcspn(at, " ");
        if (len == 0)
            break;
        s->tokens[s->token_count++] = (struct kol_engine_token){
            .text = kol_arena_fmt(r->a, " %.*s", (int)len, at),
            .start_ms = -1,
            .end_ms = -1,
            .probability = probability,
        };
        at += len;
    }
    return kol_arena_failed(r->a) ? kol_fail(r->err, KOL_NO_MEMORY, "speech answer: out of memory")
                                  : KOL_OK;
}

static struct kol_engine_segment *segment_at(const struct reading *r, int64_t ms)
{
    struct kol_engine_segment *found = NULL;

    for (size_t i = 0; i < r->ret->segment_count; i++) {
        struct kol_engine_segment *s = &r->ret->segments[i];
        if (!found || s->start_ms <= ms)
            found = s;
    }
    return found;
}

/* One word to its segment. Its times go forward only, and stay in the segment. */
static void place_word(const struct reading *r, const json_t *json, const char *text)
{
    const int64_t from = time_of(r, json, "start", 0), to = time_of(r, json, "end", from);
    struct kol_engine_segment *s = segment_at(r, (from + to) / 2);
    const struct kol_engine_token *before =
        s->token_count > 0 ? &s->tokens[s->token_count - 1] : NULL;
    int64_t start = from < s->start_ms ? s->start_ms : from > s->end_ms ? s->end_ms : from;
    int64_t end = to > s->end_ms ? s->end_ms : to;

    if (before && start < before->end_ms)
        start = before->end_ms;
    s->tokens[s->token_count++] = (struct kol_engine_token){
        .text = kol_arena_fmt(r->a, " %s", text + strspn(text, " ")),
        .start_ms = start,
        .end_ms = end > start ? end : start,
        .probability = (float)number_of(json, "probability", 0, 1, 0.8),
    };
}

/* All words or none: half of them would lose text. The caller has seen to the segments. */
static enum kol_code place_words(struct reading *r, const json_t *words, bool *ret_placed)
{
    const size_t count = json_array_size(words);

    *ret_placed = false;
    if (count == 0 || r->ret->segment_count == 0)
        return KOL_OK;
    if (count > WORDS_MOST)
        return bad(r, "too many words");
    for (size_t i = 0; i < count; i++) {
        const char *word = kol_json_get_str(json_array_get(words, i), "word");
        if (!word || strlen(word) > WORD_MOST)
            return KOL_OK;
    }
    for (size_t i = 0; i < r->ret->segment_count; i++) {
        struct kol_engine_segment *s = &r->ret->segments[i];
        s->tokens = kol_arena_array(r->a, count, sizeof(*s->tokens));
        s->token_count = 0;
        if (!s->tokens)
            return kol_fail(r->err, KOL_NO_MEMORY, "speech answer: out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *word = json_array_get(words, i);
        const char *text = clean_text(r, kol_json_get_str(word, "word"));
        if (text && *(text + strspn(text, " ")))
            place_word(r, word, text);
    }
    *ret_placed = true;
    return KOL_OK;
}

/* ---- segments ---- */

static enum kol_code read_segment(struct reading *r, const json_t *json, int64_t from_ms)
{
    const char *text = kol_json_get_str(json, "text");
    struct kol_engine_segment *s = &r->ret->segments[r->ret->segment_count];
    const double logprob = number_of(json, "avg_logprob", -10, 0, UNKNOWN_LOGPROB);

    if (!text)
        return bad(r, "a segment has no text");
    const char *clean = clean_text(r, text);
    if (!clean)
        return kol_fail(r->err, KOL_NO_MEMORY, "speech answer: out of memory");
    if (!clean[strspn(clean, " ")])
        return KOL_OK; /* a pause */
    const int64_t start = time_of(r, json, "start", from_ms);
    const int64_t end = time_of(r, json, "end", r->chunk_ms);
    *s = (struct kol_engine_segment){.start_ms = start < from_ms ? from_ms : start};
    s->end_ms = end < s->start_ms ? s->start_ms : end;
    r->logprobs += logprob;
    r->no_speech += number_of(json, "no_speech_prob", 0, 1, 0);
    r->judged++;
    r->ret->segment_count++;
    return split_text(r, s, clean, (float)exp(logprob));
}

/* An answer without segments is one segment. */
static enum kol_code read_whole(struct reading *r, const char *text)
{
    r->ret->segments = kol_arena_array(r->a, 1, sizeof(*r->ret->segments));
    const char *clean = clean_text(r, text);
    if (!r->ret->segments || !clean)
        return kol_fail(r->err, KOL_NO_MEMORY, "speech answer: out of memory");
    if (!clean[strspn(clean, " ")])
        return KOL_OK;
    r->ret->segments[0] = (struct kol_engine_segment){.end_ms = r->chunk_ms};
    r->ret->segment_count = 1;
    r->logprobs += UNKNOWN_LOGPROB;
    r->judged++;
    return split_text(r, &r->ret->segments[0], clean, 0.8F);
}

static enum kol_code read_segments(struct reading *r, const json_t *list)
{
    const size_t count = json_array_size(list);
    enum kol_code code = KOL_OK;
    int64_t from_ms = 0;

    if (count > SEGMENTS_MOST)
        return bad(r, "too many segments");
    r->ret->segments = kol_arena_array(r->a, count + 1, sizeof(*r->ret->segments));
    if (!r->ret->segments)
        return kol_fail(r->err, KOL_NO_MEMORY, "speech answer: out of memory");
    for (size_t i = 0; i < count && code == KOL_OK; i++) {
        code = read_segment(r, json_array_get(list, i), from_ms);
        if (r->ret->segment_count > 0)
            from_ms = r->ret->segments[r->ret->segment_count - 1].end_ms;
    }
    return code;
}

static enum kol_code read_all(struct reading *r, const json_t *json, const char **ret_language)
{
    const char *text = kol_json_get_str(json, "text");
    const json_t *segments = json_object_get(json, "segments"),
                 *words = json_object_get(json, "words");
    bool placed;

    if (!json_is_object(json) || !text)
        return bad(r, "it has no text");
    if (strlen(text) > TEXT_MOST)
        return bad(r, "it is too long");
    enum kol_code code =
        json_array_size(segments) > 0 ? read_segments(r, segments) : read_whole(r, text);
    if (code == KOL_OK)
        code = place_words(r, words, &placed);
    if (code != KOL_OK)
        return code;
    r->ret->avg_logprob = r->judged > 0 ? r->logprobs / r->judged : 0;
    r->ret->no_speech_prob = r->judged > 0 ? r->no_speech / r->judged : 0;
    r->ret->end_ms = r->chunk_ms;
    *ret_language = language_of(kol_json_get_str(json, "language"));
    return kol_arena_failed(r->a) ? kol_fail(r->err, KOL_NO_MEMORY, "speech answer: out of memory")
                                  : KOL_OK;
}

enum kol_code kol_openai_read(struct kol_arena *a, const char *text, size_t len, int64_t chunk_ms,
                              struct kol_engine_result *ret, const char **ret_language,
                              struct kol_err *err)
{
    KOL_JSON json = NULL;
    struct reading r = {.a = a, .chunk_ms = chunk_ms, .err = err, .ret = ret};

    *ret = (struct kol_engine_result){0};
    *ret_language = NULL;
    if (len > KOL_OPENAI_ANSWER_BYTES)
        return bad(&r, "it is too long");
    if (kol_json_parse(text, len, &json, NULL) != KOL_OK)
        return bad(&r, "it is no JSON");
    return read_all(&r, json, ret_language);
}
