/*
 * recordings.h - the files that words of a command line mean: files, folders with all below them,
 * and
 * "-" for standard input.
 */
#ifndef KOL_CLI_RECORDINGS_H
#define KOL_CLI_RECORDINGS_H

#include "base/arena.h"
#include <stdint.h>

struct kol_recording_file {
    const char *path;  /* to open */
    const char *shown; /* for people and in JSON */
    const char *out;   /* name of its output without ending; "a/b.mp3" below a named folder */
    int64_t bytes;
};

/*
 * Folders are walked in the order of names; of what lies in them only files with an ending of sound
 * count, hidden ones do not. What is named itself counts whatever its ending.
 *   stdin_most  of standard input, in bytes
 *   to_files    each becomes a file of its own name
 * Errors: NOT_FOUND, BAD_INPUT (a folder without recordings; two that would become one output),
 * TOO_LARGE, IO, NO_MEMORY.
 */
enum kol_code kol_recordings_find(struct kol_arena *a, const char *const *words, int count,
                                  int64_t stdin_most, bool to_files,
                                  struct kol_recording_file **ret, size_t *ret_count,
                                  struct kol_err *err) KOL_MUST_CHECK;

#endif
