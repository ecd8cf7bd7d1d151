/*
 * api_recordings.c - playback: the answers that follow from where a recording stands.
 *
 * | recording                                   | answer                                          |
 * | local                                       | 200, 206, 304, 416                              |
 * | known, not local yet                        | 202, Retry-After: 2; one download is queued     |
 * | fetching gave up for now, or is refused     | 503 with the reason, Retry-After: the next try  |
 * | unknown call, no recording, gone at Twilio  | 404                                             |
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "conf/conf.h"
#include "recording/service.h"
#include "serve/api.h"
#include "serve/credentials.h"
#include "serve/media.h"
#include "serve/server.h"
#include <fcntl.h>
#include <string.h>

enum { LINK_SECONDS = 600, POLL_MS = 2000, REFUSED_RETRY_MS = 300000 };

/* What a request is about, kept until the change that it may need is committed. */
struct playback {
    struct kol_call *call;
    bool attachment;
    bool only_prepare;
    struct kol_recording_prepare prepare;
};

/* ---- other sites' players ---- */

/* The origin that asks, when the configuration lists it. */
static const char *listed_origin(const struct kol_request *rq)
{
    const char *origin = kol_request_header(rq, "Origin");
    const struct kol_strings *list = &rq->conf->cors_origins;

    for (size_t i = 0; origin && i < list->count; i++)
        if (kol_same_origin(origin, list->items[i]) && kol_origin_len(origin) == strlen(origin))
            return origin;
    return NULL;
}

/* On every answer of the file's path, so that another site's player can tell 202 from 404. */
static void add_cors(struct kol_request *rq)
{
    const char *origin = listed_origin(rq);

    if (rq->conf->cors_origins.count)
        kol_answer_header(rq, "Vary", "Origin");
    if (!origin)
        return;
    kol_answer_header(rq, "Access-Control-Allow-Origin", origin);
    kol_answer_header(rq, "Access-Control-Expose-Headers",
                      "Content-Range, Accept-Ranges, Content-Length, ETag, Retry-After");
}

void kol_api_file_preflight(struct kol_request *rq)
{
    add_cors(rq);
    if (listed_origin(rq)) {
        kol_answer_header(rq, "Access-Control-Allow-Methods", "GET, HEAD");
        kol_answer_header(rq, "Access-Control-Allow-Headers",
                          "Range, If-Range, If-None-Match, If-Modified-Since");
        kol_answer_header(rq, "Access-Control-Max-Age", "600");
    }
    kol_answer_bytes(rq, 204, NULL, "", 0);
}
