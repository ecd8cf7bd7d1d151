/* plan.c - see plan.h. */
#include "recording/plan.h"
#include "base/json.h"
#include <string.h>

static const int64_t waits_s[KOL_WAITS] = {3, 5, 5, 10, 10};
static const int64_t rounds_s[] = {300, 3600, 6 * 3600, 24 * 3600}; /* then daily */

enum { BETWEEN_FORMATS_S = 5, LONGEST_S = 30 * 24 * 3600 };

static struct kol_fetch_next go(const struct kol_fetch_plan *plan, enum kol_fetch_step step,
                                int format, int64_t wait_s)
{
    struct kol_fetch_next n = {.what = KOL_DO_STEP, .wait_s = wait_s, .plan = *plan};

    n.plan.step = step;
    n.plan.format = format;
    return n;
}

/* The round is over. */
static struct kol_fetch_next end_round(const struct kol_fetch_plan *plan, bool one_round)
{
    struct kol_fetch_next n = {.what = KOL_DO_GIVE_UP};
    const int last = (int)(sizeof rounds_s / sizeof *rounds_s) - 1;

    n.wait_s = rounds_s[plan->round < last ? plan->round : last];
    n.plan = (struct kol_fetch_plan){.round = plan->round + 1,
                                     .rounds_s = plan->rounds_s + n.wait_s,
                                     .as_recorded = plan->as_recorded};
    /* What is there and is no audio will be no audio tomorrow. */
    if (one_round || plan->bad_media || plan->rounds_s >= LONGEST_S) {
        n.what = KOL_DO_END;
        n.wait_s = 0;
        n.plan.bad_media = plan->bad_media;
    }
    return n;
}

/* An attempt found nothing: wait, unless all waits are over. */
static struct kol_fetch_next end_attempt(const struct kol_fetch_plan *plan, bool one_round)
{
    if (plan->wait >= KOL_WAITS)
        return end_round(plan, one_round);

    struct kol_fetch_next n = go(plan, KOL_STEP_RESOURCE, 0, waits_s[plan->wait]);
    n.what = KOL_DO_WAIT;
    n.attempt = ++n.plan.wait;
    n.plan.bad_media = false;
    return n;
}

static struct kol_fetch_next not_ready(const struct kol_fetch_plan *plan, bool one_round)
{
    if (plan->wait >= KOL_WAITS) /* the last attempt: whatever the resource says */
        return go(plan, KOL_STEP_MEDIA, 0, 0);
    return end_attempt(plan, one_round);
}

static int next_format(const struct kol_fetch_plan *plan)
{
    if (plan->elsewhere)
        return KOL_FORMATS;
    return plan->encrypted && plan->format == 0 ? 2 : plan->format + 1;
}

static struct kol_fetch_next no_media(const struct kol_fetch_plan *plan, bool bad, bool one_round)
{
    struct kol_fetch_plan p = *plan;

    p.bad_media |= bad;
    if (next_format(plan) < KOL_FORMATS)
        return go(&p, KOL_STEP_MEDIA, next_format(plan), BETWEEN_FORMATS_S);
    return end_attempt(&p, one_round);
}

static struct kol_fetch_next no_channels(const struct kol_fetch_plan *plan)
{
    struct kol_fetch_next n = go(plan, KOL_STEP_MEDIA, plan->format, 0);

    n.plan.as_recorded = true;
    return n;
}

struct kol_fetch_next kol_fetch_decide(const struct kol_fetch_plan *plan, enum kol_seen seen,
                                       bool one_round)
{
    switch (seen) {
    case KOL_SEEN_READY:
        return go(plan, KOL_STEP_MEDIA, 0, 0);
    case KOL_SEEN_NOT_READY:
        return not_ready(plan, one_round);
    case KOL_SEEN_NOT_FOUND:
        if (plan->step == KOL_STEP_RESOURCE) /* deleted, or too new to be seen? */
            return go(plan, KOL_STEP_LISTED, 0, 0);
        if (plan->step == KOL_STEP_LISTED)
            return not_ready(plan, one_round);
        return no_media(plan, false, one_round);
    case KOL_SEEN_BAD_MEDIA:
        return no_media(plan, true, one_round);
    case KOL_SEEN_NO_CHANNELS:
        return no_channels(plan);
    case KOL_SEEN_GONE:
        return (struct kol_fetch_next){.what = KOL_DO_GONE, .plan = *plan};
    case KOL_SEEN_FILE:
        return (struct kol_fetch_next){.what = KOL_DO_DONE, .plan = *plan};
    }
    return (struct kol_fetch_next){.what = KOL_DO_END, .plan = *plan}; /* not reached */
}

bool kol_fetch_in_round(const struct kol_fetch_plan *plan)
{
    return plan->step != KOL_STEP_RESOURCE || plan->wait > 0;
}

/* ---- job.data ---- */

const char *kol_fetch_plan_text(struct kol_arena *a, const struct kol_fetch_plan *plan)
{
    return kol_arena_fmt(a,
                         "{\"step\":%d,\"format\":%d,\"wait\":%d,\"round\":%d,\"rounds_s\":%lld,"
                         "\"bad_media\":%d,\"as_recorded\":%d,\"elsewhere\":%d,"
                         "\"encrypted\":%d}",
                         plan->step, plan->format, plan->wait, plan->round,
                         (long long)plan->rounds_s, plan->bad_media, plan->as_recorded,
                         plan->elsewhere, plan->encrypted);
}

static int small(const json_t *json, const char *key, int most)
{
    int64_t v = kol_json_get_int(json, key, 0);
    return v < 0 ? 0 : v > most ? most : (int)v;
}

struct kol_fetch_plan kol_fetch_plan_read(const char *text)
{
    struct kol_fetch_plan p = {0};
    KOL_JSON json = NULL;

    if (!text || kol_json_parse(text, strlen(text), &json, NULL) != KOL_OK)
        return p;
    p.step = (enum kol_fetch_step)small(json, "step", KOL_STEP_MEDIA);
    p.format = small(json, "format", KOL_FORMATS - 1);
    p.wait = small(json, "wait", KOL_WAITS);
    p.round = small(json, "round", 1000);
    p.rounds_s = kol_json_get_int(json, "rounds_s", 0);
    p.bad_media = small(json, "bad_media", 1) || kol_json_get_bool(json, "bad_media", false);
    p.as_recorded = small(json, "as_recorded", 1);
    p.elsewhere = small(json, "elsewhere", 1);
    p.encrypted = small(json, "encrypted", 1);
    return p;
}
