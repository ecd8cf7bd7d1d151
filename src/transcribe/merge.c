#include "transcribe/merge.h"

#include "base/str.h"
#include "transcribe/filters.h"
#include <stdlib.h>
#include <string.h>

#define ECHO_QUIETER_DB 8.0
#define ECHO_SAME_WORDS 0.6
#define ECHO_REST_MS 2000

enum { TEXT_MAX_BYTES = 16 << 20 };

static int by_time(const void *a, const void *b)
{
    const struct kol_segment *x = a, *y = b;

    if (x->start_ms != y->start_ms)
        return x->start_ms < y->start_ms ? -1 : 1;
    if (x->channel != y->channel)
        return x->channel - y->channel;
    return (x->end_ms > y->end_ms) - (x->end_ms < y->end_ms);
}

void kol_merge_sort(struct kol_segment *segments, size_t count)
{
    if (count > 0)
        qsort(segments, count, sizeof(*segments), by_time);
}

/* ---- Echo ---- */

static bool has_word(const char *text, const char *word, size_t len)
{
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        bool begins = at == text || at[-1] == ' ';
        if (begins && (at[len] == ' ' || at[len] == '\0'))
            return true;
    }
    return false;
}

/* Part of the words of a that b has too. */
static double same_words(const char *a, const char *b)
{
    char left[2048], right[2048], *save = NULL;
    size_t words = 0, same = 0;

    kol_filter_normalise(a, left, sizeof(left));
    kol_filter_normalise(b, right, sizeof(right));
    for (char *w = strtok_r(left, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        words++;
        same += has_word(right, w, strlen(w));
    }
    return words > 0 ? (double)same / (double)words : 0;
}

static bool overlap_mostly(const struct kol_segment *quiet, const struct kol_segment *loud)
{
    const int64_t slack_ms = 300; /* an echo comes late */
    int64_t from = quiet->start_ms > loud->start_ms ? quiet->start_ms : loud->start_ms;
    int64_t to = quiet->end_ms < loud->end_ms + slack_ms ? quiet->end_ms : loud->end_ms + slack_ms;

    return 2 * (to - from) >= quiet->end_ms - quiet->start_ms;
}

static bool is_echo_of(const struct kol_segment *quiet, const struct kol_segment *loud)
{
    return quiet->channel != loud->channel && !loud->dropped_reason &&
           quiet->level_db <= loud->level_db - ECHO_QUIETER_DB && overlap_mostly(quiet, loud) &&
           same_words(quiet->text, loud->text) >= ECHO_SAME_WORDS;
}

/* "key." alone, timed into the next words, after an echo of "press the pound key." lost it. */
static bool is_rest_of_echo(const struct kol_segment *rest, const struct kol_segment *echo,
                            const struct kol_segment *loud)
{
    char whole[2048], begun[2048], end[2048];

    if (!echo || rest->start_ms > loud->end_ms + ECHO_REST_MS ||
        rest->level_db > loud->level_db - ECHO_QUIETER_DB)
        return false;
    kol_filter_normalise(loud->text, whole, sizeof(whole));
    kol_filter_normalise(echo->text, begun, sizeof(begun));
    kol_filter_normalise(rest->text, end, sizeof(end));
    return kol_ends_with(whole, end) && !kol_ends_with(begun, end);
}

static const struct kol_segment *find_loud(const struct kol_segment *segments, size_t count,
                                           size_t quiet)
{
    const size_t near = 8; /* sorted by time: an echo is not far away */

    for (size_t k = quiet > near ? quiet - near : 0; k < count && k <= quiet + near; k++)
        if (is_echo_of(&segments[quiet], &segments[k]))
            return &segments[k];
    return NULL;
}

void kol_merge_drop_echo(struct kol_segment *segments, size_t count)
{
    const struct kol_segment *echo[KOL_CHANNELS_MAX] = {0}, *loud[KOL_CHANNELS_MAX] = {0};

    for (size_t i = 0; i < count; i++) {
        struct kol_segment *s = &segments[i];
        if (s->dropped_reason)
            continue;
        const struct kol_segment *found = find_loud(segments, count, i);
        if (found || is_rest_of_echo(s, echo[s->channel], loud[s->channel]))
            s->dropped_reason = "echo";
        echo[s->channel] = found ? s : NULL;
        loud[s->channel] = found;
    }
}

/* ---- Text ---- */

static const char *label(enum kol_role role)
{
    switch (role) {
    case KOL_ROLE_AGENT:
        return "Agent: ";
    case KOL_ROLE_CUSTOMER:
        return "Customer: ";
    case KOL_ROLE_SPEAKER:
        break;
    }
    return "Speaker: ";
}

const char *kol_merge_text(struct kol_arena *a, const struct kol_segment *segments, size_t count,
                           bool labels)
{
    KOL_STR text;
    const struct kol_segment *last = NULL;

    kol_str_init(&text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < count; i++) {
        const struct kol_segment *s = &segments[i];
        if (s->dropped_reason)
            continue;
        bool new_turn = !last || last->role != s->role || last->channel != s->channel;
        if (last)
            kol_str_add(&text, labels && new_turn ? "\n" : " ");
        if (labels && new_turn)
            kol_str_add(&text, label(s->role));
        kol_str_add(&text, s->text);
        last = s;
    }
    return kol_str_failed(&text) ? NULL : kol_arena_str(a, text.data);
}
