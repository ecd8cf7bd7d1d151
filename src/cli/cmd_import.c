/* cmd_import.c - what happened before Kol, or while nobody told it. */
#include "cli/cmd_import.h"

static int run(struct kol_cli *cli)
{
    if (cli->word_count > 0)
        return kol_cli_usage(cli, "'%s' is too much", cli->words[0]);
    if (!kol_cli_has(cli, "since"))
        return kol_cli_usage(cli, "say --since=DATE");
    return kol_import_since(cli);
}

static const struct kol_option options[] = {
    {"since", "DATE", "take the recordings that Twilio has since this day (YYYY-MM-DD)"},
    {"until", "DATE", "and until the end of this day (default: until now)"},
    {"account", "SID", "of this account only (default: of all)"},
    {"dry-run", NULL, "say what would be done, and do nothing"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_import = {
    .name = "import",
    .usage = "--since=DATE [--until=DATE] [--account=SID] [--dry-run]",
    .help = "take over recordings that Twilio has from before",
    .options = options,
    .run = run,
};
