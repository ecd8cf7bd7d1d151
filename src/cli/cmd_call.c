/* cmd_call.c - calls, as the pages show them. */
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "cli/cli.h"
#include "recording/service.h"
#include "serve/api.h"

static void print_row(const struct kol_call *c)
{
    char when[KOL_TIME_TEXT];

    kol_time_iso(c->started_at_ms ? c->started_at_ms : c->created_at_ms, when);
    printf("%.16s  %s  %-8s  %4llds  %-9s  ", when, c->call_sid, c->direction ? c->direction : "?",
           (long long)c->duration, kol_offline_state_name(c->offline_state));
    kol_cli_print_text(c->extracted_service, 16);
    printf("  ");
    kol_cli_print_text(c->extracted_city, 16);
    printf("\n");
}

static int print_calls(struct kol_cli *cli, const struct kol_call *calls, size_t n)
{
    json_t *rows = cli->json ? json_array() : NULL;

    for (size_t i = 0; i < n; i++) {
        if (cli->json)
            json_array_append_new(rows, kol_shape_call(&calls[i], false));
        else
            print_row(&calls[i]);
    }
    if (cli->json)
        kol_cli_print_json(json_pack("{s:o}", "calls", rows));
    else if (n == 0)
        printf("no calls\n");
    return KOL_EXIT_OK;
}

static int list(struct kol_cli *cli)
{
    const char *business = kol_cli_option(cli, "business"), *limit_text = kol_cli_option(cli, "limit");
    int64_t business_id = 0, limit = 50;
    struct kol_err err = {0};
    struct kol_call *calls = NULL;
    size_t n = 0;

    if ((business && !kol_cli_number(business, "--business", &business_id)) ||
        (limit_text && !kol_cli_number(limit_text, "--limit", &limit)))
        return KOL_EXIT_USAGE;
    const struct kol_call_filter filter = {
        .business_id = business_id,
        .unassigned = kol_cli_has(cli, "unassigned"),
        .number_part = kol_cli_option(cli, "number"),
        .city = kol_cli_option(cli, "city"),
        .service = kol_cli_option(cli, "service"),
        .limit = limit < 200 ? (int)limit : 200,
    };
    enum kol_code code = kol_cli_open(cli, &err);
    struct kol_db *db = code == KOL_OK ? kol_reader_borrow(cli->writer, &err) : NULL;
    if (!db)
        return kol_cli_fail(&err);
    code = kol_call_list(db, cli->arena, &filter, &calls, &n, &err);
    kol_reader_return(cli->writer, db);
    return code == KOL_OK ? print_calls(cli, calls, n) : kol_cli_fail(&err);
}

/* ---- one call ---- */

struct shown {
    struct kol_call *call;
    struct kol_segment_row *segments;
    size_t segment_count;
    struct kol_delivery *deliveries;
    size_t delivery_count;
};

static enum kol_code load(struct kol_cli *cli, const char *sid, struct shown *s, struct kol_err *err)
{
    enum kol_code code = kol_cli_open(cli, err);
    struct kol_db *db = code == KOL_OK ? kol_reader_borrow(cli->writer, err) : NULL;

    if (!db)
        return err->code;
    code = kol_call_by_sid(db, cli->arena, sid, &s->call, err);
    if (code == KOL_OK && !s->call)
        code = kol_fail(err, KOL_NOT_FOUND, "there is no call %s", sid);
    if (code == KOL_OK)
        code = kol_segment_list(db, cli->arena, s->call->id, kol_cli_has(cli, "dropped"),
                                &s->segments, &s->segment_count, err);
    if (code == KOL_OK)
        code = kol_delivery_list(db, cli->arena, s->call->id, &s->deliveries, &s->delivery_count, err);
    kol_reader_return(cli->writer, db);
    return code;
}

static void print_field(const char *name, const char *value)
{
    if (kol_str_empty(value))
        return;
    printf("%-12s ", name);
    kol_cli_print_text(value, 0);
    printf("\n");
}

static void print_segment(const struct kol_segment_row *s)
{
    printf("  %02lld:%02lld.%lld  %-9s ", (long long)(s->start_ms / 60000),
           (long long)(s->start_ms / 1000 % 60), (long long)(s->start_ms / 100 % 10), s->role);
    kol_cli_print_text(s->text, 0);
    if (s->dropped_reason)
        printf("   [dropped: %s]", s->dropped_reason);
    printf("\n");
}

static void print_shown(const struct shown *s)
{
    const struct kol_call *c = s->call;

    print_field("call", c->call_sid);
    print_field("direction", c->direction);
    print_field("from", c->from_number);
    print_field("to", c->to_number);
    print_field("recording", kol_fetch_state_name(c->fetch_state));
    print_field("reason", c->fetch_reason);
    print_field("offline", kol_offline_state_name(c->offline_state));
    print_field("source", c->transcript_source);
    print_field("service", c->extracted_service);
    print_field("city", c->extracted_city);
    if (c->extraction_confidence >= 0)
        printf("%-12s %.2f\n", "confidence", c->extraction_confidence);
    print_field("summary", c->summary);
    printf("transcript:\n");
    for (size_t i = 0; i < s->segment_count; i++)
        print_segment(&s->segments[i]);
    if (s->segment_count == 0)
        print_field("", c->full_conversation);
    for (size_t i = 0; i < s->delivery_count; i++)
        printf("webhook      version %lld %s, %d attempts, last status %d\n",
               (long long)s->deliveries[i].version, s->deliveries[i].state,
               s->deliveries[i].attempts, s->deliveries[i].last_status);
}

static json_t *shown_json(const struct shown *s)
{
    json_t *json = kol_shape_call(s->call, true);
    json_t *segments = json_array(), *deliveries = json_array();

    for (size_t i = 0; i < s->segment_count; i++)
        json_array_append_new(segments, kol_shape_segment(&s->segments[i]));
    for (size_t i = 0; i < s->delivery_count; i++)
        json_array_append_new(deliveries, kol_shape_delivery(&s->deliveries[i]));
    kol_json_set(json, "segments", segments);
    kol_json_set(json, "deliveries", deliveries);
    return json;
}

static bool check_sid(const struct kol_cli *cli, const char *sid)
{
    if (kol_sid_valid(sid, "CA"))
        return true;
    kol_cli_usage(cli, "a call's SID is CA and 32 hex digits, not '%s'", sid);
    return false;
}

static int show(struct kol_cli *cli)
{
    const char *sid = kol_cli_word(cli, 1);
    struct shown shown = {0};
    struct kol_err err = {0};

    if (!check_sid(cli, sid))
        return KOL_EXIT_USAGE;
    if (load(cli, sid, &shown, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (cli->json)
        kol_cli_print_json(shown_json(&shown));
    else
        print_shown(&shown);
    return KOL_EXIT_OK;
}

static int run(struct kol_cli *cli)
{
    static const struct kol_subcommand list_of[] = {{"list", 0, list}, {"show", 1, show}, {NULL, 0, NULL}};

    return kol_cli_dispatch(cli, list_of);
}

static const struct kol_option options[] = {
    {"business", "ID", "of this business"},
    {"unassigned", NULL, "calls whose number no business has"},
    {"number", "DIGITS", "part of either number"},
    {"city", "NAME", "as extracted"},
    {"service", "NAME", "as extracted"},
    {"dropped", NULL, "show: also what the filters took out of the transcript, and why"},
    {"limit", "N", "at most so many (default 50, most 200)"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_call = {
    .name = "call",
    .usage = "list [--business=ID] [--number=DIGITS] [--city=NAME] [--service=NAME]\nshow SID",
    .help = "list calls; show one with transcript, lead and deliveries",
    .options = options,
    .run = run,
};
