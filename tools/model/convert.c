/*
 * convert.c - kol-convert-model: a Whisper model of CTranslate2 to one of whisper.cpp.
 *
 *   kol-convert-model --type q8_0 --template ggml-any.bin --out ggml-base.bin model.bin [part ...]
 *   kol-convert-model --type q8_0 --folder faster-whisper-base --out ggml-base.bin
 *
 * Input: CTranslate2's model.bin (binary version 6, WhisperSpec, float weights; parts are joined in
 * order). It has no mel filters and no vocabulary, so these come from the template: any ggml
 * Whisper file with the same number of mel bands and of tokens (whisper.cpp carries some for its
 * tests). Output: a ggml file (magic "ggml", header, filters, vocabulary, then one record per
 * tensor).
 *
 * Only the matrices get the chosen type, by ggml's own quantiser. The convolutions stay f16, and
 * biases, norms and positions f32, for that is what whisper.cpp allocates.
 *
 * Every count and length in the input is checked before it is used; a bad file is named with the
 * field that is wrong. Sources: ctranslate2/specs/model_spec.py (writing), models/
 * convert-pt-to-ggml.py and whisper_model_load() of whisper.cpp.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ggml.h>

#include "words.h"

enum { CT2_VERSION = 6, GGML_MAGIC = 0x67676d6c, MAX_VARS = 8192, MAX_LAYERS = 128, MAX_DIMS = 4 };
static const uint64_t MAX_INPUT_BYTES = 16ULL << 30;

static const char *out_part; /* half-written file that a failure must remove */

/* Names from a bad file may hold anything, but no control characters for the terminal. */
void die(const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    fprintf(stderr, "kol-convert-model: %s\n", text);
    if (out_part)
        unlink(out_part);
    exit(1);
}

void *xmalloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p)
        die("out of memory for %zu bytes", size);
    return p;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

struct reader {
    const char *name; /* for messages */
    const uint8_t *data;
    size_t size, pos;
};

/* Appends a file to a growing buffer. */
static void read_file(const char *path, uint8_t **data, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        die("%s: %s", path, strerror(errno));
    if (fseeko(f, 0, SEEK_END) < 0)
        die("%s: %s", path, strerror(errno));
    off_t length = ftello(f);
    if (length < 0)
        die("%s: not a regular file", path);
    if (*size + (uint64_t)length > MAX_INPUT_BYTES)
        die("%s: more than %llu bytes in all", path, (unsigned long long)MAX_INPUT_BYTES);

    uint8_t *grown = realloc(*data, *size + (size_t)length + 1);
    if (!grown)
        die("%s: out of memory for %lld bytes", path, (long long)length);
    rewind(f);
    if (fread(grown + *size, 1, (size_t)length, f) != (size_t)length)
        die("%s: cannot be read: %s", path, strerror(errno));
    fclose(f);
    *data = grown;
    *size += (size_t)length;
}

static const uint8_t *take(struct reader *r, uint64_t count, const char *field)
{
    if (count > r->size - r->pos)
        die("%s: %s needs %llu bytes at offset %zu, %zu are left", r->name, field,
            (unsigned long long)count, r->pos, r->size - r->pos);
    const uint8_t *p = r->data + r->pos;
    r->pos += (size_t)count;
    return p;
}

/* Both formats are little-endian whatever the machine. */
static uint32_t take_uint(struct reader *r, int bytes, const char *field)
{
    const uint8_t *p = take(r, (uint64_t)bytes, field);
    uint32_t v = 0;

    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

/* A string of CTranslate2: 16-bit length, bytes, and a NUL that is counted. */
static const char *take_name(struct reader *r, const char *field)
{
    uint32_t length = take_uint(r, 2, field);
    const char *s = (const char *)take(r, length, field);

    if (length == 0 || s[length - 1] != '\0')
        die("%s: %s at offset %zu is not a string", r->name, field, r->pos);
    return s;
}

/* ---- CTranslate2 ------------------------------------------------------------------------------
 */

enum ct2_type { CT2_F32, CT2_I8, CT2_I16, CT2_I32, CT2_F16, CT2_BF16, CT2_TYPES };
static const struct {
    const char *name;
    unsigned bytes;
} ct2_types[CT2_TYPES] = {{"float32", 4}, {"int8", 1},    {"int16", 2},
                          {"int32", 4},   {"float16", 2}, {"bfloat16", 2}};

struct var {
    const char *name;
    uint32_t dims[MAX_DIMS];
    unsigned rank;
    enum ct2_type type;
    uint64_t count;
    const uint8_t *data;
};

struct ct2 {
    const char *path;
    struct var vars[MAX_VARS];
    uint32_t n_vars;
};

static void read_var(struct reader *r, struct var *v)
{
    *v = (struct var){.name = take_name(r, "a variable's name"), .count = 1};
    v->rank = take_uint(r, 1, v->name);
    if (v->rank > MAX_DIMS)
        die("%s: %s has %u dimensions, the limit is %d", r->name, v->name, v->rank, MAX_DIMS);
    for (unsigned i = 0; i < v->rank; i++) {
        v->dims[i] = take_uint(r, 4, v->name);
        if (__builtin_mul_overflow(v->count, v->dims[i], &v->count))
            die("%s: %s is impossibly large", r->name, v->name);
    }

    uint32_t type = take_uint(r, 1, v->name);
    uint32_t bytes = take_uint(r, 4, v->name);
    if (type >= CT2_TYPES)
        die("%s: %s has the unknown type %u", r->name, v->name, type);
    v->type = (enum ct2_type)type;
    if (v->count > UINT32_MAX || bytes != v->count * ct2_types[type].bytes)
        die("%s: %s says %u bytes, its shape and type say %llu", r->name, v->name, bytes,
            (unsigned long long)v->count * ct2_types[type].bytes);
    v->data = take(r, bytes, v->name);
}

static void read_ct2(struct reader *r, struct ct2 *m)
{
    uint32_t version = take_uint(r, 4, "the version");
    if (version != CT2_VERSION)
        die("%s: not a CTranslate2 model of binary version %d (found %u)", r->name, CT2_VERSION,
            version);
    const char *spec = take_name(r, "the model's kind");
    if (strcmp(spec, "WhisperSpec") != 0)
        die("%s: holds a '%.40s', not a WhisperSpec", r->name, spec);
    take_uint(r, 4, "the revision");

    m->path = r->name;
    m->n_vars = take_uint(r, 4, "the number of variables");
    if (m->n_vars > MAX_VARS)
        die("%s: %u variables, the limit is %d", r->name, m->n_vars, MAX_VARS);
    for (uint32_t i = 0; i < m->n_vars; i++)
        read_var(r, &m->vars[i]);
    /* the aliases that follow only say that the decoder's last layer is its embedding */
}

static const struct var *find_var(const struct ct2 *m, const char *name)
{
    for (uint32_t i = 0; i < m->n_vars; i++)
        if (strcmp(m->vars[i].name, name) == 0)
            return &m->vars[i];
    return NULL;
}

static const struct var *need_var(const struct ct2 *m, const char *name, unsigned rank)
{
    const struct var *v = find_var(m, name);

    if (!v)
        die("%s: has no %s", m->path, name);
    if (v->rank != rank)
        die("%s: %s has %u dimensions instead of %u", m->path, name, v->rank, rank);
    return v;
}

static uint32_t need_number(const struct ct2 *m, const char *name)
{
    const struct var *v = need_var(m, name, 0);
    struct reader r = {.name = m->path, .data = v->data, .size = ct2_types[v->type].bytes};

    if (v->type != CT2_I8 && v->type != CT2_I16 && v->type != CT2_I32)
        die("%s: %s is no integer", m->path, name);
    return take_uint(&r, (int)r.size, name);
}

/* Values first .. first + count as floats; the caller frees them. */
static float *var_floats(const struct ct2 *m, const struct var *v, uint64_t first, uint64_t count)
{
    float *out = xmalloc(count * sizeof *out);
    const uint8_t *src = v->data + first * ct2_types[v->type].bytes;
    void *aligned = xmalloc(count * ct2_types[v->type].bytes); /* variables lie at any offset */

    memcpy(aligned, src, count * ct2_types[v->type].bytes);
    switch (v->type) {
    case CT2_F32:
        memcpy(out, aligned, count * sizeof *out);
        break;
    case CT2_F16:
        ggml_fp16_to_fp32_row(aligned, out, (int64_t)count);
        break;
    case CT2_BF16:
        ggml_bf16_to_fp32_row(aligned, out, (int64_t)count);
        break;
    case CT2_I8:
    case CT2_I16:
    case CT2_I32:
    case CT2_TYPES:
        die("%s: %s is %s; convert from a model with float16, bfloat16 or float32 weights", m->path,
            v->name, ct2_types[v->type].name);
    }
    free(aligned);
    return out;
}

/* ---- what becomes of which variable -----------------------------------------------------------
 */

enum shape { VECTOR, COLUMN, POSITIONS, CONVOLUTION, MATRIX };
struct rule {
    const char *from, *to;
    enum shape shape;
    unsigned part, parts; /* CTranslate2 joins query, key and value: take rows part/parts */
};

/* A norm or a linear layer under its two names. */
#define NORM(from, to)                                                                             \
    {from "/gamma", to ".weight", VECTOR, 0, 1},                                                   \
    {                                                                                              \
        from "/beta", to ".bias", VECTOR, 0, 1                                                     \
    }
#define LINEAR(from, to)                                                                           \
    {from "/weight", to ".weight", MATRIX, 0, 1},                                                  \
    {                                                                                              \
        from "/bias", to ".bias", VECTOR, 0, 1                                                     \
    }
#define JOINED(from, to, part, parts)                                                              \
    {from "/weight", to ".weight", MATRIX, part, parts},                                           \
    {                                                                                              \
        from "/bias", to ".bias", VECTOR, part, parts                                              \
    }

static const struct rule whole_rules[] = {
    {"encoder/position_encodings/encodings", "encoder.positional_embedding", POSITIONS, 0, 1},
    {"encoder/conv1/weight", "encoder.conv1.weight", CONVOLUTION, 0, 1},
    {"encoder/conv1/bias", "encoder.conv1.bias", COLUMN, 0, 1},
    {"encoder/conv2/weight", "encoder.conv2.weight", CONVOLUTION, 0, 1},
    {"encoder/conv2/bias", "encoder.conv2.bias", COLUMN, 0, 1},
    NORM("encoder/layer_norm", "encoder.ln_post"),
    {"decoder/position_encodings/encodings", "decoder.positional_embedding", POSITIONS, 0, 1},
    {"decoder/embeddings/weight", "decoder.token_embedding.weight", MATRIX, 0, 1},
    NORM("decoder/layer_norm", "decoder.ln"),
};

static const struct rule layer_rules[] = {
    NORM("self_attention/layer_norm", "attn_ln"),
    JOINED("self_attention/linear_0", "attn.query", 0, 3),
    {"self_attention/linear_0/weight", "attn.key.weight", MATRIX, 1, 3}, /* Whisper: no key bias */
    JOINED("self_attention/linear_0", "attn.value", 2, 3),
    LINEAR("self_attention/linear_1", "attn.out"),
    NORM("ffn/layer_norm", "mlp_ln"),
    LINEAR("ffn/linear_0", "mlp.0"),
    LINEAR("ffn/linear_1", "mlp.2"),
};

static const struct rule cross_rules[] = {
    NORM("attention/layer_norm", "cross_attn_ln"),
    LINEAR("attention/linear_0", "cross_attn.query"),
    {"attention/linear_1/weight", "cross_attn.key.weight", MATRIX, 0, 2},
    JOINED("attention/linear_1", "cross_attn.value", 1, 2),
    LINEAR("attention/linear_2", "cross_attn.out"),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- writing ----------------------------------------------------------------------------------
 */

static void put(FILE *f, const void *data, size_t size)
{
    if (fwrite(data, 1, size, f) != size)
        die("%s: %s", out_part, strerror(errno));
}

static void put_int(FILE *f, uint32_t v)
{
    const uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
                              (uint8_t)(v >> 24)};
    put(f, bytes, sizeof bytes);
}

static enum ggml_type tensor_type(enum shape shape, enum ggml_type chosen)
{
    return shape == MATRIX ? chosen : shape == CONVOLUTION ? GGML_TYPE_F16 : GGML_TYPE_F32;
}

/* One record: dimensions (innermost first), length of the name, type, sizes, name, data. */
static void put_tensor(FILE *f, const struct ct2 *m, const char *from, const char *to,
                       const struct rule *rule, enum ggml_type chosen)
{
    unsigned rank = rule->shape == CONVOLUTION                          ? 3
                    : rule->shape == MATRIX || rule->shape == POSITIONS ? 2
                                                                        : 1;
    const struct var *v = need_var(m, from, rank);
    enum ggml_type type = tensor_type(rule->shape, chosen);
    if (v->count == 0 || v->dims[0] % rule->parts != 0)
        die("%s: %s has %u rows, not a multiple of %u", m->path, from, v->dims[0], rule->parts);
    uint32_t rows = v->dims[0] / rule->parts;
    uint64_t count = v->count / rule->parts;
    uint32_t row_size = rank == 1 ? rows : v->dims[rank - 1];
    if (row_size % ggml_blck_size(type) != 0)
        die("%s: rows of %s have %u values, %s needs a multiple of %lld", m->path, from, row_size,
            ggml_type_name(type), (long long)ggml_blck_size(type));

    float *values = var_floats(m, v, count * rule->part, count);
    size_t bytes = ggml_row_size(type, row_size) * (count / row_size);
    void *packed = xmalloc(bytes);
    if (type == GGML_TYPE_F32)
        memcpy(packed, values, bytes);
    else
        ggml_quantize_chunk(type, values, packed, 0, (int64_t)(count / row_size), row_size, NULL);

    put_int(f, rule->shape == COLUMN ? 2 : rank);
    put_int(f, (uint32_t)strlen(to));
    put_int(f, (uint32_t)type);
    if (rule->shape == COLUMN)
        put_int(f, 1); /* added to every column of a convolution's output */
    for (unsigned i = rank; i-- > 1;)
        put_int(f, v->dims[i]);
    put_int(f, rows);
    put(f, to, strlen(to));
    put(f, packed, bytes);
    free(packed);
    free(values);
}

static void put_layer(FILE *f, const struct ct2 *m, const char *side, uint32_t layer,
                      const struct rule *rules, size_t n, enum ggml_type type)
{
    char from[128], to[128];

    for (size_t i = 0; i < n; i++) {
        snprintf(from, sizeof from, "%s/layer_%u/%s", side, layer, rules[i].from);
        snprintf(to, sizeof to, "%s.blocks.%u.%s", side, layer, rules[i].to);
        put_tensor(f, m, from, to, &rules[i], type);
    }
}

/* ---- header -----------------------------------------------------------------------------------
 */

/* The order is the file's. */
struct hparams {
    uint32_t n_vocab, n_audio_ctx, n_audio_state, n_audio_head, n_audio_layer;
    uint32_t n_text_ctx, n_text_state, n_text_head, n_text_layer, n_mels, ftype;
};
enum { N_HPARAMS = sizeof(struct hparams) / sizeof(uint32_t) };

static uint32_t count_layers(const struct ct2 *m, const char *side)
{
    char name[128];
    uint32_t n = 0;

    for (; n < MAX_LAYERS; n++) {
        snprintf(name, sizeof name, "%s/layer_%u/ffn/linear_0/weight", side, n);
        if (!find_var(m, name))
            break;
    }
    if (n == 0)
        die("%s: has no %s/layer_0", m->path, side);
    return n;
}

static struct hparams read_hparams(const struct ct2 *m)
{
    const struct var *audio = need_var(m, "encoder/position_encodings/encodings", 2);
    const struct var *text = need_var(m, "decoder/position_encodings/encodings", 2);

    return (struct hparams){
        .n_vocab = need_var(m, "decoder/embeddings/weight", 2)->dims[0],
        .n_audio_ctx = audio->dims[0],
        .n_audio_state = audio->dims[1],
        .n_audio_head = need_number(m, "encoder/num_heads"),
        .n_audio_layer = count_layers(m, "encoder"),
        .n_text_ctx = text->dims[0],
        .n_text_state = text->dims[1],
        .n_text_head = need_number(m, "decoder/num_heads"),
        .n_text_layer = count_layers(m, "decoder"),
        .n_mels = need_var(m, "encoder/conv1/weight", 3)->dims[1],
    };
}

/* Leaves r at the filters and returns how many bytes filters and vocabulary take. */
static size_t read_template(struct reader *r, const struct hparams *h)
{
    if (take_uint(r, 4, "the magic") != GGML_MAGIC)
        die("%s: the template is not a ggml Whisper model", r->name);
    uint32_t n_vocab = take_uint(r, 4, "n_vocab");
    take(r, 4ULL * (N_HPARAMS - 1), "the header");
    if (n_vocab != h->n_vocab)
        die("%s: the template has %u tokens, the model %u", r->name, n_vocab, h->n_vocab);

    size_t start = r->pos;
    uint32_t n_mels = take_uint(r, 4, "the number of mel bands");
    uint32_t n_fft = take_uint(r, 4, "the size of a mel filter");
    if (n_mels != h->n_mels)
        die("%s: the template has %u mel bands, the model %u", r->name, n_mels, h->n_mels);
    take(r, 4ULL * n_mels * n_fft, "the mel filters");
    uint32_t tokens = take_uint(r, 4, "the size of the vocabulary");
    for (uint32_t i = 0; i < tokens; i++)
        take(r, take_uint(r, 4, "a token's length"), "a token");

    size_t size = r->pos - start;
    r->pos = start;
    return size;
}

static const struct weight_type {
    const char *name;
    enum ggml_type type;
    enum ggml_ftype ftype;
} weight_types[] = {
    {"f16", GGML_TYPE_F16, GGML_FTYPE_MOSTLY_F16},
    {"bf16", GGML_TYPE_BF16, GGML_FTYPE_MOSTLY_BF16},
    {"q8_0", GGML_TYPE_Q8_0, GGML_FTYPE_MOSTLY_Q8_0},
};

static const struct weight_type *find_type(const char *name)
{
    for (size_t i = 0; i < COUNT(weight_types); i++)
        if (strcmp(weight_types[i].name, name) == 0)
            return &weight_types[i];
    die("--type %s: use f16, bf16 or q8_0", name);
}

static void put_header(FILE *f, const struct hparams *h, struct reader *tmpl, size_t tmpl_bytes)
{
    uint32_t fields[N_HPARAMS];

    memcpy(fields, h, sizeof fields);
    put_int(f, GGML_MAGIC);
    for (int i = 0; i < N_HPARAMS; i++)
        put_int(f, fields[i]);
    put(f, take(tmpl, tmpl_bytes, "filters and vocabulary"), tmpl_bytes);
}

static void put_weights(FILE *f, const struct ct2 *m, const struct hparams *h, enum ggml_type type)
{
    for (size_t i = 0; i < COUNT(whole_rules); i++)
        put_tensor(f, m, whole_rules[i].from, whole_rules[i].to, &whole_rules[i], type);
    for (uint32_t i = 0; i < h->n_audio_layer; i++)
        put_layer(f, m, "encoder", i, layer_rules, COUNT(layer_rules), type);
    for (uint32_t i = 0; i < h->n_text_layer; i++) {
        put_layer(f, m, "decoder", i, layer_rules, COUNT(layer_rules), type);
        put_layer(f, m, "decoder", i, cross_rules, COUNT(cross_rules), type);
    }
}

/* The file has its name only when it is whole. */
static void write_model(const char *path, const struct ct2 *m, struct reader *tmpl,
                        const char *folder, const struct weight_type *type)
{
    struct hparams h = read_hparams(m);
    size_t tmpl_bytes = 0;

    if (folder)
        tmpl->data = words_of_folder(folder, h.n_mels, h.n_vocab, &tmpl_bytes);
    else
        tmpl_bytes = read_template(tmpl, &h);
    if (folder)
        tmpl->size = tmpl_bytes;
    h.ftype = (uint32_t)type->ftype;
    if (ggml_is_quantized(type->type))
        h.ftype += GGML_QNT_VERSION * GGML_QNT_VERSION_FACTOR;

    char *part = NULL;
    if (asprintf(&part, "%s.part", path) < 0)
        die("out of memory");
    FILE *f = fopen(part, "wb");
    if (!f)
        die("%s: %s", part, strerror(errno));
    out_part = part;
    put_header(f, &h, tmpl, tmpl_bytes);
    put_weights(f, m, &h, type->type);
    if (fflush(f) != 0 || fsync(fileno(f)) < 0 || fclose(f) != 0)
        die("%s: %s", part, strerror(errno));
    if (rename(part, path) < 0)
        die("rename %s: %s", part, strerror(errno));
    out_part = NULL;
    free(part);
    printf("%s: %s, %u + %u layers of %u, %u tokens\n", path, type->name, h.n_audio_layer,
           h.n_text_layer, h.n_audio_state, h.n_vocab);
}

static const char usage[] =
    "usage: kol-convert-model --type f16|bf16|q8_0 --template GGML --out FILE MODEL.BIN [PART...]\n"
    "Converts a CTranslate2 Whisper model to whisper.cpp's format. Filters and vocabulary are "
    "taken\n"
    "from the template, any ggml Whisper model of the same kind. Parts are joined in order.\n"
    "       kol-convert-model --type f16|bf16|q8_0 --folder DIR --out FILE\n"
    "The same for a folder with model.bin and vocabulary.json (or .txt); it needs no template.\n";

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"type", required_argument, NULL, 'y'}, {"template", required_argument, NULL, 't'},
        {"out", required_argument, NULL, 'o'},  {"folder", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},       {0}};
    const char *type = "q8_0", *tmpl_path = NULL, *out = NULL, *folder = NULL;
    char whole[4200];

    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'y')
            type = optarg;
        else if (c == 't')
            tmpl_path = optarg;
        else if (c == 'o')
            out = optarg;
        else if (c == 'f')
            folder = optarg;
        else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    if (!out || (folder ? optind < argc : !tmpl_path || optind >= argc)) {
        fputs(usage, stderr);
        return 2;
    }

    const struct weight_type *weights = find_type(type);
    if (folder && snprintf(whole, sizeof whole, "%s/model.bin", folder) >= (int)sizeof whole)
        die("%s: too long a path", folder);
    struct reader model = {.name = folder ? whole : argv[optind]}, tmpl = {.name = tmpl_path};
    uint8_t *model_data = NULL, *tmpl_data = NULL;
    for (int i = optind; i < argc; i++)
        read_file(argv[i], &model_data, &model.size);
    if (folder)
        read_file(whole, &model_data, &model.size);
    else
        read_file(tmpl_path, &tmpl_data, &tmpl.size);
    model.data = model_data;
    tmpl.data = tmpl_data;

    static struct ct2 m;
    read_ct2(&model, &m);
    write_model(out, &m, &tmpl, folder, weights);
    if (folder)
        free((void *)(uintptr_t)tmpl.data);
    free(tmpl_data);
    free(model_data);
    return 0;
}
