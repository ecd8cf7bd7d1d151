/* cmd_import_since.c - kol import --since: the recordings that Twilio has from before. */
#include "backlog/walk.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "cli/cmd_import.h"
#include "cli/progress.h"

struct import {
    struct kol_cli *cli;
    struct kol_twilio *twilio;
    const char *owner;
    int64_t from_ms, to_ms;
    bool dry_run;
    struct kol_bar bar;
    /* the account under way */
    int64_t total; /* in the list, as counted before; it may grow meanwhile */
    bool failed;
    json_t *rows;
};

/* ---- progress ---- */

static void tell(void *arg, const struct kol_walk_count *count)
{
    struct import *m = arg;
    char label[48];

    snprintf(label, sizeof label, "%lld new", (long long)count->added);
    kol_bar_show(&m->bar, count->found, m->total, label);
}

/* ---- an account ---- */

static enum kol_code walk_account(struct import *m, const char *account_sid,
                                  struct kol_walk_count *count, struct kol_err *err)
{
    struct kol_walk walk = {
        .conf = m->cli->conf,
        .writer = m->cli->writer,
        .twilio = m->twilio,
        .stop = &kol_import_stop,
        .account_sid = account_sid,
        .from_ms = m->from_ms,
        .to_ms = m->to_ms,
        .owner = m->owner,
        .share = true,
        .count_only = true,
        .dry_run = m->dry_run,
        .behind = true,
        .quiet = true,
    };
    enum kol_code code = kol_walk_run(&walk, count, err);

    if (code != KOL_OK)
        return code;
    m->total = count->found;
    kol_bar_begin(&m->bar, m->cli->json);
    walk.count_only = false;
    walk.tell = tell;
    walk.arg = m;
    code = kol_walk_run(&walk, count, err);
    kol_bar_clear(&m->bar);
    return code;
}

static void print_row(struct import *m, const char *account_sid, const struct kol_walk_count *c,
                      const char *error)
{
    if (m->cli->json) {
        json_array_append_new(
            m->rows, json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s?}", "account_sid", account_sid,
                               "found", (json_int_t)c->found, "new", (json_int_t)c->added, "known",
                               (json_int_t)c->known, "gone", (json_int_t)c->gone, "no_business",
                               (json_int_t)c->unassigned, "being_recorded", (json_int_t)c->not_yet,
                               "left_out", (json_int_t)c->odd, "error", error));
        return;
    }
    printf("account %s: %lld found, %lld new%s, %lld known, %lld gone, %lld of no business",
           account_sid, (long long)c->found, (long long)c->added, m->dry_run ? " (not taken)" : "",
           (long long)c->known, (long long)c->gone, (long long)c->unassigned);
    if (c->not_yet)
        printf(", %lld being recorded", (long long)c->not_yet);
    if (c->odd)
        printf(", %lld left out", (long long)c->odd);
    printf("\n");
    if (error)
        fprintf(stderr, "kol: account %s: %s; run it again to go on\n", account_sid, error);
}

static enum kol_code all_accounts(struct import *m, struct kol_err *err)
{
    const char *only = kol_cli_option(m->cli, "account");
    const char **sids = &only;
    size_t n = 1;
    enum kol_code code = KOL_OK;

    if (!only)
        code = kol_walk_accounts(m->cli->arena, m->cli->conf, m->cli->writer, &sids, &n, err);
    if (code == KOL_OK && n == 0)
        code = kol_fail(err, KOL_BAD_CONFIG, "no Twilio account is known: set twilio_account_sid");
    for (size_t i = 0; code == KOL_OK && i < n && !atomic_load(&kol_import_stop); i++) {
        struct kol_walk_count count = {0};
        struct kol_err why = {0};
        const bool failed = walk_account(m, sids[i], &count, &why) != KOL_OK;

        m->failed |= failed;
        print_row(m, sids[i], &count, failed ? why.msg : NULL);
    }
    return code;
}

/* ---- the command ---- */

static bool read_dates(struct import *m)
{
    const char *zone = m->cli->conf->default_timezone;
    const char *since = kol_cli_option(m->cli, "since"), *until = kol_cli_option(m->cli, "until");
    struct kol_err err = {0};
    int64_t end_ms = 0;

    if (kol_day_bounds(zone, since, &m->from_ms, &end_ms, &err) != KOL_OK ||
        (until && kol_day_bounds(zone, until, &end_ms, &m->to_ms, &err) != KOL_OK)) {
        kol_cli_usage(m->cli, "%s", err.msg);
        return false;
    }
    if (until && m->to_ms <= m->from_ms) {
        kol_cli_usage(m->cli, "--until is before --since");
        return false;
    }
    return true;
}

int kol_import_since(struct kol_cli *cli)
{
    struct import m = {.cli = cli, .dry_run = kol_cli_has(cli, "dry-run")};
    const char *account = kol_cli_option(cli, "account");
    struct kol_err err = {0};

    if (account && !kol_sid_valid(account, "AC"))
        return kol_cli_usage(cli, "an account's SID is AC and 32 hex digits, not '%s'", account);
    enum kol_code code = kol_cli_conf(cli, &err);
    if (code == KOL_OK && !read_dates(&m))
        return KOL_EXIT_USAGE;
    if (code == KOL_OK)
        code = kol_cli_open(cli, &err);
    if (code == KOL_OK)
        code = kol_twilio_new(cli->conf, cli->writer, &kol_import_stop, &m.twilio, &err);
    m.owner = code == KOL_OK ? kol_walk_owner(cli->arena, cli->conf, false) : NULL;
    if (code == KOL_OK && !m.owner)
        code = kol_fail(&err, KOL_NO_MEMORY, "out of memory");
    if (code == KOL_OK) {
        kol_import_catch_signals();
        m.rows = json_array();
        code = all_accounts(&m, &err);
    }
    kol_twilio_free(m.twilio);
    if (code == KOL_OK && cli->json)
        kol_cli_print_json(json_pack("{s:O,s:b}", "accounts", m.rows, "dry_run", m.dry_run));
    json_decref(m.rows);
    if (code != KOL_OK)
        return kol_cli_fail(&err);
    return m.failed || atomic_load(&kol_import_stop) ? KOL_EXIT_FAILED : KOL_EXIT_OK;
}
