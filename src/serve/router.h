/*
 * router.h - which handler a path and a method belong to, and who may call it.
 *
 * Patterns are literal but for segments in braces: {call} a call SID, {id} a positive number,
 * {name} a file name without slashes. Nothing is percent-decoded: no path of ours needs it.
 */
#ifndef KOL_SERVE_ROUTER_H
#define KOL_SERVE_ROUTER_H

#include "serve/request.h"

enum kol_auth {
    KOL_AUTH_OPEN,    /* anybody: liveness, login, webhooks (signed), preflights */
    KOL_AUTH_KEY,     /* a key or a session; JSON 401 without */
    KOL_AUTH_PAGE,    /* the same, but people are sent to the login page */
    KOL_AUTH_MEDIA,   /* a key, a session, or a signed link, which the handler checks */
    KOL_AUTH_OPERATOR /* the operator's key or session; 403 for a business */
};

struct kol_route {
    unsigned methods; /* of enum kol_method; HEAD comes with GET */
    const char *pattern;
    enum kol_auth auth;
    kol_handler handler;
};

extern const struct kol_route kol_routes[];
extern const size_t kol_route_count;

/*
 * Finds the route of rq->path and rq->method and fills rq->route and rq->vars.
 *   ret_allowed   methods that the path takes, 0 when no route has it
 */
bool kol_route_find(struct kol_request *rq, unsigned *ret_allowed);

/* Does path fit pattern? ret_vars points into copies in the arena; unfilled ones are NULL. */
bool kol_path_match(struct kol_arena *a, const char *pattern, const char *path,
                    const char *ret_vars[static KOL_PATH_VARS]);

/* "GET, HEAD, POST" in the arena, for the Allow header. */
const char *kol_methods_text(struct kol_arena *a, unsigned methods);
enum kol_method kol_method_of(const char *name);

#endif
