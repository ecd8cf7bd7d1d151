#include "audio/twins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LAG = KOL_TWINS_LAG,
    BLOCK = KOL_TWINS_BLOCK,
    WINDOW = BLOCK + 2 * LAG,
    RATE_HZ = 16000,
    SEARCHES_MOST = 12, /* 2.6 million multiplications each */
    MOVES_MOST = 2,     /* a tone fits at several delays: speech then says which it was */
    DIFFERENT_MOST =
        1, /* a click; two blocks are the shortest word, and make a channel a channel */
    ALIKE_LEAST = 4
};

/* RMS amplitudes: -50 dBFS is sound, below -66 dBFS nothing is left but the noise of mu-law. */
static const double sound_rms = 104, nothing_rms = 17;

/* What a copy may differ in shape: coding noise. A much quieter one must be purer, because that is
 * also what leaks over from the other side of a real call, there coloured by the line. */
static const double shape_near = 0.95, shape_quiet = 0.98, shape_overall = 0.98;
static const double quiet_gain = 0.25;  /* -12 dB */
static const double least_gain = 0.03;  /* -30 dB */
static const double gain_step = 1.0593; /* half a dB up or down is the same level still */

struct sums {
    double aa, bb, ab;
};

static double squares(const int16_t *pcm)
{
    int64_t sum = 0;

    for (int i = 0; i < BLOCK; i++)
        sum += (int32_t)pcm[i] * pcm[i];
    return (double)sum;
}

static double product(const int16_t *x, const int16_t *y)
{
    int64_t sum = 0;

    for (int i = 0; i < BLOCK; i++)
        sum += (int32_t)x[i] * y[i];
    return (double)sum;
}

static struct sums sums_at(const struct kol_twins *t, int lag)
{
    const int16_t *a = t->a + LAG, *b = t->b + LAG + lag;

    return (struct sums){squares(a), squares(b), product(a, b)};
}

static double shape(const struct sums *s)
{
    return s->aa > 0 && s->bb > 0 ? s->ab / sqrt(s->aa * s->bb) : 0;
}

static double rms(double sum)
{
    return sqrt(sum / BLOCK);
}

static bool is_quiet(double gain)
{
    const double g = fabs(gain);

    return g < quiet_gain || g > 1 / quiet_gain;
}

/* Could this block be a copy at all? */
static bool is_copy(const struct sums *s)
{
    const double gain = s->aa > 0 ? s->ab / s->aa : 0;
    const double wanted = is_quiet(gain) ? shape_quiet : shape_near;
    const double g = fabs(gain);

    return fabs(shape(s)) >= wanted && g >= least_gain && g <= 1 / least_gain;
}

/* From the energies: noise that both have in them does not count as level. */
static double gain_of(const struct sums *s)
{
    return copysign(sqrt(s->bb / s->aa), s->ab);
}

static bool same_gain(double gain, double settled)
{
    const double ratio = gain / settled; /* negative when one is inverted */

    return ratio >= 1 / gain_step && ratio <= gain_step;
}

/* The delay at which the block is most alike; a smaller one when several are as good. */
static int find_lag(struct kol_twins *t)
{
    const int16_t *a = t->a + LAG;
    double best = 0, bb = squares(t->b);
    int found = 0;

    t->searches++;
    for (int lag = -LAG; lag <= LAG; lag++) {
        const int16_t *b = t->b + LAG + lag;
        const double ab = product(a, b), like = bb > 0 ? ab * ab / bb : 0;

        if (like > best * 1.0001 || (like > best * 0.9999 && abs(lag) < abs(found))) {
            best = like;
            found = lag;
        }
        if (lag < LAG) /* slide the window */
            bb += (double)((int32_t)b[BLOCK] * b[BLOCK]) - (double)((int32_t)b[0] * b[0]);
    }
    return found;
}

static void add_alike(struct kol_twins *t, const struct sums *s)
{
    t->alike++;
    t->aa += s->aa;
    t->bb += s->bb;
    t->ab += s->ab;
    t->gain = gain_of(
        &(struct sums){t->aa, t->bb, t->ab}); /* over all so far, the louder blocks counting more */
}

/* The quieter of two copies may have nothing of a soft word. */
static bool says_nothing(const struct kol_twins *t, double loud, double soft)
{
    const double g = fabs(t->gain) > 1 ? 1 / fabs(t->gain) : fabs(t->gain);

    return t->settled && soft < nothing_rms && loud * g < 2 * nothing_rms;
}

/* What a channel has of its own is too soft to be a word: coding noise of a quiet moment. */
static bool differs_softly(const struct kol_twins *t, const struct sums *s)
{
    const double g = t->gain;
    const double own = s->bb - 2 * g * s->ab + g * g * s->aa; /* what is left of b without a */

    return t->settled && rms(own > 0 ? own : 0) < sound_rms * (fabs(g) > 1 ? fabs(g) : 1);
}

static bool fits(const struct kol_twins *t, const struct sums *s)
{
    return is_copy(s) && (!t->settled || same_gain(gain_of(s), t->gain));
}

static void judge_block(struct kol_twins *t)
{
    struct sums s = sums_at(t, t->lag);
    const double ra = rms(s.aa), rb = rms(s.bb);
    const double loud = ra > rb ? ra : rb, soft = ra > rb ? rb : ra;

    if (loud < sound_rms || says_nothing(t, loud, soft))
        return;
    if (soft > 0 && t->settled && fits(t, &s)) {
        add_alike(t, &s);
        return;
    }
    if (differs_softly(t, &s))
        return;
    if (soft < 1 || t->searches >= SEARCHES_MOST || (t->settled && t->moves >= MOVES_MOST)) {
        t->different++;
        return;
    }
    const int lag = find_lag(t);
    s = sums_at(t, lag);
    if (!fits(t, &s)) {
        t->different++;
        return;
    }
    t->moves += t->settled && lag != t->lag;
    t->settled = true;
    t->lag = lag;
    add_alike(t, &s);
}

static bool is_over(const struct kol_twins *t)
{
    return t->different > DIFFERENT_MOST;
}

void kol_twins_feed(struct kol_twins *t, const int16_t *a, const int16_t *b, size_t frames)
{
    while (frames > 0 && !is_over(t)) {
        const size_t room = WINDOW - t->have, n = frames < room ? frames : room;

        memcpy(t->a + t->have, a, n * sizeof(*a));
        memcpy(t->b + t->have, b, n * sizeof(*b));
        t->have += n;
        a += n;
        b += n;
        frames -= n;
        if (t->have < WINDOW)
            return;
        judge_block(t);
        t->have = 2 * LAG;
        memmove(t->a, t->a + BLOCK, t->have * sizeof(*a));
        memmove(t->b, t->b + BLOCK, t->have * sizeof(*b));
    }
}

bool kol_twins_identical(const struct kol_twins *t)
{
    return !is_over(t) && t->alike >= ALIKE_LEAST && kol_twins_correlation(t) >= shape_overall;
}

double kol_twins_correlation(const struct kol_twins *t)
{
    return t->aa > 0 && t->bb > 0 ? fabs(t->ab) / sqrt(t->aa * t->bb) : 0;
}

double kol_twins_delay_ms(const struct kol_twins *t)
{
    return t->lag * 1000.0 / RATE_HZ;
}

double kol_twins_level_db(const struct kol_twins *t)
{
    return t->gain != 0 ? 20 * log10(fabs(t->gain)) : 0;
}
