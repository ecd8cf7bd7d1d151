/*
 * spawn.c - see spawn.h.
 */
#include "audio/spawn.h"
#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>

enum { IN_FD = 3, FIRST_SAFE_FD = 10 };

/* kol-decode is installed beside kol; the build puts both in one folder too. */
static enum kol_code beside_us(char *path, size_t size, struct kol_err *err)
{
    static const char name[] = "kol-decode";
    ssize_t n = readlink("/proc/self/exe", path, size - 1);

    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n <= 0 || (size_t)n + sizeof name > size)
        return kol_fail(err, KOL_REFUSED, "cannot tell where kol-decode is: set its path");
    memcpy(path + n, name, sizeof name);
    return KOL_OK;
}

/* Above the numbers that the child uses, so that no dup2() below overwrites another's source. */
static int move_up(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SAFE_FD);
}

static int plan_files(posix_spawn_file_actions_t *plan, int in, int out)
{
    int failed = posix_spawn_file_actions_addopen(plan, 0, "/dev/null", O_RDONLY, 0);

    if (!failed)
        failed = posix_spawn_file_actions_adddup2(plan, out, 1);
#if !defined(__SANITIZE_ADDRESS__) /* its reports are worth seeing */
    if (!failed)
        failed = posix_spawn_file_actions_addopen(plan, 2, "/dev/null", O_WRONLY, 0);
#endif
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(plan, in, IN_FD);
    if (!failed)
        failed = posix_spawn_file_actions_addclosefrom_np(plan, IN_FD + 1);
    return failed;
}

/* A server ignores SIGPIPE and blocks signals in its threads; a child would inherit both. */
static int plan_signals(posix_spawnattr_t *attr)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    int failed = posix_spawnattr_setsigmask(attr, &none);
    if (!failed)
        failed = posix_spawnattr_setsigdefault(attr, &all);
    if (!failed)
        failed = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failed;
}

static int start(const char *program, char *const *argv, int in, int out, pid_t *ret_pid)
{
    static char *const no_environment[] = {NULL};
    posix_spawn_file_actions_t plan;
    posix_spawnattr_t attr;

    int failed = posix_spawn_file_actions_init(&plan);
    if (failed)
        return failed;
    failed = posix_spawnattr_init(&attr);
    if (failed) {
        posix_spawn_file_actions_destroy(&plan);
        return failed;
    }

    failed = plan_files(&plan, in, out);
    if (!failed)
        failed = plan_signals(&attr);
    if (!failed)
        failed = posix_spawn(ret_pid, program, &plan, &attr, argv, no_environment);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&plan);
    return failed;
}

enum kol_code kol_spawn(const char *program, char *const *argv, int in, pid_t *ret_pid,
                        int *ret_out, struct kol_err *err)
{
    char path[PATH_MAX];
    int pipe_fds[2];

    if (!program || !*program) {
        enum kol_code code = beside_us(path, sizeof path, err);
        if (code != KOL_OK)
            return code;
        program = path;
    }
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return kol_fail(err, KOL_IO, "pipe for decoder: %s", strerror(errno));

    KOL_CLEANUP(kol_close_fd) int ours = pipe_fds[0];
    KOL_CLEANUP(kol_close_fd) int low = pipe_fds[1];
    KOL_CLEANUP(kol_close_fd) int theirs = move_up(low);
    KOL_CLEANUP(kol_close_fd) int file = move_up(in);
    if (theirs < 0 || file < 0)
        return kol_fail(err, KOL_IO, "descriptors for decoder: %s", strerror(errno));

    int failed = start(program, argv, file, theirs, ret_pid);
    if (failed == ENOENT || failed == EACCES || failed == ENOEXEC)
        return kol_fail(err, KOL_REFUSED, "cannot run %s: %s", program, strerror(failed));
    if (failed)
        return kol_fail(err, KOL_IO, "start %s: %s", program, strerror(failed));
    *ret_out = kol_take_fd(&ours);
    return KOL_OK;
}
