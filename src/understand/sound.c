/*
 * sound.c - weighted edit distance over letters that are mistaken for each other.
 */
#include "understand/sound.h"
#include <stdint.h>
#include <string.h>
#include <unistr.h>

#define MAX_LETTERS 40
#define TOO_FAR 2.0 /* no caller takes words further apart than half of it */

/* Letters of a word as small numbers: Hebrew 0…26, Latin 32…57. 0 when something else is in it. */
static size_t letters(const char *word, uint8_t *ret)
{
    size_t n = 0;
    for (const uint8_t *p = (const uint8_t *)word; *p && n < MAX_LETTERS;) {
        ucs4_t c;
        int len = u8_mbtouc(&c, p, strlen((const char *)p));
        if (len <= 0)
            return 0;
        p += len;
        if (c >= 0x05d0 && c <= 0x05ea)
            ret[n++] = (uint8_t)(c - 0x05d0);
        else if (c >= 'a' && c <= 'z')
            ret[n++] = (uint8_t)(c - 'a' + 32);
        else
            return 0;
        if ((ret[n - 1] < 32) != (ret[0] < 32)) /* no word has letters of both scripts */
            return 0;
    }
    return n;
}

/* Sounds as classes; letters of one class are easily confused. Index: letter - alef. */
static char hebrew_class(uint8_t letter)
{
    static const char classes[] = "aVgdaVzKTyKKlmmnnSapPccKrST";
    /*                             אבגדהוזחטיךכלםמןנסעףפץצקרשת */
    return letter < 27 ? classes[letter] : 0;
}

static bool hebrew_carries_vowel(uint8_t letter)
{
    return letter == 0 || letter == 4 || letter == 5 || letter == 9 || letter == 18; /* אהויע */
}

static bool latin_vowel(uint8_t letter)
{
    return letter >= 32 && (0x1104111u >> (letter - 32) & 1); /* a e i o u y */
}

static char latin_class(uint8_t letter)
{
    static const char classes[] = "aVSdafgHayKlmnaVKrStaVVKaS";
    /*                             abcdefghijklmnopqrstuvwxyz */
    return classes[letter - 32];
}

static double drop_cost(uint8_t letter)
{
    if (letter < 32)
        return hebrew_carries_vowel(letter) ? 0.25 : 1.0;
    if (latin_vowel(letter))
        return 0.4;
    return letter == 32 + 'h' - 'a' ? 0.3 : 1.0;
}

static double swap_cost(uint8_t a, uint8_t b)
{
    if (a == b)
        return 0;
    if (a >= 32)
        return latin_class(a) == latin_class(b) ? 0.3 : 1.0;
    if (hebrew_class(a) == hebrew_class(b))
        return 0.2;
    /* ה for ח and for ע are the commonest of all; א and י, ו swap as carriers of vowels. */
    if ((a == 4 && b == 7) || (a == 7 && b == 4))
        return 0.3;
    /* ד is said as ט at the end of a word, ג as ק */
    if ((a == 3 && (b == 8 || b == 26)) || (b == 3 && (a == 8 || a == 26)) || (a == 2 && b == 23) ||
        (b == 2 && a == 23))
        return 0.45;
    bool i_or_u = (a == 9 && b == 5) || (a == 5 && b == 9); /* another vowel altogether */
    return i_or_u ? 0.6 : hebrew_carries_vowel(a) && hebrew_carries_vowel(b) ? 0.35 : 1.0;
}

double kol_sound_distance(const char *a, const char *b)
{
    uint8_t la[MAX_LETTERS], lb[MAX_LETTERS];
    size_t na = letters(a, la), nb = letters(b, lb);
    if (na == 0 || nb == 0 || (la[0] < 32) != (lb[0] < 32))
        return KOL_SOUND_FAR;

    double row[MAX_LETTERS + 1];
    row[0] = 0;
    for (size_t j = 1; j <= nb; j++)
        row[j] = row[j - 1] + drop_cost(lb[j - 1]);
    for (size_t i = 1; i <= na; i++) {
        double diagonal = row[0], least;
        least = row[0] += drop_cost(la[i - 1]);
        for (size_t j = 1; j <= nb; j++) {
            double best = diagonal + swap_cost(la[i - 1], lb[j - 1]);
            double drop_a = row[j] + drop_cost(la[i - 1]);
            double drop_b = row[j - 1] + drop_cost(lb[j - 1]);
            diagonal = row[j];
            best = drop_a < best ? drop_a : best;
            row[j] = drop_b < best ? drop_b : best;
            least = row[j] < least ? row[j] : least;
        }
        if (least > TOO_FAR)
            return KOL_SOUND_FAR;
    }
    return row[nb];
}

size_t kol_sound_key(const char *word, char *ret, size_t size)
{
    size_t n = 0;
    for (const char *p = word; *p && n + 1 < size; p++) {
        if (*p < 'a' || *p > 'z')
            return 0;
        char c;
        if (p[0] == 'p' && p[1] == 'h') {
            c = 'F';
            p++;
        } else if (strchr("aeiouy", *p)) {
            c = 'V';
        } else if (strchr("ckq", *p)) {
            c = 'K';
        } else if (strchr("szx", *p)) {
            c = 'S';
        } else if (strchr("vw", *p)) {
            c = 'W';
        } else {
            c = (char)(*p - 'a' + 'A');
        }
        if (n == 0 || ret[n - 1] != c)
            ret[n++] = c;
    }
    ret[n] = 0;
    return n;
}
