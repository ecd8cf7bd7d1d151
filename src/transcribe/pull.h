/*
 * pull.h - a model from the network or a folder into model_dir: whole, checked, or not at all.
 *
 * Used by: kol model. Knows: ranges, lengths, hashes, the model format. Threading: one thread.
 */
#ifndef KOL_TRANSCRIBE_PULL_H
#define KOL_TRANSCRIBE_PULL_H

#include "conf/conf.h"
#include <stdatomic.h>

struct kol_pull {
    const struct kol_conf *conf;
    const char *name;   /* of ggml-NAME.bin in model_dir */
    const char *url;    /* of kol_pull_get() */
    int64_t bytes;      /* exact; 0: not known */
    const char *sha256; /* NULL or "": none is published */
    const atomic_bool *stop;
    /* NULL is fine. total_bytes 0: not known. */
    void (*progress)(int64_t done_bytes, int64_t total_bytes, void *user);
    void *user;
};

/* Letters, digits, ".", "_", "-", no dot first: no way out of the folder. */
bool kol_model_name_ok(const char *name);
/* MODEL_DIR/ggml-NAME.bin; a name with a slash is a path already. NULL: out of memory. */
const char *kol_model_path(struct kol_arena *a, const struct kol_conf *conf, const char *name);
/* Beside it, of a download that is not finished. */
const char *kol_model_partial_path(struct kol_arena *a, const struct kol_conf *conf,
                                   const char *name);

/*
 * Downloads. What a stopped or broken run left is continued when the hash is known, since only the
 * hash can tell that both parts are of one file. Tries again by itself after failures of the
 * network, as long as bytes come.
 *
 * Errors: CANCELLED (the part stays), NET, NET_TIMEOUT, TRUNCATED, HTTP_STATUS, ... (the part
 * stays), DISK_FULL with numbers, BLOCKED_ADDRESS; BAD_INPUT: length, hash or format are wrong, and
 * the part is removed; CONFLICT: another process pulls it.
 */
enum kol_code kol_pull_get(const struct kol_pull *pull, struct kol_err *err) KOL_MUST_CHECK;

/* Copies a ggml file there. Errors: NOT_FOUND, IO, DISK_FULL, BAD_INPUT, CANCELLED. */
enum kol_code kol_pull_copy(const struct kol_pull *pull, const char *from,
                            struct kol_err *err) KOL_MUST_CHECK;

#endif
