/* fuzz_credentials.c - headers that say who somebody is, and links. */
#include "serve/credentials.h"
#include "serve/serve.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char sid[] = "CA00000000000000000000000000000001";
    char *text = malloc(size + 1);
    char small[8], large[64];

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';

    if (kol_bearer_read(text, small, sizeof small) && strlen(small) >= sizeof small)
        abort();
    if (kol_cookie_read(text, "kol_session", large, sizeof large) && strlen(large) >= sizeof large)
        abort();
    if (kol_origin_len(text) > strlen(text))
        abort();
    const struct kol_provenance from = {.origin = text, .host = text, .public_url = text};
    (void)kol_csrf_ok(&from);
    (void)kol_key_well_formed(text);
    if (kol_local_path(text) && (text[0] != '/' || text[1] == '/'))
        abort();
    if (kol_link_check("secret", 1, sid, "1000", text, 0) == KOL_LINK_GOOD && strlen(text) != 43)
        abort();
    (void)kol_link_check("secret", 1, sid, text, text, 0);
    free(text);
    return 0;
}
