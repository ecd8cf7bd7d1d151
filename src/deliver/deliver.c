/* deliver.c - see deliver.h. */
#include "deliver/deliver.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "deliver/payload.h"
#include "deliver/post.h"
#include "net/guard.h"

enum kol_code kol_deliver_check_url(const struct kol_conf *conf, const char *url,
                                    struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_url parsed;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "check a webhook: out of memory");
    enum kol_code code = kol_url_parse(a, url ? url : "", &parsed, err);
    if (code != KOL_OK)
        return code;
    return kol_guard_url(conf, &parsed, err);
}

enum kol_code kol_deliver_test(const struct kol_conf *conf, const struct kol_business *business,
                               int *ret_status, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_HTTP http = NULL;
    struct kol_webhook_answer answer = {0};
    char uuid[KOL_UUID_TEXT];

    *ret_status = 0;
    if (kol_str_empty(business->webhook_url))
        return kol_fail(err, KOL_BAD_INPUT, "business %lld has no webhook URL",
                        (long long)business->id);
    kol_uuid7(uuid);
    const struct kol_webhook webhook = {
        .url = business->webhook_url,
        .secrets = business->webhook_secret,
        .id = a ? kol_arena_fmt(a, "evt_%s", uuid) : NULL,
        .body = a ? kol_payload_sample(a, business->id, kol_wall_ms()) : NULL,
        .timeout_ms = conf->webhook_timeout_s * 1000,
    };
    if (!webhook.id || !webhook.body)
        return kol_fail(err, KOL_NO_MEMORY, "send a sample: out of memory");
    enum kol_code code = kol_http_new(conf, &http, err);
    if (code != KOL_OK)
        return code;
    code = kol_webhook_post(a, http, &webhook, &answer, err);
    *ret_status = answer.status;
    return code;
}
