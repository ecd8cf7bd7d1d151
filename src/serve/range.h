/*
 * range.h - which bytes of a file a request asks for, and whether it has them already.
 *
 * Used by: media answers and pages. Knows: Range, If-Range, If-None-Match, If-Modified-Since.
 * Does not know: files, connections. Threading: pure functions.
 * Source: RFC 9110 sections 13 (conditions) and 14 (ranges): ends are inclusive, an end past the
 * file is clamped, what is malformed is ignored.
 */
#ifndef KOL_SERVE_RANGE_H
#define KOL_SERVE_RANGE_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

enum kol_range_result {
    KOL_RANGE_WHOLE,        /* no range, a malformed one, another unit, or several: 200 */
    KOL_RANGE_PART,         /* 206 */
    KOL_RANGE_UNSATISFIABLE /* 416 */
};

/*
 * Reads a Range header.
 *
 *   header     NULL when there was none
 *   size       of the whole file, in bytes
 *   ret_first  first byte, filled on KOL_RANGE_PART only
 *   ret_last   last byte, inclusive
 *
 * Several ranges get the whole file: a multipart answer is of no use to a player and a known way to
 * make a server work (CVE-2011-3192).
 */
enum kol_range_result kol_range_parse(const char *header, uint64_t size, uint64_t *ret_first,
                                      uint64_t *ret_last);

/* A file as conditions see it. */
struct kol_validator {
    const char *etag;      /* with its quotes, strong */
    int64_t changed_at_ms; /* 0: unknown, dates do not match */
};

/* True when the Range header counts: there is no If-Range, or it names this very file. */
bool kol_if_range_holds(const char *if_range, const struct kol_validator *file);

/* True when the client has this file already: 304. Either header may be NULL. */
bool kol_not_modified(const char *if_none_match, const char *if_modified_since,
                      const struct kol_validator *file);

#define KOL_HTTP_DATE_TEXT 32
/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void kol_http_date(int64_t at_ms, char ret[static KOL_HTTP_DATE_TEXT]);

#endif
