/*
 * text.c - turns into words: UAX #29 boundaries, sentences, Hebrew prefix letters.
 */
#include "understand/text.h"
#include "base/str.h"
#include <string.h>
#include <unictype.h>
#include <unistr.h>
#include <uniwbrk.h>

/*
 * Prefix letters in the order grammar allows: ו, then a conjunction (ש כש לכש מש), then the article
 * or one preposition. Returns the bytes after which a stem may start, shortest first.
 */
static size_t prefix_ends(const char *w, struct kol_stem *ret, size_t max)
{
    static const char *const and_[] = {"", "ו"};
    static const char *const that[] = {"", "כש", "לכש", "מש", "ש"};
    static const char *const into[] = {"", "ב", "ל", "מ", "ה", "כ", "מה"};
    static const char place_of[] = {0, 'b', 'l', 'm', 0, 0, 'm'};
    size_t count = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 5; j++) {
            size_t n = strlen(and_[i]);
            if (strncmp(w, and_[i], n) != 0 || strncmp(w + n, that[j], strlen(that[j])) != 0)
                continue;
            n += strlen(that[j]);
            for (size_t k = 0; k < 7; k++) {
                size_t all = n + strlen(into[k]);
                if (all == 0 || count == max || strncmp(w + n, into[k], strlen(into[k])) != 0 ||
                    (strlen(w + all) < 4 && (all > 2 || strcmp(w + all, "ק") != 0)))
                    continue; /* less than two letters would be left, and not of "בק. אתא" ("שבק" is
                                 a word) */
                ret[count++] = (struct kol_stem){.text = w + all, .place = place_of[k]};
            }
        }
    return count;
}

static void find_stems(struct kol_word *w)
{
    w->stems[0] = (struct kol_stem){.text = w->norm};
    w->stem_count = 1;
    if (w->script == KOL_SCRIPT_HEBREW)
        w->stem_count += (uint8_t)prefix_ends(w->norm, w->stems + 1, KOL_STEMS_MAX - 1);
}

static enum kol_script script_of(ucs4_t c)
{
    if (c >= '0' && c <= '9')
        return KOL_SCRIPT_DIGITS;
    if ((c >= 0x05d0 && c <= 0x05ea) || (c >= 0xfb1d && c <= 0xfb4f))
        return KOL_SCRIPT_HEBREW;
    if (c < 0x250 && uc_is_alpha(c))
        return KOL_SCRIPT_LATIN;
    return KOL_SCRIPT_OTHER;
}

/* What the characters between two words amount to. */
static enum kol_gap gap_of(const char *from, const char *to, bool *ret_question)
{
    enum kol_gap gap = KOL_GAP_SPACE;
    for (const char *p = from; p < to; p++) {
        enum kol_gap here = KOL_GAP_SPACE;
        if (strchr(".!?\n", *p))
            here = KOL_GAP_STOP;
        else if (strchr(",;:()", *p))
            here = KOL_GAP_COMMA;
        else if (*p == '-')
            here = from + 1 == to ? KOL_GAP_HYPHEN : KOL_GAP_COMMA;
        else if (*p == '\xe2' && to - p > 2 && p[1] == '\x80' && (p[2] == '\x93' || p[2] == '\x94'))
            here = KOL_GAP_COMMA; /* dashes */
        else if (*p == '\xe2' && to - p > 2 && p[1] == '\x80' && p[2] == '\xa6')
            here = KOL_GAP_STOP; /* … */
        if (*p == '?')
            *ret_question = true;
        gap = here > gap ? here : gap;
    }
    return gap;
}

struct builder {
    struct kol_arena *a;
    struct kol_talk *talk;
    size_t word_cap, sentence_cap;
};

/* Room for one more in a growing array of the arena. */
static void *grow(struct kol_arena *a, void *old, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return old;
    size_t bigger = *cap ? *cap * 2 : 256;
    void *fresh = kol_arena_array(a, bigger, size);
    if (fresh && count)
        memcpy(fresh, old, count * size);
    *cap = bigger;
    return fresh;
}

static bool open_sentence(struct builder *b, uint32_t turn)
{
    struct kol_talk *t = b->talk;
    t->sentences =
        grow(b->a, t->sentences, t->sentence_count, &b->sentence_cap, sizeof *t->sentences);
    if (!t->sentences)
        return false;
    t->sentences[t->sentence_count++] = (struct kol_sentence){
        .first = (uint32_t)t->word_count, .end = (uint32_t)t->word_count, .turn = turn};
    return true;
}

/* Hebrew points */
#define HOLAM 0x05b9
#define HOLAM_HASER 0x05ba
#define QUBUTS 0x05bb
#define HIRIQ 0x05b4
#define DAGESH 0x05bc

/*
 * "צֹרָן" is written צורן without points, "פִּנָּה" פינה: the letters ו and י that points stand for.
 * NULL: there are none, or no memory.
 */
static char *with_vowel_letters(struct kol_arena *a, const char *text, size_t len)
{
    ucs4_t c[48], base = 0;
    size_t count = 0, out = 0;
    if (!memchr(text, 0xd6, len)) /* the first byte of all points that matter here */
        return NULL;
    for (const char *p = text; p < text + len && count < 48; count++)
        p += u8_mbtouc(&c[count], (const uint8_t *)p, (size_t)(text + len - p));
    char *ret = kol_arena_alloc(a, len + count * 2 + 1);
    bool added = false;
    for (size_t i = 0; ret && i < count; i++) {
        if (!kol_is_niqqud(c[i])) {
            base = c[i];
            int n = u8_uctomb((uint8_t *)ret + out, c[i], 4);
            out += n > 0 ? (size_t)n : 0;
            continue;
        }
        size_t next = i + 1; /* the letter after this one */
        while (next < count && kol_is_niqqud(c[next]))
            next++;
        ucs4_t after = next < count ? c[next] : 0;
        bool vav = (c[i] == HOLAM || c[i] == HOLAM_HASER || c[i] == QUBUTS) && base != 0x05d5 &&
                   after != 0x05d5 && after != 0x05d0 && after;
        bool doubled = false;
        for (size_t k = next + 1; k < count && kol_is_niqqud(c[k]); k++)
            doubled |= c[k] == DAGESH;
        bool yod = c[i] == HIRIQ && after != 0x05d9 && doubled;
        if (vav || yod) {
            added = true;
            memcpy(ret + out, vav ? "ו" : "י", 2);
            out += 2;
        }
    }
    if (!ret || !added)
        return NULL;
    ret[out] = 0;
    return kol_fold(a, ret, out);
}

/* The little words of every request, as they are often heard: "אני צריח" is no tower. */
static const char *heard_rightly(const char *norm)
{
    static const char *const pairs[][2] = {
        {"צריח", "צריכ"},   {"צריחה", "צריכה"},   {"צריחימ", "צריכימ"}, {"מחפס", "מחפש"},
        {"מחפסת", "מחפשת"}, {"מחפסימ", "מחפשימ"}, {"תודא", "תודה"},     {"טודה", "תודה"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strcmp(norm, pairs[i][0]) == 0)
            return pairs[i][1];
    return norm;
}

/* The stems of a pointed word in its other spelling, too. */
static void add_full_spelling(struct kol_word *w, const char *full)
{
    struct kol_word other = {.norm = full, .script = w->script};
    find_stems(&other);
    for (size_t i = 0; i < other.stem_count && w->stem_count < KOL_STEMS_MAX; i++)
        w->stems[w->stem_count++] = other.stems[i];
}

static bool add_word(struct builder *b, uint32_t turn, const char *text, size_t len,
                     enum kol_gap gap)
{
    struct kol_talk *t = b->talk;
    if (gap >= KOL_GAP_STOP && !open_sentence(b, turn))
        return false;
    t->words = grow(b->a, t->words, t->word_count, &b->word_cap, sizeof *t->words);
    if (!t->words)
        return false;
    struct kol_word *w = &t->words[t->word_count];
    ucs4_t c = 0;
    u8_mbtouc(&c, (const uint8_t *)text, len);
    *w = (struct kol_word){.clean = text,
                           .clean_len = (uint32_t)len,
                           .turn = turn,
                           .gap = gap,
                           .script = script_of(c),
                           .capital = c < 0x250 && uc_is_upper(c),
                           .sentence = (uint32_t)t->sentence_count - 1,
                           .probability = 1};
    w->norm = kol_fold(b->a, text, len);
    if (!w->norm)
        return false;
    w->norm = heard_rightly(w->norm);
    find_stems(w);
    char *full = w->script == KOL_SCRIPT_HEBREW ? with_vowel_letters(b->a, text, len) : NULL;
    if (full)
        add_full_spelling(w, full);
    /* "Bellevue's closer" */
    if (w->script == KOL_SCRIPT_LATIN && len > 4 && strncmp(text + len - 2, "'s", 2) == 0) {
        char *owner = kol_arena_strn(b->a, w->norm, strlen(w->norm) - 1);
        if (!owner)
            return false;
        w->stems[w->stem_count++] = (struct kol_stem){.text = owner};
    }
    t->hebrew_words += w->script == KOL_SCRIPT_HEBREW;
    t->latin_words += w->script == KOL_SCRIPT_LATIN;
    t->sentences[t->sentence_count - 1].end = (uint32_t)++t->word_count;
    return true;
}

/* "Mr. Jordan", "St. Albans", "ק. אתא": that dot ends no sentence. */
static bool is_short_form(const struct kol_word *w)
{
    static const char *const forms[] = {"mr",   "mrs", "ms", "dr", "st", "ft",
                                        "prof", "vs",  "ק",  "בק", "לק", "מק"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(w->norm, forms[i]) == 0)
            return true;
    return w->script == KOL_SCRIPT_LATIN && w->clean_len == 1 && w->capital; /* initials */
}

static void set_probabilities(struct kol_talk *t, const struct kol_talk_turn *turn,
                              const struct kol_talk_piece *piece)
{
    if (!piece->from->word_probability)
        return;
    /* The engine's words are separated by spaces; count them beside ours. */
    size_t engine_word = 0;
    const char *p = piece->start;
    for (size_t i = turn->first; i < turn->end; i++) {
        const struct kol_word *w = &t->words[i];
        if (w->clean < piece->start || w->clean >= piece->start + piece->len)
            continue;
        for (; p < w->clean; p++)
            engine_word += *p == ' ' && p[1] != ' ' && p != piece->start;
        if (engine_word < piece->from->word_probability_count)
            t->words[i].probability = piece->from->word_probability[engine_word];
    }
}

static bool add_turn(struct builder *b, uint32_t index)
{
    struct kol_talk_turn *turn = &b->talk->turns[index];
    size_t len = strlen(turn->clean);
    turn->first = turn->end = (uint32_t)b->talk->word_count;
    char *breaks = kol_arena_alloc(b->a, len + 1);
    if (!breaks)
        return false;
    u8_wordbreaks((const uint8_t *)turn->clean, len, breaks);

    const char *end = turn->clean + len, *last_end = turn->clean;
    bool first = true;
    for (const char *p = turn->clean; p < end;) {
        const char *next = p + 1;
        while (next < end && !breaks[next - turn->clean])
            next++;
        ucs4_t c = 0;
        u8_mbtouc(&c, (const uint8_t *)p, (size_t)(end - p));
        if (uc_is_alnum(c)) {
            bool question = false;
            enum kol_gap gap = gap_of(last_end, p, &question);
            if (question && !first)
                b->talk->sentences[b->talk->sentence_count - 1].question = true;
            if (!first && gap == KOL_GAP_STOP && p - last_end == 2 && *last_end == '.' &&
                is_short_form(&b->talk->words[b->talk->word_count - 1]))
                gap = KOL_GAP_SPACE;
            if (!add_word(b, index, p, (size_t)(next - p), first ? KOL_GAP_TURN : gap))
                return false;
            first = false;
            last_end = next;
        }
        p = next;
    }
    if (!first) {
        bool question = false;
        gap_of(last_end, end, &question);
        b->talk->sentences[b->talk->sentence_count - 1].question |= question;
    }
    turn->end = (uint32_t)b->talk->word_count;
    for (size_t i = 0; i < turn->piece_count; i++)
        set_probabilities(b->talk, turn, &turn->pieces[i]);
    return true;
}

/* Capital letters tell names from words only when the transcript has both cases. */
static bool case_means_something(const struct kol_talk *t)
{
    size_t capital = 0, small = 0, inner = 0;
    for (size_t i = 0; i < t->word_count; i++)
        if (t->words[i].script == KOL_SCRIPT_LATIN) {
            capital += t->words[i].capital;
            small += !t->words[i].capital;
            inner += t->words[i].capital && t->words[i].gap < KOL_GAP_STOP;
        }
    return capital > 0 && small > 0 && (capital > 1 || inner > 0);
}

static enum kol_role role_of(const char *role)
{
    if (role && strcmp(role, "agent") == 0)
        return KOL_ROLE_AGENT;
    return role && strcmp(role, "customer") == 0 ? KOL_ROLE_CUSTOMER : KOL_ROLE_UNKNOWN;
}

/* Puts the clean texts of pieces one after the other, a space between them. */
static bool join_pieces(struct kol_arena *a, struct kol_talk_turn *turn)
{
    size_t len = 0;
    for (size_t i = 0; i < turn->piece_count; i++)
        len += turn->pieces[i].len + 1;
    char *clean = kol_arena_alloc(a, len + 1), *to = clean;
    if (!clean)
        return false;
    for (size_t i = 0; i < turn->piece_count; i++) {
        struct kol_talk_piece *p = &turn->pieces[i];
        if (i > 0)
            *to++ = ' ';
        memcpy(to, p->start, p->len);
        p->start = to;
        to += p->len;
    }
    turn->clean = clean;
    return true;
}

/* Takes the input's turns from number i on that belong together. Returns the number after them. */
static size_t gather(struct kol_arena *a, const struct kol_insight_input *in, size_t i,
                     size_t *left, struct kol_talk_turn *ret)
{
    size_t end = i + 1;
    *ret = (struct kol_talk_turn){.role = role_of(in->turns[i].role)};
    while (end < in->turn_count && role_of(in->turns[end].role) == ret->role)
        end++;
    ret->pieces = kol_arena_array(a, end - i, sizeof *ret->pieces);
    for (; i < end && ret->pieces && *left > 0; i++) {
        const char *text = in->turns[i].text ? in->turns[i].text : "";
        size_t len = strnlen(text, *left);
        const char *clean = kol_clean(a, text, len);
        if (!clean)
            break;
        *left -= len;
        ret->pieces[ret->piece_count++] =
            (struct kol_talk_piece){.start = clean, .len = strlen(clean), .from = &in->turns[i]};
    }
    return end;
}

enum kol_code kol_talk_build(struct kol_arena *a, const struct kol_insight_input *in,
                             struct kol_talk *ret, struct kol_err *err)
{
    *ret = (struct kol_talk){0};
    struct builder b = {.a = a, .talk = ret};
    ret->turns = kol_arena_array(a, in->turn_count + 1, sizeof *ret->turns);
    size_t left = KOL_TALK_MAX_BYTES;
    for (size_t i = 0; i < in->turn_count && left > 0 && ret->turns;) {
        struct kol_talk_turn *turn = &ret->turns[ret->turn_count];
        i = gather(a, in, i, &left, turn);
        if (!turn->pieces || !join_pieces(a, turn) || !add_turn(&b, (uint32_t)ret->turn_count))
            break;
        ret->has_roles |= turn->role != KOL_ROLE_UNKNOWN;
        ret->turn_count++;
    }
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
    ret->has_case = case_means_something(ret);
    return KOL_OK;
}

const char *kol_quote(struct kol_arena *a, const struct kol_talk *talk, size_t first, size_t end)
{
    if (first >= end || end > talk->word_count)
        return NULL;
    const struct kol_word *from = &talk->words[first], *to = &talk->words[end - 1];
    if (from->turn != to->turn)
        return NULL;
    return kol_arena_strn(a, from->clean, (size_t)(to->clean + to->clean_len - from->clean));
}

static bool in_list(const char *word, const char *list)
{
    size_t len = strlen(word);
    for (const char *p = list; p && *p;) {
        const char *bar = strchrnul(p, '|');
        if ((size_t)(bar - p) == len && memcmp(p, word, len) == 0)
            return true;
        p = *bar ? bar + 1 : bar;
    }
    return false;
}

bool kol_word_is(const struct kol_word *word, const char *list)
{
    for (size_t i = 0; i < word->stem_count; i++)
        if (in_list(word->stems[i].text, list))
            return true;
    return false;
}

size_t kol_fold_words(struct kol_arena *a, const char *text, char **ret, size_t max)
{
    size_t count = 0;
    for (const char *p = text; *p && count < max;) {
        size_t len = strcspn(p, " -.,\t");
        if (len > 0) {
            ret[count] = kol_fold(a, p, len);
            if (!ret[count])
                return 0;
            count += ret[count][0] != 0;
        }
        p += len + (p[len] != 0);
    }
    return count;
}
