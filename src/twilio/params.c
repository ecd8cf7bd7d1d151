/* params.c - the typed half of params.h: which parameters there are and how Twilio spells them. */
#include "twilio/params.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- single values ---- */

struct kol_duration kol_duration_parse(struct kol_arena *a, const char *text)
{
    struct kol_duration d = {.seconds = -1};
    int64_t seconds = 0;

    if (!text) {
        d.given = "missing";
        return d;
    }
    size_t len = kol_utf8_clip(text, 32); /* the log wants a number, not somebody's novel */
    d.given = len ? kol_arena_strn(a, text, len) : "\"\"";
    if (!d.given)
        d.given = "?";
    /* Never compare this text with a number: "-1" is as unknown as -1. */
    if (kol_parse_i64(text, &seconds) && seconds > 0 && seconds <= 7 * 86400)
        d.seconds = seconds;
    return d;
}

struct kol_duration kol_duration_of_json(struct kol_arena *a, const json_t *value)
{
    if (json_is_null(value))
        return kol_duration_parse(a, "null");
    if (json_is_string(value))
        return kol_duration_parse(a, json_string_value(value));
    if (value) /* a number, though the specification says text */
        return kol_duration_parse(a, kol_json_text(a, value));
    return kol_duration_parse(a, NULL);
}

/* "2026-03-24T18:15:40.123456Z" */
static bool parse_iso(const char *s, int64_t *ret_at_ms)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    int n[6] = {0}, field = 0;
    int64_t days = 0;

    for (size_t i = 0; i < sizeof form - 1; i++) {
        if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
            return false;
        if (form[i] == 'd')
            n[field] = n[field] * 10 + (s[i] - '0');
        else
            field++;
    }

    int64_t fraction_ms = 0;
    s += sizeof form - 1;
    if (*s == '.')
        for (int64_t unit = 100; *++s >= '0' && *s <= '9'; unit /= 10)
            fraction_ms += unit * (*s - '0');
    if (!kol_streq(s, "Z") && !kol_streq(s, "+00:00") && !kol_streq(s, "+0000"))
        return false;
    if (!kol_day_number(n[0], n[1], n[2], &days) || n[3] > 23 || n[4] > 59 || n[5] > 60)
        return false;
    *ret_at_ms = (((days * 24 + n[3]) * 60 + n[4]) * 60 + n[5]) * 1000 + fraction_ms;
    return true;
}

int64_t kol_twilio_time(const char *text)
{
    int64_t at_ms = 0;

    if (kol_str_empty(text))
        return 0;
    if (kol_time_parse_rfc2822(text, &at_ms) || parse_iso(text, &at_ms))
        return at_ms > 0 ? at_ms : 0;
    return 0;
}

static int64_t number_or(const char *text, int64_t missing)
{
    int64_t v = 0;
    return kol_parse_i64(text, &v) ? v : missing;
}

/* The value, but NULL for "" as well. */
static const char *get(const struct kol_params *p, const char *name)
{
    const char *value = kol_params_get(p, name);
    return kol_str_empty(value) ? NULL : value;
}

/* A value from a small alphabet, so that it may stand in logs and keys. */
static bool is_word(const char *s)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return strlen(s) <= 48 && strspn(s, letters) == strlen(s);
}

/* ---- checks that every callback shares ---- */

/* Two different values under one name: whatever we took, the sender might have meant the other. */
static const char *contradiction(const struct kol_params *p)
{
    static const char *const decisive[] = {"AccountSid", "CallSid", "RecordingSid", "RecordingUrl",
                                           "TranscriptionSid"};

    for (size_t i = 0; i < sizeof decisive / sizeof *decisive; i++) {
        const char *first = kol_params_get(p, decisive[i]);
        for (size_t k = 0; first && k < p->count; k++)
            if (kol_streq(p->items[k].name, decisive[i]) && !kol_streq(p->items[k].value, first))
                return decisive[i];
    }
    return NULL;
}

static enum kol_code check_account(const struct kol_params *p, const char **ret_account_sid,
                                   struct kol_err *err)
{
    if (p->has_nul)
        return kol_fail(err, KOL_BAD_INPUT, "a parameter holds a NUL byte");
    const char *twice = contradiction(p);
    if (twice)
        return kol_fail(err, KOL_BAD_INPUT, "%s is given twice with different values", twice);

    *ret_account_sid = kol_params_get(p, "AccountSid");
    if (!kol_sid_valid(*ret_account_sid, "AC"))
        return kol_fail(err, KOL_BAD_INPUT, "AccountSid is %s",
                        *ret_account_sid ? "no account SID" : "missing");
    return KOL_OK;
}

static enum kol_code check_common(const struct kol_params *p, const char **ret_account_sid,
                                  const char **ret_call_sid, struct kol_err *err)
{
    enum kol_code code = check_account(p, ret_account_sid, err);

    if (code != KOL_OK)
        return code;
    *ret_call_sid = kol_params_get(p, "CallSid");
    if (!kol_sid_valid(*ret_call_sid, "CA"))
        return kol_fail(err, KOL_BAD_INPUT, "CallSid is %s",
                        *ret_call_sid ? "no call SID" : "missing");
    return KOL_OK;
}

/* A word or NULL; BAD_INPUT for anything else. */
static enum kol_code read_word(const struct kol_params *p, const char *name, const char **ret,
                               struct kol_err *err)
{
    *ret = get(p, name);
    if (*ret && !is_word(*ret))
        return kol_fail(err, KOL_BAD_INPUT, "%s is no word of Twilio's", name);
    return KOL_OK;
}

static enum kol_code read_sid(const struct kol_params *p, const char *name, const char *prefix,
                              const char **ret, struct kol_err *err)
{
    *ret = kol_params_get(p, name);
    if (*ret && !kol_sid_valid(*ret, prefix))
        return kol_fail(err, KOL_BAD_INPUT, "%s is no SID that begins with %s", name, prefix);
    return KOL_OK;
}

/* ---- the callbacks ---- */

enum kol_code kol_recording_params_read(struct kol_arena *a, const struct kol_params *p,
                                        struct kol_recording_params *ret, struct kol_err *err)
{
    struct kol_recording_params r = {0};
    enum kol_code code = KOL_OK;

    r.conference_sid = get(p, "ConferenceSid");
    if (!kol_sid_valid(r.conference_sid, "CF"))
        r.conference_sid = NULL;
    /* The recording of a conference may come without any participant's call. */
    if (r.conference_sid && !get(p, "CallSid"))
        code = check_account(p, &r.account_sid, err);
    else
        code = check_common(p, &r.account_sid, &r.call_sid, err);
    if (code == KOL_OK)
        code = read_sid(p, "RecordingSid", "RE", &r.recording_sid, err);
    if (code == KOL_OK)
        code = read_word(p, "RecordingStatus", &r.status, err);
    if (code == KOL_OK)
        code = read_word(p, "RecordingSource", &r.source, err);
    if (code != KOL_OK)
        return code;

    int64_t channels = number_or(get(p, "RecordingChannels"), 0);
    r.channels = channels == 1 || channels == 2 ? (int)channels : 0;
    r.url = get(p, "RecordingUrl");
    r.duration = kol_duration_parse(a, kol_params_get(p, "RecordingDuration"));
    r.error_code = number_or(get(p, "ErrorCode"), 0);
    r.started_at_ms = kol_twilio_time(get(p, "RecordingStartTime"));
    *ret = r;
    return KOL_OK;
}

enum kol_code kol_call_params_read(struct kol_arena *a, const struct kol_params *p,
                                   struct kol_call_params *ret, struct kol_err *err)
{
    struct kol_call_params c = {0};
    enum kol_code code = check_common(p, &c.account_sid, &c.call_sid, err);

    (void)a;
    if (code == KOL_OK)
        code = read_word(p, "CallStatus", &c.status, err);
    if (code == KOL_OK)
        code = read_word(p, "Direction", &c.direction, err);
    if (code == KOL_OK)
        code = read_sid(p, "ParentCallSid", "CA", &c.parent_call_sid, err);
    if (code != KOL_OK)
        return code;

    c.from = kol_params_get(p, "From"); /* "" is a withheld caller, not a missing one */
    c.to = kol_params_get(p, "To");
    c.sequence = number_or(get(p, "SequenceNumber"), 0);
    c.at_ms = kol_twilio_time(get(p, "Timestamp"));
    c.seconds = number_or(get(p, "CallDuration"), -1);
    *ret = c;
    return KOL_OK;
}

bool kol_call_status_terminal(const char *status)
{
    static const char *const terminal[] = {"completed", "busy", "failed", "no-answer", "canceled"};

    for (size_t i = 0; i < sizeof terminal / sizeof *terminal; i++)
        if (kol_streq(status, terminal[i]))
            return true;
    return false;
}

const char *kol_call_direction(const char *direction)
{
    if (!direction)
        return NULL;
    /* A trunk "terminates" at the telephone network: the business called. */
    bool outbound =
        kol_starts_with(direction, "outbound") || kol_streq(direction, "trunking-terminating");
    return outbound ? "outbound" : "inbound";
}

/* Bytes at s that are no part of a line: control characters, and Unicode's ways to end a line. */
static size_t line_break_at(const char *s)
{
    const unsigned char *c = (const unsigned char *)s;

    if (*c && (*c <= ' ' || *c == 0x7F))
        return 1;
    if (c[0] == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F)
        return 2;
    return c[0] == 0xE2 && c[1] == 0x80 && (c[2] == 0xA8 || c[2] == 0xA9) ? 3 : 0;
}

/*
 * One line: what is no text becomes a blank, of several one stays, none at the ends. Somebody's
 * words must not be able to begin a line "Agent: ...".
 */
static const char *one_line(struct kol_arena *a, const char *text)
{
    char *out = kol_arena_str(a, text), *to = out;

    for (const char *s = text; out && *s;) {
        const size_t skip = line_break_at(s);

        if (skip == 0)
            *to++ = *s++;
        else if (to > out && to[-1] != ' ')
            *to++ = ' ';
        s += skip;
    }
    if (out) {
        to -= to > out && to[-1] == ' ';
        *to = '\0';
    }
    return out;
}

/* The words of a content event; they stand in JSON inside the parameter. */
static enum kol_code read_transcript(struct kol_arena *a, const struct kol_params *p,
                                     const char **ret, struct kol_err *err)
{
    const char *data = get(p, "TranscriptionData");
    KOL_JSON json = NULL;

    if (!data)
        return kol_fail(err, KOL_BAD_INPUT, "TranscriptionData is missing");
    enum kol_code code = kol_json_parse(data, strlen(data), &json, err);
    if (code != KOL_OK)
        return kol_err_prefix(err, "TranscriptionData");
    const char *words = kol_json_get_str(json, "transcript");
    if (!words)
        return kol_fail(err, KOL_BAD_INPUT, "TranscriptionData has no transcript");
    *ret = one_line(a, words);
    return *ret ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "read a transcript: out of memory");
}

/* TranscriptionErrorCode and TranscriptionError, for people. */
static const char *transcription_error(struct kol_arena *a, const struct kol_params *p)
{
    const char *code = get(p, "TranscriptionErrorCode"), *text = get(p, "TranscriptionError");
    const int64_t number = number_or(code, 0);
    char *line = kol_arena_str(a, one_line(a, text ? text : "no reason given"));

    if (!line)
        return NULL;
    line[kol_utf8_clip(line, 200)] = '\0';
    return number > 0 ? kol_arena_fmt(a, "%lld: %s", (long long)number, line) : line;
}

/*
 * Without SequenceId: time, and of the same millisecond whatever its bytes come to, so that a
 * repeated callback is known again.
 */
static int64_t made_up_sequence(const struct kol_params *p, int64_t at_ms)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    const char *data = get(p, "TranscriptionData");

    for (const char *c = data ? data : ""; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return at_ms * 1000 + hash % 1000;
}

enum kol_code kol_transcription_params_read(struct kol_arena *a, const struct kol_params *p,
                                            struct kol_transcription_params *ret,
                                            struct kol_err *err)
{
    static const char prefix[] = "transcription-";
    struct kol_transcription_params t = {.transcript = ""};
    enum kol_code code = check_common(p, &t.account_sid, &t.call_sid, err);

    if (code == KOL_OK)
        code = read_sid(p, "TranscriptionSid", "GT", &t.transcription_sid, err);
    if (code == KOL_OK)
        code = read_word(p, "TranscriptionEvent", &t.event, err);
    if (code != KOL_OK)
        return code;
    if (!t.event || !kol_starts_with(t.event, prefix))
        return kol_fail(err, KOL_BAD_INPUT, "TranscriptionEvent is %s",
                        t.event ? "no transcription event" : "missing");

    t.event += sizeof prefix - 1;
    t.final = strcasecmp(get(p, "Final") ? get(p, "Final") : "true", "true") == 0;
    t.outbound = kol_streq(get(p, "Track"), "outbound_track");
    t.at_ms = kol_twilio_time(get(p, "Timestamp"));
    t.sequence = number_or(get(p, "SequenceId"), -1);
    if (t.sequence < 0)
        t.sequence = made_up_sequence(p, t.at_ms);
    if (kol_streq(t.event, "error"))
        t.error = transcription_error(a, p);
    if (kol_streq(t.event, "content"))
        code = read_transcript(a, p, &t.transcript, err);
    if (code == KOL_OK)
        *ret = t;
    return code;
}
