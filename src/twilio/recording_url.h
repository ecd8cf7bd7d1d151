/*
 * recording_url.h - which recording a callback's RecordingUrl names. Nobody else reads such URLs.
 *
 * A URL from outside is stored and compared, never asked for: requests go to URLs that rest.c
 * builds from checked SIDs. Threading: pure functions.
 */
#ifndef KOL_TWILIO_RECORDING_URL_H
#define KOL_TWILIO_RECORDING_URL_H

#include "base/arena.h"
#include "base/ids.h"

struct kol_recording_ref {
    char account_sid[KOL_SID_LEN + 1];
    char recording_sid[KOL_SID_LEN + 1];
};

enum kol_url_kind {
    KOL_URL_TWILIO,    /* a recording at Twilio; ret is filled */
    KOL_URL_FOREIGN,   /* another host: ignore it, say so loudly, let the SIDs decide */
    KOL_URL_MALFORMED, /* Twilio's host, but no recording: ignore it likewise */
};

/*
 * Reads https://api.twilio.com/2010-04-01/Accounts/AC…/Recordings/RE…[.json|.mp3|.wav][?…].
 *
 *   api_base   the configured API address: its host counts as Twilio's, too
 *   ret        filled for KOL_URL_TWILIO only
 */
enum kol_url_kind kol_recording_url_read(const char *url, const char *api_base,
                                         struct kol_recording_ref *ret);

/* The same without a look at the host: for URLs that were checked before they were stored. */
bool kol_recording_url_sids(const char *url, struct kol_recording_ref *ret);

/* The form that is stored: a trailing .json becomes .mp3, a query is dropped. NULL: out of memory.
 */
const char *kol_recording_url_stored(struct kol_arena *a, const char *url);

/* The URL that Twilio itself would send, from SIDs; for recordings that came without a usable one.
 */
const char *kol_recording_url_make(struct kol_arena *a, const char *account_sid,
                                   const char *recording_sid);

#endif
