/*
 * service.c - what trade is wanted: the rules, the business's own name and what was learned,
 * weighed together.
 */
#include "understand/learned.h"
#include "understand/service_rules.h"
#include "understand/service_words.h"
#include <math.h>
#include <string.h>

#define THRESHOLD 3.0 /* points of rules that name a trade by themselves */
#define MOST_POINTS 25.0
#define MOST_GREETING 8.0
#define DROWNED -2.0 /* log probability; see forget_denied() */

/*
 * The score of a service is a weighted sum; its probability is exp(score) among all services and
 * "none". ./dev learn --check fits the weights to calls that neither rules nor table had seen.
 */
static const struct {
    double points, greeting, asked, lead, none, asks, heard[KOL_HEARD_WAYS];
} weights = {
    .points = 0.146,
    .greeting = 0.396,
    .asked = 0.444,
    .lead = 0.931,
    .none = -1.179,
    .asks = -0.502,
    .heard = {
        [KOL_HEARD_ONCE] = 0.549, [KOL_HEARD_TOGETHER] = 0.607, [KOL_HEARD_GREETING] = 0.450}};
#define LEAST_PROBABILITY 0.4
#define FEW_WORDS 6 /* "can I talk to somebody?": fewer have to say it plainly */
#define PLAIN 0.85  /* … with at least this probability */

struct choice {
    const struct kol_taxonomy *t;
    const struct kol_service_rules *rules;
    struct kol_heard_trades heard;
    size_t words; /* of the call */
    bool listened;
    size_t first_of_rules; /* the service with most points; SIZE_MAX: none has enough */
};

static double points_of(const struct choice *c, size_t service)
{
    return c->rules->said[service].points + c->rules->said[service].greeting;
}

static size_t find_first_of_rules(const struct choice *c)
{
    size_t best = SIZE_MAX;
    double most = THRESHOLD;
    for (size_t i = 0; i < c->t->service_count; i++)
        if (c->t->services[i].allowed && points_of(c, i) >= most) {
            most = points_of(c, i);
            best = i;
        }
    return best;
}

/* The business's own words know better than what was learned of others. */
static bool own_words_decide(const struct choice *c)
{
    for (size_t i = 0; i < c->t->service_count; i++)
        if (points_of(c, i) >= THRESHOLD && c->rules->said[i].own_words >= THRESHOLD)
            return true;
    return false;
}

/*
 * "I need a plumber, sorry, I meant an electrician": what is denied is not heard; what the rules
 * name beside it was drowned and counts as heard well enough.
 */
static void forget_denied(struct choice *c)
{
    bool denied = false;
    for (size_t i = 0; i < c->t->service_count; i++)
        denied |= points_of(c, i) < 0;
    for (enum kol_heard_way way = 0; denied && way < KOL_HEARD_WAYS; way++)
        for (size_t i = 0; i < c->t->service_count; i++) {
            double *log_p = &c->heard.log_p[way][i];
            if (points_of(c, i) < 0)
                *log_p = KOL_LEAST_LOG_P;
            else if (points_of(c, i) >= THRESHOLD)
                *log_p = fmax(*log_p, DROWNED);
        }
}

/* Where nothing is heard, rules alone may speak. */
static double heard(const struct choice *c, enum kol_heard_way way, size_t service)
{
    if (c->listened)
        return c->heard.log_p[way][service];
    return service == c->t->service_count || points_of(c, service) > 0 ? 0 : KOL_LEAST_LOG_P;
}

static double score(const struct choice *c, size_t service)
{
    double sum = service == c->first_of_rules ? weights.lead : 0;
    for (enum kol_heard_way way = 0; way < KOL_HEARD_WAYS; way++)
        sum += weights.heard[way] * heard(c, way, service);
    if (service == c->t->service_count)
        return sum + weights.none + (c->rules->asks ? weights.asks : 0);
    const struct kol_service_said *said = &c->rules->said[service];
    return sum + (said->asked ? weights.asked : 0) +
           weights.points * fmin(said->points, MOST_POINTS) +
           weights.greeting * fmin(said->greeting, MOST_GREETING);
}

/* The likeliest service and how likely it is beside all others and none; SIZE_MAX: none. */
static size_t choose(const struct choice *c, double *scores, double *ret_probability)
{
    size_t best = SIZE_MAX, services = c->t->service_count;
    double first = -INFINITY, sum = 0;
    for (size_t i = 0; i <= services; i++) {
        scores[i] = score(c, i);
        first = fmax(first, scores[i]);
        if (i < services && c->t->services[i].allowed &&
            (best == SIZE_MAX || scores[i] > scores[best]))
            best = i;
    }
    if (best == SIZE_MAX)
        return best;
    for (size_t i = 0; i <= services; i++)
        sum += exp(scores[i] - first); /* of those that are not the business's, too */
    *ret_probability = exp(scores[best] - first) / sum;
    bool too_little = c->words < FEW_WORDS && c->first_of_rules == SIZE_MAX;
    return *ret_probability >= (too_little ? PLAIN : LEAST_PROBABILITY) ? best : SIZE_MAX;
}

/* "Garage Brothers, hello", but not "So I put down paving a balcony": that is what was asked. */
static bool is_name_of_business(const struct kol_talk *t)
{
    return t->turns[0].end <= 7 || kol_phrase_find(t, 0, t->turns[0].end, GREETS) < t->turns[0].end;
}

/* The words that decide: those of a rule, a sentence, or the business's name. */
static struct kol_span evidence_of(const struct choice *c, const struct kol_scene *s,
                                   size_t service, const char **ret_rule)
{
    const struct kol_service_said *said = &c->rules->said[service];
    bool heard = c->listened && c->heard.spans[service].end > 0;
    if (said->points >= THRESHOLD || (said->points > 0 && !heard)) {
        *ret_rule = said->rule;
        return said->span;
    }
    if (!heard ||
        (said->greeting >= THRESHOLD && c->heard.log_p[KOL_HEARD_ONCE][service] < log(0.5))) {
        *ret_rule = "service-of-business";
        return said->greeting_span;
    }
    *ret_rule = "service-learned";
    kol_learned_mark(s, c->heard.spans[service], service);
    return c->heard.spans[service];
}

void kol_find_service(struct kol_scene *s, struct kol_insight_value *ret)
{
    struct choice c = {.t = &s->lexicon->taxonomy,
                       .rules = kol_service_rules_find(s),
                       .words = s->talk.word_count};
    double probability = 0;
    double *scores = kol_arena_array(s->a, c.t->service_count + 1, sizeof *scores);
    if (!c.rules || !scores)
        return;
    c.first_of_rules = find_first_of_rules(&c);
    c.listened = !own_words_decide(&c) && kol_learned_hear(s, &c.heard);
    if (c.listened)
        forget_denied(&c);
    size_t best = choose(&c, scores, &probability);
    if (best == SIZE_MAX)
        return;
    const char *rule = NULL;
    struct kol_span span = evidence_of(&c, s, best, &rule);
    if (strcmp(rule, "service-of-business") == 0 && is_name_of_business(&s->talk) && !c.rules->asks)
        return;
    const struct kol_service *service = &c.t->services[best];
    s->request = span;
    kol_service_rules_mark(c.rules, best);
    *ret = (struct kol_insight_value){.value = s->hebrew ? service->he : service->en,
                                      .value_en = service->id,
                                      .rule = rule,
                                      .strength = {probability, 0, 0},
                                      .confidence = fmin(probability, 0.97) *
                                                    (0.5 + 0.5 * kol_heard(s, span)) *
                                                    kol_service_rules_spelling(c.rules, span)};
    kol_set_evidence(s, span, ret);
}
