/*
 * decode_main.c - kol-decode: a recording on descriptor 3 in, samples on standard output out.
 *
 * Kol starts it for each recording, with the program's address space as the only thing to lose:
 * the jail is closed before the first byte is read. Nothing is configured but three limits:
 *
 *     kol-decode MAX_SECONDS CPU_SECONDS MEMORY_MB 3<recording.mp3 | reader of audio/wire.h
 */
#include "audio/decode_media.h"
#include "audio/jail.h"
#include <errno.h>
#include <libavutil/log.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_DECODED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_READER = 3 };

/* The jail has neither the tools nor the rights for leak reports and symbol names. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:symbolize=0:abort_on_error=0:exitcode=99";
}

static bool parse_limit(const char *s, long *ret)
{
    char *end;

    errno = 0;
    *ret = strtol(s, &end, 10);
    return errno == 0 && end != s && *end == '\0' && *ret > 0 && *ret <= 10000000;
}

static int usage(void)
{
    static const char text[] =
        "usage: kol-decode MAX_SECONDS CPU_SECONDS MEMORY_MB 3<recording | reader\n"
        "Started by kol for each recording; not meant to be used by hand.\n";

    return write(2, text, sizeof text - 1) < 0 ? EXIT_NO_READER : EXIT_USAGE;
}

static enum kol_wire_why why_of(enum kol_code code)
{
    if (code == KOL_TOO_LARGE)
        return KOL_WIRE_TOO_LONG;
    if (code == KOL_IO)
        return KOL_WIRE_IO;
    return code == KOL_REFUSED ? KOL_WIRE_NO_JAIL : KOL_WIRE_BAD_MEDIA;
}

int main(int argc, char **argv)
{
    static struct kol_output out;
    struct kol_jail_limits limits;
    struct stat st;
    struct kol_err err;
    long max_seconds;

    if (argc != 4 || !parse_limit(argv[1], &max_seconds) ||
        !parse_limit(argv[2], &limits.cpu_seconds) || !parse_limit(argv[3], &limits.memory_mb))
        return usage();
    if (fstat(KOL_JAIL_IN_FD, &st) < 0 || !S_ISREG(st.st_mode))
        return usage();

    struct kol_input in = {.fd = KOL_JAIL_IN_FD, .size = st.st_size};
    out.fd = KOL_JAIL_OUT_FD;
    out.max_frames = (uint64_t)max_seconds * KOL_WIRE_RATE_HZ;
    av_log_set_level(AV_LOG_QUIET);

    enum kol_code code = kol_jail_enter(&limits, &err);
    if (code == KOL_OK)
        code = kol_decode_media(&in, &out, limits.memory_mb, &err);

    /* _exit: a hundred libraries' exit handlers have no business in the jail. */
    if (code == KOL_OK)
        _exit(EXIT_DECODED);
    if (code == KOL_CANCELLED || !kol_output_fail(&out, why_of(code), err.msg))
        _exit(EXIT_NO_READER);
    _exit(EXIT_FAILED);
}
