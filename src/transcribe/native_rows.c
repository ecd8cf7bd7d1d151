#include "transcribe/native_rows.h"

#include "transcribe/native_simd.h"
#include <ggml-cpu.h>
#include <ggml.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/*
 * The interleaved form. A tile is 16 rows of 64 columns: 16 times 64 bytes (4 columns of each row,
 * plus 128, for the instruction wants one side unsigned), then the scales of both blocks of 32
 * columns, half floats, 16 each.
 */
enum {
    BLOCK = 32,
    TILE_ROWS = 16,
    TILE_COLUMNS = 64,
    TILE_WEIGHTS = TILE_ROWS * TILE_COLUMNS,
    TILE_BYTES = TILE_WEIGHTS + 2 * 2 * TILE_ROWS,
    OFFSET = 128,
    ALIGN = 64
};

struct kol_rows {
    int n, k;
    bool tiled;
    size_t row_bytes; /* of ggml's form */
    uint8_t *data;
};

struct kol_rows_input {
    int m, k;
    bool tiled;
    size_t row_bytes;
    uint8_t *rows;   /* ggml's form */
    int8_t *values;  /* [m][k] */
    float *scales;   /* [m][k / 32] */
    int32_t *starts; /* [m][k / 32]: what takes the offset of the weights away again */
};

static atomic_bool plain_only;

void kol_rows_plain(bool plain)
{
    atomic_store(&plain_only, plain);
}

static bool use_tiles(void)
{
    return kol_cpu_avx512() && !atomic_load(&plain_only);
}

static const struct ggml_type_traits_cpu *ggml_rows(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, ggml_cpu_init); /* its table of half floats */
    return ggml_get_type_traits_cpu(GGML_TYPE_Q8_0);
}

static void *allocate(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ALIGN)
        return NULL;
    return aligned_alloc(ALIGN, (bytes + ALIGN) / ALIGN * ALIGN);
}

/* ---- Where things are ---- */

static size_t tile_at(const struct kol_rows *r, int row, int column)
{
    const size_t tiles = (size_t)r->k / TILE_COLUMNS;

    return ((size_t)row / TILE_ROWS * tiles + (size_t)column / TILE_COLUMNS) * TILE_BYTES;
}

/* The byte of a weight within its tile; the scale of its block. */
static size_t weight_at(int row, int column)
{
    const int within = column % TILE_COLUMNS;

    return (size_t)(within / 4 * TILE_ROWS * 4 + row % TILE_ROWS * 4 + within % 4);
}

static size_t scale_at(int row, int column)
{
    const int block = column % TILE_COLUMNS / BLOCK;

    return TILE_WEIGHTS + (size_t)(block * TILE_ROWS + row % TILE_ROWS) * sizeof(ggml_fp16_t);
}

void kol_rows_free(struct kol_rows *r)
{
    if (!r)
        return;
    free(r->data);
    free(r);
}

void kol_rows_get(const struct kol_rows *r, int row, float *ret)
{
    if (!r->tiled) {
        const struct ggml_type_traits *traits = ggml_get_type_traits(GGML_TYPE_Q8_0);
        traits->to_float(r->data + (size_t)row * r->row_bytes, ret, r->k);
        return;
    }
    for (int column = 0; column < r->k; column++) {
        const uint8_t *tile = r->data + tile_at(r, row, column);
        ggml_fp16_t half;
        memcpy(&half, tile + scale_at(row, column), sizeof(half));
        ret[column] = (float)(tile[weight_at(row, column)] - OFFSET) * ggml_fp16_to_fp32(half);
    }
}

/* ---- Inputs ---- */

enum kol_code kol_rows_input_new(int m, int k, struct kol_rows_input **ret, struct kol_err *err)
{
    struct kol_rows_input *in = calloc(1, sizeof(*in));
    const size_t values = (size_t)m * (size_t)k, blocks = values / BLOCK;

    if (!in)
        return kol_fail(err, KOL_NO_MEMORY, "open decoder: out of memory");
    in->tiled = use_tiles();
    if (in->tiled) {
        in->values = allocate(values, 1);
        in->scales = allocate(blocks, sizeof(*in->scales));
        in->starts = allocate(blocks, sizeof(*in->starts));
    } else {
        in->rows = allocate((size_t)m, ggml_row_size(GGML_TYPE_Q8_0, k));
    }
    if (in->tiled ? !in->values || !in->scales || !in->starts : !in->rows) {
        kol_rows_input_free(in);
        return kol_fail(err, KOL_NO_MEMORY, "open decoder: out of memory");
    }
    *ret = in;
    return KOL_OK;
}

void kol_rows_input_free(struct kol_rows_input *in)
{
    if (!in)
        return;
    free(in->rows);
    free(in->values);
    free(in->scales);
    free(in->starts);
    free(in);
}

KOL_BODY int quantise_body(const float *x, int8_t *values, float *scales, int32_t *starts,
                           int blocks)
{
    for (int b = 0; b < blocks; b++, x += BLOCK, values += BLOCK) {
        float most = 0;
        int32_t sum = 0;

        for (int i = 0; i < BLOCK; i++) {
            float size = x[i] < 0 ? -x[i] : x[i];
            most = size > most ? size : most;
        }
        const float by = most > 0 && most < INFINITY ? 127 / most : 0;
        for (int i = 0; i < BLOCK; i++) {
            const int32_t value = kol_round_small(x[i] * by);
            values[i] = (int8_t)value;
            sum += value;
        }
        scales[b] = most / 127;
        starts[b] = -OFFSET * sum;
    }
    return 0;
}
KOL_EACH_CPU(int, quantise,
             (const float *x, int8_t *values, float *scales, int32_t *starts, int blocks),
             quantise_body, (x, values, scales, starts, blocks))

void kol_rows_input_set(struct kol_rows_input *in, const float *x, int m, int k)
{
    in->m = m;
    in->k = k;
    in->row_bytes = ggml_row_size(GGML_TYPE_Q8_0, k);
    if (in->tiled) {
        quantise(x, in->values, in->scales, in->starts, m * k / BLOCK);
        return;
    }
    for (int i = 0; i < m; i++)
        ggml_rows()->from_float(x + (size_t)i * k, in->rows + (size_t)i * in->row_bytes, k);
}

/* ---- Making ---- */

/* Writes a row, quantised already, into its tiles. */
static void put_tiles(struct kol_rows *r, int row, const int8_t *values, const float *scales)
{
    for (int column = 0; column < r->k; column += 4) {
        uint8_t *to = r->data + tile_at(r, row, column) + weight_at(row, column);
        uint32_t four;
        memcpy(&four, values + column, sizeof(four));
        four ^= 0x80808080; /* the same as plus 128 */
        memcpy(to, &four, sizeof(four));
    }
    for (int column = 0; column < r->k; column += BLOCK) {
        const ggml_fp16_t half = ggml_fp32_to_fp16(scales[column / BLOCK]);
        memcpy(r->data + tile_at(r, row, column) + scale_at(row, column), &half, sizeof(half));
    }
}

/* Rows of the tiled form, quantised by `in`. */
static void put_rows(struct kol_rows *r, const float *w, struct kol_rows_input *in)
{
    const size_t tiles = (size_t)r->k / TILE_COLUMNS * TILE_BYTES;

    memset(r->data + tile_at(r, r->n - 1, 0), 0, tiles); /* rows that fill the last ones up */
    for (int i = 0; i < r->n; i++) {
        kol_rows_input_set(in, w + (size_t)i * r->k, 1, r->k);
        put_tiles(r, i, in->values, in->scales);
    }
}

static enum kol_code fill_rows(struct kol_rows *r, const float *w, struct kol_err *err)
{
    const struct ggml_type_traits_cpu *ggml = ggml_rows();
    struct kol_rows_input *in = NULL;
    enum kol_code code = r->tiled ? kol_rows_input_new(1, r->k, &in, err) : KOL_OK;

    if (code == KOL_OK && r->tiled)
        put_rows(r, w, in);
    for (int i = 0; i < r->n && !r->tiled; i++)
        ggml->from_float(w + (size_t)i * r->k, r->data + (size_t)i * r->row_bytes, r->k);
    kol_rows_input_free(in);
    return code;
}

enum kol_code kol_rows_new(const float *w, int n, int k, struct kol_rows **ret, struct kol_err *err)
{
    if (n < 1 || k < 1 || k % TILE_COLUMNS != 0)
        return kol_fail(err, KOL_BAD_INPUT, "a matrix of %d columns does not fit the decoder", k);

    struct kol_rows *r = calloc(1, sizeof(*r));
    if (!r)
        return kol_fail(err, KOL_NO_MEMORY, "load decoder: out of memory");
    *r = (struct kol_rows){
        .n = n, .k = k, .tiled = use_tiles(), .row_bytes = ggml_row_size(GGML_TYPE_Q8_0, k)};
    const size_t groups = ((size_t)n + TILE_ROWS - 1) / TILE_ROWS;
    r->data = r->tiled ? allocate(groups * ((size_t)k / TILE_COLUMNS), TILE_BYTES)
                       : allocate((size_t)n, r->row_bytes);
    enum kol_code code = r->data ? fill_rows(r, w, err)
                                 : kol_fail(err, KOL_NO_MEMORY, "load decoder: out of memory");
    if (code != KOL_OK) {
        kol_rows_free(r);
        return code;
    }
    *ret = r;
    return KOL_OK;
}

/* ---- Multiplying ---- */

#if defined(__x86_64__)

static inline __attribute__((always_inline)) KOL_AVX512 __m512 finish_block(__m512 sum,
                                                                            __m512i dots,
                                                                            __m512 row_scales,
                                                                            float scale)
{
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots),
                           _mm512_mul_ps(row_scales, _mm512_set1_ps(scale)), sum);
}

/* 16 rows times `vectors` of the input, from the vector `first` on; vectors is a constant. */
static inline __attribute__((always_inline)) KOL_AVX512 void
multiply_group(const uint8_t *tile, const struct kol_rows_input *in, int first, const int vectors,
               __m512 *sums)
{
    const int k = in->k, blocks = k / BLOCK;

    for (int v = 0; v < vectors; v++)
        sums[v] = _mm512_setzero_ps();
    for (int b = 0; b < blocks; b++) {
        const uint8_t *weights = tile + (b & 1) * (TILE_WEIGHTS / 2);
        const uint8_t *scales = tile + TILE_WEIGHTS + (b & 1) * 2 * TILE_ROWS;
        const __m512 row_scales =
            _mm512_cvtph_ps(_mm256_load_si256((const __m256i *)(const void *)scales));
        __m512i dots[4];

        for (int v = 0; v < vectors; v++)
            dots[v] = _mm512_set1_epi32(in->starts[(size_t)(first + v) * blocks + b]);
        for (int i = 0; i < BLOCK / 4; i++) {
            const __m512i w = _mm512_load_si512(weights + i * ALIGN);
            for (int v = 0; v < vectors; v++) {
                int32_t four;
                memcpy(&four, in->values + (size_t)(first + v) * k + b * BLOCK + i * 4, 4);
                dots[v] = _mm512_dpbusd_epi32(dots[v], w, _mm512_set1_epi32(four));
            }
        }
        for (int v = 0; v < vectors; v++)
            sums[v] = finish_block(sums[v], dots[v], row_scales,
                                   in->scales[(size_t)(first + v) * blocks + b]);
        tile += (b & 1) * TILE_BYTES;
    }
}

KOL_AVX512 static void multiply_tiles(const struct kol_rows *r, const struct kol_rows_input *in,
                                      const float *bias, float *y)
{
    const size_t group_bytes = (size_t)r->k / TILE_COLUMNS * TILE_BYTES;

    for (int row = 0; row < r->n; row += TILE_ROWS) {
        const uint8_t *group = r->data + (size_t)row / TILE_ROWS * group_bytes;
        const int rows = r->n - row < TILE_ROWS ? r->n - row : TILE_ROWS;
        const __mmask16 there = (__mmask16)((1U << rows) - 1);
        const __m512 more = bias ? _mm512_maskz_loadu_ps(there, bias + row) : _mm512_setzero_ps();
        __m512 sums[4];

        for (int v = 0, taken; v < in->m; v += taken) {
            taken = in->m - v >= 4 ? 4 : in->m - v >= 2 ? 2 : 1;
            if (taken == 4)
                multiply_group(group, in, v, 4, sums);
            else if (taken == 2)
                multiply_group(group, in, v, 2, sums);
            else
                multiply_group(group, in, v, 1, sums);
            for (int i = 0; i < taken; i++)
                _mm512_mask_storeu_ps(y + (size_t)(v + i) * r->n + row, there,
                                      _mm512_add_ps(sums[i], more));
        }
    }
}

#else

static void multiply_tiles(const struct kol_rows *r, const struct kol_rows_input *in,
                           const float *bias, float *y)
{
    (void)r, (void)in, (void)bias, (void)y; /* no CPU of this kind has tiles */
}

#endif

void kol_rows_multiply(const struct kol_rows *r, const struct kol_rows_input *in, const float *bias,
                       float *y)
{
    const struct ggml_type_traits_cpu *ggml = ggml_rows();

    if (r->tiled) {
        multiply_tiles(r, in, bias, y);
        return;
    }
    for (int row = 0; row < r->n; row++)
        for (int v = 0; v < in->m; v++) {
            float *to = y + (size_t)v * r->n + row;
            ggml->vec_dot(r->k, to, 0, r->data + (size_t)row * r->row_bytes, 0,
                          in->rows + (size_t)v * in->row_bytes, 0, 1);
            *to += bias ? bias[row] : 0;
        }
}
