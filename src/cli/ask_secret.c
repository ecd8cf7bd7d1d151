/* ask_secret.c - see ask_secret.h. */
#include "cli/ask_secret.h"
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Byte by byte and unbuffered: what stands after the line belongs to whoever reads next. */
static ssize_t read_line(char *ret, size_t ret_size)
{
    size_t len = 0;

    while (len < ret_size) {
        ssize_t n = read(STDIN_FILENO, ret + len, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || ret[len] == '\n')
            break;
        len++;
    }
    return len < ret_size ? (ssize_t)len : -1;
}

static ssize_t ask(const char *what, char *ret, size_t ret_size)
{
    struct termios before, quiet;

    fprintf(stderr, "%s: ", what);
    fflush(stderr);
    const bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ssize_t len = read_line(ret, ret_size);
    if (is_terminal)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return len;
}

enum kol_code kol_ask_secret(const char *what, bool from_input, char *ret, size_t ret_size,
                             struct kol_err *err)
{
    const bool asks = !from_input && isatty(STDIN_FILENO);
    ssize_t len = asks ? ask(what, ret, ret_size) : read_line(ret, ret_size);

    if (len > 0 && ret[len - 1] == '\r')
        len--;
    bool good = len > 0;
    for (ssize_t i = 0; good && i < len; i++)
        good = ret[i] > ' ' && ret[i] != 0x7F;
    if (!good) {
        kol_wipe(ret, ret_size);
        return kol_fail(err, KOL_BAD_INPUT,
                        len == 0 ? "the %s is missing: one line of the standard input"
                                 : "the %s is too long, or holds blanks or other characters that "
                                   "no such secret has",
                        what);
    }
    ret[len] = '\0';
    return KOL_OK;
}
