#include "transcribe/words.h"

#include "base/str.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

#define VOICE_BELOW_DB 25.0

enum {
    FRAME_MS = 10,
    PAUSE_SPLITS_MS = 900, /* in the call: a segment does not reach over more */
    PAUSE_LEAST_MS = 150,  /* shorter ones are inside words */
    SNAP_MS = 700          /* how far Whisper's boundaries may be off */
};

/* ---- Sound ---- */

enum kol_code kol_envelope_make(struct kol_arena *a, const float *pcm, size_t samples,
                                struct kol_envelope *ret, struct kol_err *err)
{
    const size_t step = KOL_PCM_RATE_HZ * FRAME_MS / 1000;
    size_t count = samples / step;
    float *db = kol_arena_array(a, count + 1, sizeof(*db));

    if (!db)
        return kol_fail(err, KOL_NO_MEMORY, "time words: out of memory");
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (size_t k = 0; k < step; k++)
            sum += (double)pcm[i * step + k] * pcm[i * step + k];
        db[i] = (float)(10 * log10(sum / (double)step + 1e-12));
    }
    *ret = (struct kol_envelope){.db = db, .count = count};
    return KOL_OK;
}

static double rms_db(const struct kol_envelope *e, int64_t from_ms, int64_t to_ms)
{
    double sum = 0;
    size_t from = from_ms > 0 ? (size_t)(from_ms / FRAME_MS) : 0;
    size_t to = to_ms > 0 ? (size_t)(to_ms / FRAME_MS) : 0;

    if (to > e->count)
        to = e->count;
    if (from >= to)
        return -120;
    for (size_t i = from; i < to; i++)
        sum += pow(10, e->db[i] / 10);
    return 10 * log10(sum / (double)(to - from));
}

/* ---- Token times ---- */

/* How long a token takes to say, in letters. */
static double weight(const char *text)
{
    double sum = 0;

    for (const char *c = text; *c; c++) {
        unsigned char u = (unsigned char)*c;
        if (isdigit(u))
            sum += 4; /* "7" is said as five letters */
        else if (isalpha(u))
            sum += 1;
        else if (u >= 0xC0)
            sum += 1.5; /* first byte of a letter beyond ASCII; Hebrew writes few vowels */
    }
    return sum;
}

/* Level above which a frame of from..to counts as voice: well below its loud parts. */
static double voice_level(const struct kol_envelope *e, size_t from, size_t to)
{
    float loudest = -120;

    for (size_t i = from; i < to; i++)
        if (e->db[i] > loudest)
            loudest = e->db[i];
    return loudest - VOICE_BELOW_DB;
}

/* Tokens said one after the other without a sign of a pause; at first all of a segment. */
struct phrase {
    struct kol_engine_token *tokens;
    size_t count;
    int64_t start_ms, end_ms;
};

struct frames { /* of a phrase */
    size_t from, to;
    double level, voiced;
};

static struct frames frames_of(const struct phrase *p, const struct kol_envelope *sound)
{
    struct frames f = {.from = (size_t)(p->start_ms / FRAME_MS),
                       .to = (size_t)(p->end_ms / FRAME_MS)};

    if (f.to > sound->count)
        f.to = sound->count;
    if (f.from > f.to)
        f.from = f.to;
    f.level = voice_level(sound, f.from, f.to);
    for (size_t i = f.from; i < f.to; i++)
        f.voiced += sound->db[i] > f.level;
    return f;
}

static void set_times(struct kol_engine_token *t, int64_t start_ms, int64_t end_ms, int64_t last_ms)
{
    t->start_ms = start_ms < last_ms ? start_ms : last_ms;
    t->end_ms = end_ms < last_ms ? end_ms : last_ms;
    if (t->end_ms < t->start_ms)
        t->end_ms = t->start_ms;
}

/*
 * Walks through the voiced frames of the phrase in step with the letters: a pause takes no letter.
 * Tokens of no weight (commas, full stops) get the moment where they stand.
 */
static void walk(const struct phrase *p, const struct kol_envelope *sound)
{
    const struct frames f = frames_of(p, sound);
    double letters = 0, said = 0, heard = 0;
    size_t at = f.from;

    for (size_t i = 0; i < p->count; i++)
        letters += weight(p->tokens[i].text);
    for (size_t i = 0; i < p->count; i++) {
        double mine = weight(p->tokens[i].text);
        while (mine > 0 && at < f.to && sound->db[at] <= f.level)
            at++; /* a word does not begin in a pause */
        int64_t start_ms = (int64_t)at * FRAME_MS;
        said += mine;
        double goal = letters > 0 ? f.voiced * said / letters : 0;
        for (; at < f.to && heard + 0.5 < goal; at++)
            heard += sound->db[at] > f.level;
        set_times(&p->tokens[i], start_ms, (int64_t)at * FRAME_MS, p->end_ms);
    }
}

/* ---- Phrases and pauses ---- */

struct pause {
    int64_t from_ms, to_ms;
};

/* Pauses of the whole sound. ret has room for count / 2 + 1. */
static size_t find_pauses(const struct kol_envelope *sound, struct pause *ret)
{
    double level = voice_level(sound, 0, sound->count);
    size_t count = 0;

    for (size_t i = 0, from; i < sound->count; i++) {
        from = i;
        while (i < sound->count && sound->db[i] <= level)
            i++;
        if ((i - from) * FRAME_MS >= PAUSE_LEAST_MS)
            ret[count++] = (struct pause){(int64_t)from * FRAME_MS, (int64_t)i * FRAME_MS};
    }
    return count;
}

static bool ends_phrase(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && strchr(".,?!;:", text[len - 1]);
}

/* Cuts a segment after its punctuation, at times as the letters have it. Returns how many. */
static size_t cut_phrases(struct kol_engine_segment *s, const struct kol_envelope *sound,
                          struct phrase *ret)
{
    struct phrase whole = {s->tokens, s->token_count, s->start_ms, s->end_ms};
    size_t count = 0, from = 0;

    walk(&whole, sound);
    for (size_t i = 0; i < s->token_count; i++) {
        bool last = i + 1 == s->token_count;
        if (!last && !(ends_phrase(s->tokens[i].text) && s->tokens[i + 1].text[0] == ' '))
            continue;
        ret[count++] = (struct phrase){
            .tokens = s->tokens + from,
            .count = i + 1 - from,
            .start_ms = from == 0 ? s->start_ms : s->tokens[from].start_ms,
            .end_ms = last ? s->end_ms : s->tokens[i].end_ms,
        };
        from = i + 1;
    }
    return count;
}

/* How little a pause suits a boundary at t; the longer it is, the farther it may be. */
static int64_t misfit(const struct pause *p, int64_t t)
{
    int64_t away = t < p->from_ms ? p->from_ms - t : t > p->to_ms ? t - p->to_ms : 0;
    int64_t length = p->to_ms - p->from_ms;

    if (away > SNAP_MS)
        return INT64_MAX;
    return away - (length < 1000 ? length : 1000) / 2;
}

/* Moves the boundary between two phrases into the pause that suits it best. */
static void snap(struct phrase *a, struct phrase *b, const struct pause *pauses, size_t count)
{
    int64_t t = (a->end_ms + b->start_ms) / 2, best_fit = INT64_MAX;
    const struct pause *best = NULL;

    for (size_t i = 0; i < count; i++) {
        int64_t fit = misfit(&pauses[i], t);
        bool inside = pauses[i].from_ms > a->start_ms && pauses[i].to_ms < b->end_ms;
        if (inside && fit < best_fit) {
            best_fit = fit;
            best = &pauses[i];
        }
    }
    if (!best)
        return;
    a->end_ms = best->from_ms;
    b->start_ms = best->to_ms;
}

enum kol_code kol_words_time(struct kol_arena *a, struct kol_engine_result *result,
                             const struct kol_envelope *sound, struct kol_err *err)
{
    size_t tokens = 0, count = 0;

    for (size_t i = 0; i < result->segment_count; i++)
        tokens += result->segments[i].token_count;
    struct phrase *phrases = kol_arena_array(a, tokens + 1, sizeof(*phrases));
    struct pause *pauses = kol_arena_array(a, sound->count / 2 + 1, sizeof(*pauses));
    if (!phrases || !pauses)
        return kol_fail(err, KOL_NO_MEMORY, "time words: out of memory");

    size_t pause_count = find_pauses(sound, pauses);
    for (size_t i = 0; i < result->segment_count; i++)
        if (result->segments[i].token_count > 0 && result->segments[i].tokens[0].start_ms < 0)
            count += cut_phrases(&result->segments[i], sound, phrases + count);
    for (size_t i = 1; i < count; i++)
        snap(&phrases[i - 1], &phrases[i], pauses, pause_count);
    for (size_t i = 0; i < count; i++)
        walk(&phrases[i], sound);
    return KOL_OK;
}

/* ---- Words ---- */

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
        .level_db = rms_db(m->sound, drafts[0].start_ms, drafts[count - 1].end_ms),
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

    enum kol_code code = kol_words_time(a, result, sound, err);
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
