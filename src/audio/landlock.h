/*
 * landlock.h - asks the kernel for a process without any file, network or signal to others.
 *
 * Used by: jail.c (kol-decode), doctor (warns where the kernel has none).
 * Does not know: seccomp; the two are independent walls.
 * Source: Linux Documentation/userspace-api/landlock.rst.
 */
#ifndef KOL_AUDIO_LANDLOCK_H
#define KOL_AUDIO_LANDLOCK_H

#include "base/err.h"

/* The kernel's Landlock ABI, 0 when it has none or it is switched off. */
int kol_landlock_abi(void);

/*
 * Denies this process, for ever, every file access by path and, as far as the ABI goes, TCP,
 * abstract sockets and signals. Descriptors already open keep working. Needs no_new_privs.
 *
 * Errors: REFUSED. A kernel without Landlock is OK: the caller has other walls.
 */
enum kol_code kol_landlock_enter(struct kol_err *err) KOL_MUST_CHECK;

#endif
