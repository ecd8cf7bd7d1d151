/*
 * envelope.h - opens a file that was encrypted for the holder of an RSA key.
 *
 * The content is AES-256-GCM with its 16-byte tag at the end; its key is wrapped with RSAES-OAEP
 * (SHA-256, for MGF1 too). Used by: recording. Knows: libcrypto, files. Does not know: Twilio.
 * Threading: pure functions. Source: Twilio's guide "Voice recording encryption"; NIST SP 800-38D.
 */
#ifndef KOL_BASE_ENVELOPE_H
#define KOL_BASE_ENVELOPE_H

#include "base/file.h"

struct kol_envelope {
    const char *key_file;    /* the private key, as PEM without a passphrase */
    const char *wrapped_key; /* base64; NULL is an error as well */
    const char *iv;          /* base64 */
};

/*
 * Decrypts all of fd into out, in constant memory. What out holds is worth nothing before OK: the
 * tag is verified at the very end. Who gets anything else throws it away.
 *
 * Errors: ENCRYPTED (the key file cannot be read or is no RSA key, or it does not open this);
 * BAD_MEDIA (too short, or its tag does not fit: damaged); IO, DISK_FULL, NO_MEMORY.
 */
enum kol_code kol_envelope_open(const struct kol_envelope *e, int fd, struct kol_part *out,
                                int64_t *ret_bytes, struct kol_err *err) KOL_MUST_CHECK;

/* Is this a private key that could open envelopes? Errors: ENCRYPTED, NO_MEMORY. */
enum kol_code kol_envelope_check_key(const char *key_file, struct kol_err *err) KOL_MUST_CHECK;

#endif
