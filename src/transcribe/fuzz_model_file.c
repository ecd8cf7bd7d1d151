/* fuzz_model_file.c - any bytes as a model file: refused or read, never believed. */
#include "transcribe/model_file.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum kol_code see_word(void *user, const char *bytes, size_t len, struct kol_err *err)
{
    (void)err;
    assert(bytes && len <= *(const size_t *)user);
    return KOL_OK;
}

static enum kol_code see_tensor(void *user, const struct kol_model_tensor *t, struct kol_err *err)
{
    (void)err;
    assert(t->values == t->ne[0] * t->ne[1] * t->ne[2] * t->ne[3]);
    assert(t->values % t->block_values == 0 && t->name);
    assert(t->at + t->values / t->block_values * t->block_bytes <= *(const int64_t *)user);
    return KOL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct kol_model_info info;
    struct kol_err err;
    char path[64];

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    enum kol_code code = kol_model_probe(path, &info, &err);
    assert(code == KOL_OK || code == KOL_BAD_INPUT);
    if (code == KOL_OK && info.kind == KOL_MODEL_WHISPER)
        assert(info.weights && kol_model_memory(&info, 2, false) > info.bytes &&
               kol_model_memory(&info, 2, true) > 0);
    FILE *file = fdopen(fd, "r+");
    const struct kol_model_visitor visitor = {&size, see_word, see_tensor};
    assert(file && fseek(file, 0, SEEK_SET) == 0);
    assert(kol_model_walk(file, path, &visitor, &info, &err) == code);
    fclose(file);
    return 0;
}
