/* Any bytes as a form: parsed, signed over and read as each kind of callback. */
#include "twilio/signature.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const tokens[] = {"token"};
    KOL_ARENA a = kol_arena_new(1 << 20);
    struct kol_params p;
    struct kol_err err;

    if (kol_params_parse(a, data, size, &p, &err) != KOL_OK)
        return 0;
    struct kol_signed_request r = {
        .url = "https://h.example/x", .is_form = true, .form = p, .signature = "AAAA"};
    if (kol_signature_check(&r, tokens, 1) == KOL_SIGNATURE_OK)
        abort();

    struct kol_recording_params recording;
    struct kol_call_params call;
    struct kol_transcription_params transcription;
    if (kol_recording_params_read(a, &p, &recording, &err) == KOL_OK && !recording.duration.given)
        abort();
    (void)!kol_call_params_read(a, &p, &call, &err);
    (void)!kol_transcription_params_read(a, &p, &transcription, &err);
    KOL_JSON json = kol_params_json(&p);
    (void)kol_json_text(a, json);
    return 0;
}
