/* pages.c - the files of web/, as they were built in, with a tag of their content. */
#include "serve/pages.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "serve/api.h"
#include "serve/range.h"
#include "serve/router.h"
#include <string.h>

static const struct kol_asset *asset_named(const char *name)
{
    for (const struct kol_asset *a = kol_assets; a->name; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

static bool takes_gzip(const struct kol_request *rq)
{
    const char *accepted = kol_request_header(rq, "Accept-Encoding");
    return accepted && strstr(accepted, "gzip") && !strstr(accepted, "gzip;q=0");
}

static void answer_asset(struct kol_request *rq, const struct kol_asset *asset)
{
    const struct kol_validator file = {.etag = asset->etag};

    /* Weak: plain and compressed bytes share it. */
    kol_answer_header(rq, "ETag", kol_arena_fmt(rq->arena, "W/%s", asset->etag));
    kol_answer_header(rq, "Cache-Control", "no-cache"); /* kept, but asked for: a tag is cheap */
    kol_answer_header(rq, "Vary", "Accept-Encoding, Cookie");
    if (kol_not_modified(kol_request_header(rq, "If-None-Match"), NULL, &file)) {
        kol_answer_bytes(rq, 304, NULL, "", 0);
        return;
    }
    if (!takes_gzip(rq)) {
        kol_answer_bytes(rq, 200, asset->type, asset->plain,
                         (size_t)(asset->plain_end - asset->plain));
        return;
    }
    kol_answer_header(rq, "Content-Encoding", "gzip");
    kol_answer_bytes(rq, 200, asset->type, asset->gzip, (size_t)(asset->gzip_end - asset->gzip));
}

/* No inline script or style, nothing from elsewhere, in nobody's frame. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/* Which file a page's pattern shows. */
static const struct {
    const char *pattern, *name;
} pages[] = {
    {"/login", "login.html"}, {"/", "calls.html"},    {"/calls/{call}", "call.html"},
    {"/leads", "leads.html"}, {"/jobs", "jobs.html"},
};

void kol_page(struct kol_request *rq)
{
    for (size_t i = 0; i < KOL_COUNT(pages); i++) {
        if (strcmp(pages[i].pattern, rq->route->pattern) != 0)
            continue;
        /* On a 304, too: its headers replace those that the browser has kept. */
        kol_answer_header(rq, "Content-Security-Policy", policy);
        kol_answer_header(rq, "X-Frame-Options", "DENY");
        kol_answer_header(rq, "Cross-Origin-Opener-Policy", "same-origin");
        answer_asset(rq, asset_named(pages[i].name));
        return;
    }
}

/* Files under web/open/ may be seen by anybody; the others need a session. */
void kol_page_asset(struct kol_request *rq)
{
    bool open = kol_starts_with(rq->path, "/open/");
    const struct kol_asset *asset =
        asset_named(kol_arena_fmt(rq->arena, "%s%s", open ? "open/" : "", rq->vars[0]));

    if (asset && !kol_ends_with(asset->name, ".html"))
        answer_asset(rq, asset);
    else
        kol_answer_not_found(rq, "file");
}
