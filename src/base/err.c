/* err.c - see err.h. */
#include "base/err.h"
#include "base/str.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct {
    const char *name;
    enum kol_next next;
    int http;
} codes[KOL_CODE_COUNT] = {
#define X(code, name, next, http) [KOL_##code] = {name, KOL_NEXT_##next, http},
    KOL_ERRORS(X)
#undef X
};

/* A message is one line, whatever the bytes of a file name or a server's answer were. */
static void tidy(char *msg)
{
    for (unsigned char *p = (unsigned char *)msg; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
}

enum kol_code(kol_fail)(struct kol_err *err, enum kol_code code, const char *fmt, ...)
{
    if (!err)
        return code;

    char msg[sizeof err->msg + 4]; /* not err->msg: an argument may point into it */
    va_list args;
    va_start(args, fmt);
    vsnprintf(msg, sizeof msg, fmt, args);
    va_end(args);

    msg[kol_utf8_clip(msg, sizeof err->msg - 1)] = '\0';
    tidy(msg);
    memcpy(err->msg, msg, sizeof err->msg);
    err->code = code;
    return code;
}

enum kol_code kol_err_prefix(struct kol_err *err, const char *fmt, ...)
{
    if (!err)
        return KOL_BUG;

    char prefix[sizeof err->msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(prefix, sizeof prefix, fmt, args);
    va_end(args);

    /* The reason stands at the end: when both are too long, the prefix gives way. */
    size_t taken = strlen(err->msg) + sizeof "...: ";
    size_t room = taken < sizeof err->msg ? sizeof err->msg - taken : 0;
    size_t len = strlen(prefix);
    bool cut = len > room + strlen("...");

    if (cut && room == 0)
        return err->code;
    if (cut)
        len = kol_utf8_clip(prefix, room);
    return kol_fail(err, err->code, "%.*s%s: %s", (int)len, prefix, cut ? "..." : "", err->msg);
}

const char *kol_code_name(enum kol_code code)
{
    return (unsigned)code < KOL_CODE_COUNT ? codes[code].name : codes[KOL_BUG].name;
}

enum kol_next kol_code_next(enum kol_code code)
{
    return (unsigned)code < KOL_CODE_COUNT ? codes[code].next : KOL_NEXT_GIVE_UP;
}

int kol_code_http(enum kol_code code)
{
    return (unsigned)code < KOL_CODE_COUNT ? codes[code].http : 500;
}

enum kol_code kol_code_from_name(const char *name)
{
    for (int i = 0; i < KOL_CODE_COUNT; i++)
        if (kol_streq(name, codes[i].name))
            return (enum kol_code)i;
    return KOL_BUG;
}

enum kol_code kol_code_from_errno(int error_number)
{
    switch (error_number) {
    case 0:
        return KOL_OK;
    case ENOMEM:
        return KOL_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* RLIMIT_FSIZE, or a file system's largest file */
        return KOL_DISK_FULL;
    default: /* of an int: the rest of errno has one meaning here */
        return KOL_IO;
    }
}
