/* fuzz_callback_url.c - any request target: a token is found once or not at all, and never fits by
 * chance. */
#include "base/str.h"
#include "intake/callback_url.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char account[] = "AC00000000000000000000000000000001";
    KOL_ARENA a = kol_arena_new(1 << 20);
    char *target = kol_arena_strn(a, (const char *)data, size);
    const char *token = NULL;
    char right[KOL_CALLBACK_TOKEN];
    size_t len = 0;
    int64_t id = 0;

    if (!target || kol_callback_token_find(target, &token, &len, NULL) != KOL_OK || !token)
        return 0;
    if (token < target || token + len > target + strlen(target))
        abort();
    if (kol_callback_token_read("secret", token, len, account, &id, NULL) == KOL_OK) {
        kol_callback_token("secret", id, account, right);
        if (len != strlen(right) || memcmp(token, right, len) != 0)
            abort();
    }
    return 0;
}
