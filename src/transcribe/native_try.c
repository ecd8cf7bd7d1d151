#include "transcribe/native_try.h"

#include "base/str.h"
#include <math.h>
#include <string.h>

enum {
    OPENING_MOST = 448,
    FRAME = 160,     /* samples of 10 ms */
    FRAME_LESS = 200 /* half of the first frame, which begins before the sound */
};

/* Above this temperature a prompt does more harm than good. */
#define PROMPT_TEMPERATURE_MOST 0.5

struct attempt {
    struct kol_native_writer *w;
    const struct kol_engine_request *request;
    double temperature;
    int beam;                      /* slots; at temperature 0 the width of the search */
    int end_time;                  /* of the sound, in steps of 20 ms */
    int32_t opening[OPENING_MOST]; /* what a line begins with, before its own tokens */
    int opened;                    /* tokens of that */
};

/* ---- The beginning ---- */

static enum kol_code add_prompt(struct attempt *t, struct kol_arena *a, struct kol_err *err)
{
    const char *prompt = t->request->prompt;

    if (kol_str_empty(prompt) || t->temperature >= PROMPT_TEMPERATURE_MOST)
        return KOL_OK;
    const size_t room = strlen(prompt); /* a token has a byte at least */
    int32_t *all = kol_arena_array(a, room, sizeof(*all));
    if (!all)
        return kol_fail(err, KOL_NO_MEMORY, "read prompt: out of memory");
    const size_t count = kol_native_vocab_cut(t->w->vocab, prompt, all, room);
    const size_t from = count > KOL_NATIVE_PROMPT ? count - KOL_NATIVE_PROMPT : 0;
    if (count > 0)
        t->opening[t->opened++] = t->w->rules->ids.previous;
    for (size_t i = from; i < count; i++) /* the last ones win */
        t->opening[t->opened++] = all[i];
    return KOL_OK;
}

static enum kol_code open_line(struct attempt *t, struct kol_arena *a, struct kol_err *err)
{
    const struct kol_native_ids *ids = &t->w->rules->ids;
    enum kol_code code = add_prompt(t, a, err);

    t->opening[t->opened++] = ids->start;
    if (ids->multilingual) {
        t->opening[t->opened++] = kol_native_vocab_language(t->w->vocab, t->request->language);
        t->opening[t->opened++] = ids->transcribe;
    }
    return code;
}

/* ---- Going on ---- */

static enum kol_code go_on(const struct attempt *t, const struct kol_native_step *steps, int count,
                           float **ret_logits, struct kol_err *err)
{
    if (t->request->abort && t->request->abort(t->request->user))
        return kol_fail(err, KOL_CANCELLED, "transcription was stopped");
    return kol_native_write(t->w->pen, steps, count, ret_logits, err);
}

static void take(const struct attempt *t, struct kol_native_slot *slot,
                 struct kol_native_token token)
{
    kol_native_take(t->w->rules, &slot->line, token, t->request->max_tokens, t->end_time);
    slot->logprobs += token.logprob;
}

/* A line that goes on, in one of several ways. */
struct candidate {
    int slot;
    struct kol_native_token token;
    double logprobs;
};

struct candidates {
    struct candidate list[KOL_PEN_LINES * KOL_PEN_LINES];
    int count;
};

static void add_candidates(const struct attempt *t, int slot, float *logits, struct candidates *all)
{
    struct kol_native_slot *from = &t->w->slots[slot];
    struct kol_native_token tokens[KOL_PEN_LINES];
    const int count = kol_native_best(t->w->rules, logits, &from->line, t->beam, tokens);

    for (int i = 0; i < count; i++) { /* in order, the likeliest first */
        const struct candidate c = {slot, tokens[i], from->logprobs + tokens[i].logprob};
        int at = all->count++;
        for (; at > 0 && all->list[at - 1].logprobs < c.logprobs; at--)
            all->list[at] = all->list[at - 1];
        all->list[at] = c;
    }
}

/* Several lines may go on from one: the first keeps its memory, the others get copies in the memory
 * of lines that ended. */
static enum kol_code share_memory(const struct attempt *t, int from, struct kol_err *err)
{
    struct kol_native_writer *w = t->w;
    bool taken[KOL_PEN_LINES] = {false};
    int again[KOL_PEN_LINES], count = 0;
    enum kol_code code = KOL_OK;

    for (int i = from; i < w->count; i++) {
        if (taken[w->next[i].pen_line])
            again[count++] = i;
        taken[w->next[i].pen_line] = true;
    }
    for (int i = 0, line = 0; i < count && code == KOL_OK; i++) {
        struct kol_native_slot *slot = &w->next[again[i]];
        while (taken[line])
            line++;
        taken[line] = true;
        code = kol_native_pen_copy(w->pen, line, slot->pen_line, t->opened + slot->line.count - 1,
                                   err);
        slot->pen_line = line;
    }
    return code;
}

/* The best of all ways to go on take the places of the lines that were not done. */
static enum kol_code keep_best(const struct attempt *t, const struct candidates *all,
                               struct kol_err *err)
{
    struct kol_native_writer *w = t->w;
    int done = 0;

    for (int i = 0; i < w->count; i++)
        if (w->slots[i].line.done)
            w->next[done++] = w->slots[i];
    const int room = t->beam - done;
    w->count = done + (all->count < room ? all->count : room);
    for (int i = done; i < w->count; i++) {
        const struct candidate *c = &all->list[i - done];
        w->next[i] = w->slots[c->slot];
        take(t, &w->next[i], c->token);
    }
    enum kol_code code = share_memory(t, done, err);
    memcpy(w->slots, w->next, (size_t)w->count * sizeof(*w->slots));
    return code;
}

/* The first tokens of all lines: they begin alike. */
static enum kol_code begin_lines(struct attempt *t, struct kol_err *err)
{
    struct kol_native_writer *w = t->w;
    const struct kol_native_ids *ids = &w->rules->ids;
    const struct kol_native_step step = {.tokens = t->opening, .count = t->opened};
    struct candidates all = {.count = 0};
    float *logits;
    enum kol_code code = go_on(t, &step, 1, &logits, err);

    if (code != KOL_OK)
        return code;
    w->no_speech_prob = kol_native_probability(logits, ids->vocab, ids->no_speech);
    w->slots[0] = (struct kol_native_slot){.pen_line = 0};
    w->count = 1;
    if (t->temperature <= 0) {
        add_candidates(t, 0, logits, &all);
        return keep_best(t, &all, err);
    }
    memcpy(w->logits, logits, (size_t)ids->vocab * sizeof(*logits));
    for (w->count = 0; w->count < t->beam && code == KOL_OK; w->count++) {
        struct kol_native_slot *slot = &w->slots[w->count];
        *slot = (struct kol_native_slot){.pen_line = w->count};
        memcpy(logits, w->logits, (size_t)ids->vocab * sizeof(*logits));
        take(t, slot,
             kol_native_draw(w->rules, logits, &slot->line, (float)t->temperature,
                             &w->random[w->count]));
        if (w->count > 0)
            code = kol_native_pen_copy(w->pen, w->count, 0, t->opened, err);
    }
    return code;
}

/* One more token for every line that is not done. False in ret_more: all are. */
static enum kol_code write_on(const struct attempt *t, bool *ret_more, struct kol_err *err)
{
    struct kol_native_writer *w = t->w;
    struct kol_native_step steps[KOL_PEN_LINES];
    struct candidates all = {.count = 0};
    float *logits[KOL_PEN_LINES];
    int slots[KOL_PEN_LINES], count = 0;

    for (int i = 0; i < w->count; i++) {
        const struct kol_native_line *line = &w->slots[i].line;
        if (line->done)
            continue;
        slots[count] = i;
        steps[count++] = (struct kol_native_step){.line = w->slots[i].pen_line,
                                                  .tokens = &line->tokens[line->count - 1].id,
                                                  .count = 1,
                                                  .past = t->opened + line->count - 1};
    }
    *ret_more = count > 0;
    enum kol_code code = count > 0 ? go_on(t, steps, count, logits, err) : KOL_OK;
    if (code != KOL_OK || count == 0)
        return code;
    for (int i = 0; i < count; i++) {
        struct kol_native_slot *slot = &w->slots[slots[i]];
        if (t->temperature <= 0)
            add_candidates(t, slots[i], logits[i], &all);
        else
            take(t, slot,
                 kol_native_draw(w->rules, logits[i], &slot->line, (float)t->temperature,
                                 &w->random[slots[i]]));
    }
    return t->temperature <= 0 ? keep_best(t, &all, err) : KOL_OK;
}

/* The likeliest of the lines, the first when all failed. */
static const struct kol_native_line *best_line(struct kol_native_writer *w)
{
    const struct kol_native_line *best = &w->slots[0].line;
    double best_score = -INFINITY;

    for (int i = 0; i < w->count; i++) {
        const double score = kol_native_judge(&w->slots[i].line);
        if (score > best_score) {
            best_score = score;
            best = &w->slots[i].line;
        }
    }
    return best;
}

enum kol_code kol_native_try(struct kol_native_writer *w, struct kol_arena *a,
                             const struct kol_engine_request *request, double temperature,
                             const struct kol_native_line **ret, struct kol_err *err)
{
    const size_t frames = (request->samples + FRAME - FRAME_LESS) / FRAME;
    const int beam = request->beam < 1               ? 1
                     : request->beam > KOL_PEN_LINES ? KOL_PEN_LINES
                                                     : request->beam;
    struct attempt t = {.w = w,
                        .request = request,
                        .temperature = temperature,
                        .beam = temperature > 0 ? KOL_DECODED_BEST_OF : beam,
                        .end_time = (int)(frames + 1) / 2};
    bool more = true;
    enum kol_code code = open_line(&t, a, err);

    if (code == KOL_OK)
        code = begin_lines(&t, err);
    while (code == KOL_OK && more)
        code = write_on(&t, &more, err);
    if (code == KOL_OK)
        *ret = best_line(w);
    return code;
}
