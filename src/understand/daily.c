/*
 * daily.c - see daily.h. The count is one fact of the database: "2026-11-21 17".
 */
#include "understand/daily.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "store/fact.h"
#include <string.h>

#define FACT "llm_calls"
#define DAY_CHARS 10

struct taking {
    int64_t most;
    bool taken;
};

static enum kol_code take(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct taking *t = arg;
    char now[KOL_TIME_TEXT], value[DAY_CHARS + 24], *before = NULL;
    int64_t used = 0;
    KOL_ARENA a = kol_arena_new(0);

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "count a call: out of memory");
    enum kol_code code = kol_fact_get(db, a, FACT, &before, err);
    if (code != KOL_OK)
        return code;
    kol_time_iso(kol_wall_ms(), now);
    if (before && strncmp(before, now, DAY_CHARS) == 0 && strlen(before) > DAY_CHARS + 1)
        kol_parse_i64(before + DAY_CHARS + 1, &used);
    t->taken = used < t->most;
    if (!t->taken)
        return KOL_OK;
    snprintf(value, sizeof value, "%.*s %lld", DAY_CHARS, now, (long long)(used + 1));
    return kol_fact_set(db, FACT, value, err);
}

bool kol_daily_take(struct kol_writer *writer, int64_t most)
{
    struct taking t = {.most = most};
    struct kol_err err = {0};

    if (kol_write(writer, take, &t, &err) == KOL_OK)
        return t.taken;
    kol_warn("the language model's calls cannot be counted: %s", err.msg);
    return false;
}
