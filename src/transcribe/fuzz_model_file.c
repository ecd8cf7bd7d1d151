/* fuzz_model_file.c - any bytes as a model file: refused or read, never believed. */
#include "transcribe/model_file.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
        assert(info.weights && kol_model_memory(&info, 2) > info.bytes);
    close(fd);
    return 0;
}
