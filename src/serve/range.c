/* range.c - see range.h. */
#include "serve/range.h"
#include "base/clock.h"
#include "base/str.h"
#include <string.h>
#include <strings.h>
#include <time.h>

/* Blanks that RFC 9110 allows around list members ("OWS"). */
static const char *skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

/* Reads digits; a number too large for 64 bits is as good as the largest. False when there are
 * none. */
static bool read_number(const char **at, uint64_t *ret)
{
    const char *s = *at;
    uint64_t n = 0;

    if (*s < '0' || *s > '9')
        return false;
    for (; *s >= '0' && *s <= '9'; s++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *s - '0', &n))
            n = UINT64_MAX / 16; /* beyond every file; more digits keep it there */
    *at = s;
    *ret = n;
    return true;
}

/* "-100": the last 100 bytes. */
static enum kol_range_result suffix_range(uint64_t length, uint64_t size, uint64_t *ret_first,
                                          uint64_t *ret_last)
{
    if (!length || !size)
        return KOL_RANGE_UNSATISFIABLE;
    *ret_first = length < size ? size - length : 0;
    *ret_last = size - 1;
    return KOL_RANGE_PART;
}

/* "5-" and "5-9" */
static enum kol_range_result open_range(uint64_t first, uint64_t last, uint64_t size,
                                        uint64_t *ret_first, uint64_t *ret_last)
{
    if (first >= size)
        return KOL_RANGE_UNSATISFIABLE;
    *ret_first = first;
    *ret_last = last < size ? last : size - 1;
    return KOL_RANGE_PART;
}

enum kol_range_result kol_range_parse(const char *header, uint64_t size, uint64_t *ret_first,
                                      uint64_t *ret_last)
{
    uint64_t first = 0, last = UINT64_MAX;

    if (!header || strncasecmp(header, "bytes=", 6) != 0)
        return KOL_RANGE_WHOLE;
    const char *s = skip_blanks(header + 6);
    bool has_first = read_number(&s, &first);
    if (*s++ != '-')
        return KOL_RANGE_WHOLE;
    bool has_last = read_number(&s, &last);
    if (*skip_blanks(s)) /* a second range, or nonsense */
        return KOL_RANGE_WHOLE;

    if (!has_first)
        return has_last ? suffix_range(last, size, ret_first, ret_last) : KOL_RANGE_WHOLE;
    if (has_last && last < first) /* not a range at all (RFC 9110, 14.1.1) */
        return KOL_RANGE_WHOLE;
    return open_range(first, last, size, ret_first, ret_last);
}

static bool same_second(const char *date, int64_t at_ms)
{
    int64_t given_ms;
    return at_ms && kol_time_parse_rfc2822(date, &given_ms) && given_ms / 1000 == at_ms / 1000;
}

bool kol_if_range_holds(const char *if_range, const struct kol_validator *file)
{
    if (!if_range)
        return true;
    if (*if_range == '"')
        return kol_streq(if_range, file->etag);
    return *if_range != 'W' && same_second(if_range, file->changed_at_ms);
}

/* Is tag in the list? Weak comparison: a "W/" before a member does not matter (RFC 9110, 13.1.2).
 */
static bool lists_etag(const char *list, const char *tag)
{
    size_t len = strlen(tag);

    for (const char *s = skip_blanks(list); *s; s = skip_blanks(s)) {
        if (*s == ',') {
            s++;
            continue;
        }
        if (*s == '*')
            return true;
        if (kol_starts_with(s, "W/"))
            s += 2;
        if (*s != '"')
            return false;
        if (strncmp(s, tag, len) == 0)
            return true;
        const char *end = strchr(s + 1, '"');
        if (!end)
            return false;
        s = end + 1;
    }
    return false;
}

bool kol_not_modified(const char *if_none_match, const char *if_modified_since,
                      const struct kol_validator *file)
{
    int64_t since_ms;

    if (if_none_match)
        return lists_etag(if_none_match, file->etag);
    if (!if_modified_since || !file->changed_at_ms)
        return false;
    return kol_time_parse_rfc2822(if_modified_since, &since_ms) &&
           file->changed_at_ms / 1000 <= since_ms / 1000;
}

void kol_http_date(int64_t at_ms, char ret[static KOL_HTTP_DATE_TEXT])
{
    /* Names by hand: strftime's follow the locale. */
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at_s = (time_t)(at_ms / 1000);
    struct tm t;

    ret[0] = '\0';
    if (!gmtime_r(&at_s, &t) || t.tm_year < 0 || t.tm_year > 8099)
        return;
    snprintf(ret, KOL_HTTP_DATE_TEXT, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday & 7],
             t.tm_mday & 31, months[t.tm_mon % 12], (t.tm_year + 1900) % 10000, t.tm_hour & 31,
             t.tm_min & 63, t.tm_sec & 63);
}
