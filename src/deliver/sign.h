/*
 * sign.h - Standard Webhooks v1: the value of the webhook-signature header. Private to this folder.
 *
 * Source: the Standard Webhooks specification, "Signature scheme" (symmetric).
 */
#ifndef KOL_DELIVER_SIGN_H
#define KOL_DELIVER_SIGN_H

#include "base/arena.h"
#include <stdint.h>

/*
 * HMAC-SHA256 over id.timestamp.body with each secret, as "v1,<base64>" with blanks between.
 *
 *   secrets   one or more "whsec_<base64>", separated by blanks or commas: during a change of
 * secret the receiver may hold the old or the new one Errors: BAD_CONFIG (no secret, or one that is
 * not base64), NO_MEMORY.
 */
enum kol_code kol_webhook_sign(struct kol_arena *a, const char *secrets, const char *id,
                               int64_t timestamp_s, const char *body, const char **ret,
                               struct kol_err *err) KOL_MUST_CHECK;

#endif
