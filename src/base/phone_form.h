/*
 * phone_form.h - telephone numbers as people of their country write them.
 *
 * Pure. Knows the shapes of Israel, the United Kingdom and North America, by length and beginning.
 */
#ifndef KOL_BASE_PHONE_FORM_H
#define KOL_BASE_PHONE_FORM_H

#include "base/err.h"

#define KOL_PHONE_FORM_SIZE 32

/*
 * "0521234567" -> "052-123-4567", "031234567" -> "03-123-4567", "1800123456" -> "1-800-123-456",
 * "07700900123" -> "07700 900123" (its blank is a no-break one, so that the number stays one word
 * and keeps its order in a right-to-left line), "5550123456" -> "555-012-3456".
 *
 *   digits         as dialled, nothing but digits
 *   international  a "+" was said or stood before them: "972521234567" -> "+972-52-123-4567"
 *
 * False: no number of these countries.
 * Source: ITU-T E.123; the numbering plans of the three.
 */
bool kol_phone_form(const char *digits, bool international, char ret[static KOL_PHONE_FORM_SIZE]);

#endif
