/*
 * cmd_import.h - the two halves of `kol import`: a backlog at Twilio, and files of another system.
 */
#ifndef KOL_CLI_CMD_IMPORT_H
#define KOL_CLI_CMD_IMPORT_H

#include "cli/cli.h"

int kol_import_since(struct kol_cli *cli);

#endif
