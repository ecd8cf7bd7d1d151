/*
 * taxonomy.c - reads services.txt (its head says the syntax) into patterns, phrases and cues.
 */
#include "understand/lexicon.h"
#include <string.h>

#define MAX_SETS 64
#define MAX_CUE 16384 /* bytes of one cue with its sets written out */

struct set {
    const char *name, *words;
};

struct reader {
    struct kol_arena *a;
    struct kol_taxonomy *t;
    const char *file;
    size_t line;
    struct set sets[MAX_SETS];
    size_t set_count;
    size_t service_cap, cue_cap, phrase_cap, part_cap, pattern_cap;
    uint32_t current; /* service + 1 */
    bool own;         /* in the business's own file */
    char *scratch;    /* one cue with its sets written out, MAX_CUE bytes */
    struct kol_err *err;
};

#define FAIL(r, ...) bad_line(r, kol_arena_fmt((r)->a, __VA_ARGS__))

static enum kol_code bad_line(struct reader *r, const char *reason)
{
    return kol_fail(r->err, KOL_BAD_CONFIG, "%s:%zu: %s", r->file, r->line, reason ? reason : "");
}

static enum kol_code no_memory(struct reader *r)
{
    return kol_fail(r->err, KOL_NO_MEMORY, "%s: out of memory", r->file);
}

static char *trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t n = strlen(s);
    while (n > 0 && strchr(" \t\r", s[n - 1]))
        s[--n] = 0;
    return s;
}

/* Takes the first word off *rest. */
static char *take_word(char **rest)
{
    char *word = trim(*rest);
    size_t n = strcspn(word, " \t");
    *rest = word + n;
    if (word[n])
        *(*rest)++ = 0;
    return word;
}

static void *grow(struct reader *r, void *old, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return old;
    size_t bigger = *cap ? *cap * 2 : 512;
    void *fresh = kol_arena_array(r->a, bigger, size);
    if (fresh && count)
        memcpy(fresh, old, count * size);
    *cap = bigger;
    return fresh;
}

/* The number of a word pattern ("lock*"); the same pattern has one number. */
static bool pattern_of(struct reader *r, const char *word, size_t len, uint32_t *ret)
{
    struct kol_taxonomy *t = r->t;
    bool ending = len > 1 && word[len - 1] == '*';
    char *folded = kol_fold(r->a, word, ending ? len - 1 : len);
    if (!folded)
        return false;
    struct kol_index *index = ending ? &t->endings : &t->exact;
    uint32_t cursor = 0;
    if (kol_index_next(index, folded, strlen(folded), &cursor, ret))
        return true;
    t->patterns = grow(r, t->patterns, t->pattern_count, &r->pattern_cap, sizeof *t->patterns);
    if (!t->patterns)
        return false;
    *ret = (uint32_t)t->pattern_count++;
    t->patterns[*ret] = folded;
    return kol_index_add(index, folded, *ret);
}

/* One alternative: words in a row. */
static enum kol_code read_phrase(struct reader *r, char *text)
{
    struct kol_taxonomy *t = r->t;
    struct kol_phrase phrase = {.part = (uint32_t)t->part_count};
    for (char *p = trim(text); *p;) {
        size_t n = strcspn(p, " -");
        if (n > 0) {
            if (phrase.count == KOL_NAME_WORDS)
                return FAIL(r, "more than %d words in \"%s\"", KOL_NAME_WORDS, text);
            if (!pattern_of(r, p, n, &phrase.patterns[phrase.count++]))
                return no_memory(r);
        }
        p += n + (p[n] != 0);
    }
    if (phrase.count == 0)
        return FAIL(r, "an empty alternative");
    t->phrases = grow(r, t->phrases, t->phrase_count, &r->phrase_cap, sizeof *t->phrases);
    if (!t->phrases)
        return no_memory(r);
    t->phrases[t->phrase_count++] = phrase;
    return KOL_OK;
}

static enum kol_code read_part(struct reader *r, char *text, uint32_t cue)
{
    struct kol_taxonomy *t = r->t;
    for (char *alternative; (alternative = strsep(&text, "/"));) {
        enum kol_code code = read_phrase(r, alternative);
        if (code != KOL_OK)
            return code;
    }
    t->cue_of_part = grow(r, t->cue_of_part, t->part_count, &r->part_cap, sizeof *t->cue_of_part);
    if (!t->cue_of_part)
        return no_memory(r);
    t->cue_of_part[t->part_count++] = cue;
    return KOL_OK;
}

/* Writes the sets of a cue out: "{car}" becomes its words. */
static enum kol_code expand(struct reader *r, const char *text, char *ret, size_t size)
{
    size_t n = 0;
    while (*text) {
        const char *words = NULL;
        size_t skip = 1;
        if (*text == '{') {
            skip = strcspn(text, "}") + 1;
            for (size_t i = 0; i < r->set_count && !words; i++)
                if (strlen(r->sets[i].name) == skip - 2 &&
                    strncmp(r->sets[i].name, text + 1, skip - 2) == 0)
                    words = r->sets[i].words;
            if (!words)
                return FAIL(r, "no set %.*s", (int)skip, text);
        }
        size_t len = words ? strlen(words) : 1;
        if (n + len + 1 > size)
            return FAIL(r, "a cue is too long");
        memcpy(ret + n, words ? words : text, len);
        n += len;
        text += skip;
    }
    ret[n] = 0;
    return KOL_OK;
}

static enum kol_code read_cue(struct reader *r, const char *text, enum kol_cue_level level)
{
    struct kol_taxonomy *t = r->t;
    char *cue = r->scratch;
    enum kol_code code = expand(r, text, cue, MAX_CUE);
    if (code != KOL_OK)
        return code;
    t->cues = grow(r, t->cues, t->cue_count, &r->cue_cap, sizeof *t->cues);
    if (!t->cues)
        return no_memory(r);
    uint32_t number = (uint32_t)t->cue_count++;
    struct kol_cue *c = &t->cues[number];
    *c = (struct kol_cue){.service = r->current - 1,
                          .first_part = (uint32_t)t->part_count,
                          .level = level,
                          .own = r->own};
    for (char *part; (part = strsep(&cue, "+"));) {
        if (++c->part_count > 4)
            return FAIL(r, "more than four parts in a cue");
        if ((code = read_part(r, part, number)) != KOL_OK)
            return code;
    }
    return KOL_OK;
}

static enum kol_code read_cues(struct reader *r, char *text, enum kol_cue_level level)
{
    if (r->current == 0)
        return FAIL(r, "cues before any service");
    for (char *cue; (cue = strsep(&text, ";"));) {
        cue = trim(cue);
        enum kol_code code = *cue ? read_cue(r, cue, level) : KOL_OK;
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}

static uint32_t find_service(const struct kol_taxonomy *t, const char *id)
{
    for (uint32_t i = 0; i < t->service_count; i++)
        if (strcmp(t->services[i].id, id) == 0)
            return i + 1;
    return 0;
}

static enum kol_code open_service(struct reader *r, const char *id)
{
    struct kol_taxonomy *t = r->t;
    if (!*id || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(id))
        return FAIL(r, "a service's id has small letters, digits and hyphens: \"%s\"", id);
    r->current = find_service(t, id);
    if (r->current)
        return KOL_OK;
    t->services = grow(r, t->services, t->service_count, &r->service_cap, sizeof *t->services);
    if (!t->services)
        return no_memory(r);
    t->services[t->service_count] =
        (struct kol_service){.id = kol_arena_str(r->a, id), .allowed = true};
    r->current = (uint32_t)++t->service_count;
    return KOL_OK;
}

static enum kol_code read_set(struct reader *r, char *rest)
{
    char *equals = strchr(rest, '=');
    if (!equals || r->set_count == MAX_SETS)
        return FAIL(r, equals ? "too many sets" : "a set is written: set NAME = WORDS");
    *equals = 0;
    r->sets[r->set_count++] = (struct set){.name = kol_arena_str(r->a, trim(rest)),
                                           .words = kol_arena_str(r->a, trim(equals + 1))};
    return KOL_OK;
}

static enum kol_code read_only(struct reader *r, char *rest)
{
    if (!r->t->restricted)
        for (size_t i = 0; i < r->t->service_count; i++)
            r->t->services[i].allowed = false;
    r->t->restricted = true;
    for (char *id; *(id = take_word(&rest));) {
        uint32_t service = find_service(r->t, id);
        if (!service)
            return FAIL(r, "no service \"%s\"", id);
        r->t->services[service - 1].allowed = true;
    }
    return KOL_OK;
}

static enum kol_code read_title(struct reader *r, char *text, bool he)
{
    if (r->current == 0)
        return FAIL(r, "a name before any service");
    char *name = trim(text);
    if (!*name)
        return FAIL(r, "an empty name");
    struct kol_service *s = &r->t->services[r->current - 1];
    *(he ? &s->he : &s->en) = kol_arena_str(r->a, name);
    enum kol_code code = read_cue(r, name, KOL_CUE_NAME);
    if (code == KOL_OK)
        r->t->cues[r->t->cue_count - 1].title = true;
    return code;
}

static enum kol_code read_line(struct reader *r, char *line)
{
    static const char *const levels[] = {"name", "does", "sign", "hint", "thing"};
    char *rest = line;
    char *word = take_word(&rest);
    if (!*word || *word == '#')
        return KOL_OK;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(word, levels[i]) == 0)
            return read_cues(r, rest, (enum kol_cue_level)i);
    if (strcmp(word, "set") == 0)
        return read_set(r, rest);
    if (strcmp(word, "service") == 0)
        return open_service(r, trim(rest));
    if (strcmp(word, "he") == 0 || strcmp(word, "en") == 0)
        return read_title(r, rest, *word == 'h');
    if (strcmp(word, "only") == 0)
        return read_only(r, rest);
    return FAIL(r, "\"%s\" is none of set, service, he, en, name, does, sign, hint, thing, only",
                word);
}

/* phrases by the pattern of their first word, written as text because the index takes text */
static bool index_phrases(struct reader *r)
{
    struct kol_taxonomy *t = r->t;
    if (!kol_index_init(&t->by_pattern, r->a, t->phrase_count))
        return false;
    for (uint32_t i = 0; i < t->phrase_count; i++) {
        char *key = kol_arena_fmt(r->a, "%u", t->phrases[i].patterns[0]);
        if (!key || !kol_index_add(&t->by_pattern, key, i))
            return false;
    }
    return true;
}

enum kol_code kol_taxonomy_read(struct kol_arena *a, const struct kol_source *sources, size_t count,
                                struct kol_taxonomy *ret, struct kol_err *err)
{
    struct reader r = {.a = a, .t = ret, .err = err, .file = "services"};
    *ret = (struct kol_taxonomy){0};
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += sources[i].len;
    /* A word is at least two bytes with its space: no more patterns than that. */
    r.scratch = kol_arena_alloc(a, MAX_CUE);
    if (!r.scratch || !kol_index_init(&ret->exact, a, bytes / 2 + 16) ||
        !kol_index_init(&ret->endings, a, bytes / 2 + 16))
        return no_memory(&r);

    for (size_t i = 0; i < count; i++) {
        char *text = kol_clean(a, sources[i].text, sources[i].len);
        if (!text)
            return no_memory(&r);
        r.file = sources[i].name;
        r.line = 0;
        r.current = 0;
        r.own = i > 0;
        for (char *line; (line = strsep(&text, "\n"));) {
            r.line++;
            enum kol_code code = read_line(&r, line);
            if (code != KOL_OK)
                return code;
        }
    }
    for (size_t i = 0; i < ret->service_count; i++)
        if (!ret->services[i].he || !ret->services[i].en)
            return kol_fail(err, KOL_BAD_CONFIG, "%s: service %s has no %s name", r.file,
                            ret->services[i].id, ret->services[i].he ? "English" : "Hebrew");
    return index_phrases(&r) ? KOL_OK : no_memory(&r);
}

bool kol_taxonomy_only_restricts(const struct kol_source *source)
{
    const char *end = source->text + source->len;
    for (const char *p = source->text; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t n = newline ? (size_t)(newline - p) : (size_t)(end - p);
        if (n > 0 && (n < 5 || strncmp(p, "only ", 5) != 0))
            return false;
        p += n + 1;
    }
    return source->len > 0;
}

enum kol_code kol_taxonomy_restrict(struct kol_arena *a, const struct kol_taxonomy *t,
                                    const struct kol_source *source, struct kol_taxonomy *ret,
                                    struct kol_err *err)
{
    struct reader r = {.a = a, .t = ret, .err = err, .file = source->name};
    char *text = kol_clean(a, source->text, source->len);
    *ret = *t;
    ret->services = kol_arena_array(a, t->service_count + 1, sizeof *ret->services);
    if (!text || !ret->services)
        return no_memory(&r);
    memcpy(ret->services, t->services, t->service_count * sizeof *ret->services);
    for (char *line; (line = strsep(&text, "\n"));) {
        r.line++;
        enum kol_code code = read_line(&r, line);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}
