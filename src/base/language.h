/*
 * language.h - languages of calls as people write them: "he", "iw", "en", "auto", "he,en".
 *
 * Pure. The codes are those that Whisper knows; "iw" is the old code for "he".
 */
#ifndef KOL_BASE_LANGUAGE_H
#define KOL_BASE_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

enum { KOL_LANGUAGES_MOST = 8 };

/* The code that Whisper knows ("iw", "HE", "he-IL" -> "he"); NULL: no such language. */
const char *kol_language_canonical(const char *code);

/* Where Whisper has that language in its list, counted from 0; -1: no such language. */
int kol_language_index(const char *code);

/*
 * Reads "auto", one code, or several with commas. ret holds what is allowed, 0 of them for "auto".
 * False: it is none of these, or there are too many.
 */
bool kol_language_read(const char *text, const char *ret[KOL_LANGUAGES_MOST], size_t *ret_count);

/* May a call of a business with this setting be in that language? "auto" is Hebrew or English. */
bool kol_language_includes(const char *text, const char *code);

#endif
