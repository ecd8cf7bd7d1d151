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
    uint8_t *used; /* per sentence: 1 quoted, 2 looked at for this part, 4 told in an earlier one */
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
    bool tells;          /* says who will do it: see kol_summary_told() */
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

/* --- summary_price.c --- */

/* The customer asks for a price in it. */
bool kol_summary_asks_price(const struct kol_writing *w, struct kol_span span);
/* A number at word i, also "one sixty" for 160; 0: none (or of a telephone), else words taken. */
size_t kol_summary_amount(const struct kol_writing *w, size_t i, int64_t *ret);
/* A sum of money in a sentence although no currency is: the agent's price, the caller's budget. */
bool kol_summary_names_sum(const struct kol_writing *w, size_t sentence);
/* The first of those sums (the agent's or, budget, the others'), as text; NULL: there is none. */
const char *kol_summary_sums(struct kol_writing *w, bool budget);
/*
 * The currency of a call in which none is named: that of the language (Hebrew) or of the country of
 * the town (city_en, may be NULL). NULL when one is named or nothing tells which.
 */
const char *kol_summary_unit(const struct kol_writing *w, const char *city_en);

/* --- summary_told.c --- */

/*
 * A promise as told by a third person: "אני אשלח מישהו" of the agent is "הנציג ישלח מישהו". NULL
 * when nothing is promised in it, or who speaks is not known.
 */
const char *kol_summary_told(struct kol_writing *w, struct kol_span span);
/* What is to be done, as a name: "החלפת צילינדר" for "רוצים להחליף צילינדר"; Hebrew; or NULL. */
const char *kol_summary_work(struct kol_writing *w);
/* Whether the caller speaks of herself: "אני צריכה". */
bool kol_summary_is_woman(const struct kol_writing *w);

#endif
