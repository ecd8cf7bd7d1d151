/* business_calibrate.c - which channel is the business, found in calls that were transcribed. */
#include "cli/business_calibrate.h"

#include "base/clock.h"
#include "base/str.h"
#include "queue/stage.h"
#include "store/access.h"
#include "store/business.h"
#include "store/channels.h"
#include "store/segment.h"
#include "transcribe/calibrate.h"

#include <string.h>
#include <unistd.h>

enum {
    GROUPS_MOST = 32,
    CALLS_READ = 2000, /* the newest, in which the groups are looked for */
    CALLS_DEFAULT = 20,
    CALLS_MOST = 200,
    GREETINGS_MOST = 64,
    RELABEL_STEP = 100 /* calls in one change: others want to write, too */
};

/* The calls of one source and direction. */
struct group {
    const char *key; /* in the channel map */
    const char *source, *direction;
    const char *now; /* roles in use */
    struct kol_sample *samples;
    size_t count;
    struct kol_calibration found;
};

struct calibration {
    struct kol_cli *cli;
    struct kol_business *business;
    struct group groups[GROUPS_MOST];
    size_t group_count;
    size_t calls_most;
    int64_t relabelled;
    bool applied;
};

static const char *proposed(const struct group *g)
{
    if (g->found.agent < 0)
        return NULL;
    return g->found.agent == 0 ? KOL_AGENT_FIRST : KOL_CUSTOMER_FIRST;
}

/* ---- reading ---- */

static struct group *group_of(struct calibration *c, const struct kol_two_channel_call *call)
{
    struct kol_arena *a = c->cli->arena;

    if (!call->direction) /* the map goes by it */
        return NULL;
    for (size_t i = 0; i < c->group_count; i++)
        if (kol_streq(c->groups[i].source, call->source) &&
            kol_streq(c->groups[i].direction, call->direction))
            return &c->groups[i];
    if (c->group_count == GROUPS_MOST)
        return NULL;
    struct group *g = &c->groups[c->group_count++];
    *g = (struct group){
        .key = call->source ? kol_arena_fmt(a, "%s/%s", call->source, call->direction)
                            : call->direction,
        .source = call->source,
        .direction = call->direction,
        .now = kol_channel_roles(c->cli->conf, c->business->channel_map, call->source,
                                 call->direction),
        .samples = kol_arena_array(a, c->calls_most, sizeof(*g->samples)),
    };
    return g;
}

static enum kol_code add_call(struct calibration *c, struct kol_db *db,
                              const struct kol_two_channel_call *call, struct kol_err *err)
{
    struct group *g = group_of(c, call);
    struct kol_segment_row *rows = NULL;
    size_t n = 0;

    if (!g || g->count == c->calls_most)
        return KOL_OK;
    if (!g->samples || !g->key)
        return kol_fail(err, KOL_NO_MEMORY, "calibrate: out of memory");
    enum kol_code code = kol_segment_list(db, c->cli->arena, call->id, false, &rows, &n, err);
    if (code == KOL_OK && n > 0)
        g->samples[g->count++] = (struct kol_sample){call->call_sid, rows, n};
    return code;
}

/* What the business is greeted with: the words given, else its name and names of the glossary. */
static size_t find_greetings(struct calibration *c, const char *ret[static GREETINGS_MOST])
{
    const char *given = kol_cli_option(c->cli, "greeting");
    const char *names[GREETINGS_MOST];
    size_t count = 0, n;

    if (given) {
        ret[0] = given;
        return 1;
    }
    ret[count++] = c->business->name;
    n = kol_arena_split(c->cli->arena, c->business->glossary, names, GREETINGS_MOST - 1);
    for (size_t i = 0; i < n; i++)
        if (strchr(names[i], ' ')) /* single words are towns and services: customers say them */
            ret[count++] = names[i];
    return count;
}

static enum kol_code look(struct calibration *c, struct kol_err *err)
{
    const char *greetings[GREETINGS_MOST];
    struct kol_two_channel_call *calls = NULL;
    size_t n = 0;
    struct kol_db *db = kol_cli_read(c->cli, err);

    if (!db)
        return err->code;
    enum kol_code code =
        kol_segment_calls(db, c->cli->arena, c->business->id, 0, CALLS_READ, &calls, &n, err);
    for (size_t i = 0; i < n && code == KOL_OK; i++)
        code = add_call(c, db, &calls[i], err);
    kol_reader_return(c->cli->writer, db);

    struct kol_sample_hints hints = {greetings, find_greetings(c, greetings), false};
    for (size_t i = 0; i < c->group_count && code == KOL_OK; i++) {
        struct group *g = &c->groups[i];

        hints.inbound = kol_streq(g->direction, "inbound");
        code = kol_calibrate(c->cli->arena, g->samples, g->count, &hints, &g->found, err);
    }
    return code;
}

/* ---- changing ---- */

static enum kol_code apply_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    static const struct kol_principal console = {.name = "console"};
    struct calibration *c = arg;
    struct kol_arena *a = c->cli->arena;
    struct kol_business *fresh = NULL;
    enum kol_code code = kol_business_by_id(db, a, c->business->id, &fresh, err);

    if (code != KOL_OK)
        return code;
    const char *map = fresh ? fresh->channel_map : NULL;
    for (size_t i = 0; i < c->group_count; i++)
        if (proposed(&c->groups[i]))
            map = kol_channel_map_with(a, map, c->groups[i].key, proposed(&c->groups[i]));
    if (!map)
        return kol_fail(err, KOL_NO_MEMORY, "calibrate: out of memory");
    code = kol_business_set_channel_map(db, c->business->id, map, err);
    if (code == KOL_OK)
        code = kol_audit_add(db, &console, "business.calibrate", map, kol_wall_ms(), err);
    if (code == KOL_OK)
        c->business->channel_map = map;
    return code;
}

struct relabel {
    const struct calibration *c;
    int64_t before_id; /* where this step begins; 0 at the start */
    int64_t ret_last_id;
    size_t ret_read, ret_swapped;
};

/* One step: calls whose stored roles are not those of the map. */
static enum kol_code relabel_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct relabel *r = arg;
    const struct calibration *c = r->c;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_two_channel_call *calls = NULL;
    const int64_t now_ms = kol_wall_ms();

    r->ret_swapped = 0;
    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "relabel: out of memory");
    enum kol_code code = kol_segment_calls(db, a, c->business->id, r->before_id, RELABEL_STEP,
                                           &calls, &r->ret_read, err);
    for (size_t i = 0; code == KOL_OK && i < r->ret_read; i++) {
        const char *roles = kol_channel_roles(c->cli->conf, c->business->channel_map,
                                              calls[i].source, calls[i].direction);
        const int agent = kol_streq(roles, KOL_AGENT_FIRST) ? 0 : 1;

        r->ret_last_id = calls[i].id;
        if (agent == calls[i].agent)
            continue;
        code = kol_segment_swap_roles(db, a, calls[i].id, agent, now_ms, err);
        if (code == KOL_OK) /* summary and lead came from the wrong side's words */
            code = kol_stage_understand_at(db, calls[i].id, calls[i].call_sid, c->business->id,
                                           now_ms, now_ms, err);
        r->ret_swapped++;
    }
    return code;
}

static enum kol_code relabel_all(struct calibration *c, struct kol_err *err)
{
    struct relabel r = {.c = c};
    enum kol_code code;

    do {
        r.before_id = r.ret_last_id;
        code = kol_cli_change(c->cli, relabel_change, &r, err);
        c->relabelled += (int64_t)r.ret_swapped;
    } while (code == KOL_OK && r.ret_read == RELABEL_STEP);
    return code;
}

/* ---- saying ---- */

static json_t *group_json(const struct group *g)
{
    json_t *json = json_object(), *evidence = json_object();

    for (int s = 0; s < KOL_SIGN_COUNT; s++)
        kol_json_set(evidence, kol_sign_name((enum kol_sign)s),
                     json_pack("{s:I,s:I}", "channel_1", (json_int_t)g->found.votes[s][0],
                               "channel_2", (json_int_t)g->found.votes[s][1]));
    kol_json_set_str(json, "key", g->key);
    kol_json_set_str(json, "source", g->source);
    kol_json_set_str(json, "direction", g->direction);
    kol_json_set_int(json, "calls", (int64_t)g->found.calls);
    kol_json_set_str(json, "now", g->now);
    kol_json_set_str(json, "proposed", proposed(g));
    kol_json_set_str(json, "by", proposed(g) ? kol_sign_name(g->found.by) : NULL);
    kol_json_set_str(json, "reason", g->found.why);
    kol_json_set(json, "evidence", evidence);
    return json;
}

static void print_quotes(const struct group *g)
{
    if (!isatty(STDOUT_FILENO)) /* somebody's words are for eyes, not for files */
        return;
    for (size_t i = 0; i < g->found.quote_count; i++) {
        printf("    %s  \"", g->found.quotes[i].call_sid);
        kol_cli_print_text(g->found.quotes[i].text, 0);
        printf("\"\n");
    }
}

static void print_group(const struct group *g)
{
    const char *roles = proposed(g);

    printf("%s: %zu calls, now %s\n", g->key, g->found.calls, g->now);
    for (int s = 0; s < KOL_SIGN_COUNT; s++)
        if (g->found.votes[s][0] + g->found.votes[s][1] > 0)
            printf("    %s on channel 1 in %zu of %zu, on channel 2 in %zu\n",
                   kol_sign_text((enum kol_sign)s), g->found.votes[s][0], g->found.calls,
                   g->found.votes[s][1]);
    if (!roles)
        printf("    not told: %s\n", g->found.why);
    else
        printf("    the business is on channel %d: %s%s\n", g->found.agent + 1, roles,
               kol_streq(roles, g->now) ? ", as it is" : "");
    print_quotes(g);
}

static size_t told(const struct calibration *c)
{
    size_t count = 0;

    for (size_t i = 0; i < c->group_count; i++)
        count += proposed(&c->groups[i]) != NULL;
    return count;
}

static void print_all(const struct calibration *c)
{
    if (c->cli->json) {
        json_t *groups = json_array();

        for (size_t i = 0; i < c->group_count; i++)
            json_array_append_new(groups, group_json(&c->groups[i]));
        kol_cli_print_json(json_pack("{s:o,s:b,s:I}", "groups", groups, "applied", c->applied,
                                     "relabelled", (json_int_t)c->relabelled));
        return;
    }
    for (size_t i = 0; i < c->group_count; i++)
        print_group(&c->groups[i]);
    if (c->group_count == 0)
        printf("no call of this business was transcribed on two channels yet\n");
    if (c->applied)
        printf("stored: %s\n", c->business->channel_map);
    else if (told(c) > 0)
        printf("nothing was changed: --apply stores it\n");
    if (c->relabelled > 0)
        printf("%lld stored calls were corrected; they are understood again, and the CRM is told\n",
               (long long)c->relabelled);
}

/* ---- the command ---- */

/* False after saying what is wrong. */
static bool read_options(struct calibration *c, struct kol_err *err)
{
    struct kol_cli *cli = c->cli;
    const char *calls = kol_cli_option(cli, "calls");
    int64_t id, most = CALLS_DEFAULT;

    if (!kol_cli_number(kol_cli_word(cli, 1), "the business's number", &id) ||
        (calls && !kol_cli_number(calls, "--calls", &most)))
        return false;
    c->calls_most = most < CALLS_MOST ? (size_t)most : CALLS_MOST;
    struct kol_db *db = kol_cli_read(cli, err);
    enum kol_code code = db ? kol_business_by_id(db, cli->arena, id, &c->business, err) : err->code;
    kol_reader_return(cli->writer, db);
    if (code == KOL_OK && !c->business)
        code = kol_fail(err, KOL_NOT_FOUND, "there is no business %lld", (long long)id);
    return code == KOL_OK;
}

int kol_business_calibrate(struct kol_cli *cli)
{
    struct kol_err err = {0};
    struct calibration *c = kol_arena_alloc(cli->arena, sizeof(*c));

    if (!c)
        return KOL_EXIT_FAILED;
    c->cli = cli;
    if (!read_options(c, &err))
        return err.code == KOL_OK ? KOL_EXIT_USAGE : kol_cli_fail(&err);
    enum kol_code code = look(c, &err);
    const bool apply = code == KOL_OK && kol_cli_has(cli, "apply") && told(c) > 0;
    if (apply)
        code = kol_cli_change(cli, apply_change, c, &err);
    c->applied = apply && code == KOL_OK;
    if (code == KOL_OK && kol_cli_has(cli, "relabel"))
        code = relabel_all(c, &err);
    if (code != KOL_OK)
        return kol_cli_fail(&err);
    print_all(c);
    return told(c) > 0 || c->relabelled > 0 ? KOL_EXIT_OK : KOL_EXIT_FAILED;
}
