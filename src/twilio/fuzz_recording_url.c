/* Any text as RecordingUrl: what is accepted names an account and a recording, and nothing else. */
#include "base/str.h"
#include "twilio/recording_url.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KOL_ARENA a = kol_arena_new(1 << 20);
    const char *url = kol_arena_strn(a, (const char *)data, size);
    struct kol_recording_ref ref, again;

    if (!url)
        return 0;
    const char *stored = kol_recording_url_stored(a, url);
    if (kol_recording_url_read(url, "http://127.0.0.1:9000", &ref) != KOL_URL_TWILIO)
        return 0;
    if (!kol_sid_valid(ref.account_sid, "AC") || !kol_sid_valid(ref.recording_sid, "RE"))
        abort();
    if (!stored || !kol_recording_url_sids(stored, &again) ||
        !kol_streq(ref.recording_sid, again.recording_sid))
        abort();
    return 0;
}
