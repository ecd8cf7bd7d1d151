/*
 * city_context.c - what the words around a town say of it: who says it, of whose place, and what
 * for.
 */
#include "understand/city.h"
#include "understand/city_words.h"
#include <string.h>

static const double points_of[] = {
#define POINTS(id, points, what) [KOL_CITY_##id] = points,
    KOL_CITY_RULES(POINTS)
#undef POINTS
};

void kol_city_give(struct kol_mention *n, enum kol_city_rule rule)
{
    n->points += points_of[rule];
    n->fired[rule]++;
}

size_t kol_city_window_first(const struct kol_talk *t, size_t i, size_t words)
{
    size_t first = kol_sentence_first(t, i);
    return i - first > words ? i - words : first;
}

/* Whether an item of list is among the few words before, with no other town in between. */
bool kol_city_said_before(const struct kol_field *f, const struct kol_mention *n, size_t words,
                          const char *list)
{
    const struct kol_talk *t = &f->s->talk;
    size_t from = kol_city_window_first(t, n->m.first, words);
    for (size_t i = n->m.first; i-- > from;)
        if (f->s->marks[i] & KOL_MARK_PLACE) {
            from = i + 1;
            break;
        }
    for (size_t i = from; i < n->m.first; i++)
        if (!(f->s->marks[i] & KOL_MARK_NAME) &&
            kol_phrase_at(t, i, list)) /* וליד is a name here */
            return true;
    return false;
}

/* "Is there a mechanic in Victorville you trust?" is not about where the caller is. */
static bool asks_about_others(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    return !kol_city_said_before(f, n, 3, "covers|who cover|who does|who comes to") &&
           t->sentences[t->words[n->m.first].sentence].question &&
           kol_city_said_before(
               f, n, 8,
               "is there a|is there any|do you know|know any|any good|do you have a|יש לכם "
               "סניף|מכירים|מכיר|אתם מכירים");
}

/* "from Haifa to Eilat", "מאילת לבאר שבע": neither end is where the work is. */
static bool is_end_of_range(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_place_match *m = &f->list[i].m;
        if (n->m.first >= m->end && n->m.first - m->end <= 1 && m->first > 0 &&
            (kol_is(&t->words[m->first - 1], "between|בין")))
            return true;
    }
    return false;
}

static bool is_end_of_road(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    /* "we've moved from Dallas to Austin": there they are now. */
    if (kol_city_relation(t, &n->m) == 't' && n->m.first > 0 &&
        kol_phrase_find(t, kol_city_window_first(t, n->m.first, 7), n->m.first,
                        "just moved|moved|we've moved|i've moved|עברנו|עברתי|עברנו עכשיו") <
            n->m.first)
        return false;
    char how = kol_city_relation(t, &n->m);
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_place_match *m = &f->list[i].m;
        if (m->place == n->m.place)
            continue; /* "from Harish to Harish": a move within the town */
        size_t gap = how == 'f' ? m->first - n->m.end : n->m.first - m->end;
        bool adjacent = (how == 'f' ? m->first >= n->m.end : n->m.first >= m->end) && gap <= 1;
        if (adjacent && ((how == 'f' && kol_city_relation(t, m) == 't') ||
                         (how == 't' && kol_city_relation(t, m) == 'f')))
            return true;
    }
    return false;
}

/* "אבא שלי בן שמונים, הדלת נטרקה לו": what the call is about happened to a relative. */
static bool has_relatives_trouble(const struct kol_field *f, size_t i)
{
    const struct kol_talk *t = &f->s->talk;
    size_t n = kol_phrase_at(t, i, RELATIVE_HIMSELF), end = kol_sentence_end(t, i);
    end = end > i + 14 ? i + 14 : end;
    end = kol_phrase_find(t, i + n, end, "אני|אנחנו|i|we|i'm|we're|my|לי|לנו|אצלי|אצלנו");
    if (n == 0)
        return false;
    for (size_t k = i + n; k < end; k++)
        if (f->s->marks[k] & KOL_MARK_TOPIC)
            return kol_phrase_find(t, i + n, end, HIM) < end ||
                   kol_phrase_find(t, i + n, end, LOCKED) < end;
    return false;
}

/* "their fridge", "המקרר שלהם", "it's for my daughter" */
bool kol_city_is_for_others(const struct kol_field *f)
{
    const struct kol_talk *t = &f->s->talk;
    size_t relative = 0; /* the word after the last one spoken of */
    for (size_t i = 0; i < t->word_count; i++) {
        if (kol_role_at(t, i) == KOL_ROLE_AGENT)
            continue;
        if (kol_phrase_at(t, i, FOR_OTHERS) || has_relatives_trouble(f, i))
            return true;
        if (kol_phrase_at(t, i, RELATIVE_HIMSELF))
            relative = i + 1;
        if (relative && i < relative + 25 && kol_phrase_at(t, i, SENT_TO_THEM))
            return true;
        /* "my tenant in Spokane says the toilet's running" */
        size_t end = kol_sentence_end(t, i) < i + 9 ? kol_sentence_end(t, i) : i + 9;
        size_t say = kol_phrase_at(t, i, TENANTS) ? kol_phrase_find(t, i, end, OTHERS_SAY) : end;
        for (size_t k = say; k < end; k++)
            if (f->s->marks[k] & KOL_MARK_TOPIC)
                return true;
        if (f->s->marks[i] & KOL_MARK_TOPIC &&
            ((kol_phrase_before(t, i, OTHERS_OWN_BEFORE) &&
              kol_phrase_find(t, i < 5 ? 0 : i - 5, i, DONE_BEFORE) == i) ||
             (i + 1 < t->word_count && t->words[i + 1].gap <= KOL_GAP_HYPHEN &&
              kol_phrase_at(t, i + 1, OTHERS_OWN_AFTER))))
            return true;
    }
    return false;
}

/* What the call is about is said in the same sentence, not far from the town. */
static bool beside_topic(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    size_t first = kol_city_window_first(t, n->m.first, 12), end = kol_sentence_end(t, n->m.first);
    if (kol_role_at(t, n->m.first) == KOL_ROLE_AGENT)
        return false;
    end = end > n->m.end + 12 ? n->m.end + 12 : end;
    for (size_t i = first; i < end; i++)
        if (f->s->marks[i] & KOL_MARK_TOPIC)
            return true;
    return false;
}

/* The caller names more towns than one. */
static bool names_several(const struct kol_field *f)
{
    uint32_t one = UINT32_MAX;
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_place_match *m = &f->list[i].m;
        if (kol_role_at(&f->s->talk, m->first) == KOL_ROLE_AGENT)
            continue;
        if (one != UINT32_MAX && m->place != one)
            return true;
        one = m->place;
    }
    return false;
}

/* "I'm in Hull myself", and "we're in Carlisle" of a call about a daughter's laptop. */
bool kol_city_is_callers_own(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    size_t end = kol_sentence_end(t, n->m.end - 1);
    end = end > n->m.end + 2 ? n->m.end + 2 : end;
    return kol_phrase_find(t, n->m.end, end, "myself|ourselves|בעצמי") < end ||
           kol_city_said_before(f, n, 3, "בעצמי|עצמי|myself") ||
           (f->for_others && names_several(f) && kol_city_said_before(f, n, 5, OWN_PLACE) &&
            !kol_city_said_before(f, n, 5, WANTING) && !beside_topic(f, n));
}

/* "Dad's locked out, he lives in Leeds." "And where are you?" "In York." */
static bool asks_caller_too(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    uint32_t turn = t->words[n->m.first].turn;
    if (turn < 2 || t->turns[turn - 1].role != KOL_ROLE_AGENT ||
        t->turns[turn].role == KOL_ROLE_AGENT || f->list[0].m.place == n->m.place ||
        t->words[f->list[0].m.first].turn >= turn - 1)
        return false;
    return kol_phrase_find(t, t->turns[turn - 1].first, t->turns[turn - 1].end, AND_YOU) <
           t->turns[turn - 1].end;
}

/* "We're off to Eilat on Thursday, and we need a photographer there" */
static bool is_wanted_there(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    size_t end = kol_sentence_end(t, n->m.end - 1);
    end = end > n->m.end + 14 ? n->m.end + 14 : end;
    for (size_t i = n->m.end; i < end; i++)
        if (f->s->marks[i] & KOL_MARK_PLACE)
            end = i; /* another town: there is that one */
    if (kol_phrase_find(t, n->m.end, end, WANTED_THERE) < end)
        return true;
    for (size_t i = n->m.end; i < end; i++) /* "אנחנו רוצים אולם שם" */
        if (kol_phrase_at(t, i, WANTING)) {
            size_t soon = end > i + 5 ? i + 5 : end;
            return kol_phrase_find(t, i + 1, soon, "שם|there") < soon;
        }
    return false;
}

/* "We're moving from Leeds to York and the new house needs cleaning" */
static bool moves_there(const struct kol_field *f, const struct kol_mention *n, char how)
{
    const struct kol_talk *t = &f->s->talk;
    const char *list = how == 't' ? NEW_PLACE : how == 'f' ? OLD_PLACE : NULL;
    const char *other = how == 't' ? OLD_PLACE : NEW_PLACE;
    size_t from = kol_city_window_first(t, n->m.first, 9), words = t->word_count;
    return list && kol_phrase_find(t, from, n->m.first, MOVES) < n->m.first &&
           kol_phrase_find(t, 0, words, list) < words &&
           kol_phrase_find(t, 0, words, other) == words;
}

/* Words before a town, within so many, and others that take away their meaning. */
static const struct {
    enum kol_city_rule rule;
    uint8_t within, unless_within;
    const char *list, *unless;
} before_town[] = {
    {KOL_CITY_COVERED, 4, 6, COVERS, OTHER_FIRM},
    {KOL_CITY_PROPERTY, 4, 0, PROPERTY, NULL},
    {KOL_CITY_EVENT, 4, 0, EVENT, NULL},
    {KOL_CITY_NOW, 4, 5, NOW, LIVES},
    {KOL_CITY_PAST, 7, 0, PAST, NULL},
    {KOL_CITY_REFERRED, 9, 0, REFERRED, NULL},
    {KOL_CITY_BOUGHT_THERE, 7, 7, BOUGHT, PREMISES},
    {KOL_CITY_BILLING_BEFORE, 8, 0, BILLING, NULL},
    {KOL_CITY_TRAVEL, 5, 5, TRAVEL, IS_BACK},
    {KOL_CITY_SOMEBODY_SAID, 3, 0, SAID, NULL},
    {KOL_CITY_WRITE_IT_DOWN, 3, 0, WRITES, NULL},
};

/* Words after it: "… is where I live", "… זו רק הכתובת לחשבונית" */
static const struct {
    enum kol_city_rule rule;
    uint8_t within;
    const char *list;
} after_town[] = {
    {KOL_CITY_BILLING_AFTER, 6, BILLING},   {KOL_CITY_THATS_WHERE, 6, THATS_WHERE},
    {KOL_CITY_PAST_AFTER, 6, PAST_AFTER},   {KOL_CITY_AT_WORK, 3, "at work|בעבודה"},
    {KOL_CITY_BUT_AFTER, 6, BUT_ELSEWHERE},
};

static void weigh_before(const struct kol_field *f, struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    for (size_t i = 0; i < sizeof before_town / sizeof *before_town; i++)
        if (kol_city_said_before(f, n, before_town[i].within, before_town[i].list) &&
            !(before_town[i].unless &&
              kol_city_said_before(f, n, before_town[i].unless_within, before_town[i].unless)))
            kol_city_give(n, before_town[i].rule);
    if (kol_phrase_before(t, n->m.first, WHY) &&
        t->sentences[t->words[n->m.first].sentence].question)
        kol_city_give(n, KOL_CITY_ASKED_BACK);
    if (kol_city_said_before(f, n, 6, OTHER_FIRM) || kol_city_said_before(f, n, 9, DONE_BEFORE))
        kol_city_give(n, KOL_CITY_OTHER_FIRM);
}

static void weigh_after(const struct kol_field *f, struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    size_t after = n->m.end, end = kol_sentence_end(t, n->m.first);
    for (size_t i = 0; i < sizeof after_town / sizeof *after_town; i++) {
        size_t to = end > after + after_town[i].within ? after + after_town[i].within : end;
        if (kol_phrase_find(t, after, to, after_town[i].list) < to)
            kol_city_give(n, after_town[i].rule);
    }
    if (after < end && t->words[after].gap <= KOL_GAP_HYPHEN &&
        kol_phrase_at(t, after, "גר|גרה|גרים|גרות|זה אח שלי|זה הבן|זה הבת"))
        kol_city_give(n, KOL_CITY_RELATIVE_AFTER); /* "in Yavne'el lives my son" */
    if (is_wanted_there(f, n))
        kol_city_give(n, KOL_CITY_WANTED_THERE);
}

/* A relative is spoken of, who has nothing to do with where the work is. */
static bool is_of_relative(const struct kol_field *f, const struct kol_mention *n)
{
    return !f->for_others && kol_city_said_before(f, n, 6, RELATIVE) &&
           /* "my wife says no, we're in Flagstaff" */
           !kol_city_said_before(f, n, 3, "we're|were|we are|i'm|im|i am|אנחנו|אני") &&
           !kol_city_said_before(f, n, 7,
                                 "אני הבעלים|אני בעל|אני בעלת|i'm the owner|i own|i am the owner");
}

/* Who lives, studies, or has something to do there. */
static void weigh_people(const struct kol_field *f, struct kol_mention *n)
{
    bool relative = is_of_relative(f, n);
    bool first_person =
        kol_city_said_before(f, n, 7, "i|we|im|i'm|were|we're|ive|אני|אנחנו|my house|הבית|הדירה") &&
        !kol_city_said_before(f, n, 7, "בעל הבית|בעלת הבית|לבעל הבית|לבעלת הבית");
    if (f->for_others && kol_city_said_before(f, n, 5, THEY_LIVE))
        kol_city_give(n, KOL_CITY_THEY_LIVE_THERE);
    if (asks_caller_too(f, n))
        kol_city_give(n, KOL_CITY_ASKED_AFTER_CALLER);
    if (kol_city_said_before(f, n, 5, LIVES))
        kol_city_give(n, relative && !first_person ? KOL_CITY_RELATIVE_LIVES : KOL_CITY_LIVES);
    else if (relative &&
             !kol_city_said_before(
                 f, n, 6,
                 "house|flat|apartment|place|mum's|mom's|mother's|at home|בית של|אצל|דירה של|בבית"))
        kol_city_give(n, KOL_CITY_OF_RELATIVE);
    if (f->for_others)
        return;
    if (kol_city_said_before(f, n, 4, STUDIES))
        kol_city_give(n, KOL_CITY_STUDIES);
    if (kol_city_said_before(f, n, 4, OTHERS_DO) &&
        !kol_city_said_before(f, n, 5, "i|we|i've|we've|our|שלנו|שלי|אנחנו|אני"))
        kol_city_give(n, KOL_CITY_OTHERS_DO);
}

/* Where the business is, or where the car is to be brought. */
static bool is_elsewhere(const struct kol_field *f, struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    if (!asks_about_others(f, n) && !kol_city_said_before(f, n, 5, ELSEWHERE))
        return false;
    /* "Are you still in Pardes Hanna?" "Yes.": there the treatment is. */
    if (kol_role_at(t, n->m.first) == KOL_ROLE_CUSTOMER &&
        t->sentences[t->words[n->m.first].sentence].question &&
        kol_answer_after(t, t->words[n->m.first].turn) == KOL_ANSWER_YES) {
        kol_city_give(n, KOL_CITY_STILL_THERE);
        return false;
    }
    return !kol_city_said_before(f, n, 5, "we're based|we are based|i'm based|i am based|im based");
}

static void weigh_ways(const struct kol_field *f, struct kol_mention *n, char how, bool moves)
{
    if (moves)
        kol_city_give(n, KOL_CITY_MOVES_THERE);
    if (how == 'f' && !moves && kol_city_said_before(f, n, 3, COMES))
        kol_city_give(n, KOL_CITY_COMES_FROM);
    if (how == 't' && !moves && kol_city_said_before(f, n, 3, GOES))
        kol_city_give(n, KOL_CITY_GOES_TO);
    /* "near the station in Haifa" is in Haifa */
    if (how != 'i' && kol_city_said_before(f, n, 2, NEAR) && !kol_city_is_alone(f))
        kol_city_give(n, KOL_CITY_NEAR);
}

void kol_city_weigh_context(const struct kol_field *f, struct kol_mention *n)
{
    char how = kol_city_relation(&f->s->talk, &n->m);
    double before = n->points;
    bool elsewhere = is_elsewhere(f, n), topic = beside_topic(f, n), moves = moves_there(f, n, how);
    weigh_people(f, n);
    if (f->for_others && topic)
        kol_city_give(n, KOL_CITY_BESIDE_OTHERS_TOPIC);
    else if (kol_city_is_callers_own(f, n))
        kol_city_give(n, KOL_CITY_CALLERS_OWN);
    if (elsewhere)
        kol_city_give(n, KOL_CITY_ELSEWHERE);
    else if (topic)
        kol_city_give(n, KOL_CITY_BESIDE_TOPIC);
    weigh_before(f, n);
    weigh_ways(f, n, how, moves);
    if (kol_city_said_before(f, n, 6, WORK) && n->points - before > -1)
        kol_city_give(n, KOL_CITY_WORK);
    if (!moves && (is_end_of_road(f, n) || is_end_of_range(f, n)))
        kol_city_give(n, KOL_CITY_END_OF_ROAD);
    weigh_after(f, n);
}

/* "And where are you?" asks the caller: what the business answers is its base. */
static bool answers_where_we_are(const struct kol_talk *t, const struct kol_mention *n)
{
    uint32_t turn = t->words[n->m.first].turn;
    if (turn == 0 || t->turns[turn - 1].role == KOL_ROLE_AGENT ||
        n->m.first > t->turns[turn].first + 6)
        return false;
    const struct kol_talk_turn *ask = &t->turns[turn - 1];
    return kol_phrase_find(t, ask->first, ask->end, WHERE_ARE_YOU) < ask->end;
}

enum kol_city_rule kol_city_speaker_of(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    size_t turn = t->words[n->m.first].turn;
    if (t->turns[turn].role != KOL_ROLE_AGENT)
        return KOL_CITY_SAID_BY_CALLER;
    if (kol_city_said_before(
            f, n, 6,
            "i have a job in|i've got a job in|i'll be in|אני אהיה ב|יש לי עבודה ב|אני ב|"
            "i'm in|we're in|based|office|our|i'm from|calling from|אנחנו מ|אנחנו ב|אני "
            "מ|יושב|יושבים|מדבר|מדברת|מדברים|הגעתם|הגעת|סטודיו|חברת|יוצאים|אצלנו|הסניף"))
        return KOL_CITY_AGENTS_BASE;
    if (answers_where_we_are(t, n))
        return KOL_CITY_AGENTS_BASE;
    bool greeting = turn == 0 || (turn == 1 && t->turns[0].role == KOL_ROLE_AGENT);
    if (greeting && t->words[n->m.first].sentence < 2 + t->words[t->turns[turn].first].sentence)
        return KOL_CITY_GREETING;
    return KOL_CITY_SAID_BY_AGENT;
}

/* No other town is named, so that "near Hexham" is the best there is. */
bool kol_city_is_alone(const struct kol_field *f)
{
    for (size_t i = 1; i < f->count; i++)
        if (f->list[i].m.place != f->list[0].m.place)
            return false;
    return f->count > 0 && kol_role_at(&f->s->talk, f->list[0].m.first) != KOL_ROLE_AGENT;
}
