#include "cli/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#define LOOK_MS 200

static void endings(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

void kol_signals_block(void)
{
    sigset_t set;

    endings(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void kol_signals_wait(int fd)
{
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
    sigset_t set;

    endings(&set);
    for (;;) {
        if (sigtimedwait(&set, NULL, &look) > 0)
            return;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)))
            return;
    }
}
