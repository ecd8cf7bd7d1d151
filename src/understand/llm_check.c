/*
 * llm_check.c - see llm_check.h.
 */
#include "understand/llm_check.h"
#include "base/cleanup.h"
#include "base/str.h"
#include <string.h>

#define CONFIDENCE                                                                                 \
    0.75 /* below what the rules call sure: a person or a surer reading replaces it */
#define NUMBERS_MOST 256
#define SAID_LEAST 0.85 /* of a summary's words */
#define SUMMARY_LEAST_WORDS 3

/* ---- form ---- */

static const struct {
    const char *name;
    size_t most;
    size_t offset;
} fields[] = {
#define X(name, most) {#name, most, offsetof(struct kol_llm_answer, name)},
    KOL_LLM_FIELDS(X)
#undef X
};

static const char *read_field(struct kol_arena *a, const json_t *json, size_t i,
                              struct kol_llm_answer *ret)
{
    const json_t *value = json_object_get(json, fields[i].name);
    const char *text = json_string_value(value);

    if (!value)
        return "a field is missing";
    if (json_is_null(value))
        return NULL;
    if (!text)
        return "a field is no text";
    if (strlen(text) != json_string_length(value) || kol_utf8_count(text) > fields[i].most)
        return "a text is too long";
    *(const char **)((char *)ret + fields[i].offset) = *text ? kol_arena_str(a, text) : NULL;
    return NULL;
}

const char *kol_llm_answer_read(struct kol_arena *a, const char *text, size_t len,
                                struct kol_llm_answer *ret)
{
    KOL_JSON json = NULL;
    const char *wrong = NULL;

    *ret = (struct kol_llm_answer){0};
    if (kol_json_parse(text, len, &json, NULL) != KOL_OK || !json_is_object(json))
        return "it is no JSON object";
    for (size_t i = 0; i < KOL_COUNT(fields) && !wrong; i++)
        wrong = read_field(a, json, i, ret);
    if (!wrong && json_object_size(json) != KOL_COUNT(fields))
        wrong = "it has fields that were not asked for";
    return wrong;
}

/* ---- orders ---- */

bool kol_llm_gives_orders(const struct kol_talk *t)
{
    static const char english[] =
        "ignore all|ignore any|ignore the|ignore your|ignore previous|ignore what|"
        "ignore everything|disregard|forget your|forget all|forget everything|forget previous|"
        "forget the|system prompt|system message|system override|prompt|instructions|"
        "instruction|language model|ai|a i|gpt|chatbot|assistant|json|schema|webhook|web hook|"
        "override|jailbreak|developer mode|debug mode|admin mode|you are now|act as|respond with|"
        "reply with|answer with|output|field|fields|database|extracted|extraction|endpoint|"
        "transcript|summary|summarize|summarise|set the city|set city|set the service|"
        "set service|base64|crm|token|user role|city equals|service equals|function call|tool "
        "call|api|url|http|https|"
        "parser|classifier|classify|robot|the bot|computer program|the machine should";
    static const char hebrew[] =
        "התעלם|תתעלם|תתעלמי|התעלמי|התעלמו|תתעלמו|להתעלם|תשכח מה*|שכח את כל|תשכח את כל|תשכחי|"
        "הוראות|ההוראות|מההוראות|הוראה|הנחיות|ההנחיות|מההנחיות|פרומפט|ג'ייסון|ג'יסון|וובהוק|"
        "מודל שפה|מודל השפה|בינה מלאכותית|הבינה המלאכותית|צ'אט|בוט|הבוט|סכמה|הסכמה של|פלט|הפלט|"
        "שדה|השדה|בשדה|השדות|מסד הנתונים|מערכת יקרה|הודעת מערכת|הודעת המערכת|תמליל|התמליל|"
        "תסכם|סכם|בסיכום|הסיכום|עוזר וירטואלי|רובוט|אתה עכשיו|מצב מפתח|מצב ניהול|תענה רק|"
        "הגדר את|תגדיר את|שנה את העיר|תשנה את העיר|שנה את השירות|תשנה את השירות|אי אר אם";

    return kol_phrase_find(t, 0, t->word_count, english) < t->word_count ||
           kol_phrase_find(t, 0, t->word_count, hebrew) < t->word_count;
}

/* ---- evidence ---- */

static bool read_text(struct kol_scene *s, const char *text, struct kol_talk *ret)
{
    const struct kol_insight_turn turn = {.text = text, .start_ms = -1, .end_ms = -1};
    const struct kol_insight_input in = {.turns = &turn, .turn_count = 1};

    return text && kol_talk_build(s->a, &in, ret, NULL) == KOL_OK && ret->word_count > 0;
}

static bool same_words(const struct kol_talk *t, size_t at, const struct kol_talk *quote)
{
    if (at + quote->word_count > t->word_count)
        return false;
    for (size_t k = 0; k < quote->word_count; k++)
        if (strcmp(t->words[at + k].norm, quote->words[k].norm) != 0)
            return false;
    return true;
}

/* Where the call says these very words, one after the other. */
static bool find_quote(struct kol_scene *s, const char *quote, struct kol_span *ret)
{
    struct kol_talk words;

    if (!read_text(s, quote, &words))
        return false;
    for (size_t i = 0; i < s->talk.word_count; i++)
        if (same_words(&s->talk, i, &words)) {
            *ret = (struct kol_span){(uint32_t)i, (uint32_t)(i + words.word_count)};
            return true;
        }
    return false;
}

static struct kol_insight_value value_of(struct kol_scene *s, struct kol_span span,
                                         const char *value, const char *value_en)
{
    struct kol_insight_value ret = {
        .value = value, .value_en = value_en, .confidence = CONFIDENCE, .rule = "llm"};

    kol_set_evidence(s, span, &ret);
    return ret;
}

/* ---- service ---- */

static bool has_pattern(const struct kol_taxonomy *t, const struct kol_word *w, uint32_t wanted)
{
    for (size_t i = 0; i < w->stem_count; i++) {
        const char *text = w->stems[i].text;
        uint32_t cursor = 0, pattern;
        while (kol_index_next(&t->exact, text, strlen(text), &cursor, &pattern))
            if (pattern == wanted)
                return true;
        for (size_t n = 2; n <= strlen(text); n++)
            for (cursor = 0; kol_index_next(&t->endings, text, n, &cursor, &pattern);)
                if (pattern == wanted)
                    return true;
    }
    return false;
}

static bool phrase_in(const struct kol_scene *s, struct kol_span span, const struct kol_phrase *p)
{
    const struct kol_taxonomy *t = &s->lexicon->taxonomy;

    for (size_t i = span.first; i + p->count <= span.end; i++) {
        size_t k = 0;
        while (k < p->count && has_pattern(t, &s->talk.words[i + k], p->patterns[k]))
            k++;
        if (k == p->count)
            return true;
    }
    return false;
}

static bool all_parts(const uint8_t *found, const struct kol_cue *cue)
{
    for (size_t i = 0; i < cue->part_count; i++)
        if (!found[cue->first_part + i])
            return false;
    return cue->part_count > 0;
}

/* The words quoted have to do with the trade: all parts of one of the taxonomy's cues are there. */
static bool speaks_of(const struct kol_scene *s, struct kol_span span, size_t service)
{
    const struct kol_taxonomy *t = &s->lexicon->taxonomy;
    uint8_t *found = kol_arena_alloc(s->a, t->part_count + 1);

    for (size_t i = 0; found && i < t->phrase_count; i++) {
        const struct kol_phrase *p = &t->phrases[i];
        if (t->cues[t->cue_of_part[p->part]].service == service && phrase_in(s, span, p))
            found[p->part] = 1;
    }
    for (size_t i = 0; found && i < t->cue_count; i++)
        if (t->cues[i].service == service && all_parts(found, &t->cues[i]))
            return true;
    return false;
}

bool kol_llm_check_service(struct kol_scene *s, const struct kol_llm_answer *answer,
                           struct kol_insight_value *ret)
{
    const struct kol_taxonomy *t = &s->lexicon->taxonomy;
    struct kol_span span;
    size_t i = 0;

    while (i < t->service_count && !kol_streq(t->services[i].id, answer->service))
        i++;
    if (i == t->service_count || (t->restricted && !t->services[i].allowed) ||
        !find_quote(s, answer->service_quote, &span) || !speaks_of(s, span, i))
        return false;
    *ret = value_of(s, span, s->hebrew ? t->services[i].he : t->services[i].en, t->services[i].id);
    return true;
}

/* ---- city ---- */

/* The place that all of a text names. */
static bool place_named(struct kol_scene *s, const char *name, uint32_t *ret)
{
    struct kol_place_match m;
    struct kol_talk words;

    if (!read_text(s, name, &words) || !kol_places_match(s->lexicon->places, &words, 0, &m) ||
        m.end != words.word_count)
        return false;
    *ret = m.place;
    return true;
}

/* One of the words quoted is the place's name, or sounds like it. */
static bool names_place(const struct kol_scene *s, struct kol_span span, uint32_t place)
{
    const struct kol_gazetteer *g = s->lexicon->places;

    for (size_t i = span.first; i < span.end; i++) {
        struct kol_place_match m;
        if (kol_places_match(g, &s->talk, i, &m) && m.place == place)
            return true;
        if (kol_places_match_sound(g, &s->talk, i, &m) && m.place == place)
            return true;
    }
    return false;
}

bool kol_llm_check_city(struct kol_scene *s, const struct kol_llm_answer *answer,
                        struct kol_insight_value *ret)
{
    struct kol_span span;
    uint32_t place = 0;

    if (!place_named(s, answer->city, &place) || !find_quote(s, answer->city_quote, &span) ||
        !names_place(s, span, place))
        return false;
    const struct kol_place *p = &s->lexicon->places->places[place];
    *ret = value_of(s, span, s->hebrew && p->he ? p->he : p->en, p->en);
    return true;
}

/* ---- name ---- */

static bool said_in(const struct kol_scene *s, struct kol_span span, const struct kol_word *w)
{
    for (size_t i = span.first; i < span.end; i++)
        for (size_t k = 0; k < s->talk.words[i].stem_count; k++)
            if (strcmp(s->talk.words[i].stems[k].text, w->norm) == 0)
                return true;
    return false;
}

bool kol_llm_check_name(struct kol_scene *s, const struct kol_llm_answer *answer,
                        struct kol_insight_value *ret)
{
    struct kol_span span;
    struct kol_talk name;

    if (!read_text(s, answer->customer_name, &name) || name.word_count > 4 ||
        !find_quote(s, answer->customer_name_quote, &span))
        return false;
    for (size_t i = 0; i < name.word_count; i++)
        if (name.words[i].script == KOL_SCRIPT_DIGITS || !said_in(s, span, &name.words[i]))
            return false;
    /* As words, not as the model wrote it: marks and controls have no place in a name. */
    const char *clean = kol_quote(s->a, &name, 0, name.word_count);
    if (!clean || strpbrk(clean, "<>{}[]()\n/\\@"))
        return false;
    *ret = value_of(s, span, clean, NULL);
    return true;
}

/* ---- summary ---- */

/* Words with which one tells of a call; they need not have been said. */
static bool is_telling(const struct kol_word *w)
{
    return kol_is(w, "customer|caller|agent|call|called|calls|asked|asks|asking|wants|wanted|needs|"
                     "needed|said|says|agreed|requested|requests|reported|reports|confirmed|"
                     "offered|regarding|because|client|will|would|their|they|with|from|about|that|"
                     "this|was|were|has|had|have|the|and|for|his|her|him|she|are|who|been|is") ||
           kol_is_stem(w, "לקוח|לקוחה|הלקוח|הלקוחה|מתקשר|מתקשרת|נציג|נציגה|ביקש|ביקשה|מבקש|מבקשת|"
                          "רוצה|צריך|צריכה|התקשר|התקשרה|אמר|אמרה|סוכם|הוסכם|נקבע|סיכמו|אישר|"
                          "אישרה|לגבי|בנוגע|שיחה|פנה|פנתה|עבור|אצל|של|את|עם|הוא|היא|כי|לא|יש");
}

/* Latin words are the same when their first five letters are: "locked", "locking". */
static bool alike(const struct kol_word *a, const struct kol_word *b)
{
    if (a->script == KOL_SCRIPT_LATIN && b->script == KOL_SCRIPT_LATIN && strlen(a->norm) > 4)
        return strncmp(a->norm, b->norm, 5) == 0;
    for (size_t i = 0; i < a->stem_count; i++)
        for (size_t k = 0; k < b->stem_count; k++)
            if (strcmp(a->stems[i].text, b->stems[k].text) == 0)
                return true;
    return false;
}

static bool was_said(const struct kol_talk *t, const struct kol_word *w)
{
    for (size_t i = 0; i < t->word_count; i++)
        if (alike(w, &t->words[i]))
            return true;
    return false;
}

/* A number of the summary: written in the call, or spoken. */
static bool number_was_said(const struct kol_talk *t, const struct kol_talk *summary, size_t i)
{
    int64_t wanted, said;

    if (was_said(t, &summary->words[i]))
        return true;
    if (kol_spoken_number(summary, i, &wanted) != 1)
        return false;
    for (size_t k = 0; k < t->word_count; k++)
        if (kol_spoken_number(t, k, &said) > 0 && said == wanted)
            return true;
    return false;
}

/* A number or a name may not be made up; of the other words a few may be the model's own. */
static bool is_fact(const struct kol_word *w)
{
    return w->script == KOL_SCRIPT_DIGITS || (w->capital && w->gap < KOL_GAP_STOP);
}

static bool tells_of_city(const struct kol_scene *s, const struct kol_talk *summary,
                          const struct kol_insight_value *city)
{
    const struct kol_gazetteer *g = s->lexicon->places;
    bool named = false;

    for (size_t i = 0; city->value_en && i < summary->word_count; i++) {
        struct kol_place_match m;
        if (!kol_places_match(g, summary, i, &m))
            continue;
        const bool same = kol_streq(g->places[m.place].en, city->value_en);
        if (!same && !m.weak)
            return false;
        named |= same;
    }
    return named || !city->value_en;
}

static bool tells_of_service(const struct kol_scene *s, const struct kol_talk *summary,
                             const struct kol_insight_value *service)
{
    const struct kol_taxonomy *t = &s->lexicon->taxonomy;
    struct kol_scene told = *s;
    size_t i = 0;

    while (i < t->service_count && !kol_streq(t->services[i].id, service->value_en))
        i++;
    told.talk = *summary;
    return i == t->service_count ||
           speaks_of(&told, (struct kol_span){0, (uint32_t)summary->word_count}, i);
}

bool kol_llm_check_summary(struct kol_scene *s, const char *summary,
                           const struct kol_insight *found)
{
    struct kol_talk words;
    size_t own = 0, counted = 0;

    if (!read_text(s, summary, &words) || words.word_count < SUMMARY_LEAST_WORDS ||
        kol_llm_gives_orders(&words) || strpbrk(summary, "<>{}[]\\@") || strstr(summary, "://") ||
        !tells_of_city(s, &words, &found->city) || !tells_of_service(s, &words, &found->service))
        return false;
    for (size_t i = 0; i < words.word_count; i++) {
        const struct kol_word *w = &words.words[i];
        const bool fact = is_fact(w);
        if (!fact && (w->clean_len < 3 || is_telling(w)))
            continue;
        const bool said = w->script == KOL_SCRIPT_DIGITS ? number_was_said(&s->talk, &words, i)
                                                         : was_said(&s->talk, w);
        if (fact && !said)
            return false;
        counted++;
        own += !said;
    }
    return counted > 0 && (double)(counted - own) >= SAID_LEAST * (double)counted;
}
