/*
 * phone_form.c - see phone_form.h.
 */
#include "base/phone_form.h"
#include "base/str.h"
#include <string.h>

/* In begins "[…]" is one of these digits; in layout "x" is a digit, "_" a no-break space. The first
 * row that fits counts. */
static const struct {
    bool international;
    const char *begins;
    const char *layout;
} forms[] = {
    /* Israel: mobile, voice over IP, regions, free and shared-cost numbers */
    {false, "05", "xxx-xxx-xxxx"},
    {false, "07[2-9]", "xxx-xxx-xxxx"},
    {false, "0[23489]", "xx-xxx-xxxx"},
    {false, "1[5789]", "x-xxx-xxx-xxx"},
    {false, "009725", "xxxxx-xx-xxx-xxxx"},
    {true, "972[57]", "+xxx-xx-xxx-xxxx"},
    {true, "972[23489]", "+xxx-x-xxx-xxxx"},
    /* United Kingdom */
    {false, "07[1-9]", "xxxxx_xxxxxx"},
    {false, "02[03489]", "xxx_xxxx_xxxx"},
    {false, "011[3-8]", "xxxx_xxx_xxxx"},
    {false, "01[2-69]1", "xxxx_xxx_xxxx"},
    {false, "01[2-9]", "xxxxx_xxxxxx"},
    {false, "0[38]0", "xxxx_xxx_xxxx"},
    {true, "44[1-9]", "+xx-xxxx-xxxxxx"},
    /* North America */
    {false, "[2-9]", "xxx-xxx-xxxx"},
    {false, "1[2-9]", "x-xxx-xxx-xxxx"},
    {true, "1[2-9]", "+x-xxx-xxx-xxxx"},
};

/* Whether c is in "2-9]" or "23489]"; *at moves behind it. */
static bool in_class(const char **at, char c)
{
    const char *p = *at;
    bool found = false;

    for (; *p != ']'; p++) {
        found |= *p == c || (p[1] == '-' && c >= p[0] && c <= p[2]);
        p += p[1] == '-' ? 2 : 0;
    }
    *at = p + 1;
    return found;
}

static bool begins_with(const char *digits, const char *begins)
{
    for (; *begins; digits++) {
        bool same = *begins == *digits;

        if (*begins++ == '[')
            same = in_class(&begins, *digits);
        if (!same)
            return false;
    }
    return true;
}

static size_t digits_of(const char *layout)
{
    size_t n = 0;

    for (; *layout; layout++)
        n += *layout == 'x';
    return n;
}

static void lay_out(const char *digits, const char *layout, char ret[static KOL_PHONE_FORM_SIZE])
{
    for (; *layout; layout++) {
        if (*layout == '_')
            *ret++ = '\xc2'; /* U+00A0 */
        *ret++ = (char)(*layout == 'x' ? *digits++ : *layout == '_' ? '\xa0' : *layout);
    }
    *ret = '\0';
}

bool kol_phone_form(const char *digits, bool international, char ret[static KOL_PHONE_FORM_SIZE])
{
    const size_t n = strlen(digits);

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].international == international && digits_of(forms[i].layout) == n &&
            begins_with(digits, forms[i].begins)) {
            lay_out(digits, forms[i].layout, ret);
            return true;
        }
    return false;
}
