/*
 * names.c - who called: "my name is …", "מדברת …", the answer to "and the name?".
 */
#include "base/str.h"
#include "understand/names_words.h"
#include "understand/scene.h"
#include <string.h>

/* … after these only if it looks like one. */
#define LIKELY_INTROS "this is|it's|it is|i'm|i am|im|here is|אני|זה|זאת|זו|כאן|פה|השם|בשם|that's"

/* Words that begin something else after a name. */
#define STARTERS                                                                                                                                          \
    "אני|אנחנו|יש|צריך|צריכה|צריכים|רציתי|רוצה|רוצים|מחפש|מחפשת|מחפשים|מה|אפשר|הטלפון|" \
    "המספר|מספר|לגבי|בקשר|בנוגע|תודה|שלום|היי|נשמח|אשמח|תחזרו|מדבר|מדברת|בבקשה|קבעתי|"   \
    "התקשרתי|ואני|ויש|ו|והטלפון|והמספר|גר|גרה|מחברת|מ|עם|של|על|את|לא|כן|גם|פה|כאן|שיש|"      \
    "שלי|בן|בת|אבא|אמא|הבעיה|כי|and|from|calling|i|we|my|here|speaking|with|at|in|on|"                                                \
    "about|the|a|an|is|not|so|but|can|could|would|just|looking|need|for|its|im|ive|id|"                                                                   \
    "again|please|thanks|thank|over|by|of|to|too|number|your|phone|actually|regarding|hi|"                                                                \
    "hello|yes|no|got|have|had|was|you|that|this|its|it|oh|double|zero"

#define NOT_NAMES                                                                                                                                                   \
    STARTERS                                                                                                                                                        \
    "|אחד|אחת|בעצמי|עצמי|לי|לנו|לך|לכם|merry|christmas|happy|holidays|פה|אליך|אליכם|אליי|איתי|"                         \
    "איתך|אותי|ככה|נכון|בסדר|טוב|רגע|היום|מחר|אתה|את|אתם|"                                                                  \
    "הוא|היא|הם|מי|איפה|דחוף|בעל|בעלת|ועד|יושב|מנהל|מנהלת|לקוח|לקוחה|דירה|בית|משהו|"                   \
    "מישהו|הבעל|ההורים|אותו|עברית|אנגלית|ברור|סבבה|מעולה|יופי|מצוין|סליחה|אוקיי|אה|אוי|"         \
    "זה|זו|זאת|לקראת|כבר|עוד|רק|ממש|קצת|דווקא|בדיוק|בטח|יום|ראשון|שני|שלישי|רביעי|חמישי|שישי|" \
    "שבת|"                                                                                                                                                       \
    "sure|yeah|okay|ok|well|right|great|good|fine|perfect|lovely|there|going|trying|"                                                                               \
    "wondering|"                                                                                                                                                    \
    "sorry|afraid|after|hoping|stuck|locked|out|outside|home|free|available|an|ringing|"                                                                            \
    "urgent|"                                                                                                                                                       \
    "customer|tenant|landlord|owner|new|only|also|really|very|monday|tuesday|wednesday|"                                                                            \
    "thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|"                                                                            \
    "september|october|november|december|english|american|british|hebrew|israel|tomorrow|"                                                                          \
    "today|morning|afternoon|interested|self|back|mrs|mr|ms|dr|are|who|what|when|where|how|"                                                                        \
    "wonderful|cheers|bye|goodbye|absolutely|definitely|correct|thats|if|let|then|now|"                                                                             \
    "brilliant"

#define TITLES "mr|mrs|ms|miss|dr|mister|doctor|professor|prof|rabbi|גברת|ד\"ר|דוקטור|מר|הרב"

struct candidate {
    struct kol_span span;
    double score;
    const char *rule;
};

static bool ends_before(const struct kol_talk *t, size_t i)
{
    return i >= t->word_count || t->words[i].gap >= KOL_GAP_COMMA;
}

/* "Where are you?" "Omer.": a town, though Omer is a name as well. */
static bool answers_where(const struct kol_scene *s, size_t i)
{
    const struct kol_talk *t = &s->talk;
    uint32_t turn = t->words[i].turn;
    struct kol_place_match m;
    if (turn == 0 || i > t->turns[turn].first + 1 || t->turns[turn - 1].role != KOL_ROLE_AGENT)
        return false;
    const struct kol_talk_turn *ask = &t->turns[turn - 1];
    size_t last = ask->end > ask->first ? kol_sentence_first(t, ask->end - 1) : ask->end;
    return kol_phrase_find(
               t, last, ask->end,
               "איפה|מאיפה|היכן|באיזו עיר|לאיזו עיר|איזו עיר|באיזה יישוב|לאן|where|whereabouts|"
               "what city|which city|what town|which town") < ask->end &&
           kol_phrase_find(t, last, ask->end, "שם|name") == ask->end &&
           kol_places_match(s->lexicon->places, t, i, &m);
}

/* Whether word i can be part of a name at all. */
static bool can_be_name(const struct kol_scene *s, size_t i)
{
    const struct kol_word *w = &s->talk.words[i];
    if ((w->script != KOL_SCRIPT_HEBREW && w->script != KOL_SCRIPT_LATIN) || answers_where(s, i))
        return false;
    struct kol_place_match m; /* "אני מדבר מנתניה" */
    if (w->script == KOL_SCRIPT_HEBREW && !kol_is_first_name(s->lexicon, w->norm) &&
        kol_places_match(s->lexicon->places, &s->talk, i, &m) && m.prefix && !m.weak)
        return false;
    if (strlen(w->norm) < 2 || (s->marks[i] & KOL_MARK_PHONE) || kol_is(w, NOT_NAMES))
        return kol_is_first_name(s->lexicon, w->norm) && w->capital &&
               !kol_is(w, "mrs|mr|an|in|may|april|march");
    if (w->script == KOL_SCRIPT_LATIN && s->talk.has_case)
        return w->capital;
    return true;
}

/* "מחיפה", "מהמשרד": where somebody calls from, after the name. */
static bool is_from_place(const struct kol_scene *s, size_t i)
{
    struct kol_place_match m;
    const struct kol_word *w = &s->talk.words[i];
    if (w->script != KOL_SCRIPT_HEBREW || strncmp(w->norm, "מ", 2) != 0)
        return false;
    return (kol_places_match(s->lexicon->places, &s->talk, i, &m) && m.prefix) ||
           strncmp(w->norm, "מה", 4) == 0;
}

/* Whether the word after a name's last word shows that the name is over. */
static bool is_boundary(const struct kol_scene *s, size_t i)
{
    return ends_before(&s->talk, i) || kol_is(&s->talk.words[i], STARTERS) || is_from_place(s, i) ||
           (s->marks[i] & KOL_MARK_PHONE);
}

/* "This is Rivka, …", "Hi, it's Aoife, …": an unknown name, but with a capital, a comma and early.
 */
static bool looks_introduced(const struct kol_scene *s, size_t at)
{
    const struct kol_talk *t = &s->talk;
    const struct kol_word *w = &t->words[at];
    struct kol_place_match m;
    /* "אני עלא מבאקה": whoever is from a town has a name before it. */
    if (w->script == KOL_SCRIPT_HEBREW && kol_phrase_before(t, at, "אני|זה|זאת|זו|כאן") &&
        at + 1 < t->word_count && t->words[at + 1].gap <= KOL_GAP_HYPHEN &&
        kol_places_match(s->lexicon->places, t, at + 1, &m) && m.prefix == 'm')
        return !kol_is(
            w,
            "גר|גרה|בא|באה|רחוק|מתקשר|מתקשרת|מדבר|מדברת|לא|כבר|היום|עכשיו|הגעתי|נוסע|נוסעת|במקור");
    if (w->script != KOL_SCRIPT_LATIN || !t->has_case || !w->capital || at < 1 ||
        kol_is(w, PEOPLES))
        return false;
    /* "this is Ayesha Khan." */
    if (kol_phrase_before(t, at, "this is") && at + 1 < t->word_count && t->words[at + 1].capital &&
        t->words[at + 1].gap == KOL_GAP_SPACE && can_be_name(s, at + 1) && ends_before(t, at + 2) &&
        !kol_places_match(s->lexicon->places, t, at, &m))
        return true;
    if (!is_boundary(s, at + 1))
        return false;
    if (kol_phrase_before(t, at, "this is|here is|זה|זו|זאת|אני|כאן"))
        return true;
    /* "Perfect. I'm Amina, 401 …" */
    if (at + 1 < t->word_count && (s->marks[at + 1] & KOL_MARK_PHONE) &&
        kol_phrase_before(t, at, "i'm|it's|i am|it is"))
        return true;
    size_t turn_first = t->turns[w->turn].first;
    return at - turn_first <= 6 && w->turn <= 2 && ends_before(t, at + 1) &&
           kol_phrase_before(t, at, "i'm|it's|i am|it is") &&
           !kol_places_match(s->lexicon->places, t, at, &m);
}

/* Two words that the taxonomy has as one name: "דוד שמש" is a boiler. */
static bool names_trade(const struct kol_scene *s, size_t i)
{
    const struct kol_talk *t = &s->talk;
    return kol_phrase_at(
        t, i,
        "דוד שמש|דוד השמש|דוד חשמל|דוד החשמל|קרן קיר|גל גז|will call|mark up|grant application");
}

/* Reads a name at word i: its end, or i. first_sure: the first word needs no first-name list. */
static size_t read_name(const struct kol_scene *s, size_t i, bool first_sure)
{
    const struct kol_talk *t = &s->talk;
    size_t at = i;
    bool title = at < t->word_count && kol_is(&t->words[at], TITLES);
    if (title && (at + 1 >= t->word_count || t->words[at + 1].gap > KOL_GAP_HYPHEN))
        return i;
    at += title;
    if (at >= t->word_count || t->words[at].turn != t->words[i].turn)
        return i;
    /* "מדברת שני, …": a name that is a number or a day elsewhere. */
    bool odd = first_sure && kol_is_first_name(s->lexicon, t->words[at].norm) &&
               ends_before(t, at + 1) && !kol_is(&t->words[at], STARTERS);
    if (!odd && !can_be_name(s, at))
        return i;
    bool known = kol_is_first_name(s->lexicon, t->words[at].norm);
    bool latin = t->words[at].script == KOL_SCRIPT_LATIN;
    if (at == i && looks_introduced(s, at))
        known = true;
    if (!first_sure && names_trade(s, at)) /* "זה דוד שמש" */
        return i;
    if (!known && !title &&
        !(first_sure && (is_boundary(s, at + 1) || (latin && t->words[at].capital))) &&
        !(first_sure && at + 2 <= t->word_count && is_boundary(s, at + 2)))
        return i;
    size_t end = at + 1;
    /* A surname or two: as long as words look like names and something ends them. */
    while (end - at < 3 && !ends_before(t, end) && can_be_name(s, end) && !is_from_place(s, end)) {
        const struct kol_word *w = &t->words[end];
        bool capital = w->script == KOL_SCRIPT_LATIN && t->has_case;
        if (!capital && !(end - at == 1 && is_boundary(s, end + 1)))
            break;
        end++;
    }
    return end;
}

static void offer(struct candidate *best, size_t first, size_t end, double score, const char *rule)
{
    if (end > first && score > best->score)
        *best = (struct candidate){{(uint32_t)first, (uint32_t)end}, score, rule};
}

static bool greets_as_business(const struct kol_talk *t, size_t i)
{
    size_t first = t->turns[t->words[i].turn].first, end = t->turns[t->words[i].turn].end;
    return kol_phrase_find(t, first, end,
                           "how can i help|how may i help|what can i do for you|במה אפשר לעזור|"
                           "איך אפשר לעזור|במה אוכל לעזור|how can we help") < end &&
           kol_role_at(t, i) == KOL_ROLE_UNKNOWN;
}

static void offer_intros(const struct kol_scene *s, struct candidate *best)
{
    const struct kol_talk *t = &s->talk;
    for (size_t i = 0; i < t->word_count; i++) {
        if (kol_role_at(t, i) == KOL_ROLE_AGENT)
            continue;
        size_t sure = kol_phrase_at(t, i, SURE_INTROS),
               likely = sure ? 0 : kol_phrase_at(t, i, LIKELY_INTROS);
        size_t at = i + sure + likely;
        if (kol_is(&t->words[i], "השם") && kol_phrase_before(t, i, "ברוך|בעזרת|חס|אם ירצה|ירצה"))
            continue; /* "thank God" */
        while (at > i && at < t->word_count && kol_is(&t->words[at], "uh|um|er|erm|אה|אממ") &&
               t->words[at].turn == t->words[i].turn) {
            at++; /* "this is, uh, Mrs. Whitaker" */
            if (at < t->word_count && t->words[at].gap == KOL_GAP_COMMA &&
                kol_is(&t->words[at - 1], "uh|um|er|erm|אה|אממ"))
                t->words[at].gap = KOL_GAP_SPACE;
        }
        if (at == i || at >= t->word_count || t->words[at].gap > KOL_GAP_HYPHEN ||
            greets_as_business(t, i))
            continue;
        /* "אני מאור יהודה" is from a town of two words. */
        struct kol_place_match m;
        if (!sure && kol_places_match(s->lexicon->places, t, at, &m) && m.prefix == 'm' &&
            m.end > at + 1)
            continue;
        size_t end = read_name(s, at, sure > 0);
        /* "it's Priya's house" is about somebody else */
        double late = (double)t->words[i].sentence / (double)(t->sentence_count + 1) * 0.05;
        offer(best, at, end, (sure ? 0.96 : 0.88) - late, sure ? "name-introduced" : "name-likely");
    }
}

/* "Tom here." "Dan speaking" */
static void offer_here(const struct kol_scene *s, struct candidate *best)
{
    const struct kol_talk *t = &s->talk;
    for (size_t i = 1; i < t->word_count; i++) {
        if (kol_role_at(t, i) == KOL_ROLE_AGENT ||
            !kol_is(&t->words[i], "here|speaking|calling|מדבר|מדברת|כאן"))
            continue;
        size_t first = i - 1;
        bool latin = t->words[first].script == KOL_SCRIPT_LATIN && t->has_case;
        if (first > 0 && t->words[first].gap == KOL_GAP_SPACE && t->words[first].capital &&
            t->words[first - 1].capital &&
            (kol_is_first_name(s->lexicon, t->words[first - 1].norm) ||
             kol_is(&t->words[first - 1], TITLES)))
            first--;
        bool known = kol_is_first_name(s->lexicon, t->words[first].norm) ||
                     kol_is(&t->words[first], TITLES) ||
                     (latin && t->words[first].capital && can_be_name(s, first) &&
                      ends_before(t, i + 1) && t->words[i].sentence < 3);
        if (t->words[i].gap == KOL_GAP_SPACE && known &&
            first < i - (size_t)kol_is(&t->words[first], TITLES) &&
            (t->words[first].gap >= KOL_GAP_COMMA ||
             kol_is(&t->words[first - 1], "hi|hello|hey|היי|שלום|yeah|hiya")))
            offer(best, first, i, 0.85, "name-here");
    }
}

static bool asks_name(const struct kol_talk *t, const struct kol_talk_turn *turn)
{
    /* "Forty-five minutes. Name?" */
    if (turn->end > turn->first && t->words[turn->end - 1].gap >= KOL_GAP_COMMA &&
        kol_is(&t->words[turn->end - 1], "name|שם|השם|ושם"))
        return true;
    return kol_phrase_find(t, turn->first, turn->end,
                           "your name|name please|the name|a name|a name and number|name and "
                           "number|whats the name|"
                           "and your name|who am i speaking|whos calling|who is this|who's "
                           "this|who is calling|surname|last name|"
                           "full name|first name|name for|whom am i|מה השם|איך קוראים|מי מדבר|מי "
                           "מדברת|על שם מי|השם שלך|שם מלא|"
                           "איך קוראים לך|מה שמך|שם בבקשה|עם מי אני|מי זה|מי זאת|שם וטלפון|שם "
                           "ומספר|השם בבקשה|ושם|והשם") < turn->end;
}

/* The first words of an answer that are no name: "sure, it's …", "כן, השם …" */
static size_t skip_fillers(const struct kol_talk *t, size_t i, size_t end)
{
    while (i < end) {
        size_t n = kol_phrase_at(
            t, i,
            "sure|yes|yeah|okay|ok|of course|its|it's|it is|i'm|im|i am|my name is|my name's|"
            "the name is|uh|um|oh|well|this is|that's|that would be|"
            "כן|בטח|אוקיי|בסדר|השם|שמי|אני|קוראים לי|זה|אה|על שם|שם|מדבר|מדברת|טוב");
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

static void offer_answers(const struct kol_scene *s, struct candidate *best)
{
    const struct kol_talk *t = &s->talk;
    for (size_t k = 0; k + 1 < t->turn_count; k++) {
        const struct kol_talk_turn *ask = &t->turns[k], *answer = &t->turns[k + 1];
        if (ask->role != KOL_ROLE_AGENT || answer->role == KOL_ROLE_AGENT || !asks_name(t, ask))
            continue;
        size_t at = skip_fillers(t, answer->first, answer->end);
        if (at >= answer->end)
            continue;
        bool short_answer = kol_clause_end(t, at) - at <= 3;
        size_t end = read_name(s, at, short_answer);
        offer(best, at, end, 0.94, "name-asked");
    }
}

/* "Am I speaking with Mr. Jordan?" "You are." */
static void offer_confirmed(const struct kol_scene *s, struct candidate *best)
{
    const struct kol_talk *t = &s->talk;
    for (size_t i = 0; i < t->word_count; i++) {
        if (kol_role_at(t, i) != KOL_ROLE_AGENT)
            continue;
        size_t n = kol_phrase_at(
            t, i,
            "speaking with|speaking to|is this|talking to|is that|that's|זו|זה|זאת|מדבר עם|"
            "מדברת עם|אני מדבר עם|אני מדברת עם|am i speaking with|שלום|היי|hi");
        bool question = t->sentences[t->words[i].sentence].question;
        if (n == 0 || !question || i + n >= t->word_count || t->words[i + n].gap > KOL_GAP_HYPHEN)
            continue;
        size_t turn = t->words[i].turn, end = read_name(s, i + n, false);
        bool last = end >= t->turns[turn].end || kol_sentence_end(t, i) == end;
        if (last && (kol_answer_after(t, turn) == KOL_ANSWER_YES))
            offer(best, i + n, end, 0.9, "name-confirmed");
    }
}

/* "050-555-0781, רוני." at the end, and the agent's "See you on Friday, Simon." */
static void offer_loose(const struct kol_scene *s, struct candidate *best)
{
    const struct kol_talk *t = &s->talk;
    for (size_t i = 1; i < t->word_count; i++) {
        const struct kol_word *w = &t->words[i];
        if (!kol_is_first_name(s->lexicon, w->norm) ||
            (s->talk.has_case && w->script == KOL_SCRIPT_LATIN && !w->capital))
            continue;
        bool last = i + 1 == t->word_count || t->words[i + 1].gap >= KOL_GAP_STOP;
        if (kol_role_at(t, i) != KOL_ROLE_AGENT && (s->marks[i - 1] & KOL_MARK_PHONE)) {
            size_t end = read_name(s, i, false);
            if (end == t->turns[w->turn].end || ends_before(t, end))
                offer(best, i, end, 0.8, "name-after-number");
        }
        bool vocative =
            w->gap == KOL_GAP_COMMA ||
            kol_is(&t->words[i - 1],
                   "thanks|thank you|bye|hi|hello|hey|okay|ok|כן|תודה|שלום|להתראות|ביי|טוב|נורית");
        if (kol_role_at(t, i) == KOL_ROLE_AGENT && last && vocative && w->turn > 0 &&
            !kol_is(w, "אגב|בסדר"))
            offer(best, i, i + 1, 0.7, "name-addressed");
    }
}

/* "Thanks, Neil": so the business greeted, "Neil speaking". */
static bool is_of_business(const struct kol_scene *s, size_t i)
{
    const struct kol_talk *t = &s->talk;
    for (size_t k = 0; k < i && t->words[k].turn < 2; k++)
        if (kol_role_at(t, k) == KOL_ROLE_AGENT && strcmp(t->words[k].norm, t->words[i].norm) == 0)
            return true;
    return false;
}

/* Whether the words [first, end) are a name and nothing else; first is known to be no function
 * word. */
static bool is_bare_name(const struct kol_scene *s, size_t first, size_t end)
{
    const struct kol_talk *t = &s->talk;
    bool known = false;
    struct kol_place_match m;
    if (end <= first || end - first > 3)
        return false;
    for (size_t i = first; i < end; i++) {
        const struct kol_word *w = &t->words[i];
        bool title = i == first && kol_is(w, TITLES);
        if (!title && !can_be_name(s, i))
            return false;
        known |= i == first && (title || kol_is_first_name(s->lexicon, w->norm) ||
                                (w->script == KOL_SCRIPT_LATIN && t->has_case && w->capital));
    }
    return known && !is_of_business(s, first) &&
           !(kol_places_match(s->lexicon->places, t, first, &m) &&
             !kol_is_first_name(s->lexicon, t->words[first].norm));
}

/* "… תודה, דנה גולן." "Thanks, Dina.": the last words of a message, or of what the caller says. */
static void offer_signature(const struct kol_scene *s, struct candidate *best)
{
    const struct kol_talk *t = &s->talk;
    size_t turn = t->turn_count;
    while (turn > 0 && (t->turns[turn - 1].role == KOL_ROLE_AGENT ||
                        t->turns[turn - 1].first == t->turns[turn - 1].end))
        turn--;
    if (turn == 0)
        return;
    size_t end = t->turns[turn - 1].end, from = t->turns[turn - 1].first;
    size_t start = end - from > 14 ? end - 14 : from;
    for (size_t i = start; i < end; i++) {
        if (t->words[i].gap < KOL_GAP_COMMA && !kol_phrase_before(t, i, SIGNS_OFF))
            continue;
        size_t last = kol_clause_end(t, i);
        last = last > end ? end : last;
        for (size_t k = i; k < last; k++) /* "דבר איתי, עידו 054…" */
            if (s->marks[k] & KOL_MARK_PHONE)
                last = k;
        size_t intro = kol_phrase_at(t, i, "it's|its|this is|זה|זאת|זו|אני|שמי");
        size_t first = i + intro < last ? i + intro : i;
        /* All that follows is thanks or the number. */
        bool over = true;
        for (size_t k = last; k < end && over;) {
            size_t n = s->marks[k] & KOL_MARK_PHONE ? 1 : kol_phrase_at(t, k, SIGNS_OFF);
            over = n > 0;
            k += n;
        }
        bool greeted = t->turn_count > 1 && i == from && last == end && turn < 3;
        if (over && !greeted && is_bare_name(s, first, last))
            offer(best, first, last, 0.82, "name-signed");
    }
}

/* "שלום, חנה. נולד לנו בן …": a greeting, a name, a full stop, before anything else. */
static void offer_greeting(const struct kol_scene *s, struct candidate *best)
{
    const struct kol_talk *t = &s->talk;
    for (size_t k = 0; k < t->turn_count && k < 2; k++) {
        size_t first = t->turns[k].first;
        if (t->turns[k].role == KOL_ROLE_AGENT || t->turns[k].end - first < 3 ||
            !kol_phrase_at(t, first, "hi|hello|hey|שלום|היי|בוקר טוב|ערב טוב|good morning"))
            continue;
        size_t at =
            first + kol_phrase_at(t, first, "hi|hello|hey|שלום|היי|בוקר טוב|ערב טוב|good morning");
        size_t end = at < t->turns[k].end && t->words[at].gap == KOL_GAP_COMMA
                         ? read_name(s, at, false)
                         : at;
        bool agents_own = false; /* the caller may be greeting whoever answered by name */
        for (size_t i = 0; i < first; i++)
            agents_own |= end > at && strcmp(t->words[i].norm, t->words[at].norm) == 0;
        if (end > at && end < t->word_count && t->words[end].gap == KOL_GAP_STOP && !agents_own)
            offer(best, at, end, 0.75, "name-greeting");
    }
}

/* "Pelletier. Marc Pelletier.", "Cohen, Shira Cohen": the whole name comes after the surname. */
static struct kol_span with_first_name(const struct kol_scene *s, struct kol_span name)
{
    const struct kol_talk *t = &s->talk;
    size_t i = name.end;
    if (name.end - name.first == 1 && i + 1 < t->word_count && t->words[i].gap >= KOL_GAP_COMMA &&
        t->words[i + 1].gap <= KOL_GAP_HYPHEN && t->words[i].turn == t->words[name.first].turn &&
        strcmp(t->words[i + 1].norm, t->words[name.first].norm) == 0 && can_be_name(s, i))
        return (struct kol_span){(uint32_t)i, (uint32_t)i + 2};
    return name;
}

/* The caller may give a surname elsewhere: "Austin Webb.", "אגב, יעל לונדון, לרישום" */
static struct kol_span with_surname(const struct kol_scene *s, struct kol_span name)
{
    const struct kol_talk *t = &s->talk;
    const char *first = t->words[name.first].norm;
    if (name.end - name.first != 1)
        return name;
    for (size_t i = 0; i + 1 < t->word_count; i++) {
        const struct kol_word *second = &t->words[i + 1];
        if (kol_role_at(t, i) == KOL_ROLE_AGENT || strcmp(t->words[i].norm, first) != 0 ||
            t->words[i].gap < KOL_GAP_COMMA || second->gap != KOL_GAP_SPACE ||
            !ends_before(t, i + 2) || !can_be_name(s, i + 1) || is_from_place(s, i + 1))
            continue;
        return (struct kol_span){(uint32_t)i, (uint32_t)i + 2};
    }
    return name;
}

/* Every place where the name, or the family name alone after a title, is said is no town or trade.
 */
static void mark_name(struct kol_scene *s)
{
    const struct kol_talk *t = &s->talk;
    size_t n = s->name.end - s->name.first;
    for (size_t i = 0; i + n <= t->word_count; i++) {
        size_t same = 0;
        while (same < n &&
               strcmp(t->words[i + same].norm, t->words[s->name.first + same].norm) == 0)
            same++;
        if (same == n)
            for (size_t k = i; k < i + n; k++)
                s->marks[k] |= KOL_MARK_NAME;
    }
}

/* "Mr. Jordan" as "Mr Jordan": the words with single spaces. */
static const char *spell(struct kol_scene *s, struct kol_span span)
{
    const char *out = "";
    for (size_t i = span.first; i < span.end && out; i++) {
        const struct kol_word *w = &s->talk.words[i];
        out = kol_arena_fmt(s->a, "%s%s%.*s", out,
                            i == span.first            ? ""
                            : w->gap == KOL_GAP_HYPHEN ? "-"
                                                       : " ",
                            (int)w->clean_len, w->clean);
    }
    return out;
}

void kol_find_name(struct kol_scene *s, struct kol_insight_value *ret)
{
    struct candidate best = {0};
    offer_intros(s, &best);
    offer_answers(s, &best);
    offer_confirmed(s, &best);
    offer_here(s, &best);
    offer_loose(s, &best);
    offer_greeting(s, &best);
    offer_signature(s, &best);
    if (best.span.end == 0)
        return;
    s->name = with_surname(s, with_first_name(s, best.span));
    mark_name(s);
    *ret =
        (struct kol_insight_value){.value = spell(s, s->name),
                                   .rule = best.rule,
                                   .confidence = best.score * (0.4 + 0.6 * kol_heard(s, s->name))};
    kol_set_evidence(s, s->name, ret);
}
