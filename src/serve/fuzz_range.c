/* fuzz_range.c - whatever is asked for lies within the file. */
#include "serve/range.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t sizes[] = {0, 1, 100, 5000000, INT64_MAX};
    static const struct kol_validator file = {"\"abc\"", 784111777000};
    char *text = malloc(size + 1);
    uint64_t first, last;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (kol_range_parse(text, sizes[i], &first, &last) == KOL_RANGE_PART &&
            (first > last || last >= sizes[i]))
            abort();
    (void)kol_if_range_holds(text, &file);
    (void)kol_not_modified(text, NULL, &file);
    (void)kol_not_modified(NULL, text, &file);
    free(text);
    return 0;
}
