/* Any bytes as an answer of the REST API: what is taken from them is checked. */
#include "base/ids.h"
#include "twilio/rest.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct kol_rest_recording *r)
{
    if (!kol_sid_valid(r->recording_sid, "RE") || !kol_sid_valid(r->account_sid, "AC"))
        abort();
    if (r->call_sid && !kol_sid_valid(r->call_sid, "CA"))
        abort();
    if (!r->duration.given || r->duration.seconds == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KOL_ARENA a = kol_arena_new(1 << 22);
    KOL_JSON json = NULL;
    struct kol_rest_recording recording;
    struct kol_rest_recordings list;
    struct kol_rest_call call;

    if (kol_json_parse((const char *)data, size, &json, NULL) != KOL_OK)
        return 0;
    if (kol_rest_recording_read(a, json, &recording, NULL) == KOL_OK)
        check(&recording);
    if (kol_rest_recordings_read(a, json, &list, NULL) == KOL_OK)
        for (size_t i = 0; i < list.count; i++)
            check(&list.items[i]);
    if (kol_rest_call_read(a, json, &call, NULL) == KOL_OK && !kol_sid_valid(call.call_sid, "CA"))
        abort();
    return 0;
}
