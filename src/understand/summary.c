/*
 * summary.c - a summary out of the call's own words.
 *
 * Extractive: a head line from the values, then what was said, quoted in the order it was said.
 * Only spoken numbers are rewritten (six hundred: 600), and nothing is added that was not said.
 */
#include "base/str.h"
#include "understand/scene.h"
#include <stdlib.h>
#include <string.h>

#define MAX_PICKS 24
#define LONG_SENTENCE 26 /* words; longer ones are cut around what matters */

struct pick {
    struct kol_span span;
    double score;
};

struct writer {
    struct kol_scene *s;
    uint8_t *used; /* per sentence: 1 quoted already, 2 looked at for this part */
    const char *address;
};

/* --- words back to text --- */

static bool joins_next(const struct kol_talk *t, size_t i, size_t end)
{
    return i < end && t->words[i].gap <= KOL_GAP_HYPHEN;
}

/* "between six and eight hundred": the six are hundreds too. */
static int64_t scale_of_range(const struct kol_talk *t, size_t after, size_t end, int64_t value)
{
    int64_t other;
    if (value < 1 || value > 99 || !joins_next(t, after, end))
        return 1;
    size_t at = after + (kol_is(&t->words[after], "and|to|or|עד|או") ? 1 : 0);
    bool hebrew_to = at == after && kol_number_prefix(&t->words[at]) > 0;
    if ((at == after && !hebrew_to) || at >= end || !kol_spoken_number(t, at, &other))
        return 1;
    if (value < 10 && other >= 100 && other < 1000 && other % 100 == 0 && other / 100 > value)
        return 100;
    return other >= 1000 && other % 1000 == 0 && other / 1000 > value && other < 100000 ? 1000 : 1;
}

static const char *digits_of(struct kol_arena *a, int64_t n)
{
    if (n >= 1000000)
        return kol_arena_fmt(a, "%lld,%03lld,%03lld", (long long)(n / 1000000),
                             (long long)(n / 1000 % 1000), (long long)(n % 1000));
    return n >= 1000 ? kol_arena_fmt(a, "%lld,%03lld", (long long)(n / 1000), (long long)(n % 1000))
                     : kol_arena_fmt(a, "%lld", (long long)n);
}

/* Writes a spoken number from word i as digits. Words taken; 0: leave the words as they are. */
static size_t write_number(struct writer *w, struct kol_str *out, size_t i, size_t end)
{
    const struct kol_talk *t = &w->s->talk;
    const struct kol_word *word = &t->words[i];
    int64_t value;
    size_t n = word->script == KOL_SCRIPT_DIGITS ? 0 : kol_spoken_number(t, i, &value);
    if (n == 0 || i + n > end)
        return 0;
    value *= scale_of_range(t, i + n, end, value);
    const char *digits = value > 20 ? digits_of(w->s->a, value) : NULL;
    if (!digits)
        return 0;
    size_t prefix = kol_number_prefix(word);
    kol_str_add_bytes(out, word->norm, prefix);
    kol_str_add_fmt(out, "%s%s", prefix ? "-" : "", digits);
    return n;
}

/* The text of a span with numbers as digits and telephone numbers left out. */
static void write_span(struct writer *w, struct kol_str *out, struct kol_span span)
{
    const struct kol_talk *t = &w->s->talk;
    const char *last = NULL;
    for (size_t i = span.first; i < span.end;) {
        const struct kol_word *word = &t->words[i];
        if (w->s->marks[i] & KOL_MARK_PHONE) {
            last = NULL;
            i++;
            continue;
        }
        if (last && word->turn == t->words[i - 1].turn)
            kol_str_add_bytes(out, last, (size_t)(word->clean - last));
        else if (i > span.first && out->len > 0)
            kol_str_add(out, " ");
        size_t n = write_number(w, out, i, span.end);
        if (n == 0) {
            kol_str_add_bytes(out, word->clean, word->clean_len);
            n = 1;
        }
        i += n;
        last = t->words[i - 1].clean + t->words[i - 1].clean_len;
    }
}

static const char *text_of(struct writer *w, struct kol_span span)
{
    KOL_STR out;
    kol_str_init(&out, 4096);
    write_span(w, &out, span);
    while (out.len > 0 && strchr(" ,;:-\n", out.data[out.len - 1]))
        out.len--;
    const char *from = out.data;
    size_t len = out.len;
    while (len > 0 && strchr(" ,;:-\n", *from)) {
        from++;
        len--;
    }
    char *text = len ? kol_arena_strn(w->s->a, from, len) : NULL;
    for (char *p = text; p && *p; p++)
        if (*p == '\n' || *p == '"')
            *p = *p == '"' && p > text && p[1] && (uint8_t)p[-1] > 0x80 && (uint8_t)p[1] > 0x80
                     ? '"'
                 : *p == '"' ? '\''
                             : ' ';
    return text;
}

/* --- choosing sentences --- */

static size_t count_marks(const struct writer *w, struct kol_span span, uint8_t mark)
{
    size_t n = 0;
    for (size_t i = span.first; i < span.end; i++)
        n += (w->s->marks[i] & mark) != 0;
    return n;
}

static size_t count_phrases(const struct writer *w, struct kol_span span, const char *list)
{
    size_t n = 0;
    for (size_t i = span.first; i < span.end; i++)
        n += kol_phrase_at(&w->s->talk, i, list) > 0;
    return n;
}

#define WANT                                                                                                                                                             \
    "need|want|looking for|i'd like|we'd like|would like|after|could you|can you|can "                                                                                   \
    "someone|please|hoping|trying to|wanted|"                                                                                                                            \
    "צריך|צריכה|צריכים|מחפש|מחפשת|מחפשים|רוצה|רוצים|דרוש|אפשר|אשמח|נשמח|תוכל|תוכלו|רציתי|מבקש|" \
    "מבקשת|להזמין|לקבוע|ביקשתי"
#define TROUBLE                                                                                                                              \
    "broken|broke|broken down|leak*|drip*|crack*|stuck|locked|shut|wont|doesn't|doesnt|isn't|not "                                           \
    "working|stopped|smell*|noise|blocked|dead|"                                                                                             \
    "problem|keeps|missing|lost|forgot|hurt*|pain|sick|flood*|burst|dropped|rats|ants|droppings|"                                            \
    "לא עובד*|נזיל*|נשבר*|שבור*|ננעל*|נעל*|"                                                                        \
    "התפוצץ|התפוצצה|תקוע*|נתקע*|בעיה|הפסיק*|נופל|קצר|סתימה|לא "                                  \
    "נדלק*|רעש|כתם|מקיא*|תקלה|מפחד*|אבד*|איבד*|לא מניע|לא סוחט*|לא מחמם|דולף|מטפטף|" \
    "מוציא|עושה|מצאתי|נעצר*|חוזר לי|יצאה|עפו|ריח|חשד|זזה|אין"
#define DETAIL                                                                                                                                                           \
    "because|since|before|after|until|only|about|per|every|floor|dog|baby|kids|tenant*|owner|"                                                                           \
    "square|meters|metres|feet|rooms|bedroom*|guests|people|"                                                                                                            \
    "כי|בגלל|לפני|אחרי|רק|בערך|כל|קומה|ילדים|ילד|תינוק|תינוקת|דיירים|מטר|חדרים|חדר|איש|מוזמנים|" \
    "בן|בת|פעם|כבר|ביטוח|דוח|תקציב|חדש|חדשה"
#define SMALL_TALK                                                                                 \
    "thank you|thanks|bye|goodbye|hello|good morning|good afternoon|have a good|no "               \
    "problem|lovely|perfect|appreciate|how are you|cheers|"                                        \
    "תודה|שלום|להתראות|ביי|יום טוב|יום נעים|בכיף|אין בעיה|מה שלומך|בוקר טוב|ערב טוב|אהלן|סליחה"

/* A short answer says something only together with its question. */
static bool answers_question(const struct kol_talk *t, const struct kol_sentence *e)
{
    if (e->turn == 0 || e->first != t->turns[e->turn].first || e->end - e->first > 4)
        return false;
    const struct kol_talk_turn *ask = &t->turns[e->turn - 1];
    if (ask->role != KOL_ROLE_AGENT || ask->end == ask->first ||
        t->turns[e->turn].role == KOL_ROLE_AGENT)
        return false;
    const struct kol_sentence *question = &t->sentences[t->words[ask->end - 1].sentence];
    return question->question && question->end - question->first <= 10;
}

static double score_sentence(const struct writer *w, const struct kol_sentence *e)
{
    const struct kol_talk *t = &w->s->talk;
    struct kol_span span = {e->first, e->end};
    size_t words = e->end - e->first;
    double score = 2.2 * (double)count_marks(w, span, KOL_MARK_TOPIC);
    score = score > 9 ? 9 : score;
    score +=
        1.6 * (double)count_phrases(w, span, WANT) + 1.8 * (double)count_phrases(w, span, TROUBLE);
    score += 0.6 * (double)count_phrases(w, span, DETAIL) +
             0.8 * (double)count_marks(w, span, KOL_MARK_PLACE);
    int64_t number;
    for (size_t i = e->first; i < e->end; i++)
        score += !(w->s->marks[i] & KOL_MARK_PHONE) && kol_spoken_number(t, i, &number) ? 0.4 : 0;
    score -= 1.5 * (double)count_phrases(w, span, SMALL_TALK);
    if (e->question)
        score -= 1.5;
    if (words < 3 && !answers_question(t, e))
        score -= 2;
    if (t->turns[e->turn].role == KOL_ROLE_AGENT)
        score -= 5;
    /* What comes first is what people call for. */
    double place =
        t->sentence_count > 1 ? (double)(e - t->sentences) / (double)(t->sentence_count - 1) : 0;
    score += (w->s->kind == KOL_INSIGHT_SALES ? 6 : 2.5) * (1 - place);
    return score / (1 + 0.012 * (double)(words > 20 ? words - 20 : 0));
}

static int by_score(const void *a, const void *b)
{
    double x = ((const struct pick *)a)->score, y = ((const struct pick *)b)->score;
    return x < y ? 1 : x > y ? -1 : 0;
}

static int by_place(const void *a, const void *b)
{
    const struct pick *x = a, *y = b;
    return x->span.first < y->span.first ? -1 : x->span.first > y->span.first;
}

/* A long run of words (speech engines leave out full stops) is cut to the part that matters. */
static struct kol_span cut(const struct writer *w, struct kol_span span, size_t max)
{
    if (span.end - span.first <= max)
        return span;
    size_t best = span.first;
    double best_score = -1;
    for (size_t from = span.first; from + max <= span.end; from++) {
        struct kol_span window = {(uint32_t)from, (uint32_t)(from + max)};
        double score = 2 * (double)count_marks(w, window, KOL_MARK_TOPIC) +
                       (double)count_marks(w, window, KOL_MARK_PLACE) +
                       1.2 * (double)count_phrases(w, window, WANT "|" TROUBLE) +
                       0.3 * (double)count_phrases(w, window, DETAIL);
        score += w->s->talk.words[from].gap >= KOL_GAP_COMMA ? 0.5 : 0;
        if (score > best_score) {
            best_score = score;
            best = from;
        }
    }
    return (struct kol_span){(uint32_t)best, (uint32_t)(best + max)};
}

static size_t budget_of(const struct kol_talk *t)
{
    return t->word_count < 90 ? 60 : t->word_count < 220 ? 75 : 110;
}

/* The sentences that say most, in the order in which they were said. */
static const char *write_what(struct writer *w, size_t budget, double least,
                              struct kol_span *ret_first)
{
    const struct kol_talk *t = &w->s->talk;
    struct pick *picks = kol_arena_array(w->s->a, t->sentence_count + 1, sizeof *picks);
    if (!picks)
        return NULL;
    size_t count = 0;
    for (size_t i = 0; i < t->sentence_count; i++)
        if (!w->used[i])
            picks[count++] = (struct pick){{t->sentences[i].first, t->sentences[i].end},
                                           score_sentence(w, &t->sentences[i])};
    qsort(picks, count, sizeof *picks, by_score);
    size_t kept = 0, words = 0;
    while (kept < count && kept < MAX_PICKS && picks[kept].score > (kept == 0 ? -4 : least)) {
        picks[kept].span = cut(w, picks[kept].span, kept == 0 && budget > 40 ? 40 : LONG_SENTENCE);
        size_t n = picks[kept].span.end - picks[kept].span.first;
        if (kept > 0 && words + n > budget)
            break;
        words += n;
        kept++;
    }
    if (kept > 0)
        *ret_first = picks[0].span;
    qsort(picks, kept, sizeof *picks, by_place);
    const char *out = NULL;
    for (size_t i = 0; i < kept; i++) {
        w->used[t->words[picks[i].span.first].sentence] = 1;
        const char *one = text_of(w, picks[i].span);
        const struct kol_sentence *e = &t->sentences[t->words[picks[i].span.first].sentence];
        if (one && answers_question(t, e)) {
            const struct kol_sentence *ask =
                &t->sentences[t->words[t->turns[e->turn - 1].end - 1].sentence];
            one = kol_arena_fmt(w->s->a, "%s? %s",
                                text_of(w, (struct kol_span){ask->first, ask->end}), one);
        }
        if (one && *one)
            out = out ? kol_arena_fmt(w->s->a, "%s. %s", out, one) : one;
    }
    return out;
}

/* --- time, price, what comes next --- */

#define DAYS                                                                                                                                                            \
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|mondays|tomorrow|tonight|weekend|"                                                                        \
    "january|february|april|june|july|august|september|"                                                                                                                \
    "october|november|december|next week|this week|in march|in may|of march|of may|before "                                                                             \
    "march|next month|this afternoon|this evening|this morning|the thirtieth|the twenty "                                                                               \
    "first|twenty-first|the first|the fifteenth|first thing|"                                                                                                           \
    "יום ראשון|יום שני|יום שלישי|יום רביעי|יום חמישי|יום שישי|יום שבת|ביום ראשון|ביום שני|ביום " \
    "שלישי|ביום רביעי|ביום חמישי|ביום שישי|בשבת|שבת|מחר|מחרתיים|הערב|השבוע|"                                   \
    "בשבוע הבא|שבוע הבא|בחודש הבא|החודש "                                                                                                   \
    "הבא|לחודש|בינואר|בפברואר|במרץ|באפריל|במאי|ביוני|ביולי|באוגוסט|בספטמבר|באוקטובר|בנובמבר|" \
    "בדצמבר|"                                                                                                                                                     \
    "אחרי הצהריים|לפני פסח|before pesach|פסח|החגים|לפני החורף|תחילת החודש|בתחילת|היום בערב|בעוד "        \
    "שבוע|בעוד שבועיים|בעוד שלושה|שלישי|שישי|חמישי|עד ראשון|אחר הצהריים|מהצהריים|סוף "                \
    "השבוע|באמצע|פעם ב|אמצע"
#define CLOCK                                                                                      \
    "at nine|at ten|at eight|at seven|at three|at four|at two|at one|at five|at six|at eleven|at " \
    "twelve|at noon|noon|half past|o'clock|am|pm|a m|p m|between|in the morning|"                  \
    "בשמונה|בתשע|בעשר|באחת "                                                     \
    "עשרה|בשתיים|בשלוש|בארבע|בחמש|בשש|בשבע|באחת|בצהריים|בבוקר|בערב|לשש|לשבע|לשמונה|וחצי|בין שמונה"
#define MONEY                                                                                                                        \
    "dollars|dollar|pounds|pound|quid|bucks|shekels|shekel|nis|euros|percent|vat|plus "                                              \
    "vat|fee|quote|estimate|ballpark|"                                                                                               \
    "charge|per hour|first hour|an hour|all in|שקל|שקלים|ש\"ח|שח|דולר|יורו|אחוז|מע\"מ|עמלה|הצעת " \
    "מחיר|הצעה|כמה זה יוצא|כמה עולה|מחיר|תקציב|כמה זה עולה|המחיר|בחינם|free|no charge|cost"
#define NEXT_STEP                                                                                                                                               \
    "call me|call back|ring me|gimme a call|give me a call|i'll text|i'll call|i'll ring|text "                                                                 \
    "you|you'll get|i will call|call you|we'll send|i'll send|call me back|come and look|come "                                                                 \
    "look|email us|"                                                                                                                                            \
    "תחזרו|תחזרי|תחזור|שתחזרו|שתחזור|תתקשרו|תתקשר|דברו איתי|דבר איתי|אשלח|אשלח אליכם|אני " \
    "אחזור|אחזור אליך|אחזור אלייך|אני אתקשר|נקבע|אתאם|תגידו|תגיד|שולח "                                    \
    "לך|אכין|מכין|להתקשר|whatsapp|וואטסאפ|אדבר עם|אני מגיע|נהיה בקשר|נדבר|קבענו|רשמתי"
#define ACCEPTED                                                                                   \
    "works|good|fine|perfect|great|ok|okay|marvellous|sounds great|see you|works for me|that's "   \
    "fine|מתאים|מצוין|בסדר|סגור|קבענו|טוב|מעולה|אני יכולה|יופי|נהיה|סבבה"

#define STREET                                                                                                                      \
    "רחוב|ברחוב|שדרות|בשדרות|שכונת|בשכונת|קומה|סמטת|street|road|avenue|lane|drive|crescent|" \
    "boulevard|block|near the|next to the|by the|just off|just by|just up"

struct wanted {
    const char *list;   /* what a sentence must have */
    const char *better; /* what makes it better, or NULL */
    bool needs_number;  /* money only counts with an amount, unless better is there */
    double agent, late; /* weights */
    size_t max_words;
};

static bool has_number(const struct writer *w, struct kol_span span)
{
    int64_t n;
    for (size_t i = span.first; i < span.end; i++)
        if (!(w->s->marks[i] & KOL_MARK_PHONE) && kol_spoken_number(&w->s->talk, i, &n) && n > 4)
            return true;
    return false;
}

#define ASKS_PRICE                                                                                 \
    "how much|what's the price|what does it cost|what does that cost|quote|estimate|what do you "  \
    "charge|cost|"                                                                                 \
    "כמה זה|כמה עולה|הצעת מחיר|הצעה|מה המחיר|מחיר|כמה יוצא|כמה יעלה|המחיר"

static bool asks_price(const struct writer *w, struct kol_span span)
{
    return kol_role_at(&w->s->talk, span.first) != KOL_ROLE_AGENT &&
           count_phrases(w, span, ASKS_PRICE);
}

/* An amount that answers "how much?" in the turn before: "Twelve hundred, stills only." */
static bool answers_price(const struct writer *w, size_t sentence)
{
    const struct kol_talk *t = &w->s->talk;
    uint32_t turn = t->sentences[sentence].turn;
    if (turn == 0 || t->sentences[sentence].first != t->turns[turn].first)
        return false;
    struct kol_span before = {t->turns[turn - 1].first, t->turns[turn - 1].end};
    struct kol_span span = {t->sentences[sentence].first, t->sentences[sentence].end};
    return before.end > before.first && count_phrases(w, before, ASKS_PRICE) && has_number(w, span);
}

/* The part of a sentence around the words of list. */
static struct kol_span around(const struct writer *w, struct kol_span span, const char *list,
                              size_t max)
{
    if (span.end - span.first <= max)
        return span;
    size_t at = kol_phrase_find(&w->s->talk, span.first, span.end, list);
    size_t first = at > span.first + max / 2 ? at - max / 2 : span.first;
    size_t end = first + max < span.end ? first + max : span.end;
    return (struct kol_span){(uint32_t)first, (uint32_t)end};
}

static const char *write_best(struct writer *w, const struct wanted *x, size_t how_many)
{
    const struct kol_talk *t = &w->s->talk;
    struct pick picks[4] = {0};
    const char *out = NULL;
    for (size_t k = 0; k < how_many; k++) {
        struct pick best = {.score = 0.5};
        for (size_t i = 0; i < t->sentence_count; i++) {
            const struct kol_sentence *e = &t->sentences[i];
            struct kol_span span = {e->first, e->end};
            size_t hits = count_phrases(w, span, x->list);
            if (x->needs_number && hits == 0 && answers_price(w, i))
                hits = 1;
            if (hits == 0 || (w->used[i] & 2) ||
                (x->needs_number && !has_number(w, span) && !asks_price(w, span)))
                continue;
            size_t better = x->better ? count_phrases(w, span, x->better) : 0;
            double score = (double)(hits < 2 ? hits : 2) + 1.5 * (double)(better < 2 ? better : 2);
            if (x->needs_number &&
                count_phrases(
                    w, span,
                    "charged|quote us|quoted|paid|last time|שילמתי|שילמנו|לקח|לקחו|משלמים|משלם"))
                score -= 2;
            score += t->turns[e->turn].role == KOL_ROLE_AGENT ? x->agent : 1;
            score += x->needs_number && has_number(w, span) ? 1.5 : 0;
            score += x->late * (double)i / (double)t->sentence_count;
            if (score > best.score)
                best = (struct pick){span, score};
        }
        if (best.span.end == 0)
            break;
        uint8_t *used = &w->used[t->words[best.span.first].sentence];
        bool quoted = *used & 1 && best.span.end - best.span.first <= LONG_SENTENCE;
        *used |= 2;
        picks[k].span = around(w, best.span, x->list, x->max_words);
        const char *one = quoted ? NULL : text_of(w, picks[k].span);
        if (one)
            out = out ? kol_arena_fmt(w->s->a, "%s. %s", out, one) : one;
        else if (quoted && how_many == 1)
            return text_of(w, picks[k].span);
    }
    return out;
}

static void forget_kind(struct writer *w)
{
    for (size_t i = 0; i < w->s->talk.sentence_count; i++)
        w->used[i] &= 1;
}

static bool is_quoted(const char *what, const char *part)
{
    return what && part && strstr(what, part) != NULL;
}

/* --- the paragraph --- */

static void add_part(struct kol_str *out, const char *label, const char *text)
{
    if (text && *text)
        kol_str_add_fmt(out, " %s: %s%s", label, text,
                        strchr(".?!", text[strlen(text) - 1]) ? "" : ".");
}

/* "Manchester (Didsbury)", "Phoenix (not Tucson)" */
static const char *city_of_head(const struct kol_scene *s, const struct kol_insight *r)
{
    const char *city = r->city.value;
    if (city && s->quarter.end)
        city = kol_arena_fmt(s->a, "%s (%s)", city,
                             kol_quote(s->a, &s->talk, s->quarter.first, s->quarter.end));
    struct kol_place_match m;
    if (!city || !s->not_city.end ||
        !kol_places_match(s->lexicon->places, &s->talk, s->not_city.first, &m))
        return city;
    const struct kol_place *p = &s->lexicon->places->places[m.place];
    return kol_arena_fmt(s->a, s->hebrew ? "%s (לא %s)" : "%s (not %s)", city,
                         s->hebrew && p->he ? p->he : p->en);
}

static void write_head(const struct kol_scene *s, const struct kol_insight *r, struct kol_str *out)
{
    const char *service = r->service.value, *name = r->customer_name.value,
               *city = city_of_head(s, r);
    bool he = s->hebrew;
    if (name)
        kol_str_add_fmt(out, he ? "%s: " : "%s: ", name);
    if (service && city)
        kol_str_add_fmt(out, he ? "%s, %s." : "%s in %s.", service, city);
    else if (service)
        kol_str_add_fmt(out, he ? "%s; לא נאמרה עיר." : "%s; no city was named.", service);
    else if (city)
        kol_str_add_fmt(out,
                        he ? "פנייה מ%s; לא נאמר לאיזו עבודה."
                           : "a request from %s; did not say what for.",
                        city);
    else
        kol_str_add(out, he ? "לא התבקש שירות, לא נאמרה עיר."
                            : "No service was requested and no city was mentioned.");
    if (kol_streq(r->urgency.value, "urgent"))
        kol_str_add(out, he ? " דחוף." : " Urgent.");
    else if (r->urgency.rule && strcmp(r->urgency.rule, "urgency-calm-said") == 0)
        kol_str_add(out, he ? " לא דחוף." : " Not urgent.");
}

static bool cannot_hear(const struct kol_scene *s)
{
    return kol_phrase_find(&s->talk, 0, s->talk.word_count,
                           "can you hear me|can't hear you|anyone there|anybody there|שומעים "
                           "אותי|לא שומעים|לא שומע|לא שומעת|"
                           "שומע אותי|שומעת אותי|are you there") < s->talk.word_count;
}

/* One honest line for a call that is no lead. */
static const char *write_line(struct writer *w, enum kol_insight_kind kind)
{
    struct kol_arena *a = w->s->a;
    bool he = w->s->hebrew;
    struct kol_span first = {0};
    if (kind == KOL_INSIGHT_EMPTY && cannot_hear(w->s))
        return he ? "המתקשר לא שמע את הצד השני; לא נאמרה בקשה."
                  : "The caller could not hear the other side; no request was made.";
    if (kind == KOL_INSIGHT_EMPTY && w->s->talk.word_count == 0 && w->s->in->language &&
        strcmp(w->s->in->language, "he") == 0)
        return "לא נאמר דבר בשיחה.";
    if (kind == KOL_INSIGHT_EMPTY)
        return he ? "אין תוכן ממשי בשיחה; לא נאמר שירות או עיר."
                  : "No real content in the call; no service or city was mentioned.";
    const char *what = write_what(w, kind == KOL_INSIGHT_SALES ? 70 : 45, -1.5, &first);
    if (kind == KOL_INSIGHT_WRONG_NUMBER)
        return kol_arena_fmt(a, he ? "טעות במספר. נאמר: \"%s\"." : "Wrong number. Said: \"%s\".",
                             what ? what : "");
    return kol_arena_fmt(a,
                         he ? "שיחת מכירה, אין בקשה של לקוח. נאמר: \"%s\"."
                            : "A sales call, no customer request. Said: \"%s\".",
                         what ? what : "");
}

static void find_parts(struct writer *w, struct kol_insight *r, const char **ret_what)
{
    static const struct wanted when = {DAYS, CLOCK "|" ACCEPTED, false, 1, 2, 20};
    static const struct wanted price = {MONEY, NULL, true, 1.2, 0.5, 24};
    static const struct wanted next = {
        NEXT_STEP, "i'll|you'll|אשלח|אחזור|please|בבקשה", false, 1, 1.5, 20};
    static const struct wanted address = {STREET, NULL, false, -3, 0, 14};
    static const struct wanted agreed = {ACCEPTED, DAYS "|" CLOCK, false, 0.5, 2, 18};
    const struct kol_talk *t = &w->s->talk;
    struct kol_span first = {0};
    bool two_sides = t->has_roles && t->turn_count > 2;
    *ret_what = write_what(w, budget_of(t), 1.2, &first);
    r->parts.what = first.end ? text_of(w, first) : NULL;
    r->parts.when = write_best(w, &when, t->word_count > 200 ? 2 : 1);
    forget_kind(w);
    r->parts.price = write_best(w, &price, t->word_count > 200 ? 4 : 2);
    forget_kind(w);
    if (two_sides && r->parts.when)
        r->parts.agreed = write_best(w, &agreed, 1);
    forget_kind(w);
    r->parts.next_step = write_best(w, &next, t->word_count > 200 ? 2 : 1);
    forget_kind(w);
    w->address = write_best(w, &address, 1);
}

static const char *where_of(struct writer *w, const struct kol_insight *r)
{
    const struct kol_talk *t = &w->s->talk;
    struct kol_span at = w->s->city;
    if (!r->city.value || at.end == 0)
        return r->city.value;
    size_t first = kol_sentence_first(t, at.first), end = kol_sentence_end(t, at.first);
    first = at.first - first > 5 ? at.first - 5 : first;
    end = end - at.end > 7 ? at.end + 7 : end;
    const char *around_it = text_of(w, (struct kol_span){(uint32_t)first, (uint32_t)end});
    return around_it ? kol_arena_fmt(w->s->a, "%s (%s)", r->city.value, around_it) : r->city.value;
}

/* Whether an amount was named, not only asked for. */
static bool named_amount(const struct writer *w)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 0; i < t->sentence_count; i++) {
        struct kol_span span = {t->sentences[i].first, t->sentences[i].end};
        if (count_phrases(w, span, MONEY) && has_number(w, span) && !t->sentences[i].question)
            return true;
    }
    return false;
}

static bool asked_price(const struct writer *w)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 0; i < t->sentence_count; i++)
        if (asks_price(w, (struct kol_span){t->sentences[i].first, t->sentences[i].end}))
            return true;
    return false;
}

static bool asks_call_back(const struct writer *w)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 0; i < t->word_count; i++)
        if (kol_role_at(t, i) != KOL_ROLE_AGENT &&
            kol_phrase_at(t, i,
                          "call me|call me back|call back|ring me|gimme a call|give me a call|give "
                          "us a call|please call|phone me|"
                          "תחזרו אליי|תחזרו אלי|שתחזרו|שתחזרו אליי|תחזור אליי|שיחזרו|שיחזור|שמישהו "
                          "יחזור|שתחזור|תתקשרו|תתקשר|שיתקשרו|דברו איתי|דבר איתי|תחזרי|חזרו "
                          "אליי|שמישהו יתקשר|יחזור אליי|תדברו איתי"))
            return true;
    return false;
}

void kol_write_summary(struct kol_scene *s, struct kol_insight *r)
{
    struct writer w = {.s = s, .used = kol_arena_alloc(s->a, s->talk.sentence_count + 1)};
    const char *what = NULL;
    if (!w.used)
        return;
    if (s->kind != KOL_INSIGHT_REQUEST && s->kind != KOL_INSIGHT_NO_REQUEST) {
        r->summary = write_line(&w, s->kind);
        return;
    }
    find_parts(&w, r, &what);
    r->parts.who = r->customer_name.value ? r->customer_name.value
                   : s->hebrew            ? "לקוח"
                                          : "customer";
    r->parts.where = where_of(&w, r);
    r->parts.callback = r->callback_phone.value;

    KOL_STR out;
    kol_str_init(&out, 16384);
    bool he = s->hebrew;
    write_head(s, r, &out);
    if (what)
        kol_str_add_fmt(&out, he ? " נאמר: \"%s\"." : " Said: \"%s\".", what);
    add_part(&out, he ? "מועד" : "When", is_quoted(what, r->parts.when) ? NULL : r->parts.when);
    add_part(&out, he ? "כתובת" : "Address", is_quoted(what, w.address) ? NULL : w.address);
    add_part(&out, he ? "מחיר" : "Price", is_quoted(what, r->parts.price) ? NULL : r->parts.price);
    add_part(&out, he ? "סוכם" : "Agreed",
             is_quoted(what, r->parts.agreed) || is_quoted(r->parts.when, r->parts.agreed)
                 ? NULL
                 : r->parts.agreed);
    add_part(&out, he ? "המשך" : "Next",
             is_quoted(what, r->parts.next_step) ? NULL : r->parts.next_step);
    if (asked_price(&w) && !named_amount(&w))
        kol_str_add(&out, he ? " שאלה על המחיר או בקשה להצעת מחיר."
                             : " Asks about the price or for a quote.");
    if (asks_call_back(&w))
        kol_str_add(&out, he ? " יש בקשה שיחזרו או יתקשרו." : " Wants a call back.");
    add_part(&out, he ? "לחזור למספר" : "Call back", r->parts.callback);
    r->summary = kol_str_failed(&out) ? what : kol_arena_strn(s->a, out.data, out.len);
}
