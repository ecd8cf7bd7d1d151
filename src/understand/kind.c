/*
 * kind.c - what sort of call it is, and how urgent.
 */
#include "understand/scene.h"
#include <string.h>

static bool said(const struct kol_scene *s, const char *list)
{
    return kol_phrase_find(&s->talk, 0, s->talk.word_count, list) < s->talk.word_count;
}

static size_t count_said(const struct kol_scene *s, const char *list)
{
    size_t n = 0;
    for (size_t i = 0; i < s->talk.word_count; i++)
        n += kol_phrase_at(&s->talk, i, list) > 0;
    return n;
}

/* What Whisper invents on silence, greetings, and people who cannot hear each other. */
static bool is_empty(const struct kol_scene *s)
{
    const struct kol_talk *t = &s->talk;
    size_t empty = 0;
    for (size_t i = 0; i < t->word_count;) {
        size_t n = kol_phrase_at(
            t, i,
            "thanks for watching|thank you for watching|thank you|thanks|bye|bye "
            "bye|hello|hi|you|okay|"
            "please subscribe|subscribe|music|applause|silence|goodbye|can you hear me|i can't "
            "hear you|hello hello|so|um|uh|"
            "is anyone there|anybody there|anyone there|are you there|very much|yes|yeah|"
            "תודה|תודה רבה|תודה שצפיתם|תודה על הצפייה|שצפיתם|רבה|הלו|שומעים|שומעים אותי|אתה "
            "שומע|אותי|לא שומעים|לא שומע|כלום|שלום|כתוביות|כן|"
            "תרגום|וכתוביות|קבוצת|הכתוביות|ביי|היי|מוזיקה|מישהו שם|לא|אתם שומעים|אני לא שומע|אני "
            "לא שומעת|יש שם "
            "מישהו|אוקיי|להתראות|יום טוב|שומעת|אני|שומע|את שומעת|לא שומעת|מי זה|מי זאת");
        empty += n;
        i += n ? n : 1;
    }
    return t->word_count == 0 || empty == t->word_count ||
           (t->word_count < 12 && empty * 4 >= t->word_count * 3);
}

#define ASKS_WHO                                                                                        \
    "could i speak to the|can i speak to the|i was told this was|הגעתי|הגעתי ל|זה בית|" \
    "זו קופת|זה ה|is this|is that|have i reached|am i through to|is it the"
#define IS_ANOTHER                                                                                 \
    "we're a|we are a|we're not|afraid|לא זה|זה לא|this is|it's a|it is a|this isn't|"     \
    "you've got|you have|לא זאת|לא זו|הגעת|הגעתם"

/* "טעות." "סליחה, טעות": all there is in its clause. */
static bool says_mistake(const struct kol_talk *t)
{
    for (size_t i = 0; i < t->word_count; i++)
        if (kol_is(&t->words[i], "טעות") && kol_clause_end(t, i) - kol_clause_first(t, i) <= 3)
            return true;
    return false;
}

/* "Is this the clinic?" "No, it's a garage.": somebody asks for another place and is told so. */
static bool asks_for_another(const struct kol_talk *t)
{
    if (t->turn_count < 2 || t->word_count > 90)
        return false;
    for (size_t k = 0; k + 1 < t->turn_count && k < 3; k++) {
        const struct kol_talk_turn *ask = &t->turns[k], *answer = &t->turns[k + 1];
        if (ask->role == KOL_ROLE_AGENT || answer->role != KOL_ROLE_AGENT ||
            answer->end == answer->first ||
            kol_phrase_find(t, ask->first, ask->end, ASKS_WHO) == ask->end)
            continue;
        return (kol_answer_after(t, k) == KOL_ANSWER_NO ||
                kol_phrase_find(t, answer->first, answer->end, "afraid|לצערי") < answer->end) &&
               kol_phrase_find(t, answer->first, answer->end, IS_ANOTHER) < answer->end;
    }
    return false;
}

/* What somebody says who needs work done, whoever he is. */
#define WANTS                                                                                                                \
    "i need|we need|i'm looking for|we're looking for|looking for a|i want|we want|can you "                                 \
    "come|can you send|"                                                                                                     \
    "could you send|could you come|can someone|someone to|somebody to|אני צריך|אני צריכה|אנחנו "         \
    "צריכים|צריך|צריכה|"                                                                                      \
    "צריכים|מחפש|מחפשת|מחפשים|דרוש|דרושה|תשלחו|תבואו|שיבוא|לא עובד|לא " \
    "עובדת|מטפטף|נזילה|תקוע|תקועה|סתימה|נשבר|נשברה"

#define LONG_TALK 150

static bool is_wrong_number(const struct kol_scene *s)
{
    if (asks_for_another(&s->talk))
        return true;
    /* "don't drive to the wrong place": who talks for long has not dialled a wrong number. */
    if (s->talk.word_count > LONG_TALK)
        return false;
    return said(s, "wrong number|wrong no|misdialed|misdialled|dialled the wrong|dialed the "
                   "wrong|must have the wrong|have the wrong|"
                   "wrong business|misdial|rung the wrong|called the wrong|"
                   "טעות במספר|טעית במספר|מספר לא נכון|התבלבלתי במספר|התבלבלתי בספרה|חייגתי לא "
                   "נכון|טעיתי "
                   "במספר|המספר הלא נכון|הגעתי למספר|זה לא בית|טעות בחיוג|"
                   "התקשרתי בטעות|לא המספר הנכון|חייגתי בטעות|לחצתי לא נכון|טעות בטלפון|זה לא "
                   "המספר|טעיתי "
                   "חשבתי|חשבתי שזה ה|חשבתי שהגעתי|חשבתי שזו ה") ||
           (said(s, "התבלבלתי|wrong place|one digit off") && !kol_customer_says(&s->talk, WANTS)) ||
           (s->talk.turn_count > 1 && s->talk.word_count < 60 &&
            (said(s, "sorry to bother you") || says_mistake(&s->talk)));
}

/* Offers to the business, surveys, robots. */
static bool is_sales(const struct kol_scene *s)
{
    size_t strong = count_said(
        s, "wholesaler|small business owners|credit card fees|cut their|free statement|"
           "free review|free quote for your business|save businesses|does your purchasing|"
           "lower the fees|lower your|merchant solutions|merchant services|"
           "we help businesses|we're saving|saving businesses|business solutions|"
           "i'm calling to see if you'd|calling to offer|would you be interested in|"
           "are you the person|decision maker|in charge of|who handles your|"
           "who is in charge|free trial|no obligation|business energy|business rates|toner|"
           "sponsor|advertise with|advertising space|directory|solar leads|"
           "new customers every|grow your business|more leads|quality leads|card machine|"
           "card reader|pos system|payment terminal|payroll software|press any key|"
           "vehicle warranty|car warranty|to opt out|on behalf of|lowest rates|"
           "cheaper rates|switch provider|business phone|business internet|"
           "insurance for your business|our price list|our catalogue|our catalog|"
           "for the trade|we supply|who does your|press one|press nine|press 1|press 9|"
           "press 2|press two|business listing|google listing|removed from this list|"
           "owner of the business|business owner|the owner|extended warranty|special offer|"
           "we noticed your website|your google|search engine|merchant account|"
           "credit card processing|not verified|marketing agency|calling from the|"
           "lower your rates|energy supplier|electricity rates|this is a recorded|"
           "important message|your listing|your account has been|seo|page of google|"
           "first page|rank higher|business loan|business funding|survey|conducting|"
           "market research|customer satisfaction|small businesses|donate|donation|"
           "you have been selected|you've been selected|you have won|בעל העסק|בעלת העסק|"
           "קידום בגוגל|קידום אורגני|עמוד הראשון|דף נחיתה|המודעות|הצעה מיוחדת|משהו מיוחד|"
           "דמי הקמה|בהתחייבות|סקר|עורכים סקר|שביעות רצון|מכון מחקר|בעלי עסקים|הקש|הקישו|"
           "הקש 1|הקישו 1|לידים|הלוואה|הלוואה לעסק|מבצע מיוחד|חברת הסליקה|סליקה|מסלול סלולר|"
           "שדרוג המסלול|לתרום|תרומה|עמותת|זכית|נבחרת|עמוד ראשון|מנהל הרכש|חבילת סלולר|הסקר|"
           "קידום|פרסום בגוגל|להגדיל את המכירות|יותר לקוחות|מי אחראי אצלכם|"
           "מי מטפל אצלכם ברכש|אחראי הרכש|מנהל העסק|הבעלים של העסק|ביטוח לעסק|תוכנה לניהול|"
           "מערכת לניהול|דמו|פגישת ייעוץ חינם|במחיר מיוחד|מסלול לעסקים|חבילה לעסקים|ספק של|"
           "אנחנו מספקים|קטלוג|להיכנס למאגר|אינדקס עסקים|דפי זהב|לידים חמים|מבצע לעסקים|"
           "מוקד המכירות|הלוואות לעסקים|מסוף סליקה|מסוף אשראי|מסופי אשראי|עסקים קטנים|"
           "דמי מנוי|לעסקים|העמלה חצי|ניסיון חינם|ללא התחייבות|בלי התחייבות|לקוחות חדשים|"
           "להציע לך|להציע לכם|להציע לעסק|מחברת הסלולר");
    size_t wants = count_said(s, "i need|we need|i'm looking for|looking for a|i want|אני צריך|אני "
                                 "צריכה|אני מחפש|אני מחפשת|צריכים|דחוף");
    /* "not interested", says the business. */
    for (size_t i = 0; i < s->talk.word_count && strong > 0; i++)
        if (kol_role_at(&s->talk, i) == KOL_ROLE_AGENT &&
            kol_phrase_at(&s->talk, i,
                          "not interested|no thanks|no thank you|happy with what we have|we're "
                          "fine thanks|we're sorted|we're all set|take us off|לא מעוניין|לא "
                          "מעוניינת|לא מעוניינים|לא תודה|"
                          "יש לי כבר|תוריד אותי|תורידו אותי"))
            strong++;
    /* Who talks for long speaks of many things; an offer says more of its own. */
    size_t least = s->talk.word_count > LONG_TALK ? 4 : 2;
    return strong >= least && strong > wants;
}

/* A courier at the door, an applicant: talk with the business that is no request for its work. */
static bool is_other_business(const struct kol_scene *s)
{
    return said(
        s, "הודעה ללקוחות|message for customers|message to all customers|יזומה|planned outage|no "
           "need to call back|just wanted to say|just calling to say|just to say thank|"
           "רציתי רק להגיד|רק רציתי להגיד|רציתי להגיד תודה|about the job|the driver job|"
           "still hiring|about the vacancy|the vacancy|the job ad|your job ad|apply for|"
           "send us your cv|looking for work|looking for a job|got any jobs going|"
           "any openings|לגבי המשרה|לגבי העבודה|didn't get the invoice|"
           "haven't received the invoice|haven't got the invoice|missing an invoice|"
           "missing the invoice|חסרה לנו חשבונית|חסרה לי חשבונית|חסרה חשבונית|"
           "לשלוח לי את החשבונית|לשלוח לנו את החשבונית|copy of the invoice|"
           "לא קיבלתי את החשבונית|לא קיבלתי חשבונית|לא קיבלתי קבלה|לא קיבלתי את הקבלה|"
           "parcel for you|package for you|delivery for you|the job you advertised|"
           "job application|applying for|my resume|my cv|are you hiring|the position|"
           "i'm at the gate with|חבילה בשבילך|חבילה בשבילכם|משלוח בשבילך|יש לי חבילה|"
           "קורות חיים|המשרה|דרושים אצלכם|מחפש עבודה|מחפשת עבודה|לגבי העבודה שפרסמתם");
}

/* "I'd like to cancel tomorrow's visit", and no other day is asked for. */
static bool is_cancellation(const struct kol_talk *t)
{
    return kol_customer_says(
               t,
               "לבטל את|לבטל תור|לבטל אותו|לבטל אותה|רציתי לבטל|רוצה לבטל|צריך לבטל|צריכה לבטל|"
               "מבטל את|מבטלת את|cancel my|cancel the|cancel our|cancel an|cancel tomorrow's|"
               "cancel it please|need to cancel|want to cancel|like to cancel|calling to cancel") &&
           !kol_customer_says(
               t,
               "another company|בחברה אחרת|חברה אחרת|לא עובד|לא עובדת|רוצה "
               "אתכם|reschedule|rebook|instead|another time|another day|different day|move it to|"
               "push it|להזיז|לדחות|תור אחר|מועד אחר|יום אחר|לקבוע מחדש|במקום זה|במקומו|"
               "i'm looking for|מחפש|מחפשת|דחוף|urgent|cancel my contract|cancel the contract");
}

/* A bank, a clinic, a shop or a machine tells the business something. */
/* clang-format off */
#define TELLS \
    "להזכיר לך|להזכיר לכם|רציתי להזכיר|רצינו להזכיר|הרינו להזכיר|הרינו להודיע|תזכורת לתור|" \
    "שיש לך תור|שיש לכם תור|נקבע לך תור|עמכם הסליחה|לתושבי|תושבים יקרים|הודעה לתושבים|" \
    "התרופה שהזמנת|התרופה שלך|המרשם שלך|ההזמנה שלך מוכנה|ההזמנה שלך הגיעה|תוצאות הבדיקה|" \
    "תוצאות הבדיקות|מועד תשלום|תשלום הארנונה|הודעה זו תימחק|ההודעה תימחק|כדי לשמור את ההודעה|" \
    "תא קולי|לשירות בעברית|שיחתך חשובה|לחזרה לתפריט|הקישו אחת|הקש אחת|משליח|השליח|אני השליח|" \
    "החבילה שלך|המשלוח שלך|לעדכן את הכתובת שלכם|לעדכן את הפרטים שלכם|בקשר לחשבון שלך|" \
    "appointment reminder|this is a reminder|reminding you|just a reminder|courtesy call|" \
    "courtesy message|planned power|planned outage|planned maintenance|scheduled outage|" \
    "power will be off|water will be off|prescription is ready|ready for pick up|ready for " \
    "pickup|ready for collection|ready to collect|your order is ready|your test results|your " \
    "results are|this message will be deleted|message will be deleted|mailbox is full|your " \
    "appointment with|your appointment is|council tax|has been delivered|your package|your " \
    "parcel|your call is important|regarding your account|about your account|for english press"
#define OFFICES \
    "מבנק|מהבנק|בנק לאומי|בנק הפועלים|בנק דיסקונט|מקופת חולים|קופת חולים|מקופה|מעיריית|" \
    "כאן עיריית|זו עיריית|לעיריית|מהעירייה|מבית המרקחת|בית המרקחת|סופר פארם|מחברת החשמל|" \
    "מחברת הביטוח|מביטוח לאומי|ממס הכנסה|ממשרד הפנים|ממשרד התחבורה|מהדואר|דואר ישראל|" \
    "מתאגיד המים|מהמשטרה|מגוגל|מחברת גוגל|from the bank|from your bank|from the pharmacy|" \
    "pharmacy|from the council|city council|from the hospital|from the dental|from the " \
    "doctor's|from the surgery|from the school|from the post office|from the insurance|from the " \
    "tax|water company|con edison|power company|electric company|from hmrc|from the irs"
/* clang-format on */

static bool is_told_something(const struct kol_talk *t)
{
    size_t introduced = t->word_count < 25 ? t->word_count : 25;
    return !kol_customer_says(t, WANTS) &&
           (kol_customer_says(t, TELLS) || kol_phrase_find(t, 0, introduced, OFFICES) < introduced);
}

/* "Hi Mum, it's Tom, I'm on my way": family and friends, who want no work done. */
static bool is_private_talk(const struct kol_talk *t)
{
    size_t early = t->word_count < 14 ? t->word_count : 14;
    return !kol_customer_says(t, WANTS) &&
           kol_phrase_find(
               t, 0, early,
               "היי אמא|היי אבא|הי אמא|הי אבא|שלום אמא|שלום אבא|אמא זה|אבא זה|היי מותק|היי "
               "אהובי|היי אהובה|hi mum|hi mom|hi dad|hey mum|hey mom|hey dad|hi mummy|hi "
               "love it's me|hey babe|hi honey|hi grandma|hi nan") < early;
}

enum kol_insight_kind kol_find_kind(const struct kol_scene *s)
{
    if (is_empty(s))
        return KOL_INSIGHT_EMPTY;
    if (is_wrong_number(s))
        return KOL_INSIGHT_WRONG_NUMBER;
    if (is_sales(s))
        return KOL_INSIGHT_SALES;
    if (is_other_business(s) || is_cancellation(&s->talk) || is_told_something(&s->talk) ||
        is_private_talk(&s->talk))
        return KOL_INSIGHT_NO_REQUEST;
    return KOL_INSIGHT_REQUEST;
}

#define URGENT                                                                                                                                                \
    "urgent|urgently|emergency|asap|as soon as possible|right away|right now|immediately|"                                                                    \
    "straight away|straightaway|come now|now please|at once|as fast as you can|"                                                                              \
    "quick as you can|quickly as you can|hurry|soon as you can|someone now|somebody now|"                                                                     \
    "this minute|can't wait|cannot wait|within the hour|tonight please|how soon can|"                                                                         \
    "how fast can|how quickly|as quick as|desperate|stranded|come quick|fast please|"                                                                         \
    "please hurry|מהר מהר|מהר ככל האפשר|תעופו|sooner the better|the sooner|someone quick|"                                              \
    "somebody quick|someone fast|somebody fast|really quick|here now|over now|out now|"                                                                       \
    "round now|come over right|help now|pronto|a s a p|rush over|this instant|"                                                                               \
    "right this second|anyone available now|דחוף|דחופה|בדחיפות|מיד|מייד|תמהר|תמהרו|תמהרי|"                               \
    "כמה שיותר מהר|מהר בבקשה|בבקשה מהר|כמה שיותר מוקדם|עכשיו בבקשה|תעוף אליי|תטוס אליי|"    \
    "חירום|דחופים|בהקדם האפשרי|הכי מהר|כבר עכשיו|ברגע זה|תבואו עכשיו|שיבוא עכשיו|"              \
    "לבוא עכשיו|מישהו עכשיו|עכשיו מישהו|בהולה|בהול|please come עכשיו|come עכשיו|"                             \
    "תגיע עכשיו|תגיעו עכשיו|להגיע עכשיו|יבוא עכשיו|זה דחוף|דחופ|לא יכול לחכות|"                    \
    "לא יכולה לחכות|תוך שעה|בזריזות|אסאפ|מקרה חירום|צריך עכשיו|צריכה עכשיו|צריכים עכשיו|" \
    "יכולים עכשיו|יכול עכשיו|הרגע"

#define CALM                                                                                                                                                \
    "not urgent|isn't urgent|no rush|no hurry|not an emergency|nothing urgent|"                                                                             \
    "nothing dramatic|whenever|no emergency|when you get a chance|not in a hurry|"                                                                          \
    "not in a rush|isn't an emergency|hurry up|לא דחוף|לא בוער|אין לחץ|לא לחוץ|"                                                    \
    "אין דחיפות|לא ממהר|לא ממהרת|לא ממהרים|בלי לחץ|לא חירום|מתי שנוח|לא בהול|אין מה למהר|" \
    "לא צריך מיד|שלא דחוף|זה לא דחוף|ממש לא דחוף"

/* Words of haste that count only beside a wish that somebody comes: "תבואו מהר", "come quickly". */
#define HASTY "מהר|עכשיו|quickly|quick|fast|now|right now|tonight|הלילה|הערב"
#define COMING                                                                                                                    \
    "come|send|get someone|get somebody|get here|someone here|someone out|somebody out|"                                          \
    "anyone out|take me|pick me up|תבוא|תבואו|תבואי|תגיע|תגיעו|תגיעי|תשלח|תשלחו|תשלחי|" \
    "שיבוא|שיגיע|יבוא|יגיע|בוא|בואו|לבוא|להגיע|לשלוח|שתבוא|שתגיע|שתשלחו|שמישהו|לפתוח"

static bool asks_to_come(const struct kol_talk *t, size_t i)
{
    size_t first = kol_sentence_first(t, i), end = kol_sentence_end(t, i);
    first = i - first > 8 ? i - 8 : first;
    end = end - i > 6 ? i + 6 : end;
    return kol_phrase_at(t, i, HASTY) && kol_phrase_find(t, first, end, COMING) < end;
}

/* "right now" as "at present", "מיד אחרי". */
static bool is_about_else(const struct kol_talk *t, size_t i)
{
    if (kol_is(&t->words[i], "מיד") && i + 1 < t->word_count &&
        kol_is(&t->words[i + 1], "אחרי|כש|לאחר|אחר|שניה|שנייה|לפני"))
        return true;
    /* "I don't know if it's urgent" */
    if (kol_phrase_before(
            t, i, "if it's|if it is|whether it's|if this is|אם זה|אם זאת|כמה זה|עד כמה זה") ||
        kol_is(&t->words[i], "אם"))
        return true;
    if (!kol_phrase_at(t, i, "right now"))
        return false;
    size_t first = kol_sentence_first(t, i), end = kol_sentence_end(t, i);
    return kol_phrase_before(t, i, "is|it's|living|not|are|renting|working|tight|busy") ||
           kol_phrase_find(t, first, end,
                           COMING "|need|want|help|stuck|locked|anyone|anybody|can you|could you|"
                                  "please|if you can|you can|leaking|flooding|pouring|tow") == end;
}

void kol_find_urgency(struct kol_scene *s, bool requested, struct kol_insight_value *ret)
{
    const struct kol_talk *t = &s->talk;
    if (!requested)
        return;
    *ret = (struct kol_insight_value){.value = "normal",
                                      .confidence = 0.85,
                                      .rule = "urgency-none-said",
                                      .quote_start_ms = -1,
                                      .quote_end_ms = -1};
    for (size_t i = 0; i < t->word_count; i++) {
        size_t n = kol_phrase_at(t, i, CALM);
        if (n && kol_role_at(t, i) != KOL_ROLE_AGENT) {
            ret->confidence = 0.95;
            ret->rule = "urgency-calm-said";
            kol_set_evidence(s, (struct kol_span){(uint32_t)i, (uint32_t)(i + n)}, ret);
            return;
        }
    }
    for (size_t i = 0; i < t->word_count; i++) {
        size_t n = kol_phrase_at(t, i, URGENT);
        if (n == 0 && asks_to_come(t, i))
            n = 1;
        if (n == 0 || kol_role_at(t, i) == KOL_ROLE_AGENT || is_about_else(t, i))
            continue;
        ret->value = "urgent";
        ret->confidence = 0.92;
        ret->rule = "urgency-said";
        for (size_t k = i; k < i + n; k++)
            s->marks[k] |= KOL_MARK_TOPIC; /* the summary quotes what is urgent */
        kol_set_evidence(s, (struct kol_span){(uint32_t)i, (uint32_t)(i + n)}, ret);
        return;
    }
}
