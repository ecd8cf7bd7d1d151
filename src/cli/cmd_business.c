/* cmd_business.c - businesses, their numbers, their webhook. */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/envelope.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/language.h"
#include "base/redact.h"
#include "base/str.h"
#include "cli/business_calibrate.h"
#include "cli/cli.h"
#include "conf/setting.h"
#include "deliver/deliver.h"
#include "net/url.h"
#include "queue/queue.h"
#include "serve/api.h"
#include "store/access.h"
#include "store/account.h"
#include "store/business.h"
#include "store/channels.h"
#include "understand/insight.h"
#include "understand/stage.h"

#include <string.h>

#define SECRET_BYTES 32
#define SECRET_TEXT 64 /* whsec_ and base64 of 32 bytes */
#define NUMBERS_MOST 64
#define DAYS_MOST 3650
#define SERVICES_MOST (64 * 1024)

static const struct kol_principal console = {.name = "console"};

/* Standard Webhooks: whsec_ and base64 of 24 to 64 random bytes. */
static void make_secret(char ret[static SECRET_TEXT])
{
    uint8_t bytes[SECRET_BYTES];

    kol_random_bytes(bytes, sizeof(bytes));
    memcpy(ret, "whsec_", 6);
    kol_base64(bytes, sizeof(bytes), ret + 6);
}

/* ---- checks ---- */

static enum kol_code check_fields(const struct kol_business *b, struct kol_err *err)
{
    const char *languages[KOL_LANGUAGES_MOST];
    size_t count;
    int64_t from, to;

    if (kol_str_empty(b->name))
        return kol_fail(err, KOL_BAD_INPUT, "a business needs a name: --name=NAME");
    if (kol_str_empty(b->language) || !kol_language_read(b->language, languages, &count))
        return kol_fail(err, KOL_BAD_INPUT,
                        "--language is he, en, auto, or the allowed ones such as he,en, not '%s'",
                        b->language);
    if (kol_day_bounds(b->timezone, "2026-01-01", &from, &to, err) != KOL_OK)
        return kol_err_prefix(err, "--timezone=%s", b->timezone);
    return KOL_OK;
}

/* ---- add and change ---- */

struct edit {
    struct kol_business business;
    const char *numbers[NUMBERS_MOST];
    int number_count;
    const char *settings_account;
    bool moved; /* its account was given */
    bool is_new;
    int64_t released;
};

/* Another account is one that Kol has the credentials of. */
static enum kol_code check_account(struct kol_db *db, const struct edit *e, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_account *row = NULL;
    const char *sid = e->business.account_sid;

    if (!sid || kol_streq(sid, e->settings_account))
        return KOL_OK;
    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "check an account: out of memory");
    enum kol_code code = kol_account_by_sid(db, a, sid, &row, err);
    if (code == KOL_OK && !row)
        return kol_fail(err, KOL_NOT_FOUND, "there is no account %s: kol account add", sid);
    return code;
}

/* In its account, calls may wait for the numbers that it has. */
static enum kol_code release_numbers(struct kol_db *db, struct edit *e, int64_t now_ms,
                                     struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    const char **numbers = NULL;
    size_t n = 0;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "change a business: out of memory");
    enum kol_code code = kol_business_numbers(db, a, e->business.id, &numbers, &n, err);
    for (size_t i = 0; i < n && code == KOL_OK; i++) {
        int64_t released = 0;

        code = kol_business_add_number(db, e->business.id, numbers[i], e->settings_account, now_ms,
                                       &released, err);
        e->released += released;
    }
    return code;
}

static enum kol_code edit_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct edit *e = arg;
    const int64_t now_ms = kol_wall_ms();
    enum kol_code code = check_account(db, e, err);

    if (code == KOL_OK)
        code = e->is_new ? kol_business_add(db, &e->business, now_ms, &e->business.id, err)
                         : kol_business_update(db, &e->business, err);
    if (code == KOL_OK && e->moved)
        code = release_numbers(db, e, now_ms, err);

    if (code == KOL_OK) /* what waits for a key may have one now */
        code = kol_queue_resume_of(db, e->business.id, kol_code_name(KOL_ENCRYPTED), now_ms, err);
    for (int i = 0; i < e->number_count && code == KOL_OK; i++) {
        int64_t released = 0;

        code = kol_business_add_number(db, e->business.id, e->numbers[i], e->settings_account,
                                       now_ms, &released, err);
        e->released += released;
    }
    if (code != KOL_OK)
        return code;
    return kol_audit_add(db, &console, e->is_new ? "business.add" : "business.set",
                         e->business.name, now_ms, err);
}

static enum kol_code read_numbers(struct kol_cli *cli, struct edit *e, struct kol_err *err)
{
    for (int i = 0; i < cli->given_count; i++) {
        char canonical[KOL_PHONE_TEXT];

        if (!kol_streq(cli->given[i].name, "number"))
            continue;
        if (!kol_phone_normalise(cli->given[i].value, cli->conf->default_country, canonical))
            return kol_fail(err, KOL_BAD_INPUT, "--number=%s is no phone number",
                            cli->given[i].value);
        if (e->number_count == NUMBERS_MOST)
            return kol_fail(err, KOL_BAD_INPUT, "at most %d numbers at a time", NUMBERS_MOST);
        e->numbers[e->number_count++] = kol_arena_str(cli->arena, canonical);
    }
    return KOL_OK;
}

static const char *given_or(const struct kol_cli *cli, const char *name, const char *otherwise)
{
    const char *value = kol_cli_option(cli, name);

    return value ? value : otherwise;
}

/* A single language in the form that the database holds: "iw" is "he". */
static const char *one_language(const char *text)
{
    const char *known = kol_language_canonical(text);

    return known ? known : text;
}

/* Its services and its own words for them, tried before they are stored. */
static enum kol_code read_services(struct kol_cli *cli, struct kol_business *b, struct kol_err *err)
{
    const char *file = kol_cli_option(cli, "services-file");
    struct kol_lexicon *base = NULL, *own = NULL;
    char *text = NULL;

    b->services = given_or(cli, "services", b->services);
    if (file) {
        enum kol_code code = kol_file_read(file, SERVICES_MOST, &text, NULL, err);

        if (code != KOL_OK)
            return code;
        b->services = kol_arena_fmt(cli->arena, "%s\n", text);
        free(text);
    }
    if (kol_str_empty(b->services) || (!file && !kol_cli_has(cli, "services")))
        return KOL_OK;
    enum kol_code code = kol_lexicon_load(&base, err);
    if (code == KOL_OK)
        code = kol_understand_services(cli->arena, base, file ? file : "--services", b->services,
                                       &own, err);
    kol_lexicon_free(own);
    kol_lexicon_free(base);
    return code;
}

/* never, verified, or a number of days. */
static enum kol_code read_delete_at_twilio(const struct kol_cli *cli, struct kol_business *b,
                                           struct kol_err *err)
{
    const char *text = kol_cli_option(cli, "delete-at-twilio");
    int64_t days = 0;

    if (!text)
        return KOL_OK;
    bool never = kol_streq(text, "never"), verified = kol_streq(text, "verified");
    if (!never && !verified && (!kol_parse_i64(text, &days) || days < 0 || days > DAYS_MOST))
        return kol_fail(err, KOL_BAD_INPUT,
                        "--delete-at-twilio is never, verified or a number of days, not '%s'",
                        text);
    b->deletes_remote = !never;
    b->delete_remote_after_days = days;
    return KOL_OK;
}

/* The file stays where it is; only its path is stored. */
static enum kol_code read_recording_key(const struct kol_cli *cli, struct kol_business *b,
                                        struct kol_err *err)
{
    const char *path = kol_cli_option(cli, "recording-key");

    if (!path)
        return KOL_OK;
    b->recording_key = *path ? kol_conf_absolute(cli->arena, NULL, path) : NULL;
    return *path ? kol_envelope_check_key(b->recording_key, err) : KOL_OK;
}

/* The options that were given, over what the business has. */
static enum kol_code apply_options(struct kol_cli *cli, struct edit *e, struct kol_err *err)
{
    struct kol_business *b = &e->business;
    unsigned redact;

    b->name = given_or(cli, "name", b->name);
    b->language = one_language(given_or(cli, "language", b->language));
    b->timezone = given_or(cli, "timezone", b->timezone);
    b->glossary = given_or(cli, "glossary", b->glossary);
    b->channel_map = given_or(cli, "channel-map", b->channel_map);
    b->redact = given_or(cli, "redact", b->redact);
    b->account_sid = given_or(cli, "account", b->account_sid);
    if (kol_str_empty(b->account_sid))
        b->account_sid = NULL;
    else if (!kol_sid_valid(b->account_sid, "AC"))
        return kol_fail(err, KOL_BAD_INPUT, "--account is AC and 32 hex digits in lower case");
    e->moved = kol_cli_has(cli, "account");
    b->webhook_url = given_or(cli, "webhook-url", b->webhook_url);
    if (kol_str_empty(b->webhook_url))
        b->webhook_url = NULL;
    if (b->webhook_url && (!b->webhook_secret || kol_cli_has(cli, "new-secret"))) {
        char secret[SECRET_TEXT];

        make_secret(secret);
        b->webhook_secret = kol_arena_str(cli->arena, secret);
    }
    enum kol_code code = check_fields(b, err);
    if (code == KOL_OK)
        code = read_services(cli, b, err);
    if (code == KOL_OK)
        code = kol_redact_parse(b->redact, &redact, err);
    if (code == KOL_OK)
        code = read_delete_at_twilio(cli, b, err);
    if (code == KOL_OK)
        code = read_recording_key(cli, b, err);
    if (code == KOL_OK)
        code = kol_channel_map_check(b->channel_map, err);
    if (code == KOL_OK && b->webhook_url)
        code = kol_deliver_check_url(cli->conf, b->webhook_url, err);
    if (code == KOL_OK)
        code = read_numbers(cli, e, err);
    return code;
}

static int print_edit(const struct kol_cli *cli, const struct edit *e)
{
    const struct kol_business *b = &e->business;

    if (cli->json) {
        json_t *json = json_object();

        kol_json_set_int(json, "id", b->id);
        kol_json_set_str(json, "name", b->name);
        kol_json_set_str(json, "webhook_secret", b->webhook_secret);
        kol_json_set_int(json, "released_calls", e->released);
        kol_cli_print_json(json);
        return KOL_EXIT_OK;
    }
    printf("business %lld: %s\n", (long long)b->id, b->name);
    if (b->webhook_secret)
        printf("webhook secret: %s\n", b->webhook_secret);
    if (e->released > 0)
        printf("%lld calls that waited for this number now belong to it\n", (long long)e->released);
    return KOL_EXIT_OK;
}

static int store_edit(struct kol_cli *cli, struct edit *e)
{
    struct kol_err err = {0};

    e->settings_account = cli->conf->twilio_account_sid;
    if (apply_options(cli, e, &err) != KOL_OK ||
        kol_cli_change(cli, edit_change, e, &err) != KOL_OK)
        return kol_cli_fail(&err);
    return print_edit(cli, e);
}

static int add(struct kol_cli *cli)
{
    struct kol_err err = {0};

    if (kol_cli_conf(cli, &err) != KOL_OK)
        return kol_cli_fail(&err);
    struct edit e = {.is_new = true,
                     .business = {.language = "he", .timezone = cli->conf->default_timezone}};
    if (!kol_cli_has(cli, "name"))
        return kol_cli_usage(cli, "a business needs a name: --name=NAME");
    return store_edit(cli, &e);
}

/* False: err says why. */
static bool load(struct kol_cli *cli, int64_t id, struct kol_business **ret, struct kol_err *err)
{
    struct kol_db *db = kol_cli_read(cli, err);

    if (!db)
        return false;
    enum kol_code code = kol_business_by_id(db, cli->arena, id, ret, err);
    kol_reader_return(cli->writer, db);
    if (code == KOL_OK && !*ret)
        code = kol_fail(err, KOL_NOT_FOUND, "there is no business %lld", (long long)id);
    return code == KOL_OK;
}

static int set(struct kol_cli *cli)
{
    int64_t id;
    struct kol_err err = {0};
    struct kol_business *b = NULL;

    if (!kol_cli_number(kol_cli_word(cli, 1), "the business's number", &id))
        return KOL_EXIT_USAGE;
    if (!load(cli, id, &b, &err))
        return kol_cli_fail(&err);
    struct edit e = {.business = *b};
    return store_edit(cli, &e);
}

struct number_removal {
    int64_t id;
    const char *number;
};

static enum kol_code remove_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct number_removal *r = arg;

    return kol_business_remove_number(db, r->id, r->number, err);
}

static int remove_number(struct kol_cli *cli)
{
    struct number_removal r;
    char canonical[KOL_PHONE_TEXT];
    struct kol_err err = {0};

    if (!kol_cli_number(kol_cli_word(cli, 1), "the business's number", &r.id))
        return KOL_EXIT_USAGE;
    if (kol_cli_conf(cli, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (!kol_phone_normalise(kol_cli_word(cli, 2), cli->conf->default_country, canonical))
        return kol_cli_usage(cli, "%s is no phone number", kol_cli_word(cli, 2));
    r.number = canonical;
    if (kol_cli_change(cli, remove_change, &r, &err) != KOL_OK)
        return kol_cli_fail(&err);
    printf("removed\n");
    return KOL_EXIT_OK;
}

/* ---- list ---- */

static int list(struct kol_cli *cli)
{
    struct kol_err err = {0};
    struct kol_business *all = NULL;
    size_t n = 0;
    struct kol_db *db = kol_cli_read(cli, &err);

    if (!db)
        return kol_cli_fail(&err);
    enum kol_code code = kol_business_list(db, cli->arena, &all, &n, &err);
    json_t *rows = json_array();
    for (size_t i = 0; i < n && code == KOL_OK; i++) {
        const char **numbers = NULL;
        size_t number_count = 0;

        code = kol_business_numbers(db, cli->arena, all[i].id, &numbers, &number_count, &err);
        json_t *row = kol_shape_business(&all[i]);
        json_t *listed = json_array();
        for (size_t k = 0; k < number_count; k++)
            json_array_append_new(listed, json_string(numbers[k]));
        kol_json_set(row, "numbers", listed);
        json_array_append_new(rows, row);
        if (!cli->json)
            printf("%-4lld %-5s %-18s %s%s%s\n", (long long)all[i].id, all[i].language,
                   all[i].timezone, all[i].name, number_count ? "  " : "",
                   number_count ? numbers[0] : "");
    }
    kol_reader_return(cli->writer, db);
    if (code == KOL_OK && cli->json)
        kol_cli_print_json(json_pack("{s:O}", "businesses", rows));
    json_decref(rows);
    return code == KOL_OK ? KOL_EXIT_OK : kol_cli_fail(&err);
}

/* ---- test-webhook ---- */

static int test_webhook(struct kol_cli *cli)
{
    int64_t id;
    int status = 0;
    struct kol_err err = {0};
    struct kol_business *b = NULL;

    if (!kol_cli_number(kol_cli_word(cli, 1), "the business's number", &id))
        return KOL_EXIT_USAGE;
    if (!load(cli, id, &b, &err) || kol_deliver_test(cli->conf, b, &status, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (cli->json)
        kol_cli_print_json(json_pack("{s:i}", "status", status));
    else
        printf("the webhook answered %d: it works\n", status);
    return KOL_EXIT_OK;
}

static int run(struct kol_cli *cli)
{
    static const struct kol_subcommand list_of[] = {
        {"add", 0, add},
        {"set", 1, set},
        {"list", 0, list},
        {"add-number", 1, set},
        {"remove-number", 2, remove_number},
        {"test-webhook", 1, test_webhook},
        {"calibrate", 1, kol_business_calibrate},
        {NULL, 0, NULL},
    };

    return kol_cli_dispatch(cli, list_of);
}

static const struct kol_option options[] = {
    {"name", "NAME", "its name"},
    {"number", "PHONE", "a phone number of it; may be given several times"},
    {"language", "LANGUAGE", "he, en, auto (he or en), or a list of those allowed (default he)"},
    {"timezone", "ZONE", "such as Asia/Jerusalem"},
    {"glossary", "NAMES", "names that matter, comma-separated, the most important first"},
    {"services", "LIST", "only these services, comma-separated ids such as locksmith,plumber"},
    {"services-file", "FILE", "its services and its own words for them, as in data/services.txt"},
    {"channel-map", "JSON", "who speaks on which channel, by direction"},
    {"account", "SID", "its Twilio account; empty: the one of the settings"},
    {"calls", "N", "calibrate: look at so many calls per source and direction (default 20)"},
    {"greeting", "WORDS",
     "calibrate: how calls are answered; else the business's name is looked for"},
    {"apply", NULL, "calibrate: store the channel map that was found"},
    {"relabel", NULL, "calibrate: correct the calls that are stored, and tell the CRM"},
    {"redact", "LIST",
     "not to be kept of what is said: card,cvv,id,phone,email (default card,cvv)"},
    {"delete-at-twilio", "WHEN",
     "recordings at Twilio: never (the default), verified (once the file here is), or DAYS after"},
    {"recording-key", "FILE",
     "private key (PEM) of recordings that Twilio encrypted; its path is stored; empty: none"},
    {"webhook-url", "URL", "where events go; empty: nowhere"},
    {"new-secret", NULL, "set: make a new webhook secret"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_business = {
    .name = "business",
    .usage = "add --name=NAME --number=PHONE [--webhook-url=URL] ...\nset ID [OPTIONS]\nlist\n"
             "add-number ID --number=PHONE\nremove-number ID PHONE\ntest-webhook ID\n"
             "calibrate ID [--calls=N] [--greeting=WORDS] [--apply] [--relabel]",
    .help = "add businesses, give them numbers and webhooks",
    .options = options,
    .run = run,
};
