/*
 * native_sample.h - from the numbers that a decoder gives for every token to the next token: the
 * rules of Whisper's text.
 *
 * Used by: the native engine. Pure: nothing is kept but in the structs given.
 * Source: openai/whisper decoding.py (SuppressBlank, SuppressTokens, ApplyTimestampRules), in the
 * form that whisper.cpp 1.8.5 gives them, whose results are the reference.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_SAMPLE_H
#define KOL_TRANSCRIBE_NATIVE_SAMPLE_H

#include "transcribe/native_vocab.h"

enum { KOL_NATIVE_TOKENS = 220 }; /* the most that one run puts out */

struct kol_native_rules {
    struct kol_native_ids ids;
    int32_t never[KOL_NATIVE_SIGNS]; /* tokens of text that are not put out */
    size_t never_count;
};

struct kol_native_token {
    int32_t id;
    float probability, logprob;
    float pause; /* how likely it was that a time comes in its place */
};

/* One try at a chunk. All zeros at its beginning. */
struct kol_native_line {
    struct kol_native_token tokens[KOL_NATIVE_TOKENS];
    int count;
    int kept; /* of them, at the end: what comes after the last time is not kept when it fails */
    int last_time; /* of the last time other than 0, in steps of 20 ms; 0: none yet */
    bool done;     /* no more tokens: it is complete, or failed */
    bool failed;
    bool looping; /* it was ended because it repeated itself */
};

void kol_native_rules_init(struct kol_native_rules *rules, const struct kol_native_vocab *v);

/* The probability of a token among all, without any rule. */
float kol_native_probability(const float *logits, int count, int32_t id);

/*
 * The likeliest next tokens of a line, the best first. Returns how many: fewer than room when the
 * rules leave no more, but one at least.
 *
 *   logits  one per token of the vocabulary; is written over
 *   room    1 or more
 */
int kol_native_best(const struct kol_native_rules *rules, float *logits,
                    struct kol_native_line *line, int room, struct kol_native_token *ret);

/*
 * The next token of a line, drawn.
 *
 *   temperature  above 0, up to 1
 *   random       state of the drawing, any value to begin with
 */
struct kol_native_token kol_native_draw(const struct kol_native_rules *rules, float *logits,
                                        struct kol_native_line *line, float temperature,
                                        uint64_t *random);

/*
 * Takes the token into the line and sees whether that ends it.
 *
 *   max_tokens  0: as many as a line holds
 *   end_time    of the sound, in steps of 20 ms: a time that reaches it ends the line
 */
void kol_native_take(const struct kol_native_rules *rules, struct kol_native_line *line,
                     struct kol_native_token token, int max_tokens, int end_time);

/* After the end: marks a line failed that only repeats a few tokens. Returns the mean log
 * probability of what is kept, -INFINITY when it failed. */
double kol_native_judge(struct kol_native_line *line);

#endif
