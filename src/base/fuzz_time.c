/* fuzz_time.c - dates of mail and HTTP, and zone files. */
#include "base/clock.h"
#include "base/zone.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const uint8_t *data, size_t size)
{
    int64_t at_ms = 0;
    int64_t delay_ms = -1;
    char iso[KOL_TIME_TEXT];
    char *s = strndup((const char *)data, size);
    if (!s)
        abort();

    if (kol_time_parse_rfc2822(s, &at_ms)) {
        kol_time_iso(at_ms, iso);
        assert(strlen(iso) >= 24);
    }
    if (kol_time_parse_http_delta_or_date(s, 0, &delay_ms))
        assert(delay_ms >= 0);
    free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t moments[] = {INT64_MIN / 4096, -1, 0, 1795251823, INT64_MAX / 4096};
    struct kol_err err;
    KOL_ZONE z = NULL;

    check_text(data, size);
    if (kol_zone_parse(data, size, &z, &err) != KOL_OK)
        return 0;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        (void)kol_zone_offset_s(z, moments[i]);
    return 0;
}
