/*
 * progress.h - a bar on a terminal: how far, how fast, how long still. Nothing where no terminal
 * is.
 */
#ifndef KOL_CLI_PROGRESS_H
#define KOL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct kol_bar {
    bool on;
    int64_t began_ms, shown_ms, first; /* first: what was done already when it began */
};

/* quiet: no bar even on a terminal. */
void kol_bar_begin(struct kol_bar *bar, bool quiet);
/* done and total in any unit; total 0: not known. label stands behind; at most ten times a second.
 */
void kol_bar_show(struct kol_bar *bar, int64_t done, int64_t total, const char *label);
/* Seconds left, by the speed so far; -1: nobody knows yet. */
int64_t kol_bar_seconds_left(const struct kol_bar *bar, int64_t done, int64_t total);
/* Takes it from the screen, so that a line can be printed; the next show brings it back. */
void kol_bar_clear(struct kol_bar *bar);

#endif
