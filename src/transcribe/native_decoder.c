#include "transcribe/native_decoder.h"

#include "base/arena.h"
#include "transcribe/native_attend.h"
#include "transcribe/native_math.h"
#include "transcribe/native_rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct norm {
    float *weight, *bias;
};

struct linear { /* of the decoder's own: read for every token */
    struct kol_rows *rows;
    float *bias;
};

struct layer {
    struct norm before_self, before_cross, before_mlp;
    struct linear query_key_value, self_out, cross_query, cross_out, up, down;
    struct kol_product *cross_keys, *cross_values; /* once per window, of all its positions */
};

struct kol_native_decoder {
    struct kol_native_hparams sizes;
    struct kol_arena *arena; /* the floats below, and layers */
    struct layer *layers;
    struct kol_rows *embedding; /* of tokens; also what the last product is made with */
    float *positions;           /* [text_ctx][text_state] */
    struct norm last;
};

struct line { /* keys and values of its tokens: [layer][2][text_ctx][text_state] */
    float *kept;
    int tokens;
};

struct sound { /* of its positions: [layer][head], see native_attend.h */
    uint8_t *keys, *values;
};

struct kol_native_pen {
    const struct kol_native_decoder *d; /* borrowed */
    int sounds;
    struct sound sound[KOL_PEN_LINES];
    struct line line[KOL_PEN_LINES];
    struct kol_math *math;
    struct kol_rows_input *input;
    void *compact; /* the encoder's result as kol_product_run() takes it */
    float *rows;   /* one layer's keys or values before they are kept */
    float *x, *normal, *wide, *scores, *logits;
    int tokens; /* of the call in progress */
    struct {
        int line, sound, position;
        int32_t id;
    } * token;
};

/* ---- Loading ---- */

struct loader {
    const struct kol_native_file *f;
    struct kol_native_decoder *d;
    float *floats; /* of one matrix at a time */
    struct kol_err *err;
};

static enum kol_code out_of_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "load decoder: out of memory");
}

static enum kol_code read_named(struct loader *l, int layer, const char *what, int columns,
                                int rows, float *ret)
{
    const int64_t shape[4] = {columns, rows, 1, 1};
    char name[128];

    if (layer < 0)
        snprintf(name, sizeof(name), "decoder.%s", what);
    else
        snprintf(name, sizeof(name), "decoder.blocks.%d.%s", layer, what);
    return kol_native_file_read(l->f, name, shape, ret, l->err);
}

/* A vector that stays. */
static enum kol_code read_vector(struct loader *l, int layer, const char *what, int count,
                                 float **ret)
{
    *ret = kol_arena_array(l->d->arena, (size_t)count, sizeof(**ret));
    return *ret ? read_named(l, layer, what, count, 1, *ret) : out_of_memory(l->err);
}

static enum kol_code read_norm(struct loader *l, int layer, const char *what, struct norm *ret)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.weight", what);
    enum kol_code code = read_vector(l, layer, name, l->d->sizes.text_state, &ret->weight);
    if (code != KOL_OK)
        return code;
    snprintf(name, sizeof(name), "%s.bias", what);
    return read_vector(l, layer, name, l->d->sizes.text_state, &ret->bias);
}

static enum kol_code read_linear(struct loader *l, int layer, const char *what, int n, int k,
                                 struct linear *ret)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.bias", what);
    enum kol_code code = read_vector(l, layer, name, n, &ret->bias);
    snprintf(name, sizeof(name), "%s.weight", what);
    if (code == KOL_OK)
        code = read_named(l, layer, name, k, n, l->floats);
    return code == KOL_OK ? kol_rows_new(l->floats, n, k, &ret->rows, l->err) : code;
}

/* A query divided by the root of a head's width needs not be when it meets the keys. */
static void scale_query(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] *= 0.125F;
}

/* The three of self-attention as one matrix. */
static enum kol_code read_self(struct loader *l, int layer, struct linear *ret)
{
    const int width = l->d->sizes.text_state;
    const size_t square = (size_t)width * (size_t)width;
    float *w = l->floats, *bias;

    ret->bias = bias = kol_arena_array(l->d->arena, 3 * (size_t)width, sizeof(*bias));
    if (!bias)
        return out_of_memory(l->err);
    memset(bias, 0, 3 * (size_t)width * sizeof(*bias)); /* keys have none */
    enum kol_code code = read_named(l, layer, "attn.query.weight", width, width, w);
    if (code == KOL_OK)
        code = read_named(l, layer, "attn.query.bias", width, 1, bias);
    if (code == KOL_OK)
        code = read_named(l, layer, "attn.key.weight", width, width, w + square);
    if (code == KOL_OK)
        code = read_named(l, layer, "attn.value.weight", width, width, w + 2 * square);
    if (code == KOL_OK)
        code = read_named(l, layer, "attn.value.bias", width, 1, bias + 2 * width);
    if (code != KOL_OK)
        return code;
    scale_query(w, square);
    scale_query(bias, (size_t)width);
    return kol_rows_new(w, 3 * width, width, &ret->rows, l->err);
}

static enum kol_code read_cross_query(struct loader *l, int layer, struct linear *ret)
{
    const int width = l->d->sizes.text_state;
    enum kol_code code = read_vector(l, layer, "cross_attn.query.bias", width, &ret->bias);

    if (code == KOL_OK)
        code = read_named(l, layer, "cross_attn.query.weight", width, width, l->floats);
    if (code != KOL_OK)
        return code;
    scale_query(l->floats, (size_t)width * (size_t)width);
    scale_query(ret->bias, (size_t)width);
    return kol_rows_new(l->floats, width, width, &ret->rows, l->err);
}

static enum kol_code read_cross_product(struct loader *l, int layer, const char *what, bool biased,
                                        struct kol_product **ret)
{
    const int width = l->d->sizes.text_state;
    char name[64];
    float *bias = NULL;

    snprintf(name, sizeof(name), "cross_attn.%s.bias", what);
    enum kol_code code = biased ? read_vector(l, layer, name, width, &bias) : KOL_OK;
    snprintf(name, sizeof(name), "cross_attn.%s.weight", what);
    if (code == KOL_OK)
        code = read_named(l, layer, name, width, width, l->floats);
    const struct kol_product_conf conf = {.n = width, .k = width, .bias = bias};
    return code == KOL_OK ? kol_product_make(l->floats, &conf, ret, l->err) : code;
}

static enum kol_code read_layer(struct loader *l, int layer, struct layer *ret)
{
    const int width = l->d->sizes.text_state;
    enum kol_code code = read_norm(l, layer, "attn_ln", &ret->before_self);

    if (code == KOL_OK)
        code = read_self(l, layer, &ret->query_key_value);
    if (code == KOL_OK)
        code = read_linear(l, layer, "attn.out", width, width, &ret->self_out);
    if (code == KOL_OK)
        code = read_norm(l, layer, "cross_attn_ln", &ret->before_cross);
    if (code == KOL_OK)
        code = read_cross_query(l, layer, &ret->cross_query);
    if (code == KOL_OK)
        code = read_cross_product(l, layer, "key", false, &ret->cross_keys);
    if (code == KOL_OK)
        code = read_cross_product(l, layer, "value", true, &ret->cross_values);
    if (code == KOL_OK)
        code = read_linear(l, layer, "cross_attn.out", width, width, &ret->cross_out);
    if (code == KOL_OK)
        code = read_norm(l, layer, "mlp_ln", &ret->before_mlp);
    if (code == KOL_OK)
        code = read_linear(l, layer, "mlp.0", 4 * width, width, &ret->up);
    if (code == KOL_OK)
        code = read_linear(l, layer, "mlp.2", width, 4 * width, &ret->down);
    return code;
}

/* The largest matrix is gone before the others are read: it would not come back to the system. */
static enum kol_code read_embedding(struct loader *l)
{
    const struct kol_native_hparams *s = &l->d->sizes;

    l->floats = malloc((size_t)s->vocab * (size_t)s->text_state * sizeof(float));
    if (!l->floats)
        return out_of_memory(l->err);
    enum kol_code code =
        read_named(l, -1, "token_embedding.weight", s->text_state, s->vocab, l->floats);
    if (code == KOL_OK)
        code = kol_rows_new(l->floats, s->vocab, s->text_state, &l->d->embedding, l->err);
    free(l->floats);
    l->floats = NULL;
    return code;
}

static enum kol_code read_decoder(struct loader *l)
{
    struct kol_native_decoder *d = l->d;
    const struct kol_native_hparams *s = &d->sizes;
    enum kol_code code = read_embedding(l);

    d->layers = kol_arena_array(d->arena, (size_t)s->text_layers, sizeof(*d->layers));
    d->positions =
        kol_arena_array(d->arena, (size_t)s->text_ctx * (size_t)s->text_state, sizeof(float));
    l->floats = malloc(4 * (size_t)s->text_state * (size_t)s->text_state * sizeof(float));
    if (!d->layers || !d->positions || !l->floats)
        return out_of_memory(l->err);
    memset(d->layers, 0, (size_t)s->text_layers * sizeof(*d->layers));
    if (code == KOL_OK)
        code = read_named(l, -1, "positional_embedding", s->text_state, s->text_ctx, d->positions);
    if (code == KOL_OK)
        code = read_norm(l, -1, "ln", &d->last);
    for (int i = 0; code == KOL_OK && i < s->text_layers; i++)
        code = read_layer(l, i, &d->layers[i]);
    return code;
}

enum kol_code kol_native_decoder_open(const struct kol_native_file *f,
                                      struct kol_native_decoder **ret, struct kol_err *err)
{
    const struct kol_native_hparams *s = kol_native_file_hparams(f);

    if (s->text_state != s->text_heads * KOL_HEAD || s->audio_state != s->text_state ||
        s->audio_ctx > KOL_POSITIONS)
        return kol_fail(err, KOL_BAD_INPUT, "a decoder of %d heads in %d is none of Whisper's",
                        s->text_heads, s->text_state);
    struct kol_native_decoder *d = calloc(1, sizeof(*d));
    if (!d)
        return out_of_memory(err);
    d->sizes = *s;
    d->arena = kol_arena_new(0);
    struct loader l = {.f = f, .d = d, .err = err};
    enum kol_code code = d->arena ? read_decoder(&l) : out_of_memory(err);
    free(l.floats);
    if (code != KOL_OK) {
        kol_native_decoder_close(d);
        return code;
    }
    *ret = d;
    return KOL_OK;
}

static void free_layer(struct layer *l)
{
    kol_rows_free(l->query_key_value.rows);
    kol_rows_free(l->self_out.rows);
    kol_rows_free(l->cross_query.rows);
    kol_rows_free(l->cross_out.rows);
    kol_rows_free(l->up.rows);
    kol_rows_free(l->down.rows);
    kol_product_free(l->cross_keys);
    kol_product_free(l->cross_values);
}

void kol_native_decoder_close(struct kol_native_decoder *d)
{
    if (!d)
        return;
    for (int i = 0; d->layers && i < d->sizes.text_layers; i++)
        free_layer(&d->layers[i]);
    kol_rows_free(d->embedding);
    kol_arena_free(d->arena);
    free(d);
}

/* ---- Pens ---- */

static void *numbers(size_t count, size_t size)
{
    return aligned_alloc(64, (count * size + 63) / 64 * 64);
}

static size_t sound_bytes(const struct kol_native_hparams *s)
{
    return (size_t)s->text_layers * (size_t)s->text_heads * kol_attend_bytes(s->audio_ctx);
}

static size_t line_numbers(const struct kol_native_hparams *s)
{
    return (size_t)s->text_layers * 2 * (size_t)s->text_ctx * (size_t)s->text_state;
}

static bool allocate_pen(struct kol_native_pen *p)
{
    const struct kol_native_hparams *s = &p->d->sizes;
    const size_t tokens = (size_t)s->text_ctx, width = (size_t)s->text_state;
    bool all = true;

    for (int i = 0; i < p->sounds; i++) {
        p->sound[i].keys = numbers(sound_bytes(s), 1);
        p->sound[i].values = numbers(sound_bytes(s), 1);
        all = all && p->sound[i].keys && p->sound[i].values;
    }
    p->token = calloc(tokens, sizeof(*p->token));
    p->compact = numbers((size_t)s->audio_ctx * width, kol_compact_bytes());
    p->rows = numbers((size_t)s->audio_ctx * width, sizeof(float));
    p->x = numbers(tokens * width, sizeof(float));
    p->normal = numbers(tokens * width, sizeof(float));
    p->wide = numbers(tokens * width * 4, sizeof(float));
    p->scores = numbers((size_t)(s->audio_ctx + KOL_KEY_BLOCK + s->text_ctx), sizeof(float));
    p->logits = numbers((size_t)s->vocab * KOL_PEN_LINES, sizeof(float));
    return all && p->token && p->compact && p->rows && p->x && p->normal && p->wide && p->scores &&
           p->logits;
}

enum kol_code kol_native_pen_open(const struct kol_native_decoder *d, int sounds,
                                  struct kol_native_pen **ret, struct kol_err *err)
{
    struct kol_native_pen *p = calloc(1, sizeof(*p));

    if (!p)
        return kol_fail(err, KOL_NO_MEMORY, "open decoder: out of memory");
    p->d = d;
    p->sounds = sounds;
    enum kol_code code = kol_math_open(&p->math, err);
    if (code == KOL_OK)
        code = kol_rows_input_new(d->sizes.text_ctx, 4 * d->sizes.text_state, &p->input, err);
    if (code == KOL_OK && !allocate_pen(p))
        code = kol_fail(err, KOL_NO_MEMORY, "open decoder: out of memory");
    if (code != KOL_OK) {
        kol_native_pen_close(p);
        return code;
    }
    *ret = p;
    return KOL_OK;
}

void kol_native_pen_close(struct kol_native_pen *p)
{
    if (!p)
        return;
    for (int i = 0; i < KOL_PEN_LINES; i++) {
        free(p->sound[i].keys);
        free(p->sound[i].values);
        free(p->line[i].kept);
    }
    kol_math_close(p->math);
    kol_rows_input_free(p->input);
    free(p->token);
    free(p->compact);
    free(p->rows);
    free(p->x);
    free(p->normal);
    free(p->wide);
    free(p->scores);
    free(p->logits);
    free(p);
}

static enum kol_code need_line(struct kol_native_pen *p, int line, struct kol_err *err)
{
    struct line *l = &p->line[line];

    if (!l->kept)
        l->kept = numbers(line_numbers(&p->d->sizes), sizeof(float));
    return l->kept ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "open decoder: out of memory");
}

/* The keys (0) or values (1) of a line in a layer. */
static float *kept_of(const struct kol_native_pen *p, int line, int layer, int values)
{
    const struct kol_native_hparams *s = &p->d->sizes;

    return p->line[line].kept +
           (size_t)(2 * layer + values) * (size_t)s->text_ctx * (size_t)s->text_state;
}

enum kol_code kol_native_pen_copy(struct kol_native_pen *p, int to, int from, int past,
                                  struct kol_err *err)
{
    const struct kol_native_hparams *s = &p->d->sizes;
    enum kol_code code = need_line(p, to, err);

    for (int layer = 0; code == KOL_OK && layer < s->text_layers; layer++)
        for (int values = 0; values < 2; values++)
            memcpy(kept_of(p, to, layer, values), kept_of(p, from, layer, values),
                   (size_t)past * (size_t)s->text_state * sizeof(float));
    if (code == KOL_OK && p->line[to].tokens < past)
        p->line[to].tokens = past;
    return code;
}

/* ---- Hearing ---- */

enum kol_code kol_native_pen_hear(struct kol_native_pen *p, int sound, const float *encoded,
                                  struct kol_err *err)
{
    const struct kol_native_hparams *s = &p->d->sizes;
    const size_t room = kol_attend_bytes(s->audio_ctx), width = (size_t)s->text_state;
    const struct sound *to = &p->sound[sound];
    enum kol_code code = KOL_OK;

    kol_compact(encoded, (size_t)s->audio_ctx * width, p->compact);
    for (int i = 0; i < 2 * s->text_layers && code == KOL_OK; i++) {
        const struct layer *layer = &p->d->layers[i / 2];
        const bool values = i % 2;
        code = kol_product_run(values ? layer->cross_values : layer->cross_keys, p->math,
                               p->compact, s->audio_ctx, p->rows, err);
        for (int head = 0; head < s->text_heads && code == KOL_OK; head++) {
            const size_t at = (size_t)(i / 2 * s->text_heads + head) * room;
            if (values)
                kol_attend_keep_values(p->rows + head * KOL_HEAD, width, s->audio_ctx,
                                       to->values + at);
            else
                kol_attend_keep_keys(p->rows + head * KOL_HEAD, width, s->audio_ctx, to->keys + at);
        }
    }
    return code;
}

/* ---- Writing ---- */

static void normalise(const struct kol_native_pen *p, const struct norm *norm)
{
    const size_t width = (size_t)p->d->sizes.text_state;

    for (int i = 0; i < p->tokens; i++)
        kol_normalise(p->x + i * width, norm->weight, norm->bias, (int)width,
                      p->normal + i * width);
}

static void multiply(const struct kol_native_pen *p, const struct linear *w, const float *x, int k,
                     float *ret)
{
    kol_rows_input_set(p->input, x, p->tokens, k);
    kol_rows_multiply(w->rows, p->input, w->bias, ret);
}

/* x += what normal holds, after one more matrix. */
static void add(const struct kol_native_pen *p, const struct linear *w, const float *from, int k)
{
    const size_t count = (size_t)p->tokens * (size_t)p->d->sizes.text_state;

    multiply(p, w, from, k, p->normal);
    for (size_t i = 0; i < count; i++)
        p->x[i] += p->normal[i];
}

static void attend_to_tokens(const struct kol_native_pen *p, const struct layer *l, int layer)
{
    const int width = p->d->sizes.text_state;

    normalise(p, &l->before_self);
    multiply(p, &l->query_key_value, p->normal, width, p->wide);
    for (int i = 0; i < p->tokens; i++) {
        const float *own = p->wide + (size_t)i * 3 * (size_t)width;
        const size_t at = (size_t)p->token[i].position * (size_t)width;
        float *keys = kept_of(p, p->token[i].line, layer, 0);
        float *values = kept_of(p, p->token[i].line, layer, 1);

        memcpy(keys + at, own + width, (size_t)width * sizeof(float));
        memcpy(values + at, own + 2 * width, (size_t)width * sizeof(float));
        for (int head = 0; head < width; head += KOL_HEAD)
            kol_attend_tokens(own + head, keys + head, values + head, (size_t)width,
                              p->token[i].position + 1, p->scores,
                              p->normal + (size_t)i * (size_t)width + head);
    }
    add(p, &l->self_out, p->normal, width);
}

/* Head by head, so that one's keys and values stay near while all tokens look at them. */
static void attend_to_sound(const struct kol_native_pen *p, const struct layer *l, int layer)
{
    const struct kol_native_hparams *s = &p->d->sizes;
    const size_t room = kol_attend_bytes(s->audio_ctx), width = (size_t)s->text_state;

    normalise(p, &l->before_cross);
    multiply(p, &l->cross_query, p->normal, s->text_state, p->wide);
    for (int head = 0; head < s->text_heads; head++)
        for (int i = 0; i < p->tokens; i++) {
            const struct sound *sound = &p->sound[p->token[i].sound];
            const size_t at = (size_t)(layer * s->text_heads + head) * room;
            const size_t own = (size_t)i * width + (size_t)head * KOL_HEAD;
            kol_attend_sound(p->wide + own, sound->keys + at, sound->values + at, s->audio_ctx,
                             p->scores, p->normal + own);
        }
    add(p, &l->cross_out, p->normal, s->text_state);
}

static void think(const struct kol_native_pen *p, const struct layer *l)
{
    const int width = p->d->sizes.text_state;

    normalise(p, &l->before_mlp);
    multiply(p, &l->up, p->normal, width, p->wide);
    kol_gelu(p->wide, (size_t)p->tokens * 4 * (size_t)width);
    add(p, &l->down, p->wide, 4 * width);
}

static enum kol_code take_tokens(struct kol_native_pen *p, const struct kol_native_step *steps,
                                 int count, struct kol_err *err)
{
    const struct kol_native_hparams *s = &p->d->sizes;
    enum kol_code code = KOL_OK;

    p->tokens = 0;
    for (int i = 0; i < count && code == KOL_OK; i++) {
        const struct kol_native_step *step = &steps[i];
        if (step->count < 1 || step->past < 0 || step->past + step->count > s->text_ctx ||
            p->tokens + step->count > s->text_ctx || count > KOL_PEN_LINES)
            return kol_fail(err, KOL_BUG, "the decoder has no room for %d tokens after %d",
                            step->count, step->past);
        code = need_line(p, step->line, err);
        for (int j = 0; j < step->count; j++, p->tokens++) {
            if (step->tokens[j] < 0 || step->tokens[j] >= s->vocab)
                return kol_fail(err, KOL_BUG, "there is no token %d", step->tokens[j]);
            p->token[p->tokens].line = step->line;
            p->token[p->tokens].sound = step->sound;
            p->token[p->tokens].position = step->past + j;
            p->token[p->tokens].id = step->tokens[j];
        }
        if (p->line[step->line].tokens < step->past + step->count)
            p->line[step->line].tokens = step->past + step->count;
    }
    return code;
}

static void embed(const struct kol_native_pen *p)
{
    const size_t width = (size_t)p->d->sizes.text_state;

    for (int i = 0; i < p->tokens; i++) {
        float *x = p->x + i * width;
        const float *position = p->d->positions + (size_t)p->token[i].position * width;
        kol_rows_get(p->d->embedding, p->token[i].id, x);
        for (size_t j = 0; j < width; j++)
            x[j] += position[j];
    }
}

enum kol_code kol_native_write(struct kol_native_pen *p, const struct kol_native_step *steps,
                               int count, float **ret_logits, struct kol_err *err)
{
    const struct kol_native_hparams *s = &p->d->sizes;
    const size_t width = (size_t)s->text_state;
    enum kol_code code = take_tokens(p, steps, count, err);

    if (code != KOL_OK)
        return code;
    embed(p);
    for (int i = 0; i < s->text_layers; i++) {
        attend_to_tokens(p, &p->d->layers[i], i);
        attend_to_sound(p, &p->d->layers[i], i);
        think(p, &p->d->layers[i]);
    }
    for (int i = 0, last = -1; i < count; i++) { /* of each step only the last token counts */
        last += steps[i].count;
        kol_normalise(p->x + (size_t)last * width, p->d->last.weight, p->d->last.bias, (int)width,
                      p->normal + (size_t)i * width);
        ret_logits[i] = p->logits + (size_t)i * (size_t)s->vocab;
    }
    kol_rows_input_set(p->input, p->normal, count, (int)width);
    kol_rows_multiply(p->d->embedding, p->input, NULL, p->logits);
    return KOL_OK;
}

/* ---- Forgetting ---- */

/* What is not cleared here is written before it is read: the rest holds numbers of no line. */
void kol_native_pen_wipe(struct kol_native_pen *p)
{
    const struct kol_native_hparams *s = &p->d->sizes;

    for (int i = 0; i < p->sounds; i++) {
        memset(p->sound[i].keys, 0, sound_bytes(s));
        memset(p->sound[i].values, 0, sound_bytes(s));
    }
    for (int i = 0; i < KOL_PEN_LINES; i++) {
        for (int layer = 0; p->line[i].kept && layer < s->text_layers; layer++)
            for (int values = 0; values < 2; values++)
                memset(kept_of(p, i, layer, values), 0,
                       (size_t)p->line[i].tokens * (size_t)s->text_state * sizeof(float));
        p->line[i].tokens = 0;
    }
}
