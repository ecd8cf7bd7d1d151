/* cmd_import_from.c - kol import --calls: another system's calls, recordings and leads. */
#include "backlog/takeover.h"
#include "base/str.h"
#include "cli/cmd_import.h"
#include "cli/progress.h"

struct import {
    struct kol_cli *cli;
    struct kol_bar bar;
    json_t *notes;
};

static void note(void *arg, const struct kol_takeover_note *n)
{
    struct import *m = arg;

    if (m->cli->json) {
        json_array_append_new(m->notes, json_pack("{s:s,s:I,s:s?,s:s,s:b}", "file", n->file, "line",
                                                  (json_int_t)n->line, "field", n->field, "reason",
                                                  n->reason, "refused", n->refused));
        return;
    }
    kol_bar_clear(&m->bar);
    fprintf(stderr, "%s:%lld: %s%s%s%s\n", n->file, (long long)n->line, n->field ? n->field : "",
            n->field ? ": " : "", n->reason, n->refused ? " (left out)" : "");
}

static void tell(void *arg, int64_t done, int64_t total, const struct kol_takeover_count *c)
{
    struct import *m = arg;
    char label[64];

    snprintf(label, sizeof label, "%lld calls, %lld leads", (long long)c->calls,
             (long long)c->leads);
    kol_bar_show(&m->bar, done, total, label);
}

static void print_counts(const struct kol_cli *cli, const struct kol_takeover_count *c,
                         bool dry_run)
{
    const char *dry = dry_run ? " (a dry run: nothing was stored)" : "";

    if (kol_cli_has(cli, "leads"))
        printf("leads: %lld read, %lld new, %lld known, %lld left out%s\n", (long long)c->leads,
               (long long)c->leads_new, (long long)c->leads_known, (long long)c->leads_refused,
               dry);
    if (kol_cli_has(cli, "calls"))
        printf("calls: %lld read, %lld new, %lld known, %lld left out; %lld recordings copied, "
               "%lld to be transcribed%s\n",
               (long long)c->calls, (long long)c->calls_new, (long long)c->calls_known,
               (long long)c->calls_refused, (long long)c->files, (long long)c->queued, dry);
}

static json_t *counts_json(const struct kol_takeover_count *c)
{
    return json_pack("{s:{s:I,s:I,s:I,s:I},s:{s:I,s:I,s:I,s:I,s:I,s:I}}", "leads", "read",
                     (json_int_t)c->leads, "new", (json_int_t)c->leads_new, "known",
                     (json_int_t)c->leads_known, "left_out", (json_int_t)c->leads_refused, "calls",
                     "read", (json_int_t)c->calls, "new", (json_int_t)c->calls_new, "known",
                     (json_int_t)c->calls_known, "left_out", (json_int_t)c->calls_refused,
                     "recordings", (json_int_t)c->files, "to_transcribe", (json_int_t)c->queued);
}

int kol_import_from(struct kol_cli *cli)
{
    struct import m = {.cli = cli, .notes = json_array()};
    struct kol_takeover o = {
        .stop = &kol_import_stop,
        .dir = kol_cli_option(cli, "from"),
        .calls = kol_cli_option(cli, "calls"),
        .leads = kol_cli_option(cli, "leads"),
        .transcribe = kol_cli_has(cli, "transcribe"),
        .deliver = kol_cli_has(cli, "deliver"),
        .dry_run = kol_cli_has(cli, "dry-run"),
        .note = note,
        .tell = tell,
        .arg = &m,
    };
    struct kol_takeover_count count = {0};
    struct kol_err err = {0};
    enum kol_code code = kol_cli_open(cli, &err);

    if (code == KOL_OK) {
        o.conf = cli->conf;
        o.writer = cli->writer;
        kol_import_catch_signals();
        kol_bar_begin(&m.bar, cli->json);
        code = kol_takeover_run(&o, &count, &err);
        kol_bar_clear(&m.bar);
    }
    if (cli->json) {
        json_t *json = counts_json(&count);
        json_object_set(json, "notes", m.notes);
        json_object_set_new(json, "dry_run", json_boolean(o.dry_run));
        json_object_set_new(json, "error", code == KOL_OK ? json_null() : json_string(err.msg));
        kol_cli_print_json(json);
    } else {
        print_counts(cli, &count, o.dry_run);
    }
    json_decref(m.notes);
    if (code != KOL_OK)
        return kol_cli_fail(&err);
    return count.calls_refused || count.leads_refused ? KOL_EXIT_FAILED : KOL_EXIT_OK;
}
