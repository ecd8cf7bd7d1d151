/*
 * http.h - starting and stopping what http.c does; all else of it is behind request.h.
 */
#ifndef KOL_SERVE_HTTP_H
#define KOL_SERVE_HTTP_H

#include "base/err.h"

struct kol_serve;

/* Takes over listen_fd when it succeeds. Errors: NO_MEMORY. */
enum kol_code kol_http_start(struct kol_serve *s, int listen_fd,
                             struct kol_err *err) KOL_MUST_CHECK;
void kol_http_stop(struct kol_serve *s);

#endif
