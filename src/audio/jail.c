/*
 * jail.c - see jail.h.
 */
#include "audio/jail.h"
#include "audio/landlock.h"
#include "base/cleanup.h"
#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

/* Sanitizer runtimes reserve terabytes, write reports and ask the kernel about threads. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JAIL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define JAIL_SANITIZED 1
#endif
#endif
#ifndef JAIL_SANITIZED
#define JAIL_SANITIZED 0
#endif

static enum kol_code refused(struct kol_err *err, const char *wall)
{
    return kol_fail(err, KOL_REFUSED, "%s: %s", wall, strerror(errno));
}

static bool limit_to(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit old;

    if (getrlimit(resource, &old) < 0)
        return false;
    /* A lower limit of our parent stays: raising it would need privileges. */
    struct rlimit now = {.rlim_cur = soft < old.rlim_max ? soft : old.rlim_max,
                         .rlim_max = hard < old.rlim_max ? hard : old.rlim_max};
    return setrlimit(resource, &now) == 0;
}

enum kol_code kol_jail_limit(const struct kol_jail_limits *limits, struct kol_err *err)
{
    rlim_t memory = (rlim_t)limits->memory_mb << 20, cpu = (rlim_t)limits->cpu_seconds;

    if (!JAIL_SANITIZED && !limit_to(RLIMIT_AS, memory, memory))
        return refused(err, "limit memory");
    if (!limit_to(RLIMIT_CPU, cpu, cpu + 1)) /* SIGXCPU at the first, SIGKILL at the second */
        return refused(err, "limit cpu time");
    if (!limit_to(RLIMIT_FSIZE, 0, 0) || !limit_to(RLIMIT_CORE, 0, 0) ||
        !limit_to(RLIMIT_NPROC, 0, 0) || !limit_to(RLIMIT_MEMLOCK, 0, 0) ||
        !limit_to(RLIMIT_MSGQUEUE, 0, 0))
        return refused(err, "limit files and processes");
    return KOL_OK;
}

/* The last limit: Landlock still needs one descriptor for its rule set. */
static enum kol_code limit_descriptors(struct kol_err *err)
{
    return limit_to(RLIMIT_NOFILE, 0, 0) ? KOL_OK : refused(err, "limit descriptors");
}

enum kol_code kol_jail_drop_rights(struct kol_err *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return refused(err, "no_new_privs");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return refused(err, "not dumpable");
    if (syscall(SYS_capset, &head, none) < 0)
        return refused(err, "drop capabilities");
    return KOL_OK;
}

static bool allow(scmp_filter_ctx ctx, int call)
{
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0) == 0;
}

static bool allow_if(scmp_filter_ctx ctx, int call, unsigned count, const struct scmp_arg_cmp *args)
{
    return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, count, args) == 0;
}

/* Memory for data: never executable, never a file. */
static bool allow_memory(scmp_filter_ctx ctx)
{
    const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp anonymous =
        SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS | MAP_SHARED, MAP_ANONYMOUS);
    const struct scmp_arg_cmp map[] = {no_exec, anonymous};

    return allow_if(ctx, SCMP_SYS(mmap), 2, map) &&
           allow_if(ctx, SCMP_SYS(mprotect), 1, &no_exec) && allow(ctx, SCMP_SYS(munmap)) &&
           allow(ctx, SCMP_SYS(mremap)) && allow(ctx, SCMP_SYS(madvise)) &&
           allow(ctx, SCMP_SYS(brk));
}

/* The two descriptors, each one way: the input has no position of its own, the output no way back.
 */
static bool allow_io(scmp_filter_ctx ctx)
{
    const struct scmp_arg_cmp in = SCMP_A0(SCMP_CMP_EQ, KOL_JAIL_IN_FD, 0);
    const struct scmp_arg_cmp out = SCMP_A0(SCMP_CMP_EQ, KOL_JAIL_OUT_FD, 0);

    return allow_if(ctx, SCMP_SYS(pread64), 1, &in) && allow_if(ctx, SCMP_SYS(write), 1, &out);
}

/* What the C library does between two lines of ours; none of it reaches outside. */
static bool allow_runtime(scmp_filter_ctx ctx)
{
    return allow(ctx, SCMP_SYS(exit_group)) && allow(ctx, SCMP_SYS(exit)) &&
           allow(ctx, SCMP_SYS(rt_sigreturn)) && allow(ctx, SCMP_SYS(restart_syscall)) &&
           allow(ctx, SCMP_SYS(clock_gettime)) && allow(ctx, SCMP_SYS(gettimeofday)) &&
           allow(ctx, SCMP_SYS(getrandom)) && allow(ctx, SCMP_SYS(futex));
}

static bool allow_sanitizer(scmp_filter_ctx ctx)
{
    static const int calls[] = {
        SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(getpid),      SCMP_SYS(gettid),       SCMP_SYS(sched_yield),
        SCMP_SYS(getrlimit),   SCMP_SYS(prlimit64),    SCMP_SYS(sched_getaffinity),
    };
    const struct scmp_arg_cmp report = SCMP_A0(SCMP_CMP_EQ, 2, 0);
    bool ok = allow_if(ctx, SCMP_SYS(write), 1, &report);

    for (size_t i = 0; i < KOL_COUNT(calls); i++)
        ok = ok && allow(ctx, calls[i]);
    /* For names in reports; refused instead of fatal, so that the report itself comes out. */
    ok = ok && seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0) == 0;
    ok = ok && seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(readlink), 0) == 0;
    return ok;
}

enum kol_code kol_jail_filter(struct kol_err *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!ctx)
        return kol_fail(err, KOL_REFUSED, "seccomp: no filter");

    bool built = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
                 allow_memory(ctx) && allow_io(ctx) && allow_runtime(ctx) &&
                 (!JAIL_SANITIZED || allow_sanitizer(ctx));
    int failed = built ? seccomp_load(ctx) : -EINVAL;
    seccomp_release(ctx);
    if (failed)
        return kol_fail(err, KOL_REFUSED, "seccomp: not loaded: %s", strerror(-failed));
    return KOL_OK;
}

static void close_others(void)
{
    close(0);
    if (!JAIL_SANITIZED)
        close(2);
    close_range(KOL_JAIL_IN_FD + 1, ~0U, 0);
}

/*
 * The C library reads the time zone's file at the first date it meets (an M4A holds one), which the
 * filter would punish. With a zone that needs no file, asked for now, it never looks again.
 */
static void empty_environment(void)
{
    clearenv();
    setenv("TZ", "UTC0", 1);
    tzset();
}

enum kol_code kol_jail_enter(const struct kol_jail_limits *limits, struct kol_err *err)
{
    close_others();
    empty_environment();

    enum kol_code code = kol_jail_limit(limits, err);
    if (code == KOL_OK)
        code = kol_jail_drop_rights(err);
    if (code == KOL_OK)
        code = kol_landlock_enter(err);
    if (code == KOL_OK)
        code = limit_descriptors(err);
    if (code == KOL_OK)
        code = kol_jail_filter(err);
    return code;
}
