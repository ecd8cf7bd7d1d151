/*
 * http.c - the only file that knows libmicrohttpd: from bytes on a socket to a kol_request, and
 * from its answer back.
 *
 * The life of a request: on_target (request line read) -> on_access first (headers read: guard) ->
 * on_access with parts of the body -> on_access last (dispatch) -> answered at once, or asleep
 * until the database has committed, then on_access once more -> on_completed.
 *
 * Rules of libmicrohttpd that are kept here: a connection is suspended only from its own callback,
 * before the change is handed to the writer (who may be faster than us); all are resumed before the
 * daemon is stopped.
 */
#include "serve/http.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "serve/auth.h"
#include "serve/guard.h"
#include "serve/router.h"
#include "serve/server.h"
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BODY_MS = 20000,        /* a body must be here after this long */
    DRAIN_BYTES = 8 << 20,  /* a too long body up to this is read, so that the 413 arrives */
    POOL_BYTES = 32 * 1024, /* of a connection: bounds the headers */
    STOP_MS = 3000          /* how long started answers may take when the server stops */
};

enum phase { NEW, BODY, ASLEEP, ANSWERED };

struct exchange {
    struct kol_request rq; /* first: the writer's callback finds the exchange by it */
    struct MHD_Connection *connection;
    struct kol_conn *conn;
    struct kol_guard guard;
    struct kol_str body;
    enum phase phase;
    bool too_large;
    uint64_t drained;
    int64_t begun_us;
};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

const char *kol_request_header(const struct kol_request *rq, const char *name)
{
    return MHD_lookup_connection_value(rq->peer, MHD_HEADER_KIND, name);
}

/* ---- the answer ---- */

/* For all but pages, which bring their own. */
static const char csp_data[] = "default-src 'none'; frame-ancestors 'none'";

static bool answer_has(const struct kol_answer *a, const char *name)
{
    for (int i = 0; i < a->header_count; i++)
        if (strcmp(a->headers[i].name, name) == 0)
            return true;
    return false;
}

static void add_headers(struct MHD_Response *response, const struct exchange *x)
{
    const struct kol_answer *a = &x->rq.answer;
    char id[24];

    for (int i = 0; i < a->header_count; i++)
        MHD_add_response_header(response, a->headers[i].name, a->headers[i].value);
    snprintf(id, sizeof id, "%016llx", (unsigned long long)x->rq.id);
    MHD_add_response_header(response, "X-Request-Id", id);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    if (!answer_has(a, "Content-Security-Policy"))
        MHD_add_response_header(response, "Content-Security-Policy", csp_data);
    if (!answer_has(a, "Cross-Origin-Resource-Policy"))
        MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    if (!answer_has(a, "Cache-Control"))
        MHD_add_response_header(response, "Cache-Control", "no-store");
    if (a->close)
        MHD_add_response_header(response, "Connection", "close");
}

/* Takes over the descriptor of the answer. */
static struct MHD_Response *make_response(struct kol_answer *a)
{
    struct MHD_Response *response;

    if (a->fd < 0)
        return MHD_create_response_from_buffer(a->len, (void *)(uintptr_t)a->bytes,
                                               MHD_RESPMEM_PERSISTENT);
    response = MHD_create_response_from_fd_at_offset64(a->len, a->fd, a->offset);
    if (response)
        a->fd = -1;
    return response;
}

static void note_answer(const struct exchange *x)
{
    struct kol_serve *s = x->rq.serve;
    int64_t took_us = now_us() - x->begun_us;
    int route = x->rq.route ? (int)(x->rq.route - kol_routes) : -1;

    kol_metrics_count(&s->metrics, route, x->rq.answer.status, took_us);
    /* The pattern, not the path: queries hold phone numbers and signatures. */
    kol_debug("http id=%016llx route=%s status=%d us=%lld", (unsigned long long)x->rq.id,
              x->rq.route ? x->rq.route->pattern : "none", x->rq.answer.status, (long long)took_us);
}

static enum MHD_Result send_answer(struct exchange *x)
{
    struct kol_answer *a = &x->rq.answer;

    x->phase = ANSWERED;
    if (!a->status)
        kol_answer_error(&x->rq, 500, "bug", "nobody answered this request");
    struct MHD_Response *response = make_response(a);
    if (!response)
        return MHD_NO;
    add_headers(response, x);
    enum MHD_Result queued = MHD_queue_response(x->connection, (unsigned)a->status, response);
    MHD_destroy_response(response);
    note_answer(x);
    return queued;
}

/* ---- changes: asleep until the commit ---- */

static void leave_write(struct kol_serve *s)
{
    pthread_mutex_lock(&s->lock);
    s->writing--;
    pthread_cond_broadcast(&s->quiet);
    pthread_mutex_unlock(&s->lock);
}

/* In the writer thread. The exchange may be gone as soon as it is resumed. */
static void on_committed(struct kol_write_op *op)
{
    struct kol_request *rq = (void *)((char *)op - offsetof(struct kol_request, op));
    struct exchange *x = (void *)rq;
    struct kol_serve *s = rq->serve;

    MHD_resume_connection(x->connection);
    leave_write(s);
}

static bool enter_write(struct kol_serve *s)
{
    pthread_mutex_lock(&s->lock);
    bool may = !s->stopping;
    s->writing += may;
    pthread_mutex_unlock(&s->lock);
    return may;
}

static enum MHD_Result go_to_sleep(struct exchange *x)
{
    struct kol_request *rq = &x->rq;

    if (!enter_write(rq->serve)) {
        kol_answer_retry_after(rq, 5000);
        kol_answer_error(rq, 503, "stopping", "the server is stopping");
        return send_answer(x);
    }
    rq->op.done = on_committed;
    x->phase = ASLEEP;
    MHD_suspend_connection(x->connection);
    kol_write_async(rq->writer, &rq->op);
    return MHD_YES;
}

static enum MHD_Result wake_up(struct exchange *x)
{
    struct kol_request *rq = &x->rq;

    rq->on_written(rq, rq->op.code, rq->op.code == KOL_OK ? NULL : &rq->op.err);
    return send_answer(x);
}

/* ---- the request ---- */

static bool read_target(struct kol_request *rq)
{
    struct kol_err err;
    size_t path_len = strcspn(rq->target, "?");
    const char *query = rq->target + path_len + (rq->target[path_len] == '?');

    rq->path = kol_arena_strn(rq->arena, rq->target, path_len);
    if (!rq->path ||
        kol_params_parse(rq->arena, query, strlen(query), &rq->query, &err) != KOL_OK) {
        kol_answer_error(rq, 400, "bad_input", "the query cannot be read");
        return false;
    }
    if (rq->query.has_nul) {
        kol_answer_error(rq, 400, "bad_input", "the query holds a NUL byte");
        return false;
    }
    return true;
}

static bool find_route(struct kol_request *rq)
{
    unsigned allowed;

    if (kol_route_find(rq, &allowed))
        return true;
    if (!allowed) {
        kol_answer_error(rq, 404, "not_found", "nothing is at this address");
        return false;
    }
    kol_answer_header(rq, "Allow", kol_methods_text(rq->arena, allowed));
    kol_answer_error(rq, 405, "method_not_allowed", "this address does not take that method");
    return false;
}

static enum MHD_Result dispatch(struct exchange *x)
{
    struct kol_request *rq = &x->rq;

    kol_conn_deadline(x->conn, 0);
    if (x->too_large || kol_str_failed(&x->body)) {
        kol_answer_error(rq, 413, "too_large", "the body is longer than %lld bytes",
                         (long long)rq->conf->max_body_bytes);
        return send_answer(x);
    }
    rq->body = x->body.data;
    rq->body_len = x->body.len;
    if (read_target(rq) && find_route(rq) && kol_auth_check(rq))
        rq->route->handler(rq);
    return rq->op.fn && !rq->answer.status ? go_to_sleep(x) : send_answer(x);
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    kol_guard_header(arg, name, name_len, value, value_len);
    return MHD_YES;
}

static enum MHD_Result refuse(struct exchange *x, int status, const char *code, const char *why)
{
    x->rq.answer.close = true;
    kol_answer_error(&x->rq, status, code, "%s", why);
    return send_answer(x);
}

/* Headers are here. */
static enum MHD_Result begin(struct exchange *x, const char *method, const char *version)
{
    struct kol_guard *g = &x->guard;
    bool http_1_1 = strcmp(version, "HTTP/1.1") == 0;

    x->phase = BODY;
    x->rq.method = kol_method_of(method);
    kol_conn_deadline(x->conn, BODY_MS);
    MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, on_header, g);
    if (!kol_guard_finish(g, http_1_1)) {
        atomic_fetch_add(&x->rq.serve->metrics.guarded, 1);
        return refuse(x, g->status, "bad_request", g->refused);
    }
    if (!http_1_1 && strcmp(version, "HTTP/1.0") != 0)
        return refuse(x, 505, "bad_request", "this server speaks HTTP/1.1");
    if (!kol_guard_target(x->rq.target))
        return refuse(x, 400, "bad_request", "the address is not a path");
    if (g->length > DRAIN_BYTES)
        return refuse(x, 413, "too_large", "the body is too long");
    x->too_large = g->length > (uint64_t)x->rq.conf->max_body_bytes;
    return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *x, const char *part, size_t len)
{
    x->drained += len;
    if (x->drained > DRAIN_BYTES)
        return MHD_NO; /* an endless chunked body: hang up */
    if (!x->too_large)
        kol_str_add_bytes(&x->body, part, len);
    return MHD_YES;
}

static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *part,
                                 size_t *part_len, void **request)
{
    struct exchange *x = *request;

    (void)arg, (void)connection, (void)url;
    if (!x)
        return MHD_NO; /* no memory when its request line came */
    switch (x->phase) {
    case NEW:
        return begin(x, method, version);
    case BODY:
        if (*part_len) {
            size_t len = *part_len;
            *part_len = 0;
            return take_body(x, part, len);
        }
        return dispatch(x);
    case ASLEEP:
        return wake_up(x);
    case ANSWERED:
        *part_len = 0;
        return MHD_YES;
    }
    return MHD_NO;
}

static struct kol_conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static struct exchange *exchange_new(struct kol_serve *s, struct MHD_Connection *connection,
                                     const char *target)
{
    struct kol_arena *arena = kol_arena_new(0);
    struct exchange *x = arena ? kol_arena_alloc(arena, sizeof *x) : NULL;
    const char *copy = arena ? kol_arena_str(arena, target) : NULL;

    if (!x || !copy) {
        kol_arena_free(arena);
        return NULL;
    }
    x->rq.serve = s;
    x->rq.conf = s->options.conf;
    x->rq.writer = s->options.writer;
    x->rq.arena = arena;
    x->rq.peer = x->connection = connection;
    x->rq.id = atomic_fetch_add(&s->next_id, 1);
    x->rq.answer.fd = -1;
    x->rq.target = copy;
    x->begun_us = now_us();
    kol_str_init(&x->body, (size_t)s->options.conf->max_body_bytes);
    return x;
}

/* The request line is here; libmicrohttpd keeps what we return as the request's own. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct kol_serve *s = arg;
    struct exchange *x = exchange_new(s, connection, target);

    if (!x)
        return NULL;
    x->conn = conn_of(connection);
    kol_conn_deadline(x->conn, s->options.conf->http_header_timeout_s * 1000);
    pthread_mutex_lock(&s->lock);
    s->active++;
    pthread_mutex_unlock(&s->lock);
    return x;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode why)
{
    struct kol_serve *s = arg;
    struct exchange *x = *request;

    (void)connection, (void)why;
    if (!x)
        return;
    *request = NULL;
    kol_conn_deadline(x->conn, s->options.conf->http_idle_timeout_s * 1000);
    kol_str_done(&x->body);
    kol_close_fd(&x->rq.answer.fd);
    kol_arena_free(x->rq.arena);
    pthread_mutex_lock(&s->lock);
    s->active--;
    pthread_cond_broadcast(&s->quiet);
    pthread_mutex_unlock(&s->lock);
}

/* ---- connections ---- */

static void on_connection(void *arg, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct kol_serve *s = arg;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        kol_conns_remove(s->conns, *socket_context);
        *socket_context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int number = fd ? fd->connect_fd : -1;
    const union MHD_ConnectionInfo *from =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct kol_conn *conn = kol_conns_add(s->conns, number, from ? from->client_addr : NULL);
    kol_conn_deadline(conn, s->options.conf->http_header_timeout_s * 1000);
    *socket_context = conn;
}

static enum MHD_Result on_accept(void *arg, const struct sockaddr *from, socklen_t len)
{
    struct kol_serve *s = arg;

    (void)len;
    return kol_conns_admit(s->conns, from) ? MHD_YES : MHD_NO;
}

KOL_PRINTF(2, 0)
static void on_library_message(void *arg, const char *fmt, va_list args)
{
    char text[256];

    (void)arg;
    vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\n")] = '\0';
    kol_debug("libmicrohttpd: %s", text);
}

static unsigned thread_count(const struct kol_conf *conf)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (conf->http_threads)
        return (unsigned)conf->http_threads;
    /* A few more than cores on small machines: a slow list must not hold up callbacks. */
    return cores < 4 ? 4 : cores > 32 ? 32 : (unsigned)cores;
}

enum kol_code kol_http_start(struct kol_serve *s, int listen_fd, struct kol_err *err)
{
    const struct kol_conf *conf = s->options.conf;
    unsigned threads = thread_count(conf);
    /* Each thread has its share of the connections. */
    unsigned limit = (unsigned)conf->http_connection_limit;
    struct MHD_OptionItem pool[] = {
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, on_accept,
        s, on_access, s, MHD_OPTION_EXTERNAL_LOGGER, on_library_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_ARRAY, pool, MHD_OPTION_CONNECTION_LIMIT,
        limit < threads ? threads : limit, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)conf->http_idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        s, MHD_OPTION_END);
    if (!s->daemon)
        return kol_fail(err, KOL_NO_MEMORY, "start the http server: %s", strerror(errno));
    return KOL_OK;
}

/* With s->lock held. */
static void wait_quiet(struct kol_serve *s, const unsigned *count, const struct timespec *until)
{
    while (*count) {
        int timed_out = until ? pthread_cond_timedwait(&s->quiet, &s->lock, until)
                              : pthread_cond_wait(&s->quiet, &s->lock);
        if (timed_out == ETIMEDOUT)
            return;
    }
}

void kol_http_stop(struct kol_serve *s)
{
    struct timespec until;

    if (!s->daemon)
        return;
    int listen_fd = MHD_quiesce_daemon(s->daemon);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_MS / 1000;

    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    wait_quiet(s, &s->active, &until);
    wait_quiet(s, &s->writing, NULL); /* however long: a suspended connection must not be stopped */
    pthread_mutex_unlock(&s->lock);
    MHD_stop_daemon(s->daemon);
    s->daemon = NULL;
    kol_close_fd(&listen_fd);
}
