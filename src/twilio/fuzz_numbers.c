/* Any bytes as the answer to a question for a number: what is taken from them is checked, and its
 * URLs are judged whatever they are. */
#include "base/ids.h"
#include "twilio/numbers.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct kol_arena *a, const struct kol_rest_number *n)
{
    static const char wanted[] = "https://kol.example.com/webhook/call_status?kol=7.x#rc=5&rp=all";
    struct kol_number_remarks remarks;

    if (!kol_sid_valid(n->number_sid, "PN") || !kol_sid_valid(n->account_sid, "AC"))
        abort();
    if ((n->trunk_sid && !kol_sid_valid(n->trunk_sid, "TK")) ||
        (n->application_sid && !kol_sid_valid(n->application_sid, "AP")))
        abort();
    if (kol_number_check(a, n, wanted, &remarks, NULL) != KOL_OK)
        return;
    if (remarks.count > KOL_NUMBER_REMARKS)
        abort();
    /* Nothing to be said: then it goes to Kol's own host, however that is written. */
    if (remarks.count == 0 && !strcasestr(n->status_callback, "://kol.example.com"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KOL_ARENA a = kol_arena_new(1 << 22);
    KOL_JSON json = NULL;
    struct kol_rest_number n;

    if (!a || kol_json_parse((const char *)data, size, &json, NULL) != KOL_OK)
        return 0;
    if (kol_rest_number_read(a, json, &n, NULL) == KOL_OK)
        judge(a, &n);
    return 0;
}
