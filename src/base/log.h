/*
 * log.h - the one logger: text for people, JSON for machines, the same events in both.
 *
 * The operators' lines (behaviour.md) are one table in log_events.h: stages call them by name, text
 * is word for word. Everything else below pipeline, serve and cli logs at debug only.
 * Private values (phone numbers, names, words of a call) pass only through kol_log_private().
 * Threading: safe; one write(2) per line.
 */
#ifndef KOL_BASE_LOG_H
#define KOL_BASE_LOG_H

#include "base/err.h"
#include "base/log_events.h"
#include <stdint.h>

enum kol_level { KOL_DEBUG, KOL_INFO, KOL_WARN, KOL_ERROR };
enum kol_log_format { KOL_LOG_TEXT, KOL_LOG_JSON };

void kol_log_setup(enum kol_log_format format, enum kol_level least, int fd);
bool kol_log_enabled(enum kol_level level);

/* What every line of this thread carries until changed; NULL clears. Borrowed strings are copied.
 */
struct kol_log_context {
    const char *call_sid;
    int64_t job_id; /* 0: none */
    const char *stage;
};
void kol_log_context_set(const struct kol_log_context *context);

/* An operators' line by name: kol_log_event(KOL_EV_JOB_ENQUEUED, call_sid). Arguments as its format
 * says. */
void kol_log_event(enum kol_event event, ...);

/* Any other line. fmt is a short factual message; append key=value details. */
void kol_log(enum kol_level level, const char *fmt, ...) KOL_PRINTF(2, 3);
#define kol_debug(...) kol_log(KOL_DEBUG, __VA_ARGS__)
#define kol_info(...) kol_log(KOL_INFO, __VA_ARGS__)
#define kol_warn(...) kol_log(KOL_WARN, __VA_ARGS__)
#define kol_error(...) kol_log(KOL_ERROR, __VA_ARGS__)

/*
 * A private value for a log line: as it is when debug is on, otherwise a short mask ("***12").
 * Returns a pointer into a ring of four thread-local buffers.
 */
const char *kol_log_private(const char *value);

#endif
