#include "transcribe/calibrate.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "transcribe/filters.h"

#include <string.h>

enum {
    OPENING_WORDS = 16,
    OPENING_MS = 12000, /* after the first word on the channel */
    LATE_MS = 20000,    /* after the first word of the call: no opening any more */
    APART_MS = 500,     /* who speaks first by less speaks at the same time */
    QUOTE_BYTES = 120
};

/* Part of a greeting's words that must be there; and how much surer one channel must be. */
static const double greeting_share = 0.6, greeting_lead = 0.3;
static const double alike_least = 0.4, alike_lead = 0.2;
static const double agreement = 0.85; /* of the calls in which a sign says something */

static const struct {
    const char *name, *text;
    size_t least;
} signs[] = {
#define X(code, name, least, text) [KOL_SIGN_##code] = {name, text, least},
    KOL_SIGNS(X)
#undef X
};

const char *kol_sign_name(enum kol_sign sign)
{
    return signs[sign].name;
}

const char *kol_sign_text(enum kol_sign sign)
{
    return signs[sign].text;
}

/* ---- words ---- */

struct words {
    char text[1024];
    const char *at[OPENING_WORDS];
    size_t count;
};

static void add_words(struct words *w, const char *text)
{
    const size_t used =
        w->count ? (size_t)(w->at[w->count - 1] - w->text) + strlen(w->at[w->count - 1]) + 1 : 0;
    char *save = NULL;

    if (used + 2 > sizeof(w->text))
        return;
    kol_filter_normalise(text, w->text + used, sizeof(w->text) - used);
    for (char *word = strtok_r(w->text + used, " ", &save); word && w->count < OPENING_WORDS;
         word = strtok_r(NULL, " ", &save))
        w->at[w->count++] = word;
}

static bool has(const struct words *w, const char *word)
{
    for (size_t i = 0; i < w->count; i++)
        if (kol_streq(w->at[i], word))
            return true;
    return false;
}

/* Part of the words of a that b has. */
static double share(const struct words *a, const struct words *b)
{
    size_t found = 0;

    for (size_t i = 0; i < a->count; i++)
        found += has(b, a->at[i]);
    return a->count ? (double)found / (double)a->count : 0;
}

/* Of the shorter one, so that a long sentence and its beginning are alike. */
static double alike(const struct words *a, const struct words *b)
{
    return a->count <= b->count ? share(a, b) : share(b, a);
}

/* ---- how a channel begins ---- */

struct opening {
    int64_t first_ms; /* -1: nobody speaks on it */
    const char *text; /* of its first segment */
    struct words words;
};

struct call {
    struct opening channel[2];
};

static void read_openings(const struct kol_sample *s, struct call *ret)
{
    int64_t begin_ms = -1;

    for (int c = 0; c < 2; c++)
        ret->channel[c].first_ms = -1;
    for (size_t i = 0; i < s->segment_count; i++) {
        const struct kol_segment_row *row = &s->segments[i];

        if (row->channel < 0 || row->channel > 1)
            continue;
        struct opening *o = &ret->channel[row->channel];
        if (begin_ms < 0)
            begin_ms = row->start_ms;
        if (o->first_ms < 0) {
            o->first_ms = row->start_ms;
            o->text = row->text;
        }
        if (row->start_ms <= o->first_ms + OPENING_MS && row->start_ms <= begin_ms + LATE_MS)
            add_words(&o->words, row->text);
    }
}

/* ---- signs: 0 or 1 is the business's channel, -1 says nothing ---- */

static int surer(double zero, double one, double least, double lead)
{
    if (zero >= least && zero - one >= lead)
        return 0;
    return one >= least && one - zero >= lead ? 1 : -1;
}

static int by_greeting(const struct call *call, const struct kol_sample_hints *hints)
{
    double best[2] = {0, 0};

    for (size_t i = 0; i < hints->greeting_count; i++) {
        struct words greeting = {.count = 0};

        add_words(&greeting, hints->greetings[i]);
        for (int c = 0; c < 2; c++) {
            const double found = share(&greeting, &call->channel[c].words);
            best[c] = found > best[c] ? found : best[c];
        }
    }
    return surer(best[0], best[1], greeting_share, greeting_lead);
}

static int by_repetition(const struct call *calls, size_t count, size_t which)
{
    double mean[2] = {0, 0};

    for (int c = 0; c < 2; c++) {
        for (size_t i = 0; i < count; i++)
            if (i != which)
                mean[c] += alike(&calls[which].channel[c].words, &calls[i].channel[c].words);
        mean[c] /= count > 1 ? (double)(count - 1) : 1;
    }
    return surer(mean[0], mean[1], alike_least, alike_lead);
}

static int by_first_word(const struct call *call, bool inbound)
{
    const int64_t zero = call->channel[0].first_ms, one = call->channel[1].first_ms;

    if (zero < 0 || one < 0 || (zero < one ? one - zero : zero - one) < APART_MS)
        return -1;
    return (zero < one) == inbound ? 0 : 1; /* who is called speaks first */
}

/* ---- the verdict ---- */

static int decided(const struct kol_calibration *c, enum kol_sign sign)
{
    const size_t *votes = c->votes[sign];
    const int winner = votes[1] > votes[0];
    const double all = (double)(votes[0] + votes[1]);

    if (votes[0] + votes[1] < signs[sign].least || (double)votes[winner] < agreement * all)
        return -1;
    return winner;
}

static const char *thin(struct kol_arena *a, const struct kol_calibration *c,
                        const struct kol_sample_hints *hints)
{
    if (c->calls < signs[KOL_SIGN_GREETING].least)
        return kol_arena_fmt(
            a, "only %zu two-channel call%s with words: %zu more and it can be told", c->calls,
            c->calls == 1 ? "" : "s", signs[KOL_SIGN_GREETING].least - c->calls);
    return hints->greeting_count > 0 &&
                   c->votes[KOL_SIGN_GREETING][0] + c->votes[KOL_SIGN_GREETING][1] > 0
               ? "the calls do not agree: listen to some, and set the map with kol business set ID "
                 "--channel-map"
               : "no sign is clear: say how calls are answered with --greeting=\"WORDS\", or "
                 "listen to "
                 "some and set the map with kol business set ID --channel-map";
}

static void decide(struct kol_arena *a, struct kol_calibration *c,
                   const struct kol_sample_hints *hints)
{
    const int greeting = decided(c, KOL_SIGN_GREETING), repeated = decided(c, KOL_SIGN_REPEATED);
    /* Who answers an outbound call is clear, but who of the two speaks first then is not. */
    const int first = hints->inbound ? decided(c, KOL_SIGN_FIRST) : -1;

    c->agent = -1;
    if (greeting >= 0) {
        c->agent = greeting;
        c->by = KOL_SIGN_GREETING;
    } else if (repeated >= 0) {
        c->agent = repeated;
        c->by = KOL_SIGN_REPEATED;
    } else if (first >= 0) {
        c->agent = first;
        c->by = KOL_SIGN_FIRST;
    }
    const bool contradicted = (repeated >= 0 && repeated != c->agent) ||
                              (c->by == KOL_SIGN_REPEATED && first >= 0 && first != c->agent);
    if (c->agent >= 0 && !contradicted)
        return;
    c->why = c->agent < 0
                 ? thin(a, c, hints)
                 : "the signs contradict each other: listen to some calls, and set the map "
                   "with kol business set ID --channel-map";
    c->agent = -1;
}

static void add_quote(struct kol_arena *a, struct kol_calibration *c,
                      const struct kol_sample *sample, const struct call *call)
{
    const char *text = call->channel[c->agent].text;

    if (!text || c->quote_count == KOL_COUNT(c->quotes))
        return;
    c->quotes[c->quote_count].call_sid = sample->call_sid;
    c->quotes[c->quote_count].text = kol_arena_strn(a, text, kol_utf8_clip(text, QUOTE_BYTES));
    c->quote_count++;
}

enum kol_code kol_calibrate(struct kol_arena *a, const struct kol_sample *samples, size_t count,
                            const struct kol_sample_hints *hints, struct kol_calibration *ret,
                            struct kol_err *err)
{
    struct call *calls = kol_arena_array(a, count + 1, sizeof(*calls));
    int *said = kol_arena_array(a, (count + 1) * KOL_SIGN_COUNT, sizeof(*said));

    *ret = (struct kol_calibration){0};
    if (!calls || !said)
        return kol_fail(err, KOL_NO_MEMORY, "calibrate: out of memory");
    for (size_t i = 0; i < count; i++) {
        read_openings(&samples[i], &calls[i]);
        ret->calls += calls[i].channel[0].first_ms >= 0 || calls[i].channel[1].first_ms >= 0;
    }
    for (size_t i = 0; i < count; i++) {
        int *vote = said + i * KOL_SIGN_COUNT;

        vote[KOL_SIGN_GREETING] = by_greeting(&calls[i], hints);
        vote[KOL_SIGN_REPEATED] = by_repetition(calls, count, i);
        vote[KOL_SIGN_FIRST] = by_first_word(&calls[i], hints->inbound);
        for (int s = 0; s < KOL_SIGN_COUNT; s++)
            if (vote[s] >= 0)
                ret->votes[s][vote[s]]++;
    }
    decide(a, ret, hints);
    for (size_t i = 0; i < count && ret->agent >= 0; i++)
        if (said[i * KOL_SIGN_COUNT + ret->by] == ret->agent)
            add_quote(a, ret, &samples[i], &calls[i]);
    return kol_arena_failed(a) ? kol_fail(err, KOL_NO_MEMORY, "calibrate: out of memory") : KOL_OK;
}
