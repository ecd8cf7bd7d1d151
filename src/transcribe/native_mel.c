#include "transcribe/native_mel.h"

#include "base/cleanup.h"
#include "transcribe/native_vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW = 400, /* samples of a frame */
    HALF = WINDOW / 2,
    BINS = HALF + 1,
    TILE = 300 /* frames at a time */
};

static const float least_power = 1e-10f;

struct kol_native_mel {
    int bands;
    float hann[HALF + 1]; /* its first half; the second is the same backwards */
    struct kol_product *cosines, *sines, *filters;
};

/* The working memory of a tile. */
struct work {
    float even[TILE][HALF], odd[TILE][HALF];       /* the window folded in the middle */
    float real[TILE][BINS], imaginary[TILE][BINS]; /* later power and bands */
};

void kol_native_mel_close(struct kol_native_mel *m)
{
    if (!m)
        return;
    kol_product_free(m->cosines);
    kol_product_free(m->sines);
    kol_product_free(m->filters);
    free(m);
}

KOL_DEFINE_CLEANUP(kol_native_mel, kol_native_mel_close)

size_t kol_native_mel_room(const struct kol_native_mel *m)
{
    (void)m;
    return sizeof(struct work) / sizeof(float);
}

/* table[bin][n - 1] = cos or sin of 2 pi n bin / WINDOW, n = 1 .. HALF */
static enum kol_code make_table(double (*wave)(double), float *table, struct kol_product **ret,
                                struct kol_err *err)
{
    const struct kol_product_conf conf = {.n = BINS, .k = HALF, .exact = true};

    for (int bin = 0; bin < BINS; bin++)
        for (int n = 1; n <= HALF; n++)
            table[bin * HALF + n - 1] = (float)wave(2 * M_PI * (n * bin % WINDOW) / WINDOW);
    return kol_product_make(table, &conf, ret, err);
}

enum kol_code kol_native_mel_open(const float *filters, int bands, int bins,
                                  struct kol_native_mel **ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_native_mel_cleanup) struct kol_native_mel *m = calloc(1, sizeof(*m));
    const struct kol_product_conf conf = {.n = bands, .k = BINS, .exact = true};

    if (bins != BINS || bands < 1 || bands > BINS)
        return kol_fail(err, KOL_BAD_INPUT, "mel filters of %d x %d are odd", bands, bins);
    float *table = calloc((size_t)BINS * HALF, sizeof(float));
    if (!m || !table) {
        free(table);
        return kol_fail(err, KOL_NO_MEMORY, "native engine: out of memory");
    }
    m->bands = bands;
    for (int i = 0; i <= HALF; i++)
        m->hann[i] = (float)(0.5 * (1 - cos(2 * M_PI * i / WINDOW)));
    enum kol_code code = make_table(cos, table, &m->cosines, err);
    if (code == KOL_OK)
        code = make_table(sin, table, &m->sines, err);
    if (code == KOL_OK)
        code = kol_product_make(filters, &conf, &m->filters, err);
    free(table);
    if (code != KOL_OK)
        return code;
    *ret = m;
    m = NULL;
    return KOL_OK;
}

/* A sample of the sound with its beginning mirrored before it and silence behind. */
static float sample_at(const float *pcm, size_t samples, int64_t at)
{
    const size_t place = (size_t)(at < 0 ? -at : at);

    return place < samples ? pcm[place] : 0;
}

/*
 * The window of a frame, folded: cosines are even around the middle of the frame and sines odd, so
 * the sum and the difference of each pair of samples are enough. Sample 0 has no weight; the
 * one in the middle has no partner.
 */
static void fold_frame(const struct kol_native_mel *m, const float *pcm, size_t samples, int frame,
                       float *even, float *odd)
{
    const int64_t start = (int64_t)frame * KOL_MEL_HOP - HALF;
    float edge[WINDOW];
    const float *x = edge;

    if (start >= 0 && (size_t)start + WINDOW <= samples)
        x = pcm + start;
    else
        for (int i = 0; i < WINDOW; i++)
            edge[i] = sample_at(pcm, samples, start + i);
    for (int n = 1; n < HALF; n++) {
        even[n - 1] = m->hann[n] * (x[n] + x[WINDOW - n]);
        odd[n - 1] = m->hann[n] * (x[n] - x[WINDOW - n]);
    }
    even[HALF - 1] = m->hann[HALF] * x[HALF];
    odd[HALF - 1] = 0;
}

/* The logarithmic bands of TILE frames, to work->imaginary, and of the first count the greatest. */
static enum kol_code hear_tile(const struct kol_native_mel *m, struct kol_math *math,
                               const float *pcm, size_t samples, int first, int count,
                               struct work *work, float *ret_most, struct kol_err *err)
{
    for (int i = 0; i < TILE; i++)
        fold_frame(m, pcm, samples, first + i, work->even[i], work->odd[i]);
    enum kol_code code = kol_product_run(m->cosines, math, work->even, TILE, work->real, err);
    if (code == KOL_OK)
        code = kol_product_run(m->sines, math, work->odd, TILE, work->imaginary, err);
    if (code != KOL_OK)
        return code;
    for (int i = 0; i < TILE; i++)
        for (int bin = 0; bin < BINS; bin++)
            work->real[i][bin] = work->real[i][bin] * work->real[i][bin] +
                                 work->imaginary[i][bin] * work->imaginary[i][bin];
    code = kol_product_run(m->filters, math, work->real, TILE, work->imaginary, err);
    if (code == KOL_OK)
        *ret_most =
            kol_log10_all(work->imaginary[0], (size_t)count * (size_t)m->bands, least_power);
    return code;
}

enum kol_code kol_native_mel_run(const struct kol_native_mel *m, struct kol_math *math,
                                 const float *pcm, size_t samples, int frames, float *work,
                                 float *ret, struct kol_err *err)
{
    struct work *w = (struct work *)work;
    const size_t heard = samples ? (samples + HALF) / KOL_MEL_HOP + 1 : 0;
    const int sound = heard < (size_t)frames + TILE ? (int)heard : frames + TILE;
    const size_t bands = (size_t)m->bands;
    float most = log10f(least_power);

    for (int first = 0; first < sound; first += TILE) {
        const int count = sound - first < TILE ? sound - first : TILE;
        const int kept = frames - first < count ? frames - first : count;
        float here;
        enum kol_code code = hear_tile(m, math, pcm, samples, first, count, w, &here, err);

        if (code != KOL_OK)
            return code;
        most = here > most ? here : most;
        if (kept > 0)
            memcpy(ret + (size_t)first * bands, w->imaginary, (size_t)kept * bands * sizeof(float));
    }
    for (size_t i = (size_t)sound * bands; i < (size_t)frames * bands; i++)
        ret[i] = log10f(least_power);
    kol_clamp_scale(ret, (size_t)frames * bands, most - 8, 0.25f, 1);
    return KOL_OK;
}
