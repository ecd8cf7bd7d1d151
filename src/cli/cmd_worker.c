/* cmd_worker.c - transcription in a process of its own: the child of kol serve, or run alone. */
#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/signals.h"
#include "pipeline/house.h"
#include "pipeline/supervise.h"

#include <stdatomic.h>

/* A stranger's jobs are given back when their lease runs out; the child's at once, by its name. */
static const char *make_owner(struct kol_cli *cli)
{
    char uuid[KOL_UUID_TEXT];

    if (kol_cli_has(cli, "supervised"))
        return KOL_CHILD_OWNER;
    kol_uuid7(uuid);
    return kol_arena_fmt(cli->arena, "worker-%s", uuid);
}

static int run(struct kol_cli *cli)
{
    atomic_bool stopping = false;
    struct kol_house *house = NULL;
    struct kol_err err = {0};

    kol_signals_block();
    enum kol_code code = kol_cli_open(cli, &err);
    if (code == KOL_OK) {
        const struct kol_house_options options = {
            .conf = cli->conf, .writer = cli->writer, .stopping = &stopping};

        code = kol_house_work(&options, make_owner(cli), &house, &err);
    }
    if (code != KOL_OK) {
        kol_log_event(KOL_EV_WORKER_NOT_STARTED, err.msg);
        return KOL_EXIT_FAILED;
    }
    kol_signals_wait(-1);
    atomic_store(&stopping, true);
    kol_house_stop(house);
    return KOL_EXIT_OK;
}

static const struct kol_option options[] = {
    {"supervised", NULL, "used by kol serve for its own child"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_worker = {
    .name = "worker",
    .usage = "[--config=FILE] [--data=DIR]",
    .help = "transcribe what waits on a data folder, beside or instead of the server's own worker",
    .options = options,
    .run = run,
};
