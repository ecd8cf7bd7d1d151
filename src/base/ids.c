/* ids.c - see ids.h. */
#include "base/ids.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include <string.h>

bool kol_sid_valid(const char *sid, const char *prefix)
{
    return sid && strlen(sid) == KOL_SID_LEN && strlen(prefix) == 2 &&
           kol_starts_with(sid, prefix) && strspn(sid + 2, "0123456789abcdef") == 32;
}

void kol_uuid7(char ret[static KOL_UUID_TEXT])
{
    uint64_t at_ms = (uint64_t)kol_wall_ms();
    uint8_t id[16];
    char hex[33];

    kol_random_bytes(id, sizeof id);
    for (int i = 0; i < 6; i++)
        id[i] = (uint8_t)(at_ms >> (40 - 8 * i));
    id[6] = (uint8_t)(0x70 | (id[6] & 0x0f)); /* version */
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f)); /* variant */
    kol_hex(id, sizeof id, hex);
    snprintf(ret, KOL_UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

/* ---- phone numbers ---- */

enum { MAX_RAW = 64, MAX_DIGITS = 15 }; /* E.164 */

static bool is_withheld(const char *s)
{
    static const char *const names[] = {
        "anonymous", "restricted", "blocked",    "unknown",   "unavailable",  "private",
        "withheld",  "null",       "+266696687", "266696687", "+7378742833",  "7378742833",
        "+2562533",  "2562533",    "+8656696",   "8656696",   "+86282452253", "86282452253",
    };

    if (!*s)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(s, names[i]) == 0)
            return true;
    return false;
}

/* Bytes of a character that only lays a number out: blanks, brackets, dashes, marks of direction.
 */
static size_t layout_step(const char *s, size_t left)
{
    static const char *const marks[] = {
        "\u00a0", "\u200b", "\u200e", "\u200f", "\u2010", "\u2011", "\u2012",
        "\u2013", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u202f",
        "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff",
    };

    if (strchr(" \t-.()/", *s) && *s)
        return 1;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strlen(marks[i]) <= left && kol_starts_with(s, marks[i]))
            return strlen(marks[i]);
    return 0;
}

/* Keeps "+", "*", "#" and digits. False when anything else is in it: then it is no number. */
static bool only_digits(const char *raw, char ret[static MAX_RAW])
{
    size_t n = 0;

    while (*raw) {
        size_t skip = layout_step(raw, strlen(raw));
        if (skip) {
            raw += skip;
            continue;
        }
        bool fits = strchr("0123456789", *raw) || (*raw == '+' && n == 0) || strchr("*#", *raw);
        if (!fits || n + 1 >= MAX_RAW)
            return false;
        ret[n++] = *raw++;
    }
    ret[n] = '\0';
    return n > 0;
}

/* Italy and San Marino keep the first 0 of a national number after the country code. */
static bool keeps_zero(const char *country)
{
    return kol_streq(country, "39") || kol_streq(country, "378");
}

/* The number after its country code, as it is dialled at home: "0501234567" -> "501234567". */
static const char *without_trunk_zero(const char *national, const char *country)
{
    return keeps_zero(country) ? national : national + strspn(national, "0");
}

/* Sets ret to "+" country national; false when that would be no E.164 number. */
static bool set_e164(const char *country, const char *national, char ret[static KOL_PHONE_TEXT])
{
    size_t code_len = strlen(country);
    size_t len = code_len + strlen(national);

    if (len < 7 || len > MAX_DIGITS || (!*country && *national == '0') ||
        strspn(national, "0123456789") != strlen(national))
        return false;
    ret[0] = '+';
    memcpy(ret + 1, country, code_len);
    memcpy(ret + 1 + code_len, national, len - code_len + 1);
    return true;
}

/* d: "+", then digits. */
static bool from_international(const char *d, const char *country, char ret[static KOL_PHONE_TEXT])
{
    if (*country && kol_starts_with(d + 1, country))
        return set_e164(country, without_trunk_zero(d + 1 + strlen(country), country), ret);
    return set_e164("", d + 1, ret);
}

/* d: digits as written at home, or with a country code whose "+" was lost on the way. */
static bool from_national(const char *d, const char *country, char ret[static KOL_PHONE_TEXT])
{
    size_t len = strlen(d);
    size_t code_len = strlen(country);

    if (!*country)
        return false;
    if (kol_streq(country, "1")) { /* North America: ten digits, and area codes from 2 on */
        if (len == 11 && *d == '1')
            d++, len--;
        return len == 10 && *d >= '2' && set_e164("1", d, ret);
    }
    if (*d == '0')
        return set_e164(country, without_trunk_zero(d, country), ret);
    return len >= code_len + 8 && kol_starts_with(d, country) &&
           set_e164(country, without_trunk_zero(d + code_len, country), ret);
}

/* What is no number keeps its text, without blanks around it, cut to size. */
static void keep_text(const char *s, char ret[static KOL_PHONE_TEXT])
{
    size_t len = kol_utf8_clip(s, KOL_PHONE_TEXT - 1);

    while (len && s[len - 1] == ' ')
        len--;
    memcpy(ret, s, len);
    ret[len] = '\0';
}

bool kol_phone_normalise(const char *raw, const char *default_country,
                         char ret[static KOL_PHONE_TEXT])
{
    char digits[MAX_RAW];
    const char *country = default_country ? default_country : "";

    ret[0] = '\0';
    if (!raw)
        return false;
    raw += strspn(raw, " \t");
    bool number = only_digits(raw, digits);
    keep_text(number ? digits : raw, ret); /* what stays of short codes, star codes, SIP names */
    if (is_withheld(ret)) {
        ret[0] = '\0';
        return false;
    }
    if (!number)
        return true;

    if (kol_starts_with(digits, "00")) {
        digits[1] = '+'; /* "0097250…" as dialled abroad */
        if (from_international(digits + 1, country, ret))
            return true;
        digits[1] = '0';
    }
    if (*digits == '+')
        (void)from_international(digits, country, ret);
    else
        (void)from_national(digits, country, ret);
    return true;
}
