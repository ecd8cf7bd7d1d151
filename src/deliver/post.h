/*
 * post.h - one signed request to a CRM, and what its answer means. Private to this folder.
 */
#ifndef KOL_DELIVER_POST_H
#define KOL_DELIVER_POST_H

#include "net/http.h"

struct kol_webhook {
    const char *url, *secrets;
    const char *id; /* the same on every retry */
    const char *body;
    int64_t timeout_ms;
    const atomic_bool *stop; /* NULL is fine */
};

struct kol_webhook_answer {
    int status;             /* 0: none came */
    int64_t retry_after_ms; /* 0: none asked for */
    int64_t took_ms;
};

/*
 * Errors: GONE (410: the receiver wants no more), RATE_LIMITED (429), NET_TIMEOUT, NET, HTTP_STATUS
 * (everything else that is not 2xx, redirects included: they are never followed), BLOCKED_ADDRESS,
 * BAD_INPUT (the URL), BAD_CONFIG (the secret). ret is filled in any case.
 */
enum kol_code kol_webhook_post(struct kol_arena *a, struct kol_http *http,
                               const struct kol_webhook *w, struct kol_webhook_answer *ret,
                               struct kol_err *err) KOL_MUST_CHECK;

/* What a status means for a delivery. */
enum kol_code kol_webhook_status_code(int status);

/* Nominal wait after that many failures: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h; +-10 %. */
int64_t kol_webhook_delay_ms(int attempt);
#define KOL_WEBHOOK_ATTEMPTS 10

#endif
