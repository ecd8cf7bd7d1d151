/*
 * log.c - see log.h. A line is built on the stack and written by one write(2); a logger that needs
 * memory cannot report that there is none.
 */
#include "base/log.h"
#include "base/clock.h"
#include "base/str.h"
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TEXT_BYTES = 1024,  /* longest message or value before escaping */
    LINE_BYTES = 32768, /* three such values, each byte escaped as six, and the rest of a line */
    MAX_FIELDS = 4,
    SID_BYTES = 64,
    STAGE_BYTES = 24
};

static atomic_int log_format = KOL_LOG_TEXT;
static atomic_int log_least = KOL_INFO;
static atomic_int log_fd = STDERR_FILENO;

static _Thread_local struct {
    char call_sid[SID_BYTES];
    char stage[STAGE_BYTES];
    int64_t job_id;
} context;

static const struct {
    enum kol_level level;
    const char *name;
    const char *format;
    const char *fields; /* comma-separated, in the order of the arguments */
} events[KOL_EVENT_COUNT] = {
#define X(id, lvl, json, fmt, names) [KOL_EV_##id] = {KOL_##lvl, json, fmt, names},
    KOL_EVENTS(X)
#undef X
};

static const char *const level_names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

void kol_log_setup(enum kol_log_format format, enum kol_level least, int fd)
{
    log_format = (int)format;
    log_least = (int)least;
    log_fd = fd;
}

bool kol_log_enabled(enum kol_level level)
{
    return (int)level >= log_least;
}

void kol_log_context_set(const struct kol_log_context *c)
{
    memset(&context, 0, sizeof context);
    if (!c)
        return;
    snprintf(context.call_sid, sizeof context.call_sid, "%s", c->call_sid ? c->call_sid : "");
    snprintf(context.stage, sizeof context.stage, "%s", c->stage ? c->stage : "");
    context.job_id = c->job_id;
}

const char *kol_log_private(const char *value)
{
    static _Thread_local char ring[4][12];
    static _Thread_local unsigned next;

    if (!value)
        return "null";
    if (kol_log_enabled(KOL_DEBUG))
        return value;
    char *mask = ring[next++ % 4];
    size_t len = strlen(value);
    bool show_tail = len > 4 && kol_utf8_valid(value + len - 2, 2);
    snprintf(mask, sizeof ring[0], "***%s", show_tail ? value + len - 2 : "");
    return mask;
}

/* ---- a line under construction: what does not fit is left out ---- */

struct line {
    size_t len;
    size_t max; /* the last byte is kept for the newline */
    char *data;
};

static void add_bytes(struct line *l, const char *s, size_t len)
{
    if (len > l->max - l->len)
        return;
    memcpy(l->data + l->len, s, len);
    l->len += len;
}

static void add(struct line *l, const char *s)
{
    add_bytes(l, s, strlen(s));
}

static void KOL_PRINTF(2, 3) add_fmt(struct line *l, const char *fmt, ...)
{
    char text[64];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    add(l, text);
}

/* True for what could end a line, colour a terminal or turn the rest of the line around. */
static bool is_harmful(const char *s, size_t step)
{
    const unsigned char *p = (const unsigned char *)s;

    if (step == 1)
        return *p < 0x20 || *p == 0x7f;
    if (step == 2)
        return p[0] == 0xc2 && p[1] < 0xa0; /* C1 controls */
    if (step != 3 || p[0] != 0xe2)
        return step == 0;
    bool separator_or_override = p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae; /* U+2028 to 202E */
    bool isolate = p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;               /* U+2066 to 2069 */
    return separator_or_override || isolate;
}

static void add_text(struct line *l, const char *s)
{
    for (size_t left = strlen(s); left;) {
        size_t step = kol_utf8_step(s, left);
        size_t used = step ? step : 1;
        if (!is_harmful(s, step))
            add_bytes(l, s, used);
        else
            for (size_t i = 0; i < used; i++)
                add_fmt(l, "\\x%02x", (unsigned char)s[i]);
        s += used;
        left -= used;
    }
}

static void add_json_text(struct line *l, const char *s)
{
    add(l, "\"");
    for (size_t left = strlen(s); left;) {
        size_t step = kol_utf8_step(s, left);
        if (step == 0)
            add(l, "\\ufffd");
        else if (*s == '"' || *s == '\\')
            add_fmt(l, "\\%c", *s);
        else if (step == 1 && is_harmful(s, step))
            add_fmt(l, "\\u%04x", (unsigned char)*s);
        else
            add_bytes(l, s, step);
        s += step ? step : 1;
        left -= step ? step : 1;
    }
    add(l, "\"");
}

/* ---- events: their format is data here, so the arguments are taken one by one ---- */

struct field {
    bool quoted; /* text, not a number */
    char value[TEXT_BYTES];
};

/* Takes one argument by its conversion at *fmt (behind the '%') and moves past it. */
static void take_field(const char **fmt, va_list *args, struct field *ret)
{
    ret->quoted = false;
    if (kol_starts_with(*fmt, "s")) {
        const char *s = va_arg(*args, const char *);
        s = s ? s : "null";
        size_t len = kol_utf8_clip(s, sizeof ret->value - 1);
        memcpy(ret->value, s, len);
        ret->value[len] = '\0';
        ret->quoted = true;
        *fmt += 1;
    } else if (kol_starts_with(*fmt, "d")) {
        snprintf(ret->value, sizeof ret->value, "%d", va_arg(*args, int));
        *fmt += 1;
    } else if (kol_starts_with(*fmt, "lld")) {
        snprintf(ret->value, sizeof ret->value, "%lld", va_arg(*args, long long));
        *fmt += 3;
    } else if (kol_starts_with(*fmt, ".2f")) {
        snprintf(ret->value, sizeof ret->value, "%.2f", va_arg(*args, double));
        *fmt += 3;
    } else {
        abort(); /* log_events.h names the four that there are; test_log.c walks the table */
    }
}

/* Fills the message and the fields; returns how many fields. */
static int render_event(const char *fmt, va_list *args, struct line *message,
                        struct field fields[static MAX_FIELDS])
{
    int count = 0;

    while (*fmt) {
        size_t plain = strcspn(fmt, "%");
        add_bytes(message, fmt, plain);
        fmt += plain;
        if (!*fmt)
            break;
        fmt++;
        take_field(&fmt, args, &fields[count]);
        add_text(message, fields[count].value);
        if (++count == MAX_FIELDS)
            break;
    }
    return count;
}

/* ---- the two forms ---- */

/* Local time: these lines are read by people beside the machine. */
static void add_local_time(struct line *l, int64_t at_ms)
{
    time_t seconds = at_ms / 1000;
    struct tm tm;
    char text[32] = "";

    if (localtime_r(&seconds, &tm))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    add_fmt(l, "%s.%03d ", text, (int)(at_ms % 1000));
}

static void write_line(struct line *l)
{
    size_t done = 0;

    l->data[l->len++] = '\n';
    while (done < l->len) {
        ssize_t n = write(log_fd, l->data + done, l->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* nobody is left to tell */
        done += (size_t)n;
    }
}

static void add_context(struct line *l)
{
    if (context.call_sid[0]) {
        add(l, " call=");
        add_text(l, context.call_sid);
    }
    if (context.job_id)
        add_fmt(l, " job=%lld", (long long)context.job_id);
    if (context.stage[0]) {
        add(l, " stage=");
        add_text(l, context.stage);
    }
}

static void add_json_field(struct line *l, const char *name, size_t name_len, const char *value,
                           bool quoted)
{
    add(l, ",\"");
    add_bytes(l, name, name_len);
    add(l, "\":");
    if (quoted)
        add_json_text(l, value);
    else
        add(l, value);
}

static void add_json_str(struct line *l, const char *name, const char *value)
{
    add_json_field(l, name, strlen(name), value, true);
}

static void add_json_head(struct line *l, enum kol_level level, const char *event,
                          const char *message)
{
    char time_text[KOL_TIME_TEXT];

    kol_time_iso(kol_wall_ms(), time_text);
    add_fmt(l, "{\"time\":\"%s\"", time_text);
    add_json_str(l, "level", level_names[level]);
    add_json_str(l, "event", event);
    add_json_str(l, "message", message);
}

static void add_json_fields(struct line *l, const char *names, const struct field *fields,
                            int count)
{
    for (int i = 0; i < count && *names; i++) {
        size_t len = strcspn(names, ",");
        add_json_field(l, names, len, fields[i].value, fields[i].quoted);
        names += len + (names[len] == ',');
    }
}

static void add_json_context(struct line *l, const char *names)
{
    /* The event's own call comes first: a key stands in an object once. */
    if (context.call_sid[0] && !strstr(names, "call_sid"))
        add_json_str(l, "call_sid", context.call_sid);
    if (context.job_id)
        add_fmt(l, ",\"job_id\":%lld", (long long)context.job_id);
    if (context.stage[0])
        add_json_str(l, "stage", context.stage);
    add(l, "}");
}

void kol_log_event(enum kol_event event, ...)
{
    char text[2 * TEXT_BYTES];
    char data[LINE_BYTES];
    struct line message = {.data = text, .max = sizeof text - 1};
    struct line l = {.data = data, .max = sizeof data - 1};
    struct field fields[MAX_FIELDS];
    enum kol_level level = events[event].level;

    if (!kol_log_enabled(level))
        return;
    va_list args;
    va_start(args, event);
    int count = render_event(events[event].format, &args, &message, fields);
    va_end(args);
    text[message.len] = '\0';

    if (log_format == KOL_LOG_JSON) {
        add_json_head(&l, level, events[event].name, text);
        add_json_fields(&l, events[event].fields, fields, count);
        add_json_context(&l, events[event].fields);
    } else {
        add_local_time(&l, kol_wall_ms());
        add_fmt(&l, "%-5s ", level_names[level]);
        add(&l, text);
    }
    write_line(&l);
}

void kol_log(enum kol_level level, const char *fmt, ...)
{
    char text[2 * TEXT_BYTES + 4];
    char data[LINE_BYTES];
    struct line l = {.data = data, .max = sizeof data - 1};
    int saved_errno = errno;

    if (!kol_log_enabled(level))
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    text[kol_utf8_clip(text, 2 * TEXT_BYTES)] = '\0';

    if (log_format == KOL_LOG_JSON) {
        add_json_head(&l, level, "log", text);
        add_json_context(&l, "");
    } else {
        add_local_time(&l, kol_wall_ms());
        add_fmt(&l, "%-5s ", level_names[level]);
        add_text(&l, text);
        add_context(&l);
    }
    write_line(&l);
    errno = saved_errno;
}
