/*
 * city_points.c - the points of a town: does the work happen there?
 *
 * They are plain sums: of what stands around it (city_context.c), and of what is corrected, denied
 * and answered.
 */
#include "understand/city.h"
#include "understand/city_words.h"
#include <string.h>

/* The answer to "where?" is the first town of a turn; those after it belong to the story. */
static bool is_first_of_turn(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    for (size_t i = t->turns[t->words[n->m.first].turn].first; i < n->m.first; i++)
        if (f->s->marks[i] & KOL_MARK_PLACE)
            return false;
    return true;
}

/* A town is corrected only after another one was said. */
static bool is_second_town(const struct kol_field *f, const struct kol_mention *n)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->list[i].m.place != n->m.place && f->list[i].m.first < n->m.first &&
            (kol_role_at(&f->s->talk, f->list[i].m.first) != KOL_ROLE_AGENT ||
             f->s->talk.sentences[f->s->talk.words[f->list[i].m.first].sentence].question))
            return true;
    return false;
}

static bool was_named_before(const struct kol_field *f, size_t i, uint32_t place)
{
    for (size_t k = 0; k < f->count; k++)
        if (f->list[k].m.first < i && f->list[k].m.place == place)
            return true;
    return false;
}

/* "A painter in Ma'alot... Sorry, it was noisy here. A painter in Katzrin.": the sentence before.
 */
static bool after_sorry(const struct kol_talk *t, size_t i)
{
    size_t first = kol_sentence_first(t, i);
    return first > 0 && t->words[first - 1].turn == t->words[i].turn &&
           kol_phrase_at(t, kol_sentence_first(t, first - 1), "sorry|סליחה|oh sorry|אוי סליחה") > 0;
}

static bool corrected_here(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    if (!is_second_town(f, n))
        return false;
    /* "It's Savannah now": said by the caller, for "I have someone in Savannah now" is another's */
    bool caller = kol_role_at(t, n->m.first) != KOL_ROLE_AGENT;
    const char *list = caller ? "actually|בעצם|now|עכשיו" : "actually|בעצם";
    size_t after = n->m.end < t->word_count ? kol_phrase_at(t, n->m.end, list) : 0;
    if (after &&
        (n->m.end + after >= t->word_count || t->words[n->m.end + after].gap >= KOL_GAP_COMMA))
        return true;
    if (after_sorry(t, n->m.first) && !was_named_before(f, n->m.first, n->m.place))
        return true;
    return kol_city_said_before(f, n, 6, CORRECTS) && !kol_city_said_before(f, n, 3, SAID);
}

/* The first town from word i on, in the same turn and within two sentences; of another place. */
static const struct kol_mention *next_town(const struct kol_field *f, size_t i, uint32_t not_place)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_mention *best = NULL;
    for (size_t k = 0; k < f->count && i < t->word_count; k++) {
        const struct kol_mention *m = &f->list[k];
        if (m->m.first >= i && m->m.place != not_place &&
            t->words[m->m.first].turn == t->words[i].turn &&
            t->words[m->m.first].sentence <= t->words[i].sentence + 2 &&
            (!best || m->m.first < best->m.first) && kol_city_relation(t, &m->m) != 'n')
            best = m;
    }
    return best;
}

void kol_city_find_undoes(struct kol_field *f)
{
    const struct kol_talk *t = &f->s->talk;
    for (size_t i = 0; i < t->word_count && f->count > 1 && f->undo_count < KOL_MAX_UNDOES; i++) {
        size_t n = kol_role_at(t, i) == KOL_ROLE_AGENT ? 0 : kol_phrase_at(t, i, UNDOES);
        if (n)
            f->undoes[f->undo_count++] = (struct kol_span){(uint32_t)i, (uint32_t)(i + n)};
    }
}

/*
 * "… in Neath. Oh sorry, I tell a lie, it's the Swansea one": what was said up to there is undone.
 * "Wait, no, I mixed it up, the shop is in Ashkelon. The house is in Kiryat Gat": so is the first.
 */
static bool is_undone(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    uint32_t turn = t->words[n->m.first].turn;
    for (size_t k = 0; k < f->undo_count; k++) {
        size_t i = f->undoes[k].first;
        if (t->words[i].turn < turn || t->words[i].turn > turn + 8)
            continue;
        const struct kol_mention *first = next_town(f, f->undoes[k].end, UINT32_MAX);
        const struct kol_mention *second =
            first ? next_town(f, first->m.end, first->m.place) : NULL;
        bool again = first && second && was_named_before(f, i, first->m.place);
        if (n->m.first < i ? first && (first->m.place != n->m.place || again) : n == first && again)
            return true;
    }
    return false;
}

/* "not Haifa", "I'm not in Tampa", "לא בחיפה", "ולא נצרת", "בחיפה לא" */
static bool is_denied(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    size_t from = kol_city_window_first(t, n->m.first, 4);
    size_t clause = n->m.first;
    while (clause > from && t->words[clause].gap < KOL_GAP_COMMA)
        clause--;
    for (size_t i = clause > from ? clause : from; i < n->m.first; i++) {
        if (kol_phrase_at(
                t, i,
                "לא יכול|לא יכולה|לא יכולים|לא מגיעים|לא מצליח|לא תגיעו|not able|"
                "not only|לא רק|not far|לא רחוק|לא מזמן|not long|no problem|not too far|why not|לא "
                "יודע|if not|לא משנה"))
            return false;
        /* "No, Oxford" is no denial of Oxford: the comma ends it. */
        if (kol_phrase_at(t, i,
                          "don't live in|do not live in|no longer|don't come to|don't go to|don't "
                          "send|do not "
                          "come|not|isn't|isnt|aint|ain't|wasnt|אל תבואו|אל תגיעו|אל "
                          "תשלחו|לא|ולא|שלא|אינני|איני|never|rather "
                          "than|instead of|במקום|ולא"))
            /* "a fridge that doesn't cool I'm in Beit She'an": what is not so is the fridge. */
            return n->m.first - i <= 4 &&
                   kol_phrase_find(t, i + 1, n->m.first, "אני|אנחנו|i'm|im|we're") == n->m.first;
    }
    return n->m.end < t->word_count && t->words[n->m.end].gap <= KOL_GAP_HYPHEN &&
           kol_phrase_at(t, n->m.end,
                         "לא זה|is wrong|is not|isn't|is only|זה לא|זו רק|זה רק|is just");
}

/* "Is that in Salford?" "Manchester, actually." */
static bool names_another(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    uint32_t turn = t->words[n->m.first].turn;
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_place_match *m = &f->list[i].m;
        if (t->words[m->first].turn == turn + 1 && m->first < t->turns[turn + 1].first + 5)
            return m->place != n->m.place;
    }
    return false;
}

/* The customer's yes or no to the town in an agent's question. */
static void weigh_answer(const struct kol_field *f, struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    uint32_t turn = t->words[n->m.first].turn;
    if (t->turns[turn].role != KOL_ROLE_AGENT)
        return;
    bool question = t->sentences[t->words[n->m.first].sentence].question;
    bool last = t->words[n->m.first].sentence == t->words[t->turns[turn].end - 1].sentence;
    bool next_asks = !last && kol_sentence_end(t, n->m.first) < t->turns[turn].end &&
                     kol_phrase_at(t, kol_sentence_end(t, n->m.first),
                                   "is that right|right|correct|נכון|is that correct");
    enum kol_answer answer = kol_answer_after(t, turn);
    if (!question && !next_asks && answer != KOL_ANSWER_NO)
        return;
    if (answer == KOL_ANSWER_NONE && question && last && names_another(f, n)) {
        kol_city_give(n, KOL_CITY_ANOTHER_ANSWERED);
    } else if (answer == KOL_ANSWER_YES && (last || next_asks)) {
        kol_city_give(n, KOL_CITY_CONFIRMED);
        n->rule = "city-confirmed";
    } else if (answer == KOL_ANSWER_NO && (question || next_asks || last)) {
        kol_city_give(n, KOL_CITY_ANSWERED_NO);
        n->rejected = question || next_asks;
    }
}

/* "Is it here in Bradford?" "No, I'm in Bradford, but …": the no stands. */
static bool repeats_denied_question(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    uint32_t turn = t->words[n->m.first].turn;
    if (turn == 0 || t->turns[turn].role == KOL_ROLE_AGENT ||
        kol_answer_after(t, turn - 1) != KOL_ANSWER_NO)
        return false;
    for (size_t i = 0; i < f->count; i++)
        if (f->list[i].m.place == n->m.place && t->words[f->list[i].m.first].turn == turn - 1 &&
            t->sentences[t->words[f->list[i].m.first].sentence].question)
            return true;
    return false;
}

/* The last word of two names is the same. */
static bool ends_alike(const struct kol_talk *t, const struct kol_place_match *a,
                       const struct kol_place_match *b)
{
    const struct kol_word *x = &t->words[a->end - 1], *y = &t->words[b->end - 1];
    for (size_t i = 0; i < x->stem_count; i++)
        if (strcmp(x->stems[i].text, y->norm) == 0)
            return true;
    return false;
}

/* "Gat." "Kiryat Gat?" "Yes.": the agent's longer name is what the caller's short one meant. */
static void weigh_refinement(const struct kol_field *f, struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    uint32_t turn = t->words[n->m.first].turn;
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_place_match *m = &f->list[i].m;
        uint32_t other = t->words[m->first].turn;
        if (m->place == n->m.place)
            continue;
        if (other == turn + 1 && t->turns[other].role == KOL_ROLE_AGENT &&
            m->end - m->first > n->m.end - n->m.first && ends_alike(t, &n->m, m) &&
            kol_answer_after(t, other) != KOL_ANSWER_NO)
            kol_city_give(n, KOL_CITY_MADE_WHOLE);
        if (turn > 0 && other == turn - 1 && t->turns[turn].role == KOL_ROLE_AGENT &&
            n->m.end - n->m.first > m->end - m->first && ends_alike(t, m, &n->m) &&
            kol_answer_after(t, turn) != KOL_ANSWER_NO) {
            kol_city_give(n, KOL_CITY_MAKES_WHOLE);
            n->rule = "city-confirmed";
        }
    }
}

/* "Bellevue's closer, I'll take it", "אז בגבעתיים": one of those the business offered. */
static bool is_chosen(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    bool offered = false;
    if (kol_role_at(t, n->m.first) != KOL_ROLE_CUSTOMER || n->rejected)
        return false;
    for (size_t i = 0; i < f->count && !offered; i++)
        offered = f->list[i].m.place == n->m.place && f->list[i].m.first < n->m.first &&
                  kol_role_at(t, f->list[i].m.first) == KOL_ROLE_AGENT;
    size_t end = n->m.end + 4 < t->word_count ? n->m.end + 4 : t->word_count;
    if (end > t->turns[t->words[n->m.first].turn].end)
        end = t->turns[t->words[n->m.first].turn].end;
    return offered &&
           (kol_phrase_before(
                t, n->m.first,
                "אז|so|then|let's say|let's do|i'd prefer|prefer|"
                "עדיף|עדיף לי|עדיף לנו|נוח לי|מעדיף|מעדיפה|מעדיפים|מעדיף את|נלך על|ניקח") ||
            kol_phrase_find(
                t, n->m.end, end,
                "closer|is closer|closest|nearest|nearer|is better|works|is fine|is good|then|"
                "please|i'll take|is easier|suits|נוח|עדיף|יותר קרוב|קרובה יותר|מתאים|"
                "בבקשה|הכי קרוב|קרוב לי|קרוב אליי|קרוב אלינו|טוב לי|נוח לי") < end);
}

/* "Where are you calling from?" asks less than "where is it?". */
static bool asks_whence(const struct kol_talk *t, size_t first)
{
    const struct kol_talk_turn *ask = &t->turns[t->words[first].turn - 1];
    return kol_phrase_find(t, ask->first, ask->end,
                           "calling from|ringing from|speaking from|מאיפה אתה מדבר|מאיפה את מדברת|"
                           "מאיפה אתה מתקשר|מאיפה את מתקשרת|מאיפה אתם מדברים") < ask->end;
}

/* A turn asks about another town. */
static bool asks_elsewhere(const struct kol_field *f, const struct kol_mention *n, uint32_t turn)
{
    const struct kol_talk *t = &f->s->talk;
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_place_match *m = &f->list[i].m;
        if (t->words[m->first].turn == turn && m->place != n->m.place &&
            t->sentences[t->words[m->first].sentence].question)
            return true;
    }
    return false;
}

/* "You're in Kfar Vitkin, aren't you?" "No, we've moved to Pardesiya." */
static bool is_agents_counter(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    uint32_t turn = t->words[n->m.first].turn;
    if (turn == 0 || t->turns[turn].role != KOL_ROLE_AGENT ||
        n->m.first > t->turns[turn].first + 8 || kol_answer_after(t, turn - 1) != KOL_ANSWER_NO)
        return false;
    return asks_elsewhere(f, n, turn - 1);
}

/* "Is the house in Nahariya?" "No, in Shlomi." */
static bool is_counter(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    uint32_t turn = t->words[n->m.first].turn;
    if (turn == 0 || t->turns[turn].role != KOL_ROLE_CUSTOMER ||
        n->m.first > t->turns[turn].first + 5 || !is_first_of_turn(f, n) ||
        kol_answer_after(t, turn - 1) != KOL_ANSWER_NO)
        return false;
    return asks_elsewhere(f, n, turn - 1);
}

/* Another town follows in the same turn. */
static bool names_more(const struct kol_field *f, const struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    for (size_t i = 0; i < f->count; i++)
        if (f->list[i].m.place != n->m.place && f->list[i].m.first > n->m.first &&
            t->words[f->list[i].m.first].turn == t->words[n->m.first].turn)
            return true;
    return false;
}

void kol_city_weigh(const struct kol_field *f, struct kol_mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    char how = kol_city_relation(t, &n->m);
    n->rule = "city-named";
    n->points = 0;
    kol_city_give(n, kol_city_speaker_of(f, n));
    kol_city_weigh_context(f, n);
    if (how == 'i' || how == 't' || how == 'f')
        kol_city_give(n, how == 'i' ? KOL_CITY_IN : how == 't' ? KOL_CITY_TO : KOL_CITY_FROM);
    else if (how == 'n' && !kol_city_is_alone(f))
        kol_city_give(n, KOL_CITY_NEXT_TO);
    if (kol_city_answers_where(t, n->m.first) && is_first_of_turn(f, n) &&
        !kol_city_said_before(f, n, 7, PAST) &&
        !(kol_city_is_callers_own(f, n) && names_more(f, n))) {
        kol_city_give(n, asks_whence(t, n->m.first) ? KOL_CITY_ASKED_WHENCE : KOL_CITY_ASKED);
        n->rule = "city-asked";
    } else if (is_agents_counter(f, n)) {
        kol_city_give(n, KOL_CITY_AGENTS_COUNTER);
        n->rule = "city-corrected";
    } else if (is_counter(f, n)) {
        kol_city_give(n, KOL_CITY_COUNTER);
        n->rule = "city-corrected";
    } else if (how == 0 && kol_city_stands_alone(t, &n->m)) {
        kol_city_give(n, KOL_CITY_ALONE);
    } else if (how == 0 && t->words[n->m.first].script == KOL_SCRIPT_LATIN && t->has_case) {
        kol_city_give(n, KOL_CITY_BARE_LATIN);
    }
    if (n->m.other_prefix)
        kol_city_give(n, KOL_CITY_OTHER_PREFIX);
    if (how == 0 && n->m.first > 0 &&
        kol_is(&t->words[n->m.first - 1], "a|an|another|your|his|their|the")) {
        bool branch =
            n->m.end < t->word_count &&
            kol_is(&t->words[n->m.end],
                   "one|job|property|office|clinic|branch|store|salon|location|garage|shop|"
                   "studio|workshop|house|home|apartment|flat|place");
        /* "your Denver office", but "a Bradford number" */
        kol_city_give(n, branch ? KOL_CITY_BRANCH : KOL_CITY_ADJECTIVE);
    }
    if (repeats_denied_question(f, n))
        kol_city_give(n, KOL_CITY_REPEATS_DENIED);
    if (is_denied(f, n)) {
        n->rejected = true;
        kol_city_give(n, KOL_CITY_DENIED);
    } else if (corrected_here(f, n)) {
        kol_city_give(n, KOL_CITY_CORRECTED);
        n->rule = "city-corrected";
    }
    weigh_answer(f, n);
    if (is_undone(f, n))
        kol_city_give(n, KOL_CITY_UNDONE);
    weigh_refinement(f, n);
    if (is_chosen(f, n)) {
        kol_city_give(n, KOL_CITY_CHOSEN);
        n->rule = "city-chosen";
    }
    if (n->m.how == KOL_PLACE_SOUND)
        n->points -= 0.3 + n->m.distance; /* no rule: it depends on the sound */
    const struct kol_place *p = &f->s->lexicon->places->places[n->m.place];
    const char *home = f->s->in->default_country ? f->s->in->default_country
                       : f->s->hebrew            ? "IL"
                                                 : NULL;
    if (home && strcmp(home, p->country) != 0)
        kol_city_give(n, f->s->hebrew ? KOL_CITY_ABROAD : KOL_CITY_OTHER_COUNTRY);
}

/*
 * Two towns near each other: "I'm in Bradford, but Mum's in Huddersfield" is about the second;
 * "Manchester, in Didsbury" names a quarter of the first.
 */
void kol_city_weigh_pair(const struct kol_field *f, struct kol_mention *a, struct kol_mention *b)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_place *places = f->s->lexicon->places->places;
    if (a->m.place == b->m.place || t->words[a->m.first].turn != t->words[b->m.first].turn ||
        b->m.first - a->m.end > 25)
        return;
    /* "milton kings, Milton Keynes": the longer name is what was meant. */
    size_t len = strlen(places[a->m.place].en);
    if (strncmp(places[b->m.place].en, places[a->m.place].en, len) == 0 &&
        places[b->m.place].en[len] == ' ' && !b->rejected && b->m.first - a->m.end < 5)
        kol_city_give(a, KOL_CITY_HALF_HEARD);
    size_t sentences = t->words[b->m.first].sentence - t->words[a->m.first].sentence;
    bool but =
        kol_phrase_find(t, a->m.end, b->m.first,
                        "but|אבל|however|though|רק ש|עכשיו עברנו|אלא|now we're|now im|now i'm") <
        b->m.first;
    /* "…, but I study in Jerusalem" says nothing about where the work is. */
    bool b_works = !b->rejected && b->points > 3;
    bool answer = strcmp(a->rule, "city-asked") == 0 && kol_city_stands_alone(t, &a->m);
    bool corrected = strcmp(b->rule, "city-corrected") == 0 && !b->rejected &&
                     !was_named_before(f, a->m.first, b->m.place) &&
                     kol_phrase_find(t, a->m.end, b->m.first, CORRECTS) < b->m.first;
    if ((but && sentences <= 1 && b_works && !answer) ||
        (corrected && sentences <= 2 && strcmp(a->rule, "city-corrected") != 0))
        kol_city_give(a, KOL_CITY_OUTDONE);
    /* "a student from Ashkelon, living in Jerusalem" */
    if (kol_city_relation(t, &a->m) == 'f' && kol_city_relation(t, &b->m) == 'i' &&
        b->fired[KOL_CITY_LIVES] && !b->rejected && sentences == 0)
        kol_city_give(a, KOL_CITY_LIVES_ELSEWHERE);
    if (but || corrected || sentences > 0 || b->m.first - a->m.end > 3 || a->rejected ||
        b->rejected ||
        kol_phrase_find(t, a->m.end, b->m.first, "or|and|to|from|not|לא|או|ולא") < b->m.first)
        return;
    for (size_t i = a->m.end; i < b->m.first; i++)
        if (!kol_is(&t->words[i], "in|at|the|over|up|down|by|actually|part|side|of|area|שכונת|"
                                  "בשכונת|אזור|באזור|ב"))
            return; /* "…, we're from …" says nothing of a quarter */
    if (kol_city_relation(t, &a->m) == 'f' || kol_city_relation(t, &b->m) == 'f')
        return;
    struct kol_mention *quarter =
        places[a->m.place].population > places[b->m.place].population ? b : a;
    kol_city_give(quarter, KOL_CITY_QUARTER);
    if (kol_city_relation(t, &a->m) == 'i' && kol_city_relation(t, &b->m) == 'i')
        kol_city_give(quarter, KOL_CITY_QUARTER_IN);
    f->s->quarter = (struct kol_span){quarter->m.first, quarter->m.end};
}
