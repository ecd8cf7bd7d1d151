/*
 * city_named.c - how a town is named, and what only looks like one.
 */
#include "understand/city.h"

/* --- what only looks like a town --- */

#define STREET_BEFORE                                                                                                                                          \
    "רחוב|רח|ברחוב|שדרות|בשדרות|שד|סמטת|כיכר|ככר|כביש|בכביש|שכונת|בשכונת|שכונה|מחלף|צומת|" \
    "גשר|משכונת|לשכונת|מרחוב|לרחוב|משפחת|נמל|highway|route|interstate|street of|king|"                                        \
    "queen|port of|mount|lake|fort|captain|saint|college of|university of|bank of|"                                                                            \
    "battle of|bay of"
#define STREET_AFTER                                                                               \
    "street|road|avenue|ave|lane|drive|boulevard|blvd|close|crescent|terrace|highway|"             \
    "freeway|parkway|court|way|turnpike|st|rd|gardens|square|bridge|united|rovers|"                \
    "university|college|hospital|bank|times|post|herald|airport|house|hall|hotel|pub|"             \
    "arms|school road|place|row|mews"
#define ORGANISATION_BEFORE                                                                                                                                    \
    "מספרת|ממספרת|מלון|במלון|ממלון|מסעדת|אוניברסיטת|באוניברסיטת|מכללת|מכבי|הפועל|בית\"ר|" \
    "ביתר|בנק|בבנק|קפה|אבו|אבן|בן|בת|משרד|חברת|מחברת|סטודיו|בית קפה|ישיבת|עיתון|קבוצת|"        \
    "פיצה|שווארמה|חומוס|פלאפל|אום|אולמי|מאפיית|חומוסיית|גלריה|קליניקת|מוסך|הרב|ד\"ר|"          \
    "דוקטור|מר|גברת"
#define NOISE_AFTER "style|bus|train to|pizza|team|game|band"

bool kol_city_is_name(const struct kol_field *f, const struct kol_place_match *m)
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
            !(m->first > 1 && kol_is_stem(&t->words[m->first - 2], "רחוב|שדרות|רח|שד")) &&
            (before->capital || before->script == KOL_SCRIPT_HEBREW) &&
            !kol_is(before, "ים|אור|בר|גל|שיר|טל|דן|אל|בן|will|may|mark|pat|גיל|הדר|זה|אני"));
}

/* "שדרות" is a boulevard when a name follows and a town when not. */
static bool is_boulevard(const struct kol_field *f, const struct kol_place_match *m)
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

/* "in the Highlands": a region, unless "the Denver office" follows. */
static bool is_region(const struct kol_talk *t, const struct kol_place_match *m)
{
    return m->end - m->first == 1 && m->first > 1 &&
           t->words[m->first].script == KOL_SCRIPT_LATIN &&
           kol_is(&t->words[m->first - 1], "the") &&
           kol_is(&t->words[m->first - 2], "in|across|to|through|from|around") &&
           (m->end >= t->word_count || t->words[m->end].gap >= KOL_GAP_COMMA ||
            kol_is(&t->words[m->end], "and|or|but|the|we|i"));
}

/* Where these are said alone, the state or the county is meant. */
#define REGIONS                                                                                    \
    "oregon|indiana|nevada|delaware|wyoming|california|florida|kansas|texas|virginia|maryland|"    \
    "iowa|michigan|vermont|missouri|montana|nebraska|louisiana|ohio|georgia|arizona|jersey|"       \
    "kent|surrey|essex|sussex|cornwall|somerset|devon|dorset|wiltshire|berkshire|norfolk|suffolk|" \
    "cumberland|cumbria|lancashire|yorkshire|lothian|fife"

/* "Kent" and "Oregon", but not "Kent, Ohio". */
static bool is_region_alone(const struct kol_field *f, const struct kol_place_match *m)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_word *w = &t->words[m->first];
    if (m->end - m->first != 1 || !kol_is(w, REGIONS))
        return false;
    if (kol_is(w, "norfolk|virginia|jersey") &&
        f->s->lexicon->places->places[m->place].population > 50000)
        return false; /* Norfolk, Virginia is a city */
    return m->end >= t->word_count || t->words[m->end].gap > KOL_GAP_COMMA ||
           !kol_is(&t->words[m->end],
                   REGIONS "|pennsylvania|washington|illinois|connecticut|new|ontario|"
                           "tennessee|oklahoma|alabama|minnesota|wisconsin");
}

bool kol_city_is_street(const struct kol_field *f, const struct kol_place_match *m)
{
    const struct kol_talk *t = &f->s->talk;
    if (m->first > 0 && kol_is(&t->words[m->first], "mexico") &&
        kol_is(&t->words[m->first - 1], "new"))
        return true;
    if (is_region(t, m) || is_region_alone(f, m))
        return true;
    if (is_boulevard(f, m))
        return true;
    if (!m->prefix && m->first > 0 && t->words[m->first].gap <= KOL_GAP_HYPHEN) {
        const struct kol_word *before = &t->words[m->first - 1];
        if (kol_is(before, STREET_BEFORE) ||
            kol_is_stem(before, "רחוב|שדרות|כביש|שכונת|סמטת|כיכר|מחלף|צומת|גשר|פינת"))
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

/* Words that are a preposition and a village by their letters only. */
#define EVERYDAY                                                                                                                                                        \
    "מיקום|ליקום|בעצם|מעצם|בניין|לבניין|מבניין|בעלי|מעלי|לעלי|בסולם|לסולם|במטע|לרווחה|ברווחה|" \
    "במנוחה|מנוחה|לדורות|משקף|לבחן|בשובה|מזמר|לגבע|מארז|בארז|ביעד|ליעד|בברכה|לברכה|מברכה|"         \
    "במשמרת|משמרת|למשמרת|באורה|משובה|בשחר|משחר|בחזון|במגן|מעלה|במעלה|למעלה|בנוב|בבטחה"

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

char kol_city_relation(const struct kol_talk *t, const struct kol_place_match *m)
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
    if (kol_is(w, "של") &&
        kol_phrase_before(t, at - 1,
                          "צד|הצד|אחד|השני|מרכז|בתוך|כניסה|הכניסה|בכניסה|קניון|הקניון|בקניון|"
                          "התעשייה|התעשיה|במרכז|המרכז|השוק|בשוק|"
                          "התחנה|בתחנה|החוף|בחוף|הים|הישן|הישנה|העתיקה|הצפון|הדרום|בצפון|בדרום"))
        return 'i';
    if (kol_is(w, "of") &&
        kol_phrase_before(t, at - 1,
                          "side|part|area|outskirts|heart|centre|center|middle|end|edge"))
        return 'i';
    if (kol_is(w, "to"))
        return 't';
    if (kol_is(w, "from"))
        return 'f';
    return kol_is(w, "near|outside|by|towards|past|ליד|לכיוון|between|close|beyond") ? 'n' : 0;
}

bool kol_city_answers_where(const struct kol_talk *t, size_t first)
{
    size_t turn = t->words[first].turn;
    if (t->turns[turn].role == KOL_ROLE_AGENT || turn == 0)
        return false;
    const struct kol_talk_turn *ask = &t->turns[turn - 1];
    if (ask->role == KOL_ROLE_CUSTOMER || first - t->turns[turn].first > 12)
        return false;
    if (kol_phrase_find(t, ask->first, ask->end,
                        "going|taking it|heading|where to|taking her|לאן") < ask->end)
        return false; /* where it goes, not where it is */
    return kol_phrase_find(
               t, ask->first, ask->end,
               "where|where's|whereabouts|what city|which city|what town|which town|what "
               "area|which area|your address|the address|"
               "what part|what's the location|location|postcode|zip|service "
               "address|איפה|מאיפה|באיזו עיר|באיזה עיר|איזו עיר|איזה עיר|עיר|הכתובת|"
               "באיזה אזור|באיזה ישוב|באיזה יישוב|איזה אזור|כתובת|מה הכתובת|היכן|מיקום|מאיזה|בית "
               "או|באיזה מקום|איזה יישוב") < ask->end;
}

bool kol_city_stands_alone(const struct kol_talk *t, const struct kol_place_match *m)
{
    return t->words[m->first].gap >= KOL_GAP_COMMA &&
           (m->end >= t->word_count || t->words[m->end].gap >= KOL_GAP_COMMA);
}

/* "Are you in Tucson?" "Mesa." */
static bool answers_other_town(const struct kol_field *f, const struct kol_place_match *m)
{
    const struct kol_talk *t = &f->s->talk;
    size_t turn = t->words[m->first].turn;
    if (turn == 0 || t->turns[turn].role == KOL_ROLE_AGENT || m->first > t->turns[turn].first + 3)
        return false;
    const struct kol_talk_turn *ask = &t->turns[turn - 1];
    bool town = false;
    for (size_t i = ask->first; i < ask->end && !town; i++)
        town = f->s->marks[i] & KOL_MARK_PLACE && t->sentences[t->words[i].sentence].question;
    return town;
}

/* "לקריות." "לאיזו קריה?" "ביאליק.": the second half of a name, when the first is in the air. */
static bool is_half_of_kirya(const struct kol_talk *t, const struct kol_place_match *m)
{
    uint32_t turn = t->words[m->first].turn;
    size_t from = t->turns[turn > 2 ? turn - 2 : 0].first;
    return kol_phrase_find(t, from, m->first,
                           "קריה|קריות|הקריות|לקריות|בקריות|מהקריות|krayot|the krayot") < m->first;
}

/* Weak Hebrew names of one word that are words of every call: each has its own condition. */
static bool is_known_word_meant(const struct kol_talk *t, const struct kol_place_match *m, char how,
                                bool *ret_meant)
{
    const struct kol_word *w = &t->words[m->first];
    bool ends = m->end >= t->word_count || t->words[m->end].gap >= KOL_GAP_COMMA;
    bool asked = kol_city_answers_where(t, m->first);
    bool lives =
        kol_phrase_before(t, m->first,
                          "גר|גרה|גרים|גרות|אנחנו|אני|הבית|הדירה|נמצא|נמצאת|מתגורר|מתגוררת|סניף|"
                          "הסניף|העבודה");
    if (kol_is_stem(w, "ביאליק|מוצקין|אתא"))
        *ret_meant = is_half_of_kirya(t, m);
    else if (kol_is_stem(w, "ראשון")) /* not the first, and not Sunday */
        *ret_meant = !m->other_prefix && ((asked && ends && how != 't') || (how && lives) ||
                                          kol_phrase_before(t, m->first, "בתוך"));
    else if (kol_is_stem(w, "אזור")) /* "באזור השרון" is no town, and hardly "אני באזור" */
        *ret_meant =
            ends && ((asked && !m->other_prefix) ||
                     (how && kol_phrase_before(t, m->first, "גר|גרה|גרים|מתגורר|מתגוררת")));
    else if (kol_is_stem(w, "קדימה") && m->prefix == 'b' && ends)
        *ret_meant = true;
    else if (kol_is_stem(w, "קדימה|מגדל"))
        *ret_meant = (m->prefix == 'b' &&
                      (lives || kol_phrase_before(t, m->first, "אצלכם|אצלנו|אצלי|פה|כאן"))) ||
                     (m->prefix == 'm' && ends && kol_phrase_before(t, m->first, "אני|אנחנו")) ||
                     (asked && kol_city_stands_alone(t, m));
    else
        return false;
    return true;
}

/* "a plumber in Dan", "אצלנו בניצן": what the call is about, or where we are, right before it. */
static bool is_place_of_topic(const struct kol_field *f, const struct kol_place_match *m)
{
    const struct kol_talk *t = &f->s->talk;
    bool ends = m->end >= t->word_count || t->words[m->end].gap >= KOL_GAP_COMMA ||
                kol_is(&t->words[m->end], "בבקשה|דחוף|עכשיו|היום|מחר|יש|ויש|ו");
    return ends && m->first > 0 && (m->prefix == 'b' || m->prefix == 'l') &&
           (t->words[m->first].gap <= KOL_GAP_HYPHEN || kol_is(&t->words[m->first - 1], "סליחה")) &&
           ((f->s->marks[m->first - 1] & KOL_MARK_TOPIC) ||
            kol_phrase_before(t, m->first, "אצלנו|אצלי|פה|כאן|הבית|הדירה|סליחה|מגיעים|תגיעו")) &&
           !kol_is_stem(
               &t->words[m->first],
               "מסעדה|מטע|מנוף|שמיר|צמח|שורש|מגן|מעגן|גדות|שרשרת|צופר|ברק|גזר|נחלה|בטחה|מנוחה|"
               "יעד|שדמה|חזון|שחר|סלע|משמרות|מגל|דן|מאור|גבים|פטיש");
}

/* A weak name must be meant as a place beyond doubt. */
bool kol_city_is_meant(const struct kol_field *f, const struct kol_place_match *m)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_word *w = &t->words[m->first];
    enum kol_tier tier = f->s->lexicon->places->places[m->place].tier;
    char how = kol_city_relation(t, m);
    bool meant = false;
    if (kol_is_stem(w, "אזור") && m->prefix && is_known_word_meant(t, m, how, &meant))
        return meant; /* "במושב באזור השרון" */
    if (named_as_town(t, m))
        return true;
    /* "a message for Dan": a name that is a town too */
    if (how == 'i' && m->first > 0 && kol_is(&t->words[m->first - 1], "for"))
        return false;
    if (w->script == KOL_SCRIPT_LATIN) {
        if (t->has_case && !w->capital)
            return false;
        if (kol_is(w, "march|may|april|august") ||
            (m->first > 0 && w->gap <= KOL_GAP_HYPHEN &&
             kol_is(&t->words[m->first - 1],
                    "the|a|an|my|your|our|his|her|their|this|that|some|any")))
            return false;
        /* "Pawnee Street": the second word of another name */
        if (m->first > 0 && w->gap == KOL_GAP_SPACE && t->words[m->first - 1].capital && how == 0)
            return false;
        bool alone = kol_city_stands_alone(t, m);
        if (!t->has_case) /* "in progress", "to post": a letter's case would have told */
            return (how == 'i' && f->s->lexicon->places->places[m->place].population >= 15000) ||
                   (alone && kol_city_answers_where(t, m->first));
        if (alone && answers_other_town(f, m))
            return true;
        return how == 'i' || how == 't' || how == 'f' ||
               (t->has_case && kol_city_answers_where(t, m->first)) ||
               (t->has_case && m->first > 0 && w->gap < KOL_GAP_STOP &&
                kol_phrase_before(t, m->first, "not|its|it's|over|up|down|is"));
    }
    if (kol_city_stands_alone(t, m) && answers_other_town(f, m))
        return true;
    if (is_known_word_meant(t, m, how, &meant))
        return meant;
    /* Hebrew villages of one word: only "in" or "to", said as an answer or with a first person. */
    if (tier == KOL_TIER_VILLAGE)
        return !m->other_prefix && !kol_is(w, EVERYDAY) &&
               (kol_city_answers_where(t, m->first) || is_place_of_topic(f, m) ||
                (m->prefix &&
                 kol_phrase_before(t, m->first,
                                   "גר|גרה|גרים|אני|אנחנו|נמצא|נמצאת|נמצאים|הבית|הדירה")));
    /* "in Tel Hanan, Nesher": the town after its quarter */
    if (tier == KOL_TIER_CORE && m->prefix == 0 && w->gap == KOL_GAP_COMMA &&
        kol_city_stands_alone(t, m) && m->first > 1 && !kol_is_first_name(f->s->lexicon, w->norm) &&
        (t->words[m->first - 1].stems[t->words[m->first - 1].stem_count - 1].place == 'b' ||
         (t->words[m->first - 2].stem_count > 1 && t->words[m->first - 2].stems[1].place == 'b')))
        return true;
    return m->prefix == 'b' || m->prefix == 'm' || m->prefix == 'l' || how == 'i' ||
           (kol_city_answers_where(t, m->first) && !m->other_prefix);
}
