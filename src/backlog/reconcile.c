#include "backlog/reconcile.h"
#include "backlog/lease.h"
#include "backlog/walk.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 50,
    MOST_ACCOUNTS = 1000,
    BUSY_MS = 500,        /* somebody else looks: ask again */
    FAILED_MS = 30 * 1000 /* after the first failure; doubles up to the usual distance */
};

struct account {
    char sid[KOL_SID_LEN + 1];
    int64_t next_boot_ms; /* 0: now */
    int failures;
    bool told; /* that it fails; said once */
    bool ran;
};

struct kol_reconciler {
    const struct kol_conf *conf;
    struct kol_writer *writer;
    const atomic_bool *stop;
    struct kol_twilio *twilio;
    const char *owner;
    struct kol_arena *arena; /* of owner */
    struct account *accounts;
    size_t account_count;
    pthread_t thread;
};

int64_t kol_reconcile_from(const struct kol_reconcile *row, int64_t overlap_ms)
{
    const int64_t from_ms = row->until_at_ms ? row->until_at_ms - overlap_ms : row->since_at_ms;

    return from_ms > row->since_at_ms ? from_ms : row->since_at_ms;
}

/* ---- changes ---- */

struct turn {
    struct kol_reconciler *r;
    const char *account_sid;
    int64_t started_ms;
    const struct kol_walk_count *count;
    const char *error; /* NULL: it went well */
};

static enum kol_code end_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct turn *t = arg;
    const int64_t now_ms = kol_wall_ms();
    enum kol_code code = KOL_OK;

    if (t->error)
        code = kol_reconcile_failed(db, t->account_sid, t->count->added, t->count->marked, t->error,
                                    now_ms, err);
    else
        code = kol_reconcile_done(db, t->account_sid, t->started_ms, t->count->added,
                                  t->count->marked, now_ms, err);
    return code == KOL_OK ? kol_reconcile_leave(db, t->account_sid, t->r->owner, err) : code;
}

/* ---- one look ---- */

static enum kol_code find_start(struct kol_reconciler *r, struct kol_arena *a,
                                const char *account_sid, int64_t *ret_ms, struct kol_err *err)
{
    struct kol_reconcile *rows = NULL;
    size_t n = 0;
    struct kol_db *db = kol_reader_borrow(r->writer, err);

    if (!db)
        return err->code;
    enum kol_code code = kol_reconcile_list(db, a, account_sid, &rows, &n, err);
    kol_reader_return(r->writer, db);
    if (code == KOL_OK && n != 1)
        return kol_fail(err, KOL_BUG, "account %s has no row", account_sid);
    if (code == KOL_OK)
        *ret_ms = kol_reconcile_from(&rows[0], r->conf->reconcile_overlap_s * 1000);
    return code;
}

static enum kol_code walk(struct kol_reconciler *r, const char *account_sid,
                          struct kol_walk_count *count, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_walk o = {
        .conf = r->conf,
        .writer = r->writer,
        .twilio = r->twilio,
        .stop = r->stop,
        .account_sid = account_sid,
        .owner = r->owner,
        .waiting = true,
    };

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "list recordings: out of memory");
    enum kol_code code = find_start(r, a, account_sid, &o.from_ms, err);
    return code == KOL_OK ? kol_walk_run(&o, count, err) : code;
}

static void say_end(struct account *at, const struct kol_walk_count *c, enum kol_code code,
                    const struct kol_err *err)
{
    if (code != KOL_OK) {
        if (!at->told)
            kol_warn("recordings of account %s could not be looked through: %s; it is tried again",
                     at->sid, err->msg);
        at->told = true;
        return;
    }
    if (at->told)
        kol_info("recordings of account %s can be looked through again", at->sid);
    at->told = false;
    kol_log(!at->ran || c->added || c->marked ? KOL_INFO : KOL_DEBUG,
            "looked through Twilio's list of account %s: found=%lld imported=%lld known=%lld "
            "gone=%lld",
            at->sid, (long long)c->found, (long long)c->added, (long long)c->known,
            (long long)c->gone);
    at->ran = true;
}

static int64_t pause_ms(const struct kol_reconciler *r, const struct account *at)
{
    const int64_t usual_ms = r->conf->reconcile_every_s * 1000;
    const int shift = at->failures < 12 ? at->failures - 1 : 11;
    int64_t ms = at->failures ? (int64_t)FAILED_MS << shift : usual_ms;

    return (ms < usual_ms ? ms : usual_ms) / r->conf->test_wait_divisor;
}

static void look_through(struct kol_reconciler *r, struct account *at)
{
    struct kol_walk_count count = {0};
    struct kol_err err = {0}, storing = {0};
    struct turn t = {.r = r, .account_sid = at->sid, .started_ms = kol_wall_ms(), .count = &count};
    struct kol_lease lease = {.writer = r->writer, .account_sid = at->sid, .owner = r->owner};
    bool taken = false;
    enum kol_code code = kol_lease_take(&lease, &taken, &err);

    if (code == KOL_OK && !taken) {
        at->next_boot_ms = kol_boot_ms() + BUSY_MS / r->conf->test_wait_divisor;
        return;
    }
    if (code == KOL_OK)
        code = walk(r, at->sid, &count, &err);
    if (code != KOL_OK)
        t.error = err.msg;
    if (code == KOL_CANCELLED)
        t.error = "stopped in the middle";
    if (kol_write(r->writer, end_change, &t, &storing) != KOL_OK && code == KOL_OK) {
        err = storing;
        code = storing.code;
    }
    if (code == KOL_CANCELLED)
        return;
    at->failures = code == KOL_OK ? 0 : at->failures + 1;
    say_end(at, &count, code, &err);
    at->next_boot_ms = kol_boot_ms() + pause_ms(r, at);
}

/* ---- the thread ---- */

static struct account *find_account(struct kol_reconciler *r, const char *sid)
{
    for (size_t i = 0; i < r->account_count; i++)
        if (kol_streq(r->accounts[i].sid, sid))
            return &r->accounts[i];
    if (r->account_count == MOST_ACCOUNTS)
        return NULL;
    struct account *at = &r->accounts[r->account_count++];
    snprintf(at->sid, sizeof at->sid, "%s", sid);
    return at;
}

static void look_through_due(struct kol_reconciler *r)
{
    KOL_ARENA a = kol_arena_new(0);
    const char **sids = NULL;
    size_t n = 0;
    struct kol_err err = {0};

    if (!a || kol_walk_accounts(a, r->conf, r->writer, &sids, &n, &err) != KOL_OK) {
        kol_debug("list accounts: %s", err.msg);
        return;
    }
    for (size_t i = 0; i < n && !atomic_load(r->stop); i++) {
        struct account *at = find_account(r, sids[i]);

        if (at && kol_boot_ms() >= at->next_boot_ms)
            look_through(r, at);
    }
}

static void *reconciler_main(void *arg)
{
    struct kol_reconciler *r = arg;

    while (!atomic_load(r->stop)) {
        if (r->conf->reconcile_every_s > 0)
            look_through_due(r);
        for (int i = 0; i < 4 && !atomic_load(r->stop); i++)
            kol_sleep_ms(LOOK_MS);
    }
    return NULL;
}

static void reconciler_free(struct kol_reconciler *r)
{
    kol_twilio_free(r->twilio);
    kol_arena_free(r->arena);
    free(r->accounts);
    free(r);
}

enum kol_code kol_reconciler_start(const struct kol_conf *conf, struct kol_writer *writer,
                                   const atomic_bool *stop, struct kol_reconciler **ret,
                                   struct kol_err *err)
{
    struct kol_reconciler *r = calloc(1, sizeof *r);

    if (!r)
        return kol_fail(err, KOL_NO_MEMORY, "start the reconciler: out of memory");
    *r = (struct kol_reconciler){.conf = conf, .writer = writer, .stop = stop};
    r->accounts = calloc(MOST_ACCOUNTS, sizeof *r->accounts);
    r->arena = kol_arena_new(0);
    r->owner = r->arena ? kol_walk_owner(r->arena, conf, true) : NULL;
    enum kol_code code = KOL_OK;
    if (!r->accounts || !r->owner)
        code = kol_fail(err, KOL_NO_MEMORY, "start the reconciler: out of memory");
    if (code == KOL_OK)
        code = kol_twilio_new(conf, writer, stop, &r->twilio, err);
    if (code == KOL_OK && pthread_create(&r->thread, NULL, reconciler_main, r) != 0)
        code = kol_fail(err, KOL_NO_MEMORY, "start the reconciler: %s", strerror(errno));
    if (code != KOL_OK) {
        reconciler_free(r);
        return code;
    }
    *ret = r;
    return KOL_OK;
}

void kol_reconciler_stop(struct kol_reconciler *r)
{
    if (!r)
        return;
    pthread_join(r->thread, NULL);
    reconciler_free(r);
}
