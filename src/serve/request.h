/*
 * request.h - one request and the answer to it, as handlers see them.
 *
 * A handler reads the request, then either gives an answer at once or asks for one change of the
 * database (kol_request_change) and answers after its commit. Handlers know nothing of
 * libmicrohttpd: only http.c does. All memory of a request comes from its arena. Threading: a
 * request belongs to one thread at a time; handlers of other requests run beside it.
 */
#ifndef KOL_SERVE_REQUEST_H
#define KOL_SERVE_REQUEST_H

#include "base/arena.h"
#include "base/json.h"
#include "store/access.h"
#include "store/writer.h"
#include "twilio/params.h"
#include <stddef.h>
#include <stdint.h>

struct kol_serve;
struct kol_conf;
struct kol_route;
struct kol_request;

enum kol_method {
    KOL_GET = 1 << 0,
    KOL_HEAD = 1 << 1,
    KOL_POST = 1 << 2,
    KOL_PATCH = 1 << 3,
    KOL_DELETE = 1 << 4,
    KOL_PUT = 1 << 5,
    KOL_OPTIONS = 1 << 6,
    KOL_OTHER_METHOD = 1 << 7
};

enum { KOL_PATH_VARS = 2, KOL_ANSWER_HEADERS = 12 };

struct kol_answer_header {
    const char *name, *value;
};

/* What goes back. Bytes live in the arena or for ever; a descriptor is closed by http.c. */
struct kol_answer {
    int status; /* 0: no answer yet */
    struct kol_answer_header headers[KOL_ANSWER_HEADERS];
    int header_count;
    const void *bytes;
    uint64_t len;
    int fd; /* -1: bytes */
    uint64_t offset;
    bool close; /* hang up afterwards: what follows on the connection cannot be trusted */
};

/* Answers once the change is committed, or is not. err is NULL when code is KOL_OK. */
typedef void (*kol_answer_fn)(struct kol_request *rq, enum kol_code code,
                              const struct kol_err *err);

struct kol_request {
    struct kol_serve *serve;
    const struct kol_conf *conf;
    struct kol_writer *writer;
    struct kol_arena *arena;
    void *peer; /* http.c's: where headers are looked up */

    uint64_t id; /* in log lines and the X-Request-Id header */
    enum kol_method method;
    const char *target; /* path and query as they stood in the request line */
    const char *path;   /* without query; not decoded, no route needs it */
    struct kol_params query;
    const char *body; /* NUL-terminated; may hold NULs */
    size_t body_len;
    const struct kol_route *route;
    const char *vars[KOL_PATH_VARS]; /* parts of the path that the route's pattern leaves open */

    bool known; /* who is filled: key or session was good */
    struct kol_principal who;
    bool by_cookie; /* came with a session, not with a key */

    struct kol_answer answer;

    struct kol_write_op op; /* a change that is asked for */
    kol_answer_fn on_written;
    void *data; /* the handler's own, for on_written */
};

typedef void (*kol_handler)(struct kol_request *rq);

/* ---- reading ---- */

/* The first value of a header; NULL when absent. */
const char *kol_request_header(const struct kol_request *rq, const char *name);
/* A value of the query; NULL when absent. */
const char *kol_request_arg(const struct kol_request *rq, const char *name);
/* The same as a whole number in [least, most]; missing when absent. False after answering 400. */
bool kol_request_int_arg(struct kol_request *rq, const char *name, int64_t missing, int64_t least,
                         int64_t most, int64_t *ret);
/* The body as a JSON object. NULL after answering 400 or 415; the caller owns it (KOL_JSON). */
json_t *kol_request_json(struct kol_request *rq);
/* True for the operator, and for a key of that business; unassigned things (0) are the operator's.
 */
bool kol_request_may_see(const struct kol_request *rq, int64_t business_id);
/* A read-only connection; NULL after answering 503. Give it back with kol_reader_return. */
struct kol_db *kol_request_db(struct kol_request *rq);

/* ---- answering ---- */

void kol_answer_header(struct kol_request *rq, const char *name, const char *value);
void kol_answer_bytes(struct kol_request *rq, int status, const char *type, const void *bytes,
                      size_t len);
/* Steals json. */
void kol_answer_json(struct kol_request *rq, int status, json_t *json);
/* {"error":{"code":...,"message":...}}; code is a stable name for programs. */
void kol_answer_error(struct kol_request *rq, int status, const char *code, const char *fmt, ...)
    KOL_PRINTF(4, 5);
/* The same from an error: status and code of its kind, Retry-After when trying again helps. */
void kol_answer_err(struct kol_request *rq, const struct kol_err *err);
void kol_answer_not_found(struct kol_request *rq, const char *what); /* "no such <what>" */
/* Whole seconds, at least 1. */
void kol_answer_retry_after(struct kol_request *rq, int64_t wait_ms);

/*
 * Asks for a change: it runs in the writer thread, the connection sleeps meanwhile, and then
 * on_written answers. The last thing a handler does.
 */
void kol_request_change(struct kol_request *rq, kol_write_fn fn, void *arg,
                        kol_answer_fn on_written);

#endif
