/*
 * signals.h - SIGTERM and SIGINT as something to wait for.
 */
#ifndef KOL_CLI_SIGNALS_H
#define KOL_CLI_SIGNALS_H

/* Before any thread starts: all threads inherit it, so only kol_signals_wait() sees them. */
void kol_signals_block(void);

/* Waits for SIGTERM or SIGINT. fd >= 0: also until that descriptor is at its end (the parent is
 * gone). */
void kol_signals_wait(int fd);

#endif
