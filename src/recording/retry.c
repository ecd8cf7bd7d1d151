/* retry.c - see retry.h. */
#include "recording/retry.h"
#include "base/cleanup.h"
#include "twilio/rest.h"

int64_t kol_fetch_delay_ms(int attempt)
{
    static const int64_t delays_s[] = {5, 15, 60, 300, 900, 3600};

    return kol_queue_schedule_ms(delays_s, KOL_COUNT(delays_s), attempt);
}

bool kol_recording_held_back(struct kol_stage_run *run, enum kol_code code)
{
    if (code != KOL_RATE_LIMITED || !kol_twilio_was_held_back(run->state))
        return false;
    run->again = true;
    run->again_in_ms = kol_twilio_retry_after_ms(run->state);
    run->data = NULL; /* as it was */
    run->save = NULL;
    run->after = NULL;
    return true;
}

enum kol_code kol_recording_open(const struct kol_stage_env *env, void **ret, struct kol_err *err)
{
    struct kol_twilio *twilio = NULL;
    enum kol_code code = kol_twilio_new(env->conf, env->writer, env->stopping, &twilio, err);

    if (code == KOL_OK)
        *ret = twilio;
    return code;
}

void kol_recording_close(void *state)
{
    kol_twilio_free(state);
}
