/*
 * said.h - lines as words and as digits, written or spoken, Hebrew and English.
 *
 * Used by: redact.c, and transcribe for numbers that people can read. Pure.
 */
#ifndef KOL_BASE_SAID_H
#define KOL_BASE_SAID_H

#include "base/arena.h"
#include "base/redact.h"
#include <stdint.h>

#define KOL_SAID_NORM_SIZE 32 /* bytes of a word that count; longer words are no number */
#define KOL_SAID_DIGITS_SIZE 32

enum kol_said_kind { KOL_SAID_OTHER, KOL_SAID_DIGITS, KOL_SAID_HEBREW, KOL_SAID_LATIN };
/* What stands before a word. Ordered: a later one separates more. */
enum kol_said_gap { KOL_SAID_GAP_SPACE, KOL_SAID_GAP_HYPHEN, KOL_SAID_GAP_STOP, KOL_SAID_GAP_TURN };
enum kol_said_shape {
    KOL_SHAPE_NONE,
    KOL_SHAPE_UNIT,
    KOL_SHAPE_TEEN,
    KOL_SHAPE_TEN,
    KOL_SHAPE_HUNDRED, /* also of several: "three hundred" */
    KOL_SHAPE_HUNDREDS,
    KOL_SHAPE_THOUSAND,
    KOL_SHAPE_THOUSANDS
};
enum { KOL_SAYS_CARD = 1, KOL_SAYS_CODE = 2, KOL_SAYS_ID = 4 };

struct kol_said_word {
    const char *at; /* in the line's clean text */
    uint32_t len;
    uint32_t turn;
    char norm[KOL_SAID_NORM_SIZE]; /* lower case, no niqqud, plain digits; "" when too long */
    uint8_t kind, gap, says;       /* says: which of the phrases above starts here */
    uint8_t shape;                 /* of a number word */
    uint8_t prefix;                /* bytes of a letter before a number word: "בשמונה" */
    bool joined;                   /* that letter is ו: "ותשע" */
    int16_t value;                 /* of a number word */
    const char *label;             /* what hides it; NULL: it stays */
};

struct kol_said_talk {
    const char **clean; /* per line: valid UTF-8 */
    struct kol_said_word *words;
    size_t count;
};

/* NO_MEMORY shows in the arena. */
bool kol_said_build(struct kol_arena *a, const struct kol_redact_turn *turns, size_t count,
                    struct kol_said_talk *ret) KOL_MUST_CHECK;

/* Whether a word is one of the '|'-separated ones. */
bool kol_said_is(const struct kol_said_word *w, const char *list);

/*
 * The digits that start at place k of a sequence of words (one speaker's, or all): "4580",
 * "forty five", "double seven", "nine hundred", "שלוש עשרה", "ארבעת אלפים חמש מאות". Returns the
 * words taken, 0 when it is no number.
 */
size_t kol_said_digits(const struct kol_said_talk *t, const uint32_t *seq, size_t count, size_t k,
                       char ret[static KOL_SAID_DIGITS_SIZE]);

#endif
