/* clock.c - see clock.h. Calendar days in a time zone are in zone.c. */
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t real_wall_ms(void)
{
    return read_clock_ms(CLOCK_REALTIME);
}

static int64_t real_boot_ms(void)
{
    return read_clock_ms(CLOCK_BOOTTIME);
}

static bool real_random(void *buf, size_t len)
{
    unsigned char *p = buf;

    while (len) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static int real_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

const struct kol_sys kol_sys_real = {
    .wall_ms = real_wall_ms,
    .boot_ms = real_boot_ms,
    .random = real_random,
    .open = real_open,
    .write = write,
    .fsync = fsync,
    .rename = rename,
    .unlink = unlink,
    .connect_socket = socket,
};
const struct kol_sys *kol_sys = &kol_sys_real;

int64_t kol_wall_ms(void)
{
    return kol_sys->wall_ms();
}

int64_t kol_boot_ms(void)
{
    return kol_sys->boot_ms();
}

void kol_random_bytes(void *buf, size_t len)
{
    if (!kol_sys->random(buf, len))
        abort();
}

void kol_sleep_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (ms > 0 && nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static char boot_id[64] = "unknown";

static void read_boot_id(void)
{
    KOL_CLEANUP(kol_close_file) FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (f && fgets(boot_id, sizeof boot_id, f))
        boot_id[strcspn(boot_id, "\n")] = '\0';
}

const char *kol_boot_id(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, read_boot_id);
    return boot_id;
}

void kol_time_iso(int64_t at_ms, char buf[static KOL_TIME_TEXT])
{
    time_t seconds = at_ms / 1000;
    int ms = (int)(at_ms % 1000);
    if (ms < 0) { /* before 1970: round down, so that ms stays positive */
        ms += 1000;
        seconds--;
    }

    struct tm tm;
    char text[96]; /* more than a compiler can think of; the longest is 30 */
    if (!gmtime_r(&seconds, &tm)) {
        buf[0] = '\0';
        return;
    }
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
    memcpy(buf, text, KOL_TIME_TEXT - 1);
    buf[KOL_TIME_TEXT - 1] = '\0';
}

/* Digits from *p on, at most max of them; moves *p. -1 when there is none. */
static int take_number(const char **p, int max)
{
    int v = 0;
    int n = 0;

    for (; n < max && **p >= '0' && **p <= '9'; n++, (*p)++)
        v = v * 10 + (**p - '0');
    return n ? v : -1;
}

static bool take_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static int take_month(const char **p)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++)
        if (strncasecmp(*p, names + (size_t)i * 3, 3) == 0) {
            *p += 3;
            return i;
        }
    return -1;
}

/* "+0200" or a name for UTC; false for the rest, whose meaning RFC 2822 leaves open. */
static bool take_offset(const char **p, int *ret_seconds)
{
    if (kol_streq(*p, "GMT") || kol_streq(*p, "UTC") || kol_streq(*p, "UT") || kol_streq(*p, "Z")) {
        *p += strlen(*p);
        *ret_seconds = 0;
        return true;
    }
    int sign = **p == '-' ? -1 : 1;
    if (**p != '+' && **p != '-')
        return false;
    (*p)++;

    const char *start = *p;
    int v = take_number(p, 4);
    if (*p - start != 4 || v % 100 > 59 || v / 100 > 23)
        return false;
    *ret_seconds = sign * (v / 100 * 3600 + v % 100 * 60);
    return true;
}

static bool take_day_of_time(const char **p, struct tm *tm)
{
    tm->tm_hour = take_number(p, 2);
    if (tm->tm_hour < 0 || tm->tm_hour > 23 || !take_char(p, ':'))
        return false;
    tm->tm_min = take_number(p, 2);
    if (tm->tm_min < 0 || tm->tm_min > 59)
        return false;
    if (**p != ':')
        return true; /* RFC 2822 lets seconds out */
    (*p)++;
    tm->tm_sec = take_number(p, 2);
    return tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

bool kol_day_number(int year, int month, int day, int64_t *ret_days)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};

    int64_t at = timegm(&tm);
    if (tm.tm_year != year - 1900 || tm.tm_mon != month - 1 || tm.tm_mday != day)
        return false; /* 31 February became a day of March */
    *ret_days = at / 86400 - (at % 86400 < 0);
    return true;
}

bool kol_time_parse_rfc2822(const char *s, int64_t *ret_at_ms)
{
    struct tm tm = {0};
    int offset_s = 0;
    const char *comma = strchr(s, ',');

    s = comma ? comma + 1 : s; /* the day's name adds nothing */
    s += strspn(s, " ");
    tm.tm_mday = take_number(&s, 2);
    if (tm.tm_mday < 1 || !take_char(&s, ' '))
        return false;
    tm.tm_mon = take_month(&s);
    if (tm.tm_mon < 0 || !take_char(&s, ' '))
        return false;

    const char *year = s;
    tm.tm_year = take_number(&s, 4) - 1900;
    if (s - year != 4 || !take_char(&s, ' ') || !take_day_of_time(&s, &tm) || !take_char(&s, ' '))
        return false;
    if (!take_offset(&s, &offset_s) || *s)
        return false;

    int64_t days = 0;
    if (!kol_day_number(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, &days))
        return false;
    int64_t at = days * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
    *ret_at_ms = (at - offset_s) * 1000;
    return true;
}

bool kol_time_parse_http_delta_or_date(const char *s, int64_t now_ms, int64_t *ret_delay_ms)
{
    int64_t v = 0;

    if (*s >= '0' && *s <= '9' && strspn(s, "0123456789") == strlen(s)) {
        static const int64_t longest_s = (int64_t)10 * 365 * 86400;
        if (!kol_parse_i64(s, &v) || v > longest_s)
            v = longest_s; /* too many digits to hold mean "very long" as well */
        *ret_delay_ms = v * 1000;
        return true;
    }
    if (!kol_time_parse_rfc2822(s, &v))
        return false;
    *ret_delay_ms = v > now_ms ? v - now_ms : 0;
    return true;
}
