/*
 * secret.h - where a secret is: what a row of the database may say in place of it.
 *
 *   env:NAME      a variable of the environment
 *   file:/path    a file that only this user (or root) may read; line ends at its end are cut off
 *   sealed:...    the secret itself, encrypted: see seal.h
 *
 * Nothing else is taken, so that no secret stands in the database in plain text.
 * Used by: twilio, cli. Threading: pure functions, but for what they read.
 */
#ifndef KOL_BASE_SECRET_H
#define KOL_BASE_SECRET_H

#include "base/seal.h"

/* Is it one of the three forms? Errors: BAD_INPUT, saying what is wrong. */
enum kol_code kol_secret_check(const char *stored, struct kol_err *err) KOL_MUST_CHECK;
/* The same text without what is sealed, for people: "sealed", "env:NAME", "file:/path", "". */
const char *kol_secret_shown(const char *stored);

/*
 * Gets the secret.
 *
 *   key_path  of the sealing key (the setting secrets_key_file)
 *   place     what it was sealed for; see kol_seal()
 *   ret       the secret with a NUL; emptied on failure. The caller wipes it
 * Errors: BAD_CONFIG (not there, not readable, empty, too long, sealed otherwise), IO, NO_MEMORY.
 */
enum kol_code kol_secret_read(const char *key_path, const char *place, const char *stored,
                              char *ret, size_t ret_size, struct kol_err *err) KOL_MUST_CHECK;

#endif
