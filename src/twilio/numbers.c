/* numbers.c - the part of numbers.h that talks to Twilio. */
#include "twilio/numbers.h"
#include "base/ids.h"
#include "base/str.h"
#include "net/url.h"
#include "twilio/client.h"
#include <string.h>

enum { LIST_BYTES = 1024 * 1024, RESOURCE_BYTES = 256 * 1024, MOST_FORM = 3 * KOL_URL_MAX + 100 };

static bool is_number(const char *text)
{
    size_t digits = text && *text == '+' ? strspn(text + 1, "0123456789") : 0;
    return digits > 0 && digits <= 20 && text[1 + digits] == '\0';
}

/* Twilio finds parts of numbers, too: only this very one counts. */
static enum kol_code pick(struct kol_arena *a, const json_t *json, const char *account_sid,
                          const char *number, struct kol_rest_number *ret, struct kol_err *err)
{
    const json_t *list = json_object_get(json, "incoming_phone_numbers");

    if (!json_is_array(list))
        return kol_fail(err, KOL_BAD_INPUT, "Twilio's answer is no list of numbers");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct kol_rest_number n;
        enum kol_code code = kol_rest_number_read(a, json_array_get(list, i), &n, err);

        if (code != KOL_OK)
            return code;
        if (kol_streq(n.number, number) && kol_streq(n.account_sid, account_sid)) {
            *ret = n;
            return KOL_OK;
        }
    }
    return kol_fail(err, KOL_NOT_FOUND, "the account has no such number");
}

enum kol_code kol_twilio_number_find(struct kol_arena *a, struct kol_twilio *t,
                                     const char *account_sid, const char *number,
                                     struct kol_rest_number *ret, struct kol_err *err)
{
    KOL_JSON json = NULL;

    if (!kol_sid_valid(account_sid, "AC"))
        return kol_fail(err, KOL_BAD_INPUT, "no account SID to ask Twilio with");
    if (!is_number(number))
        return kol_fail(err, KOL_NOT_FOUND, "no number that Twilio could have");
    const char *path =
        kol_arena_fmt(a, "/2010-04-01/Accounts/%s/IncomingPhoneNumbers.json?PhoneNumber=%%2B%s",
                      account_sid, number + 1);
    enum kol_code code = kol_twilio_ask(a, t, account_sid, path, NULL, LIST_BYTES, &json, err);
    return code == KOL_OK ? pick(a, json, account_sid, number, ret, err) : code;
}

static const char *make_form(struct kol_arena *a, const char *url)
{
    KOL_STR form;

    kol_str_init(&form, MOST_FORM);
    kol_str_add(&form, "StatusCallbackMethod=POST&StatusCallback=");
    kol_twilio_add_escaped(&form, url);
    return kol_str_failed(&form) ? NULL : kol_arena_str(a, form.data);
}

enum kol_code kol_twilio_number_set_callback(struct kol_arena *a, struct kol_twilio *t,
                                             struct kol_rest_number *n, const char *url,
                                             struct kol_err *err)
{
    KOL_JSON answer = NULL;
    KOL_JSON json = NULL;
    struct kol_rest_number after;
    enum kol_code code = kol_twilio_check_sids(n->account_sid, n->number_sid, "PN", err);

    if (code != KOL_OK)
        return code;
    const char *path = kol_arena_fmt(a, "/2010-04-01/Accounts/%s/IncomingPhoneNumbers/%s.json",
                                     n->account_sid, n->number_sid);
    const char *form = make_form(a, url);
    if (!path || !form)
        return kol_fail(err, KOL_NO_MEMORY, "set up a number: out of memory");
    code = kol_twilio_ask(a, t, n->account_sid, path, form, RESOURCE_BYTES, &answer, err);
    if (code == KOL_OK)
        code = kol_twilio_ask(a, t, n->account_sid, path, NULL, RESOURCE_BYTES, &json, err);
    if (code == KOL_OK)
        code = kol_rest_number_read(a, json, &after, err);
    if (code != KOL_OK)
        return code;
    if (!kol_streq(after.number_sid, n->number_sid) || !kol_streq(after.number, n->number) ||
        !kol_streq(after.status_callback, url) || !kol_streq(after.status_callback_method, "POST"))
        return kol_fail(err, KOL_CONFLICT, "Twilio took the change, but shows another setting");
    *n = after;
    return KOL_OK;
}
