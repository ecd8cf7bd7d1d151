/*
 * text.h - the conversation as words: repaired, folded, with what stood between them.
 *
 * Everything after this file works on words, never on bytes of a transcript.
 */
#ifndef KOL_UNDERSTAND_TEXT_H
#define KOL_UNDERSTAND_TEXT_H

#include "understand/insight.h"

#define KOL_TALK_MAX_BYTES (1024 * 1024) /* of all turns together; more is not looked at */
#define KOL_STEMS_MAX 6

enum kol_script { KOL_SCRIPT_OTHER, KOL_SCRIPT_HEBREW, KOL_SCRIPT_LATIN, KOL_SCRIPT_DIGITS };

/* What stands before a word. Ordered: a later one separates more. */
enum kol_gap { KOL_GAP_SPACE, KOL_GAP_HYPHEN, KOL_GAP_COMMA, KOL_GAP_STOP, KOL_GAP_TURN };

enum kol_role { KOL_ROLE_UNKNOWN, KOL_ROLE_CUSTOMER, KOL_ROLE_AGENT };

/*
 * A word without its prefix letters (ב ל מ ה ו ש כ and their combinations). The first stem of
 * every word is the whole word.
 */
struct kol_stem {
    const char *text; /* borrowed from the word's norm */
    char place;       /* 'b', 'l', 'm' when a preposition of place was taken off, else 0 */
};

struct kol_word {
    const char *norm;   /* folded: see kol_fold() */
    const char *clean;  /* start in the turn's clean text */
    uint32_t clean_len; /* bytes */
    uint32_t turn;      /* index into talk.turns */
    uint32_t sentence;  /* index into talk.sentences */
    enum kol_script script;
    enum kol_gap gap; /* what stands before it */
    bool capital;     /* Latin: starts with a capital letter */
    bool town;        /* city.c takes it for the first word of a town's name */
    uint8_t stem_count;
    float probability; /* of the speech engine; 1 when unknown */
    struct kol_stem stems[KOL_STEMS_MAX];
};

struct kol_sentence {
    uint32_t first, end; /* words [first, end) */
    uint32_t turn;
    bool question;
};

/* A piece of a turn as the input had it: speech engines cut one breath into several segments. */
struct kol_talk_piece {
    const char *start; /* in the turn's clean text */
    size_t len;
    const struct kol_insight_turn *from;
};

/* All that one side says until the other side speaks. */
struct kol_talk_turn {
    enum kol_role role;
    const char *clean;   /* valid UTF-8 without control and direction characters */
    uint32_t first, end; /* words [first, end) */
    struct kol_talk_piece *pieces;
    size_t piece_count;
};

struct kol_talk {
    struct kol_talk_turn *turns;
    size_t turn_count;
    struct kol_sentence *sentences;
    size_t sentence_count;
    struct kol_word *words;
    size_t word_count;
    size_t hebrew_words, latin_words;
    bool has_roles; /* at least one turn says who speaks */
    bool has_case;  /* capital letters mean something: not all Latin words are lower (or upper) case
                     */
};

enum kol_code kol_talk_build(struct kol_arena *a, const struct kol_insight_input *in,
                             struct kol_talk *ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Valid UTF-8 with NUL, control characters and bidi overrides taken out; bytes that are no UTF-8
 * become U+FFFD, curly quotes and gershayim the plain ones. Line ends stay. NULL: out of memory.
 */
char *kol_clean(struct kol_arena *a, const char *text, size_t len);

/* Hebrew points and accents, but none of the signs of punctuation among them. */
bool kol_is_niqqud(uint32_t c);

/*
 * The form in which words are compared: lower case, no niqqud, no marks, final letters as inner
 * ones, יי as י, וו as ו, no apostrophe or geresh; gershayim stay (ת"א).
 */
char *kol_fold(struct kol_arena *a, const char *word, size_t len);

/* The words [first, end) as they were said, with what stood between them; spans of one turn only.
 */
const char *kol_quote(struct kol_arena *a, const struct kol_talk *talk, size_t first, size_t end);

/* True when a word, or it without prefix letters, is one of the '|'-separated folded words. */
bool kol_word_is(const struct kol_word *word, const char *list);

/* Splits a name into folded words at spaces and hyphens (for the lexicon): at most max; how many.
 */
size_t kol_fold_words(struct kol_arena *a, const char *text, char **ret, size_t max);

#endif
