/*
 * guard.h - refuses requests whose framing two programs could read in two ways.
 *
 * Used by: http.c, before anything else looks at a request. libmicrohttpd is lenient where a proxy
 * in front may be strict, or the reverse: what is ambiguous is refused (request smuggling).
 * Knows: names and values of headers. Does not know: sockets. Threading: values only.
 * Source: RFC 9112 sections 3.2 (Host), 5.1 (names), 6.1 to 6.3 (body length), 11.2.
 */
#ifndef KOL_SERVE_GUARD_H
#define KOL_SERVE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fed with every header of one request in turn. Start from {0}. */
struct kol_guard {
    unsigned hosts, lengths, encodings;
    uint64_t length; /* Content-Length, when lengths is 1 and nothing was refused */
    bool chunked;
    const char *refused; /* why, for people; NULL: fine so far */
    int status;          /* with refused: 400 or 501 */
};

void kol_guard_header(struct kol_guard *g, const char *name, size_t name_len, const char *value,
                      size_t value_len);

/* After the last header. http_1_1: the version is 1.1 or later. False: see g->refused, g->status.
 */
bool kol_guard_finish(struct kol_guard *g, bool http_1_1);

/* A request target that may be answered: a path with visible ASCII only. */
bool kol_guard_target(const char *target);

#endif
