#include "transcribe/pull.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "net/http.h"
#include "transcribe/model_file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define LONGEST_MODEL (16 * KOL_GIB)
#define WHOLE_RUN_MS (24 * 3600 * 1000LL)
#define TRIES_MOST 6 /* in a row that bring nothing */
#define WAIT_MOST_MS 60000

struct download {
    const struct kol_pull *pull;
    struct kol_arena *a;
    struct kol_http *http;
    struct kol_part part;
    const char *path; /* of the finished file */
    int64_t have;     /* bytes in the part */
    int tries;        /* in a row that brought nothing */
};

/* ---- names ---- */

bool kol_model_name_ok(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return !kol_str_empty(name) && *name != '.' && strlen(name) <= 100 &&
           strspn(name, letters) == strlen(name);
}

const char *kol_model_path(struct kol_arena *a, const struct kol_conf *conf, const char *name)
{
    if (strchr(name, '/'))
        return name;
    return kol_arena_fmt(a, "%s/ggml-%s.bin", conf->model_dir, name);
}

const char *kol_model_partial_path(struct kol_arena *a, const struct kol_conf *conf,
                                   const char *name)
{
    return kol_arena_fmt(a, "%s/ggml-%s.bin.partial", conf->model_dir, name);
}

/* ---- the part ---- */

static void drop_part(struct download *d)
{
    kol_part_done(&d->part);
}

/* It keeps its name for the next run. */
static void keep_part(struct download *d)
{
    free(d->part.part_path);
    d->part.part_path = NULL;
    kol_part_done(&d->part);
}

static enum kol_code empty_part(struct download *d, struct kol_err *err)
{
    if (ftruncate(d->part.fd, 0) != 0 || lseek(d->part.fd, 0, SEEK_SET) != 0)
        return kol_fail(err, KOL_IO, "empty %s: %s", d->part.part_path, strerror(errno));
    d->have = 0;
    return KOL_OK;
}

static enum kol_code open_part(struct download *d, struct kol_err *err)
{
    const struct kol_pull *p = d->pull;
    const char *path = kol_model_partial_path(d->a, p->conf, p->name);

    d->path = kol_model_path(d->a, p->conf, p->name);
    d->part.part_path = path ? strdup(path) : NULL;
    if (!d->part.part_path || !d->path)
        return kol_fail(err, KOL_NO_MEMORY, "pull: out of memory");
    enum kol_code code = kol_mkdir_p(p->conf->model_dir, 0755, err);
    if (code != KOL_OK)
        return code;
    d->part.fd = kol_sys->open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (d->part.fd < 0)
        return kol_fail(err, kol_code_from_errno(errno), "create %s: %s", path, strerror(errno));
    if (flock(d->part.fd, LOCK_EX | LOCK_NB) != 0) {
        keep_part(d);
        return kol_fail(err, KOL_CONFLICT, "another kol is at work on %s", path);
    }
    d->have = lseek(d->part.fd, 0, SEEK_END);
    if (kol_str_empty(p->sha256) || (p->bytes > 0 && d->have > p->bytes))
        return empty_part(d, err);
    return KOL_OK;
}

/* Before the first byte rather than after the last. */
static enum kol_code check_room(const struct download *d, int64_t bytes, struct kol_err *err)
{
    struct statvfs fs;

    if (statvfs(d->pull->conf->model_dir, &fs) != 0)
        return KOL_OK;
    const int64_t room = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    if (bytes - d->have <= room)
        return KOL_OK;
    return kol_fail(err, KOL_DISK_FULL, "%s needs %lld MB more, and %s has %lld MB free",
                    d->pull->name, (long long)((bytes - d->have) / 1000000),
                    d->pull->conf->model_dir, (long long)(room / 1000000));
}

/* ---- when it is whole ---- */

static enum kol_code check_whole(struct download *d, struct kol_err *err)
{
    const struct kol_pull *p = d->pull;
    struct kol_model_info info;
    char hash[65];

    if (p->bytes > 0 && d->have != p->bytes)
        return kol_fail(err, KOL_BAD_INPUT, "%s has %lld bytes, %lld are published: removed",
                        p->name, (long long)d->have, (long long)p->bytes);
    if (!kol_str_empty(p->sha256)) {
        enum kol_code code = kol_file_sha256(d->part.part_path, hash, err);

        if (code != KOL_OK)
            return code;
        if (!kol_streq(hash, p->sha256))
            return kol_fail(err, KOL_BAD_INPUT,
                            "%s has not the published SHA-256 (%.16s... instead of %.16s...): "
                            "removed",
                            p->name, hash, p->sha256);
    }
    enum kol_code code = kol_model_probe(d->part.part_path, &info, err);
    if (code == KOL_OK && info.tensor_count == 0)
        code = kol_fail(err, KOL_BAD_INPUT, "%s holds no weights", p->name);
    return code;
}

static enum kol_code publish(struct download *d, struct kol_err *err)
{
    enum kol_code code = check_whole(d, err);

    if (code == KOL_OK && fchmod(d->part.fd, 0644) != 0)
        code = kol_fail(err, KOL_IO, "set the mode of %s: %s", d->part.part_path, strerror(errno));
    if (code == KOL_OK)
        return kol_part_publish(&d->part, d->path, err);
    if (code == KOL_BAD_INPUT)
        drop_part(d);
    return code;
}

/* ---- the network ---- */

static void on_bytes(uint64_t bytes, void *user)
{
    struct download *d = user;
    const struct kol_pull *p = d->pull;

    d->tries = 0;
    if (p->progress)
        p->progress(d->have + (int64_t)bytes, p->bytes, p->user);
}

/* A page that says "sign in" is refused before it is stored. */
static enum kol_code inspect(void *user, const void *head, size_t len, struct kol_err *err)
{
    const struct download *d = user;

    if (d->have > 0 || kol_model_looks_right(head, len))
        return KOL_OK;
    return kol_fail(err, KOL_BAD_INPUT, "what came is no speech model in ggml format");
}

static enum kol_code status_failure(int status, struct kol_err *err)
{
    const enum kol_code code = kol_http_status_code(status);

    if (code == KOL_NOT_FOUND)
        return kol_fail(err, code, "it is not there (404): is model_base_url right?");
    return kol_fail(err, code, "the server answered %d", status);
}

/* One request. Whatever came of it, d->have is what the part holds. */
static enum kol_code get_more(struct download *d, int64_t *ret_retry_ms, struct kol_err *err)
{
    const struct kol_pull *p = d->pull;
    const int64_t most = p->bytes > 0 ? p->bytes : LONGEST_MODEL;
    struct kol_http_response response = {0};
    const struct kol_http_request request = {
        .url = p->url,
        .timeout_ms = WHOLE_RUN_MS,
        .max_response_bytes = (uint64_t)(most - d->have),
        .part = &d->part,
        .inspect = inspect,
        .inspect_user = d,
        .stop = p->stop,
        .resume_from = (uint64_t)d->have,
        .progress = on_bytes,
        .progress_user = d,
    };

    *ret_retry_ms = -1;
    enum kol_code code = kol_http_get_following(d->a, d->http, &request, &response, err);
    if (code == KOL_OK && response.status != 206 && response.status != 200)
        code = response.status == 416 ? KOL_CONFLICT : status_failure(response.status, err);
    *ret_retry_ms = response.retry_after_ms;
    d->have = lseek(d->part.fd, 0, SEEK_END);
    if (code == KOL_TOO_LARGE)
        code = kol_fail(err, KOL_BAD_INPUT, "it is longer than the %lld bytes that are published",
                        (long long)most);
    return code;
}

static bool may_try_again(enum kol_code code)
{
    return code == KOL_NET || code == KOL_NET_TIMEOUT || code == KOL_TRUNCATED ||
           code == KOL_RATE_LIMITED || code == KOL_HTTP_STATUS;
}

static bool stopped(const struct download *d)
{
    return d->pull->stop && atomic_load(d->pull->stop);
}

/* 1, 2, 4 ... s, or what the server asks for. False: stopped meanwhile. */
static bool wait_a_little(const struct download *d, int64_t retry_ms)
{
    int64_t wait_ms = retry_ms > 0 ? retry_ms : 1000LL << d->tries;

    if (wait_ms > WAIT_MOST_MS)
        wait_ms = WAIT_MOST_MS;
    wait_ms /= d->pull->conf->test_wait_divisor > 0 ? d->pull->conf->test_wait_divisor : 1;
    for (; wait_ms > 0 && !stopped(d); wait_ms -= 100)
        kol_sleep_ms(wait_ms < 100 ? wait_ms : 100);
    return !stopped(d);
}

static enum kol_code get_all(struct download *d, struct kol_err *err)
{
    for (;;) {
        int64_t retry_ms;

        if (d->pull->bytes > 0 && d->have == d->pull->bytes)
            return KOL_OK;
        const int64_t before = d->have;
        enum kol_code code = get_more(d, &retry_ms, err);
        if (code == KOL_OK)
            return KOL_OK;
        if (code == KOL_CONFLICT && before > 0) { /* no ranges there, or another length */
            code = empty_part(d, err);
            if (code == KOL_OK)
                continue;
        }
        if (!may_try_again(code) || ++d->tries >= TRIES_MOST)
            return code;
        kol_debug("pull of %s: %s; trying again", d->pull->name, err->msg);
        if (!wait_a_little(d, retry_ms))
            return kol_fail(err, KOL_CANCELLED, "stopped");
        if (kol_str_empty(d->pull->sha256) && empty_part(d, err) != KOL_OK)
            return err->code; /* nothing would tell that both parts are of one file */
    }
}

static enum kol_code download(struct download *d, struct kol_err *err)
{
    enum kol_code code = kol_http_new(d->pull->conf, &d->http, err);

    if (code == KOL_OK)
        code = open_part(d, err);
    if (code == KOL_OK && d->pull->bytes > 0)
        code = check_room(d, d->pull->bytes, err);
    if (code == KOL_OK)
        code = get_all(d, err);
    if (code == KOL_OK)
        return publish(d, err);
    if (code == KOL_BAD_INPUT || d->have == 0)
        drop_part(d);
    return code;
}

enum kol_code kol_pull_get(const struct kol_pull *pull, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct download d = {.pull = pull, .a = a, .part = {.fd = -1}};

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "pull: out of memory");
    enum kol_code code = download(&d, err);
    if (d.part.part_path)
        keep_part(&d);
    kol_http_free(d.http);
    return code == KOL_OK ? KOL_OK : kol_err_prefix(err, "pull %s", pull->name);
}

/* ---- from a file ---- */

static enum kol_code copy_bytes(struct download *d, int from, struct kol_err *err)
{
    static _Thread_local char buf[1 << 16];
    ssize_t n;

    while ((n = read(from, buf, sizeof buf)) > 0) {
        enum kol_code code = kol_part_write(&d->part, buf, (size_t)n, err);

        if (code != KOL_OK)
            return code;
        if (stopped(d))
            return kol_fail(err, KOL_CANCELLED, "stopped");
        d->have += n;
        if (d->pull->progress)
            d->pull->progress(d->have, d->pull->bytes, d->pull->user);
    }
    return n == 0 ? KOL_OK : kol_fail(err, KOL_IO, "read: %s", strerror(errno));
}

enum kol_code kol_pull_copy(const struct kol_pull *pull, const char *from, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_CLEANUP(kol_close_fd) int fd = open(from, O_RDONLY | O_CLOEXEC);
    struct download d = {.pull = pull, .a = a, .part = {.fd = -1}};

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "import: out of memory");
    if (fd < 0)
        return kol_fail(err, KOL_NOT_FOUND, "open %s: %s", from, strerror(errno));
    enum kol_code code = open_part(&d, err);
    if (code == KOL_OK)
        code = empty_part(&d, err);
    if (code == KOL_OK && pull->bytes > 0)
        code = check_room(&d, pull->bytes, err);
    if (code == KOL_OK)
        code = copy_bytes(&d, fd, err);
    if (code == KOL_OK)
        code = publish(&d, err);
    drop_part(&d);
    return code == KOL_OK ? KOL_OK : kol_err_prefix(err, "import %s", from);
}
