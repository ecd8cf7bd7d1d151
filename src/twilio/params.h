/*
 * params.h - what a callback of Twilio carries: form-encoded text into checked fields.
 *
 * Used by: signature.c (raw pairs), intake (typed fields). Knows: names, spellings and quirks of
 * Twilio's parameters. Does not know: what is stored. All values live as long as the arena.
 * Source: WHATWG URL, application/x-www-form-urlencoded; docs/twilio.md.
 */
#ifndef KOL_TWILIO_PARAMS_H
#define KOL_TWILIO_PARAMS_H

#include "base/arena.h"
#include "base/json.h"
#include <stddef.h>
#include <stdint.h>

#define KOL_PARAMS_MAX 256               /* Twilio sends about 30 */
#define KOL_PARAMS_MAX_BYTES (64 * 1024) /* of the encoded text */

/* Decoded bytes: NUL-terminated, but may hold NULs, so that a signature covers what was sent. */
struct kol_param {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};

struct kol_params {
    struct kol_param *items; /* in the order received, repeats included */
    size_t count;
    bool has_nul; /* somewhere in a name or value: never to be used as C strings */
};

/*
 * Splits and decodes. "+" is a blank; a "%" without two hex digits stays as it is, as Twilio's own
 * libraries leave it (else the signature could not be checked).
 * Errors: TOO_LARGE (bytes or count), NO_MEMORY.
 */
enum kol_code kol_params_parse(struct kol_arena *a, const void *text, size_t len,
                               struct kol_params *ret, struct kol_err *err) KOL_MUST_CHECK;

/* The first value of a name, NULL when absent. Only when has_nul is false. */
const char *kol_params_get(const struct kol_params *p, const char *name);
/* All of it as a JSON object for support: a repeated name keeps its first value. */
json_t *kol_params_json(const struct kol_params *p);

/* A length in seconds as Twilio tells it: always text, often not known yet. */
struct kol_duration {
    int64_t seconds;   /* -1: not known yet */
    const char *given; /* what was said, for the log: "13", "-1", "null", "missing", "\"\"" */
};
/* Missing (NULL), "", "null", "None", "0", "-1" and everything that is no positive number: unknown.
 */
struct kol_duration kol_duration_parse(struct kol_arena *a, const char *text);
struct kol_duration kol_duration_of_json(struct kol_arena *a,
                                         const json_t *value); /* string, number, null, NULL */

/* A recording, from the recording status callback, from <Record action> or from a call's end. */
struct kol_recording_params {
    const char *account_sid;
    const char *call_sid;       /* NULL only when there is a conference_sid */
    const char *conference_sid; /* CF and 32 digits; NULL */
    const char *recording_sid;  /* NULL when the callback has none */
    const char *url;            /* as sent; NULL when there is none */
    const char *status; /* in-progress, completed, absent, failed; NULL: the callback has none */
    const char *source; /* open set: RecordVerb, DialVerb, ...; NULL */
    struct kol_duration duration;
    int channels;       /* 0 unknown */
    int64_t error_code; /* 0 none */
    int64_t started_at_ms;
};
/* Errors: BAD_INPUT, saying which parameter and why. */
enum kol_code kol_recording_params_read(struct kol_arena *a, const struct kol_params *p,
                                        struct kol_recording_params *ret,
                                        struct kol_err *err) KOL_MUST_CHECK;

struct kol_call_params {
    const char *account_sid, *call_sid;
    const char *from, *to;       /* as sent; NULL when the callback has none */
    const char *direction;       /* inbound, outbound-api, outbound-dial, trunking-...; NULL */
    const char *status;          /* queued ... completed; NULL */
    const char *parent_call_sid; /* NULL: no child leg */
    int64_t sequence;            /* SequenceNumber, from 0; requests may arrive out of order */
    int64_t at_ms;               /* Timestamp; 0 none */
    int64_t seconds;             /* CallDuration; -1 none */
};
enum kol_code kol_call_params_read(struct kol_arena *a, const struct kol_params *p,
                                   struct kol_call_params *ret, struct kol_err *err) KOL_MUST_CHECK;
/* completed, busy, failed, no-answer, canceled: nothing follows. */
bool kol_call_status_terminal(const char *status);
/* "outbound" for everything that starts with it, else "inbound"; NULL stays NULL. */
const char *kol_call_direction(const char *direction);

struct kol_transcription_params {
    const char *account_sid, *call_sid, *transcription_sid;
    const char *event; /* started, content, stopped, error: without Twilio's "transcription-" */
    int64_t sequence;  /* SequenceId; made of time and content where Twilio sent none */
    bool final;        /* partial results are replaced by a final one */
    bool outbound;     /* which track spoke: outbound_track, else inbound_track */
    const char *transcript; /* of a content event, one line without control characters; else "" */
    const char *error;      /* of an error event: "<code>: <text>", short; else NULL */
    int64_t at_ms;          /* 0 none */
};
enum kol_code kol_transcription_params_read(struct kol_arena *a, const struct kol_params *p,
                                            struct kol_transcription_params *ret,
                                            struct kol_err *err) KOL_MUST_CHECK;

/* Twilio's two ways to write a time: RFC 2822, and ISO 8601 in UTC (transcription events). 0:
 * neither. */
int64_t kol_twilio_time(const char *text);

#endif
