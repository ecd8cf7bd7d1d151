/* fuzz_url.c - what is read as a URL is written and read again the same; so are redirects. */
#include "base/str.h"
#include "net/guard.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(struct kol_arena *a, const struct kol_url *url)
{
    static const struct kol_conf conf = {0};
    struct kol_err err;
    struct kol_url again;
    const char *text = kol_url_text(a, url);

    if (strlen(text) > KOL_URL_MAX)
        return; /* the path it did not have made it longer */
    assert(kol_url_parse(a, text, &again, &err) == KOL_OK);
    assert(strcmp(text, kol_url_text(a, &again)) == 0);
    assert(kol_url_same_origin(url, &again) && kol_streq(url->query, again.query));
    assert(!strchr(kol_url_place(a, url), '?'));
    (void)!kol_guard_url(&conf, url, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err = {0};
    struct kol_url url;
    struct kol_url base;
    const char *text = kol_arena_strn(a, (const char *)data, size);

    if (kol_url_parse(a, text, &url, &err) == KOL_OK)
        check_url(a, &url);
    else
        assert(err.code == KOL_BAD_INPUT && !strchr(err.msg, '?'));
    if (kol_url_parse(a, "https://a.example:8443/d/f?q=1", &base, &err) == KOL_OK &&
        kol_url_resolve(a, &base, text, &url, &err) == KOL_OK)
        check_url(a, &url);
    return 0;
}
