/*
 * jail.h - a process that can compute, read descriptor 3, write descriptor 1 and end; nothing else.
 *
 * Used by: kol-decode before it reads the first byte of a recording; kol-jail-test.
 * Knows: rlimits, no_new_privs, capabilities, Landlock, seccomp. Does not know: audio.
 * Threading: the process must have one thread; the jail cannot be left.
 */
#ifndef KOL_AUDIO_JAIL_H
#define KOL_AUDIO_JAIL_H

#include "base/err.h"

enum { KOL_JAIL_OUT_FD = 1, KOL_JAIL_IN_FD = 3 };

struct kol_jail_limits {
    long memory_mb;   /* address space, with the libraries that are already mapped */
    long cpu_seconds; /* SIGXCPU ends the process then */
};

/*
 * Closes the jail, wall by wall; whatever needs a file or a library must be loaded before.
 *
 *   environment  emptied but for a constant TZ
 *   descriptors  all closed but 1 and 3 (sanitizer builds keep 2 for their reports)
 *   rlimits      memory, CPU time; no file may be written, no process made, no core dumped
 *   rights       no_new_privs, no capabilities, not dumpable
 *   Landlock     no file access, no TCP, no signal, where the kernel has it (doctor warns)
 *   seccomp      allow-list; any other system call ends the process with SIGSYS
 *
 * Errors: REFUSED: a wall could not be raised; the caller must end without reading.
 */
enum kol_code kol_jail_enter(const struct kol_jail_limits *limits,
                             struct kol_err *err) KOL_MUST_CHECK;

/* The walls one by one, in that order, for the test that tries each of them alone. */
enum kol_code kol_jail_limit(const struct kol_jail_limits *limits,
                             struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_jail_drop_rights(struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_jail_filter(struct kol_err *err) KOL_MUST_CHECK;

#endif
