/*
 * summary.h - writing a summary out of a call's own words. Private to the summary files.
 */
#ifndef KOL_UNDERSTAND_SUMMARY_H
#define KOL_UNDERSTAND_SUMMARY_H

#include "base/str.h"
#include "understand/scene.h"

#define KOL_LONG_SENTENCE 26 /* words; longer ones are cut around what matters */

struct kol_writing {
    struct kol_scene *s;
    uint8_t *used; /* per sentence: 1 quoted already, 2 looked at for this part */
};

/* What a sentence must have to be the one about time, price, … */
struct kol_wanted {
    const char *list;   /* what a sentence must have */
    const char *better; /* what makes it better, or NULL */
    bool needs_number;  /* money only counts with an amount, unless better is there */
    double agent, late; /* weights */
    size_t max_words;
    bool needs_better;   /* nothing without a word of better */
    double least_second; /* score from which a second sentence is worth its place */
};

/* --- summary_text.c --- */

/* The text of a span: numbers as digits, telephone numbers left out; NULL when nothing is left. */
const char *kol_summary_text(struct kol_writing *w, struct kol_span span);
/* How many words of a span have a mark; how many items of a list start in it. */
size_t kol_summary_marks(const struct kol_writing *w, struct kol_span span, uint8_t mark);
size_t kol_summary_count(const struct kol_writing *w, struct kol_span span, const char *list);
/* A number above four in it, other than a telephone number. */
bool kol_summary_has_number(const struct kol_writing *w, struct kol_span span);

/* --- summary_pick.c --- */

/*
 * The sentences that say most, in the order in which they were said.
 *
 *   budget     words in all
 *   least      score from which a second sentence is worth its place
 *   ret_first  the best one; untouched when there is none
 */
const char *kol_summary_what(struct kol_writing *w, size_t budget, double least,
                             struct kol_span *ret_first);
/*
 * Up to how_many sentences for a part, the best first; NULL when no sentence has what it needs.
 *
 *   ret_fresh  those of them that the paragraph has not quoted yet, or NULL
 */
const char *kol_summary_best(struct kol_writing *w, const struct kol_wanted *x, size_t how_many,
                             const char **ret_fresh);
/* Forgets which sentences were looked at, before another part. */
void kol_summary_forget(struct kol_writing *w);
/* The customer asks for a price in it. */
bool kol_summary_asks_price(const struct kol_writing *w, struct kol_span span);

#endif
