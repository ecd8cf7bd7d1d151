/*
 * csv.h - rows of comma-separated values, read piece by piece.
 *
 * Used by: backlog (old calls and leads from files). Knows: RFC 4180, with LF or CR as line ends
 * too and a UTF-8 byte order mark at the start. Does not know: what columns mean. A bad row is
 * handed over with its fault and the next one begins at the next line end: a file with some bad
 * lines is still read. Threading: one reader belongs to one thread.
 */
#ifndef KOL_BASE_CSV_H
#define KOL_BASE_CSV_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define KOL_CSV_MAX_FIELDS 256
#define KOL_CSV_MAX_ROW_BYTES (8 * 1024 * 1024)

struct kol_csv_row {
    int64_t line; /* of the file, where the row begins; from 1 */
    const char *const *fields;
    size_t count;
    const char *fault; /* NULL: a good row; else what is wrong with it, and it has no fields */
};
/* The row is borrowed for the call. What this fails with ends the reading. */
typedef enum kol_code (*kol_csv_row_fn)(void *user, const struct kol_csv_row *row,
                                        struct kol_err *err);

struct kol_csv; /* opaque */

/* NULL when out of memory. */
struct kol_csv *kol_csv_new(kol_csv_row_fn row, void *user);
void kol_csv_free(struct kol_csv *c); /* NULL is fine */

/* The next bytes of the file; any number of them. Errors: those of the row function; NO_MEMORY. */
enum kol_code kol_csv_feed(struct kol_csv *c, const void *bytes, size_t len,
                           struct kol_err *err) KOL_MUST_CHECK;
/* The file has ended: the last row may have no line end. */
enum kol_code kol_csv_end(struct kol_csv *c, struct kol_err *err) KOL_MUST_CHECK;

static inline void kol_csv_cleanup(struct kol_csv **c)
{
    kol_csv_free(*c);
}
#define KOL_CSV __attribute__((cleanup(kol_csv_cleanup))) struct kol_csv *

#endif
