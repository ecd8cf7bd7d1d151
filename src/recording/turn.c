/* turn.c - see turn.h. */
#include "recording/turn.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include <pthread.h>
#include <stdlib.h>

enum { BUCKETS = 256 };

struct turn {
    struct turn *next;
    char recording_sid[KOL_SID_LEN + 1];
    int64_t job_id;
    int64_t
        until_boot_ms; /* a job that was cancelled in its wait never leaves: its turn just ends */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the table */
static struct turn *table[BUCKETS];

static struct turn **bucket_of(const char *sid)
{
    unsigned hash = 2166136261u; /* FNV-1a */

    for (const char *c = sid; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &table[hash % BUCKETS];
}

/* Finds the turn; drops those of the bucket that are over. Lock held. */
static struct turn *find(struct turn **bucket, const char *sid, int64_t now_ms)
{
    struct turn *found = NULL;

    for (struct turn **at = bucket; *at;) {
        struct turn *t = *at;
        if (t->until_boot_ms < now_ms) {
            *at = t->next;
            free(t);
            continue;
        }
        if (kol_streq(t->recording_sid, sid))
            found = t;
        at = &t->next;
    }
    return found;
}

bool kol_turn_take(const char *recording_sid, int64_t job_id, int64_t hold_ms)
{
    int64_t now_ms = kol_boot_ms();

    pthread_mutex_lock(&lock);
    struct turn **bucket = bucket_of(recording_sid);
    struct turn *t = find(bucket, recording_sid, now_ms);
    if (!t) {
        t = calloc(1, sizeof *t);
        if (t) {
            snprintf(t->recording_sid, sizeof t->recording_sid, "%s", recording_sid);
            t->job_id = job_id;
            t->next = *bucket;
            *bucket = t;
        }
    }
    bool mine = t && t->job_id == job_id;
    if (mine)
        t->until_boot_ms = now_ms + hold_ms;
    pthread_mutex_unlock(&lock);
    return mine;
}

void kol_turn_leave(const char *recording_sid, int64_t job_id)
{
    pthread_mutex_lock(&lock);
    struct turn *t = find(bucket_of(recording_sid), recording_sid, kol_boot_ms());
    if (t && t->job_id == job_id)
        t->until_boot_ms = 0; /* the next look drops it */
    pthread_mutex_unlock(&lock);
}
