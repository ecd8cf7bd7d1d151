/* What is left is the least of machine and control groups, whatever their version. */
#include "base/file.h"
#include "base/memory.h"
#include "base/test.h"
#include <ftw.h>

static char root[256];
static struct kol_err err;

static void put(const char *path, const char *text)
{
    char whole[512], folder[512];

    snprintf(whole, sizeof whole, "%s%s", root, path);
    snprintf(folder, sizeof folder, "%s", whole);
    *strrchr(folder, '/') = '\0';
    check_ok(path, kol_mkdir_p(folder, 0700, &err), &err);
    check_ok(path, kol_file_write_atomic(whole, text, strlen(text), &err), &err);
}

static int64_t left(void)
{
    struct kol_memory m;

    check_true("known", kol_memory_read_at(root, &m));
    return m.available_bytes;
}

static int make_root(void **state)
{
    (void)state;
    test_folder(root);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void takes_the_least(void **state)
{
    struct kol_memory m;

    (void)state;
    check_true("nothing known", !kol_memory_read_at(root, &m));
    put("/proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    4000 kB\n");
    check_int("machine", left(), 4000 * 1024);

    put("/proc/self/cgroup", "0::/a/b\n");
    check_int("group without limit", left(), 4000 * 1024);
    put("/sys/fs/cgroup/a/b/memory.max", "max\n");
    put("/sys/fs/cgroup/a/b/memory.current", "1000\n");
    check_int("max is none", left(), 4000 * 1024);
    put("/sys/fs/cgroup/a/memory.max", "3000000\n");
    put("/sys/fs/cgroup/a/memory.current", "1000000\n");
    check_int("the group above counts", left(), 2000000);
    put("/sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 600000\nactive_file 7\n");
    check_int("its cache can be dropped", left(), 2600000);
    check_true("who", kol_memory_read_at(root, &m) && strstr(m.limited_by, "group"));
    put("/sys/fs/cgroup/a/memory.current", "9000000\n");
    put("/sys/fs/cgroup/a/memory.stat", "");
    check_int("never below nothing", left(), 0);
}

static void knows_the_old_groups(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/1\n0::/\n");
    put("/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "500000\n");
    put("/sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes", "100000\n");
    check_int("v1", left(), 400000);
    put("/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "9223372036854771712\n");
    check_int("no limit in v1", left(), 4000 * 1024);
}

static void reads_this_machine(void **state)
{
    struct kol_memory m;

    (void)state;
    check_true("known", kol_memory_read(&m) && m.available_bytes > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_least),
        cmocka_unit_test(knows_the_old_groups),
        cmocka_unit_test(reads_this_machine),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
