/*
 * landlock.c - see landlock.h. The system calls have no wrappers in glibc, and the headers of the
 * oldest system we build on know only the first ABIs, so the numbers that we need stand here.
 */
#include "audio/landlock.h"
#include "base/cleanup.h"
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

struct ruleset_attr { /* struct landlock_ruleset_attr of ABI 6 */
    uint64_t handled_access_fs, handled_access_net, scoped;
};

enum { CREATE_RULESET_VERSION = 1, SCOPE_ABI = 6, NET_ABI = 4 };

int kol_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

/* Every right that the ABI knows; asking for one that it does not know is an error. */
static size_t fill_attr(struct ruleset_attr *attr, int abi)
{
    static const unsigned fs_rights[] = {13, 13, 14, 15, 15, 16}; /* by ABI; 16 from ABI 5 on */
    unsigned rights = fs_rights[abi < 5 ? abi : 5];

    *attr = (struct ruleset_attr){.handled_access_fs = (UINT64_C(1) << rights) - 1};
    if (abi < NET_ABI)
        return offsetof(struct ruleset_attr, handled_access_net);
    attr->handled_access_net = 3; /* bind and connect */
    if (abi < SCOPE_ABI)
        return offsetof(struct ruleset_attr, scoped);
    attr->scoped = 3; /* abstract unix sockets, signals */
    return sizeof *attr;
}

enum kol_code kol_landlock_enter(struct kol_err *err)
{
    int abi = kol_landlock_abi();
    if (abi == 0)
        return KOL_OK;

    struct ruleset_attr attr;
    size_t size = fill_attr(&attr, abi);
    KOL_CLEANUP(kol_close_fd) int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (fd < 0)
        return kol_fail(err, KOL_REFUSED, "landlock: no rule set: %s", strerror(errno));
    if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        return kol_fail(err, KOL_REFUSED, "landlock: not restricted: %s", strerror(errno));
    return KOL_OK;
}
