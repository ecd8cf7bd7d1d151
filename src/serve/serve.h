/*
 * serve.h - the HTTP server: callbacks in, playback, the API and the pages.
 *
 * Used by: cli. Everything between the socket and the handlers is http.c (libmicrohttpd stays
 * there), the table of paths is routes.c.
 * Threading: start and stop from one thread; requests are answered by threads of its own.
 */
#ifndef KOL_SERVE_SERVE_H
#define KOL_SERVE_SERVE_H

#include "base/json.h"
#include "conf/conf.h"
#include "store/writer.h"
#include <stddef.h>

struct kol_serve; /* opaque */

struct kol_serve_options {
    const struct kol_conf *conf; /* these two outlive the server */
    struct kol_writer *writer;
    /* What is known of the speech engine, shown by /readyz and /metrics: {"state":"ok", "model":…,
     * "tested_at_ms":…, "error":…}. The caller owns the answer. NULL, or NULL back: unknown. */
    json_t *(*engine_report)(void *arg);
    void *arg;
};

/*
 * Listens on conf->listen and answers. Errors: BAD_CONFIG (address in use or not ours), NO_MEMORY,
 * and those of the writer (the secret for links is made at the first start).
 */
enum kol_code kol_serve_start(const struct kol_serve_options *options, struct kol_serve **ret,
                              struct kol_err *err) KOL_MUST_CHECK;
int kol_serve_port(const struct kol_serve *s); /* the real one when conf says 0 */
/* Takes no new requests, lets started ones end (at most 3 s), frees all. NULL is fine. The writer
 * must still be running. */
void kol_serve_stop(struct kol_serve *s);

/*
 * A one-time link that logs the operator in, good for an hour: for the terminal, never for a log.
 * ret is filled with http://host:port/login?token=… (public_url is not used: it may lead
 * elsewhere).
 */
enum kol_code kol_serve_login_link(struct kol_serve *s, char *ret, size_t size,
                                   struct kol_err *err) KOL_MUST_CHECK;

/*
 * API keys: kol_, 40 random hex digits (160 bits), and 8 digits of checksum, so that a leaked or
 * mistyped key is recognised without asking the database. Only the hash is stored.
 */
#define KOL_KEY_TEXT 53
#define KOL_KEY_HINT 13
void kol_key_make(char ret[static KOL_KEY_TEXT]);
bool kol_key_well_formed(const char *key);
void kol_key_hint(const char *key,
                  char ret[static KOL_KEY_HINT]); /* "kol_12ab34cd": tells keys apart */

#endif
