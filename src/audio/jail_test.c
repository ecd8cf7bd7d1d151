/*
 * jail_test.c - kol-jail-test: enters the jail of kol-decode and tries to do what it must not.
 *
 * Each attempt runs in two children: free, to see that it works on this machine at all, and jailed,
 * where it has to fail. Ends with 1 and names what got through. Release builds only: sanitizers
 * need a wider filter.
 */
#include "audio/jail.h"
#include "audio/landlock.h"
#include "base/cleanup.h"
#include <assert.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

enum {
    MEMORY_MB = 512,
    CPU_SECONDS = 5,
    PAGE = 4096,
    LEAKED_FD = 7,
    MIN_ATTEMPTS = 30,
    MAX_SECONDS = 10
};
enum { FAILED = 0, SUCCEEDED = 1, NO_JAIL = 2 }; /* how a child ends */

static char folder[] = "/tmp/kol-jail-test-XXXXXX";
static char victim[sizeof folder + 16], fresh[sizeof folder + 16], listener[sizeof folder + 16];
static pid_t parent;

static char *no_words[] = {NULL};
static union { /* where answers go that nobody reads */
    char text[512];
    int pair[2];
    struct stat st;
    struct utsname kernel;
    struct sysinfo memory;
    struct tm date;
} scratch;

/* An attempt that is one expression. */
#define TRY(name, works)                                                                           \
    static bool name(void)                                                                         \
    {                                                                                              \
        return works;                                                                              \
    }                                                                                              \
    static_assert(true, "takes the semicolon")

TRY(open_passwd, open("/etc/passwd", O_RDONLY) >= 0);
TRY(open_path_only, open("/etc/passwd", O_PATH) >= 0);
TRY(create_file, open(fresh, O_CREAT | O_WRONLY, 0600) >= 0);
TRY(make_folder, mkdir(fresh, 0700) == 0);
TRY(remove_file, unlink(victim) == 0);
TRY(rename_file, rename(victim, fresh) == 0);
TRY(link_file, symlink("/etc/passwd", fresh) == 0);
TRY(change_mode, chmod(victim, 0777) == 0);
TRY(cut_file, truncate(victim, 1) == 0);
TRY(stat_passwd, stat("/etc/passwd", &scratch.st) == 0);
TRY(stat_input, fstat(KOL_JAIL_IN_FD, &scratch.st) == 0);
TRY(read_link, readlink("/proc/self/exe", scratch.text, sizeof scratch) > 0);
TRY(list_folder, syscall(SYS_getdents64, LEAKED_FD, scratch.text, sizeof scratch) > 0);
TRY(change_folder, chdir("/") == 0);
TRY(change_root, chroot("/") == 0);
TRY(ask_folder, getcwd(scratch.text, sizeof scratch) != NULL);
TRY(read_leaked, openat(LEAKED_FD, "passwd", O_RDONLY) >= 0);
TRY(write_file, write(KOL_JAIL_OUT_FD, "x", 1) == 1);
TRY(read_output, pread(KOL_JAIL_OUT_FD, scratch.text, 1, 0) >= 0);
TRY(move_input, lseek(KOL_JAIL_IN_FD, 1, SEEK_SET) == 1);
TRY(flag_input, fcntl(KOL_JAIL_IN_FD, F_GETFL) >= 0);
TRY(ioctl_input, ioctl(KOL_JAIL_IN_FD, FIONREAD, scratch.pair) == 0);
TRY(double_input, dup(KOL_JAIL_IN_FD) >= 0);
TRY(close_output, close(KOL_JAIL_OUT_FD) == 0);
TRY(make_pipe, pipe(scratch.pair) == 0);
TRY(make_epoll, epoll_create1(0) >= 0);
TRY(make_eventfd, eventfd(0, 0) >= 0);
TRY(make_inotify, inotify_init1(0) >= 0);
TRY(make_memfd, memfd_create("x", 0) >= 0);
TRY(inet_socket, socket(AF_INET, SOCK_STREAM, 0) >= 0);
TRY(inet6_datagram, socket(AF_INET6, SOCK_DGRAM, 0) >= 0);
TRY(unix_socket, socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
TRY(netlink_socket, socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
TRY(socket_pair, socketpair(AF_UNIX, SOCK_STREAM, 0, scratch.pair) == 0);
static bool fork_child(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid > 0;
}
TRY(signal_parent, kill(parent, 0) == 0);
TRY(signal_group, kill(0, 0) == 0);
TRY(signal_thread, syscall(SYS_tgkill, getpid(), getpid(), 0) == 0);
TRY(be_traced, ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
TRY(open_pidfd, syscall(SYS_pidfd_open, parent, 0) >= 0);
TRY(run_program, execl("/bin/false", "false", (char *)NULL) == 0);
TRY(run_input, fexecve(KOL_JAIL_IN_FD, no_words, no_words) == 0);
TRY(rename_self, prctl(PR_SET_NAME, "kol") == 0);
TRY(be_dumpable, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
TRY(become_root, setuid(getuid()) == 0);
TRY(unshare_files, unshare(CLONE_FILES) == 0);
TRY(ask_kernel, uname(&scratch.kernel) == 0);
TRY(ask_memory, sysinfo(&scratch.memory) == 0);
TRY(sleep_a_little, usleep(1) == 0);
TRY(shared_memory, shmctl(shmget(IPC_PRIVATE, PAGE, 0600), IPC_RMID, NULL) == 0);
TRY(message_queue, msgctl(msgget(IPC_PRIVATE, 0600), IPC_RMID, NULL) == 0);
TRY(io_uring, syscall(SYS_io_uring_setup, 2, scratch.text) >= 0);
TRY(user_fault, syscall(SYS_userfaultfd, 1) >= 0);
TRY(key_ring, syscall(SYS_keyctl, 0, -2, 1) >= 0);

static bool open_openat2(void)
{
    struct open_how how = {.flags = O_RDONLY};
    return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how) >= 0;
}

static bool connect_unix(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(to.sun_path, sizeof to.sun_path, "%s", listener);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
}

static void *nothing(void *arg)
{
    return arg;
}

static bool start_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, nothing, NULL) == 0;
}

static bool read_parent(void)
{
    char copy[16];
    struct iovec to = {copy, sizeof copy}, from = {folder, sizeof copy};
    return process_vm_readv(parent, &to, 1, &from, 1, 0) > 0;
}

static void on_signal(int signal_number)
{
    (void)signal_number;
}

static bool catch_signal(void)
{
    return signal(SIGSYS, on_signal) != SIG_ERR;
}

static bool map(int protection, int flags, int fd, size_t bytes)
{
    return mmap(NULL, bytes, protection, flags, fd, 0) != MAP_FAILED;
}

TRY(map_code, map(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, PAGE));
TRY(map_input, map(PROT_READ, MAP_PRIVATE, KOL_JAIL_IN_FD, PAGE));
TRY(map_shared, map(PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, PAGE));
TRY(map_too_much,
    map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, (size_t)MEMORY_MB << 20));

static bool make_code(void)
{
    void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0;
}

static bool raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return false;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static bool set_timer(void)
{
    struct itimerval t = {.it_value.tv_sec = 100};
    return setitimer(ITIMER_REAL, &t, NULL) == 0;
}

static bool choose_cpu(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 &&
           sched_setaffinity(0, sizeof set, &set) == 0;
}

#ifdef __x86_64__
/* The doors beside the door: the 32-bit entry and x32 numbers would miss a filter by number. */
static bool old_entry(void)
{
    long ret = 20; /* getpid of i386 */
    __asm__ volatile("int $0x80" : "+a"(ret) : : "memory");
    return ret > 0;
}

static bool x32_entry(void)
{
    return syscall(0x40000000 + SYS_getpid) > 0;
}
#endif

struct attempt {
    const char *name;
    bool (*run)(void);
};

static const struct attempt attempts[] = {
    {"open /etc/passwd", open_passwd},
    {"open a path only", open_path_only},
    {"open with openat2", open_openat2},
    {"create a file", create_file},
    {"make a folder", make_folder},
    {"remove a file", remove_file},
    {"rename a file", rename_file},
    {"make a symbolic link", link_file},
    {"change a mode", change_mode},
    {"cut a file off", cut_file},
    {"stat /etc/passwd", stat_passwd},
    {"stat the input", stat_input},
    {"read a link", read_link},
    {"list a folder left open", list_folder},
    {"change folder", change_folder},
    {"change root", change_root},
    {"ask for the folder", ask_folder},
    {"open in a folder left open", read_leaked},
    {"write to a file", write_file},
    {"read the output back", read_output},
    {"move in the input", move_input},
    {"flags of the input", flag_input},
    {"ioctl on the input", ioctl_input},
    {"double the input", double_input},
    {"close the output", close_output},
    {"pipe", make_pipe},
    {"epoll", make_epoll},
    {"eventfd", make_eventfd},
    {"inotify", make_inotify},
    {"memory file", make_memfd},
    {"TCP socket", inet_socket},
    {"UDP socket, IPv6", inet6_datagram},
    {"unix socket", unix_socket},
    {"netlink socket", netlink_socket},
    {"socket pair", socket_pair},
    {"connect", connect_unix},
    {"fork", fork_child},
    {"thread", start_thread},
    {"signal the parent", signal_parent},
    {"signal the group", signal_group},
    {"signal a thread", signal_thread},
    {"ptrace", be_traced},
    {"read another process", read_parent},
    {"pidfd", open_pidfd},
    {"run a program", run_program},
    {"run the input", run_input},
    {"map code", map_code},
    {"turn data into code", make_code},
    {"map the input", map_input},
    {"map shared memory", map_shared},
    {"allocate more than the limit", map_too_much},
    {"raise a limit", raise_limit},
    {"rename the process", rename_self},
    {"become dumpable", be_dumpable},
    {"setuid", become_root},
    {"unshare", unshare_files},
    {"ask for the kernel", ask_kernel},
    {"ask for the memory", ask_memory},
    {"sleep", sleep_a_little},
    {"timer", set_timer},
    {"choose a cpu", choose_cpu},
    {"catch the signal of the jail", catch_signal},
    {"system V shared memory", shared_memory},
    {"system V messages", message_queue},
    {"io_uring", io_uring},
    {"userfaultfd", user_fault},
    {"keys", key_ring},
#ifdef __x86_64__
    {"32-bit system call", old_entry},
    {"x32 system call", x32_entry},
#endif
};

/* What kol-decode needs must go on working, or the jail proves nothing. */
static bool work_as_usual(void)
{
    char head[4] = "";
    char *memory = malloc(50 << 20);

    if (!memory)
        return false;
    memset(memory, 1, 50 << 20);
    free(memory);
    time_t now = 0;
    if (!localtime_r(&now, &scratch.date) || strftime(head, sizeof head, "%Z", &scratch.date) != 3)
        return false;
    if (pread(KOL_JAIL_IN_FD, head, sizeof head, 0) != sizeof head)
        return false;
    return memcmp(head, "\177ELF", 4) == 0 && !getenv("PATH") && write(KOL_JAIL_OUT_FD, "", 0) == 0;
}

static enum kol_code enter_all(struct kol_err *err)
{
    struct kol_jail_limits limits = {.memory_mb = MEMORY_MB, .cpu_seconds = CPU_SECONDS};
    return kol_jail_enter(&limits, err);
}

static enum kol_code enter_limits(struct kol_err *err)
{
    struct kol_jail_limits limits = {.memory_mb = MEMORY_MB, .cpu_seconds = CPU_SECONDS};
    return kol_jail_limit(&limits, err);
}

static enum kol_code enter_landlock(struct kol_err *err)
{
    enum kol_code code = kol_jail_drop_rights(err);
    return code == KOL_OK ? kol_landlock_enter(err) : code;
}

static enum kol_code stay_free(struct kol_err *err)
{
    (void)err;
    return KOL_OK;
}

typedef enum kol_code enter_fn(struct kol_err *err);

/*
 * The child's descriptors: a program to read, a file to write, a folder that somebody forgot. The
 * program is one that does nothing: with ourselves, "run the input" would never come to an end.
 */
static void prepare_child(void)
{
    int in = open("/bin/false", O_RDONLY), out = open(victim, O_CREAT | O_RDWR | O_TRUNC, 0600);
    int leaked = open("/etc", O_RDONLY | O_DIRECTORY);

    alarm(MAX_SECONDS); /* an attempt that hangs has not failed: see wall_holds() */
    unlink(fresh);
    rmdir(fresh);
    if (in < 0 || out < 0 || leaked < 0 || dup2(leaked, 20) < 0 || dup2(out, 21) < 0 ||
        dup2(in, KOL_JAIL_IN_FD) < 0 || dup2(21, KOL_JAIL_OUT_FD) < 0 || dup2(20, LEAKED_FD) < 0)
        _exit(NO_JAIL);
}

static int run_in_child(enter_fn *enter, bool (*run)(void))
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        prepare_child();
        _exit(enter(NULL) != KOL_OK ? NO_JAIL : run() ? SUCCEEDED : FAILED);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        perror("kol-jail-test: child");
        exit(NO_JAIL);
    }
    return status;
}

static bool ended_with(int status, int code)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

/* True when the wall held: the attempt failed or its process was ended for it. */
static bool wall_holds(enter_fn *enter, bool (*run)(void), char *ret, size_t size)
{
    int status = run_in_child(enter, run);

    if (WIFSIGNALED(status))
        snprintf(ret, size, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
    else
        snprintf(ret, size, "%s",
                 ended_with(status, FAILED)      ? "refused"
                 : ended_with(status, SUCCEEDED) ? "SUCCEEDED"
                                                 : "NO JAIL");
    return ended_with(status, FAILED) ||
           (WIFSIGNALED(status) && (WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGXFSZ));
}

/* Each attempt of the list against one wall; returns how many got through. */
static int try_all(const char *wall, enter_fn *enter, const struct attempt *list, size_t count,
                   int *ret_tried)
{
    int through = 0;

    for (size_t i = 0; i < count; i++) {
        char how[64];
        int free_status = run_in_child(stay_free, list[i].run);
        if (!ended_with(free_status, SUCCEEDED)) {
            printf("-    %s: %s: does not work here even without a jail\n", wall, list[i].name);
            continue;
        }
        bool held = wall_holds(enter, list[i].run, how, sizeof how);
        printf("%s %s: %s: %s\n", held ? "ok  " : "FAIL", wall, list[i].name, how);
        through += !held;
        ++*ret_tried;
    }
    return through;
}

/* One wall must hold when the others have a hole. */
static int try_walls_alone(int *ret_tried)
{
    static const struct attempt by_limits[] = {
        {"write to a file", write_file},
        {"allocate more than the limit", map_too_much},
    };
    static const struct attempt by_landlock[] = {
        {"open /etc/passwd", open_passwd}, {"create a file", create_file},
        {"remove a file", remove_file},    {"make a folder", make_folder},
        {"run a program", run_program},    {"change root", change_root},
    };
    int through = try_all("limits alone", enter_limits, by_limits, KOL_COUNT(by_limits), ret_tried);

    if (kol_landlock_abi() == 0)
        printf("-    landlock alone: this kernel has none\n");
    else
        through += try_all("landlock alone", enter_landlock, by_landlock, KOL_COUNT(by_landlock),
                           ret_tried);
    return through;
}

static int listen_unix(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s", listener);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 100) < 0)
        perror("kol-jail-test: listen");
    return fd;
}

static void clean_up(void)
{
    unlink(victim);
    unlink(fresh);
    rmdir(fresh);
    unlink(listener);
    rmdir(folder);
}

int main(void)
{
    int tried = 0;

    setvbuf(stdout, NULL, _IOLBF, 0); /* or each child would print our lines again */
    if (!mkdtemp(folder)) {
        perror(folder);
        return NO_JAIL;
    }
    snprintf(victim, sizeof victim, "%s/victim", folder);
    snprintf(fresh, sizeof fresh, "%s/fresh", folder);
    snprintf(listener, sizeof listener, "%s/listener", folder);
    parent = getpid();
    int fd = listen_unix();

    bool works = ended_with(run_in_child(enter_all, work_as_usual), SUCCEEDED);
    printf("%s work as usual\n", works ? "ok  " : "FAIL");
    int through = try_all("jail", enter_all, attempts, KOL_COUNT(attempts), &tried);
    through += try_walls_alone(&tried);
    close(fd);
    clean_up();

    printf("kol-jail-test: %d attempts, %d got through\n", tried, through);
    return works && through == 0 && tried >= MIN_ATTEMPTS ? 0 : 1;
}
