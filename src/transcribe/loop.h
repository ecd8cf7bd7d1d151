/*
 * loop.h - does a decoder go round in circles?
 *
 * Used by: the engines that decode in this process. Pure.
 */
#ifndef KOL_TRANSCRIBE_LOOP_H
#define KOL_TRANSCRIBE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A decoder in a loop fills all 220 tokens before anybody notices. Ending it here makes the run a
 * failed one, which is tried again at a higher temperature. People do repeat themselves: single
 * digits of a phone number, "yes yes yes"; hence the generous counts.
 *
 *   ids  the tokens so far, the newest last; stride bytes from one to the next
 */
bool kol_is_loop(const int32_t *ids, size_t stride, size_t count);

#endif
