/*
 * service_rules.h - what the cues of the taxonomy say of every service. Private to this folder (and
 * to bench/understand).
 */
#ifndef KOL_UNDERSTAND_SERVICE_RULES_H
#define KOL_UNDERSTAND_SERVICE_RULES_H

#include "understand/scene.h"

/* What was said for one service. */
struct kol_service_said {
    double points;                 /* in the call */
    double greeting;               /* points of how the business picked up: "Garage Brothers" */
    bool asked;                    /* by its name, by the caller: "I need a painter" */
    double own_words;              /* points of cues in the business's own file */
    struct kol_span span;          /* the strongest cue of the call */
    struct kol_span greeting_span; /* … of the greeting */
    const char *rule;              /* that found it: service-named … */
};

struct search;

struct kol_service_rules {
    struct kol_service_said *said; /* per service of the taxonomy */
    bool asks; /* the caller wishes for something, or tells of a trouble or a day */
    struct search *search;
};

/* NULL: out of memory. The scene's arena owns what is returned. */
struct kol_service_rules *kol_service_rules_find(struct kol_scene *s);

/* Marks the words that speak for a service: the summary quotes the sentences they are in. */
void kol_service_rules_mark(const struct kol_service_rules *rules, size_t service);

/* "lock smith", "מנהולן": a name that was heard wrongly is believed less. 1 when it was not. */
double kol_service_rules_spelling(const struct kol_service_rules *rules, struct kol_span span);

#endif
