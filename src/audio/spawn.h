/*
 * spawn.h - starts kol-decode with exactly two descriptors and nothing else of ours.
 *
 * Used by: decode.c. Threading: safe.
 */
#ifndef KOL_AUDIO_SPAWN_H
#define KOL_AUDIO_SPAWN_H

#include "base/err.h"
#include <sys/types.h>

/*
 * Starts a program with in as its descriptor 3, a pipe as its standard output, /dev/null as the
 * other two, no environment, default signals, no other descriptor.
 *
 *   program     path; NULL or "": kol-decode in the folder of our own executable
 *   ret_out     our end of the pipe, close-on-exec
 *
 * Errors: REFUSED (no such program), IO (no process or pipe to be had).
 */
enum kol_code kol_spawn(const char *program, char *const *argv, int in, pid_t *ret_pid,
                        int *ret_out, struct kol_err *err) KOL_MUST_CHECK;

#endif
