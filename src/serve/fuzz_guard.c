/* fuzz_guard.c - header blocks: never both lengths let through, never a crash. */
#include "serve/guard.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct kol_guard *g)
{
    if (g->refused ? g->status < 400 : g->status != 0)
        abort();
    if (!g->refused && (g->hosts > 1 || g->lengths + g->encodings > 1))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct kol_guard g = {0};

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    (void)kol_guard_target(text);

    for (char *line = text, *end = text + size; line < end;) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((stop ? stop : end) - line);
        char *colon = memchr(line, ':', len);
        size_t name_len = colon ? (size_t)(colon - line) : len;
        size_t skip = colon ? name_len + 1 : len;
        kol_guard_header(&g, line, name_len, line + skip, len - skip);
        line += len + 1;
    }
    bool fine = kol_guard_finish(&g, size % 2 == 0);
    if (fine != !g.refused)
        abort();
    check(&g);
    free(text);
    return 0;
}
