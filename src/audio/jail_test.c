/*
 * jail_test.c - kol-jail-test: enters the jail of kol-decode and tries to do what it must not.
 *
 * Each attempt runs in two children: free, to see that it works on this machine at all, and jailed,
 * where it has to fail. Ends with 1 and names what got through. Release builds only: sanitizers need
 * a wider filter.
 */
#include "audio/jail.h"
#include "audio/landlock.h"
#include "base/cleanup.h"
#include <errno.h>
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

enum { MEMORY_MB = 512, CPU_SECONDS = 5, PAGE = 4096, LEAKED_FD = 7, MIN_ATTEMPTS = 30 };
enum { FAILED = 0, SUCCEEDED = 1, NO_JAIL = 2 }; /* how a child ends */

static char folder[] = "/tmp/kol-jail-test-XXXXXX";
static char victim[sizeof folder + 16], fresh[sizeof folder + 16], listener[sizeof folder + 16];
static pid_t parent;

static bool open_passwd(void) { return open("/etc/passwd", O_RDONLY) >= 0; }
static bool open_path_only(void) { return open("/etc/passwd", O_PATH) >= 0; }
static bool create_file(void) { return open(fresh, O_CREAT | O_WRONLY, 0600) >= 0; }
static bool make_folder(void) { return mkdir(fresh, 0700) == 0; }
static bool remove_file(void) { return unlink(victim) == 0; }
static bool rename_file(void) { return rename(victim, fresh) == 0; }
static bool link_file(void) { return symlink("/etc/passwd", fresh) == 0; }
static bool change_mode(void) { return chmod(victim, 0777) == 0; }
static bool cut_file(void) { return truncate(victim, 1) == 0; }
static bool stat_passwd(void) { struct stat st; return stat("/etc/passwd", &st) == 0; }
static bool stat_input(void) { struct stat st; return fstat(KOL_JAIL_IN_FD, &st) == 0; }
static bool read_link(void) { char b[64]; return readlink("/proc/self/exe", b, sizeof b) > 0; }
static bool list_folder(void) { char b[512]; return syscall(SYS_getdents64, LEAKED_FD, b, sizeof b) > 0; }
static bool change_folder(void) { return chdir("/") == 0; }
static bool change_root(void) { return chroot("/") == 0; }
static bool ask_folder(void) { char b[512]; return getcwd(b, sizeof b) != NULL; }
static bool read_leaked(void) { char b[512]; return syscall(SYS_getdents64, LEAKED_FD, b, 512) > 0; }
static bool write_file(void) { return write(KOL_JAIL_OUT_FD, "x", 1) == 1; }
static bool read_output(void) { char b; return pread(KOL_JAIL_OUT_FD, &b, 1, 0) >= 0; }
static bool move_input(void) { return lseek(KOL_JAIL_IN_FD, 1, SEEK_SET) == 1; }
static bool flag_input(void) { return fcntl(KOL_JAIL_IN_FD, F_GETFL) >= 0; }
static bool ioctl_input(void) { int n; return ioctl(KOL_JAIL_IN_FD, FIONREAD, &n) == 0; }
static bool double_input(void) { return dup(KOL_JAIL_IN_FD) >= 0; }
static bool close_output(void) { return close(KOL_JAIL_OUT_FD) == 0; }
static bool make_pipe(void) { int p[2]; return pipe(p) == 0; }
static bool make_epoll(void) { return epoll_create1(0) >= 0; }
static bool make_eventfd(void) { return eventfd(0, 0) >= 0; }
static bool make_inotify(void) { return inotify_init1(0) >= 0; }
static bool make_memfd(void) { return memfd_create("x", 0) >= 0; }
static bool inet_socket(void) { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }
static bool inet6_datagram(void) { return socket(AF_INET6, SOCK_DGRAM, 0) >= 0; }
static bool unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }
static bool netlink_socket(void) { return socket(AF_NETLINK, SOCK_RAW, 0) >= 0; }
static bool socket_pair(void) { int p[2]; return socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0; }
static bool fork_child(void) { pid_t p = fork(); if (p == 0) _exit(0); return p > 0; }
static bool signal_parent(void) { return kill(parent, 0) == 0; }
static bool signal_group(void) { return kill(0, 0) == 0; }
static bool signal_thread(void) { return syscall(SYS_tgkill, getpid(), getpid(), 0) == 0; }
static bool be_traced(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0; }
static bool open_pidfd(void) { return syscall(SYS_pidfd_open, parent, 0) >= 0; }
static bool run_program(void) { execl("/bin/false", "false", (char *)NULL); return false; }
static bool run_input(void) { char *none[] = {NULL}; fexecve(KOL_JAIL_IN_FD, none, none); return false; }
static bool rename_self(void) { return prctl(PR_SET_NAME, "kol") == 0; }
static bool be_dumpable(void) { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0; }
static bool become_root(void) { return setuid(getuid()) == 0; }
static bool unshare_files(void) { return unshare(CLONE_FILES) == 0; }
static bool ask_kernel(void) { struct utsname u; return uname(&u) == 0; }
static bool ask_memory(void) { struct sysinfo s; return sysinfo(&s) == 0; }
static bool sleep_a_little(void) { struct timespec t = {.tv_nsec = 1000}; return nanosleep(&t, NULL) == 0; }
static bool shared_memory(void) { int id = shmget(IPC_PRIVATE, PAGE, 0600); return id >= 0 && shmctl(id, IPC_RMID, NULL) == 0; }
static bool message_queue(void) { int id = msgget(IPC_PRIVATE, 0600); return id >= 0 && msgctl(id, IPC_RMID, NULL) == 0; }
static bool io_uring(void) { char params[256] = {0}; return syscall(SYS_io_uring_setup, 2, params) >= 0; }
static bool user_fault(void) { return syscall(SYS_userfaultfd, 1) >= 0; }
static bool key_ring(void) { return syscall(SYS_keyctl, 0, -2, 1) >= 0; }

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

static bool map_code(void) { return map(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, PAGE); }
static bool map_input(void) { return map(PROT_READ, MAP_PRIVATE, KOL_JAIL_IN_FD, PAGE); }
static bool map_shared(void) { return map(PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, PAGE); }
static bool map_too_much(void) { return map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, (size_t)MEMORY_MB << 20); }

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
    return sched_getaffinity(0, sizeof set, &set) == 0 && sched_setaffinity(0, sizeof set, &set) == 0;
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
    {"use a descriptor left open", read_leaked},
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

    if (!memory || pread(KOL_JAIL_IN_FD, head, sizeof head, 0) != sizeof head)
        return false;
    memset(memory, 1, 50 << 20);
    free(memory);
    return memcmp(head, "\177ELF", 4) == 0 && environ == NULL && write(KOL_JAIL_OUT_FD, "", 0) == 0;
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

/* The child's descriptors: ourselves to read, a file to write, a folder that somebody forgot. */
static void prepare_child(void)
{
    int in = open("/proc/self/exe", O_RDONLY), out = open(victim, O_CREAT | O_RDWR | O_TRUNC, 0600);
    int leaked = open("/etc", O_RDONLY | O_DIRECTORY);

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
        snprintf(ret, size, "%s", ended_with(status, FAILED)      ? "refused"
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
    KOL_CLEANUP(kol_close_fd) int fd = listen_unix();

    bool works = ended_with(run_in_child(enter_all, work_as_usual), SUCCEEDED);
    printf("%s work as usual\n", works ? "ok  " : "FAIL");
    int through = try_all("jail", enter_all, attempts, KOL_COUNT(attempts), &tried);
    through += try_walls_alone(&tried);
    clean_up();

    printf("kol-jail-test: %d attempts, %d got through\n", tried, through);
    return works && through == 0 && tried >= MIN_ATTEMPTS ? 0 : 1;
}
