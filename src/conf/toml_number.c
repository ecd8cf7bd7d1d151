/* toml_number.c - see toml_number.h. */
#include "conf/toml_number.h"
#include "base/str.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Copies a number's digits without its underscores, which must stand between digits. */
static bool copy_digits(const char *from, size_t len, char *to)
{
    for (size_t i = 0; i < len; i++) {
        if (from[i] != '_') {
            *to++ = from[i];
            continue;
        }
        bool before = i > 0 && strchr("0123456789abcdefABCDEF", from[i - 1]);
        bool after = i + 1 < len && strchr("0123456789abcdefABCDEF", from[i + 1]);
        if (!before || !after)
            return false;
    }
    *to = '\0';
    return true;
}

/* 0x, 0o, 0b or decimal without leading zeros. */
static bool parse_int(const char *s, int64_t *ret)
{
    static const char prefixes[] = "xob";
    static const int bases[] = {16, 8, 2};
    const char *kind = s[0] == '0' && s[1] ? strchr(prefixes, s[1]) : NULL;
    char *end = NULL;

    if (!kind) {
        const char *digits = s + (*s == '-' || *s == '+');
        return (digits[0] != '0' || !digits[1]) && kol_parse_i64(s, ret);
    }
    if (!strchr("0123456789abcdefABCDEF", s[2]) || !s[2])
        return false;
    errno = 0;
    *ret = strtoll(s + 2, &end, bases[kind - prefixes]);
    return *end == '\0' && errno == 0;
}

static size_t skip_digits(const char *s)
{
    return strspn(s, "0123456789");
}

static bool parse_float(const char *s, double *ret)
{
    const char *p = s + (*s == '-' || *s == '+');
    double sign = *s == '-' ? -1 : 1;

    if (kol_streq(p, "inf") || kol_streq(p, "nan")) {
        *ret = sign * (*p == 'i' ? __builtin_inf() : __builtin_nan(""));
        return true;
    }
    size_t whole = skip_digits(p);
    if (whole == 0 || (whole > 1 && *p == '0'))
        return false;
    p += whole;
    if (*p == '.') {
        size_t part = skip_digits(++p);
        if (part == 0)
            return false;
        p += part;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '-' || *p == '+';
        size_t exponent = skip_digits(p);
        if (exponent == 0)
            return false;
        p += exponent;
    }
    *ret = strtod(s, NULL); /* the process never leaves the C locale */
    return *p == '\0';
}

bool kol_toml_number(const char *word, struct kol_toml_value *ret)
{
    char number[64] = "";
    size_t len = strlen(word);

    if (len == 0 || len >= sizeof number || !copy_digits(word, len, number))
        return false;
    if (parse_int(number, &ret->integer)) {
        ret->type = KOL_TOML_INT;
        return true;
    }
    if (parse_float(number, &ret->real)) {
        ret->type = KOL_TOML_FLOAT;
        return true;
    }
    return false;
}
