/*
 * business_calibrate.h - kol business calibrate: which channel is the business? Private to this
 * folder.
 */
#ifndef KOL_CLI_BUSINESS_CALIBRATE_H
#define KOL_CLI_BUSINESS_CALIBRATE_H

#include "cli/cli.h"

/* The exit status. */
int kol_business_calibrate(struct kol_cli *cli);

#endif
