/*
 * reconciled.h - how the looks through Twilio's lists fare, for readiness and metrics.
 */
#ifndef KOL_SERVE_RECONCILED_H
#define KOL_SERVE_RECONCILED_H

#include "base/str.h"
#include "serve/request.h"

/* One row per account; NULL when it cannot be read. */
json_t *kol_reconciled_json(struct kol_request *rq);
enum kol_code kol_reconciled_metrics(struct kol_request *rq, struct kol_str *out,
                                     struct kol_err *err) KOL_MUST_CHECK;

#endif
