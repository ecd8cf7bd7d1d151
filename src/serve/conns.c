/* conns.c - see conns.h. */
#include "serve/conns.h"
#include "base/clock.h"
#include "base/log.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SWEEP_MS = 500 };

struct kol_conns {
    struct kol_conns_limits limits;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t wake;
    pthread_t watchdog;
    bool stopping;
    struct kol_conn *first;
    struct kol_conns_stats stats;
};

static struct in6_addr address_of(const struct sockaddr *from)
{
    struct in6_addr a = {0};

    if (from && from->sa_family == AF_INET6) {
        a = ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
    } else if (from && from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)from;
        a.s6_addr[10] = a.s6_addr[11] = 0xff;
        memcpy(&a.s6_addr[12], &v4->sin_addr, 4);
    }
    return a;
}

static bool is_loopback(const struct in6_addr *a)
{
    return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

/* An IPv6 customer has at least a /64, so that much counts as one. */
static bool same_source(const struct in6_addr *a, const struct in6_addr *b)
{
    size_t bytes = IN6_IS_ADDR_V4MAPPED(a) ? sizeof *a : 8;
    return memcmp(a, b, bytes) == 0;
}

unsigned kol_conns_sweep(struct kol_conns *c, int64_t now_ms)
{
    unsigned late = 0;

    pthread_mutex_lock(&c->lock);
    for (struct kol_conn *conn = c->first; conn; conn = conn->next) {
        int64_t deadline_ms = atomic_load(&conn->deadline_ms);
        if (!deadline_ms || now_ms < deadline_ms)
            continue;
        shutdown(conn->fd, SHUT_RDWR);
        atomic_store(&conn->deadline_ms, 0); /* once is enough */
        late++;
    }
    c->stats.late += late;
    pthread_mutex_unlock(&c->lock);
    return late;
}

static void *watch(void *arg)
{
    struct kol_conns *c = arg;
    struct timespec at;

    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_nsec += SWEEP_MS * 1000000L;
        at.tv_sec += at.tv_nsec / 1000000000L;
        at.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&c->wake, &c->lock, &at);
        pthread_mutex_unlock(&c->lock);
        kol_conns_sweep(c, kol_boot_ms());
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

enum kol_code kol_conns_start(const struct kol_conns_limits *limits, struct kol_conns **ret,
                              struct kol_err *err)
{
    struct kol_conns *c = calloc(1, sizeof *c);
    pthread_condattr_t attr;

    if (!c)
        return kol_fail(err, KOL_NO_MEMORY, "connections: out of memory");
    c->limits = *limits;
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &attr);
    pthread_condattr_destroy(&attr);

    int failed = pthread_create(&c->watchdog, NULL, watch, c);
    if (failed) {
        free(c);
        return kol_fail(err, KOL_NO_MEMORY, "start the watchdog: %s", strerror(failed));
    }
    *ret = c;
    return KOL_OK;
}

void kol_conns_stop(struct kol_conns *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->watchdog, NULL);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

bool kol_conns_admit(struct kol_conns *c, const struct sockaddr *from)
{
    struct in6_addr a = address_of(from);
    unsigned same = 0;

    if (is_loopback(&a))
        return true;
    pthread_mutex_lock(&c->lock);
    for (struct kol_conn *conn = c->first; conn; conn = conn->next)
        same += same_source(&a, &conn->address);
    bool admit = same < c->limits.per_address;
    c->stats.refused += !admit;
    pthread_mutex_unlock(&c->lock);
    return admit;
}

struct kol_conn *kol_conns_add(struct kol_conns *c, int fd, const struct sockaddr *from)
{
    struct kol_conn *conn = calloc(1, sizeof *conn);

    if (!conn)
        return NULL;
    conn->fd = fd;
    conn->address = address_of(from);
    pthread_mutex_lock(&c->lock);
    conn->next = c->first;
    conn->previous = &c->first;
    if (c->first)
        c->first->previous = &conn->next;
    c->first = conn;
    c->stats.open++;
    c->stats.accepted++;
    pthread_mutex_unlock(&c->lock);
    return conn;
}

void kol_conns_remove(struct kol_conns *c, struct kol_conn *conn)
{
    if (!conn)
        return;
    pthread_mutex_lock(&c->lock);
    *conn->previous = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    c->stats.open--;
    pthread_mutex_unlock(&c->lock);
    free(conn);
}

void kol_conn_deadline(struct kol_conn *conn, int64_t in_ms)
{
    if (conn)
        atomic_store(&conn->deadline_ms, in_ms ? kol_boot_ms() + in_ms : 0);
}

void kol_conns_stats(struct kol_conns *c, struct kol_conns_stats *ret)
{
    pthread_mutex_lock(&c->lock);
    *ret = c->stats;
    pthread_mutex_unlock(&c->lock);
}
