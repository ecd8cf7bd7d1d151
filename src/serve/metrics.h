/*
 * metrics.h - counters of the server, as Prometheus reads them.
 *
 * Threading: atomics; counting never waits.
 */
#ifndef KOL_SERVE_METRICS_H
#define KOL_SERVE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

enum { KOL_METRIC_ROUTES = 64, KOL_METRIC_CLASSES = 6, KOL_METRIC_BUCKETS = 12 };

struct kol_route_metrics {
    atomic_ullong answers[KOL_METRIC_CLASSES]; /* by hundreds of the status */
    atomic_ullong buckets[KOL_METRIC_BUCKETS]; /* by time to the answer, last one: longer */
    atomic_ullong total_us;
};

struct kol_metrics {
    struct kol_route_metrics routes[KOL_METRIC_ROUTES]; /* by place in the route table */
    struct kol_route_metrics unrouted;
    atomic_ullong guarded; /* requests refused for their framing */
};

/* route < 0: no route. */
void kol_metrics_count(struct kol_metrics *m, int route, int status, int64_t took_us);
int64_t kol_metrics_bucket_us(int bucket); /* upper bound; 0 for the last one, which has none */

#endif
