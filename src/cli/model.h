/*
 * model.h - what the two files of kol model share.
 */
#ifndef KOL_CLI_MODEL_H
#define KOL_CLI_MODEL_H

#include "cli/cli.h"

int kol_cli_model_pull(struct kol_cli *cli);   /* NAME or URL */
int kol_cli_model_import(struct kol_cli *cli); /* PATH of a ggml file or a CTranslate2 folder */

/* Is it one of those that the settings or kol model use name, by its path? */
enum kol_code kol_cli_model_in_use(struct kol_cli *cli, const char *path, bool *ret,
                                   struct kol_err *err) KOL_MUST_CHECK;

#endif
