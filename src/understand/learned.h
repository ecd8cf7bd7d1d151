/*
 * learned.h - what was learned from many callers' sentences: which trade a sentence sounds like.
 *
 * Private to this folder (and to bench/understand, which trains it). A linear model over words,
 * word pairs and pieces of words, hashed into buckets; its weights are data/learned.bin, made by
 * bench/understand/train.py. It speaks for sayings that no rule foresees: service.c weighs what it
 * says beside the points of the rules.
 */
#ifndef KOL_UNDERSTAND_LEARNED_H
#define KOL_UNDERSTAND_LEARNED_H

#include "understand/scene.h"

#define KOL_LEARNED_SPANS 400 /* sentences of one call that are looked at; requests come early */
#define KOL_LEARNED_WHOLE 40  /* of the caller's, that are also looked at together */
#define KOL_LEARNED_WORDS 30  /* of one sentence; a longer one counts as several */
#define KOL_LEARNED_FEATURES 2048
#define KOL_LEARNED_CLASSES 250
#define KOL_LEAST_LOG_P -9.0

/* The weights of data/learned.bin; its text is borrowed. */
struct kol_learned {
    const uint32_t *starts;     /* of every sixteenth bucket: its first pair */
    const uint8_t *counts;      /* per bucket: its pairs */
    const uint8_t *pairs;       /* class, weight (int8); read only where a call needs them */
    const uint32_t *service_of; /* class -> number in the taxonomy */
    uint32_t mask;
    size_t class_count; /* without "none", which comes after them */
    double scale;
};

/* How the caller's sentences are heard, and those with which the business picks up. */
enum kol_heard_way {
    KOL_HEARD_ONCE,     /* any of them */
    KOL_HEARD_TOGETHER, /* all as if they were one */
    KOL_HEARD_GREETING, /* the business's first words */
    KOL_HEARD_WAYS
};

/* What is said of one call. */
struct kol_heard_trades {
    double *log_p[KOL_HEARD_WAYS]; /* per service, and of "none" after them: log
                                      probabilities; all 0 where nothing is said */
    struct kol_span *spans;        /* per service: the sentence that says most for it */
};

/*
 * Reads a table; services are found by id in the taxonomy. A table comes with the program, so a
 * failure is a broken build. Errors: BAD_CONFIG, NO_MEMORY.
 */
enum kol_code kol_learned_read(struct kol_arena *a, const struct kol_source *source,
                               const struct kol_taxonomy *t, struct kol_learned *ret,
                               struct kol_err *err) KOL_MUST_CHECK;

/* False when the caller says nothing or there is no memory; ret is filled otherwise. */
bool kol_learned_hear(const struct kol_scene *s, struct kol_heard_trades *ret);

/* Marks those words of a sentence that speak for a service by themselves as what the call is about.
 */
void kol_learned_mark(const struct kol_scene *s, struct kol_span span, size_t service);

/* The sentences of a call, an empty one too. Returns how many. */
size_t kol_learned_spans(const struct kol_scene *s, struct kol_span *ret, size_t max);

/*
 * The buckets (hash & mask) of a sentence's words, pairs and pieces; some come twice. Names and
 * telephone numbers say nothing about trades and are left out. One alone is no word at all.
 */
size_t kol_learned_features(const struct kol_scene *s, struct kol_span span, uint32_t mask,
                            uint32_t *ret, size_t max);

#endif
