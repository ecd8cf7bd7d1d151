#include "base/memory.h"

#include "base/cleanup.h"
#include "base/str.h"
#include <limits.h>
#include <string.h>
#include <sys/resource.h>

enum { TEXT_MOST = 16384 };

/* A small file of the kernel; "" when there is none. */
static const char *read_text(const char *root, const char *path, char text[static TEXT_MOST])
{
    char whole[2 * PATH_MAX];
    size_t len = 0;

    snprintf(whole, sizeof whole, "%s%s", root, path);
    KOL_CLEANUP(kol_close_file) FILE *file = fopen(whole, "re");
    if (file)
        len = fread(text, 1, TEXT_MOST - 1, file);
    text[len] = '\0';
    return text;
}

/* The number behind a name at the beginning of a line; -1 when there is none. */
static int64_t number_of(const char *text, const char *name)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (kol_starts_with(line, name))
            return strtoll(line + strlen(name), NULL, 10);
    }
    return -1;
}

/* A whole file that is one number; -1 when it says "max" or nothing. */
static int64_t only_number(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);

    return end != text && value >= 0 ? value : -1;
}

static void keep_least(struct kol_memory *m, bool *known, int64_t bytes, const char *by)
{
    if (bytes < 0)
        bytes = 0;
    if (!*known || bytes < m->available_bytes)
        *m = (struct kol_memory){bytes, by};
    *known = true;
}

/* Files that the group holds in the cache can be dropped, so they do not count as used. */
static void read_group(const char *root, const char *folder, const char *limit_name,
                       const char *used_name, struct kol_memory *m, bool *known)
{
    static const char by[] = "the limit of its control group";
    char path[PATH_MAX + 64], text[TEXT_MOST];

    snprintf(path, sizeof path, "%s/%s", folder, limit_name);
    const int64_t limit = only_number(read_text(root, path, text));
    snprintf(path, sizeof path, "%s/%s", folder, used_name);
    const int64_t used = only_number(read_text(root, path, text));
    if (limit < 0 || used < 0 || limit > INT64_MAX / 2)
        return;
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    const int64_t cached = number_of(read_text(root, path, text), "inactive_file ");
    keep_least(m, known, limit - used + (cached > 0 ? cached : 0), by);
}

/* The group and all above it: each may have a limit. */
static void read_groups(const char *root, const char *base, const char *group,
                        const char *limit_name, const char *used_name, struct kol_memory *m,
                        bool *known)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%s%s", base, kol_streq(group, "/") ? "" : group);
    for (;;) {
        read_group(root, folder, limit_name, used_name, m, known);
        char *slash = strrchr(folder, '/');
        if (strlen(folder) <= strlen(base) || !slash)
            return;
        *slash = '\0';
    }
}

bool kol_memory_read_at(const char *root, struct kol_memory *ret)
{
    char text[TEXT_MOST], *save = NULL;
    bool known = false;
    const int64_t free_kb = number_of(read_text(root, "/proc/meminfo", text), "MemAvailable:");

    if (free_kb >= 0)
        keep_least(ret, &known, free_kb * 1024, "on this machine");
    read_text(root, "/proc/self/cgroup", text);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *names = strchr(line, ':');
        char *group = names ? strchr(names + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        if (!names[1])
            read_groups(root, "/sys/fs/cgroup", group, "memory.max", "memory.current", ret, &known);
        else if (kol_streq(names + 1, "memory"))
            read_groups(root, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes",
                        "memory.usage_in_bytes", ret, &known);
    }
    return known;
}

static int64_t addresses_used(void)
{
    char text[TEXT_MOST];
    const int64_t kb = number_of(read_text("", "/proc/self/status", text), "VmSize:");

    return kb > 0 ? kb * 1024 : 0;
}

bool kol_memory_read(struct kol_memory *ret)
{
    struct rlimit limit;
    bool known = kol_memory_read_at("", ret);

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        limit.rlim_cur < INT64_MAX)
        keep_least(ret, &known, (int64_t)limit.rlim_cur - addresses_used(),
                   "the limit of addresses of this process");
    return known;
}
