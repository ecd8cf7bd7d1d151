/*
 * http.h - the one HTTP client: deadlines, size limits, the address guard, and what a failure
 * means.
 *
 * Used by: twilio, recording, deliver. Knows: HTTP and TLS through libcurl. Does not know:
 * providers, jobs, audio. No proxy, netrc or cookies; redirects only by kol_http_get_following();
 * https only, except for the hosts of allow_private_hosts. Threading: one struct kol_http per
 * thread; nothing here locks. The process ignores SIGPIPE.
 */
#ifndef KOL_NET_HTTP_H
#define KOL_NET_HTTP_H

#include "base/arena.h"
#include "base/file.h"
#include "conf/conf.h"
#include <stdatomic.h>

struct kol_http; /* opaque: keeps the connections of one thread */

struct kol_http_header {
    const char *name, *value;
};

/* A download that may go on where an earlier one was cut: RFC 9110, sections 13.1.5 and 14. */
struct kol_http_resume {
    int64_t from;          /* bytes that part holds already, and what comes is written behind; 0 */
    const char *validator; /* of those bytes, as begin() got it: for If-Range */
    /*
     * Called once, before anything of a 2xx body is stored. from: 0, part is to be emptied; or the
     * from above. validator: of what comes now, NULL when it can never be gone on with.
     */
    enum kol_code (*begin)(void *user, int64_t from, const char *validator, struct kol_err *err);
    void *user;
};

/* All pointers are borrowed for the call. What is zero or NULL has the default named. */
struct kol_http_request {
    const char *method; /* GET */
    const char *url;
    const struct kol_http_header *headers;
    size_t header_count;
    const char *user, *password; /* basic credentials, for the host of url only; none */
    const void *body;
    size_t body_len;
    /* Hosts that a redirect may lead to beside the URL's own origin (kol_guard_in_list()); NULL:
     * any
     */
    const struct kol_strings *redirect_hosts;
    int64_t timeout_ms; /* 30 s, for all of it */
    int64_t stall_ms;   /* 30 s: less than 100 bytes a second for this long is a time-out */
    uint64_t max_response_bytes; /* 64 KiB; a longer body of a 2xx answer is TOO_LARGE */

    /* The body of a 2xx answer is written here; other bodies and NULL: to memory. */
    struct kol_part *part;
    const struct kol_http_resume *resume; /* NULL: from the beginning, and begin() is not needed */
    /*
     * Sees the first bytes of a 2xx body (up to KOL_HTTP_HEAD_BYTES, all of a shorter one) before
     * any is written to part; what it fails with ends the transfer. May be called with len 0. Not
     * called when a download goes on.
     */
    enum kol_code (*inspect)(void *user, const void *head, size_t len, struct kol_err *err);
    void *inspect_user;
    const atomic_bool *stop; /* set by another thread: CANCELLED within a second */

    /*
     * Above 0: only the bytes from there on are asked for, of the target of a redirect too. A 2xx
     * answer that is not exactly this part is CONFLICT, and nothing of it is stored.
     */
    uint64_t resume_from;
    /* Asked at least once a second from the calling thread; true: CANCELLED. NULL is fine. */
    bool (*ask_stop)(void *user);
    void *ask_stop_user;
    /* Told of the body's bytes as they come; NULL is fine. */
    void (*progress)(uint64_t bytes, void *user);
    void *progress_user;
};
#define KOL_HTTP_HEAD_BYTES 4096
#define KOL_HTTP_VALIDATOR_MOST 200

/* Texts live as long as the arena; NULL when the header is absent. */
struct kol_http_response {
    int status;
    const char *content_type;
    const char *etag;
    const char *location;
    const char *refused_host; /* where a redirect led that redirect_hosts does not list */
    int64_t retry_after_ms;   /* -1: not given */
    uint64_t bytes;           /* of the body */
    uint64_t offset;          /* that part had before: 206 to resume */
    bool mismatched;  /* 206, but not with the part that was asked for: nothing was stored */
    const char *body; /* NUL-terminated; "" when it went to part. The rest of a long error page is
                         dropped */
    size_t body_len;
    int64_t elapsed_ms;
};

/* conf is borrowed until _free. Errors: NO_MEMORY. */
enum kol_code kol_http_new(const struct kol_conf *conf, struct kol_http **ret,
                           struct kol_err *err) KOL_MUST_CHECK;
void kol_http_free(struct kol_http *h); /* NULL is fine */

/*
 * Sends one request. OK means that a whole answer came, whatever its status:
 * see kol_http_status_code().
 *
 * Errors: NET, NET_TIMEOUT, TRUNCATED, NO_MEMORY, IO and DISK_FULL of part (retry);
 * BLOCKED_ADDRESS, BAD_INPUT (the URL or a header), TOO_LARGE (give up); CANCELLED; CONFLICT (see
 * resume_from); what inspect fails with.
 * Messages hold method, host and path, never a query.
 */
enum kol_code kol_http_send(struct kol_arena *a, struct kol_http *h,
                            const struct kol_http_request *request, struct kol_http_response *ret,
                            struct kol_err *err) KOL_MUST_CHECK;

/*
 * GET or HEAD that follows up to three redirects, each target checked anew. Credentials and the
 * request's own headers go to the first origin only. After the third redirect, or when the Location
 * is no good or not in redirect_hosts, the 3xx answer itself is returned.
 */
enum kol_code kol_http_get_following(struct kol_arena *a, struct kol_http *h,
                                     const struct kol_http_request *request,
                                     struct kol_http_response *ret,
                                     struct kol_err *err) KOL_MUST_CHECK;

/*
 * What a status means for a job: 2xx OK; 401, 403 REFUSED; 404 NOT_FOUND; 410 GONE; 429
 * RATE_LIMITED; 408, 504 NET_TIMEOUT; all others, redirects too, HTTP_STATUS.
 */
enum kol_code kol_http_status_code(int status);

static inline void kol_http_cleanup(struct kol_http **h)
{
    kol_http_free(*h);
}
#define KOL_HTTP __attribute__((cleanup(kol_http_cleanup))) struct kol_http *

#endif
