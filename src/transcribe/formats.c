#include "transcribe/formats.h"

#include "base/json.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *ending;
} formats[] = {
#define X(code, name, ending) [KOL_TRANSCRIPT_##code] = {name, ending},
    KOL_TRANSCRIPT_FORMATS(X)
#undef X
};

bool kol_transcript_format_from_name(const char *name, enum kol_transcript_format *ret)
{
    for (int i = 0; i < KOL_TRANSCRIPT_FORMAT_COUNT; i++)
        if (kol_streq(formats[i].name, name)) {
            *ret = (enum kol_transcript_format)i;
            return true;
        }
    return false;
}

const char *kol_transcript_format_name(enum kol_transcript_format format)
{
    return formats[format].name;
}

const char *kol_transcript_format_ending(enum kol_transcript_format format)
{
    return formats[format].ending;
}

/* ---- Text ---- */

static void write_text(struct kol_str *out, const struct kol_transcript *t,
                       const struct kol_format_options *options)
{
    kol_str_add(out, t->text);
    kol_str_add_char(out, '\n');
    for (size_t i = 0; options->dropped && i < t->segment_count; i++)
        if (t->segments[i].dropped_reason)
            kol_str_add_fmt(out, "(dropped, %s: %s)\n", t->segments[i].dropped_reason,
                            t->segments[i].text);
        else if (t->segments[i].heard)
            kol_str_add_fmt(out, "(heard: %s)\n", t->segments[i].heard);
}

/* ---- JSON ---- */

/* Four digits are more than a probability deserves. */
static json_t *rounded(double value)
{
    return json_real((double)(int64_t)(value * 10000 + (value < 0 ? -0.5 : 0.5)) / 10000);
}

static json_t *word_json(const struct kol_word *w)
{
    json_t *j = json_object();

    kol_json_set_str(j, "text", w->text);
    kol_json_set_int(j, "start_ms", w->start_ms);
    kol_json_set_int(j, "end_ms", w->end_ms);
    kol_json_set(j, "probability", rounded(w->probability));
    return j;
}

static json_t *segment_json(const struct kol_segment *s)
{
    json_t *j = json_object(), *words = json_array();

    kol_json_set_int(j, "channel", s->channel);
    kol_json_set_str(j, "speaker", kol_role_name(s->role));
    kol_json_set_int(j, "start_ms", s->start_ms);
    kol_json_set_int(j, "end_ms", s->end_ms);
    kol_json_set_str(j, "text", s->text);
    if (s->heard)
        kol_json_set_str(j, "heard", s->heard);
    kol_json_set(j, "avg_logprob", rounded(s->avg_logprob));
    kol_json_set(j, "no_speech_prob", rounded(s->no_speech_prob));
    if (s->dropped_reason)
        kol_json_set_str(j, "reason", s->dropped_reason);
    for (size_t i = 0; i < s->word_count; i++)
        json_array_append_new(words, word_json(&s->words[i]));
    kol_json_set(j, "words", words);
    return j;
}

static json_t *segments_json(const struct kol_transcript *t, bool dropped)
{
    json_t *list = json_array();

    for (size_t i = 0; i < t->segment_count; i++)
        if ((t->segments[i].dropped_reason != NULL) == dropped)
            json_array_append_new(list, segment_json(&t->segments[i]));
    return list;
}

static void write_json(struct kol_str *out, const struct kol_transcript *t,
                       const struct kol_format_options *options)
{
    KOL_JSON j = json_object();

    if (options->file)
        kol_json_set_str(j, "file", options->file);
    kol_json_set_str(j, "language", t->language);
    kol_json_set(j, "language_probability", rounded(t->language_probability));
    kol_json_set_int(j, "duration_ms", t->duration_ms);
    kol_json_set_int(j, "speech_ms", t->speech_ms);
    kol_json_set_int(j, "channels", t->channels);
    if (t->channels_reason)
        kol_json_set_str(j, "channels_reason", t->channels_reason);
    kol_json_set_str(j, "engine", t->engine);
    kol_json_set_str(j, "model", t->model);
    kol_json_set(j, "real_time_factor", rounded(t->real_time_factor));
    kol_json_set(j, "cut_short", json_boolean(t->cut_short));
    kol_json_set_str(j, "text", t->text);
    kol_json_set(j, "segments", segments_json(t, false));
    if (options->dropped)
        kol_json_set(j, "dropped", segments_json(t, true));

    char *text = json_dumps(j, JSON_COMPACT);
    if (!text)
        out->failed = true;
    kol_str_add(out, text ? text : "");
    kol_str_add_char(out, '\n');
    free(text);
}

/* ---- Subtitles ---- */

static void add_time(struct kol_str *out, int64_t ms, char comma)
{
    kol_str_add_fmt(out, "%02lld:%02lld:%02lld%c%03lld", (long long)ms / 3600000,
                    (long long)ms / 60000 % 60, (long long)ms / 1000 % 60, comma,
                    (long long)ms % 1000);
}

/*
 * Players lay a cue out by its first letter, which is wrong for "WiFi לא עובד אצלי" and for all
 * Hebrew behind the "Agent: " of srt: such a text stands in an isolate of its own. A number that
 * begins with "+" or "*" would lose its sign to the other side, so it has one too. Subtitles are
 * for eyes only; the other formats are read by programs, and carry no marks. Source: Unicode
 * Standard Annex 9.
 */
#define RTL_ISOLATE "\u2067"
#define LTR_ISOLATE "\u2066"
#define END_ISOLATE "\u2069"

struct scripts {
    size_t hebrew, latin; /* words with letters of it; Hebrew if it has any */
    bool latin_first;
};

static bool has_hebrew(const unsigned char *u)
{
    return u[0] == 0xd7 && u[1] >= 0x90 && u[1] <= 0xaa;
}

static struct scripts count_words(const char *text)
{
    struct scripts n = {0};

    while (*text) {
        const char *end = text + strcspn(text, " ");
        bool hebrew = false, latin = false;
        for (; text < end; text++) {
            hebrew |= has_hebrew((const unsigned char *)text);
            latin |= (*text | 0x20) >= 'a' && (*text | 0x20) <= 'z';
            n.latin_first |= latin && !hebrew && n.hebrew == 0;
        }
        n.hebrew += hebrew;
        n.latin += latin && !hebrew;
        text += strspn(text, " ");
    }
    return n;
}

static bool begins_signed_number(const char *text, const char *at)
{
    return (*at == '+' || *at == '*') && isdigit((unsigned char)at[1]) &&
           (at == text || at[-1] == ' ' || at[-1] == '-');
}

/* A line of a cue must not be empty nor hold "-->", which would end it. */
static void add_cue_text(struct kol_str *out, const char *text, bool is_vtt, bool is_rtl)
{
    const char *isolated_to = NULL;

    for (const char *c = text; *c; c++) {
        if (is_rtl && begins_signed_number(text, c)) {
            kol_str_add(out, LTR_ISOLATE);
            isolated_to = c + 1 + strspn(c + 1, "0123456789-");
        }
        if (*c == '\n' || *c == '\r')
            kol_str_add_char(out, ' ');
        else if (is_vtt && *c == '&')
            kol_str_add(out, "&amp;");
        else if (is_vtt && *c == '<')
            kol_str_add(out, "&lt;");
        else if (*c == '>')
            kol_str_add(out, is_vtt ? "&gt;" : "›");
        else
            kol_str_add_char(out, *c);
        if (c + 1 == isolated_to)
            kol_str_add(out, END_ISOLATE);
    }
}

static void add_cue(struct kol_str *out, const struct kol_segment *s, bool is_vtt, bool labels)
{
    const char *role = kol_role_name(s->role);
    const struct scripts words = count_words(s->text);
    const bool is_rtl = words.hebrew > words.latin;
    const bool isolated = is_rtl && (words.latin_first || (labels && !is_vtt));

    add_time(out, s->start_ms, is_vtt ? '.' : ',');
    kol_str_add(out, " --> ");
    /* A cue without length is not shown at all. */
    add_time(out, s->end_ms > s->start_ms ? s->end_ms : s->start_ms + 1, is_vtt ? '.' : ',');
    kol_str_add_char(out, '\n');
    if (labels && is_vtt)
        kol_str_add_fmt(out, "<v %s>", role);
    else if (labels)
        kol_str_add_fmt(out, "%c%s: ", role[0] - 'a' + 'A', role + 1);
    kol_str_add(out, isolated ? RTL_ISOLATE : "");
    add_cue_text(out, s->text, is_vtt, words.hebrew > 0);
    kol_str_add(out, isolated ? END_ISOLATE : "");
    kol_str_add(out, "\n\n");
}

static void write_cues(struct kol_str *out, const struct kol_transcript *t, bool is_vtt)
{
    int number = 0;

    if (is_vtt)
        kol_str_add(out, "WEBVTT\n\n");
    for (size_t i = 0; i < t->segment_count; i++) {
        if (t->segments[i].dropped_reason)
            continue;
        if (!is_vtt)
            kol_str_add_fmt(out, "%d\n", ++number);
        add_cue(out, &t->segments[i], is_vtt, t->channels > 1);
    }
}

/* ---- CSV (RFC 4180) ---- */

/* Text from a call may begin with "=", which a spreadsheet would compute: the quote defuses it. */
static void add_csv_text(struct kol_str *out, const char *text)
{
    kol_str_add_char(out, '"');
    if (strchr("=+-@\t\r", text[0]) && text[0])
        kol_str_add_char(out, '\'');
    for (const char *c = text; *c; c++) {
        if (*c == '"')
            kol_str_add_char(out, '"');
        kol_str_add_char(out, *c);
    }
    kol_str_add_char(out, '"');
}

static void write_csv(struct kol_str *out, const struct kol_transcript *t,
                      const struct kol_format_options *options)
{
    const bool named = options->file_column && options->file;

    if (!options->continued)
        kol_str_add_fmt(out, "%sstart_ms,end_ms,channel,speaker,text,reason\n",
                        named ? "file," : "");
    for (size_t i = 0; i < t->segment_count; i++) {
        const struct kol_segment *s = &t->segments[i];
        if (s->dropped_reason && !options->dropped)
            continue;
        if (named) {
            add_csv_text(out, options->file);
            kol_str_add_char(out, ',');
        }
        kol_str_add_fmt(out, "%lld,%lld,%d,%s,", (long long)s->start_ms, (long long)s->end_ms,
                        s->channel, kol_role_name(s->role));
        add_csv_text(out, s->text);
        kol_str_add_fmt(out, ",%s\n", s->dropped_reason ? s->dropped_reason : "");
    }
}

void kol_transcript_write(struct kol_str *out, enum kol_transcript_format format,
                          const struct kol_transcript *t, const struct kol_format_options *options)
{
    switch (format) {
    case KOL_TRANSCRIPT_TEXT:
        write_text(out, t, options);
        return;
    case KOL_TRANSCRIPT_JSON:
        write_json(out, t, options);
        return;
    case KOL_TRANSCRIPT_SRT:
    case KOL_TRANSCRIPT_VTT:
        write_cues(out, t, format == KOL_TRANSCRIPT_VTT);
        return;
    case KOL_TRANSCRIPT_CSV:
        write_csv(out, t, options);
        return;
    case KOL_TRANSCRIPT_FORMAT_COUNT:
        return;
    }
}
