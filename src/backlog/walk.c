#include "backlog/walk.h"
#include "backlog/found.h"
#include "backlog/lease.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include "store/call.h"
#include "store/reconcile.h"
#include "twilio/account.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS (24 * 3600 * 1000LL)

enum {
    GAP_MS = 200,      /* between two requests of one account */
    BETWEEN_MS = 1000, /* between two pages, so that another walk gets its turn */
    SLICE_MS = 20,
    TRIES = 6,          /* of one request */
    PATIENCE_MS = 1000, /* before the second try; doubles */
    MOST_PATIENCE_MS = 5 * 60 * 1000,
    PAGE = 1000, /* what Twilio gives at most */
    SHARED_PAGE = 100,
    MOST_PAGES = 10000,
    WAITED_MS = 3600 * 1000, /* a recording that is waited for longer is looked after */
    WAITED_MOST = 20,
};

/* One walk under way. */
struct walking {
    const struct kol_walk *o;
    struct kol_walk_count *count;
    struct kol_arena *page; /* forgotten with each page */
    int64_t next_boot_ms;   /* when the next request may go out */
    struct kol_lease lease;
    char from_date[16], to_date[16];
    struct kol_rest_cursor cursor;
    struct kol_rest_recordings list;
    bool more;
};

/* ---- time ---- */

static enum kol_code wait_until(const struct walking *w, int64_t until_boot_ms, struct kol_err *err)
{
    for (;;) {
        const int64_t left = until_boot_ms - kol_boot_ms();

        if (w->o->stop && atomic_load(w->o->stop))
            return kol_fail(err, KOL_CANCELLED, "stopped");
        if (left <= 0)
            return KOL_OK;
        kol_sleep_ms(left < SLICE_MS ? left : SLICE_MS);
    }
}

/* A wait of so many ms, shorter in tests. */
static enum kol_code wait_ms(const struct walking *w, int64_t ms, struct kol_err *err)
{
    return wait_until(w, kol_boot_ms() + ms / w->o->conf->test_wait_divisor, err);
}

/* ---- turns ---- */

static enum kol_code take_turn(struct walking *w, struct kol_err *err)
{
    bool taken = false;

    if (!w->o->share)
        return KOL_OK;
    for (;;) {
        enum kol_code code = kol_lease_take(&w->lease, &taken, err);

        if (code == KOL_OK && !taken)
            code = wait_ms(w, BETWEEN_MS / 2, err);
        if (code != KOL_OK || taken)
            return code;
    }
}

/* Somebody else may look at the account between two pages. */
static enum kol_code leave_turn(struct walking *w, struct kol_err *err)
{
    return w->o->share ? kol_lease_leave(&w->lease, err) : KOL_OK;
}

/* ---- asking ---- */

static bool may_pass(enum kol_code code)
{
    return code == KOL_RATE_LIMITED || code == KOL_NET || code == KOL_NET_TIMEOUT ||
           code == KOL_TRUNCATED || code == KOL_HTTP_STATUS;
}

/* In steps, so that a long Retry-After does not cost the lease. */
static enum kol_code wait_longer(struct walking *w, int64_t ms, struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    for (; code == KOL_OK && ms > 0; ms -= KOL_LEASE_KEEP_MS) {
        code = wait_ms(w, ms < KOL_LEASE_KEEP_MS ? ms : KOL_LEASE_KEEP_MS, err);
        if (code == KOL_OK)
            code = kol_lease_keep(&w->lease, err);
    }
    return code;
}

static int64_t patience_ms(const struct walking *w, int try)
{
    const int64_t asked_ms = kol_twilio_retry_after_ms(w->o->twilio);
    const int64_t own_ms = (int64_t)PATIENCE_MS << try;
    const int64_t ms = asked_ms > own_ms ? asked_ms : own_ms;

    return ms < MOST_PATIENCE_MS ? ms : MOST_PATIENCE_MS;
}

typedef enum kol_code (*question)(struct walking *w, void *arg, struct kol_err *err);

/* At a few requests a second; what may pass is asked again, after what Retry-After says. */
static enum kol_code ask(struct walking *w, question q, void *arg, struct kol_err *err)
{
    struct kol_err waiting = {0};

    for (int try = 0;; try++) {
        enum kol_code code = wait_until(w, w->next_boot_ms, err);

        if (code == KOL_OK)
            code = kol_lease_keep(&w->lease, err);
        if (code != KOL_OK)
            return code;
        w->next_boot_ms = kol_boot_ms() + GAP_MS / w->o->conf->test_wait_divisor;
        code = q(w, arg, err);
        if (!may_pass(code) || try + 1 == TRIES)
            return code;
        kol_debug("list of recordings: %s; asking again", err->msg);
        code = wait_longer(w, patience_ms(w, try), &waiting);
        if (code != KOL_OK) {
            *err = waiting;
            return code;
        }
    }
}

static enum kol_code ask_page(struct walking *w, void *arg, struct kol_err *err)
{
    const struct kol_rest_list list = {
        .account_sid = w->o->account_sid,
        .from_date = w->from_date,
        .to_date = *w->to_date ? w->to_date : NULL,
        .with_deleted = true,
        .page_size = w->o->share && !w->o->count_only ? SHARED_PAGE : PAGE,
    };

    (void)arg;
    return kol_twilio_recordings_page(w->page, w->o->twilio, &list, &w->cursor, &w->list, &w->more,
                                      err);
}

static enum kol_code ask_call(struct walking *w, void *arg, struct kol_err *err)
{
    struct kol_found *f = arg;
    struct kol_rest_call *call = kol_arena_alloc(w->page, sizeof *call);

    if (!call)
        return kol_fail(err, KOL_NO_MEMORY, "look up a call: out of memory");
    enum kol_code code = kol_twilio_call(w->page, w->o->twilio, w->o->account_sid,
                                         f->recording->call_sid, call, err);
    if (code == KOL_NOT_FOUND) /* the fetch asks again */
        return KOL_OK;
    if (code == KOL_OK)
        f->party = call;
    return code;
}

/* ---- one recording ---- */

struct stand {
    struct kol_standing recording;
    bool has_parties;
    int64_t business_id;
};

static enum kol_code look(struct walking *w, const struct kol_rest_recording *r, struct stand *ret,
                          struct kol_err *err)
{
    struct kol_call *call = NULL;
    struct kol_db *db = kol_reader_borrow(w->o->writer, err);

    if (!db)
        return err->code;
    *ret = (struct stand){0};
    enum kol_code code = kol_reconcile_standing(db, r->recording_sid, &ret->recording, err);
    if (code == KOL_OK)
        code = kol_call_by_sid(db, w->page, r->call_sid, &call, err);
    kol_reader_return(w->o->writer, db);
    if (code == KOL_OK && call) {
        ret->has_parties = call->direction != NULL;
        ret->business_id = call->business_id;
    }
    return code;
}

static enum kol_code mark(struct walking *w, const struct kol_rest_recording *r, int64_t call_id,
                          struct kol_err *err)
{
    struct kol_lost lost = {
        .conf = w->o->conf,
        .account_sid = r->account_sid,
        .recording_sid = r->recording_sid,
        .call_id = call_id,
        .status = r->status,
        .error_code = r->error_code,
    };

    if (w->o->dry_run)
        return KOL_OK;
    enum kol_code code = kol_write(w->o->writer, kol_found_lost, &lost, err);
    if (code != KOL_OK || !lost.ret_marked)
        return code;
    w->count->marked++;
    if (!w->o->quiet)
        kol_info("Twilio has recording %s no more (%s): nobody waits for it now", r->recording_sid,
                 r->status);
    return KOL_OK;
}

/* What would be stored: whose call is it? */
static enum kol_code try_dry(struct walking *w, struct kol_found *f, const struct stand *stand,
                             struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    f->ret_business_id = stand->business_id;
    if (f->ret_business_id || !f->party)
        return KOL_OK;
    struct kol_db *db = kol_reader_borrow(w->o->writer, err);
    if (!db)
        return err->code;
    code = kol_found_business(db, w->o->conf, f->party, &f->ret_business_id, err);
    kol_reader_return(w->o->writer, db);
    return code;
}

static enum kol_code add(struct walking *w, const struct kol_rest_recording *r,
                         const struct stand *stand, struct kol_err *err)
{
    struct kol_found f = {.conf = w->o->conf, .recording = r, .behind = w->o->behind};
    enum kol_code code = KOL_OK;

    if (!stand->has_parties)
        code = ask(w, ask_call, &f, err);
    if (code != KOL_OK)
        return code;
    code = w->o->dry_run ? try_dry(w, &f, stand, err)
                         : kol_write(w->o->writer, kol_found_store, &f, err);
    if (code == KOL_FORBIDDEN || code == KOL_CONFLICT) {
        kol_warn("recording %s is left out: %s", r->recording_sid, err->msg);
        w->count->odd++;
        return KOL_OK;
    }
    if (code != KOL_OK)
        return code;
    w->count->added++;
    w->count->unassigned += f.ret_business_id == 0;
    if (!w->o->quiet && !w->o->dry_run)
        kol_found_log(&f);
    return KOL_OK;
}

static enum kol_code settle(struct walking *w, const struct kol_rest_recording *r,
                            struct kol_err *err)
{
    struct kol_walk_count *count = w->count;
    struct stand stand = {0};

    if (!r->call_sid) {
        count->odd++;
        return KOL_OK;
    }
    enum kol_code code = look(w, r, &stand, err);
    if (code != KOL_OK)
        return code;
    if (kol_found_is_gone(r)) {
        bool waited = stand.recording.known && !stand.recording.gone && !stand.recording.local;
        count->gone++;
        return waited ? mark(w, r, stand.recording.call_id, err) : KOL_OK;
    }
    if (stand.recording.settled)
        count->known++;
    else if (!kol_found_is_over(r))
        count->not_yet++;
    else
        return add(w, r, &stand, err);
    return KOL_OK;
}

/* ---- one page ---- */

static bool is_wanted(const struct kol_walk *o, const struct kol_rest_recording *r)
{
    /* Without a date it is taken: Twilio's own filter let it through. */
    const int64_t at_ms = r->created_at_ms ? r->created_at_ms : r->started_at_ms;

    return !at_ms || (at_ms >= o->from_ms && (!o->to_ms || at_ms < o->to_ms));
}

static enum kol_code do_page(struct walking *w, struct kol_err *err)
{
    enum kol_code code = ask(w, ask_page, NULL, err);

    for (size_t i = w->list.count; code == KOL_OK && i-- > 0;) { /* the oldest first */
        const struct kol_rest_recording *r = &w->list.items[i];

        if (!is_wanted(w->o, r))
            continue;
        w->count->found++;
        if (!w->o->count_only)
            code = settle(w, r, err);
        if (code == KOL_OK && w->o->tell)
            w->o->tell(w->o->arg, w->count);
    }
    return code;
}

/* ---- what is waited for and was not in the list ---- */

struct late {
    const struct kol_waited *waited;
    struct kol_rest_recordings of_call;
    bool unknown; /* no list came: that says nothing */
};

static enum kol_code ask_late(struct walking *w, void *arg, struct kol_err *err)
{
    struct late *l = arg;
    enum kol_code code = kol_twilio_recordings_of_call(w->page, w->o->twilio, w->o->account_sid,
                                                       l->waited->call_sid, true, &l->of_call, err);

    if (code != KOL_NOT_FOUND)
        return code;
    l->unknown = true;
    return KOL_OK;
}

/* Twilio keeps what it deleted in its list for 40 days: what is not there is gone for good, or
 * never was. */
static enum kol_code look_after(struct walking *w, const struct kol_waited *waited,
                                struct kol_err *err)
{
    struct kol_rest_recording gone = {.recording_sid = waited->recording_sid,
                                      .account_sid = w->o->account_sid,
                                      .status = "absent"};
    struct late l = {.waited = waited};
    enum kol_code code = ask(w, ask_late, &l, err);

    for (size_t i = 0; code == KOL_OK && i < l.of_call.count; i++) {
        if (!kol_streq(l.of_call.items[i].recording_sid, waited->recording_sid))
            continue;
        if (!kol_found_is_gone(&l.of_call.items[i]))
            return KOL_OK;
        gone = l.of_call.items[i];
    }
    if (code != KOL_OK || l.unknown)
        return code;
    return mark(w, &gone, waited->call_id, err);
}

static enum kol_code look_after_all(struct walking *w, struct kol_err *err)
{
    const int64_t before_ms = kol_wall_ms() - WAITED_MS / w->o->conf->test_wait_divisor;
    struct kol_waited *list = NULL;
    size_t n = 0;
    struct kol_db *db = kol_reader_borrow(w->o->writer, err);

    if (!db)
        return err->code;
    kol_arena_reset(w->page);
    enum kol_code code = kol_reconcile_waited(db, w->page, w->o->account_sid, before_ms,
                                              WAITED_MOST, &list, &n, err);
    kol_reader_return(w->o->writer, db);
    for (size_t i = 0; code == KOL_OK && i < n; i++)
        code = look_after(w, &list[i], err);
    return code;
}

/* ---- a walk ---- */

/* Days in GMT with one more at each end, for Twilio's vague ends. */
static void set_dates(struct walking *w)
{
    char text[KOL_TIME_TEXT];

    kol_time_iso(w->o->from_ms > DAY_MS ? w->o->from_ms - DAY_MS : 0, text);
    snprintf(w->from_date, sizeof w->from_date, "%.10s", text);
    if (!w->o->to_ms)
        return;
    kol_time_iso(w->o->to_ms + DAY_MS, text);
    snprintf(w->to_date, sizeof w->to_date, "%.10s", text);
}

static enum kol_code do_pages(struct walking *w, struct kol_err *err)
{
    for (int pages = 0;; pages++) {
        if (pages == MOST_PAGES)
            return kol_fail(err, KOL_TOO_LARGE, "Twilio's list has more than %d pages", MOST_PAGES);
        kol_arena_reset(w->page);
        enum kol_code code = take_turn(w, err);
        if (code != KOL_OK)
            return code;
        code = do_page(w, err);
        struct kol_err leaving = {0};
        enum kol_code left = leave_turn(w, &leaving);
        if (code == KOL_OK && left != KOL_OK) {
            *err = leaving;
            code = left;
        }
        if (code != KOL_OK || !w->more)
            return code;
        if (w->o->share)
            code = wait_ms(w, BETWEEN_MS, err);
        if (code != KOL_OK)
            return code;
    }
}

enum kol_code kol_walk_run(const struct kol_walk *walk, struct kol_walk_count *ret,
                           struct kol_err *err)
{
    KOL_ARENA page = kol_arena_new(0);
    struct walking w = {.o = walk,
                        .count = ret,
                        .page = page,
                        .lease = {walk->writer, walk->account_sid, walk->owner, kol_boot_ms()}};

    *ret = (struct kol_walk_count){0};
    if (!page)
        return kol_fail(err, KOL_NO_MEMORY, "list recordings: out of memory");
    set_dates(&w);
    enum kol_code code = do_pages(&w, err);
    if (code == KOL_OK && walk->waiting)
        code = look_after_all(&w, err);
    return code;
}

/* ---- whose ---- */

enum kol_code kol_walk_accounts(struct kol_arena *a, const struct kol_conf *conf,
                                struct kol_writer *writer, const char ***ret, size_t *ret_count,
                                struct kol_err *err)
{
    struct kol_account *rows = NULL;
    size_t n = 0, count = 0;
    struct kol_db *db = kol_reader_borrow(writer, err);

    if (!db)
        return err->code;
    enum kol_code code = kol_account_list(db, a, &rows, &n, err);
    kol_reader_return(writer, db);
    if (code != KOL_OK)
        return code;
    const char **list = kol_arena_array(a, n + 1, sizeof *list);
    if (!list)
        return kol_fail(err, KOL_NO_MEMORY, "list accounts: out of memory");
    if (kol_sid_valid(conf->twilio_account_sid, "AC"))
        list[count++] = conf->twilio_account_sid;
    for (size_t i = 0; i < n; i++)
        if (!kol_account_is_settings(conf, rows[i].account_sid))
            list[count++] = rows[i].account_sid;
    *ret = list;
    *ret_count = count;
    return KOL_OK;
}

const char *kol_walk_owner(struct kol_arena *a, const struct kol_conf *conf, bool server)
{
    KOL_CLEANUP(kol_free_str) char *folder = realpath(conf->data_dir, NULL);
    char hash[65];

    kol_sha256_hex(folder ? folder : conf->data_dir, strlen(folder ? folder : conf->data_dir),
                   hash);
    if (server)
        return kol_arena_fmt(a, "serve:%.16s", hash);
    return kol_arena_fmt(a, "import:%.16s:%d", hash, (int)getpid());
}
