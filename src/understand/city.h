/*
 * city.h - a town as it is named in a call. Private to city*.c.
 */
#ifndef KOL_UNDERSTAND_CITY_H
#define KOL_UNDERSTAND_CITY_H

#include "understand/city_rules.h"
#include "understand/scene.h"

#define KOL_MAX_MENTIONS 256
#define KOL_MAX_UNDOES 16

struct kol_mention {
    struct kol_place_match m;
    double points;
    bool rejected; /* "not Haifa": the place as a whole is out, unless it is affirmed later */
    const char *rule;
    uint8_t fired[KOL_CITY_RULE_COUNT]; /* which rules gave the points */
};

struct kol_field {
    struct kol_scene *s;
    struct kol_mention list[KOL_MAX_MENTIONS];
    size_t count;
    struct kol_span undoes[KOL_MAX_UNDOES]; /* "I tell a lie", said by the caller */
    size_t undo_count;
    bool for_others; /* the trouble is at other people's, not where the caller is */
};

/* --- city_named.c --- */

/* Part of a person's name, or of a telephone number. */
bool kol_city_is_name(const struct kol_field *f, const struct kol_place_match *m);
/* Part of a street, a road or an organisation. */
bool kol_city_is_street(const struct kol_field *f, const struct kol_place_match *m);
/* A name that is an everyday word too: whether it is meant as a place beyond doubt. */
bool kol_city_is_meant(const struct kol_field *f, const struct kol_place_match *m);
/* 'i' in, 't' to, 'f' from, 'n' near, 0 none of these. */
char kol_city_relation(const struct kol_talk *t, const struct kol_place_match *m);
/* The customer answers "where?" with it. */
bool kol_city_answers_where(const struct kol_talk *t, size_t first);
/* It is all there is between two commas or stops. */
bool kol_city_stands_alone(const struct kol_talk *t, const struct kol_place_match *m);

/* --- city_context.c --- */

void kol_city_give(struct kol_mention *n, enum kol_city_rule rule);
/* The word i - words, or the first of i's sentence when that is nearer. */
size_t kol_city_window_first(const struct kol_talk *t, size_t i, size_t words);
/* Whether an item of list is among the few words before, with no other town in between. */
bool kol_city_said_before(const struct kol_field *f, const struct kol_mention *n, size_t words,
                          const char *list);
/* "I'm in Hull myself": where the caller is, of a call for others. */
bool kol_city_is_callers_own(const struct kol_field *f, const struct kol_mention *n);
/* Who names it, and as what. */
enum kol_city_rule kol_city_speaker_of(const struct kol_field *f, const struct kol_mention *n);
void kol_city_weigh_context(const struct kol_field *f, struct kol_mention *n);
/* Only one town is named, and by the caller. */
bool kol_city_is_alone(const struct kol_field *f);
/* Whether the call is about somebody else's place. */
bool kol_city_is_for_others(const struct kol_field *f);

/* --- city_points.c --- */

/* Finds where the caller takes back what was said; before the first mention is weighed. */
void kol_city_find_undoes(struct kol_field *f);
/* Gives a mention its points, its rule, and whether it was denied. */
void kol_city_weigh(const struct kol_field *f, struct kol_mention *n);
/* What two mentions of one turn say about each other; a comes first. */
void kol_city_weigh_pair(const struct kol_field *f, struct kol_mention *a, struct kol_mention *b);

#endif
