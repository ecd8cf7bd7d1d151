/* fuzz_utf8.c - counting, checking and clipping agree with each other; base64 comes back. */
#include "base/crypto.h"
#include "base/str.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_base64(const char *text)
{
    size_t len = strlen(text);
    uint8_t *bytes = malloc(len + 1);
    char *again = malloc(len + 1);
    if (!bytes || !again)
        abort();

    long n = kol_base64_decode(text, bytes, len);
    if (n >= 0) { /* one text for each value: what decodes is what the encoder makes */
        kol_base64(bytes, (size_t)n, again);
        assert(strcmp(again, text) == 0);
    }
    free(bytes);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = strndup((const char *)data, size);
    if (!s)
        abort();
    size_t len = strlen(s);
    bool valid = kol_utf8_valid(s, len);

    assert(kol_utf8_count(s) <= len);
    for (size_t max = 0; max <= len && max < 64; max++) {
        size_t clip = kol_utf8_clip(s, max);
        assert(clip <= max && (!valid || (max - clip < 4 && kol_utf8_valid(s, clip))));
    }
    assert(!valid || kol_utf8_clip(s, len) == len);
    check_base64(s);
    free(s);
    return 0;
}
