/* retry.c - see retry.h. */
#include "recording/retry.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "twilio/rest.h"

int64_t kol_fetch_delay_ms(int attempt)
{
    static const int64_t delays_s[] = {5, 15, 60, 300, 900, 3600};
    const int last = (int)KOL_COUNT(delays_s) - 1;
    int at = attempt < 1 ? 0 : attempt - 1;
    int64_t ms = delays_s[at < last ? at : last] * 1000;
    uint16_t random = 0;

    kol_random_bytes(&random, sizeof random);
    return ms - ms / 10 + ms / 5 * random / UINT16_MAX;
}

enum kol_code kol_recording_open(const struct kol_stage_env *env, void **ret, struct kol_err *err)
{
    struct kol_twilio *twilio = NULL;
    enum kol_code code = kol_twilio_new(env->conf, env->stopping, &twilio, err);

    if (code == KOL_OK)
        *ret = twilio;
    return code;
}

void kol_recording_close(void *state)
{
    kol_twilio_free(state);
}
