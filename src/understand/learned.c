/*
 * learned.c - sentences as features, and the learned weights over them.
 */
#include "understand/learned.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_MIN 3 /* letters */
#define PIECE_MAX 5
#define WORD_LETTERS 24 /* of a word; more is noise */

#define STEP 16     /* buckets per start that is kept */
#define TELLING 1.0 /* log odds of a word that speaks for itself */

struct bag {
    uint32_t *list;
    size_t count, max;
    uint32_t mask;
};

static uint32_t hash_bytes(uint32_t h, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)text[i]) * 16777619u; /* FNV-1a */
    return h;
}

static void add(struct bag *b, uint32_t h)
{
    h = (h ^ h >> 15) * 0x85ebca6bu;
    if (b->count < b->max)
        b->list[b->count++] = (h ^ h >> 13) & b->mask;
}

/* A word, or two that stand together as one: "lock smith" is "locksmith". */
static void add_word(struct bag *b, const char *one, const char *other)
{
    uint32_t h = hash_bytes(2166136261u ^ 'w', one, strlen(one));
    add(b, other ? hash_bytes(h, other, strlen(other)) : h);
}

/* Pieces of three to five letters of the word between its two ends. */
static void add_pieces(struct bag *b, const char *word)
{
    char padded[4 * WORD_LETTERS + 3] = "_";
    size_t starts[WORD_LETTERS + 3] = {0}, letters = 1, len = 1;
    for (const char *p = word; *p && letters <= WORD_LETTERS; letters++) {
        starts[letters] = len;
        do
            padded[len++] = *p++;
        while (((uint8_t)*p & 0xc0) == 0x80 && len < sizeof padded - 2);
    }
    starts[letters++] = len;
    padded[len++] = '_';
    starts[letters] = len;
    for (size_t n = PIECE_MIN; n <= PIECE_MAX; n++)
        for (size_t i = 0; i + n <= letters; i++)
            add(b, hash_bytes(2166136261u ^ 'c', padded + starts[i], starts[i + n] - starts[i]));
}

size_t kol_learned_features(const struct kol_scene *s, struct kol_span span, uint32_t mask,
                            uint32_t *ret, size_t max)
{
    struct bag b = {.list = ret, .max = max, .mask = mask};
    const struct kol_word *last = NULL;
    add(&b, 'b'); /* always there: how likely each trade is before a word is heard */
    for (uint32_t i = span.first; i < span.end; i++) {
        const struct kol_word *w = &s->talk.words[i];
        if (s->marks[i] & (KOL_MARK_NAME | KOL_MARK_PHONE) || w->script == KOL_SCRIPT_DIGITS) {
            last = NULL;
            continue;
        }
        for (size_t k = 0; k < w->stem_count; k++)
            add_word(&b, w->stems[k].text, NULL);
        if (last)
            add_word(&b, last->norm, w->norm);
        add_pieces(&b, w->norm);
        last = w;
    }
    return b.count;
}

size_t kol_learned_spans(const struct kol_scene *s, struct kol_span *ret, size_t max)
{
    const struct kol_talk *t = &s->talk;
    size_t count = 0;
    for (size_t i = 0; i < t->sentence_count; i++) {
        const struct kol_sentence *from = &t->sentences[i];
        uint32_t words = from->end - from->first;
        uint32_t parts = (words + KOL_LEARNED_WORDS - 1) / KOL_LEARNED_WORDS;
        for (uint32_t k = 0; k < parts && count < max; k++)
            ret[count++] = (struct kol_span){from->first + words * k / parts,
                                             from->first + words * (k + 1) / parts};
    }
    return count;
}

/* --- the table --- */

static enum kol_code bad(const struct kol_source *source, const char *what, struct kol_err *err)
{
    return kol_fail(err, KOL_BAD_CONFIG, "%s: %s", source->name, what);
}

/* One line without its end; NULL when there is none. */
static char *take_line(struct kol_arena *a, const char **at, const char *end)
{
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    if (!newline)
        return NULL;
    char *line = kol_arena_strn(a, *at, (size_t)(newline - *at));
    *at = newline + 1;
    return line;
}

/* A whole number after a word; 0 when it is not there. */
static unsigned long take_number(char **at, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*at, word, n) != 0 || (*at)[n] < '0' || (*at)[n] > '9')
        return 0;
    return strtoul(*at + n, at, 10);
}

/* "kol-learned 1 bits 16 scale 1234": 2^16 buckets, weights in units of 1234 millionths */
static bool read_head(char *line, struct kol_learned *ret)
{
    unsigned long version = take_number(&line, "kol-learned ");
    unsigned long bits = take_number(&line, " bits ");
    unsigned long millionths = take_number(&line, " scale ");
    if (version != 1 || bits < 8 || bits > 20 || millionths == 0 || *line)
        return false;
    ret->mask = (uint32_t)((1u << bits) - 1);
    ret->scale = (double)millionths / 1e6;
    return true;
}

static bool read_classes(struct kol_arena *a, char *line, const struct kol_taxonomy *t,
                         struct kol_learned *ret)
{
    uint32_t *service_of = kol_arena_array(a, KOL_LEARNED_CLASSES, sizeof *service_of);
    ret->service_of = service_of;
    for (char *id; service_of && (id = strsep(&line, " "));) {
        uint32_t i = 0;
        while (i < t->service_count && strcmp(t->services[i].id, id) != 0)
            i++;
        if (i == t->service_count || ret->class_count == KOL_LEARNED_CLASSES)
            return false;
        service_of[ret->class_count++] = i;
    }
    return ret->class_count > 0;
}

/* Counts of pairs per bucket, then the pairs. */
static bool read_buckets(struct kol_arena *a, const uint8_t *at, const uint8_t *end,
                         struct kol_learned *ret)
{
    size_t buckets = (size_t)ret->mask + 1, sum = 0;
    uint32_t *starts = kol_arena_array(a, buckets / STEP, sizeof *starts);
    if (!starts || (size_t)(end - at) < buckets)
        return false;
    for (size_t i = 0; i < buckets; i++) {
        if (i % STEP == 0)
            starts[i / STEP] = (uint32_t)sum;
        sum += at[i];
    }
    ret->starts = starts;
    ret->counts = at;
    ret->pairs = at + buckets;
    return (size_t)(end - ret->pairs) == sum * 2;
}

enum kol_code kol_learned_read(struct kol_arena *a, const struct kol_source *source,
                               const struct kol_taxonomy *t, struct kol_learned *ret,
                               struct kol_err *err)
{
    const char *at = source->text, *end = at + source->len;
    char *line = take_line(a, &at, end);
    *ret = (struct kol_learned){0};
    while (line && *line == '#')
        line = take_line(a, &at, end);
    if (!line || !read_head(line, ret))
        return bad(source, "no head of a table of weights", err);
    line = take_line(a, &at, end);
    if (!line || !read_classes(a, line, t, ret))
        return bad(source, "a class that is no service", err);
    if (!read_buckets(a, (const uint8_t *)at, (const uint8_t *)end, ret))
        return bad(source, "not as many weights as its head says", err);
    return kol_arena_failed(a) ? kol_fail(err, KOL_NO_MEMORY, "lexicon: out of memory") : KOL_OK;
}

/* --- hearing --- */

/* What some words amount to; a feature counts once. */
struct sum {
    uint64_t *seen;            /* a bit per bucket */
    int32_t of[UINT8_MAX + 1]; /* any class that a pair can name */
    size_t count;
};

struct hearing {
    const struct kol_learned *l;
    struct sum one, whole;
    uint32_t features[KOL_LEARNED_FEATURES];
    struct kol_span parts[KOL_LEARNED_SPANS];
    bool greeted;
    double odds[KOL_HEARD_WAYS][KOL_LEARNED_CLASSES]; /* against none */
    double best[KOL_LEARNED_CLASSES];                 /* of one sentence */
    struct kol_span spans[KOL_LEARNED_CLASSES];
};

static void add_feature(const struct kol_learned *l, struct sum *sum, uint32_t feature)
{
    uint64_t bit = 1ull << feature % 64;
    if (sum->seen[feature / 64] & bit)
        return;
    sum->seen[feature / 64] |= bit;
    sum->count++;
    size_t k = l->starts[feature / STEP];
    for (uint32_t i = feature - feature % STEP; i < feature; i++)
        k += l->counts[i];
    for (size_t end = k + l->counts[feature]; k < end; k++)
        sum->of[l->pairs[k * 2]] += (int8_t)l->pairs[k * 2 + 1];
}

/* The odds of one class against none in what was summed up. */
static double odds_of(const struct hearing *h, const struct sum *sum, size_t class)
{
    double factor = h->l->scale / sqrt((double)sum->count);
    return exp(fmin((sum->of[class] - sum->of[h->l->class_count]) * factor, 50));
}

/* Adds what a sentence says; of the caller's the one that says most is kept. */
static void add_odds(struct hearing *h, enum kol_heard_way way, struct kol_span span)
{
    for (size_t c = 0; c < h->l->class_count; c++) {
        double odds = odds_of(h, &h->one, c);
        h->odds[way][c] += odds;
        if (way == KOL_HEARD_ONCE && odds > h->best[c]) {
            h->best[c] = odds;
            h->spans[c] = span;
        }
    }
}

/* Sums up what one sentence or word says; false: no words in it. */
static bool sum_up(struct hearing *h, const struct kol_scene *s, struct kol_span part, bool whole)
{
    size_t n = kol_learned_features(s, part, h->l->mask, h->features, KOL_LEARNED_FEATURES);
    memset(h->one.of, 0, sizeof h->one.of);
    h->one.count = 0;
    for (size_t i = 0; n > 1 && i < n; i++) {
        add_feature(h->l, &h->one, h->features[i]);
        if (whole)
            add_feature(h->l, &h->whole, h->features[i]);
    }
    for (size_t i = 0; i < n; i++)
        h->one.seen[h->features[i] / 64] = 0;
    return n > 1;
}

static struct hearing *hearing_new(const struct kol_scene *s)
{
    struct hearing *h = kol_arena_alloc(s->a, sizeof *h);
    if (!h)
        return NULL;
    h->l = s->lexicon->learned;
    h->one.seen = kol_arena_array(s->a, h->l->mask / 64 + 1, sizeof(uint64_t));
    h->whole.seen = kol_arena_array(s->a, h->l->mask / 64 + 1, sizeof(uint64_t));
    return h->one.seen && h->whole.seen ? h : NULL;
}

static bool hear_call(struct hearing *h, const struct kol_scene *s)
{
    size_t count = kol_learned_spans(s, h->parts, KOL_LEARNED_SPANS), heard = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t first = h->parts[i].first;
        bool caller = kol_role_at(&s->talk, first) != KOL_ROLE_AGENT;
        if ((!caller && !kol_is_greeting(&s->talk, first)) ||
            !sum_up(h, s, h->parts[i], caller && heard < KOL_LEARNED_WHOLE))
            continue;
        add_odds(h, caller ? KOL_HEARD_ONCE : KOL_HEARD_GREETING, h->parts[i]);
        heard += caller;
        h->greeted |= !caller;
    }
    for (size_t c = 0; heard > 0 && c < h->l->class_count; c++)
        h->odds[KOL_HEARD_TOGETHER][c] = odds_of(h, &h->whole, c);
    return heard > 0;
}

/* Odds against none as logarithms of probabilities. */
static bool write_log_p(const struct hearing *h, const struct kol_scene *s, enum kol_heard_way way,
                        double **ret)
{
    size_t services = s->lexicon->taxonomy.service_count;
    double all = 1, *log_p = kol_arena_array(s->a, services + 1, sizeof *log_p);
    if (!log_p)
        return false;
    *ret = log_p;
    if (way == KOL_HEARD_GREETING && !h->greeted)
        return true;
    for (size_t i = 0; i < services; i++)
        log_p[i] = KOL_LEAST_LOG_P; /* a business's own service has no class */
    for (size_t c = 0; c < h->l->class_count; c++)
        all += h->odds[way][c];
    for (size_t c = 0; c < h->l->class_count; c++)
        log_p[h->l->service_of[c]] = fmax(log(h->odds[way][c] / all), KOL_LEAST_LOG_P);
    log_p[services] = fmax(log(1 / all), KOL_LEAST_LOG_P);
    return true;
}

bool kol_learned_hear(const struct kol_scene *s, struct kol_heard_trades *ret)
{
    const struct kol_learned *l = s->lexicon->learned;
    struct hearing *h = hearing_new(s);
    ret->spans = kol_arena_array(s->a, s->lexicon->taxonomy.service_count + 1, sizeof *ret->spans);
    if (!h || !ret->spans || !hear_call(h, s))
        return false;
    for (enum kol_heard_way way = 0; way < KOL_HEARD_WAYS; way++)
        if (!write_log_p(h, s, way, &ret->log_p[way]))
            return false;
    for (size_t c = 0; c < l->class_count; c++)
        ret->spans[l->service_of[c]] = h->spans[c];
    return true;
}

void kol_learned_mark(const struct kol_scene *s, struct kol_span span, size_t service)
{
    struct hearing *h = hearing_new(s);
    size_t c = 0, none = s->lexicon->learned->class_count;
    while (c < none && s->lexicon->learned->service_of[c] != service)
        c++;
    for (uint32_t i = span.first; h && c < none && i < span.end; i++)
        if (sum_up(h, s, (struct kol_span){i, i + 1}, false) &&
            (h->one.of[c] - h->one.of[none]) * h->l->scale / sqrt((double)h->one.count) > TELLING)
            s->marks[i] |= KOL_MARK_TOPIC;
}
