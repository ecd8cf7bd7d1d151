/*
 * cleanup.h - the one idiom for ownership: a local either has a cleanup or is borrowed.
 *
 * Hand-over is visible as `= NULL`, or as kol_take_fd().
 */
#ifndef KOL_BASE_CLEANUP_H
#define KOL_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* KOL_CLEANUP(kol_free_str) char *name = NULL; */
#define KOL_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Defines kol_cleanup_<type>() for `struct type *` locals whose destructor takes NULL. */
#define KOL_DEFINE_CLEANUP(type, free_fn)                                                          \
    static inline void type##_cleanup(struct type **p)                                             \
    {                                                                                              \
        free_fn(*p);                                                                               \
    }

static inline void kol_free_str(char **p)
{
    free(*p);
}

static inline void kol_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* Hands the descriptor over: from now on *fd closes nothing. */
static inline int kol_take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

static inline void kol_close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

/* A half-written file that must not stay: set to NULL once it has its real name. */
static inline void kol_unlink_if_set(const char **path)
{
    if (*path)
        unlink(*path);
}

#define KOL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
