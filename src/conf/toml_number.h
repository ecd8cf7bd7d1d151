/*
 * toml_number.h - the numbers of TOML: 1_000, 0xff, 0o17, 0b1, -1.5e3, inf. Private to toml.c.
 */
#ifndef KOL_CONF_TOML_NUMBER_H
#define KOL_CONF_TOML_NUMBER_H

#include "conf/toml.h"

/* Sets type and integer or real of ret; false when word is no number. */
bool kol_toml_number(const char *word, struct kol_toml_value *ret);

#endif
