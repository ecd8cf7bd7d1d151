/*
 * login.h - sessions for browsers: one-time links and keys go in, an HttpOnly cookie comes out.
 */
#ifndef KOL_SERVE_LOGIN_H
#define KOL_SERVE_LOGIN_H

#include "serve/request.h"

/* POST /login {"token": "..."} or {"key": "kol_..."} */
void kol_login(struct kol_request *rq);
/* POST /logout */
void kol_logout(struct kol_request *rq);

#endif
