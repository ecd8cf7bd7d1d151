/* metrics.c - see metrics.h. */
#include "serve/metrics.h"

static const int64_t bucket_us[KOL_METRIC_BUCKETS - 1] = {
    1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000,
};

void kol_metrics_count(struct kol_metrics *m, int route, int status, int64_t took_us)
{
    struct kol_route_metrics *r =
        route >= 0 && route < KOL_METRIC_ROUTES ? &m->routes[route] : &m->unrouted;
    int class = status / 100 > 0 && status / 100 < KOL_METRIC_CLASSES ? status / 100 : 0;
    int bucket = 0;

    while (bucket < KOL_METRIC_BUCKETS - 1 && took_us > bucket_us[bucket])
        bucket++;
    atomic_fetch_add_explicit(&r->answers[class], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->total_us, took_us > 0 ? (uint64_t)took_us : 0,
                              memory_order_relaxed);
}

int64_t kol_metrics_bucket_us(int bucket)
{
    return bucket < KOL_METRIC_BUCKETS - 1 ? bucket_us[bucket] : 0;
}
