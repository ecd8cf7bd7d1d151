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

static atomic_bool told_to_stop;

static void on_ending(int number)
{
    (void)number;
    atomic_store(&told_to_stop, true); /* lock-free: allowed here */
}

const atomic_bool *kol_signals_flag(void)
{
    const struct sigaction action = {.sa_handler = on_ending, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &told_to_stop;
}
