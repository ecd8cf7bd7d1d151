/*
 * verify.h - did Twilio send this callback, of which account is it, which business does its URL
 * name? Private to this folder, and to tools/signatures.
 */
#ifndef KOL_INTAKE_VERIFY_H
#define KOL_INTAKE_VERIFY_H

#include "intake/intake.h"
#include "twilio/params.h"

/* Is the body form-encoded? */
bool kol_intake_is_form(const char *content_type);

/* Parameters of the body, or of the query for a GET; none of what is not a form. Errors: TOO_LARGE.
 */
enum kol_code kol_intake_read_params(struct kol_arena *a, const struct kol_intake_request *request,
                                     struct kol_params *ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Checks the signature with the tokens of the account that the parameters name, then the token of
 * the callback's URL.
 *
 *   ret_business_id  that the URL names; 0: none
 * Errors: FORBIDDEN (signature, unknown account, token), BAD_INPUT (no signature), BAD_CONFIG
 * (nothing is configured to check with), those of the database, NO_MEMORY.
 */
enum kol_code kol_intake_verify(struct kol_arena *a, const struct kol_conf *conf,
                                const struct kol_intake_request *request,
                                const struct kol_params *params, int64_t *ret_business_id,
                                struct kol_err *err) KOL_MUST_CHECK;

#endif
