/* post.c - see post.h. */
#include "deliver/post.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "deliver/sign.h"
#include "queue/queue.h"
#include <string.h>

enum { RESPONSE_BYTES = 64 * 1024 };

enum kol_code kol_webhook_status_code(int status)
{
    enum kol_code code = kol_http_status_code(status);

    switch ((int)code) {
    case KOL_OK:
    case KOL_GONE:
    case KOL_RATE_LIMITED:
    case KOL_NET_TIMEOUT:
        return code;
    default: /* of an int: a CRM that says 401 or 404 today may be mended tomorrow */
        return KOL_HTTP_STATUS;
    }
}

int64_t kol_webhook_delay_ms(int attempt)
{
    static const int64_t delays_s[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};

    return kol_queue_schedule_ms(delays_s, KOL_COUNT(delays_s), attempt);
}

static enum kol_code judge(const struct kol_http_response *r, struct kol_err *err)
{
    enum kol_code code = kol_webhook_status_code(r->status);

    if (code == KOL_OK)
        return KOL_OK;
    if (r->status >= 300 && r->status <= 399)
        return kol_fail(err, code, "the webhook answered %d: redirects are not followed",
                        r->status);
    return kol_fail(err, code, "the webhook answered %d%s", r->status,
                    code == KOL_GONE ? ": it wants no more, and is disabled" : "");
}

enum kol_code kol_webhook_post(struct kol_arena *a, struct kol_http *http,
                               const struct kol_webhook *w, struct kol_webhook_answer *ret,
                               struct kol_err *err)
{
    int64_t now_s = kol_wall_ms() / 1000, started_ms = kol_boot_ms();
    const char *signature = NULL, *timestamp = kol_arena_fmt(a, "%lld", (long long)now_s);
    struct kol_http_response response = {0};

    *ret = (struct kol_webhook_answer){0};
    enum kol_code code = kol_webhook_sign(a, w->secrets, w->id, now_s, w->body, &signature, err);
    if (code != KOL_OK)
        return code;
    if (!timestamp)
        return kol_fail(err, KOL_NO_MEMORY, "send a webhook: out of memory");
    const struct kol_http_header headers[] = {
        {"Content-Type", "application/json"},
        {"webhook-id", w->id},
        {"webhook-timestamp", timestamp},
        {"webhook-signature", signature},
    };
    const struct kol_http_request request = {
        .method = "POST",
        .url = w->url,
        .headers = headers,
        .header_count = KOL_COUNT(headers),
        .body = w->body,
        .body_len = strlen(w->body),
        .timeout_ms = w->timeout_ms,
        .stall_ms = w->timeout_ms,
        .max_response_bytes = RESPONSE_BYTES,
        .stop = w->stop,
    };

    code = kol_http_send(a, http, &request, &response, err);
    ret->took_ms = kol_boot_ms() - started_ms;
    if (code ==
        KOL_TOO_LARGE) { /* only said of a 2xx: it was taken, and has much to say about it */
        ret->status = 200;
        return KOL_OK;
    }
    if (code != KOL_OK)
        return code;
    ret->status = response.status;
    ret->retry_after_ms = response.retry_after_ms > 0 ? response.retry_after_ms : 0;
    return judge(&response, err);
}
