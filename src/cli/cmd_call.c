/* cmd_call.c - calls, as the pages show them. */
#include "backlog/one.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "cli/cli.h"
#include "recording/service.h"
#include "serve/api.h"

#include <string.h>

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

/* The options that list and search share. False after saying what is wrong. */
static bool read_filter(struct kol_cli *cli, struct kol_call_filter *ret)
{
    const char *business = kol_cli_option(cli, "business"),
               *limit_text = kol_cli_option(cli, "limit");
    int64_t business_id = 0, limit = 50;

    if ((business && !kol_cli_number(business, "--business", &business_id)) ||
        (limit_text && !kol_cli_number(limit_text, "--limit", &limit)))
        return false;
    *ret = (struct kol_call_filter){
        .business_id = business_id,
        .unassigned = kol_cli_has(cli, "unassigned"),
        .number_part = kol_cli_option(cli, "number"),
        .city = kol_cli_option(cli, "city"),
        .service = kol_cli_option(cli, "service"),
        .limit = limit < 200 ? (int)limit : 200,
    };
    return true;
}

static int list(struct kol_cli *cli)
{
    struct kol_call_filter filter;
    struct kol_err err = {0};
    struct kol_call *calls = NULL;
    size_t n = 0;

    if (!read_filter(cli, &filter))
        return KOL_EXIT_USAGE;
    struct kol_db *db = kol_cli_read(cli, &err);
    if (!db)
        return kol_cli_fail(&err);
    enum kol_code code = kol_call_list(db, cli->arena, &filter, &calls, &n, &err);
    kol_reader_return(cli->writer, db);
    return code == KOL_OK ? print_calls(cli, calls, n) : kol_cli_fail(&err);
}

/* ---- search ---- */

/* Byte where code point number count begins. */
static size_t byte_of(const char *text, size_t count)
{
    const size_t len = strlen(text);
    size_t at = 0;

    for (size_t i = 0; i < count && at < len; i++) {
        const size_t step = kol_utf8_step(text + at, len - at);
        at += step ? step : 1;
    }
    return at;
}

/* The text with what was found between brackets, which a terminal and a pipe both show. */
static const char *with_marks(struct kol_arena *a, const struct kol_search_place *p)
{
    const char *text = "";
    size_t at = 0;

    for (size_t i = 0; i < p->mark_count && text; i++) {
        const size_t start = byte_of(p->text, p->marks[i].start);
        const size_t end = byte_of(p->text, p->marks[i].end);

        text = kol_arena_fmt(a, "%s%.*s[%.*s]", text, (int)(start - at), p->text + at,
                             (int)(end - start), p->text + start);
        at = end;
    }
    return text ? kol_arena_fmt(a, "%s%s", text, p->text + at) : p->text;
}

static void print_hit(struct kol_cli *cli, const struct kol_search_hit *hit)
{
    print_row(hit->call);
    for (size_t i = 0; i < hit->place_count; i++) {
        const struct kol_search_place *p = &hit->places[i];

        if (p->start_ms >= 0)
            printf("    %02lld:%02lld  ", (long long)(p->start_ms / 60000),
                   (long long)(p->start_ms / 1000 % 60));
        else
            printf("    %s  ", kol_streq(p->field, "summary") ? "summary" : "call");
        kol_cli_print_text(with_marks(cli->arena, p), 0);
        printf("\n");
    }
}

static int print_hits(struct kol_cli *cli, const struct kol_search_hit *hits, size_t n)
{
    json_t *rows = cli->json ? json_array() : NULL;

    for (size_t i = 0; i < n; i++) {
        if (cli->json)
            json_array_append_new(rows, kol_shape_hit(&hits[i]));
        else
            print_hit(cli, &hits[i]);
    }
    if (cli->json)
        kol_cli_print_json(json_pack("{s:o}", "calls", rows));
    else if (n == 0)
        printf("no calls\n");
    return KOL_EXIT_OK;
}

static bool read_search(struct kol_cli *cli, struct kol_search_filter *ret)
{
    KOL_STR words;
    const char *direction = kol_cli_option(cli, "direction");

    kol_str_init(&words, 64 * 1024);
    if (direction && !kol_streq(direction, "inbound") && !kol_streq(direction, "outbound")) {
        kol_cli_usage(cli, "--direction is inbound or outbound, not '%s'", direction);
        return false;
    }
    for (int i = 1; i < cli->word_count; i++)
        kol_str_add_fmt(&words, "%s ", cli->words[i]);
    *ret = (struct kol_search_filter){
        .query = kol_arena_str(cli->arena, words.data),
        .direction = direction,
    };
    return ret->query && read_filter(cli, &ret->calls);
}

static int search(struct kol_cli *cli)
{
    struct kol_search_filter filter;
    struct kol_err err = {0};
    struct kol_search_hit *hits = NULL;
    size_t n = 0;

    if (!read_search(cli, &filter))
        return KOL_EXIT_USAGE;
    struct kol_db *db = kol_cli_read(cli, &err);
    if (!db)
        return kol_cli_fail(&err);
    enum kol_code code = kol_search_calls(db, cli->arena, &filter, &hits, &n, &err);
    kol_reader_return(cli->writer, db);
    return code == KOL_OK ? print_hits(cli, hits, n) : kol_cli_fail(&err);
}

/* ---- one call ---- */

struct shown {
    struct kol_call *call;
    struct kol_segment_row *segments;
    size_t segment_count;
    struct kol_delivery *deliveries;
    size_t delivery_count;
};

/* False: err says why. */
static bool load(struct kol_cli *cli, const char *sid, struct shown *s, struct kol_err *err)
{
    struct kol_db *db = kol_cli_read(cli, err);

    if (!db)
        return false;
    enum kol_code code = kol_call_by_sid(db, cli->arena, sid, &s->call, err);
    if (code == KOL_OK && !s->call)
        code = kol_fail(err, KOL_NOT_FOUND, "there is no call %s", sid);
    if (code == KOL_OK)
        code = kol_segment_list(db, cli->arena, s->call->id, kol_cli_has(cli, "dropped"),
                                &s->segments, &s->segment_count, err);
    if (code == KOL_OK)
        code =
            kol_delivery_list(db, cli->arena, s->call->id, &s->deliveries, &s->delivery_count, err);
    kol_reader_return(cli->writer, db);
    return code == KOL_OK;
}

static void print_field(const char *name, const char *value)
{
    if (kol_str_empty(value))
        return;
    printf("%-12s ", name);
    kol_cli_print_text(value, 0);
    printf("\n");
}

static void print_segment(const struct kol_segment_row *s, bool raw)
{
    printf("  %02lld:%02lld.%lld  %-9s ", (long long)(s->start_ms / 60000),
           (long long)(s->start_ms / 1000 % 60), (long long)(s->start_ms / 100 % 10), s->role);
    kol_cli_print_text(s->text, 0);
    if (s->dropped_reason)
        printf("   [dropped: %s]", s->dropped_reason);
    if (raw && s->heard) {
        printf("   [heard: ");
        kol_cli_print_text(s->heard, 0);
        printf("]");
    }
    printf("\n");
}

/* raw: also what the engine wrote where that was made readable. */
static void print_shown(const struct shown *s, bool raw)
{
    const struct kol_call *c = s->call;

    print_field("call", c->call_sid);
    print_field("direction", c->direction);
    print_field("from", c->from_number);
    print_field("to", c->to_number);
    print_field("recording", kol_fetch_state_name(c->fetch_state));
    print_field("reason", c->fetch_reason);
    print_field("offline", kol_offline_state_name(c->offline_state));
    print_field("channels", c->channels_reason);
    print_field("source", c->transcript_source);
    print_field("realtime", c->realtime_error);
    print_field("service", c->extracted_service);
    print_field("city", c->extracted_city);
    if (c->extraction_confidence >= 0)
        printf("%-12s %.2f\n", "confidence", c->extraction_confidence);
    print_field("summary", c->summary);
    printf("transcript:\n");
    for (size_t i = 0; i < s->segment_count; i++)
        print_segment(&s->segments[i], raw);
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
    if (!load(cli, sid, &shown, &err))
        return kol_cli_fail(&err);
    if (cli->json)
        kol_cli_print_json(shown_json(&shown));
    else
        print_shown(&shown, kol_cli_has(cli, "dropped"));
    return KOL_EXIT_OK;
}

/* ---- its recording, now ---- */

static const struct {
    const char *status, *text;
} outcomes[] = {
    [KOL_ONE_QUEUED] = {"queued", "its recording was found and is fetched by kol serve"},
    [KOL_ONE_UNDER_WAY] = {"under_way", "its recording is on its way already: nothing was added"},
    [KOL_ONE_HERE] = {"done", "its recording is here already: nothing was added"},
    [KOL_ONE_NOTHING] = {"nothing", "Twilio has no recording of this call"},
};

static int fetch(struct kol_cli *cli)
{
    const char *sid = kol_cli_word(cli, 1), *account = kol_cli_option(cli, "account");
    enum kol_one outcome = KOL_ONE_NOTHING;
    struct kol_twilio *twilio = NULL;
    struct kol_err err = {0};

    if (!check_sid(cli, sid))
        return KOL_EXIT_USAGE;
    if (account && !kol_sid_valid(account, "AC"))
        return kol_cli_usage(cli, "an account's SID is AC and 32 hex digits, not '%s'", account);
    enum kol_code code = kol_cli_open(cli, &err);
    if (code == KOL_OK)
        code = kol_twilio_new(cli->conf, cli->writer, NULL, &twilio, &err);
    if (code == KOL_OK)
        code =
            kol_one_fetch(cli->arena, cli->conf, cli->writer, twilio, sid, account, &outcome, &err);
    kol_twilio_free(twilio);
    if (code != KOL_OK)
        return kol_cli_fail(&err);
    if (cli->json)
        kol_cli_print_json(
            json_pack("{s:s,s:s}", "call_sid", sid, "status", outcomes[outcome].status));
    else
        printf("call %s: %s\n", sid, outcomes[outcome].text);
    return outcome == KOL_ONE_NOTHING ? KOL_EXIT_FAILED : KOL_EXIT_OK;
}

static int run(struct kol_cli *cli)
{
    static const struct kol_subcommand list_of[] = {{"fetch", 1, fetch},
                                                    {"list", 0, list},
                                                    {"show", 1, show},
                                                    {"search", 1, search},
                                                    {NULL, 0, NULL}};

    return kol_cli_dispatch(cli, list_of);
}

static const struct kol_option options[] = {
    {"business", "ID", "of this business"},
    {"unassigned", NULL, "calls whose number no business has"},
    {"number", "DIGITS", "part of either number"},
    {"city", "NAME", "as extracted"},
    {"service", "NAME", "as extracted"},
    {"account", "SID", "fetch: the account of a call that is not known yet (default: all)"},
    {"direction", "D", "search: inbound or outbound"},
    {"dropped", NULL,
     "show: also what the filters took out of the transcript, and why, and "
     "numbers as they were heard"},
    {"limit", "N", "at most so many (default 50, most 200)"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_call = {
    .name = "call",
    .usage = "list [--business=ID] [--number=DIGITS] [--city=NAME] [--service=NAME]\nshow SID\n"
             "fetch SID [--account=SID]\n"
             "search WORDS [--business=ID] [--direction=D] [--city=NAME] [--service=NAME]",
    .help = "list calls; fetch the recording of one; show one with transcript, lead and "
            "deliveries; find words that were said",
    .options = options,
    .run = run,
};
