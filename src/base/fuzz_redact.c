/* fuzz_redact.c - any bytes: valid text comes out, and only what was found is taken out. */
#include "base/redact.h"
#include "base/str.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned what = KOL_REDACT_CARD | KOL_REDACT_PHONE | KOL_REDACT_EMAIL;
    const char *out = NULL;
    size_t count;
    KOL_ARENA a = kol_arena_new(0);
    char *text = kol_arena_strn(a, (const char *)data, size);
    if (!text || kol_redact_text(a, text, what, &out, &count, NULL) != KOL_OK)
        abort();
    assert(kol_utf8_valid(out, strlen(out)));
    assert(count > 0 || strcmp(out, text) == 0 || !kol_utf8_valid(text, strlen(text)));
    return 0;
}
