/*
 * zone.h - offsets of one time zone, read from the system's zone files without touching TZ.
 *
 * Threading: a loaded zone does not change.
 * Source: RFC 9636 (the TZif format and its footer).
 */
#ifndef KOL_BASE_ZONE_H
#define KOL_BASE_ZONE_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct kol_zone; /* opaque */

/* name: "Asia/Jerusalem", "UTC". Caller frees. Errors: BAD_INPUT (no such zone), IO, NO_MEMORY. */
enum kol_code kol_zone_load(const char *name, struct kol_zone **ret,
                            struct kol_err *err) KOL_MUST_CHECK;
/* The same from the bytes of a zone file, which are copied. Errors: BAD_INPUT, NO_MEMORY. */
enum kol_code kol_zone_parse(const void *bytes, size_t len, struct kol_zone **ret,
                             struct kol_err *err) KOL_MUST_CHECK;
void kol_zone_free(struct kol_zone *z); /* NULL is fine */

/* Seconds to add to UTC at that moment (Unix seconds). */
int kol_zone_offset_s(const struct kol_zone *z, int64_t at_s);

static inline void kol_zone_cleanup(struct kol_zone **z)
{
    kol_zone_free(*z);
}
#define KOL_ZONE __attribute__((cleanup(kol_zone_cleanup))) struct kol_zone *

#endif
