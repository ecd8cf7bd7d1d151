#include "transcribe/model_file.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum {
    MAGIC = 0x67676d6c,
    MAGIC_BYTES = 4,
    VAD_NAME_LEN = 10,
    TOKEN_MOST = 1024,
    NAME_MOST = 128,
    QUANT_FACTOR = 1000 /* versions of the quantiser, above the type */
};

/* A type of weights: so many values stand in so many bytes. */
static const struct weights {
    const char *name;
    uint32_t type;  /* of a tensor */
    uint32_t ftype; /* of a file; 0 is plain floats */
    uint32_t values, bytes;
} weights_known[] = {
    {"f32", 0, 0, 1, 4},        {"f16", 1, 1, 1, 2},        {"q4_0", 2, 2, 32, 18},
    {"q4_1", 3, 3, 32, 20},     {"q5_0", 6, 8, 32, 22},     {"q5_1", 7, 9, 32, 24},
    {"q8_0", 8, 7, 32, 34},     {"q2_k", 10, 10, 256, 84},  {"q3_k", 11, 11, 256, 110},
    {"q4_k", 12, 12, 256, 144}, {"q5_k", 13, 13, 256, 176}, {"q6_k", 14, 14, 256, 210},
    {"bf16", 30, 24, 1, 2},
};

struct reader {
    FILE *file;
    int64_t at, size;
    const char *path;
    const struct kol_model_visitor *visitor; /* NULL: nobody wants to hear */
    struct kol_err *err;
};

static enum kol_code bad(const struct reader *r, const char *what)
{
    return kol_fail(r->err, KOL_BAD_INPUT,
                    "%s is no speech model in ggml format: %s (at byte %lld)", r->path, what,
                    (long long)r->at);
}

static enum kol_code take(struct reader *r, void *to, int64_t bytes)
{
    if (bytes > r->size - r->at)
        return bad(r, "it ends too soon");
    if (fread(to, 1, (size_t)bytes, r->file) != (size_t)bytes)
        return kol_fail(r->err, KOL_IO, "read %s: %s", r->path,
                        ferror(r->file) ? strerror(errno) : "it became shorter");
    r->at += bytes;
    return KOL_OK;
}

static enum kol_code skip(struct reader *r, int64_t bytes)
{
    if (bytes < 0 || bytes > r->size - r->at)
        return bad(r, "it ends too soon");
    if (fseeko(r->file, (off_t)bytes, SEEK_CUR) != 0)
        return kol_fail(r->err, KOL_IO, "read %s: %s", r->path, strerror(errno));
    r->at += bytes;
    return KOL_OK;
}

/* A number within limits; the file is little-endian whatever the machine. */
static enum kol_code take_number(struct reader *r, uint32_t least, uint32_t most, const char *what,
                                 uint32_t *ret)
{
    uint8_t b[4];
    enum kol_code code = take(r, b, sizeof(b));

    if (code != KOL_OK)
        return code;
    *ret = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return *ret >= least && *ret <= most ? KOL_OK : bad(r, what);
}

/* ---- tensors ---- */

static const struct weights *weights_of(uint32_t type)
{
    for (size_t i = 0; i < KOL_COUNT(weights_known); i++)
        if (weights_known[i].type == type)
            return &weights_known[i];
    return NULL;
}

/* A record: dimensions, length of the name, type, sizes, name, data. */
static enum kol_code read_tensor(struct reader *r)
{
    uint32_t dims, name_len, type, size = 0;
    int64_t values = 1;
    char name[NAME_MOST + 1] = "";
    struct kol_model_tensor tensor = {.name = name, .ne = {1, 1, 1, 1}};
    enum kol_code code = take_number(r, 0, 4, "a tensor has an odd number of dimensions", &dims);

    if (code == KOL_OK)
        code = take_number(r, 1, NAME_MOST, "the name of a tensor is too long", &name_len);
    if (code == KOL_OK)
        code = take_number(r, 0, UINT32_MAX, "", &type);
    const struct weights *w = code == KOL_OK ? weights_of(type) : NULL;
    if (code == KOL_OK && !w)
        return bad(r, "a tensor has an unknown type");
    if (code == KOL_OK && dims == 0 && w->values != 1)
        return bad(r, "a single value cannot be of that type");
    for (uint32_t i = 0; i < dims && code == KOL_OK; i++) {
        code = take_number(r, 1, 1 << 28, "a tensor has an impossible size", &size);
        if (code == KOL_OK && i == 0 && size % w->values != 0)
            return bad(r, "the rows of a tensor do not fit its type");
        if (code == KOL_OK && (__builtin_mul_overflow(values, size, &values) || values > INT32_MAX))
            return bad(r, "a tensor is impossibly large");
        tensor.ne[i] = size;
    }
    if (code == KOL_OK)
        code = take(r, name, name_len);
    if (code == KOL_OK && memchr(name, '\0', name_len))
        return bad(r, "the name of a tensor is no text");
    tensor.at = r->at;
    if (code == KOL_OK)
        code = skip(r, values / w->values * w->bytes);
    if (code != KOL_OK || !r->visitor)
        return code;
    tensor.type = type;
    tensor.values = values;
    tensor.block_values = w->values;
    tensor.block_bytes = w->bytes;
    return r->visitor->tensor(r->visitor->user, &tensor, r->err);
}

static enum kol_code read_tensors(struct reader *r, int *ret_count)
{
    enum kol_code code = KOL_OK;

    *ret_count = 0;
    while (code == KOL_OK && r->at < r->size) {
        code = read_tensor(r);
        *ret_count += code == KOL_OK;
    }
    return code;
}

/* ---- Whisper ---- */

static enum kol_code read_filters_and_words(struct reader *r, struct kol_model_info *info)
{
    uint32_t mels, fft, words, len;
    char token[TOKEN_MOST];
    enum kol_code code = take_number(r, 80, 128, "the mel filters are odd", &mels);

    if (code == KOL_OK)
        code = take_number(r, KOL_MODEL_BINS, KOL_MODEL_BINS, "the mel filters are odd", &fft);
    if (code == KOL_OK && (int)mels != info->mels)
        return bad(r, "it has filters for another number of mel bands");
    info->filters_at = r->at;
    if (code == KOL_OK)
        code = skip(r, 4LL * mels * fft);
    if (code == KOL_OK)
        code = take_number(r, 1, (uint32_t)info->vocab, "the vocabulary has an odd size", &words);
    for (uint32_t i = 0; code == KOL_OK && i < words; i++) {
        code = take_number(r, 0, TOKEN_MOST, "a word of the vocabulary is too long", &len);
        if (code == KOL_OK)
            code = take(r, token, len);
        if (code == KOL_OK && r->visitor)
            code = r->visitor->word(r->visitor->user, token, len, r->err);
    }
    return code;
}

static const char *weights_name(uint32_t ftype)
{
    for (size_t i = 0; i < KOL_COUNT(weights_known); i++)
        if (weights_known[i].ftype == ftype % QUANT_FACTOR)
            return weights_known[i].name;
    return NULL;
}

/* Whisper's own sizes, with room for others' models; what whisper.cpp divides by is never 0. */
static enum kol_code read_sizes(struct reader *r, struct kol_model_info *info)
{
    const struct {
        int *to;
        uint32_t least, most;
        const char *what;
    } fields[] = {
        {&info->audio_ctx, 1500, 1500, "the audio context is not 1500"},
        {&info->audio_state, 32, 2048, "the width of the encoder is odd"},
        {&info->audio_heads, 1, 64, "the number of heads is odd"},
        {&info->audio_layers, 1, 64, "the number of layers is odd"},
        {&info->text_ctx, 448, 448, "the text context is not 448"},
        {&info->text_state, 32, 2048, "the width of the decoder is odd"},
        {&info->text_heads, 1, 64, "the number of heads is odd"},
        {&info->text_layers, 1, 64, "the number of layers is odd"},
        {&info->mels, 80, 128, "the number of mel bands is neither 80 nor 128"},
    };
    uint32_t value, width = 0;

    for (size_t i = 0; i < KOL_COUNT(fields); i++) {
        enum kol_code code =
            take_number(r, fields[i].least, fields[i].most, fields[i].what, &value);

        if (code != KOL_OK)
            return code;
        *fields[i].to = (int)value;
        if ((fields[i].to == &info->audio_heads || fields[i].to == &info->text_heads) &&
            width % value != 0)
            return bad(r, "the heads do not divide the width");
        width = value;
    }
    enum kol_code code = take_number(r, 0, 10 * QUANT_FACTOR, "the type of weights is odd", &value);
    info->weights = code == KOL_OK ? weights_name(value) : NULL;
    if (code == KOL_OK && (!info->weights || info->audio_state != info->text_state))
        return bad(r, "the type of weights or the width is unknown");
    return code;
}

static enum kol_code read_whisper(struct reader *r, uint32_t vocab, struct kol_model_info *info)
{
    info->kind = KOL_MODEL_WHISPER;
    info->vocab = (int)vocab;
    enum kol_code code = read_sizes(r, info);

    if (code == KOL_OK)
        code = read_filters_and_words(r, info);
    if (code == KOL_OK)
        code = read_tensors(r, &info->tensor_count);
    /* The layers' own tensors: 15 in each of the encoder, 24 in each of the decoder. */
    const int wanted = 15 * info->audio_layers + 24 * info->text_layers + 11;
    if (code == KOL_OK && info->tensor_count != 0 && info->tensor_count != wanted)
        return bad(r, "tensors are missing or too many");
    return code;
}

/* ---- Silero ---- */

static enum kol_code read_vad(struct reader *r, struct kol_model_info *info)
{
    static const struct {
        uint32_t least, most;
    } head[] = {{1, 99}, {0, 99}, {0, 99}, {512, 512}, {64, 64}};
    char name[VAD_NAME_LEN];
    uint32_t value, layers = 0;
    enum kol_code code = take(r, name, sizeof(name));

    info->kind = KOL_MODEL_VAD;
    info->weights = "f16";
    if (code == KOL_OK && memcmp(name, "silero-16k", VAD_NAME_LEN) != 0)
        return bad(r, "it has the length of a Silero model's name, but not the name");
    for (size_t i = 0; i < KOL_COUNT(head) && code == KOL_OK; i++)
        code = take_number(r, head[i].least, head[i].most, "the speech detector's head is odd",
                           &value);
    if (code == KOL_OK)
        code = take_number(r, 4, 4, "the speech detector has not 4 layers", &layers);
    for (uint32_t i = 0; i < 3 * layers + 4 && code == KOL_OK; i++)
        code = take_number(r, 1, 1024, "the speech detector has an odd layer", &value);
    return code == KOL_OK ? read_tensors(r, &info->tensor_count) : code;
}

/* ---- the whole ---- */

bool kol_model_looks_right(const void *head, size_t len)
{
    static const uint8_t magic[MAGIC_BYTES] = {'l', 'm', 'g', 'g'};

    return len >= MAGIC_BYTES && memcmp(head, magic, MAGIC_BYTES) == 0;
}

enum kol_code kol_model_walk(FILE *file, const char *path, const struct kol_model_visitor *visitor,
                             struct kol_model_info *ret, struct kol_err *err)
{
    struct kol_model_info info = {0};
    struct reader r = {.file = file, .path = path, .visitor = visitor, .err = err};
    struct stat st;
    uint32_t magic, vocab = 0;

    if (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode))
        return kol_fail(err, KOL_BAD_INPUT, "%s is no file", path);
    info.bytes = r.size = st.st_size;
    enum kol_code code = take_number(&r, MAGIC, MAGIC, "it does not begin like one", &magic);
    if (code == KOL_OK)
        code = take_number(&r, VAD_NAME_LEN, 1 << 20, "the vocabulary has an odd size", &vocab);
    if (code == KOL_OK)
        code = vocab == VAD_NAME_LEN ? read_vad(&r, &info) : read_whisper(&r, vocab, &info);
    if (code == KOL_OK)
        *ret = info;
    return code;
}

enum kol_code kol_model_open(const char *path, FILE **ret, struct kol_err *err)
{
    *ret = fopen(path, "rbe");
    if (!*ret)
        return kol_fail(err, errno == ENOENT || errno == ENOTDIR ? KOL_NOT_FOUND : KOL_IO,
                        "open %s: %s", path, strerror(errno));
    return KOL_OK;
}

enum kol_code kol_model_probe(const char *path, struct kol_model_info *ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_close_file) FILE *file = NULL;
    enum kol_code code = kol_model_open(path, &file, err);

    return code == KOL_OK ? kol_model_walk(file, path, NULL, ret, err) : code;
}

/* ---- memory ---- */

/* As whisper.cpp 1.8.5 allocates and touches: keys and values, and the buffers of its four graphs.
 */
static int64_t session_bytes(const struct kol_model_info *info)
{
    const int64_t width = info->text_state, kept = 4 * width; /* a key and a value, f16 */
    const int64_t self = info->text_layers * kept * 512, cross = info->text_layers * kept * 1536;
    const int64_t graphs = 72000 * width + 8000000, logits = 128LL * info->vocab * 4;

    return self + cross + kept * 1536 + graphs + logits;
}

/* The encoder and what the decoder makes of its result: bf16; the decoder: 34 bytes for 32. Reading
 * takes the token embedding as floats, once, before all else is there. */
static int64_t native_bytes(const struct kol_model_info *info)
{
    const int64_t width = info->text_state, square = width * width;
    const int64_t encoder = 12 * square * info->audio_layers + 4 * square;
    const int64_t decoder = 14 * square * info->text_layers + width * info->vocab;
    const int64_t weights =
        2 * (encoder + 2 * square * info->text_layers) + decoder * 34 / 32 + 4000000;
    const int64_t reading = 4 * width * info->vocab + width * info->vocab * 34 / 32;

    return weights > reading ? weights : reading;
}

/* Keys and values of a window, bf16; those of two lines, float; rows of a window, some 20 wide. */
static int64_t native_session_bytes(const struct kol_model_info *info)
{
    const int64_t width = info->text_state;
    const int64_t cross = info->text_layers * width * 2 * 1536 * 2;
    const int64_t self = info->text_layers * width * 2 * 2 * 448 * 4;

    return cross + self + width * 1500 * 4 * 20 + 10LL * info->vocab * 4 + 8000000;
}

int64_t kol_model_memory(const struct kol_model_info *info, int threads, bool native)
{
    if (native)
        return native_bytes(info) + threads * native_session_bytes(info) + 30000000;
    return info->bytes + threads * session_bytes(info) + 20000000;
}

enum kol_code kol_model_fits(const struct kol_model_info *info, const char *name, int threads,
                             bool native, struct kol_err *err)
{
    struct kol_memory memory;

    if (!kol_memory_read(&memory))
        return KOL_OK; /* nobody knows: the kernel will tell */
    const int64_t needed = kol_model_memory(info, threads, native);
    if (needed <= memory.available_bytes)
        return KOL_OK;
    return kol_fail(
        err, KOL_NO_MEMORY,
        "model %s needs about %lld MB with %d thread%s, and %lld MB are available (%s): "
        "take a smaller model, or one of type q5_0",
        name, (long long)(needed / 1000000), threads, threads == 1 ? "" : "s",
        (long long)(memory.available_bytes / 1000000), memory.limited_by);
}
