/*
 * speed.h - kol doctor --speed.
 */
#ifndef KOL_CLI_SPEED_H
#define KOL_CLI_SPEED_H

#include "cli/cli.h"

int kol_cli_speed(struct kol_cli *cli);

#endif
