/* cmd_doctor.c - is everything there that Kol needs? One line per check, and what to do. */
#include "audio/landlock.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/doctor.h"
#include "cli/speed.h"
#include "conf/choice.h"
#include "store/business.h"
#include "store/fact.h"
#include "store/reconcile.h"
#include "transcribe/engines.h"
#include "transcribe/stage.h"
#include "twilio/account.h"

#include <stdarg.h>
#include <string.h>
#include <sys/statvfs.h>

void kol_doctor_say(struct kol_doctor *d, const char *check, enum kol_verdict verdict,
                    const char *fmt, ...)
{
    static const char *const words[] = {
        [KOL_GOOD] = "ok", [KOL_WARN] = "warning", [KOL_BAD] = "bad"};
    va_list args;

    va_start(args, fmt);
    const char *text = kol_arena_vfmt(d->cli->arena, fmt, args);
    va_end(args);
    d->bad |= verdict == KOL_BAD;
    if (d->cli->json)
        json_array_append_new(d->rows, json_pack("{s:s,s:s,s:s}", "check", check, "verdict",
                                                 words[verdict], "text", text ? text : ""));
    else
        printf("%-8s %-14s %s\n", words[verdict], check, text ? text : "");
}

/* ---- checks ---- */

static void check_settings(struct kol_doctor *d)
{
    const struct kol_conf *conf = d->cli->conf;

    kol_doctor_say(d, "settings", KOL_GOOD, "read; data_dir is %s", conf->data_dir);
    for (size_t i = 0; i < conf->warnings.count; i++)
        kol_doctor_say(d, "settings", KOL_WARN, "%s", conf->warnings.items[i]);
}

static void check_public_url(struct kol_doctor *d)
{
    const struct kol_conf *conf = d->cli->conf;

    if (kol_str_empty(conf->public_url))
        kol_doctor_say(d, "public_url", KOL_BAD,
                       "not set: Twilio's signatures cannot be checked; set it to the "
                       "https address that Twilio calls");
    else
        kol_doctor_say(d, "public_url", KOL_GOOD, "%s; kol doctor --callback tries it",
                       conf->public_url);
}

/* One account: can its credentials be read, all of them? */
static void check_account(struct kol_doctor *d, struct kol_db *db, const struct kol_account *c)
{
    KOL_LOGIN login;
    KOL_TOKENS tokens;
    struct kol_err err = {0};
    const bool good = kol_account_login(db, d->cli->conf, c->account_sid, &login, &err) == KOL_OK &&
                      kol_account_tokens(db, d->cli->conf, c->account_sid, &tokens, &err) == KOL_OK;

    if (!good)
        kol_doctor_say(d, "twilio", KOL_BAD, "%s", err.msg);
    else if (c->auth_token_second && !*tokens.token[1])
        kol_doctor_say(d, "twilio", KOL_WARN,
                       "the second token of account %s cannot be read: kol account rotate %s",
                       c->account_sid, c->account_sid);
    else
        kol_doctor_say(d, "twilio", KOL_GOOD,
                       "account %s: credentials can be read; recordings are fetched with %s",
                       c->account_sid, c->api_key_sid ? "an API key" : "the auth token");
}

static void check_accounts(struct kol_doctor *d)
{
    const struct kol_conf *conf = d->cli->conf;
    struct kol_account *rows = NULL;
    struct kol_err err = {0};
    size_t n = 0;
    struct kol_db *db = kol_reader_borrow(d->cli->writer, &err);

    if (!db || kol_account_list(db, d->cli->arena, &rows, &n, &err) != KOL_OK)
        kol_doctor_say(d, "twilio", KOL_BAD, "%s", err.msg);
    const bool own =
        kol_sid_valid(conf->twilio_account_sid, "AC") && !kol_str_empty(conf->twilio_auth_token);
    if (own)
        kol_doctor_say(d, "twilio", KOL_GOOD,
                       "account and token are set; recordings are fetched with %s",
                       kol_str_empty(conf->twilio_api_key_sid) ? "the auth token" : "an API key");
    else if (n == 0 || !kol_str_empty(conf->twilio_account_sid))
        kol_doctor_say(d, "twilio", KOL_BAD,
                       "set twilio_account_sid and twilio_auth_token (or "
                       "twilio_auth_token_file), or kol account add: without them no callback is "
                       "accepted");
    for (size_t i = 0; i < n; i++) {
        if (kol_account_is_settings(conf, rows[i].account_sid))
            kol_doctor_say(d, "twilio", KOL_WARN,
                           "account %s is also in the settings, which count: kol account remove",
                           rows[i].account_sid);
        else
            check_account(d, db, &rows[i]);
    }
    kol_reader_return(d->cli->writer, db);
}

static enum kol_code touch_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    (void)arg;
    return kol_fact_set(db, "doctor", "was here", err);
}

static bool check_database(struct kol_doctor *d)
{
    struct kol_err err = {0};
    const int64_t before_ms = kol_boot_ms();

    if (kol_cli_change(d->cli, touch_change, NULL, &err) != KOL_OK) {
        kol_doctor_say(d, "database", KOL_BAD, "%s", err.msg);
        return false;
    }
    kol_doctor_say(d, "database", KOL_GOOD, "%s; a synced write took %lld ms",
                   kol_db_engine_version(), (long long)(kol_boot_ms() - before_ms));
    return true;
}

static void check_disk(struct kol_doctor *d)
{
    struct statvfs fs;
    const struct kol_conf *conf = d->cli->conf;

    if (statvfs(conf->data_dir, &fs) != 0)
        return;
    const long long free_mb = (long long)fs.f_bavail * (long long)fs.f_frsize / 1000000;
    const bool low = free_mb * 1000000 < conf->disk_floor_bytes;
    kol_doctor_say(d, "disk", low ? KOL_BAD : KOL_GOOD, "%lld MB free in the data folder%s",
                   free_mb, low ? ": less than disk_floor_bytes, no recording is fetched" : "");
}

static void check_jail(struct kol_doctor *d)
{
    const int abi = kol_landlock_abi();

    if (abi > 0)
        kol_doctor_say(d, "jail", KOL_GOOD, "Landlock ABI %d and seccomp hold the audio decoder",
                       abi);
    else
        kol_doctor_say(d, "jail", KOL_WARN,
                       "this kernel has no Landlock: seccomp alone holds the audio decoder");
}

static void check_engine(struct kol_doctor *d)
{
    struct kol_err err = {0};
    struct kol_engines *engines = NULL;
    struct kol_engines_taken taken;
    const char *engine = "";
    char model[64] = "";
    const int64_t before_ms = kol_boot_ms();

    if (!d->cli->conf->worker) {
        kol_doctor_say(d, "engine", KOL_WARN,
                       "offline transcription is switched off (worker = false)");
        return;
    }
    if (d->cli->conf->engine == KOL_ENGINE_OPENAI)
        kol_doctor_say(d, "privacy", KOL_WARN, "engine = openai: the speech of callers goes to %s",
                       d->cli->conf->openai_url);
    enum kol_code code = kol_transcribe_check_model(d->cli->conf, &err);
    if (code == KOL_OK)
        code = kol_engines_open(d->cli->conf, &engines, &err);
    if (code == KOL_OK)
        code = kol_engines_selftest(engines, model, &err);
    if (code == KOL_OK)
        code = kol_engines_take(engines, &taken, &err);
    if (code == KOL_OK) {
        engine = kol_transcriber_engine(taken.main);
        kol_engines_give_back(engines);
    }
    kol_engines_close(engines);
    if (code != KOL_OK)
        kol_doctor_say(d, "engine", KOL_BAD, "%s", err.msg);
    else
        kol_doctor_say(d, "engine", KOL_GOOD, "model %s loaded and tested in %lld ms (engine %s)",
                       model, (long long)(kol_boot_ms() - before_ms), engine);
}

static void check_businesses(struct kol_doctor *d)
{
    struct kol_err err = {0};
    struct kol_business *list = NULL;
    size_t n = 0;
    struct kol_db *db = kol_reader_borrow(d->cli->writer, &err);

    if (!db || kol_business_list(db, d->cli->arena, &list, &n, &err) != KOL_OK) {
        kol_doctor_say(d, "businesses", KOL_BAD, "%s", err.msg);
        kol_reader_return(d->cli->writer, db);
        return;
    }
    kol_reader_return(d->cli->writer, db);
    kol_doctor_say(d, "businesses", n ? KOL_GOOD : KOL_WARN, "%zu%s", n,
                   n ? "" : ": add one with kol business add");
    if (kol_cli_weak_hebrew(d->cli->conf, list, n))
        kol_doctor_say(d, "hebrew", KOL_WARN, "%s", KOL_WEAK_HEBREW_TEXT);
}

/* Lost callbacks are made up for only as long as the list at Twilio can be read. */
static void check_reconcile(struct kol_doctor *d)
{
    struct kol_err err = {0};
    struct kol_reconcile *rows = NULL;
    size_t n = 0;
    char when[KOL_TIME_TEXT];
    struct kol_db *db = kol_reader_borrow(d->cli->writer, &err);

    if (d->cli->conf->reconcile_every_s == 0)
        kol_doctor_say(
            d, "reconcile", KOL_WARN,
            "switched off (reconcile_every_s = 0): a recording whose callback gets lost is not "
            "found");
    if (!db || kol_reconcile_list(db, d->cli->arena, NULL, &rows, &n, &err) != KOL_OK)
        kol_doctor_say(d, "reconcile", KOL_BAD, "%s", err.msg);
    kol_reader_return(d->cli->writer, db);
    for (size_t i = 0; i < n; i++) {
        kol_time_iso(rows[i].success_at_ms, when);
        if (rows[i].error)
            kol_doctor_say(d, "reconcile", KOL_WARN,
                           "account %s: the last look through Twilio's list failed: %s",
                           rows[i].account_sid, rows[i].error);
        else if (rows[i].success_at_ms)
            kol_doctor_say(
                d, "reconcile", KOL_GOOD,
                "account %s: Twilio's list was looked through at %s; %lld imported so far",
                rows[i].account_sid, when, (long long)rows[i].imported);
    }
}

static void check_all(struct kol_doctor *d)
{
    check_settings(d);
    check_public_url(d);
    if (check_database(d)) {
        check_accounts(d);
        check_businesses(d);
        check_reconcile(d);
    }
    check_disk(d);
    check_jail(d);
    check_engine(d);
}

static int run(struct kol_cli *cli)
{
    struct kol_doctor d = {.cli = cli, .rows = json_array()};
    struct kol_err err = {0};

    if (kol_cli_has(cli, "speed")) {
        json_decref(d.rows);
        return kol_cli_speed(cli);
    }
    if (kol_cli_has(cli, "settings") || kol_cli_has(cli, "sample")) {
        json_decref(d.rows);
        if (kol_cli_has(cli, "settings"))
            kol_conf_print_docs(stdout);
        else
            kol_conf_print_sample(stdout);
        return KOL_EXIT_OK;
    }
    if (kol_cli_conf(cli, &err) != KOL_OK) {
        json_decref(d.rows);
        return kol_cli_fail(&err);
    }
    if (kol_cli_has(cli, "callback"))
        kol_doctor_callback(&d);
    else
        check_all(&d);
    if (cli->json)
        kol_cli_print_json(json_pack("{s:O,s:b}", "checks", d.rows, "ok", !d.bad));
    json_decref(d.rows);
    return d.bad ? KOL_EXIT_FAILED : KOL_EXIT_OK;
}

static const struct kol_option options[] = {
    {"callback", NULL, "only: send ourselves a signed callback through public_url"},
    {"speed", NULL, "only: measure what this machine can do, also with a model of turbo's size"},
    {"settings", NULL, "print docs/configuration.md and nothing else"},
    {"sample", NULL, "print a settings file with every setting"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_doctor = {
    .name = "doctor",
    .usage = "\n--callback\n--speed\n--settings\n--sample",
    .help = "check that everything is there and works",
    .options = options,
    .run = run,
};
