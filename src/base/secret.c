/* secret.c - see secret.h. */
#include "base/secret.h"
#include "base/file.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

static const char env_mark[] = "env:";
static const char file_mark[] = "file:";

enum kol_code kol_secret_check(const char *stored, struct kol_err *err)
{
    if (kol_starts_with(stored, env_mark)) {
        const char *name = stored + strlen(env_mark);
        return *name && !strpbrk(name, "= \t\r\n")
                   ? KOL_OK
                   : kol_fail(err, KOL_BAD_INPUT, "env: needs the name of a variable");
    }
    if (kol_starts_with(stored, file_mark))
        return stored[strlen(file_mark)] == '/'
                   ? KOL_OK
                   : kol_fail(err, KOL_BAD_INPUT, "file: needs a path that begins with /");
    if (kol_starts_with(stored, KOL_SEAL_PREFIX))
        return KOL_OK;
    return kol_fail(err, KOL_BAD_INPUT, "a secret is env:NAME, file:/PATH or sealed");
}

const char *kol_secret_shown(const char *stored)
{
    if (kol_str_empty(stored))
        return "";
    if (kol_starts_with(stored, env_mark) || kol_starts_with(stored, file_mark))
        return stored;
    return "sealed";
}

static enum kol_code take(const char *what, const char *value, size_t len, char *ret,
                          size_t ret_size, struct kol_err *err)
{
    if (len == 0)
        return kol_fail(err, KOL_BAD_CONFIG, "%s is empty", what);
    if (len >= ret_size || memchr(value, '\0', len))
        return kol_fail(err, KOL_BAD_CONFIG, "%s is too long or no text", what);
    memcpy(ret, value, len);
    ret[len] = '\0';
    return KOL_OK;
}

static enum kol_code read_env(const char *stored, char *ret, size_t ret_size, struct kol_err *err)
{
    const char *value = getenv(stored + strlen(env_mark));

    if (!value)
        return kol_fail(err, KOL_BAD_CONFIG, "%s is not set in the environment", stored);
    return take(stored, value, strlen(value), ret, ret_size, err);
}

static enum kol_code read_file(const char *stored, char *ret, size_t ret_size, struct kol_err *err)
{
    char *text = NULL;
    size_t len = 0;
    enum kol_code code =
        kol_file_read_private(stored + strlen(file_mark), KOL_SEAL_MAX + 2, &text, &len, err);

    if (code == KOL_NOT_FOUND || code == KOL_TOO_LARGE)
        return err->code = KOL_BAD_CONFIG; /* the message says it all */
    if (code != KOL_OK)
        return code;
    size_t end = len;
    while (end && (text[end - 1] == '\n' || text[end - 1] == '\r'))
        end--;
    code = take(stored, text, end, ret, ret_size, err);
    kol_wipe(text, len);
    free(text);
    return code;
}

static enum kol_code read_sealed(const char *key_path, const char *place, const char *stored,
                                 char *ret, size_t ret_size, struct kol_err *err)
{
    KOL_SEAL_KEY key;
    enum kol_code code = kol_seal_key_load(key_path, false, &key, err);

    if (code == KOL_NOT_FOUND)
        return kol_fail(err, KOL_BAD_CONFIG,
                        "%s is not there: bring it back from its backup, or set the secrets anew",
                        key_path);
    if (code == KOL_OK)
        code = kol_unseal(&key, place, stored, ret, ret_size, err);
    return code;
}

enum kol_code kol_secret_read(const char *key_path, const char *place, const char *stored,
                              char *ret, size_t ret_size, struct kol_err *err)
{
    struct kol_err why = {0};

    *ret = '\0';
    if (!err)
        err = &why;
    if (kol_starts_with(stored, env_mark))
        return read_env(stored, ret, ret_size, err);
    if (kol_starts_with(stored, file_mark))
        return read_file(stored, ret, ret_size, err);
    if (kol_starts_with(stored, KOL_SEAL_PREFIX))
        return read_sealed(key_path, place, stored, ret, ret_size, err);
    return kol_fail(err, KOL_BAD_CONFIG, "what is stored is no env:, file: or sealed secret");
}
