/*
 * zone.c - see zone.h and kol_day_bounds() in clock.h.
 *
 * A zone file lists past changes of the offset and ends in a rule for the years after them.
 */
#include "base/zone.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include <string.h>
#include <time.h>

enum { MAX_FILE = 256 * 1024, HEADER = 44, DAY_S = 86400 };

/* "M3.4.4/26": when a rule's change happens within a year. */
struct change {
    char kind;            /* 'M': month, week, day; 'J': day without 29 February; 'N': with it */
    int month, week, day; /* day alone for J and N */
    int time_s;           /* local time of day; -167 to 167 hours are allowed */
};

struct rule {
    bool set;
    bool has_dst;
    int std_s, dst_s; /* offsets, east positive */
    struct change start, end;
};

struct kol_zone {
    size_t count;         /* of times and kinds */
    size_t kind_count;    /* of types */
    const uint8_t *times; /* big-endian 64-bit Unix seconds, ascending */
    const uint8_t *kinds; /* the type that holds from each time on */
    const uint8_t *types; /* 6 bytes each: offset, dst flag, name */
    struct rule rule;
    uint8_t bytes[];
};

static uint64_t big_endian(const uint8_t *p, int bytes)
{
    uint64_t v = 0;
    while (bytes--)
        v = v << 8 | *p++;
    return v;
}

/* ---- the footer: a POSIX TZ string such as IST-2IDT,M3.4.4/26,M10.5.0 ---- */

static bool take_int(const char **p, int max, int *ret)
{
    int v = 0;
    const char *start = *p;

    while (**p >= '0' && **p <= '9' && v <= max)
        v = v * 10 + *(*p)++ - '0';
    *ret = v;
    return *p > start && v <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **p, int *ret_s)
{
    int sign = **p == '-' ? -1 : 1;
    int hours = 0;
    int part = 0;

    if (**p == '-' || **p == '+')
        (*p)++;
    if (!take_int(p, 167, &hours))
        return false;
    int s = hours * 3600;
    for (int unit = 60; unit && **p == ':'; unit /= 60) {
        (*p)++;
        if (!take_int(p, 59, &part))
            return false;
        s += part * unit;
    }
    *ret_s = sign * s;
    return true;
}

static bool skip_name(const char **p)
{
    const char *start = *p;

    if (**p == '<') {
        *p += strcspn(*p, ">");
        return *(*p) && *(*p)++ == '>';
    }
    while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
        (*p)++;
    return *p - start >= 3;
}

static bool take_change(const char **p, struct change *ret)
{
    struct change c = {.kind = 'N', .time_s = 2 * 3600};
    bool ok = *(*p)++ == ',';

    if (ok && **p == 'M') {
        c.kind = *(*p)++;
        ok = take_int(p, 12, &c.month) && c.month > 0 && *(*p)++ == '.' &&
             take_int(p, 5, &c.week) && c.week > 0 && *(*p)++ == '.' && take_int(p, 6, &c.day);
    } else if (ok) {
        if (**p == 'J')
            c.kind = *(*p)++;
        ok = take_int(p, 365, &c.day) && (c.kind == 'N' || c.day > 0);
    }
    if (ok && **p == '/') {
        (*p)++;
        ok = take_time(p, &c.time_s);
    }
    *ret = c;
    return ok;
}

static bool parse_rule(const char *s, struct rule *ret)
{
    struct rule r = {.set = true};
    int west = 0;

    if (!skip_name(&s) || !take_time(&s, &west))
        return false;
    r.std_s = -west;
    if (*s) {
        r.has_dst = true;
        r.dst_s = r.std_s + 3600;
        if (!skip_name(&s))
            return false;
        if (*s != ',') {
            if (!take_time(&s, &west))
                return false;
            r.dst_s = -west;
        }
        if (!take_change(&s, &r.start) || *s != ',' || !take_change(&s, &r.end))
            return false;
    }
    *ret = r;
    return *s == '\0';
}

static int64_t first_of_month(int year, int month)
{
    int64_t days = 0;
    (void)kol_day_number(year, month, 1, &days);
    return days;
}

/* Local time, in seconds since 1970, at which the change happens in that year. */
static int64_t change_in_year(const struct change *c, int year)
{
    int64_t day = first_of_month(year, 1);

    if (c->kind == 'M') {
        int64_t first = first_of_month(year, c->month);
        int64_t next =
            c->month == 12 ? first_of_month(year + 1, 1) : first_of_month(year, c->month + 1);
        int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
        day = first + (c->day - weekday + 7) % 7 + (c->week - 1) * 7;
        while (day >= next) /* week 5 means the last one */
            day -= 7;
    } else if (c->kind == 'J') {
        bool leap = first_of_month(year, 3) - first_of_month(year, 2) == 29;
        day += c->day - 1 + (leap && c->day >= 60);
    } else {
        day += c->day;
    }
    return day * DAY_S + c->time_s;
}

static int offset_by_rule(const struct rule *r, int64_t at_s)
{
    time_t local = at_s + r->std_s;
    struct tm tm;

    if (!r->has_dst || !gmtime_r(&local, &tm))
        return r->std_s;
    int64_t start = change_in_year(&r->start, tm.tm_year + 1900) - r->std_s;
    int64_t end = change_in_year(&r->end, tm.tm_year + 1900) - r->dst_s;
    bool dst = start < end ? at_s >= start && at_s < end : at_s >= start || at_s < end;
    return dst ? r->dst_s : r->std_s;
}

/* ---- the file ---- */

struct counts {
    size_t isut, isstd, leap, time, type, chars;
};

static bool read_header(const uint8_t *p, size_t len, struct counts *ret)
{
    if (len < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    *ret = (struct counts){
        .isut = big_endian(p + 20, 4),
        .isstd = big_endian(p + 24, 4),
        .leap = big_endian(p + 28, 4),
        .time = big_endian(p + 32, 4),
        .type = big_endian(p + 36, 4),
        .chars = big_endian(p + 40, 4),
    };
    size_t most = MAX_FILE; /* keeps the sums below far from overflow */
    return ret->isut < most && ret->isstd < most && ret->leap < most && ret->time < most &&
           ret->type < most && ret->chars < most;
}

/* Bytes of the block after a header; time_size is 4 in the first block, 8 in the second. */
static size_t block_size(const struct counts *c, size_t time_size)
{
    return c->time * (time_size + 1) + c->type * 6 + c->chars + c->leap * (time_size + 4) +
           c->isstd + c->isut;
}

static bool read_footer(const uint8_t *p, size_t len, struct rule *ret)
{
    char text[128];

    if (len < 2 || p[0] != '\n')
        return false;
    const uint8_t *end = memchr(p + 1, '\n', len - 1);
    size_t size = end ? (size_t)(end - p - 1) : sizeof text;
    if (size >= sizeof text)
        return false;
    memcpy(text, p + 1, size);
    text[size] = '\0';
    return size == 0 || parse_rule(text, ret); /* empty: the last change holds for ever */
}

static bool read_zone(struct kol_zone *z, size_t len)
{
    const uint8_t *p = z->bytes;
    struct counts c;

    if (!read_header(p, len, &c) || block_size(&c, 4) > len - HEADER)
        return false;
    p += HEADER + block_size(&c, 4); /* the first block has 32-bit times: skip it */
    len -= HEADER + block_size(&c, 4);
    if (!read_header(p, len, &c) || block_size(&c, 8) > len - HEADER || c.type == 0)
        return false;

    p += HEADER;
    z->count = c.time;
    z->kind_count = c.type;
    z->times = p;
    z->kinds = z->times + c.time * 8;
    z->types = z->kinds + c.time;
    for (size_t i = 0; i < z->count; i++)
        if (z->kinds[i] >= z->kind_count)
            return false;
    return read_footer(p + block_size(&c, 8), len - HEADER - block_size(&c, 8), &z->rule);
}

enum kol_code kol_zone_parse(const void *bytes, size_t len, struct kol_zone **ret,
                             struct kol_err *err)
{
    struct kol_zone *z = calloc(1, sizeof *z + len);
    if (!z)
        return kol_fail(err, KOL_NO_MEMORY, "time zone: out of memory");

    memcpy(z->bytes, bytes, len);
    if (!read_zone(z, len)) {
        free(z);
        return kol_fail(err, KOL_BAD_INPUT, "time zone: not a zone file of version 2 or later");
    }
    *ret = z;
    return KOL_OK;
}

static bool name_is_safe(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t len = strlen(name);

    return len > 0 && len < 64 && strspn(name, allowed) == len && name[0] != '/';
}

enum kol_code kol_zone_load(const char *name, struct kol_zone **ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *bytes = NULL;
    size_t len = 0;
    char path[128];

    if (!name_is_safe(name))
        return kol_fail(err, KOL_BAD_INPUT, "time zone '%.40s' is no name such as Asia/Jerusalem",
                        name);
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    enum kol_code code = kol_file_read(path, MAX_FILE, &bytes, &len, err);
    if (code == KOL_NOT_FOUND)
        return kol_fail(err, KOL_BAD_INPUT,
                        "time zone '%s' is unknown here (is the package tzdata installed?)", name);
    if (code == KOL_OK)
        code = kol_zone_parse(bytes, len, ret, err);
    if (code != KOL_OK)
        return kol_err_prefix(err, "time zone '%s'", name);
    return KOL_OK;
}

void kol_zone_free(struct kol_zone *z)
{
    free(z);
}

static int type_offset_s(const struct kol_zone *z, size_t kind)
{
    return (int32_t)big_endian(z->types + kind * 6, 4);
}

int kol_zone_offset_s(const struct kol_zone *z, int64_t at_s)
{
    size_t low = 0; /* changes before low are not after at_s */
    size_t high = z->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if ((int64_t)big_endian(z->times + mid * 8, 8) <= at_s)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == z->count && z->rule.set)
        return offset_by_rule(&z->rule, at_s);
    return type_offset_s(z, low ? z->kinds[low - 1] : 0);
}

/* The first moment whose local time is not before local_s: midnight may not exist, or come twice.
 */
static int64_t first_at(const struct kol_zone *z, int64_t local_s)
{
    int64_t low = local_s - 2 * DAY_S;
    int64_t high = local_s + 2 * DAY_S;

    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (mid + kol_zone_offset_s(z, mid) >= local_s)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static bool parse_date(const char *s, int64_t *ret_days)
{
    int year = 0;
    int month = 0;
    int day = 0;

    if (strlen(s) != 10 || s[4] != '-' || s[7] != '-')
        return false;
    if (!take_int(&s, 9999, &year) || *s++ != '-' || !take_int(&s, 12, &month) || *s++ != '-' ||
        !take_int(&s, 31, &day) || *s)
        return false;
    return kol_day_number(year, month, day, ret_days);
}

enum kol_code kol_day_bounds(const char *zone, const char *date, int64_t *ret_from_ms,
                             int64_t *ret_to_ms, struct kol_err *err)
{
    int64_t days = 0;
    KOL_ZONE z = NULL;

    if (!parse_date(date, &days))
        return kol_fail(err, KOL_BAD_INPUT, "date '%.20s' is not a day as YYYY-MM-DD", date);
    enum kol_code code = kol_zone_load(zone, &z, err);
    if (code == KOL_OK && z) {
        *ret_from_ms = first_at(z, days * DAY_S) * 1000;
        *ret_to_ms = first_at(z, (days + 1) * DAY_S) * 1000;
    }
    return code;
}
