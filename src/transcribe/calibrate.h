/*
 * calibrate.h - which channel is the business, as told by calls that were transcribed.
 *
 * Three signs, the surest first: the business's greeting stands at the beginning of one channel;
 * one channel begins with the same words in call after call; on inbound calls the business speaks
 * first. Used by: cli (kol business calibrate). Knows: channels, times, words. Pure.
 */
#ifndef KOL_TRANSCRIBE_CALIBRATE_H
#define KOL_TRANSCRIBE_CALIBRATE_H

#include "base/arena.h"
#include "store/segment.h"

/* One two-channel call: what was kept of its transcript, in order of time. */
struct kol_sample {
    const char *call_sid;
    const struct kol_segment_row *segments;
    size_t segment_count;
};

struct kol_sample_hints {
    /* Words with which the business answers, or its name; longer ones count more. NULL: unknown. */
    const char *const *greetings;
    size_t greeting_count;
    bool inbound;
};

/* X(code, name in JSON, fewest calls, for people) */
#define KOL_SIGNS(X)                                                                               \
    X(GREETING, "greeting", 3, "the greeting is heard")                                            \
    X(REPEATED, "repeated", 4, "the same words begin")                                             \
    X(FIRST, "first", 6, "the first to speak is")
enum kol_sign {
#define X(code, name, least, text) KOL_SIGN_##code,
    KOL_SIGNS(X)
#undef X
        KOL_SIGN_COUNT
};
const char *kol_sign_name(enum kol_sign sign);
const char *kol_sign_text(enum kol_sign sign);

struct kol_calibration {
    size_t calls; /* with words on both channels or one */
    /* Calls in which the sign says that channel 1, or 2, is the business. */
    size_t votes[KOL_SIGN_COUNT][2];
    int agent;        /* the business's channel, 0 or 1; -1: not known well enough */
    enum kol_sign by; /* what decided */
    const char *why;  /* what to do, when it is not known */
    /* The first words of the business's channel in up to three calls that decided. */
    struct {
        const char *call_sid, *text;
    } quotes[3];
    size_t quote_count;
};

/* Errors: NO_MEMORY. */
enum kol_code kol_calibrate(struct kol_arena *a, const struct kol_sample *samples, size_t count,
                            const struct kol_sample_hints *hints, struct kol_calibration *ret,
                            struct kol_err *err) KOL_MUST_CHECK;

#endif
