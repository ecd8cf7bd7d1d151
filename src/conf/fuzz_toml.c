/* fuzz_toml.c - any text is read or refused with file and line; keys are unique. */
#include "base/str.h"
#include "conf/toml.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err = {0};
    struct kol_toml toml = {0};

    if (kol_toml_parse(a, "f", (const char *)data, size, &toml, &err) != KOL_OK) {
        assert(err.code == KOL_BAD_CONFIG && kol_starts_with(err.msg, "f:"));
        return 0;
    }
    for (size_t i = 1; i < toml.count; i++)
        assert(!kol_streq(toml.entries[i].key, toml.entries[i - 1].key));
    return 0;
}
