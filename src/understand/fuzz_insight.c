/* fuzz_insight.c - any bytes as a call: values are there with evidence or not at all, text is
 * UTF-8. */
#include "base/str.h"
#include "understand/insight.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(const struct kol_insight_value *v)
{
    assert(v->confidence >= 0 && v->confidence <= 1);
    assert(!v->value || (v->rule && kol_utf8_valid(v->value, strlen(v->value))));
    assert(v->value || v->confidence == 0);
    assert(!v->quote || kol_utf8_valid(v->quote, strlen(v->quote)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kol_lexicon *lexicon;
    struct kol_insight_input in = {0};
    struct kol_insight r;
    if (!lexicon && kol_lexicon_load(&lexicon, NULL) != KOL_OK)
        abort();
    KOL_ARENA a = kol_arena_new(0);
    if (kol_insight_turns_from_text(a, (const char *)data, size, &in.turns, &in.turn_count, NULL) !=
            KOL_OK ||
        kol_insight_extract(a, lexicon, &in, &r, NULL) != KOL_OK)
        abort();
    check_value(&r.service);
    check_value(&r.city);
    check_value(&r.callback_phone);
    check_value(&r.customer_name);
    check_value(&r.urgency);
    assert(r.summary && kol_utf8_valid(r.summary, strlen(r.summary)));
    KOL_JSON j = kol_insight_to_json(&r);
    assert(j);
    /* Bytes that begin like a business's own words are read as such too: taken, or refused. */
    struct kol_lexicon *own = NULL;
    struct kol_err err = {0};
    if (size > 1 && size < 4096 && strchr("so#", data[0]) &&
        kol_lexicon_for_business(lexicon, "own", (const char *)data, size, &own, &err) != KOL_OK)
        assert(err.msg[0]);
    kol_lexicon_free(own);
    return 0;
}
