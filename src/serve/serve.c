/* serve.c - see serve.h: the server's parts, started and stopped in order. */
#include "serve/serve.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "serve/http.h"
#include "serve/server.h"
#include "store/access.h"
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static enum kol_code resolve(const struct kol_conf *conf, struct addrinfo **ret,
                             struct kol_err *err)
{
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    const char *host = conf->listen_host && *conf->listen_host ? conf->listen_host : NULL;
    char port[16];

    snprintf(port, sizeof port, "%d", conf->listen_port);
    int failed = getaddrinfo(host, port, &hints, ret);
    if (failed)
        return kol_fail(err, KOL_BAD_CONFIG, "listen = \"%s\": %s", conf->listen,
                        gai_strerror(failed));
    return KOL_OK;
}

/* The socket, or -1 with errno. */
static int open_listener(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1, off = 0;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {.v6 = {0}};
    socklen_t len = sizeof at;

    if (getsockname(fd, &at.any, &len) < 0)
        return 0;
    return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}

static enum kol_code listen_on(const struct kol_conf *conf, int *ret, struct kol_err *err)
{
    struct addrinfo *list = NULL;
    enum kol_code code = resolve(conf, &list, err);
    int fd = -1;

    if (code != KOL_OK)
        return code;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = open_listener(a);
    int why = errno;
    freeaddrinfo(list);
    if (fd < 0)
        return kol_fail(err, KOL_BAD_CONFIG, "listen on %s: %s", conf->listen, strerror(why));
    *ret = fd;
    return KOL_OK;
}

static enum kol_code make_secret(struct kol_db *db, void *arg, struct kol_err *err)
{
    return kol_link_secret(db, arg, err);
}

static enum kol_code start_parts(struct kol_serve *s, struct kol_err *err)
{
    const struct kol_conf *conf = s->options.conf;
    const struct kol_conns_limits limits = {.per_address = (unsigned)conf->http_per_ip_limit};
    KOL_CLEANUP(kol_close_fd) int fd = -1;

    enum kol_code code = kol_write(s->options.writer, make_secret, s->link_secret, err);
    if (code == KOL_OK)
        code = kol_conns_start(&limits, &s->conns, err);
    if (code == KOL_OK)
        code = listen_on(conf, &fd, err);
    if (code != KOL_OK)
        return code;
    s->port = port_of(fd);
    code = kol_http_start(s, fd, err);
    if (code == KOL_OK)
        fd = -1; /* the daemon's now */
    return code;
}

enum kol_code kol_serve_start(const struct kol_serve_options *options, struct kol_serve **ret,
                              struct kol_err *err)
{
    struct kol_serve *s = calloc(1, sizeof *s);

    if (!s)
        return kol_fail(err, KOL_NO_MEMORY, "start the server: out of memory");
    s->options = *options;
    s->started_at_ms = kol_wall_ms();
    /* Request ids of different runs should not look alike in one log. */
    s->next_id = (unsigned long long)s->started_at_ms << 20;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->ready_lock, NULL);
    pthread_cond_init(&s->quiet, NULL);

    enum kol_code code = start_parts(s, err);
    if (code != KOL_OK) {
        kol_serve_stop(s);
        return code;
    }
    *ret = s;
    return KOL_OK;
}

int kol_serve_port(const struct kol_serve *s)
{
    return s->port;
}

void kol_serve_stop(struct kol_serve *s)
{
    if (!s)
        return;
    kol_http_stop(s);
    kol_conns_stop(s->conns);
    pthread_cond_destroy(&s->quiet);
    pthread_mutex_destroy(&s->ready_lock);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
