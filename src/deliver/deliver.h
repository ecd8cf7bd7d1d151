/*
 * deliver.h - outgoing webhooks, as commands and settings see them. docs/webhooks.md is the
 * contract.
 */
#ifndef KOL_DELIVER_DELIVER_H
#define KOL_DELIVER_DELIVER_H

#include "conf/conf.h"
#include "store/business.h"

/*
 * May this URL be a business's webhook? Early word for whoever types it; the guard that counts is
 * at connect time. Errors: BAD_INPUT (no URL), BLOCKED_ADDRESS (http or private, and not listed in
 * allow_private_hosts).
 */
enum kol_code kol_deliver_check_url(const struct kol_conf *conf, const char *url,
                                    struct kol_err *err) KOL_MUST_CHECK;

/*
 * Sends a signed sample event ("call.test") to the business's webhook and waits for the answer.
 *
 *   ret_status   of the answer; 0 when none came
 * Errors: BAD_INPUT (no webhook URL), HTTP_STATUS (an answer that is not 2xx), and those of
 * kol_http_send(). Blocks for up to webhook_timeout_s. Nothing is stored.
 */
enum kol_code kol_deliver_test(const struct kol_conf *conf, const struct kol_business *business,
                               int *ret_status, struct kol_err *err) KOL_MUST_CHECK;

#endif
