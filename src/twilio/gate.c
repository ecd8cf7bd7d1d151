/* gate.c - see gate.h. */
#include "twilio/gate.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { FULL_WAIT_MS = 250, FIRST_PAUSE_MS = 1000, LONGEST_PAUSE_MS = 60000, MOST_DOUBLINGS = 6 };

struct gate {
    struct gate *next;
    char account_sid[KOL_SID_LEN + 1];
    int64_t active;
    int refusals; /* 429 in a row */
    int64_t closed_until_boot_ms;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list and all in it */
static struct gate *gates; /* one per account that was ever asked about: they are few, and stay */

/* NULL: out of memory, and then nobody is held back. Lock held. */
static struct gate *find(const char *account_sid)
{
    for (struct gate *g = gates; g; g = g->next)
        if (kol_streq(g->account_sid, account_sid))
            return g;
    struct gate *g = calloc(1, sizeof *g);
    if (g) {
        snprintf(g->account_sid, sizeof g->account_sid, "%s", account_sid);
        g->next = gates;
        gates = g;
    }
    return g;
}

bool kol_gate_enter(const char *account_sid, int64_t most, int64_t *ret_wait_ms)
{
    pthread_mutex_lock(&lock);
    struct gate *g = find(account_sid);
    int64_t closed_ms = g ? g->closed_until_boot_ms - kol_boot_ms() : 0;
    bool go = !g || (closed_ms <= 0 && g->active < most);
    if (go && g)
        g->active++;
    *ret_wait_ms = closed_ms > 0 ? closed_ms : FULL_WAIT_MS;
    pthread_mutex_unlock(&lock);
    return go;
}

void kol_gate_leave(const char *account_sid, bool rate_limited, int64_t pause_ms, int64_t divisor)
{
    pthread_mutex_lock(&lock);
    struct gate *g = find(account_sid);
    if (g && g->active > 0)
        g->active--;
    if (g && !rate_limited)
        g->refusals = 0;
    if (g && rate_limited) {
        int64_t usual_ms = (int64_t)FIRST_PAUSE_MS << g->refusals;
        int64_t wait_ms = pause_ms > 0                  ? pause_ms
                          : usual_ms < LONGEST_PAUSE_MS ? usual_ms
                                                        : LONGEST_PAUSE_MS;
        g->refusals += g->refusals < MOST_DOUBLINGS;
        g->closed_until_boot_ms = kol_boot_ms() + wait_ms / divisor;
    }
    pthread_mutex_unlock(&lock);
}
