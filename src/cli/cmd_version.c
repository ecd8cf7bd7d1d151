/* cmd_version.c - what this program is made of. */
#include "cli/cli.h"

#ifndef KOL_VERSION
#define KOL_VERSION "0"
#endif

static int run(struct kol_cli *cli)
{
    if (cli->json) {
        json_t *json = json_object();

        kol_json_set_str(json, "version", KOL_VERSION);
        kol_json_set_str(json, "database", kol_db_engine_version());
        kol_cli_print_json(json);
    } else {
        printf("kol %s (%s)\n", KOL_VERSION, kol_db_engine_version());
    }
    return KOL_EXIT_OK;
}

const struct kol_command kol_cmd_version = {
    .name = "version",
    .usage = "",
    .help = "print the version",
    .run = run,
};
