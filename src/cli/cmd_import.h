/*
 * cmd_import.h - the two halves of `kol import`: a backlog at Twilio, and files of another system.
 */
#ifndef KOL_CLI_CMD_IMPORT_H
#define KOL_CLI_CMD_IMPORT_H

#include "cli/cli.h"
#include <stdatomic.h>

int kol_import_since(struct kol_cli *cli);
int kol_import_from(struct kol_cli *cli);

/* SIGINT and SIGTERM set it; the second one ends the process as usual. */
extern atomic_bool kol_import_stop;
void kol_import_catch_signals(void);

#endif
