#include "transcribe/native_sample.h"

#include "transcribe/loop.h"
#include "transcribe/native_simd.h"
#include <math.h>

/* A line of more tokens than that whose last ones carry less than so many nats goes in circles. */
enum { ENTROPY_TOKENS = 32 };
#define ENTROPY_LEAST 2.4

enum {
    FIRST_TIME_MOST = 50, /* a chunk begins within its first second */
    TIMES_PER_WINDOW = 1500,
    LANES = 16
};

void kol_native_rules_init(struct kol_native_rules *rules, const struct kol_native_vocab *v)
{
    *rules = (struct kol_native_rules){.ids = *kol_native_vocab_ids(v)};
    rules->never_count = kol_native_vocab_signs(v, rules->never);
}

/* ---- Loops over all tokens ---- */

KOL_BODY float max_body(const float *x, int count)
{
    float lanes[LANES], max = -INFINITY;
    int i = 0;

    for (int j = 0; j < LANES; j++)
        lanes[j] = -INFINITY;
    for (; i + LANES <= count; i += LANES)
        for (int j = 0; j < LANES; j++)
            lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
    for (; i < count; i++)
        max = x[i] > max ? x[i] : max;
    for (int j = 0; j < LANES; j++)
        max = lanes[j] > max ? lanes[j] : max;
    return max;
}
KOL_EACH_CPU(float, max_of, (const float *x, int count), max_body, (x, count))

/* The sum of exp(x - max). */
KOL_BODY float sum_body(const float *x, int count, float max)
{
    float lanes[LANES] = {0}, sum = 0;
    int i = 0;

    for (; i + LANES <= count; i += LANES)
        for (int j = 0; j < LANES; j++)
            lanes[j] += kol_exp(x[i + j] - max);
    for (; i < count; i++)
        sum += kol_exp(x[i] - max);
    for (int j = 0; j < LANES; j++)
        sum += lanes[j];
    return sum;
}
KOL_EACH_CPU(float, sum_of_exps, (const float *x, int count, float max), sum_body, (x, count, max))

float kol_native_probability(const float *logits, int count, int32_t id)
{
    const float max = max_of(logits, count);
    const float sum = sum_of_exps(logits, count, max);

    return isfinite(max) && sum > 0 ? kol_exp(logits[id] - max) / sum : 0;
}

/* ---- What may come next ---- */

static bool is_time(const struct kol_native_rules *rules, const struct kol_native_line *line,
                    int back)
{
    return line->tokens[line->count - back].id >= rules->ids.first_time;
}

/* Puts -INFINITY where a token may not come; what is never said but text and times, all along. */
static void forbid(const struct kol_native_rules *rules, float *logits,
                   struct kol_native_line *line)
{
    const struct kol_native_ids *ids = &rules->ids;
    int32_t times_from = ids->first_time + line->last_time, times_end = ids->vocab;
    bool text = true;

    for (size_t i = 0; i < rules->never_count; i++)
        logits[rules->never[i]] = -INFINITY;
    for (int32_t i = ids->end + 1; i < ids->first_time; i++)
        logits[i] = -INFINITY;
    if (line->count == 0) {
        logits[ids->end] = -INFINITY;
        if (ids->blank >= 0)
            logits[ids->blank] = -INFINITY;
        times_end = ids->first_time + FIRST_TIME_MOST + 1;
    } else if (is_time(rules, line, 1)) { /* times come in pairs, or before the end */
        if (line->count == 1 || is_time(rules, line, 2))
            times_end = times_from;
        else
            text = false;
    }
    if (line->count > 0 &&
        kol_is_loop(&line->tokens->id, sizeof(*line->tokens), (size_t)line->count)) {
        line->looping = true;
        text = false;
        times_end = times_from;
    }
    for (int32_t i = 0; !text && i < ids->end; i++)
        logits[i] = -INFINITY;
    for (int32_t i = ids->first_time; i < times_from; i++)
        logits[i] = -INFINITY;
    for (int32_t i = times_end; i < ids->vocab; i++)
        logits[i] = -INFINITY;
}

/* ---- Choosing ---- */

/* 0 <= ret < 1. Source: splitmix64. */
static double draw(uint64_t *random)
{
    uint64_t z = *random += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Where x first reaches value; count when nowhere. */
KOL_BODY int32_t index_body(const float *x, int32_t count, float value)
{
    int32_t i = 0;

    for (; i + 4 * LANES <= count; i += 4 * LANES) {
        int32_t found = 0;
        for (int j = 0; j < 4 * LANES; j++)
            found |= x[i + j] >= value;
        if (found)
            break;
    }
    while (i < count && !(x[i] >= value))
        i++;
    return i;
}
KOL_EACH_CPU(int32_t, index_of, (const float *x, int32_t count, float value), index_body,
             (x, count, value))

static int32_t draw_one(const float *logits, int32_t count, float max, uint64_t *random)
{
    double left = draw(random) * sum_of_exps(logits, count, max);
    int32_t last = 0;

    for (int32_t i = 0; i < count && left >= 0; i++)
        if (logits[i] > -INFINITY) {
            last = i;
            left -= kol_exp(logits[i] - max);
        }
    return last;
}

/* What may come next, weighed. */
struct weighed {
    int32_t from; /* the first token that may come: all, or only times */
    float max, log_sum;
    float pause; /* all times together */
    bool any;
};

static struct weighed weigh(const struct kol_native_rules *rules, float *logits,
                            struct kol_native_line *line)
{
    const struct kol_native_ids *ids = &rules->ids;
    const int32_t text_end = ids->end + 1, times = ids->vocab - ids->first_time;

    forbid(rules, logits, line);
    const float text_max = max_of(logits, text_end);
    const float time_max = max_of(logits + ids->first_time, times);
    const float max = text_max > time_max ? text_max : time_max;
    if (!isfinite(max))
        return (struct weighed){0};

    /* When all times together are likelier than any word, it is a time. */
    const float time_sum = sum_of_exps(logits + ids->first_time, times, max);
    const float sum = sum_of_exps(logits, text_end, max) + time_sum;
    const bool timed = isfinite(time_max) && logf(time_sum) + max > text_max;
    return (struct weighed){.from = timed ? ids->first_time : 0,
                            .max = timed ? time_max : max,
                            .log_sum = max + logf(sum),
                            .pause = time_sum / sum,
                            .any = true};
}

static struct kol_native_token token_of(const float *logits, int32_t id, const struct weighed *w)
{
    const float logprob = logits[id] - w->log_sum;

    return (struct kol_native_token){
        .id = id, .probability = expf(logprob), .logprob = logprob, .pause = w->pause};
}

/* Numbers that are none: nothing more can be said. */
static struct kol_native_token the_end(const struct kol_native_rules *rules)
{
    return (struct kol_native_token){.id = rules->ids.end, .logprob = -INFINITY};
}

int kol_native_best(const struct kol_native_rules *rules, float *logits,
                    struct kol_native_line *line, int room, struct kol_native_token *ret)
{
    const struct weighed w = weigh(rules, logits, line);
    const int32_t many = rules->ids.vocab - w.from;
    float best = w.max;
    int count = 0;

    if (!w.any)
        ret[count++] = the_end(rules);
    while (w.any && count < room && best > -INFINITY) {
        const int32_t id = w.from + index_of(logits + w.from, many, best);
        ret[count++] = token_of(logits, id, &w);
        logits[id] = -INFINITY;
        best = count < room ? max_of(logits + w.from, many) : best;
    }
    return count;
}

struct kol_native_token kol_native_draw(const struct kol_native_rules *rules, float *logits,
                                        struct kol_native_line *line, float temperature,
                                        uint64_t *random)
{
    for (int i = 0; i < rules->ids.vocab; i++)
        logits[i] /= temperature;
    const struct weighed w = weigh(rules, logits, line);
    const int32_t many = rules->ids.vocab - w.from;

    if (!w.any)
        return the_end(rules);
    return token_of(logits, w.from + draw_one(logits + w.from, many, w.max, random), &w);
}

void kol_native_take(const struct kol_native_rules *rules, struct kol_native_line *line,
                     struct kol_native_token token, int max_tokens, int end_time)
{
    const struct kol_native_ids *ids = &rules->ids;
    const int at = line->count;

    line->tokens[line->count++] = token;
    if (token.id > ids->first_time) {
        line->last_time = token.id - ids->first_time;
        line->kept = line->count;
    }
    if (token.id == ids->end || (max_tokens > 0 && at >= max_tokens) ||
        (line->last_time > 0 && line->last_time + 5 >= end_time)) { /* 0.1 s hold no more words */
        line->kept = line->count;
        line->done = true;
    } else if (line->count == KOL_NATIVE_TOKENS) {
        line->done = true;
        line->failed = line->last_time < TIMES_PER_WINDOW / 2;
        if (line->failed) /* when no other try is better, all of it is the result */
            line->kept = line->count;
    }
}

double kol_native_judge(struct kol_native_line *line)
{
    const int from = line->kept > ENTROPY_TOKENS ? line->kept - ENTROPY_TOKENS : 0;
    double sum = 0, entropy = 0;

    for (int i = 0; i < line->kept; i++)
        sum += line->tokens[i].logprob;
    for (int i = from; i < line->kept; i++) { /* each adds the share of its own kind */
        int same = 0;
        for (int j = from; j < line->kept; j++)
            same += line->tokens[j].id == line->tokens[i].id;
        entropy -= log((double)same / (line->kept - from)) / (line->kept - from);
    }
    if (line->kept > ENTROPY_TOKENS && entropy < ENTROPY_LEAST)
        line->failed = true;
    return line->failed || line->kept == 0 ? -INFINITY : sum / line->kept;
}
