#include "transcribe/filters.h"

#include "base/str.h"
#include <ctype.h>
#include <string.h>

enum { TEXT_MAX = 4096, WORDS_MAX = 512 };

/* ---- Text in a form that compares ---- */

/* What a sequence of bytes of one letter becomes: itself, a space, or nothing. */
enum fate { KEEP, SPACE, NOTHING };

static enum fate fate_of(const unsigned char *u, size_t len)
{
    if (len == 1)
        return isalnum(u[0]) ? KEEP : u[0] == '\'' ? NOTHING : SPACE;
    /* U+0591-05C7: Hebrew accents and points; the maqaf among them joins words */
    if ((u[0] == 0xD6 && u[1] >= 0x91) || (u[0] == 0xD7 && u[1] <= 0x87))
        return u[0] == 0xD6 && u[1] == 0xBE ? SPACE : NOTHING;
    if (u[0] == 0xD7 && u[1] >= 0xB3 && u[1] <= 0xB4)
        return NOTHING; /* geresh, gershayim */
    if (len == 3 && u[0] == 0xE2 && u[1] <= 0x82)
        return u[1] == 0x80 && (u[2] == 0x98 || u[2] == 0x99) ? NOTHING : SPACE;
    if (len == 3 && u[0] == 0xE2 && u[1] == 0x99)
        return SPACE; /* musical notes */
    return KEEP;
}

void kol_filter_normalise(const char *text, char *buf, size_t size)
{
    size_t len = strlen(text), used = 0;

    for (size_t at = 0, step; at < len; at += step) {
        step = kol_utf8_step(text + at, len - at);
        if (step == 0) {
            step = 1;
            continue;
        }
        enum fate fate = fate_of((const unsigned char *)text + at, step);
        if (used + step + 1 >= size)
            break;
        if (fate == SPACE && used > 0 && buf[used - 1] != ' ')
            buf[used++] = ' ';
        for (size_t i = 0; fate == KEEP && i < step; i++)
            buf[used++] = (char)tolower((unsigned char)text[at + i]);
    }
    while (used > 0 && buf[used - 1] == ' ')
        used--;
    buf[used] = '\0';
}

struct words {
    char text[TEXT_MAX];
    const char *at[WORDS_MAX];
    size_t count;
};

static void split(const char *text, struct words *w)
{
    char *save = NULL;

    w->count = 0;
    kol_filter_normalise(text, w->text, sizeof(w->text));
    for (char *word = strtok_r(w->text, " ", &save); word && w->count < WORDS_MAX;
         word = strtok_r(NULL, " ", &save))
        w->at[w->count++] = word;
}

/* ---- Judgements ---- */

static bool in_brackets(const char *text)
{
    static const char *const pairs[] = {"[]", "()", "**", "{}"};
    size_t len = strlen(text);

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (len >= 2 && text[0] == pairs[i][0] && text[len - 1] == pairs[i][1])
            return !memchr(text + 1, pairs[i][1], len - 2);
    return strstr(text, "♪") || strstr(text, "♫");
}

static bool is_number(const char *word)
{
    return isdigit((unsigned char)word[0]);
}

/* How often the `period` words before `end` stand there, one after the other. */
static size_t repeats_before(const struct words *w, size_t end, size_t period)
{
    size_t same = 0;

    while (end >= period + same + 1 &&
           strcmp(w->at[end - 1 - same], w->at[end - 1 - same - period]) == 0)
        same++;
    return 1 + same / period;
}

/* Most of the text is one phrase over and over. Digits may repeat: they are phone numbers. */
static bool is_repetition(const struct words *w)
{
    for (size_t period = 1; period <= 12; period++)
        for (size_t end = period; end <= w->count; end++) {
            size_t times = repeats_before(w, end, period);
            size_t enough = period > 1 ? 4 : is_number(w->at[end - 1]) ? 12 : 6;
            if (times >= enough && times * period * 10 >= w->count * 6)
                return true;
        }
    return false;
}

/* "Aaaaaaaaaaah", "הההההההההה": one letter twelve times. */
static bool is_stutter(const char *text)
{
    size_t len = strlen(text), same = 0;

    for (size_t at = 0, last = 0, step; at < len; last = at, at += step) {
        step = kol_utf8_step(text + at, len - at);
        if (step == 0)
            step = 1;
        bool equal = at > 0 && strncmp(text + at, text + last, step) == 0;
        same = equal && !isdigit((unsigned char)text[at]) ? same + 1 : 0;
        if (same >= 11)
            return true;
    }
    return false;
}

static bool is_too_fast(const struct kol_segment *s)
{
    int64_t letters = (int64_t)kol_utf8_count(s->text);
    int64_t ms = s->end_ms - s->start_ms;

    return letters >= 30 && letters * 1000 > 40 * (ms > 100 ? ms : 100);
}

/* A run of the prompt's own words makes up most of the segment: the engine read it out. */
static bool is_prompt_echo(const struct words *said, const char *prompt)
{
    struct words given;
    size_t longest = 0;

    if (kol_str_empty(prompt) || said->count < 4)
        return false;
    split(prompt, &given);
    for (size_t i = 0; i < said->count; i++)
        for (size_t k = 0; k < given.count; k++) {
            size_t n = 0;
            while (i + n < said->count && k + n < given.count &&
                   strcmp(said->at[i + n], given.at[k + n]) == 0)
                n++;
            if (n > longest)
                longest = n;
        }
    /* Five words in the prompt's own order, several of its names: nobody talks like that. */
    return longest >= 4 &&
           (longest * 10 >= said->count * 7 || (longest >= 5 && longest * 2 >= said->count));
}

/* What Whisper learned from subtitles; nobody says it on the phone. Normalised; parts of a text. */
static const char *const never_said[] = {
    "thanks for watching",
    "thank you for watching",
    "thank you so much for watching",
    "please subscribe",
    "subscribe to my channel",
    "like and subscribe",
    "see you in the next video",
    "subtitles by",
    "subtitled by",
    "captions by",
    "transcription by",
    "translated by",
    "amara org",
    "castingwords",
    "תודה על הצפייה",
    "תודה שצפיתם",
    "תודה רבה שצפיתם",
    "תודה רבה על הצפייה",
    "הירשמו לערוץ",
    "הרשמו לערוץ",
    "כתוביות על ידי",
    "תרגום וכתוביות",
    "תורגם על ידי",
    "תרגום ועריכה",
};

/* What people do say, and Whisper too when it hears breathing: dropped on weak evidence only. */
static const char *const said_too[] = {
    "thank you",   "thank you very much",
    "thanks",      "thank you bye",
    "you",         "bye",
    "bye bye",     "okay",
    "ok",          "so",
    "the",         "i",
    "oh",          "hmm",
    "mm",          "yeah",
    "the end",     "im sorry",
    "i dont know", "silence",
    "music",       "תודה",
    "תודה רבה",    "טוב",
    "אוקיי",       "כן",
    "להתראות",     "ביי",
};

static bool is_invented(const struct kol_segment *s, const char *normal, double speech_prob)
{
    for (size_t i = 0; i < sizeof(never_said) / sizeof(never_said[0]); i++)
        if (strstr(normal, never_said[i]) && strlen(normal) < 3 * strlen(never_said[i]) + 20)
            return true;

    int doubts = (s->no_speech_prob > 0.5) + (s->avg_logprob < -0.8) + (speech_prob < 0.7);
    for (size_t i = 0; doubts >= 2 && i < sizeof(said_too) / sizeof(said_too[0]); i++)
        if (strcmp(normal, said_too[i]) == 0)
            return true;
    return false;
}

const char *kol_filter_segment(const struct kol_segment *s,
                               const struct kol_filter_context *context)
{
    struct words words;
    char normal[TEXT_MAX];

    kol_filter_normalise(s->text, normal, sizeof(normal));
    split(s->text, &words);
    if (words.count == 0 || in_brackets(s->text))
        return "not_words";
    if (s->no_speech_prob > 0.6 && s->avg_logprob < -1.0)
        return "no_speech";
    if (is_repetition(&words) || is_stutter(s->text))
        return "repetition";
    if (is_too_fast(s))
        return "too_fast";
    if (is_prompt_echo(&words, context->prompt))
        return "prompt_echo";
    if (is_invented(s, normal, context->speech_prob))
        return "invented_phrase";
    return NULL;
}
