#include "transcribe/native_file.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "transcribe/model_file.h"
#include <errno.h>
#include <ggml.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_VALUES = 1 << 16 /* read and turned into floats at once; divides by every block */ };

struct word {
    const char *bytes;
    size_t len;
};

struct kol_native_file {
    struct kol_native_hparams hparams;
    FILE *file;
    char *path;
    float *filters;
    struct kol_arena *arena; /* holds words' bytes and tensors' names */
    struct word *words;
    struct kol_model_tensor *tensors;
    size_t word_count, word_room, tensor_count, tensor_room;
};

/* ---- what the walk tells ---- */

/* Room for one more item; the list moves. */
static void *one_more(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    const size_t more = *room ? *room * 2 : 64;
    void *bigger = reallocarray(list, more, size);
    if (bigger)
        *room = more;
    return bigger;
}

static enum kol_code keep_word(void *user, const char *bytes, size_t len, struct kol_err *err)
{
    struct kol_native_file *f = user;
    struct word *words = one_more(f->words, f->word_count, &f->word_room, sizeof(*words));

    if (!words)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", f->path);
    f->words = words;
    const char *kept = kol_arena_strn(f->arena, bytes, len);
    if (!kept)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", f->path);
    words[f->word_count++] = (struct word){kept, len};
    return KOL_OK;
}

static enum kol_code keep_tensor(void *user, const struct kol_model_tensor *tensor,
                                 struct kol_err *err)
{
    struct kol_native_file *f = user;
    struct kol_model_tensor *tensors =
        one_more(f->tensors, f->tensor_count, &f->tensor_room, sizeof(*tensors));

    if (!tensors)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", f->path);
    f->tensors = tensors;
    tensors[f->tensor_count] = *tensor;
    tensors[f->tensor_count].name = kol_arena_str(f->arena, tensor->name);
    if (!tensors[f->tensor_count].name)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", f->path);
    f->tensor_count++;
    return KOL_OK;
}

/* ---- open and close ---- */

void kol_native_file_close(struct kol_native_file *f)
{
    if (!f)
        return;
    kol_close_file(&f->file);
    kol_arena_free(f->arena);
    free(f->filters);
    free(f->words);
    free(f->tensors);
    free(f->path);
    free(f);
}

KOL_DEFINE_CLEANUP(kol_native_file, kol_native_file_close)

static enum kol_code read_at(const struct kol_native_file *f, int64_t at, void *to, size_t bytes,
                             struct kol_err *err)
{
    for (size_t done = 0; done < bytes;) {
        const ssize_t n = pread(fileno(f->file), (char *)to + done, bytes - done, at + (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return kol_fail(err, KOL_IO, "read %s: %s", f->path,
                            n < 0 ? strerror(errno) : "it became shorter");
        done += (size_t)n;
    }
    return KOL_OK;
}

static enum kol_code read_all(struct kol_native_file *f, struct kol_err *err)
{
    const struct kol_model_visitor visitor = {f, keep_word, keep_tensor};
    struct kol_model_info info;
    enum kol_code code = kol_model_walk(f->file, f->path, &visitor, &info, err);

    if (code != KOL_OK)
        return code;
    if (info.kind != KOL_MODEL_WHISPER || info.tensor_count == 0)
        return kol_fail(err, KOL_BAD_INPUT, "%s is no Whisper model with weights", f->path);
    f->hparams = (struct kol_native_hparams){
        info.vocab,    info.audio_ctx,  info.audio_state, info.audio_heads, info.audio_layers,
        info.text_ctx, info.text_state, info.text_heads,  info.text_layers, info.mels,
    };
    const size_t count = (size_t)info.mels * KOL_MODEL_BINS;
    f->filters = calloc(count, sizeof(float));
    if (!f->filters)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", f->path);
    return read_at(f, info.filters_at, f->filters, count * sizeof(float), err);
}

enum kol_code kol_native_file_open(const char *path, struct kol_native_file **ret,
                                   struct kol_err *err)
{
    KOL_CLEANUP(kol_native_file_cleanup) struct kol_native_file *f = calloc(1, sizeof(*f));

    if (f) {
        f->path = strdup(path);
        f->arena = kol_arena_new(0);
    }
    if (!f || !f->path || !f->arena)
        return kol_fail(err, KOL_NO_MEMORY, "open %s: out of memory", path);
    enum kol_code code = kol_model_open(path, &f->file, err);
    if (code == KOL_OK)
        code = read_all(f, err);
    if (code != KOL_OK)
        return code;
    *ret = f;
    f = NULL;
    return KOL_OK;
}

/* ---- what is asked ---- */

const struct kol_native_hparams *kol_native_file_hparams(const struct kol_native_file *f)
{
    return &f->hparams;
}

const float *kol_native_file_filters(const struct kol_native_file *f, int *ret_bins)
{
    *ret_bins = KOL_MODEL_BINS;
    return f->filters;
}

int kol_native_file_token_count(const struct kol_native_file *f)
{
    return (int)f->word_count;
}

size_t kol_native_file_token(const struct kol_native_file *f, int id, const char **ret)
{
    const bool there = id >= 0 && (size_t)id < f->word_count;

    *ret = there ? f->words[id].bytes : "";
    return there ? f->words[id].len : 0;
}

static const struct kol_model_tensor *find(const struct kol_native_file *f, const char *name)
{
    for (size_t i = 0; i < f->tensor_count; i++)
        if (strcmp(f->tensors[i].name, name) == 0)
            return &f->tensors[i];
    return NULL;
}

/* Piece by piece, so that what is read beside the floats stays small. */
static enum kol_code read_pieces(const struct kol_native_file *f, const struct kol_model_tensor *t,
                                 ggml_to_float_t to_float, float *ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *raw = malloc((size_t)PIECE_VALUES * sizeof(float));

    if (!raw)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", f->path);
    for (int64_t done = 0; done < t->values;) {
        const int64_t left = t->values - done, n = left < PIECE_VALUES ? left : PIECE_VALUES;
        enum kol_code code = read_at(f, t->at + done / t->block_values * t->block_bytes, raw,
                                     (size_t)(n / t->block_values * t->block_bytes), err);

        if (code != KOL_OK)
            return code;
        to_float(raw, ret + done, n);
        done += n;
    }
    return KOL_OK;
}

enum kol_code kol_native_file_read(const struct kol_native_file *f, const char *name,
                                   const int64_t ne[4], float *ret, struct kol_err *err)
{
    const struct kol_model_tensor *t = find(f, name);

    if (!t)
        return kol_fail(err, KOL_BAD_INPUT, "%s has no tensor %s", f->path, name);
    if (memcmp(t->ne, ne, sizeof(t->ne)) != 0)
        return kol_fail(err, KOL_BAD_INPUT,
                        "%s: tensor %s is %lld x %lld x %lld x %lld, expected %lld x %lld x %lld "
                        "x %lld",
                        f->path, name, (long long)t->ne[0], (long long)t->ne[1],
                        (long long)t->ne[2], (long long)t->ne[3], (long long)ne[0],
                        (long long)ne[1], (long long)ne[2], (long long)ne[3]);
    if (t->type == GGML_TYPE_F32)
        return read_at(f, t->at, ret, (size_t)t->values * sizeof(float), err);
    return read_pieces(f, t, ggml_get_type_traits((enum ggml_type)t->type)->to_float, ret, err);
}
