/* health.c - is it alive, can it take callbacks, and the numbers behind. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "conf/conf.h"
#include "serve/api.h"
#include "serve/reconciled.h"
#include "serve/router.h"
#include "serve/server.h"
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PROBE_BYTES = 4096, READY_KEPT_MS = 1000, METRICS_BYTES = 1 << 20 };

void kol_health_live(struct kol_request *rq)
{
    kol_answer_json(rq, 200, json_pack("{s:s}", "status", "ok"));
}

/* ---- readiness: of intake; speech is reported beside it and never makes it unready ---- */

/* Can the data folder take bytes? Free space alone does not tell (quotas, limits of the process).
 */
static enum kol_code probe_disk(const struct kol_conf *conf, struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *path = NULL;
    static const char zeros[PROBE_BYTES];
    struct kol_part part = {.fd = -1};

    if (asprintf(&path, "%s/ready", conf->data_dir) < 0) {
        path = NULL;
        return kol_fail(err, KOL_NO_MEMORY, "out of memory");
    }
    enum kol_code code = kol_part_open(&part, path, err);
    if (code == KOL_OK)
        code = kol_part_write(&part, zeros, sizeof zeros, err);
    if (code == KOL_OK && fsync(part.fd) < 0)
        code = kol_fail(err, kol_code_from_errno(errno), "sync %s: %m", path);
    kol_part_done(&part); /* never published: it leaves nothing behind */
    return code;
}

static enum kol_code change_nothing(struct kol_db *db, void *arg, struct kol_err *err)
{
    (void)db, (void)arg, (void)err;
    return KOL_OK;
}

/* In the writer's answer: a commit went through; now the disk. */
static enum kol_code check_ready(struct kol_request *rq, enum kol_code written,
                                 const struct kol_err *why, struct kol_err *err)
{
    struct kol_serve *s = rq->serve;

    pthread_mutex_lock(&s->ready_lock);
    if (written != KOL_OK) {
        s->ready_err = *why;
    } else if (kol_boot_ms() - s->ready_checked_ms > READY_KEPT_MS) {
        s->ready_err.code = KOL_OK;
        s->ready_err.code = probe_disk(rq->conf, &s->ready_err);
        s->ready_checked_ms = kol_boot_ms();
    }
    *err = s->ready_err;
    pthread_mutex_unlock(&s->ready_lock);
    return err->code;
}

static json_t *engine_report(const struct kol_serve *s)
{
    json_t *report = s->options.engine_report ? s->options.engine_report(s->options.arg) : NULL;
    return report ? report : json_pack("{s:s}", "state", "unknown");
}

static void answer_ready(struct kol_request *rq, enum kol_code written, const struct kol_err *why)
{
    struct kol_err err;
    enum kol_code code = check_ready(rq, written, why, &err);
    json_t *json = json_object(), *intake = json_object();

    kol_json_set(intake, "ready", json_boolean(code == KOL_OK));
    if (code != KOL_OK) {
        kol_json_set_str(intake, "code", kol_code_name(code));
        kol_json_set_str(intake, "reason", err.msg);
        kol_answer_retry_after(rq, 5000);
    }
    kol_json_set_str(json, "status", code == KOL_OK ? "ready" : "not_ready");
    kol_json_set(json, "intake", intake);
    kol_json_set(json, "engine", engine_report(rq->serve));
    if (rq->who.business_id == 0) {
        json_t *rows = kol_reconciled_json(rq);
        kol_json_set(json, "reconcile", rows ? rows : json_null());
    }
    kol_answer_json(rq, code == KOL_OK ? 200 : 503, json);
}

void kol_health_ready(struct kol_request *rq)
{
    kol_request_change(rq, change_nothing, NULL, answer_ready);
}

/* ---- metrics: Prometheus text, version 0.0.4 ---- */

static uint64_t load(const atomic_ullong *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

static void add_head(struct kol_str *out, const char *name, const char *type, const char *help)
{
    kol_str_add_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_one(struct kol_str *out, const char *name, const char *type, const char *help,
                    double value)
{
    add_head(out, name, type, help);
    kol_str_add_fmt(out, "%s %.15g\n", name, value);
}

static const char *pattern_of(size_t i)
{
    return i < kol_route_count ? kol_routes[i].pattern : "none";
}

static const char *method_of(struct kol_request *rq, size_t i)
{
    return i < kol_route_count ? kol_methods_text(rq->arena, kol_routes[i].methods) : "any";
}

static void add_answers(struct kol_request *rq, struct kol_str *out)
{
    struct kol_metrics *m = &rq->serve->metrics;

    add_head(out, "kol_http_requests_total", "counter", "Answers by route and class of status.");
    for (size_t i = 0; i <= kol_route_count; i++) {
        const struct kol_route_metrics *r = i < kol_route_count ? &m->routes[i] : &m->unrouted;
        for (int class = 1; class < KOL_METRIC_CLASSES; class ++)
            if (load(&r->answers[class]))
                kol_str_add_fmt(
                    out,
                    "kol_http_requests_total{route=\"%s\",method=\"%s\",status=\"%dxx\"} %llu\n",
                    pattern_of(i), method_of(rq, i), class,
                    (unsigned long long)load(&r->answers[class]));
    }
}

static void add_histogram(struct kol_str *out, const struct kol_route_metrics *r,
                          const char *labels)
{
    static const char name[] = "kol_http_request_duration_seconds";
    uint64_t count = 0;

    for (int b = 0; b < KOL_METRIC_BUCKETS - 1; b++) {
        count += load(&r->buckets[b]);
        kol_str_add_fmt(out, "%s_bucket{%s,le=\"%g\"} %llu\n", name, labels,
                        (double)kol_metrics_bucket_us(b) / 1e6, (unsigned long long)count);
    }
    count += load(&r->buckets[KOL_METRIC_BUCKETS - 1]);
    kol_str_add_fmt(out, "%s_bucket{%s,le=\"+Inf\"} %llu\n", name, labels,
                    (unsigned long long)count);
    kol_str_add_fmt(out, "%s_sum{%s} %.6f\n", name, labels, (double)load(&r->total_us) / 1e6);
    kol_str_add_fmt(out, "%s_count{%s} %llu\n", name, labels, (unsigned long long)count);
}

static void add_latencies(struct kol_request *rq, struct kol_str *out)
{
    struct kol_metrics *m = &rq->serve->metrics;

    add_head(out, "kol_http_request_duration_seconds", "histogram",
             "Time from the request line to the answer's start.");
    for (size_t i = 0; i < kol_route_count; i++) {
        char labels[160];
        if (!load(&m->routes[i].total_us))
            continue;
        snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\"", pattern_of(i),
                 method_of(rq, i));
        add_histogram(out, &m->routes[i], labels);
    }
}

static enum kol_code add_queue(struct kol_request *rq, struct kol_str *out, struct kol_err *err)
{
    struct kol_queue_count *counts = NULL;
    size_t count = 0;
    struct kol_db *db = kol_reader_borrow(rq->writer, err);

    if (!db)
        return err->code;
    enum kol_code code = kol_queue_counts(db, rq->arena, &counts, &count, err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK)
        return code;

    add_head(out, "kol_jobs", "gauge", "Jobs by stage and state.");
    for (size_t i = 0; i < count; i++)
        kol_str_add_fmt(out, "kol_jobs{stage=\"%s\",state=\"%s\"} %lld\n", counts[i].stage,
                        counts[i].state, (long long)counts[i].count);
    add_head(out, "kol_jobs_oldest_due_seconds", "gauge", "How long the oldest has been due.");
    for (size_t i = 0; i < count; i++)
        if (counts[i].oldest_due_at_ms && strcmp(counts[i].state, "ready") == 0)
            kol_str_add_fmt(out, "kol_jobs_oldest_due_seconds{stage=\"%s\"} %.3f\n",
                            counts[i].stage,
                            (double)(kol_wall_ms() - counts[i].oldest_due_at_ms) / 1000);
    return KOL_OK;
}

static void add_store(struct kol_request *rq, struct kol_str *out)
{
    struct kol_writer_stats w = {0};
    struct statvfs disk;

    kol_writer_stats(rq->writer, &w);
    add_one(out, "kol_commits_total", "counter", "Synced commits.", (double)w.commits);
    add_one(out, "kol_changes_total", "counter", "Changes in them.", (double)w.changes);
    add_one(out, "kol_commits_failed_total", "counter", "Commits that failed.",
            (double)w.failed_commits);
    add_one(out, "kol_checkpoints_total", "counter", "Checkpoints of the log.",
            (double)w.checkpoints);
    if (statvfs(rq->conf->data_dir, &disk) == 0)
        add_one(out, "kol_disk_free_bytes", "gauge", "Free space of the data folder.",
                (double)disk.f_bavail * (double)disk.f_frsize);
}

static void add_connections(struct kol_request *rq, struct kol_str *out)
{
    struct kol_conns_stats c;

    kol_conns_stats(rq->serve->conns, &c);
    add_one(out, "kol_http_connections", "gauge", "Open connections.", c.open);
    add_one(out, "kol_http_connections_total", "counter", "Connections accepted.",
            (double)c.accepted);
    add_one(out, "kol_http_connections_refused_total", "counter",
            "Connections over an address's limit.", (double)c.refused);
    add_one(out, "kol_http_connections_late_total", "counter", "Connections cut at a deadline.",
            (double)c.late);
    add_one(out, "kol_http_guarded_total", "counter", "Requests refused for their framing.",
            (double)load(&rq->serve->metrics.guarded));
}

static void add_process(struct kol_request *rq, struct kol_str *out)
{
    KOL_JSON engine = engine_report(rq->serve);
    KOL_CLEANUP(kol_close_file) FILE *f = fopen("/proc/self/statm", "re");
    char line[64];

    add_head(out, "kol_info", "gauge", "This program.");
    kol_str_add_fmt(out, "kol_info{version=\"%s\"} 1\n", KOL_VERSION);
    add_one(out, "kol_start_time_seconds", "gauge", "When it started.",
            (double)rq->serve->started_at_ms / 1000);
    add_one(out, "kol_engine_ok", "gauge", "1 when the speech engine passed its last self-test.",
            kol_streq(kol_json_get_str(engine, "state"), "ok"));
    if (!f || !fgets(line, sizeof line, f))
        return;
    char *resident = strchr(line, ' ');
    if (resident)
        add_one(out, "kol_resident_bytes", "gauge", "Memory of the server process.",
                (double)strtoll(resident, NULL, 10) * (double)sysconf(_SC_PAGESIZE));
}

void kol_health_metrics(struct kol_request *rq)
{
    KOL_STR out;
    struct kol_err err;

    kol_str_init(&out, METRICS_BYTES);
    add_process(rq, &out);
    add_store(rq, &out);
    add_connections(rq, &out);
    add_answers(rq, &out);
    add_latencies(rq, &out);
    if (add_queue(rq, &out, &err) != KOL_OK || kol_reconciled_metrics(rq, &out, &err) != KOL_OK) {
        kol_answer_err(rq, &err);
        return;
    }
    const char *text = kol_str_failed(&out) ? NULL : kol_arena_strn(rq->arena, out.data, out.len);
    if (text)
        kol_answer_bytes(rq, 200, "text/plain; version=0.0.4; charset=utf-8", text, out.len);
}
