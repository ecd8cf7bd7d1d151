#include "base/language.h"

#include "base/cleanup.h"
#include "base/str.h"
#include <ctype.h>
#include <string.h>

enum { CODE_MOST = 8 };

/* Source: the table of languages in whisper.cpp 1.8.5. */
static const char *const known[] = {
    "en", "zh", "de", "es",  "ru", "ko", "fr", "ja", "pt", "tr",  "pl", "ca", "nl", "ar", "sv",
    "it", "id", "hi", "fi",  "vi", "he", "uk", "el", "ms", "cs",  "ro", "da", "hu", "ta", "no",
    "th", "ur", "hr", "bg",  "lt", "la", "mi", "ml", "cy", "sk",  "te", "fa", "lv", "bn", "sr",
    "az", "sl", "kn", "et",  "mk", "br", "eu", "is", "hy", "ne",  "mn", "bs", "kk", "sq", "sw",
    "gl", "mr", "pa", "si",  "km", "sn", "yo", "so", "af", "oc",  "ka", "be", "tg", "sd", "gu",
    "am", "yi", "lo", "uz",  "fo", "ht", "ps", "tk", "nn", "mt",  "sa", "lb", "my", "bo", "tl",
    "mg", "as", "tt", "haw", "ln", "ha", "ba", "jw", "su", "yue",
};

const char *kol_language_canonical(const char *code)
{
    char text[CODE_MOST];
    size_t len = code ? strcspn(code, "-_") : 0;

    if (len < 2 || len >= sizeof text || strlen(code) > 12)
        return NULL;
    for (size_t i = 0; i < len; i++)
        text[i] = (char)tolower((unsigned char)code[i]);
    text[len] = '\0';
    if (kol_streq(text, "iw"))
        return "he";
    for (size_t i = 0; i < KOL_COUNT(known); i++)
        if (kol_streq(text, known[i]))
            return known[i];
    return NULL;
}

int kol_language_index(const char *code)
{
    for (size_t i = 0; i < KOL_COUNT(known); i++)
        if (kol_streq(code, known[i]))
            return (int)i;
    return -1;
}

bool kol_language_read(const char *text, const char *ret[KOL_LANGUAGES_MOST], size_t *ret_count)
{
    char code[2 * CODE_MOST];
    size_t count = 0;

    *ret_count = 0;
    if (kol_str_empty(text) || kol_streq(text, "auto"))
        return true;
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        at += strspn(at, " ");
        size_t len = strcspn(at, ", ");
        if (len >= sizeof code || count == KOL_LANGUAGES_MOST)
            return false;
        memcpy(code, at, len);
        code[len] = '\0';
        at += len;
        at += strspn(at, " ");
        ret[count] = kol_language_canonical(code);
        if (!ret[count] || (*at && *at != ','))
            return false;
        count++;
    }
    *ret_count = count;
    return true;
}

bool kol_language_includes(const char *text, const char *code)
{
    const char *list[KOL_LANGUAGES_MOST];
    size_t count;

    if (!kol_language_read(text, list, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (kol_streq(list[i], code))
            return true;
    return count == 0 && (kol_streq(code, "he") || kol_streq(code, "en"));
}
