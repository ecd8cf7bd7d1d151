/*
 * confidence.h - from points of a town to "nine in ten of these are right". Private to this folder.
 * A service's confidence is its probability (service.c).
 *
 * The curve is fitted by bench/understand/calibrate.py over all labelled calls and over what the
 * rules made of new ones at first sight (bench/data/first-sight.tsv); it prints a new one.
 */
#ifndef KOL_UNDERSTAND_CONFIDENCE_H
#define KOL_UNDERSTAND_CONFIDENCE_H

#include "understand/insight.h"
#include <math.h>

/*
 * p = most / (1 + exp(-(bias + points*P + lead*L + rivals*R))); points and lead are cut at a top.
 * With rivals (other towns that the caller named) most is most_rivals, however far behind they are;
 * so it is with a lead below sure_lead, or below doubt_lead where it is not clear what the call is
 * about: that is how towns in reminders, sales and talk look.
 */
struct kol_confidence_curve {
    double bias, points, points_top, lead, lead_top, rivals, rivals_top, most, most_rivals,
        sure_lead, doubt_lead;
};

#define KOL_CLEAR_SERVICE 0.9 /* the least confidence of the service at which a call is clear */

/* clang-format off */
static const struct kol_confidence_curve kol_confidence_of_city =
    {-0.226, 0.131, 9, 1.214, 4, 0.000, 4, 0.97, 0.79, 4, 6};
/* clang-format on */

static inline double kol_confidence_if(const struct kol_confidence_curve *c,
                                       const struct kol_insight_strength *s, bool doubt)
{
    double x = c->bias + c->points * fmin(s->points, c->points_top) +
               c->lead * fmin(s->lead, c->lead_top) + c->rivals * fmin(s->rivals, c->rivals_top);
    bool sure = s->rivals <= 0 && s->lead >= (doubt ? c->doubt_lead : c->sure_lead);
    return (sure ? c->most : c->most_rivals) / (1 + exp(-x));
}

#endif
