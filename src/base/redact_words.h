/*
 * redact_words.h - lines as words and as digits, written or spoken. Private to redact*.c.
 */
#ifndef KOL_BASE_REDACT_WORDS_H
#define KOL_BASE_REDACT_WORDS_H

#include "base/arena.h"
#include "base/redact.h"
#include <stdint.h>

#define KOL_REDACT_NORM 32 /* bytes of a word that count; longer words are no number */
#define KOL_REDACT_DIGITS 32

enum kol_redact_kind { KOL_RW_OTHER, KOL_RW_DIGITS, KOL_RW_HEBREW, KOL_RW_LATIN };
/* What stands before a word. Ordered: a later one separates more. */
enum kol_redact_gap { KOL_RG_SPACE, KOL_RG_HYPHEN, KOL_RG_STOP, KOL_RG_TURN };
enum kol_redact_shape {
    KOL_RS_NONE,
    KOL_RS_UNIT,
    KOL_RS_TEEN,
    KOL_RS_TEN,
    KOL_RS_HUNDRED, /* also of several: "three hundred" */
    KOL_RS_HUNDREDS,
    KOL_RS_THOUSAND,
    KOL_RS_THOUSANDS
};
enum { KOL_RW_SAYS_CARD = 1, KOL_RW_SAYS_CODE = 2, KOL_RW_SAYS_ID = 4 };

struct kol_redact_word {
    const char *at; /* in the line's clean text */
    uint32_t len;
    uint32_t turn;
    char norm[KOL_REDACT_NORM]; /* lower case, no niqqud, plain digits; "" when too long */
    uint8_t kind, gap, says;    /* says: which of the phrases above starts here */
    uint8_t shape;              /* of a number word */
    bool joined;                /* with ו: "ותשע" */
    int16_t value;              /* of a number word */
    const char *label;          /* what hides it; NULL: it stays */
};

struct kol_redact_talk {
    const char **clean; /* per line: valid UTF-8 */
    struct kol_redact_word *words;
    size_t count;
};

/* NO_MEMORY shows in the arena. */
bool kol_redact_talk_build(struct kol_arena *a, const struct kol_redact_turn *turns, size_t count,
                           struct kol_redact_talk *ret) KOL_MUST_CHECK;

/* Whether a word is one of the '|'-separated ones. */
bool kol_redact_is(const struct kol_redact_word *w, const char *list);

/*
 * The digits that start at place k of a sequence of words (one speaker's, or all): "4580",
 * "forty five", "double seven", "nine hundred", "שלוש עשרה", "ארבעת אלפים חמש מאות". Returns the
 * words taken, 0 when it is no number.
 */
size_t kol_redact_digits(const struct kol_redact_talk *t, const uint32_t *seq, size_t count,
                         size_t k, char ret[static KOL_REDACT_DIGITS]);

#endif
