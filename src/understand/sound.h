/*
 * sound.h - how far apart two words sound: Whisper writes what it hears (עפולא, Heyphazoon).
 */
#ifndef KOL_UNDERSTAND_SOUND_H
#define KOL_UNDERSTAND_SOUND_H

#include <stdbool.h>
#include <stddef.h>

#define KOL_SOUND_FAR 99.0

/*
 * Cost of hearing one folded word for the other, 0 for the same; letters that sound alike (ט ת, כ ק
 * ח, ס ש, ב ו) and letters that carry vowels (א ה ו י ע) cost little. Words of different scripts
 * are KOL_SOUND_FAR apart. Only Hebrew or Latin words up to 40 letters.
 */
double kol_sound_distance(const char *a, const char *b);

/*
 * Latin: writes the sounds of a folded word ("heypha" and "haifa" both give "HVFV"); consonants by
 * class, each run of vowels one V. Returns the length; 0 when the word is not Latin.
 */
size_t kol_sound_key(const char *word, char *ret, size_t size);

#endif
