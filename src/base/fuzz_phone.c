/* fuzz_phone.c - the first byte chooses the country; a canonical number is its own canonical form.
 */
#include "base/ids.h"
#include "base/str.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const countries[] = {"972", "1", "39", ""};
    char once[KOL_PHONE_TEXT];
    char twice[KOL_PHONE_TEXT];

    if (size == 0)
        return 0;
    const char *country = countries[data[0] % 4];
    char *raw = strndup((const char *)data + 1, size - 1);
    if (!raw)
        abort();

    bool known = kol_phone_normalise(raw, country, once);
    assert(known == (once[0] != '\0'));
    bool e164 = once[0] == '+' && strspn(once + 1, "0123456789") == strlen(once + 1);
    if (e164 && kol_phone_normalise(once, country, twice))
        assert(strcmp(once, twice) == 0);
    free(raw);
    return 0;
}
