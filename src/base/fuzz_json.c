/* fuzz_json.c - what is parsed can be printed and parsed again to the same text. */
#include "base/json.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kol_err err = {0};
    KOL_JSON j = NULL;
    KOL_JSON again = NULL;
    KOL_ARENA a = kol_arena_new(0);

    if (kol_json_parse((const char *)data, size, &j, &err) != KOL_OK) {
        assert(err.code == KOL_BAD_INPUT && err.msg[0]);
        return 0;
    }
    const char *text = kol_json_text(a, j);
    assert(text && kol_json_parse(text, strlen(text), &again, &err) == KOL_OK);
    assert(strcmp(text, kol_json_text(a, again)) == 0);
    return 0;
}
