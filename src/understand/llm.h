/*
 * llm.h - an optional second reader: an OpenAI-compatible model fills in what the rules are not
 * sure of.
 *
 * Used by: the understand stage, when the owner set understand_llm_url. Knows: one endpoint, HTTP.
 * Does not know: the database, leads, webhooks. The model gets the transcript as data, no tools, no
 * secrets. Its answer is untrusted like the call itself: wrong form, unknown service, unknown town,
 * or a value whose words nobody said: refused. It never overrides what the rules are sure of, and
 * is not asked about a call in which somebody speaks to machines.
 * Source: OWASP LLM01 (instructions and data share one channel; filters alone do not help).
 * Threading: one struct kol_llm per thread.
 */
#ifndef KOL_UNDERSTAND_LLM_H
#define KOL_UNDERSTAND_LLM_H

#include "conf/conf.h"
#include "understand/insight.h"
#include <stdatomic.h>

struct kol_llm; /* opaque: connections, and how long an endpoint that fails is left alone */

/* conf is borrowed until _free. Errors: NO_MEMORY. */
enum kol_code kol_llm_new(const struct kol_conf *conf, struct kol_llm **ret,
                          struct kol_err *err) KOL_MUST_CHECK;
void kol_llm_free(struct kol_llm *llm); /* NULL is fine */

/* Whether the owner wants one at all. */
bool kol_llm_wanted(const struct kol_conf *conf);

struct kol_llm_question {
    const struct kol_lexicon *lexicon;
    const struct kol_insight_input *in;
    const atomic_bool *stop;
    /* Takes one of today's calls; false: none is left. NULL: not counted. */
    bool (*take_call)(void *user);
    void *user;
};

/* What came of it, for the stored insight. */
struct kol_llm_note {
    bool used;
    const char *reason; /* why not; NULL when used */
    const char *model;
    const char *taken[4], *refused[4]; /* names of values */
    size_t taken_count, refused_count;
};

/*
 * Asks, checks, and puts what holds over insight (rule "llm", with quotes). On any failure insight
 * stays as the rules made it and ret says why; a warning is logged.
 *
 * Errors: CANCELLED (stop); NO_MEMORY. Blocks for up to understand_llm_timeout_s.
 */
enum kol_code kol_llm_improve(struct kol_arena *a, struct kol_llm *llm,
                              const struct kol_llm_question *q, struct kol_insight *insight,
                              struct kol_llm_note *ret, struct kol_err *err) KOL_MUST_CHECK;

/* {"used":false,"reason":…} or {"used":true,"model":…,"taken":[…],"refused":[…]} */
json_t *kol_llm_note_json(const struct kol_llm_note *note);

#endif
