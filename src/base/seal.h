/*
 * seal.h - secrets in rows of the database: readable only with a key that is in no backup of it.
 *
 * AES-256-GCM with a fresh nonce per secret. What a secret is for (its place) is bound to it: a
 * sealed text that was moved to another row or column does not open. The key is a file of its own,
 * made when first needed. Used by: twilio (credentials of accounts).
 * Threading: pure functions, but for the key file.
 */
#ifndef KOL_BASE_SEAL_H
#define KOL_BASE_SEAL_H

#include "base/arena.h"
#include <stdint.h>

#define KOL_SEAL_KEY_BYTES 32
#define KOL_SEAL_MAX 8192 /* longest secret, in bytes: a private key in PEM form fits */
#define KOL_SEAL_PREFIX "sealed:"

struct kol_seal_key {
    uint8_t bytes[KOL_SEAL_KEY_BYTES];
};

/*
 * Reads the key.
 *
 *   make   when it is not there: make one (0600, synced) from the kernel's random numbers
 * Errors: NOT_FOUND (make false), BAD_CONFIG (others may read it, or it is no key), IO, DISK_FULL.
 */
enum kol_code kol_seal_key_load(const char *path, bool make, struct kol_seal_key *ret,
                                struct kol_err *err) KOL_MUST_CHECK;
void kol_seal_key_wipe(struct kol_seal_key *key);
#define KOL_SEAL_KEY __attribute__((cleanup(kol_seal_key_wipe))) struct kol_seal_key

/*
 * "sealed:..." of a secret, in the arena.
 *
 *   place  what it is for, such as "AC…/auth_token"; the same text is needed to open it
 * Errors: TOO_LARGE, NO_MEMORY.
 */
enum kol_code kol_seal(struct kol_arena *a, const struct kol_seal_key *key, const char *place,
                       const char *secret, char **ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Opens it again.
 *
 *   ret   the secret with a NUL; size of ret at least KOL_SEAL_MAX + 1. Emptied on failure
 * Errors: BAD_CONFIG (sealed with another key; changed, or sealed for another place; not sealed).
 */
enum kol_code kol_unseal(const struct kol_seal_key *key, const char *place, const char *sealed,
                         char *ret, size_t ret_size, struct kol_err *err) KOL_MUST_CHECK;

/* Zeroes memory in a way that no compiler leaves out. */
void kol_wipe(void *memory, size_t bytes);

#endif
