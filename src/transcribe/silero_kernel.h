/*
 * silero_kernel.h - the functions of one struct kol_silero_kernels, written once for all CPUs.
 *
 * Included by silero_math.c only, and more than once: each time for one kind of CPU, told by
 *   KERNEL(name)  the name with a suffix
 *   TARGET        the attribute that lets the compiler use that CPU's instructions
 *   LANES         floats in a vector
 *   TILE          rows at once: their sums, two vectors each, must fit the registers
 */

typedef float KERNEL(vec)
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

/* The sums of TILE rows in two vectors of columns, one in each half of a panel. */
TARGET static inline void KERNEL(tile)(const struct kol_silero_product *p, const float *x,
                                       const float *w, float (*ret)[2][LANES])
{
    KERNEL(vec) sum[TILE][2] = {0};

    for (size_t tap = 0; tap < p->taps; tap++, x += p->tap_stride) {
        for (size_t i = 0; i < p->depth; i++, w += KOL_PANEL) {
            const KERNEL(vec) left = *(const KERNEL(vec) *)w;
            const KERNEL(vec) right = *(const KERNEL(vec) *)(w + KOL_HALF);

            UNROLL for (int row = 0; row < TILE; row++)
            {
                sum[row][0] += x[row * p->row_stride + i] * left;
                sum[row][1] += x[row * p->row_stride + i] * right;
            }
        }
    }
    UNROLL for (int row = 0; row < TILE; row++)
    {
        *(KERNEL(vec) *)ret[row][0] = sum[row][0];
        *(KERNEL(vec) *)ret[row][1] = sum[row][1];
    }
}

TARGET static inline void KERNEL(put)(const struct kol_silero_product *p, const float *values,
                                      float *y)
{
    for (int i = 0; i < LANES; i++)
        y[i] = p->half ? kol_as_half(values[i]) : values[i];
}

TARGET static inline void KERNEL(store)(const struct kol_silero_product *p, float sum[2][LANES],
                                        size_t panel, size_t column, float *y)
{
    if (p->end == KOL_END_MAGNITUDE) {
        for (int i = 0; i < LANES; i++)
            sum[0][i] = sqrtf(sum[0][i] * sum[0][i] + sum[1][i] * sum[1][i]);
        KERNEL(put)(p, sum[0], y + panel * KOL_HALF + column);
        return;
    }
    for (size_t half = 0; half < 2; half++) {
        const size_t at = panel * KOL_PANEL + half * KOL_HALF + column;

        for (int i = 0; i < LANES; i++) {
            const float v = sum[half][i] + p->bias[at + i];
            sum[half][i] = p->end == KOL_END_RELU && v < 0 ? 0 : v;
        }
        KERNEL(put)(p, sum[half], y + at);
    }
}

TARGET static void KERNEL(product)(const struct kol_silero_product *p)
{
    float sum[TILE][2][LANES];

    for (size_t panel = 0; panel < p->panels; panel++) {
        for (size_t column = 0; column < KOL_HALF; column += LANES) {
            const float *w = p->w + panel * p->panel_stride + column;
            for (size_t row = 0; row < p->rows; row += TILE) {
                KERNEL(tile)(p, p->x + row * p->row_stride, w, sum);
                for (size_t i = 0; i < TILE; i++)
                    KERNEL(store)(p, sum[i], panel, column, p->y + (row + i) * p->y_stride);
            }
        }
    }
}

/* gates += w * h. Four vectors at once: one alone would wait for its own last sum. */
TARGET static inline void KERNEL(hidden)(float *gates, const float *w, const float *h)
{
    for (size_t at = 0; at < KOL_GATES; at += 4 * LANES) {
        const float *column =
            w + at / KOL_GATE_PANEL * KOL_CELL * KOL_GATE_PANEL + at % KOL_GATE_PANEL;
        KERNEL(vec) sum[4];

        UNROLL for (int v = 0; v < 4; v++) sum[v] = *(KERNEL(vec) *)(gates + at + v * LANES);
        for (size_t i = 0; i < KOL_CELL; i++, column += KOL_GATE_PANEL)
            UNROLL for (int v = 0; v < 4; v++) sum[v] +=
                h[i] * *(const KERNEL(vec) *)(column + v * LANES);
        UNROLL for (int v = 0; v < 4; v++) * (KERNEL(vec) *)(gates + at + v * LANES) = sum[v];
    }
}

TARGET static float KERNEL(step)(float *gates, const float *w, float *h, float *c, const float *out)
{
    const float *in = gates, *forget = gates + KOL_CELL, *cell = gates + 2 * KOL_CELL,
                *open = gates + 3 * KOL_CELL;
    float part[LANES] = {0}, sum = 0;

    KERNEL(hidden)(gates, w, h);
    for (int i = 0; i < KOL_CELL; i++) {
        c[i] = sigmoid(forget[i]) * c[i] + sigmoid(in[i]) * tangent(cell[i]);
        h[i] = sigmoid(open[i]) * tangent(c[i]);
    }
    for (int i = 0; i < KOL_CELL; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            part[lane] += out[i + lane] * (h[i + lane] > 0 ? h[i + lane] : 0);
    for (int lane = 0; lane < LANES; lane++)
        sum += part[lane];
    return sum;
}
