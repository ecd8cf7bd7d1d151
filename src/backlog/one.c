#include "backlog/one.h"
#include "backlog/found.h"
#include "backlog/walk.h"
#include "base/str.h"
#include "intake/road.h"
#include "store/call.h"

struct one {
    struct kol_arena *a;
    const struct kol_conf *conf;
    struct kol_writer *writer;
    struct kol_twilio *twilio;
    const char *call_sid;
    struct kol_call *call; /* NULL: not known */
    bool settled;
};

static enum kol_code look(struct one *o, struct kol_err *err)
{
    struct kol_db *db = kol_reader_borrow(o->writer, err);

    if (!db)
        return err->code;
    enum kol_code code = kol_call_by_sid(db, o->a, o->call_sid, &o->call, err);
    /* Who asks for one that was gone wants Twilio to be asked again. */
    if (code == KOL_OK && o->call && o->call->fetch_state != KOL_FETCH_GONE)
        code = kol_road_is_settled(db, o->a, o->call, &o->settled, err);
    kol_reader_return(o->writer, db);
    return code;
}

static bool is_better(const struct kol_rest_recording *a, const struct kol_rest_recording *b)
{
    const bool a_dual = a->channels >= 2, b_dual = b->channels >= 2;

    return a_dual != b_dual ? a_dual : a->duration.seconds > b->duration.seconds;
}

/* The best one first, so that no other is queued before it; NULL: none is of any use. */
static struct kol_rest_recording *put_best_first(struct kol_rest_recordings *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (!kol_found_is_gone(&list->items[i]) && list->items[i].call_sid)
            list->items[kept++] = list->items[i];
    list->count = kept;
    for (size_t i = 1; i < kept; i++) {
        if (!is_better(&list->items[i], &list->items[0]))
            continue;
        const struct kol_rest_recording swap = list->items[0];
        list->items[0] = list->items[i];
        list->items[i] = swap;
    }
    return kept ? &list->items[0] : NULL;
}

static enum kol_code store(struct one *o, const struct kol_rest_recordings *list,
                           const struct kol_rest_call *party, enum kol_one *ret,
                           struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    *ret = KOL_ONE_UNDER_WAY;
    for (size_t i = 0; code == KOL_OK && i < list->count; i++) {
        struct kol_found f = {.conf = o->conf, .recording = &list->items[i], .party = party};

        code = kol_write(o->writer, kol_found_store, &f, err);
        if (code == KOL_OK && i == 0)
            kol_found_log(&f);
        if (code == KOL_OK && f.ret_queued)
            *ret = KOL_ONE_QUEUED;
    }
    return code;
}

static enum kol_code ask(struct one *o, const char *account_sid, enum kol_one *ret,
                         struct kol_err *err)
{
    struct kol_rest_recordings list = {0};
    struct kol_rest_call party;
    enum kol_code code =
        kol_twilio_recordings_of_call(o->a, o->twilio, account_sid, o->call_sid, false, &list, err);

    *ret = KOL_ONE_NOTHING;
    if (code == KOL_NOT_FOUND)
        return KOL_OK;
    if (code != KOL_OK || !put_best_first(&list))
        return code;
    for (size_t i = 0; i < list.count; i++)
        if (!kol_streq(list.items[i].call_sid, o->call_sid) ||
            !kol_streq(list.items[i].account_sid, account_sid))
            return kol_fail(err, KOL_HTTP_STATUS, "Twilio answered with another call's recordings");
    code = kol_twilio_call(o->a, o->twilio, account_sid, o->call_sid, &party, err);
    if (code != KOL_OK && code != KOL_NOT_FOUND)
        return code;
    return store(o, &list, code == KOL_OK ? &party : NULL, ret, err);
}

static enum kol_code ask_all(struct one *o, enum kol_one *ret, struct kol_err *err)
{
    const char **sids = NULL;
    size_t n = 0;
    enum kol_code code = kol_walk_accounts(o->a, o->conf, o->writer, &sids, &n, err);

    *ret = KOL_ONE_NOTHING;
    if (code == KOL_OK && n == 0)
        return kol_fail(err, KOL_BAD_CONFIG, "no Twilio account is known: set twilio_account_sid");
    for (size_t i = 0; code == KOL_OK && *ret == KOL_ONE_NOTHING && i < n; i++)
        code = ask(o, sids[i], ret, err);
    return code;
}

enum kol_code kol_one_fetch(struct kol_arena *a, const struct kol_conf *conf,
                            struct kol_writer *writer, struct kol_twilio *twilio,
                            const char *call_sid, const char *account_sid, enum kol_one *ret,
                            struct kol_err *err)
{
    struct one o = {.a = a, .conf = conf, .writer = writer, .twilio = twilio, .call_sid = call_sid};
    enum kol_code code = look(&o, err);

    if (code != KOL_OK)
        return code;
    if (o.call && account_sid && !kol_streq(account_sid, o.call->account_sid))
        return kol_fail(err, KOL_FORBIDDEN, "call %s belongs to another account", call_sid);
    if (o.call && o.settled) {
        *ret = o.call->fetch_state == KOL_FETCH_LOCAL ? KOL_ONE_HERE : KOL_ONE_UNDER_WAY;
        return KOL_OK;
    }
    if (o.call)
        account_sid = o.call->account_sid;
    return account_sid ? ask(&o, account_sid, ret, err) : ask_all(&o, ret, err);
}
