/* fuzz_media.c - any bytes have a kind; text never is audio. */
#include "base/media.h"
#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum kol_media media = kol_media_sniff(data, size);
    const char *guess = kol_media_guess(data, size);

    assert(media < KOL_MEDIA_COUNT && kol_media_ext(media) && kol_media_content_type(media));
    assert(guess && *guess);
    if (strcmp(guess, "JSON text") == 0 || strcmp(guess, "an HTML page") == 0)
        assert(media == KOL_MEDIA_UNKNOWN);
    return 0;
}
