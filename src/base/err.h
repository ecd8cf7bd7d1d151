/*
 * err.h - the one idiom for errors: a code that says what the caller does next, and one line of
 * text.
 *
 * Used by: everyone. Threading: values only, nothing is shared.
 */
#ifndef KOL_BASE_ERR_H
#define KOL_BASE_ERR_H

#include <stdbool.h>
#include <stdio.h>

#define KOL_MUST_CHECK __attribute__((warn_unused_result))
#define KOL_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))

/* What a failed stage means for its job. */
enum kol_next {
    KOL_NEXT_DONE,    /* nothing failed */
    KOL_NEXT_RETRY,   /* try again later, with back-off; counts as an attempt */
    KOL_NEXT_GIVE_UP, /* trying again cannot help: bury the job, keep it visible */
    KOL_NEXT_PAUSE,   /* wait until an operator changes something (credentials, model) */
    KOL_NEXT_STOP     /* somebody else owns the job now, or we are shutting down: write nothing */
};

/* X(code, stable name (API, logs, job.error_code), what the worker does with the job, HTTP status)
 */
#define KOL_ERRORS(X)                                                                              \
    X(OK, "ok", DONE, 200)                                                                         \
    X(NO_MEMORY, "no_memory", RETRY, 503)                                                          \
    X(IO, "io", RETRY, 503)                                                                        \
    X(DISK_FULL, "disk_full", RETRY, 503)                                                          \
    X(SYNC_FAILED, "sync_failed", RETRY, 503)                                                      \
    X(DB, "db", RETRY, 503)                                                                        \
    X(DB_BUSY, "db_busy", RETRY, 503)                                                              \
    X(NET, "net", RETRY, 502)                                                                      \
    X(NET_TIMEOUT, "net_timeout", RETRY, 504)                                                      \
    X(HTTP_STATUS, "http_status", RETRY, 502)                                                      \
    X(RATE_LIMITED, "rate_limited", RETRY, 429)                                                    \
    X(TRUNCATED, "truncated", RETRY, 502)                                                          \
    X(NOT_READY, "not_ready", RETRY, 202)                                                          \
    X(ENGINE, "engine", RETRY, 503)                                                                \
    X(OVERDUE, "overdue", RETRY, 504)                                                              \
    X(CRASHED, "crashed", RETRY, 503)                                                              \
    X(REFUSED, "refused", PAUSE, 503)                                                              \
    X(ELSEWHERE, "elsewhere", PAUSE, 503)                                                          \
    X(ENCRYPTED, "encrypted", PAUSE, 503)                                                          \
    X(NO_MODEL, "no_model", PAUSE, 503)                                                            \
    X(UNASSIGNED, "unassigned", PAUSE, 503)                                                        \
    X(BAD_CONFIG, "bad_config", GIVE_UP, 500)                                                      \
    X(BAD_INPUT, "bad_input", GIVE_UP, 400)                                                        \
    X(BAD_MEDIA, "bad_media", GIVE_UP, 422)                                                        \
    X(TOO_LARGE, "too_large", GIVE_UP, 413)                                                        \
    X(UNAUTHORIZED, "unauthorized", GIVE_UP, 401)                                                  \
    X(FORBIDDEN, "forbidden", GIVE_UP, 403)                                                        \
    X(BLOCKED_ADDRESS, "blocked_address", GIVE_UP, 403)                                            \
    X(NOT_FOUND, "not_found", GIVE_UP, 404)                                                        \
    X(CONFLICT, "conflict", GIVE_UP, 409)                                                          \
    X(GONE, "gone", GIVE_UP, 410)                                                                  \
    X(LOST_LEASE, "lost_lease", STOP, 409)                                                         \
    X(CANCELLED, "cancelled", STOP, 409)                                                           \
    X(BUG, "bug", GIVE_UP, 500)

enum kol_code {
#define X(code, name, next, http) KOL_##code,
    KOL_ERRORS(X)
#undef X
        KOL_CODE_COUNT
};

/* Filled only on failure; fixed size, so that reporting never allocates. */
struct kol_err {
    enum kol_code code;
    char msg[240]; /* one line, lower case, no full stop; no credentials, no query strings */
};

/* Fills err (NULL is fine) and returns code: `return kol_fail(err, KOL_IO, "create %s: %m", path)`.
 */
enum kol_code kol_fail(struct kol_err *err, enum kol_code code, const char *fmt, ...)
    KOL_PRINTF(3, 4);
#ifdef __clang_analyzer__ /* it does not see into err.c: tell it that a failure is not KOL_OK */
#define kol_fail(err, code, ...) (kol_fail((err), (code), __VA_ARGS__), (code))
#endif

/* Puts "text: " before the message, for the caller who knows more; returns err->code. */
enum kol_code kol_err_prefix(struct kol_err *err, const char *fmt, ...) KOL_PRINTF(2, 3);

const char *kol_code_name(enum kol_code code);       /* "net_timeout" */
enum kol_next kol_code_next(enum kol_code code);     /* what the worker does */
int kol_code_http(enum kol_code code);               /* status an API answers with */
enum kol_code kol_code_from_name(const char *name);  /* KOL_BUG when unknown */
enum kol_code kol_code_from_errno(int error_number); /* ENOSPC, EDQUOT, EFBIG: DISK_FULL */

#endif
