/*
 * server.h - what the files of this folder share of one running server.
 */
#ifndef KOL_SERVE_SERVER_H
#define KOL_SERVE_SERVER_H

#include "conf/conf.h"
#include "serve/conns.h"
#include "serve/metrics.h"
#include "serve/serve.h"
#include <pthread.h>
#include <stdatomic.h>

struct MHD_Daemon;

struct kol_serve {
    struct kol_serve_options options;
    struct MHD_Daemon *daemon;
    struct kol_conns *conns;
    struct kol_metrics metrics;
    char link_secret[65];
    int port;
    int64_t started_at_ms;
    atomic_ullong next_id;

    pthread_mutex_t lock; /* guards the three below */
    pthread_cond_t quiet; /* one of them went down */
    unsigned writing;     /* requests asleep until their change is committed */
    unsigned active;      /* requests begun and not ended */
    bool stopping;

    /* The answer of the last readiness check; it costs a sync, so it is kept for a second. */
    pthread_mutex_t ready_lock;
    int64_t ready_checked_ms;
    struct kol_err ready_err; /* code KOL_OK: ready */
};

#endif
