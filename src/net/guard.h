/*
 * guard.h - which addresses this program may call: public ones, and those the settings list.
 *
 * The check that counts is made at connect time on the address itself (kol_guard_address(), in
 * libcurl's open-socket hook), so that no spelling of an address and no change in the DNS passes
 * it. kol_guard_url() says the same early, to whoever types a URL. Ports are not restricted: a
 * public address is called by TLS only, which other services do not speak, and what is listed is
 * the operator's own. Threading: pure functions. Source: IANA special-purpose address registries
 * (RFC 6890 and its updates), RFC 6052, RFC 3056.
 */
#ifndef KOL_NET_GUARD_H
#define KOL_NET_GUARD_H

#include "conf/conf.h"
#include "net/url.h"
#include <sys/socket.h>

/* NULL when the address is public; otherwise what it is: "loopback", "private network", ... */
const char *kol_guard_address(const struct sockaddr *address);

/* True when host, or host:port, is one of allow_private_hosts. */
bool kol_guard_is_listed(const struct kol_conf *conf, const char *host, int port);

/* True when one of the items is host, host:port, or *.NAME with host below NAME. */
bool kol_guard_in_list(const struct kol_strings *list, const char *host, int port);

/* Errors: BLOCKED_ADDRESS: http, or an address that is not public, and the host is not listed. */
enum kol_code kol_guard_url(const struct kol_conf *conf, const struct kol_url *url,
                            struct kol_err *err) KOL_MUST_CHECK;

#endif
