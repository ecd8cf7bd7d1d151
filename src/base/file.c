/* file.c - see file.h. All calls whose failure can lose data go through kol_sys. */
#include "base/file.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* path + ".part." + 6 hex digits */
static const char part_mark[] = ".part.";
enum { PART_DIGITS = 6 };

/* Every failure of the system is told the same way, at the place that knows the path. */
static enum kol_code fail_errno(struct kol_err *err, const char *doing, const char *path)
{
    int e = errno;
    return kol_fail(err, kol_code_from_errno(e), "%s %s: %s", doing, path, strerror(e));
}

enum kol_code kol_part_open(struct kol_part *p, const char *path, struct kol_err *err)
{
    *p = (struct kol_part){.fd = -1};

    for (int tries = 0; tries < 100; tries++) {
        KOL_CLEANUP(kol_free_str) char *name = NULL;
        uint8_t random[PART_DIGITS / 2];
        char hex[PART_DIGITS + 1];
        kol_random_bytes(random, sizeof random);
        kol_hex(random, sizeof random, hex);
        if (asprintf(&name, "%s%s%s", path, part_mark, hex) < 0) {
            name = NULL;
            return kol_fail(err, KOL_NO_MEMORY, "create %s: out of memory", path);
        }

        int fd = kol_sys->open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0) {
            flock(fd, LOCK_EX | LOCK_NB); /* tells kol_part_sweep() that its writer lives */
            *p = (struct kol_part){.fd = fd, .part_path = name};
            name = NULL;
            return KOL_OK;
        }
        if (errno != EEXIST)
            return fail_errno(err, "create", name);
    }
    return kol_fail(err, KOL_IO, "create %s: no free temporary name", path);
}

enum kol_code kol_part_write(struct kol_part *p, const void *buf, size_t len, struct kol_err *err)
{
    const char *from = buf;

    while (len) {
        ssize_t n = kol_sys->write(p->fd, from, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "write", p->part_path);
        from += n;
        len -= (size_t)n;
    }
    return KOL_OK;
}

static enum kol_code sync_folder_of(const char *path, struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *folder = NULL;
    KOL_CLEANUP(kol_close_fd) int fd = -1;
    const char *slash = strrchr(path, '/');

    if (!slash)
        folder = strdup(".");
    else
        folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (!folder)
        return kol_fail(err, KOL_NO_MEMORY, "sync the folder of %s: out of memory", path);

    fd = kol_sys->open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return fail_errno(err, "open", folder);
    if (kol_sys->fsync(fd) < 0)
        return fail_errno(err, "sync", folder);
    return KOL_OK;
}

enum kol_code kol_part_publish(struct kol_part *p, const char *path, struct kol_err *err)
{
    if (kol_sys->fsync(p->fd) < 0)
        return fail_errno(err, "sync", p->part_path);
    if (kol_sys->rename(p->part_path, path) < 0)
        return fail_errno(err, "rename to", path);
    free(p->part_path);
    p->part_path = NULL; /* it has its real name now */
    kol_part_done(p);
    return sync_folder_of(path, err);
}

void kol_part_done(struct kol_part *p)
{
    if (p->part_path) {
        kol_sys->unlink(p->part_path);
        free(p->part_path);
    }
    if (p->fd >= 0)
        close(p->fd);
    *p = (struct kol_part){.fd = -1};
}

static bool is_part_name(const char *name)
{
    size_t len = strlen(name);
    size_t tail = strlen(part_mark) + PART_DIGITS;

    return len > tail && kol_starts_with(name + len - tail, part_mark) &&
           strspn(name + len - PART_DIGITS, "0123456789abcdef") == PART_DIGITS;
}

int kol_part_sweep(const char *folder)
{
    int removed = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return 0;

    for (struct dirent *e; (e = readdir(dir));) {
        if (!is_part_name(e->d_name))
            continue;
        KOL_CLEANUP(kol_close_fd)
        int fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
            continue; /* another process is still writing it */
        removed += unlinkat(dirfd(dir), e->d_name, 0) == 0;
    }
    closedir(dir);
    return removed;
}

/* Reads on until the end or until cap bytes. Returns how many, or -1 with errno set. */
static ssize_t read_all(int fd, char *buf, size_t cap)
{
    size_t len = 0;

    while (len < cap) {
        ssize_t n = read(fd, buf + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static enum kol_code open_to_read(const char *path, int *ret_fd, struct kol_err *err)
{
    int fd = kol_sys->open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return kol_fail(err, KOL_NOT_FOUND, "open %s: %s", path, strerror(errno));
    if (fd < 0)
        return fail_errno(err, "open", path);
    *ret_fd = fd;
    return KOL_OK;
}

/* Nobody but its owner may even look at it. */
static enum kol_code check_private(const char *path, const struct stat *st, struct kol_err *err)
{
    if (!S_ISREG(st->st_mode))
        return kol_fail(err, KOL_BAD_CONFIG, "%s holds a secret and must be a plain file", path);
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return kol_fail(err, KOL_BAD_CONFIG, "%s holds a secret and belongs to another user", path);
    if (st->st_mode & (S_IRWXG | S_IRWXO))
        return kol_fail(err, KOL_BAD_CONFIG,
                        "%s holds a secret and others may read or change it: chmod 600 %s", path,
                        path);
    return KOL_OK;
}

static enum kol_code read_file(const char *path, size_t max_bytes, bool secret, char **ret,
                               size_t *ret_len, struct kol_err *err)
{
    KOL_CLEANUP(kol_close_fd) int fd = -1;
    KOL_CLEANUP(kol_free_str) char *buf = NULL;
    struct stat st;

    enum kol_code code = open_to_read(path, &fd, err);
    if (code != KOL_OK)
        return code;
    if (fstat(fd, &st) < 0)
        return fail_errno(err, "stat", path);
    if (S_ISDIR(st.st_mode))
        return kol_fail(err, KOL_IO, "read %s: it is a folder", path);
    code = secret ? check_private(path, &st, err) : KOL_OK;
    if (code != KOL_OK)
        return code;

    /* The size is a hint only: it is 0 in /proc and in pipes. One byte more tells "too large". */
    bool known = S_ISREG(st.st_mode) && st.st_size > 0;
    size_t cap = known && (size_t)st.st_size < max_bytes ? (size_t)st.st_size : max_bytes;
    buf = malloc(cap + 2);
    if (!buf)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", path);
    ssize_t len = read_all(fd, buf, cap + 1);
    if (len < 0)
        return fail_errno(err, "read", path);
    if ((size_t)len > cap)
        return kol_fail(err, KOL_TOO_LARGE, "read %s: more than %zu bytes", path, cap);

    buf[len] = '\0';
    *ret = buf;
    buf = NULL;
    if (ret_len)
        *ret_len = (size_t)len;
    return KOL_OK;
}

enum kol_code kol_file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_len,
                            struct kol_err *err)
{
    return read_file(path, max_bytes, false, ret, ret_len, err);
}

enum kol_code kol_file_read_private(const char *path, size_t max_bytes, char **ret, size_t *ret_len,
                                    struct kol_err *err)
{
    return read_file(path, max_bytes, true, ret, ret_len, err);
}

enum kol_code kol_file_create_private(const char *path, const void *buf, size_t len,
                                      struct kol_err *err)
{
    KOL_CLEANUP(kol_part_done) struct kol_part p = {.fd = -1};

    enum kol_code code = kol_part_open(&p, path, err);
    if (code == KOL_OK)
        code = kol_part_write(&p, buf, len, err);
    if (code != KOL_OK)
        return code;
    if (kol_sys->fsync(p.fd) < 0)
        return fail_errno(err, "sync", p.part_path);
    /* A hard link, not a rename: it never replaces what is there. */
    if (link(p.part_path, path) < 0 && errno != EEXIST)
        return fail_errno(err, "create", path);
    return sync_folder_of(path, err);
}

enum kol_code kol_file_write_atomic(const char *path, const void *buf, size_t len,
                                    struct kol_err *err)
{
    KOL_CLEANUP(kol_part_done) struct kol_part p = {.fd = -1};

    enum kol_code code = kol_part_open(&p, path, err);
    if (code == KOL_OK)
        code = kol_part_write(&p, buf, len, err);
    if (code == KOL_OK)
        code = kol_part_publish(&p, path, err);
    return code;
}

enum kol_code kol_mkdir_p(const char *path, unsigned mode, struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *prefix = strdup(path);
    struct stat st;

    if (!prefix)
        return kol_fail(err, KOL_NO_MEMORY, "create %s: out of memory", path);
    for (char *slash = prefix; slash;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(prefix, mode) < 0 && errno != EEXIST)
            return fail_errno(err, "create folder", prefix);
        if (slash)
            *slash = '/';
    }
    if (stat(path, &st) < 0)
        return fail_errno(err, "stat", path);
    if (!S_ISDIR(st.st_mode))
        return kol_fail(err, KOL_IO, "create folder %s: a file of that name is there", path);
    return KOL_OK;
}

enum kol_code kol_file_sha256(const char *path, char ret_hex[static 65], struct kol_err *err)
{
    KOL_CLEANUP(kol_close_fd) int fd = -1;
    uint8_t digest[KOL_SHA256_BYTES];
    char buf[16384];
    ssize_t n = 0;

    enum kol_code code = open_to_read(path, &fd, err);
    if (code != KOL_OK)
        return code;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    while (ok && (n = read_all(fd, buf, sizeof buf)) > 0)
        ok = EVP_DigestUpdate(ctx, buf, (size_t)n);
    int e = errno;
    ok = ok && EVP_DigestFinal_ex(ctx, digest, NULL);
    EVP_MD_CTX_free(ctx);

    if (!ok)
        return kol_fail(err, KOL_NO_MEMORY, "digest of %s: out of memory", path);
    if (n < 0)
        return kol_fail(err, KOL_IO, "read %s: %s", path, strerror(e));
    kol_hex(digest, sizeof digest, ret_hex);
    return KOL_OK;
}
