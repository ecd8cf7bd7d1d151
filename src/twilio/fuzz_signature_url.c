/* Any text as URL and target: the forms with and without a port stay the same URL otherwise. */
#include "base/str.h"
#include "twilio/signature.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const tokens[] = {"token"};
    KOL_ARENA a = kol_arena_new(1 << 20);
    const char *url = kol_arena_strn(a, (const char *)data, size), *public_url = NULL;
    KOL_STR with, without, again;
    struct kol_err err;

    if (!url)
        return 0;
    kol_str_init(&with, size + 8);
    kol_str_init(&without, size + 8);
    kol_str_init(&again, size + 16);
    if (kol_signed_url_with_port(url, &with) && kol_signed_url_without_port(url, &without)) {
        if (!kol_signed_url_without_port(with.data, &again) || !kol_streq(again.data, without.data))
            abort();
    }

    struct kol_signed_request r = {.url = url, .body = "x", .body_len = 1, .signature = "AAAA"};
    if (kol_signature_check(&r, tokens, 1) == KOL_SIGNATURE_OK)
        abort();
    if (kol_public_url(a, "https://h.example", url, &public_url, &err) == KOL_OK &&
        strchr(public_url, '#'))
        abort();
    return 0;
}
