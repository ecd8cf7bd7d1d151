/*
 * ask_secret.h - one line that is a secret, from the terminal or the standard input. Never from the
 * command line: every user of the machine can see that.
 */
#ifndef KOL_CLI_ASK_SECRET_H
#define KOL_CLI_ASK_SECRET_H

#include "base/err.h"

/*
 * Asks on the terminal without showing what is typed; without a terminal, or when from_input, reads
 * the next line of the standard input.
 *
 *   what  that is asked for, such as "auth token"
 *   ret   the line without its end; the caller wipes it
 * Errors: BAD_INPUT: nothing came, too long, or no printable text.
 */
enum kol_code kol_ask_secret(const char *what, bool from_input, char *ret, size_t ret_size,
                             struct kol_err *err) KOL_MUST_CHECK;

#endif
