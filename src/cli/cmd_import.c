/* cmd_import.c - what happened before Kol, or while nobody told it. */
#include "cli/cmd_import.h"

#include <signal.h>

atomic_bool kol_import_stop;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&kol_import_stop, true);
}

void kol_import_catch_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static int run(struct kol_cli *cli)
{
    const bool since = kol_cli_has(cli, "since");
    const bool from = kol_cli_has(cli, "calls") || kol_cli_has(cli, "leads");

    if (cli->word_count > 0)
        return kol_cli_usage(cli, "'%s' is too much", cli->words[0]);
    if (since && (from || kol_cli_has(cli, "from")))
        return kol_cli_usage(cli,
                             "--since asks Twilio, --calls and --leads read files: one of them");
    if (since)
        return kol_import_since(cli);
    if (from)
        return kol_import_from(cli);
    return kol_cli_usage(cli, "say --since=DATE, or --calls=CSV");
}

static const struct kol_option options[] = {
    {"since", "DATE", "take the recordings that Twilio has since this day (YYYY-MM-DD)"},
    {"until", "DATE", "and until the end of this day (default: until now)"},
    {"account", "SID", "of this account only (default: of all)"},
    {"from", "DIR", "folder of old recordings, <call SID>.mp3 or .wav"},
    {"calls", "CSV", "file of old calls; docs/operations.md tells its columns"},
    {"leads", "CSV", "file of old leads"},
    {"transcribe", NULL, "transcribe also calls that come with a transcript"},
    {"deliver", NULL, "send webhooks for old calls, too"},
    {"dry-run", NULL, "say what would be done, and do nothing"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_import = {
    .name = "import",
    .usage = "--since=DATE [--until=DATE] [--account=SID] [--dry-run]\n"
             "[--from=DIR] [--calls=CSV] [--leads=CSV] [--transcribe] [--deliver] [--dry-run]",
    .help = "take over recordings from Twilio's list, or calls and leads from files",
    .options = options,
    .run = run,
};
