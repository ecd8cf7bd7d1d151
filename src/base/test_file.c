/* test_file.c - a file is complete or absent, whatever fails on the way. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static char folder[256];

static const char *in_folder(const char *name)
{
    static char path[2][300];
    static unsigned next;
    char *p = path[next++ % 2];

    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static int count_files(void)
{
    int n = 0;
    DIR *dir = opendir(folder);

    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

static int make_folder(void **state)
{
    (void)state;
    test_folder(folder);
    return 0;
}

static int remove_folder(void **state)
{
    DIR *dir = opendir(folder);

    (void)state;
    for (struct dirent *e; (e = readdir(dir));)
        unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    return rmdir(folder);
}

static void appears_when_whole(void **state)
{
    struct kol_err err;
    KOL_CLEANUP(kol_part_done) struct kol_part p = {.fd = -1};
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    const char *path = in_folder("a.mp3");
    size_t len = 0;

    (void)state;
    check_ok("open", kol_part_open(&p, path, &err), &err);
    check_ok("write", kol_part_write(&p, "ab", 2, &err), &err);
    check_ok("write", kol_part_write(&p, "c", 1, &err), &err);
    check_int("not there yet", access(path, F_OK), -1);
    check_ok("publish", kol_part_publish(&p, path, &err), &err);
    check_int("closed", p.fd, -1);
    check_int("one file", count_files(), 1);
    check_ok("read", kol_file_read(path, 10, &text, &len, &err), &err);
    check_str("content", text, "abc");
    check_int("length", len, 3);
}

static void goes_when_not_published(void **state)
{
    struct kol_err err;
    struct kol_part p;

    (void)state;
    check_ok("open", kol_part_open(&p, in_folder("a"), &err), &err);
    check_int("part", count_files(), 1);
    kol_part_done(&p);
    kol_part_done(&p);
    check_int("gone", count_files(), 0);
}

static void sweeps_what_a_crash_left(void **state)
{
    struct kol_err err;
    KOL_CLEANUP(kol_part_done) struct kol_part alive = {.fd = -1};
    static const char *const left[] = {"a.mp3.part.0a1b2c", "b.part.ffffff"};
    static const char *const kept[] = {"a.mp3", "a.part.zzzzzz", ".part.0a1b2c", "a.part.0a1b2c3"};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        check_ok(left[i], kol_file_write_atomic(in_folder(left[i]), "x", 1, &err), &err);
    for (size_t i = 0; i < 4; i++)
        check_ok(kept[i], kol_file_write_atomic(in_folder(kept[i]), "x", 1, &err), &err);
    check_ok("open", kol_part_open(&alive, in_folder("c"), &err), &err);
    check_int("swept", kol_part_sweep(folder), 2);
    for (size_t i = 0; i < 4; i++)
        check_int(kept[i], access(in_folder(kept[i]), F_OK), 0);
    check_int("one in use is kept", access(alive.part_path, F_OK), 0);
    check_int("no folder", kol_part_sweep("/no/such/folder"), 0);
}

static void reads_within_a_limit(void **state)
{
    struct kol_err err;
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    KOL_CLEANUP(kol_free_str) char *proc = NULL;
    const char *path = in_folder("f");

    (void)state;
    check_ok("write", kol_file_write_atomic(path, "12345", 5, &err), &err);
    check_code("over", kol_file_read(path, 4, &text, NULL, &err), KOL_TOO_LARGE, &err);
    check_has("limit", err.msg, "more than 4 bytes");
    check_ok("exact", kol_file_read(path, 5, &text, NULL, &err), &err);
    check_str("exact", text, "12345");
    check_code("none", kol_file_read(in_folder("no"), 4, &text, NULL, &err), KOL_NOT_FOUND, &err);
    check_code("folder", kol_file_read(folder, 4, &text, NULL, &err), KOL_IO, &err);
    check_ok("no size", kol_file_read("/proc/version", 4096, &proc, NULL, &err), &err);
    check_has("no size", proc, "Linux");
}

static void makes_folders(void **state)
{
    struct kol_err err;

    (void)state;
    char deep[300];
    snprintf(deep, sizeof deep, "%s/x/y//z", folder);
    check_ok("deep", kol_mkdir_p(deep, 0700, &err), &err);
    check_ok("again", kol_mkdir_p(deep, 0700, &err), &err);
    check_ok("root", kol_mkdir_p("/", 0700, &err), &err);
    rmdir(deep);
    rmdir(in_folder("x/y"));
    rmdir(in_folder("x"));
    check_ok("file", kol_file_write_atomic(in_folder("f"), "", 0, &err), &err);
    check_code("file", kol_mkdir_p(in_folder("f"), 0700, &err), KOL_IO, &err);
    check_code("below a file", kol_mkdir_p(in_folder("f/g"), 0700, &err), KOL_IO, &err);
}

static void digest_of_a_file(void **state)
{
    struct kol_err err;
    char hex[65];

    (void)state;
    check_ok("write", kol_file_write_atomic(in_folder("f"), "abc", 3, &err), &err);
    check_ok("digest", kol_file_sha256(in_folder("f"), hex, &err), &err);
    check_str("digest", hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_code("none", kol_file_sha256(in_folder("no"), hex, &err), KOL_NOT_FOUND, &err);
}

/* ---- the n-th call fails: an error comes back, nothing half-written stays ---- */

static int calls_until_failure;
static int failure;

static bool fails_now(void)
{
    if (--calls_until_failure != 0)
        return false;
    errno = failure;
    return true;
}

static int failing_open(const char *path, int flags, mode_t mode)
{
    return fails_now() ? -1 : kol_sys_real.open(path, flags, mode);
}

static ssize_t failing_write(int fd, const void *buf, size_t len)
{
    return fails_now() ? -1 : kol_sys_real.write(fd, buf, len > 2 ? 2 : len); /* short, too */
}

static int failing_fsync(int fd)
{
    return fails_now() ? -1 : kol_sys_real.fsync(fd);
}

static int failing_rename(const char *from, const char *to)
{
    return fails_now() ? -1 : kol_sys_real.rename(from, to);
}

static void every_call_may_fail(void **state)
{
    static const struct {
        int error_number;
        enum kol_code expected;
    } rows[] = {{ENOSPC, KOL_DISK_FULL}, {EIO, KOL_IO}};
    struct kol_sys failing = kol_sys_real;
    struct kol_err err;

    (void)state;
    failing.open = failing_open;
    failing.write = failing_write;
    failing.fsync = failing_fsync;
    failing.rename = failing_rename;
    for (size_t i = 0; i < 2; i++) {
        int n = 1;
        for (enum kol_code code = KOL_IO; code != KOL_OK; n++) {
            KOL_CLEANUP(kol_free_str) char *text = NULL;
            calls_until_failure = n;
            failure = rows[i].error_number;
            unlink(in_folder("f"));
            kol_sys = &failing;
            code = kol_file_write_atomic(in_folder("f"), "12345", 5, &err);
            kol_sys = &kol_sys_real;
            check_true("at most the file", count_files() <= 1);
            if (code != KOL_OK)
                check_int(err.msg, code, rows[i].expected);
            if (count_files() == 1) { /* only a failing sync of the folder leaves it: whole */
                check_ok("read", kol_file_read(in_folder("f"), 9, &text, NULL, &err), &err);
                check_str("whole", text, "12345");
            }
        }
        check_int("open, 3 writes, sync, rename, open, sync", n - 2, 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(appears_when_whole, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(goes_when_not_published, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sweeps_what_a_crash_left, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(reads_within_a_limit, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(makes_folders, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(digest_of_a_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(every_call_may_fail, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
