/*
 * clock.h - time, randomness and the file calls whose failure loses data, behind one table that
 * tests replace.
 *
 * Wall time (_at_ms, Unix ms UTC) is for display, signatures and due times across restarts;
 * elapsed time and leases use CLOCK_BOOTTIME. Source: design.md, "always true" 12 and 3.
 */
#ifndef KOL_BASE_CLOCK_H
#define KOL_BASE_CLOCK_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kol_sys {
    int64_t (*wall_ms)(void);
    int64_t (*boot_ms)(void); /* CLOCK_BOOTTIME */
    bool (*random)(void *buf, size_t len);
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*write)(int fd, const void *buf, size_t len);
    int (*fsync)(int fd);
    int (*rename)(const char *from, const char *to);
    int (*unlink)(const char *path);
    int (*connect_socket)(int family, int type, int protocol); /* socket(2), for the HTTP client */
};

/* The table in force: the real one unless a test has set another. Never NULL. */
extern const struct kol_sys *kol_sys;
extern const struct kol_sys kol_sys_real;

int64_t kol_wall_ms(void);
int64_t kol_boot_ms(void);
const char *kol_boot_id(void); /* of the running kernel: leases must not survive a reboot */
/* Aborts when the kernel has none: nothing is safe then. */
void kol_random_bytes(void *buf, size_t len);
void kol_sleep_ms(int64_t ms);

/* Text forms. buf sizes are fixed so that callers need no heap. */
#define KOL_TIME_TEXT 32
void kol_time_iso(int64_t at_ms, char buf[static KOL_TIME_TEXT]); /* 2026-11-21T09:03:43.123Z */
bool kol_time_parse_rfc2822(const char *s,
                            int64_t *ret_at_ms); /* Tue, 24 Mar 2026 18:15:40 +0000 */
bool kol_time_parse_http_delta_or_date(const char *s, int64_t now_ms,
                                       int64_t *ret_delay_ms); /* Retry-After */

/* Days from 1970-01-01 to a date of the Gregorian calendar; false when there is no such day. */
bool kol_day_number(int year, int month, int day, int64_t *ret_days);

/*
 * The bounds of a calendar day in a time zone (IANA name, such as Asia/Jerusalem).
 *   date   YYYY-MM-DD
 * Errors: BAD_INPUT (date or zone unknown), IO, NO_MEMORY. Threading: safe; zone files are read, TZ
 * is not touched.
 */
enum kol_code kol_day_bounds(const char *zone, const char *date, int64_t *ret_from_ms,
                             int64_t *ret_to_ms, struct kol_err *err) KOL_MUST_CHECK;

#endif
