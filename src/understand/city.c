/*
 * city.c - where the work is: every town that is named gets points for how it is named.
 *
 * The points are plain sums; calibrate() turns the winner's points and its lead into a confidence.
 */
#include "understand/scene.h"
#include "understand/sound.h"
#include <math.h>
#include <string.h>

#define MAX_MENTIONS 256
#define THRESHOLD 2.2

struct mention {
    struct kol_place_match m;
    double points;
    bool rejected; /* "not Haifa": the place as a whole is out, unless it is affirmed later */
    const char *rule;
};

struct field {
    struct kol_scene *s;
    struct mention list[MAX_MENTIONS];
    size_t count;
};

/* --- what only looks like a town --- */

#define STREET_BEFORE                                                                                                                                                 \
    "רחוב|רח|ברחוב|שדרות|בשדרות|שד|סמטת|כיכר|ככר|כביש|בכביש|שכונת|בשכונת|שכונה|מחלף|צומת|גשר|" \
    "משכונת|לשכונת|מרחוב|לרחוב|משפחת|נמל|highway|route|interstate|street of|king|queen|port "                                           \
    "of|mount|"                                                                                                                                                       \
    "lake|fort|captain|saint|college of|university of|bank of|battle of|bay of"
#define STREET_AFTER                                                                               \
    "street|road|avenue|ave|lane|drive|boulevard|blvd|close|crescent|terrace|highway|freeway|"     \
    "parkway|court|way|turnpike|st|rd|gardens|square|bridge|united|rovers|university|college|"     \
    "hospital|"                                                                                    \
    "bank|times|post|herald|airport|house|hall|hotel|pub|arms|school road|place|row|mews"
#define ORGANISATION_BEFORE                                                                                                                                                    \
    "מספרת|ממספרת|מלון|במלון|ממלון|מסעדת|אוניברסיטת|באוניברסיטת|מכללת|מכבי|הפועל|בית\"ר|ביתר|בנק|" \
    "בבנק|קפה|אבו|אבן|בן|בת|משרד|חברת|מחברת|סטודיו|בית "                                                                                \
    "קפה|ישיבת|עיתון|קבוצת|פיצה|שווארמה|חומוס|פלאפל|"                                                                                   \
    "אום|אולמי|מאפיית|חומוסיית|גלריה|קליניקת|מוסך|הרב|ד\"ר|דוקטור|מר|גברת"
#define NOISE_AFTER "style|bus|train to|pizza|team|game|band"

static bool is_name_like(const struct field *f, const struct kol_place_match *m)
{
    const struct kol_talk *t = &f->s->talk;
    for (size_t i = m->first; i < m->end; i++)
        if (f->s->marks[i] & (KOL_MARK_NAME | KOL_MARK_PHONE))
            return true;
    if (m->prefix || m->first == 0 || t->words[m->first].gap > KOL_GAP_HYPHEN)
        return false;
    /* "Jack London", "יעל לונדון": a first name right before it. */
    const struct kol_word *before = &t->words[m->first - 1];
    return kol_is(before, "mr|mrs|ms|miss|dr|professor|sir|lady|im|my "
                          "name's|names|named|called|uncle|aunt|auntie|cousin") ||
           (kol_is_first_name(f->s->lexicon, before->norm) &&
            (before->capital || before->script == KOL_SCRIPT_HEBREW) &&
            !kol_is(before, "ים|אור|בר|גל|שיר|טל|דן|אל|בן|will|may|mark|pat|גיל|הדר|זה|אני"));
}

/* "שדרות" is a boulevard when a name follows and a town when not. */
static bool is_boulevard(const struct field *f, const struct kol_place_match *m)
{
    const struct kol_talk *t = &f->s->talk;
    if (!kol_is_stem(&t->words[m->first], "שדרות") || m->end >= t->word_count)
        return false;
    const struct kol_word *next = &t->words[m->end];
    if (next->gap >= KOL_GAP_COMMA || kol_phrase_before(t, m->first, "העיר|עיר|בעיר"))
        return false;
    struct kol_place_match after;
    return kol_places_match(f->s->lexicon->places, t, m->end, &after) ||
           kol_is_first_name(f->s->lexicon, next->norm) ||
           kol_is(next, "רוטשילד|בן|בגין|ויצמן|וייצמן|הנשיא|ההסתדרות|העצמאות|התמרים|רגר|הציונות|"
                        "מוריה|חן|נורדאו|יהודית|"
                        "הרצל|ז'בוטינסקי|בן "
                        "גוריון|הדקלים|הגפן|הגעתון|העלייה|קרן|סיני|ששת|עציון|טום|גולדה") ||
           (m->end + 1 < t->word_count && t->words[m->end + 1].script == KOL_SCRIPT_DIGITS &&
            t->words[m->end + 1].gap < KOL_GAP_COMMA);
}

static bool is_street_or_organisation(const struct field *f, const struct kol_place_match *m)
{
    const struct kol_talk *t = &f->s->talk;
    if (is_boulevard(f, m))
        return true;
    if (!m->prefix && m->first > 0 && t->words[m->first].gap <= KOL_GAP_HYPHEN) {
        const struct kol_word *before = &t->words[m->first - 1];
        if (kol_is(before, STREET_BEFORE) || kol_is_stem(before, "רחוב|שדרות|כביש|שכונת|סמטת|כיכר"))
            return true;
        if (kol_is(before, ORGANISATION_BEFORE))
            return true;
        /* "כביש תל אביב ירושלים", "רחוב דרך חיפה" */
        if (kol_is(before, "דרך") && kol_role_at(t, m->first) != KOL_ROLE_AGENT)
            return true;
    }
    if (m->end < t->word_count && t->words[m->end].gap <= KOL_GAP_HYPHEN) {
        const struct kol_word *after = &t->words[m->end];
        bool capital = !t->has_case || after->capital;
        if (after->script == KOL_SCRIPT_LATIN && capital && kol_is(after, STREET_AFTER))
            return true;
        if (kol_is(after, NOISE_AFTER))
            return true;
        /* "רחוב חיפה 12" without its word: a number right after a bare town is a street's. */
        if (after->script == KOL_SCRIPT_DIGITS && !m->prefix && after->script != KOL_SCRIPT_LATIN &&
            f->s->hebrew && after->clean_len <= 3 && m->first > 0 &&
            t->words[m->first].script == KOL_SCRIPT_HEBREW)
            return true;
    }
    return false;
}

/* --- how a town is named --- */

#define EN_PLACE_PREPOSITION "in|at|near|around|inside|outside|to|from|into|by|for"

static bool named_as_town(const struct kol_talk *t, const struct kol_place_match *m)
{
    return kol_phrase_before(
               t, m->first,
               "העיר|עיר|בעיר|לעיר|מהעיר|מושב|במושב|ממושב|למושב|קיבוץ|בקיבוץ|מקיבוץ|לקיבוץ|יישוב|"
               "ביישוב|מהיישוב|ליישוב|ישוב|המושבה|המושב|הקיבוץ|היישוב|במועצה|כפר|בכפר|מכפר|city "
               "of|town of|village of|"
               "the city|moshav|kibbutz|town called|village called|place called") ||
           (m->end < t->word_count &&
            kol_phrase_at(t, m->end,
                          "העיר|the city|the town|city limits|המושבה|המושב|city center|town "
                          "centre|town center|city centre"));
}

/* 'i' in, 't' to, 'f' from, 'n' near, 0 none. */
static char relation(const struct kol_talk *t, const struct kol_place_match *m)
{
    if (m->prefix)
        return m->prefix == 'b' ? 'i' : m->prefix == 'l' ? 't' : 'f';
    if (m->first == 0 || t->words[m->first].gap > KOL_GAP_HYPHEN)
        return 0;
    size_t at = m->first;
    if (kol_is(&t->words[at - 1], "central|downtown|north|south|east|west|greater|sunny|here|upper|"
                                  "lower|old|the|inner|good|dear|lovely|rainy") &&
        at > 1)
        at--;
    const struct kol_word *w = &t->words[at - 1];
    if (kol_is(w, "in|at|inside|within|around|across|for|into|בתוך|בעיר|ברחבי|באזור|בסניף"))
        return 'i';
    if (kol_is(w, "of") && kol_phrase_before(t, at - 1, "side|part|area|outskirts|heart|centre|center|middle|end|edge"))
        return 'i';
    if (kol_is(w, "to"))
        return 't';
    if (kol_is(w, "from"))
        return 'f';
    return kol_is(w, "near|outside|by|towards|past|ליד|לכיוון|between|close|beyond") ? 'n' : 0;
}

/* The customer answers "where?" with it, or says it as a sentence of its own. */
static bool answers_where(const struct kol_talk *t, size_t first)
{
    size_t turn = t->words[first].turn;
    if (t->turns[turn].role == KOL_ROLE_AGENT || turn == 0)
        return false;
    const struct kol_talk_turn *ask = &t->turns[turn - 1];
    if (ask->role == KOL_ROLE_CUSTOMER || first - t->turns[turn].first > 12)
        return false;
    return kol_phrase_find(
               t, ask->first, ask->end,
               "where|where's|whereabouts|what city|which city|what town|which town|what "
               "area|which area|your address|the address|"
               "what part|what's the location|location|postcode|zip|service "
               "address|איפה|מאיפה|לאן|באיזו עיר|באיזה עיר|איזו עיר|איזה עיר|עיר|הכתובת|"
               "באיזה אזור|באיזה ישוב|באיזה יישוב|איזה אזור|כתובת|מה הכתובת|היכן|מיקום|מאיזה|בית "
               "או|באיזה מקום|איזה יישוב") < ask->end;
}

static bool stands_alone(const struct kol_talk *t, const struct kol_place_match *m)
{
    return t->words[m->first].gap >= KOL_GAP_COMMA &&
           (m->end >= t->word_count || t->words[m->end].gap >= KOL_GAP_COMMA);
}

/* A weak name must be meant as a place beyond doubt. */
static bool weak_is_meant(const struct field *f, const struct kol_place_match *m)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_word *w = &t->words[m->first];
    enum kol_tier tier = f->s->lexicon->places->places[m->place].tier;
    bool said_town = named_as_town(t, m);
    if (said_town)
        return true;
    char how = relation(t, m);
    if (w->script == KOL_SCRIPT_LATIN) {
        if (t->has_case && !w->capital)
            return false;
        if (kol_is(w, "march|may|april|august"))
            return false;
        return how == 'i' || how == 't' || how == 'f' ||
               (t->has_case && answers_where(t, m->first)) ||
               (t->has_case && m->first > 0 && w->gap < KOL_GAP_STOP &&
                kol_phrase_before(t, m->first, "not|its|it's|over|up|down|is"));
    }
    /* Hebrew villages of one word: only "in" or "to", said as an answer or with a first person. */
    if (tier == KOL_TIER_VILLAGE)
        return (m->prefix == 'b' || m->prefix == 'm' || m->prefix == 0) &&
               (answers_where(t, m->first) ||
                (m->prefix &&
                 kol_phrase_before(t, m->first,
                                   "גר|גרה|גרים|אני|אנחנו|נמצא|נמצאת|נמצאים|הבית|הדירה")));
    if (kol_is_stem(w, "אזור|קדימה|מגדל"))
        return answers_where(t, m->first) && stands_alone(t, m);
    return m->prefix == 'b' || m->prefix == 'm' || m->prefix == 'l' || how == 'i' ||
           (answers_where(t, m->first) && !m->other_prefix);
}

/* --- points --- */

#define LIVES                                                                                      \
    "live in|live|lives|lives in|living in|i'm from|based in|originally from|born in|grew up "     \
    "in|grew up|גר|גרה|גרים|גרות|מתגורר|מתגוררת|מתגוררים|"       \
    "אנחנו מ|במקור מ|נולדתי|שאני גר|איפה שאני גר|הבית שלנו ב|הבית שלי ב"
#define RELATIVE                                                                                                                                               \
    "sister|brother|cousin|uncle|aunt|in-laws|in "                                                                                                             \
    "laws|friend|friends|son|daughter|parents|colleague|boss|אחותי|אחי|הבן|הבת|דודה|דוד שלי|"                                          \
    "בן דוד|חבר שלי|חברה שלי|חברים|ההורים|הורים|חמותי|השכן|אמא שלי|אבא שלי|גיסי|גיסתי|הבן " \
    "שלי|הבת שלי|הסבים|הסבתא|סבתא"
#define PAST                                                                                       \
    "used to live|used to|were renting|was renting|lived in|lived|moved from|moved here "          \
    "from|moved out of|years ago|last time|last month|last year|before that|"                      \
    "previously|גרנו|גרתי|עברנו מ|עברתי מ|היינו|הייתי|בפעם הקודמת|פעם|לפני שנה|שעברה|קודם"
#define BILLING                                                                                                                                        \
    "billing|invoice|bill|the bill|receipt|mailing "                                                                                                   \
    "address|חשבונית|לחשבונית|החשבונית|חיוב|לחיוב|קבלה|הקבלה|משרד הראשי|המשרד הראשי|head " \
    "office|headquarters|registered office|main office"
#define TRAVEL                                                                                                                                                          \
    "drive from|driving from|coming from|came from|drove from|driving to|flight|flying|fly "                                                                            \
    "to|heading to|headed to|on the way to|on my way to|way from|way to|travelling|traveling|"                                                                          \
    "got to be in|have to be in|i'll be in|we'll be in|for work in|working in|work in|works "                                                                           \
    "in|away in|trip to|holiday in|vacation in|meeting in|back from|"                                                                                                   \
    "נסענו|נסעתי|נוסע|נוסעת|נוסעים|טסים|טס|טסה|בדרך ל|בדרך|בדרכי|חוזר מ|חוזרים מ|חזרתי מ|חזרנו " \
    "מ|עובד|עובדת|עובדים|בעבודה|טיול|בחופש ב|חופשה|מגיע מ|יצאנו מ|יצאתי מ"
/* These with "from": "מגיעים ממודיעין", "עברנו מכרמיאל" */
#define COMES                                                                                                                                                              \
    "מגיע|מגיעים|מגיעה|באים|בא|באה|נוסע|נוסעים|נוסעת|חוזר|חוזרים|חזרנו|חזרתי|יוצא|יוצאים|עברנו|" \
    "עברתי|עוברים|עוברת|עובר|הגענו|"                                                                                                              \
    "coming|come|came|driving|visiting|travelling|traveling|moved|moving|over|drove|flew"
#define NEAR                                                                                       \
    "near|close to|outside of|next to|north of|south of|east of|west of|minutes from|miles "       \
    "from|between|past|towards|beyond|"                                                            \
    "ליד|קרוב|סמוך|לכיוון|באזור|בין|דקות מ|מול|צפונית|דרומית|מזרחית|מערבית|קילומטר מ|בואכה"
#define OTHER_FIRM                                                                                 \
    "somebody from|someone from|company from|guy from|firm from|fella from|people from|company "   \
    "in|firm in|guy in|technician from|plumber from|quote from|"                                   \
    "חברה מ|מישהו מ|חברה ב|טכנאי מ|בעל מקצוע מ|אחד מ|קבלן מ|שהיה לי ב|האיש מ"
#define WORK                                                                                                                                                             \
    "service address|job is|job's|work is|house is|place is|apartment is|flat is|property "                                                                              \
    "is|property|rental|house in|home in|flat in|apartment in|shop in|shop is|store is|"                                                                                 \
    "office is|office in|condo|unit is|unit in|place in|building in|studio in|come to|come out "                                                                         \
    "to|get to|out to|send|someone in|someone to|somebody in|one in|"                                                                                                    \
    "address is|address|stranded|stuck|broke down|broken down|parked|need|looking "                                                                                      \
    "for|appointment|clinic in|venue|venue in|event|wedding|i'm in|we're in|im in|were in|i'm "                                                                          \
    "at|we are in|i am in|it's in|"                                                                                                                                      \
    "over in|up in|down in|out in|here in|standing|staying within|within|"                                                                                               \
    "הדירה|דירה|לדירה|הבית|בית|לבית|המשרד|משרד|העסק|החנות|חנות|הכתובת|העבודה|עבודה|המקום|צריך|" \
    "צריכה|צריכים|מחפש|מחפשת|מחפשים|דרוש|דרושה|רוצה|רוצים|"                                                                  \
    "אנחנו|אני|נמצא|נמצאת|נמצאים|תקוע|תקועים|תקועה|להגיע|תגיעו|מגיעים|תבואו|לבוא|שיבוא|לשלוח|"  \
    "תשלחו|באים|האירוע|אירוע|החתונה|לחתונה|הרכב|המסעדה|המספרה|הנכס|נכס|המרפאה|מרפאה|הוילה|"       \
    "היא|הוא|פה|כאן|שם|תור|הזמנה|להזמין|מישהו|וילה|בניין|הבניין|חדר|האולם|הגן|המפעל|המחסן|מחסן|" \
    "בסניף|סניף"

static size_t window_first(const struct kol_talk *t, size_t i, size_t words)
{
    size_t first = kol_sentence_first(t, i);
    return i - first > words ? i - words : first;
}

/* Whether an item of list is among the few words before, with no other town in between. */
static bool said_before(const struct field *f, const struct mention *n, size_t words,
                        const char *list)
{
    const struct kol_talk *t = &f->s->talk;
    size_t from = window_first(t, n->m.first, words);
    for (size_t i = n->m.first; i-- > from;)
        if (f->s->marks[i] & KOL_MARK_PLACE) {
            from = i + 1;
            break;
        }
    for (size_t i = from; i < n->m.first; i++)
        if (!(f->s->marks[i] & KOL_MARK_NAME) && kol_phrase_at(t, i, list)) /* וליד is a name here */
            return true;
    return false;
}

/* "from Haifa to Eilat", "מאילת לבאר שבע": neither end is where the work is. */
static bool is_end_of_road(const struct field *f, const struct mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    char how = relation(t, &n->m);
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_place_match *m = &f->list[i].m;
        size_t gap = how == 'f' ? m->first - n->m.end : n->m.first - m->end;
        bool adjacent = (how == 'f' ? m->first >= n->m.end : n->m.first >= m->end) && gap <= 1;
        if (adjacent &&
            ((how == 'f' && relation(t, m) == 't') || (how == 't' && relation(t, m) == 'f')))
            return true;
    }
    return false;
}

static double points_of_context(const struct field *f, const struct mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    double points = 0;
    bool relative = said_before(f, n, 6, RELATIVE);
    bool first_person =
        said_before(f, n, 7, "i|we|im|i'm|were|we're|ive|אני|אנחנו|my house|הבית|הדירה");
    if (said_before(f, n, 5, LIVES))
        points -= relative && !first_person ? 4 : 1.6;
    else if (relative &&
             !said_before(f, n, 6,
                          "house|flat|apartment|place|mum's|mom's|mother's|בית של|אצל|דירה של"))
        points -= 2;
    if (said_before(f, n, 7, PAST))
        points -= 3.5;
    if (said_before(f, n, 8, BILLING))
        points -= 5;
    if (said_before(f, n, 5, TRAVEL))
        points -= 3;
    if (relation(t, &n->m) == 'f' && said_before(f, n, 3, COMES))
        points -= 3;
    if (said_before(f, n, 2, NEAR))
        points -= 4;
    if (said_before(f, n, 4, OTHER_FIRM))
        points -= 4;
    if (said_before(f, n, 6, WORK) && points > -1)
        points += 1.5;
    size_t after = n->m.end;
    if (is_end_of_road(f, n))
        points -= 4.5;
    /* What follows: "is where I live", "זו רק הכתובת לחשבונית", "that's the billing address" */
    size_t end = kol_sentence_end(t, n->m.first);
    end = end > after + 6 ? after + 6 : end;
    if (kol_phrase_find(t, after, end, BILLING) < end)
        points -= 4;
    if (kol_phrase_find(
            t, after, end,
            "is where i live|where i live|is home|but the|but i've|but it's|but my|but mums|but "
            "mum's|but the house|אבל יש|אבל הדירה|אבל עכשיו|אבל העבודה|אבל הבית|"
            "אבל המשרד|אבל צריך|אבל זה|אבל") < end)
        points -= 1.5;
    return points;
}

static double points_of_speaker(const struct field *f, const struct mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    size_t turn = t->words[n->m.first].turn;
    if (t->turns[turn].role != KOL_ROLE_AGENT)
        return 2.5;
    if (said_before(f, n, 6,
                    "i'm in|we're in|based|office|our|i'm from|calling from|אנחנו מ|אנחנו ב|אני "
                    "מ|יושב|יושבים|מדבר|מדברת|מדברים|הגעתם|הגעת|סטודיו|חברת|יוצאים|אצלנו|הסניף"))
        return -2;
    bool greeting = turn == 0 || (turn == 1 && t->turns[0].role == KOL_ROLE_AGENT);
    if (greeting && t->words[n->m.first].sentence < 2 + t->words[t->turns[turn].first].sentence)
        return -0.5;
    return 1;
}

static bool corrected_here(const struct field *f, const struct mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    if (n->m.end < t->word_count && kol_phrase_at(t, n->m.end, "actually|בעצם|i mean|sorry"))
        return true;
    return said_before(f, n, 6,
                       "sorry|i mean|i meant|actually|rather|no "
                       "wait|correction|סליחה|התכוונתי|בעצם|כלומר|תיקון|אופס|לא לא|רגע");
}

/* "not Haifa", "I'm not in Tampa", "לא בחיפה", "ולא נצרת", "בחיפה לא" */
static bool is_denied(const struct field *f, const struct mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    size_t from = window_first(t, n->m.first, 4);
    size_t clause = n->m.first;
    while (clause > from && t->words[clause].gap < KOL_GAP_COMMA)
        clause--;
    for (size_t i = clause > from ? clause : from; i < n->m.first; i++) {
        if (kol_phrase_at(t, i,
                          "not only|לא רק|not far|לא רחוק|no problem|not too far|why not|לא "
                          "יודע|if not|לא משנה"))
            return false;
        /* "No, Oxford" is no denial of Oxford: the comma ends it. */
        if (kol_phrase_at(t, i,
                          "not|isn't|isnt|aint|ain't|wasnt|לא|ולא|שלא|אינני|איני|never|rather "
                          "than|instead of|במקום|ולא"))
            return n->m.first - i <= 4;
    }
    return n->m.end < t->word_count && t->words[n->m.end].gap <= KOL_GAP_HYPHEN &&
           kol_phrase_at(t, n->m.end,
                         "לא זה|is wrong|is not|isn't|is only|זה לא|זו רק|זה רק|is just");
}

/* "Is that in Salford?" "Manchester, actually." */
static bool names_another(const struct field *f, const struct mention *n)
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
static void weigh_answer(const struct field *f, struct mention *n)
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
        n->points -= 3;
    } else if (answer == KOL_ANSWER_YES && (last || next_asks)) {
        n->points += 3.5;
        n->rule = "city-confirmed";
    } else if (answer == KOL_ANSWER_NO && (question || next_asks || last)) {
        n->points -= 4;
        n->rejected = question || next_asks;
    }
}

/* "Is it here in Bradford?" "No, I'm in Bradford, but …": the no stands. */
static bool repeats_denied_question(const struct field *f, const struct mention *n)
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

static void weigh(const struct field *f, struct mention *n)
{
    const struct kol_talk *t = &f->s->talk;
    char how = relation(t, &n->m);
    n->rule = "city-named";
    n->points = points_of_speaker(f, n) + points_of_context(f, n);
    n->points += how == 'i' ? 1.5 : how == 't' ? 1 : how == 'f' ? 0.2 : how == 'n' ? -2.5 : 0;
    if (answers_where(t, n->m.first)) {
        n->points += 2.5;
        n->rule = "city-asked";
    } else if (how == 0 && stands_alone(t, &n->m)) {
        n->points += 1.5;
    } else if (how == 0 && t->words[n->m.first].script == KOL_SCRIPT_LATIN) {
        n->points -= 0.7;
    }
    if (n->m.other_prefix)
        n->points -= 2;
    if (how == 0 && n->m.first > 0 &&
        kol_is(&t->words[n->m.first - 1], "a|an|another|your|his|their|the")) {
        bool branch =
            n->m.end < t->word_count &&
            kol_is(&t->words[n->m.end], "office|clinic|branch|store|salon|location|garage|shop|"
                                        "studio|workshop|house|home|apartment|flat|place");
        n->points += branch ? 2.5 : -2.5; /* "your Denver office", but "a Bradford number" */
    }
    if (repeats_denied_question(f, n))
        n->points -= 4;
    if (is_denied(f, n)) {
        n->rejected = true;
        n->points -= 8;
    } else if (corrected_here(f, n)) {
        n->points += 3;
        n->rule = "city-corrected";
    }
    weigh_answer(f, n);
    if (n->m.how == KOL_PLACE_SOUND)
        n->points -= 0.3 + n->m.distance;
    const struct kol_place *p = &f->s->lexicon->places->places[n->m.place];
    const char *home = f->s->in->default_country ? f->s->in->default_country
                       : f->s->hebrew            ? "IL"
                                                 : NULL;
    if (home && strcmp(home, p->country) != 0)
        n->points -= f->s->hebrew ? 3 : 1;
}

static bool in_glossary(const struct kol_scene *s, const struct kol_place *p)
{
    for (size_t i = 0; i < s->in->glossary_count; i++)
        if ((p->he && strcmp(s->in->glossary[i], p->he) == 0) ||
            strcasecmp(s->in->glossary[i], p->en) == 0)
            return true;
    return false;
}

/* --- finding --- */

static void add(struct field *f, const struct kol_place_match *m)
{
    if (f->count == MAX_MENTIONS)
        return;
    f->list[f->count++] = (struct mention){.m = *m};
    for (size_t i = m->first; i < m->end; i++)
        f->s->marks[i] |= KOL_MARK_PLACE;
}

/* "במעלית" is no town heard wrongly: the taxonomy knows the word. */
static bool is_word_of_a_trade(const struct kol_scene *s, const struct kol_word *w)
{
    for (size_t i = 0; i < w->stem_count; i++) {
        uint32_t cursor = 0, pattern;
        const char *text = w->stems[i].text;
        if (strcmp(text, "פתח") != 0 &&
            kol_index_next(&s->lexicon->taxonomy.exact, text, strlen(text), &cursor, &pattern))
            return true;
    }
    return false;
}

/* A word after a preposition of place that we do not know may be a town heard wrongly. */
static bool may_be_misheard(const struct field *f, size_t i)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_word *w = &t->words[i];
    if (f->s->marks[i])
        return false;
    if (is_word_of_a_trade(f->s, w))
        return false;
    if (w->script == KOL_SCRIPT_HEBREW)
        return true;
    return w->script == KOL_SCRIPT_LATIN && i > 0 && (w->capital || !t->has_case) &&
           w->gap <= KOL_GAP_HYPHEN && kol_is(&t->words[i - 1], "in|to|at|from|near|of") &&
           !kol_is(
               w,
               "that|this|there|here|your|with|have|some|like|rain|half|them|then|three|four|five");
}

/*
 * "Heyphazoon" for "Haifa soon": a long unknown word after "in" whose first part sounds, vowel for
 * vowel, like a town of the business's glossary or one of the large ones.
 */
static bool match_run_together(const struct field *f, size_t i, struct kol_place_match *ret)
{
    const struct kol_gazetteer *g = f->s->lexicon->places;
    char heard[48], key[48];
    const struct kol_word *w = &f->s->talk.words[i];
    size_t n = kol_sound_key(w->norm, heard, sizeof heard), longest = 0;
    if (w->script != KOL_SCRIPT_LATIN || strlen(w->norm) < 7 || n < 5)
        return false;
    for (size_t k = 0; k < g->name_count; k++) {
        const struct kol_place *p = &g->places[g->names[k].place];
        if (g->names[k].count > 1 || g->names[k].weak || p->tier != KOL_TIER_CORE ||
            (p->population < 60000 && !in_glossary(f->s, p)))
            continue;
        size_t len = kol_sound_key(g->names[k].words[0], key, sizeof key);
        if (len < 4 || len <= longest || strncmp(heard, key, len) != 0 ||
            g->names[k].words[0][0] != w->norm[0])
            continue;
        longest = len;
        *ret = (struct kol_place_match){.first = (uint32_t)i,
                                        .end = (uint32_t)i + 1,
                                        .place = g->names[k].place,
                                        .how = KOL_PLACE_SOUND,
                                        .distance = 0.8};
    }
    return longest > 0;
}

static void find_mentions(struct field *f)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_gazetteer *g = f->s->lexicon->places;
    struct kol_place_match m;
    for (size_t i = 0; i < t->word_count; i++) {
        if (!kol_places_match(g, t, i, &m))
            continue;
        bool lower = t->words[i].script == KOL_SCRIPT_LATIN && t->has_case && !t->words[i].capital;
        if (!lower && !is_name_like(f, &m) && !is_street_or_organisation(f, &m) &&
            (!m.weak || weak_is_meant(f, &m)))
            add(f, &m);
        i = m.end - 1;
    }
    size_t exact = f->count;
    for (size_t i = 0; i < t->word_count && exact < MAX_MENTIONS; i++)
        if (may_be_misheard(f, i) &&
            (kol_places_match_sound(g, t, i, &m) || match_run_together(f, i, &m)) &&
            !is_street_or_organisation(f, &m))
            add(f, &m);
}

/*
 * Two towns near each other: "I'm in Bradford, but Mum's in Huddersfield" is about the second;
 * "Manchester, in Didsbury" names a quarter of the first.
 */
static void weigh_pair(const struct field *f, struct mention *a, struct mention *b)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_place *places = f->s->lexicon->places->places;
    if (a->m.place == b->m.place || t->words[a->m.first].turn != t->words[b->m.first].turn ||
        b->m.first - a->m.end > 25)
        return;
    size_t sentences = t->words[b->m.first].sentence - t->words[a->m.first].sentence;
    bool but =
        kol_phrase_find(t, a->m.end, b->m.first,
                        "but|אבל|however|though|רק ש|עכשיו עברנו|אלא|now we're|now im|now i'm") <
        b->m.first;
    if (but && sentences <= 1 && !b->rejected)
        a->points -= 3;
    if (but || sentences > 0 || b->m.first - a->m.end > 3 || a->rejected || b->rejected ||
        kol_phrase_find(t, a->m.end, b->m.first, "or|and|to|from|not|לא|או|ולא") < b->m.first)
        return;
    struct mention *quarter = places[a->m.place].population > places[b->m.place].population ? b : a;
    quarter->points -= 3;
    f->s->quarter = (struct kol_span){quarter->m.first, quarter->m.end};
}

struct standing {
    uint32_t place;
    double points, best; /* in all; of its best mention */
    size_t mention;      /* that one */
};

/* Sums the mentions of a place; a denial counts unless the place is affirmed after it. */
static void sum_up(const struct field *f, uint32_t place, struct standing *ret)
{
    double others = 0;
    *ret = (struct standing){.place = place, .best = -99};
    bool rejected = false;
    for (size_t i = 0; i < f->count; i++) {
        const struct mention *n = &f->list[i];
        if (n->m.place != place)
            continue;
        if (n->rejected)
            rejected = true;
        else if (n->points > 4)
            rejected = false;
        if (n->points > ret->best) {
            others += ret->best > 0 ? ret->best : 0;
            ret->best = n->points;
            ret->mention = i;
        } else if (n->points > 0) {
            others += n->points;
        }
    }
    ret->points = ret->best + (others > 10 ? 10 : others) * 0.25 - (rejected ? 6 : 0);
    /* The larger of two towns said in one breath is the town, the other its quarter. */
    ret->points += log10(1 + f->s->lexicon->places->places[place].population) * 0.08;
}

static double calibrate(double points, double lead)
{
    double x = 0.9 * (points - 3.2) + 0.5 * (lead < 4 ? lead : 4) - 0.2;
    double p = 1 / (1 + exp(-x));
    return p > 0.97 ? 0.97 : p;
}

void kol_find_city(struct kol_scene *s, struct kol_insight_value *ret)
{
    struct field *f = kol_arena_alloc(s->a, sizeof *f);
    if (!f)
        return;
    f->s = s;
    find_mentions(f);
    for (size_t i = 0; i < f->count; i++)
        weigh(f, &f->list[i]);
    for (size_t i = 0; i < f->count; i++)
        for (size_t k = i + 1; k < f->count && k < i + 4; k++)
            weigh_pair(f, &f->list[i], &f->list[k]);
    struct standing first = {.points = -99}, second = {.points = -99};
    for (size_t i = 0; i < f->count; i++) {
        struct standing one;
        sum_up(f, f->list[i].m.place, &one);
        if (one.place == first.place && first.points > -99)
            continue;
        if (one.points > first.points) {
            second = first;
            first = one;
        } else if (one.points > second.points) {
            second = one;
        }
    }
    if (first.points < THRESHOLD)
        return;
    const struct mention *n = &f->list[first.mention];
    const struct kol_place *p = &s->lexicon->places->places[first.place];
    double lead = first.points - (second.points > 0 ? second.points : 0);
    s->city = (struct kol_span){n->m.first, n->m.end};
    for (size_t i = 0; i < f->count; i++)
        if (f->list[i].rejected && f->list[i].m.place != first.place)
            s->not_city = (struct kol_span){f->list[i].m.first, f->list[i].m.end};
    if (s->quarter.end &&
        s->talk.words[s->quarter.first].sentence != s->talk.words[n->m.first].sentence)
        s->quarter.end = 0;
    double confidence = calibrate(first.points, lead) * (0.5 + 0.5 * kol_heard(s, s->city));
    if (n->m.how == KOL_PLACE_SOUND)
        confidence *= 0.9 - 0.3 * n->m.distance;
    *ret =
        (struct kol_insight_value){.value = s->hebrew && p->he ? p->he : p->en,
                                   .value_en = p->en,
                                   .confidence = confidence,
                                   .rule = n->m.how == KOL_PLACE_SOUND ? "city-by-sound" : n->rule};
    kol_set_evidence(s, s->city, ret);
}
