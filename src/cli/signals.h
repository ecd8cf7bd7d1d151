/*
 * signals.h - SIGTERM and SIGINT as something to wait for.
 */
#ifndef KOL_CLI_SIGNALS_H
#define KOL_CLI_SIGNALS_H

#include <stdatomic.h>
#include <stdbool.h>

/* Before any thread starts: all threads inherit it, so only kol_signals_wait() sees them. */
void kol_signals_block(void);

/* Waits for SIGTERM or SIGINT. fd >= 0: also until that descriptor is at its end (the parent is
 * gone). */
void kol_signals_wait(int fd);

/*
 * For commands that work and then end: SIGTERM and SIGINT set the flag returned, and a second one
 * ends the program at once.
 */
const atomic_bool *kol_signals_flag(void);

#endif
