/*
 * ids.h - shapes of the identifiers that come from outside.
 */
#ifndef KOL_BASE_IDS_H
#define KOL_BASE_IDS_H

#include "base/err.h"
#include <stddef.h>

#define KOL_SID_LEN 34 /* "CA" + 32 hex digits */
#define KOL_UUID_TEXT 37

/* True for prefix (two capital letters: "CA") and exactly 32 lower-case hex digits behind it. */
bool kol_sid_valid(const char *sid, const char *prefix);

/* UUIDv7 (RFC 9562): sorts by time. */
void kol_uuid7(char ret[static KOL_UUID_TEXT]);

#define KOL_PHONE_TEXT 24
/*
 * Canonical form of a phone number: "+97250…" for "050-…", "0097250…", "+972 50 …" when the default
 * country code is "972"; other E.164 numbers keep their digits. Short codes and sip names stay as
 * they are, cut to size. Returns false and an empty ret for a withheld caller (empty, "anonymous",
 * "restricted", …, and the digits Twilio sends for these words: +266696687, +7378742833, +2562533,
 * +8656696, +86282452253).
 */
bool kol_phone_normalise(const char *raw, const char *default_country,
                         char ret[static KOL_PHONE_TEXT]);

#endif
