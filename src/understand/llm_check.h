/*
 * llm_check.h - what a language model says of a call, held against the call. Private to llm*.c.
 */
#ifndef KOL_UNDERSTAND_LLM_CHECK_H
#define KOL_UNDERSTAND_LLM_CHECK_H

#include "understand/scene.h"

/* X(key of the answer, most characters). Each is a string or null; all must be there, and no other.
 */
#define KOL_LLM_FIELDS(X)                                                                          \
    X(service, 60)                                                                                 \
    X(service_quote, 400)                                                                          \
    X(city, 80)                                                                                    \
    X(city_quote, 400)                                                                             \
    X(customer_name, 60)                                                                           \
    X(customer_name_quote, 400)                                                                    \
    X(summary, 800)

struct kol_llm_answer {
#define X(name, most) const char *name;
    KOL_LLM_FIELDS(X)
#undef X
};

/*
 * Reads the model's text. Returns NULL when it has the form that was asked for, else what is wrong
 * with it (a constant).
 */
const char *kol_llm_answer_read(struct kol_arena *a, const char *text, size_t len,
                                struct kol_llm_answer *ret);

/* Somebody speaks to machines in the call ("ignore your instructions"): it is not handed over. */
bool kol_llm_gives_orders(const struct kol_talk *talk);

/* Each fills ret (rule "llm", quote, times) and is true only when the call has the evidence. */
bool kol_llm_check_service(struct kol_scene *s, const struct kol_llm_answer *answer,
                           struct kol_insight_value *ret);
bool kol_llm_check_city(struct kol_scene *s, const struct kol_llm_answer *answer,
                        struct kol_insight_value *ret);
bool kol_llm_check_name(struct kol_scene *s, const struct kol_llm_answer *answer,
                        struct kol_insight_value *ret);
/*
 * Its numbers and names, and nearly all of its other words, were said; and it tells of the service
 * and the city that were found, of no other town.
 */
bool kol_llm_check_summary(struct kol_scene *s, const char *summary,
                           const struct kol_insight *found);

#endif
