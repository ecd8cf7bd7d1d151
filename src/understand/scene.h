/*
 * scene.h - what the finders share while one call is read. Private to this folder.
 */
#ifndef KOL_UNDERSTAND_SCENE_H
#define KOL_UNDERSTAND_SCENE_H

#include "understand/lexicon.h"

/* A run of words [first, end) that means something. */
struct kol_span {
    uint32_t first, end;
};

struct kol_scene {
    struct kol_arena *a;
    const struct kol_lexicon *lexicon;
    const struct kol_insight_input *in;
    struct kol_talk talk;
    bool hebrew;           /* language of the call */
    uint8_t *marks;        /* per word, KOL_MARK_… */
    struct kol_span phone; /* the callback number; end 0 when there is none */
    struct kol_span name;
    struct kol_span request;   /* the words that decided the service */
    double service_confidence; /* 0 when none was found */
    struct kol_span city;
    struct kol_span quarter;  /* a part of the city that was named with it */
    struct kol_span not_city; /* a town that was denied: "not Haifa" */
    enum kol_insight_kind kind;
};

enum { KOL_MARK_NAME = 1, KOL_MARK_PHONE = 2, KOL_MARK_PLACE = 4, KOL_MARK_TOPIC = 8 };

/* --- words.c: reading words against lists --- */

/*
 * Lists are string literals: '|'-separated, in everyday spelling (final letters, apostrophes and יי
 * need no care). A list item of kol_phrase_at may have several words, and a last word that ends in
 * * stands for any ending; its first word may have ו before it.
 */
bool kol_is(const struct kol_word *w, const char *list);      /* the whole word */
bool kol_is_stem(const struct kol_word *w, const char *list); /* or it without prefix letters */
/* How many words the longest item that starts at word i has; 0 when none does. One turn only. */
size_t kol_phrase_at(const struct kol_talk *t, size_t i, const char *list);
/* The first place in [from, to) where an item starts, or to. */
size_t kol_phrase_find(const struct kol_talk *t, size_t from, size_t to, const char *list);
/* Whether an item ends right before word i. */
bool kol_phrase_before(const struct kol_talk *t, size_t i, const char *list);

/* First word of the sentence (not clause) of word i, and the word after its last one. */
size_t kol_sentence_first(const struct kol_talk *t, size_t i);
size_t kol_sentence_end(const struct kol_talk *t, size_t i);
/* The same for the part between commas. */
size_t kol_clause_first(const struct kol_talk *t, size_t i);
size_t kol_clause_end(const struct kol_talk *t, size_t i);

static inline enum kol_role kol_role_at(const struct kol_talk *t, size_t i)
{
    return t->turns[t->words[i].turn].role;
}

/*
 * The business says who it is there: "Garage Brothers, hello", or "Is that Yael?" "Yes?" "It's the
 * design studio". What the caller says in between is his own.
 */
bool kol_is_greeting(const struct kol_talk *t, size_t i);
/* The customer, or whoever speaks where nobody is named, says one of list. */
bool kol_customer_says(const struct kol_talk *t, const char *list);

/* Says yes or no at the start of the first turn of the other party after turn number turn. */
enum kol_answer { KOL_ANSWER_NONE, KOL_ANSWER_YES, KOL_ANSWER_NO };
enum kol_answer kol_answer_after(const struct kol_talk *t, size_t turn);

/*
 * The words of a call with what comes before the service: number, name, kind (insight.c). The
 * values found go into out.
 */
enum kol_code kol_scene_open(struct kol_arena *a, const struct kol_lexicon *lexicon,
                             const struct kol_insight_input *in, struct kol_scene *ret,
                             struct kol_insight *out, struct kol_err *err) KOL_MUST_CHECK;

/* --- the finders; each fills what it finds, with evidence --- */

void kol_find_phone(struct kol_scene *s, struct kol_insight_value *ret);
void kol_find_name(struct kol_scene *s, struct kol_insight_value *ret);
enum kol_insight_kind kol_find_kind(const struct kol_scene *s);
void kol_find_city(struct kol_scene *s, struct kol_insight_value *ret);
void kol_find_service(struct kol_scene *s, struct kol_insight_value *ret);
void kol_find_urgency(struct kol_scene *s, bool requested, struct kol_insight_value *ret);
void kol_write_summary(struct kol_scene *s, struct kol_insight *ret);

/* Fills quote and times of a value from a span. */
void kol_set_evidence(const struct kol_scene *s, struct kol_span span,
                      struct kol_insight_value *ret);
/* Mean probability of the words of a span as the speech engine gave it; 1 when unknown. */
double kol_heard(const struct kol_scene *s, struct kol_span span);

/* --- numbers.c: spoken numbers --- */

/*
 * Digits of a telephone number that start at word i: "054", "oh", "double seven", "nine hundred",
 * "שלוש עשרה", "twenty nine". Returns the words taken, 0 when word i is no number.
 */
size_t kol_spoken_digits(const struct kol_talk *t, size_t i, char *ret, size_t size);
/* A whole number: "1,200", "six hundred", "שלושת אלפים וחמש מאות". Returns the words taken. */
size_t kol_spoken_number(const struct kol_talk *t, size_t i, int64_t *ret);
/* Bytes of the prefix letters before a Hebrew number word: 2 for "לאלפיים", 0 for "אלפיים". */
size_t kol_number_prefix(const struct kol_word *w);

#endif
