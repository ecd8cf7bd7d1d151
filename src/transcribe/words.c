#include "transcribe/words.h"

#include "base/str.h"
#include <ctype.h>
#include <math.h>

enum { PAUSE_SPLITS_MS = 900 /* in the call: a segment does not reach over more */ };

struct draft {           /* a word in the making; times in the chunk */
    size_t first, count; /* tokens */
    int channel;
    int64_t start_ms, end_ms;
};

static bool starts_word(const char *text)
{
    return text[0] == ' ';
}

/* Groups tokens into words. drafts has room for every token. */
static size_t group_words(const struct kol_engine_segment *s, struct draft *drafts)
{
    size_t count = 0;

    for (size_t i = 0; i < s->token_count; i++) {
        const struct kol_engine_token *t = &s->tokens[i];
        if (count == 0 || starts_word(t->text))
            drafts[count++] = (struct draft){.first = i, .start_ms = t->start_ms};
        drafts[count - 1].count++;
        drafts[count - 1].end_ms = t->end_ms;
    }
    return count;
}

/* Bytes that are no UTF-8 become U+FFFD: a token may end inside a letter when the run was cut. */
static void add_valid(struct kol_str *s, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t step = kol_utf8_step(text + at, len - at);
        if (step > 0)
            kol_str_add_bytes(s, text + at, step);
        else
            kol_str_add(s, "\xEF\xBF\xBD");
        at += step > 0 ? step : 1;
    }
}

static char *clean_text(struct kol_arena *a, const struct kol_engine_segment *s, size_t first,
                        size_t count)
{
    KOL_STR raw, valid;

    kol_str_init(&raw, 1 << 20);
    kol_str_init(&valid, 1 << 20);
    for (size_t i = first; i < first + count; i++)
        kol_str_add(&raw, s->tokens[i].text);
    add_valid(&valid, raw.data, raw.len);

    const char *from = valid.data;
    size_t len = valid.len;
    while (len > 0 && isspace((unsigned char)*from)) {
        from++;
        len--;
    }
    while (len > 0 && isspace((unsigned char)from[len - 1]))
        len--;
    return kol_arena_strn(a, from, len);
}

static double mean_probability(const struct kol_engine_segment *s, const struct draft *d)
{
    double sum = 0;

    for (size_t i = 0; i < d->count; i++)
        sum += s->tokens[d->first + i].probability;
    return d->count > 0 ? sum / (double)d->count : 0;
}

static double mean_logprob(const struct kol_engine_segment *s, size_t first, size_t count)
{
    double sum = 0;

    for (size_t i = first; i < first + count; i++)
        sum += log((double)s->tokens[i].probability + 1e-9);
    return count > 0 ? sum / (double)count : 0;
}

/* ---- Segments ---- */

struct maker {
    struct kol_arena *a;
    const struct kol_chunk *chunk;
    const struct kol_engine_result *result;
    int64_t offset_ms;
    const struct kol_envelope *sound;
    struct kol_segment *segments;
    size_t count;
};

/* A word lies in the piece of its middle: its edges may well reach over a joint. */
static void map_word(const struct maker *m, struct draft *d, struct kol_word *ret)
{
    int64_t middle = m->offset_ms + (d->start_ms + d->end_ms) / 2;
    const struct kol_piece *p = &m->chunk->pieces[kol_chunk_piece_at(m->chunk, middle)];
    const int64_t per_ms = KOL_PCM_RATE_HZ / 1000;
    int64_t from = p->call_at / per_ms, to = (p->call_at + p->length) / per_ms;
    int64_t shift = from - p->chunk_at / per_ms + m->offset_ms;
    int64_t start = d->start_ms + shift, end = d->end_ms + shift;

    d->channel = p->channel;
    ret->start_ms = start < from ? from : start > to ? to : start;
    ret->end_ms = end < ret->start_ms ? ret->start_ms : end > to ? to : end;
}

static void make_segment(struct maker *m, const struct kol_engine_segment *s,
                         const struct draft *drafts, struct kol_word *words, size_t count)
{
    size_t first = drafts[0].first, tokens = 0;

    for (size_t i = 0; i < count; i++)
        tokens += drafts[i].count;
    const char *text = clean_text(m->a, s, first, tokens);
    if (kol_str_empty(text))
        return;
    m->segments[m->count++] = (struct kol_segment){
        .channel = drafts[0].channel,
        .start_ms = words[0].start_ms,
        .end_ms = words[count - 1].end_ms,
        .text = text,
        .avg_logprob = mean_logprob(s, first, tokens),
        .no_speech_prob = m->result->no_speech_prob,
        .level_db = kol_envelope_db(m->sound, drafts[0].start_ms, drafts[count - 1].end_ms),
        .words = words,
        .word_count = count,
    };
}

static void cut_at_pauses(struct maker *m, const struct kol_engine_segment *s,
                          const struct draft *drafts, struct kol_word *words, size_t count)
{
    size_t from = 0;

    for (size_t i = 1; i <= count; i++)
        if (i == count || drafts[i].channel != drafts[i - 1].channel ||
            words[i].start_ms - words[i - 1].end_ms >= PAUSE_SPLITS_MS) {
            make_segment(m, s, drafts + from, words + from, i - from);
            from = i;
        }
}

static enum kol_code add_segment(struct maker *m, const struct kol_engine_segment *s,
                                 struct kol_err *err)
{
    struct draft *drafts = kol_arena_array(m->a, s->token_count + 1, sizeof(*drafts));
    struct kol_word *words = kol_arena_array(m->a, s->token_count + 1, sizeof(*words));

    if (!drafts || !words)
        return kol_fail(err, KOL_NO_MEMORY, "time words: out of memory");
    size_t count = group_words(s, drafts);
    for (size_t i = 0; i < count; i++) {
        words[i].text = clean_text(m->a, s, drafts[i].first, drafts[i].count);
        words[i].probability = mean_probability(s, &drafts[i]);
        map_word(m, &drafts[i], &words[i]);
    }
    cut_at_pauses(m, s, drafts, words, count);
    return KOL_OK;
}

enum kol_code kol_words_segments(struct kol_arena *a, const struct kol_chunk *chunk,
                                 struct kol_engine_result *result, int64_t offset_ms,
                                 const struct kol_envelope *sound, struct kol_segment **ret,
                                 size_t *ret_count, struct kol_err *err)
{
    struct maker m = {
        .a = a, .chunk = chunk, .result = result, .offset_ms = offset_ms, .sound = sound};
    size_t most = 1;

    for (size_t i = 0; i < result->segment_count; i++)
        most += result->segments[i].token_count;
    m.segments = kol_arena_array(a, most, sizeof(*m.segments));
    if (!m.segments)
        return kol_fail(err, KOL_NO_MEMORY, "time words: out of memory");

    enum kol_code code = kol_words_time(a, chunk, result, offset_ms, sound, err);
    for (size_t i = 0; i < result->segment_count && code == KOL_OK; i++)
        code = add_segment(&m, &result->segments[i], err);
    if (code != KOL_OK)
        return code;
    *ret = m.segments;
    *ret_count = m.count;
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "time words: out of memory");
    return KOL_OK;
}
