/*
 * conns.h - every open connection with the time by which it must have moved on.
 *
 * libmicrohttpd's timeout starts anew with every byte, so a peer that drips one byte a second
 * holds a connection for ever. Here deadlines are absolute: a watchdog shuts the socket of whoever
 * is late, and libmicrohttpd then sees an ended connection.
 * Used by: http.c. Threading: safe; deadlines are atomics, the list has a lock.
 */
#ifndef KOL_SERVE_CONNS_H
#define KOL_SERVE_CONNS_H

#include "base/err.h"
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

struct kol_conns; /* the table with its watchdog thread */

struct kol_conn {
    int fd;
    struct in6_addr address;  /* IPv4 as ::ffff:a.b.c.d */
    atomic_llong deadline_ms; /* boot time; 0: none */
    struct kol_conn *next, **previous;
};

struct kol_conns_limits {
    unsigned per_address; /* loopback is exempt: there a proxy stands for many */
};

enum kol_code kol_conns_start(const struct kol_conns_limits *limits, struct kol_conns **ret,
                              struct kol_err *err) KOL_MUST_CHECK;
void kol_conns_stop(struct kol_conns *c); /* after the last connection is gone; NULL is fine */

/* May one more connection come from there? */
bool kol_conns_admit(struct kol_conns *c, const struct sockaddr *from);
/* NULL when out of memory. */
struct kol_conn *kol_conns_add(struct kol_conns *c, int fd, const struct sockaddr *from);
/* Before the descriptor is closed, so that the watchdog never shuts a stranger's. */
void kol_conns_remove(struct kol_conns *c, struct kol_conn *conn);

/* From now the connection has so long; 0: as long as it takes. */
void kol_conn_deadline(struct kol_conn *conn, int64_t in_ms);

struct kol_conns_stats {
    unsigned open;
    uint64_t accepted, refused, late;
};
void kol_conns_stats(struct kol_conns *c, struct kol_conns_stats *ret);

/* For tests: shuts what is late now. Returns how many. */
unsigned kol_conns_sweep(struct kol_conns *c, int64_t now_ms);

#endif
