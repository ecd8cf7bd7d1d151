/*
 * file.h - files that are complete or absent (design.md, "always true" 6).
 */
#ifndef KOL_BASE_FILE_H
#define KOL_BASE_FILE_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

/*
 * A file being written under a temporary name in the folder of its final one. Either published or
 * gone: _done() without _publish() removes it.
 */
struct kol_part {
    int fd;          /* -1 when not open */
    char *part_path; /* path + ".part.XXXXXX" */
};

/*
 * Creates and locks it: kol_part_sweep() of another process leaves it alone while we live.
 * Errors of these: IO, DISK_FULL, NO_MEMORY.
 */
enum kol_code kol_part_open(struct kol_part *p, const char *path,
                            struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_part_write(struct kol_part *p, const void *buf, size_t len,
                             struct kol_err *err) KOL_MUST_CHECK;
/* fsync, rename to path, fsync of the folder. After OK the file has its name and p is done. */
enum kol_code kol_part_publish(struct kol_part *p, const char *path,
                               struct kol_err *err) KOL_MUST_CHECK;
void kol_part_done(struct kol_part *p);

/* Removes *.part.* files that a crash left in folder, not those being written; not recursive.
 * Returns how many. */
int kol_part_sweep(const char *folder);

/*
 * Reads a whole small file. ret is NUL-terminated, caller frees; ret_len may be NULL.
 * Errors: NOT_FOUND, TOO_LARGE, IO, NO_MEMORY.
 */
enum kol_code kol_file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_len,
                            struct kol_err *err) KOL_MUST_CHECK;
/*
 * The same for a file with a secret: refused unless it is a plain file of this user (or of root)
 * that nobody else may read or write. Errors also: BAD_CONFIG, saying what to do.
 */
enum kol_code kol_file_read_private(const char *path, size_t max_bytes, char **ret, size_t *ret_len,
                                    struct kol_err *err) KOL_MUST_CHECK;
/*
 * Makes a file that only this user can read, complete or not at all; one that is there already
 * stays as it is and is no error (another process may have been faster).
 */
enum kol_code kol_file_create_private(const char *path, const void *buf, size_t len,
                                      struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_file_write_atomic(const char *path, const void *buf, size_t len,
                                    struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_mkdir_p(const char *path, unsigned mode, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_file_sha256(const char *path, char ret_hex[static 65],
                              struct kol_err *err) KOL_MUST_CHECK;

#endif
