/*
 * gate.h - how many requests an account has under way, and whether Twilio asked it to wait.
 *
 * Twilio counts per account: 429 to one says nothing about another, and hammering on makes it
 * worse. In memory, shared by all threads of the process. Private to this folder. Threading: safe.
 */
#ifndef KOL_TWILIO_GATE_H
#define KOL_TWILIO_GATE_H

#include <stdbool.h>
#include <stdint.h>

/* True: go, and leave afterwards. False: not before ret_wait_ms have passed. */
bool kol_gate_enter(const char *account_sid, int64_t most, int64_t *ret_wait_ms);
/* rate_limited: the answer was 429; pause_ms: its Retry-After, 0 when it had none: then 1 s, 2 s, 4
 * s
 * ... up to a minute, all of it divided by the tests' divisor. */
void kol_gate_leave(const char *account_sid, bool rate_limited, int64_t pause_ms, int64_t divisor);

#endif
