/*
 * clean.c - bytes of a transcript to clean text, and words to the form in which they are compared.
 */
#include "understand/text.h"
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* Direction overrides and isolates, zero-width marks: invisible, and used to fool readers. */
static bool is_invisible(ucs4_t c)
{
    return c == 0x00ad || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static ucs4_t plain_sign(ucs4_t c)
{
    switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x201b:
    case 0x02bc:
    case 0x05f3:
    case 0x00b4:
    case 0x0060:
        return '\'';
    case 0x201c:
    case 0x201d:
    case 0x201e:
    case 0x05f4:
        return '"';
    case 0x05be:
    case 0x2010:
    case 0x2011:
        return '-';
    case 0x00a0:
    case 0x2007:
    case 0x202f:
    case '\t':
        return ' ';
    case 0x2028:
    case 0x2029:
    case '\r':
        return '\n';
    }
    return c < 0x20 && c != '\n' ? ' ' : c;
}

char *kol_clean(struct kol_arena *a, const char *text, size_t len)
{
    /* A bad byte grows to the three bytes of U+FFFD. */
    char *out = kol_arena_array(a, len + 1, 3);
    if (!out)
        return NULL;
    uint8_t *to = (uint8_t *)out;
    const uint8_t *from = (const uint8_t *)text, *end = from + len;
    while (from < end) {
        ucs4_t c;
        int n = u8_mbtoucr(&c, from, (size_t)(end - from));
        if (n <= 0) {
            c = 0xfffd;
            n = 1;
        }
        from += n;
        if (is_invisible(c))
            continue;
        int written = u8_uctomb(to, plain_sign(c), 6);
        to += written > 0 ? written : 0;
    }
    *to = 0;
    return out;
}

bool kol_is_niqqud(uint32_t c)
{
    return c >= 0x0591 && c <= 0x05c7 && c != 0x05be && c != 0x05c0 && c != 0x05c3 && c != 0x05c6;
}

static ucs4_t inner_letter(ucs4_t c)
{
    switch (c) {
    case 0x05da:
        return 0x05db;
    case 0x05dd:
        return 0x05de;
    case 0x05df:
        return 0x05e0;
    case 0x05e3:
        return 0x05e4;
    case 0x05e5:
        return 0x05e6;
    }
    return c;
}

/* Accented Latin letters lose their accent; presentation forms of Hebrew letters come apart. */
static ucs4_t base_letter(ucs4_t c)
{
    ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
    for (int depth = 0; depth < 4 && c > 0x7f; depth++) {
        int n = uc_canonical_decomposition(c, parts);
        if (n <= 0)
            break;
        c = parts[0];
    }
    return c;
}

char *kol_fold(struct kol_arena *a, const char *word, size_t len)
{
    char *out = kol_arena_alloc(a, len * 2 + 1);
    if (!out)
        return NULL;
    uint8_t *to = (uint8_t *)out;
    const uint8_t *from = (const uint8_t *)word, *end = from + len;
    ucs4_t last = 0;
    while (from < end) {
        ucs4_t c;
        int n = u8_mbtoucr(&c, from, (size_t)(end - from));
        from += n > 0 ? n : 1;
        if (n <= 0 || kol_is_niqqud(c) || c == '\'')
            continue;
        c = inner_letter(uc_tolower(base_letter(c)));
        if (uc_is_general_category(c, UC_CATEGORY_Mn))
            continue;
        if (c == last && (c == 0x05d5 || c == 0x05d9)) /* full and defective spelling meet */
            continue;
        last = c;
        int written = u8_uctomb(to, c, (ptrdiff_t)(len * 2 - (size_t)(to - (uint8_t *)out)));
        to += written > 0 ? written : 0;
    }
    *to = 0;
    return out;
}
