/*
 * decode.c - see decode.h.
 */
#include "audio/decode.h"
#include "audio/spawn.h"
#include "audio/wire.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
    DEFAULT_MAX_SECONDS = 6 * 3600,
    DEFAULT_CPU_SECONDS = 120,
    DEFAULT_MEMORY_MB = 512,
    DEFAULT_WALL_MS = 120000,
    POLL_MS = 100, /* how late a stop may be seen */
    REAP_MS = 1000,
    CHUNK_BYTES = 65536
};

struct kol_decode {
    struct kol_decode_conf conf; /* with the defaults filled in */
    struct kol_decode_info info;
    pid_t pid;         /* 0: not running or already reaped */
    int fd;            /* our end of its standard output */
    int64_t waited_ms; /* for the child; our caller's own time does not count */
    bool done;         /* it said DONE and ended well */
    struct kol_wire_reader wire;
    size_t taken;               /* frames of wire's DATA record already given out */
    size_t chunk_at, chunk_len; /* read from the pipe, not yet pushed into wire */
    uint8_t chunk[CHUNK_BYTES];
};

static struct kol_decode_conf with_defaults(const struct kol_decode_conf *conf)
{
    struct kol_decode_conf c = *conf;

    c.max_seconds = c.max_seconds > 0 ? c.max_seconds : DEFAULT_MAX_SECONDS;
    c.cpu_seconds = c.cpu_seconds > 0 ? c.cpu_seconds : DEFAULT_CPU_SECONDS;
    c.memory_mb = c.memory_mb > 0 ? c.memory_mb : DEFAULT_MEMORY_MB;
    c.wall_ms = c.wall_ms > 0 ? c.wall_ms : DEFAULT_WALL_MS;
    return c;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
static enum kol_code open_regular(const char *path, int *ret_fd, struct kol_err *err)
{
    KOL_CLEANUP(kol_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return kol_fail(err, errno == ENOENT ? KOL_NOT_FOUND : KOL_IO, "open %s: %s", path,
                        strerror(errno));
    if (fstat(fd, &st) < 0)
        return kol_fail(err, KOL_IO, "stat %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return kol_fail(err, KOL_BAD_INPUT, "%s is not a regular file", path);
    *ret_fd = kol_take_fd(&fd);
    return KOL_OK;
}

static enum kol_code start_child(struct kol_decode *d, const char *path, struct kol_err *err)
{
    char seconds[16], cpu[16], memory[16];
    char *argv[] = {(char *)"kol-decode", seconds, cpu, memory, NULL};
    KOL_CLEANUP(kol_close_fd) int in = -1;

    enum kol_code code = open_regular(path, &in, err);
    if (code != KOL_OK)
        return code;
    snprintf(seconds, sizeof seconds, "%d", d->conf.max_seconds);
    snprintf(cpu, sizeof cpu, "%d", d->conf.cpu_seconds);
    snprintf(memory, sizeof memory, "%d", d->conf.memory_mb);
    return kol_spawn(d->conf.program, argv, in, &d->pid, &d->fd, err);
}

/*
 * The exit status of a child that has closed its output or was killed, -1 when there is none to be
 * had. One that lives on without output gets a second, then no mercy.
 */
static int reap(struct kol_decode *d)
{
    int status = -1;
    pid_t pid = 0;

    for (int ms = 0; d->pid > 0 && pid == 0; ms++) {
        pid = waitpid(d->pid, &status, ms < REAP_MS ? WNOHANG : 0);
        if (pid < 0 && errno == EINTR)
            pid = 0;
        if (pid == 0 && ms < REAP_MS)
            kol_sleep_ms(1);
        if (pid == 0 && ms == REAP_MS - 1)
            kill(d->pid, SIGKILL);
    }
    d->pid = 0;
    return pid > 0 ? status : -1;
}

static enum kol_code kill_child(struct kol_decode *d, enum kol_code code)
{
    if (d->pid > 0) {
        kill(d->pid, SIGKILL);
        reap(d);
    }
    return code;
}

/* The stream ended without DONE or FAIL: the exit status is the only witness. */
static enum kol_code died(struct kol_decode *d, int status, struct kol_err *err)
{
    if (status < 0)
        return kol_fail(err, KOL_CRASHED, "decoder ended, and somebody else reaped it");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return kol_fail(err, KOL_OVERDUE, "decoding needs more than %d s of CPU time",
                        d->conf.cpu_seconds);
    if (WIFSIGNALED(status))
        return kol_fail(err, KOL_CRASHED, "decoder killed by signal %d (SIG%s)%s", WTERMSIG(status),
                        sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?",
                        WTERMSIG(status) == SIGSYS ? ": it tried to leave its jail" : "");
    return kol_fail(err, KOL_CRASHED, "decoder ended with status %d in the middle of its work",
                    WEXITSTATUS(status));
}

static enum kol_code failed(const struct kol_decode *d, struct kol_err *err)
{
    static const enum kol_code codes[] = {
        [KOL_WIRE_BAD_MEDIA] = KOL_BAD_MEDIA,
        [KOL_WIRE_TOO_LONG] = KOL_TOO_LARGE,
        [KOL_WIRE_IO] = KOL_IO,
        [KOL_WIRE_NO_JAIL] = KOL_REFUSED,
    };

    return kol_fail(err, codes[d->wire.fail.why], "%s%s",
                    d->wire.fail.why == KOL_WIRE_NO_JAIL ? "decoder cannot jail itself: " : "",
                    d->wire.fail.text);
}

/* End of the pipe. Success is DONE and exit status 0, both. */
static enum kol_code ended(struct kol_decode *d, struct kol_err *err)
{
    int status = reap(d);

    if (!d->wire.ended)
        return died(d, status, err);
    if (status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return died(d, status, err);
    d->done = true;
    return KOL_OK;
}

/* Waits until the pipe has something, its end included. */
static enum kol_code wait_readable(struct kol_decode *d, struct kol_err *err)
{
    struct pollfd p = {.fd = d->fd, .events = POLLIN};

    for (;;) {
        if (d->conf.stop && d->conf.stop(d->conf.stop_arg))
            return kol_fail(err, KOL_CANCELLED, "decoding cancelled");
        if (d->waited_ms >= d->conf.wall_ms)
            return kol_fail(err, KOL_OVERDUE, "decoder gave nothing new in %lld ms",
                            (long long)d->conf.wall_ms);

        int64_t before = kol_boot_ms(), left = d->conf.wall_ms - d->waited_ms;
        int ready = poll(&p, 1, (int)(left < POLL_MS ? left : POLL_MS));
        d->waited_ms += kol_boot_ms() - before;
        if (ready > 0)
            return KOL_OK;
        if (ready < 0 && errno != EINTR)
            return kol_fail(err, KOL_IO, "wait for decoder: %s", strerror(errno));
    }
}

/* Fills the chunk; chunk_len stays 0 at the end of the pipe. */
static enum kol_code read_chunk(struct kol_decode *d, struct kol_err *err)
{
    enum kol_code code = wait_readable(d, err);
    if (code != KOL_OK)
        return code;

    ssize_t n = read(d->fd, d->chunk, sizeof d->chunk);
    if (n < 0 && errno != EINTR && errno != EAGAIN)
        return kol_fail(err, KOL_IO, "read from decoder: %s", strerror(errno));
    d->chunk_at = 0;
    d->chunk_len = n > 0 ? (size_t)n : 0;
    return n == 0 ? ended(d, err) : KOL_OK;
}

/* Goes on to the next record; DONE only together with the end of the pipe. */
static enum kol_code next_event(struct kol_decode *d, enum kol_wire_event *ret, struct kol_err *err)
{
    *ret = KOL_WIRE_NEED_MORE;
    while (!d->done && *ret == KOL_WIRE_NEED_MORE) {
        size_t used = 0;
        enum kol_code code = KOL_OK;

        if (d->chunk_at == d->chunk_len)
            code = read_chunk(d, err);
        if (code == KOL_OK)
            code = kol_wire_push(&d->wire, d->chunk + d->chunk_at, d->chunk_len - d->chunk_at,
                                 &used, ret, err);
        d->chunk_at += used;
        if (code == KOL_OK && *ret == KOL_WIRE_FAIL)
            code = failed(d, err);
        if (code != KOL_OK)
            return kill_child(d, code);
        if (*ret == KOL_WIRE_DONE)
            *ret = KOL_WIRE_NEED_MORE;
    }
    return KOL_OK;
}

/* The first record is HEAD or FAIL: the reader accepts no other. */
static enum kol_code read_head(struct kol_decode *d, struct kol_err *err)
{
    enum kol_wire_event event;
    enum kol_code code = next_event(d, &event, err);
    if (code != KOL_OK)
        return code;

    const struct kol_wire_head *head = &d->wire.head;
    d->info = (struct kol_decode_info){
        .channels = (int)head->channels,
        .source_rate_hz = (int)head->source_rate_hz,
        .duration_ms = head->duration_ms,
    };
    memcpy(d->info.format, head->format, sizeof d->info.format);
    memcpy(d->info.codec, head->codec, sizeof d->info.codec);
    return KOL_OK;
}

enum kol_code kol_decode_open(const struct kol_decode_conf *conf, const char *path,
                              struct kol_decode **ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_decode_cleanup) struct kol_decode *d = calloc(1, sizeof *d);
    if (!d)
        return kol_fail(err, KOL_NO_MEMORY, "decode: out of memory");

    d->fd = -1;
    d->conf = with_defaults(conf);
    kol_wire_reader_init(&d->wire, (uint64_t)d->conf.max_seconds * KOL_WIRE_RATE_HZ);
    enum kol_code code = start_child(d, path, err);
    if (code == KOL_OK)
        code = read_head(d, err);
    if (code != KOL_OK)
        return code;
    *ret = d;
    d = NULL;
    return KOL_OK;
}

const struct kol_decode_info *kol_decode_info(const struct kol_decode *d)
{
    return &d->info;
}

enum kol_code kol_decode_read(struct kol_decode *d, int16_t *const *planes, size_t max_frames,
                              size_t *ret_frames, struct kol_err *err)
{
    *ret_frames = 0;
    if (d->taken == d->wire.data_frames) {
        enum kol_wire_event event;
        d->taken = d->wire.data_frames = 0;
        enum kol_code code = next_event(d, &event, err);
        if (code != KOL_OK)
            return code;
    }

    size_t left = d->wire.data_frames - d->taken;
    size_t n = left < max_frames ? left : max_frames;
    for (int c = 0; c < d->info.channels; c++)
        kol_wire_copy(&d->wire, (unsigned)c, d->taken, planes[c], n);
    d->taken += n;
    *ret_frames = n;
    return KOL_OK;
}

struct kol_decode_end kol_decode_end(const struct kol_decode *d)
{
    const struct kol_wire_done *done = &d->wire.done;

    return (struct kol_decode_end){.frames = done->frames,
                                   .bad_packets = done->bad_packets,
                                   .cut_short = done->cut_short != 0};
}

void kol_decode_close(struct kol_decode *d)
{
    if (!d)
        return;
    kill_child(d, KOL_OK);
    kol_close_fd(&d->fd);
    free(d);
}
