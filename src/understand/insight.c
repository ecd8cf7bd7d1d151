/*
 * insight.c - one call: words, then the finders in the order in which each helps the next.
 */
#include "understand/insight.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "understand/scene.h"
#include <string.h>

double kol_heard(const struct kol_scene *s, struct kol_span span)
{
    double sum = 0;
    if (span.end <= span.first)
        return 1;
    for (size_t i = span.first; i < span.end; i++)
        sum += (double)s->talk.words[i].probability;
    return sum / (span.end - span.first);
}

/* Words have no times of their own; their place in the turn's text tells about when. */
static int64_t time_of(const struct kol_talk_turn *turn, const char *at)
{
    for (size_t i = 0; i < turn->piece_count; i++) {
        const struct kol_talk_piece *p = &turn->pieces[i];
        if (at < p->start || at > p->start + p->len)
            continue;
        int64_t start_ms = p->from->start_ms, end_ms = p->from->end_ms;
        if (start_ms < 0 || end_ms < start_ms || p->len == 0)
            return -1;
        return start_ms +
               (int64_t)((double)(end_ms - start_ms) * (double)(at - p->start) / (double)p->len);
    }
    return -1;
}

void kol_set_evidence(const struct kol_scene *s, struct kol_span span,
                      struct kol_insight_value *ret)
{
    const struct kol_talk *t = &s->talk;
    ret->quote_start_ms = ret->quote_end_ms = -1;
    if (span.end <= span.first)
        return;
    /* A number dictated over several turns is quoted up to the end of its first one. */
    uint32_t end = span.end;
    while (end > span.first + 1 && t->words[end - 1].turn != t->words[span.first].turn)
        end--;
    const struct kol_word *first = &t->words[span.first], *last = &t->words[end - 1];
    ret->quote = kol_quote(s->a, t, span.first, end);
    ret->quote_start_ms = time_of(&t->turns[first->turn], first->clean);
    ret->quote_end_ms = time_of(&t->turns[last->turn], last->clean + last->clean_len);
}

static bool is_hebrew(const struct kol_scene *s)
{
    const struct kol_talk *t = &s->talk;
    if (s->in->language && strcmp(s->in->language, "en") == 0 && t->hebrew_words == 0)
        return false;
    if (s->in->language && strcmp(s->in->language, "he") == 0 && t->latin_words == 0)
        return true;
    /* Mixed talk is Hebrew: whoever speaks both reads both, the business works in it. */
    return t->hebrew_words * 4 >= t->latin_words && t->hebrew_words > 0;
}

static void set_defaults(struct kol_insight *ret)
{
    struct kol_insight_value *const values[] = {&ret->service, &ret->city, &ret->callback_phone,
                                                &ret->customer_name, &ret->urgency};
    for (size_t i = 0; i < KOL_COUNT(values); i++)
        values[i]->quote_start_ms = values[i]->quote_end_ms = -1;
}

static double combined(const struct kol_insight *r)
{
    if (r->service.value && r->city.value)
        return r->service.confidence < r->city.confidence ? r->service.confidence
                                                          : r->city.confidence;
    return r->service.value ? r->service.confidence : r->city.value ? r->city.confidence : 0;
}

static void find_all(struct kol_scene *s, struct kol_insight *ret)
{
    if (s->kind == KOL_INSIGHT_REQUEST) {
        kol_find_service(s, &ret->service); /* first: a town beside the trouble is the town */
        s->service_confidence = ret->service.confidence;
        kol_find_city(s, &ret->city);
        bool requested = ret->service.value || ret->city.value;
        if (!requested)
            s->kind = KOL_INSIGHT_NO_REQUEST;
        kol_find_urgency(s, requested, &ret->urgency);
    } else if (s->kind !=
               KOL_INSIGHT_NO_REQUEST) { /* whoever calls by mistake or to sell leaves no lead */
        ret->callback_phone = (struct kol_insight_value){.quote_start_ms = -1, .quote_end_ms = -1};
        ret->customer_name = (struct kol_insight_value){.quote_start_ms = -1, .quote_end_ms = -1};
    }
}

enum kol_code kol_scene_open(struct kol_arena *a, const struct kol_lexicon *lexicon,
                             const struct kol_insight_input *in, struct kol_scene *ret,
                             struct kol_insight *out, struct kol_err *err)
{
    struct kol_scene s = {.a = a, .lexicon = lexicon, .in = in};
    enum kol_code code = kol_talk_build(a, in, &s.talk, err);
    if (code != KOL_OK)
        return code;
    s.marks = kol_arena_alloc(a, s.talk.word_count + 1);
    if (!s.marks)
        return kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
    s.hebrew = is_hebrew(&s);
    set_defaults(out);
    kol_find_phone(&s, &out->callback_phone);
    kol_find_name(&s, &out->customer_name);
    s.kind = kol_find_kind(&s);
    *ret = s;
    return KOL_OK;
}

enum kol_code kol_insight_extract(struct kol_arena *a, const struct kol_lexicon *lexicon,
                                  const struct kol_insight_input *in, struct kol_insight *ret,
                                  struct kol_err *err)
{
    struct kol_insight out = {0};
    struct kol_scene s;
    enum kol_code code = kol_scene_open(a, lexicon, in, &s, &out, err);
    if (code != KOL_OK)
        return code;
    find_all(&s, &out);
    out.kind = s.kind;
    out.language = s.hebrew ? "he" : "en";
    out.extraction_confidence = combined(&out);
    kol_write_summary(&s, &out);
    if (kol_arena_failed(a) || !out.summary)
        return kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
    *ret = out;
    return KOL_OK;
}

static const struct {
    const char *prefix, *role;
} prefixes[] = {{"Agent:", "agent"},     {"Customer:", "customer"},    {"Caller:", "customer"},
                {"נציג:", "agent"},      {"נציגה:", "agent"},          {"לקוח:", "customer"},
                {"לקוחה:", "customer"},  {"Client:", "customer"},      {"Business:", "agent"},
                {"Operator:", "agent"},  {"Representative:", "agent"}, {"מתקשר:", "customer"},
                {"מתקשרת:", "customer"}, {"מוקד:", "agent"},           {"מוקדן:", "agent"},
                {"מוקדנית:", "agent"}};

/* The role a line begins with; moves *line past it. */
static const char *take_role(const char **line, size_t *len)
{
    static const char *const blanks[] = {" ", "\t", "\u200e", "\u200f", "\u202a", "\u202b"};
    for (size_t i = 0; i < KOL_COUNT(blanks);) { /* indented, or marked for its direction */
        size_t n = strlen(blanks[i]);
        bool blank = *len >= n && strncmp(*line, blanks[i], n) == 0;
        *line += blank ? n : 0;
        *len -= blank ? n : 0;
        i = blank ? 0 : i + 1;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t n = strlen(prefixes[i].prefix);
        if (*len >= n && strncasecmp(*line, prefixes[i].prefix, n) == 0) {
            *line += n;
            *len -= n;
            return prefixes[i].role;
        }
    }
    return NULL;
}

enum kol_code kol_insight_turns_from_text(struct kol_arena *a, const char *text, size_t len,
                                          const struct kol_insight_turn **ret_turns,
                                          size_t *ret_count, struct kol_err *err)
{
    size_t lines = 1, count = 0;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    struct kol_insight_turn *turns = kol_arena_array(a, lines, sizeof *turns);
    if (!turns)
        return kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
    for (size_t at = 0; at < len;) {
        const char *line = text + at, *newline = memchr(line, '\n', len - at);
        size_t n = newline ? (size_t)(newline - line) : len - at;
        at += n + 1;
        const char *role = take_role(&line, &n);
        if (n == 0 && !role)
            continue;
        char *copy = kol_arena_strn(a, line, n);
        if (!copy)
            return kol_fail(err, KOL_NO_MEMORY, "understand: out of memory");
        /* A line without a name goes on with the speaker of the line before. */
        const char *speaker = role ? role : count > 0 ? turns[count - 1].role : NULL;
        turns[count++] =
            (struct kol_insight_turn){.role = speaker, .start_ms = -1, .end_ms = -1, .text = copy};
    }
    *ret_turns = turns;
    *ret_count = count;
    return KOL_OK;
}

const char *kol_insight_kind_name(enum kol_insight_kind kind)
{
    switch (kind) {
    case KOL_INSIGHT_REQUEST:
        return "request";
    case KOL_INSIGHT_NO_REQUEST:
        return "no_request";
    case KOL_INSIGHT_WRONG_NUMBER:
        return "wrong_number";
    case KOL_INSIGHT_SALES:
        return "sales";
    case KOL_INSIGHT_EMPTY:
        return "empty";
    }
    return "request";
}

static json_t *value_to_json(const struct kol_insight_value *v)
{
    json_t *o = json_object();
    kol_json_set_str(o, "value", v->value);
    kol_json_set_str(o, "value_en", v->value_en);
    kol_json_set(o, "confidence", json_real(v->confidence));
    kol_json_set_str(o, "quote", v->quote);
    kol_json_set_int(o, "start_ms", v->quote_start_ms);
    kol_json_set_int(o, "end_ms", v->quote_end_ms);
    kol_json_set_str(o, "rule", v->rule);
    return o;
}

json_t *kol_insight_to_json(const struct kol_insight *in)
{
    json_t *o = json_object(), *parts = json_object();
    kol_json_set_str(o, "kind", kol_insight_kind_name(in->kind));
    kol_json_set_str(o, "language", in->language);
    kol_json_set(o, "service", value_to_json(&in->service));
    kol_json_set(o, "city", value_to_json(&in->city));
    kol_json_set(o, "callback_phone", value_to_json(&in->callback_phone));
    kol_json_set(o, "customer_name", value_to_json(&in->customer_name));
    kol_json_set(o, "urgency", value_to_json(&in->urgency));
    kol_json_set(o, "extraction_confidence", json_real(in->extraction_confidence));
    kol_json_set_str(o, "summary", in->summary);
    kol_json_set_str(parts, "who", in->parts.who);
    kol_json_set_str(parts, "what", in->parts.what);
    kol_json_set_str(parts, "where", in->parts.where);
    kol_json_set_str(parts, "when", in->parts.when);
    kol_json_set_str(parts, "price", in->parts.price);
    kol_json_set_str(parts, "agreed", in->parts.agreed);
    kol_json_set_str(parts, "next_step", in->parts.next_step);
    kol_json_set_str(parts, "callback", in->parts.callback);
    kol_json_set(o, "summary_parts", parts);
    return o;
}
