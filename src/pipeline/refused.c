#include "pipeline/refused.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "queue/queue.h"
#include "store/fact.h"
#include "twilio/account.h"

#define FACT "credentials"

struct news {
    const char *account_sid, *fact;
    char hash[65];
    int64_t resumed;
};

static enum kol_code resume_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct news *n = arg;
    enum kol_code code =
        kol_queue_resume(db, "refused", n->account_sid, kol_wall_ms(), &n->resumed, err);

    return code == KOL_OK ? kol_fact_set(db, n->fact, n->hash, err) : code;
}

static enum kol_code look_at(const struct kol_conf *conf, struct kol_writer *writer,
                             struct kol_db *db, struct kol_arena *a, const char *account_sid,
                             struct kol_err *err)
{
    struct news n = {.account_sid = account_sid,
                     .fact = kol_arena_fmt(a, "%s:%s", FACT, account_sid)};
    char *before = NULL;

    if (!n.fact)
        return kol_fail(err, KOL_NO_MEMORY, "compare credentials: out of memory");
    enum kol_code code = kol_account_fingerprint(db, conf, account_sid, n.hash, err);
    if (code == KOL_OK)
        code = kol_fact_get(db, a, n.fact, &before, err);
    if (code != KOL_OK || kol_streq(before, n.hash))
        return code;
    code = kol_write(writer, resume_change, &n, err);
    if (code == KOL_OK && n.resumed > 0)
        kol_info("the credentials of %s have changed: %lld paused jobs go on", account_sid,
                 (long long)n.resumed);
    return code;
}

enum kol_code kol_refused_look(const struct kol_conf *conf, struct kol_writer *writer,
                               struct kol_db *db, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_account *rows = NULL;
    size_t n = 0;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "compare credentials: out of memory");
    enum kol_code code = kol_account_list(db, a, &rows, &n, err);
    if (code == KOL_OK && !kol_str_empty(conf->twilio_account_sid))
        code = look_at(conf, writer, db, a, conf->twilio_account_sid, err);
    for (size_t i = 0; code == KOL_OK && i < n; i++)
        if (!kol_account_is_settings(conf, rows[i].account_sid))
            code = look_at(conf, writer, db, a, rows[i].account_sid, err);
    return code;
}
