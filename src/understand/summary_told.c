/*
 * summary_told.c - what somebody said of himself, told by a third person. Hebrew.
 */
#include "understand/summary.h"
#include <string.h>

/* X(I will, he will, she will) */
#define PROMISES(X)                                                                                \
    X("אתקשר", "יתקשר", "תתקשר")                                                                   \
    X("אצלצל", "יצלצל", "תצלצל")                                                                   \
    X("אחזור", "יחזור", "תחזור")                                                                   \
    X("אשלח", "ישלח", "תשלח")                                                                      \
    X("אגיע", "יגיע", "תגיע")                                                                      \
    X("אבוא", "יבוא", "תבוא")                                                                      \
    X("אבדוק", "יבדוק", "תבדוק")                                                                   \
    X("אחשוב", "יחשוב", "תחשוב")                                                                   \
    X("אתייעץ", "יתייעץ", "תתייעץ")                                                                \
    X("אדבר", "ידבר", "תדבר")                                                                      \
    X("אכין", "יכין", "תכין")                                                                      \
    X("אביא", "יביא", "תביא")                                                                      \
    X("אעביר", "יעביר", "תעביר")                                                                   \
    X("אכתוב", "יכתוב", "תכתוב")                                                                   \
    X("אתאם", "יתאם", "תתאם")                                                                      \
    X("אכנס", "ייכנס", "תיכנס")                                                                    \
    X("אעבור", "יעבור", "תעבור")                                                                   \
    X("אחכה", "יחכה", "תחכה")                                                                      \
    X("אעדכן", "יעדכן", "תעדכן")                                                                   \
    X("אודיע", "יודיע", "תודיע")                                                                   \
    X("אגיד", "יגיד", "תגיד")                                                                      \
    X("אצא", "יצא", "תצא")                                                                         \
    X("אמדוד", "ימדוד", "תמדוד")                                                                   \
    X("אברר", "יברר", "תברר")                                                                      \
    X("אצלם", "יצלם", "תצלם")                                                                      \
    X("אסגור", "יסגור", "תסגור")                                                                   \
    X("אפתח", "יפתח", "תפתח")

static const struct {
    const char *mine, *his, *hers;
} promises[] = {
#define X(mine, his, hers) {mine, his, hers},
    PROMISES(X)
#undef X
};

#define X(mine, his, hers) mine "|"
static const char any_promise[] = PROMISES(X);
#undef X

/* What he does now and it is a promise: "אני יוצא אליך", "אני שולחת". */
#define DOES_NOW                                                                                                                                                        \
    "יוצא|יוצאת|מגיע|מגיעה|שולח|שולחת|בא|באה|מכין|מכינה|חוזר|חוזרת|עובר|עוברת|פנוי|פנויה|בדרך|" \
    "מתקשר|מתקשרת|רושם|רושמת|מעביר|מעבירה|אצלך|אצלכם"
#define TO_YOU "אליך|אלייך|אליכם|לך|לכם|אותך|אתכם"

#define SHE_ASKS "צריכה|מחפשת|מדברת|מבקשת|מעוניינת|מתקשרת|מעדיפה|שואלת"
#define SHE_IS "גרה|יכולה|יודעת|חושבת|נמצאת|חוזרת|מחכה|עובדת|תקועה|לחוצה|מבינה|פנויה|מוכנה"

bool kol_summary_is_woman(const struct kol_writing *w)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 0; i < t->word_count; i++) {
        if (kol_role_at(t, i) == KOL_ROLE_AGENT)
            continue;
        bool after_i = i > 0 && kol_is(&t->words[i - 1], "אני|ואני|שאני|לא") &&
                       t->words[i].gap == KOL_GAP_SPACE;
        /* "my wife needs" is said by a man, "the lift is stuck" by anybody */
        if (kol_is(&t->words[i], SHE_ASKS) &&
            !(i > 0 && kol_is(&t->words[i - 1], "היא|שהיא|אשתי|אמא|שלי|הבת|בתי|אחותי|השכנה|האישה")))
            return true;
        if (after_i && kol_is(&t->words[i], SHE_IS))
            return true;
        /* "I'll ask my husband", not "owners of a flat" */
        if (kol_is(&t->words[i], "בעלי") &&
            !(i + 1 < t->word_count &&
              kol_is(&t->words[i + 1], "מקצוע|עסק|עסקים|חיים|הבית|הדירה|דירות|דירה|רכב|חנויות")))
            return true;
        /* "אני מארגנת", "אני עורכת", but not "אני בת שלושים", "אני באמת" */
        if (i > 0 && kol_is(&t->words[i - 1], "אני") && t->words[i].gap == KOL_GAP_SPACE &&
            t->words[i].script == KOL_SCRIPT_HEBREW) {
            const char *norm = t->words[i].norm;
            size_t n = strlen(norm);
            if (n >= 8 && strcmp(norm + n - 2, "ת") == 0 && strncmp(norm, "ב", 2) != 0 &&
                strncmp(norm, "ל", 2) != 0 &&
                !kol_is(&t->words[i], "זאת|כזאת|הייתי|עכשיו|שלוחת|מחברת"))
                return true;
        }
    }
    return false;
}

static int promise_of(const char *norm)
{
    struct kol_word word = {.norm = norm};
    if (!kol_is(&word, any_promise))
        return -1;
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
        if (kol_is(&word, promises[i].mine))
            return (int)i;
    return -1;
}

/* The promise in a word, also after "and": "ואתקשר". */
static int promise_at(const struct kol_talk *t, size_t i, bool *ret_and)
{
    const char *norm = t->words[i].norm;
    if (t->words[i].script != KOL_SCRIPT_HEBREW)
        return -1;
    *ret_and = strncmp(norm, "ו", 2) == 0;
    return promise_of(*ret_and ? norm + 2 : norm);
}

static bool is_not(const struct kol_talk *t, size_t i)
{
    return kol_phrase_before(t, i, "לא|אם|אולי|כש|מתי|איך|איפה|שלא|לא אני|אם אני|מתי אני");
}

/* Where the promise starts; span.end when there is none. */
static size_t find_promise(const struct kol_talk *t, struct kol_span span, bool *ret_now)
{
    bool and_word;
    for (size_t i = span.first; i < span.end; i++) {
        *ret_now = false;
        if (promise_at(t, i, &and_word) >= 0 && !and_word && !is_not(t, i))
            return i;
        if (i + 1 < span.end && kol_is(&t->words[i], "אני") && kol_is(&t->words[i + 1], DOES_NOW) &&
            !is_not(t, i)) {
            *ret_now = true;
            return i + 1;
        }
    }
    return span.end;
}

static bool is_feminine(const struct kol_word *w)
{
    return kol_is(w, "יוצאת|מגיעה|שולחת|באה|מכינה|חוזרת|עוברת|פנויה|מתקשרת|רושמת|מעבירה");
}

/* X(of me, of him, of her) */
#define PERSONS(X)                                                                                 \
    X("לי", "לו", "לה")                                                                            \
    X("שלי", "שלו", "שלה")                                                                         \
    X("אלי|אליי", "אליו", "אליה")                                                                  \
    X("אותי", "אותו", "אותה")                                                                      \
    X("אצלי", "אצלו", "אצלה")                                                                      \
    X("איתי", "איתו", "איתה")                                                                      \
    X("אשתי", "אשתו", "אשתו")                                                                      \
    X("בעלי", "בעלה", "בעלה")

/* A word in the third person, or NULL when it stays as it is. */
static const char *third_person(struct kol_writing *w, size_t i, bool she)
{
    const struct kol_word *word = &w->s->talk.words[i];
    bool and_word = false;
    int p = promise_at(&w->s->talk, i, &and_word);
    if (p >= 0)
        return kol_arena_fmt(w->s->a, "%s%s", and_word ? "ו" : "",
                             she ? promises[p].hers : promises[p].his);
#define X(mine, his, hers)                                                                         \
    if (kol_is(word, mine))                                                                        \
        return she ? hers : his;
    PERSONS(X)
#undef X
    if (kol_is(word, TO_YOU))
        return "";
    return NULL;
}

/* The words of rest in the third person, without "to you". */
static void write_told(struct kol_writing *w, struct kol_str *out, struct kol_span rest, bool she)
{
    const struct kol_talk *t = &w->s->talk;
    uint32_t plain = rest.first;
    for (uint32_t i = rest.first; i <= rest.end; i++) {
        const char *told = i < rest.end ? third_person(w, i, she) : "";
        if (!told)
            continue;
        const char *text = i > plain ? kol_summary_text(w, (struct kol_span){plain, i}) : NULL;
        if (text)
            kol_str_add_fmt(out, "%s %s",
                            plain > rest.first && t->words[plain].gap == KOL_GAP_COMMA ? "," : "",
                            text);
        if (*told)
            kol_str_add_fmt(out, "%s %s",
                            i > rest.first && t->words[i].gap == KOL_GAP_COMMA ? "," : "", told);
        plain = i + 1;
    }
}

/* Where words to the other side start: "…, give me the address". */
static uint32_t end_of_promise(const struct kol_talk *t, size_t at, uint32_t end)
{
    for (uint32_t i = (uint32_t)at + 1; i < end; i++)
        if (kol_is(&t->words[i], "את|אתה|אתם|תגיד|תגידי|תגידו|תחזיר|תחזירי|תן|תני|תשלח|תשלחי|רק|"
                                 "שלך|שלכם|איתך|איתכם|אצלך|אצלכם|כדי|בסדר|נכון|אם") &&
            (kol_is(&t->words[i], "שלך|שלכם|איתך|איתכם|אצלך|אצלכם|כדי") ||
             t->words[i].gap >= KOL_GAP_COMMA))
            return i;
    return end;
}

const char *kol_summary_told(struct kol_writing *w, struct kol_span span)
{
    const struct kol_talk *t = &w->s->talk;
    enum kol_role role = kol_role_at(t, span.first);
    bool now = false;
    if (!w->s->hebrew || (role == KOL_ROLE_UNKNOWN && t->turn_count > 1))
        return NULL;
    size_t at = find_promise(t, span, &now);
    if (at >= span.end || t->sentences[t->words[at].sentence].question)
        return NULL;
    bool she = now ? is_feminine(&t->words[at]) : role != KOL_ROLE_AGENT && kol_summary_is_woman(w);
    const char *who = role == KOL_ROLE_AGENT ? (she ? "הנציגה" : "הנציג")
                      : she                  ? "הלקוחה"
                                             : "הלקוח";
    KOL_STR out;
    kol_str_init(&out, 2048);
    kol_str_add(&out, who);
    uint32_t end = end_of_promise(t, at, span.end);
    write_told(w, &out, (struct kol_span){(uint32_t)at, end}, she);
    return kol_str_failed(&out) ? NULL : kol_arena_strn(w->s->a, out.data, out.len);
}

/* X(name of the work, infinitive without ל and future forms) */
#define WORKS(X)                                                                                   \
    X("החלפת", "החליף|יחליף|תחליף|יחליפו|תחליפו")                                                  \
    X("תיקון", "תקן|יתקן|תתקן|יתקנו|תתקנו")                                                        \
    X("התקנת", "התקין|יתקין|תתקין|יתקינו|תתקינו")                                                  \
    X("צביעת", "צבוע|יצבע|תצבע|יצבעו|תצבעו")                                                       \
    X("ניקוי", "נקות|ינקה|תנקה|ינקו|תנקו")                                                         \
    X("בדיקת", "בדוק|יבדוק|תבדוק|יבדקו|תבדקו")                                                     \
    X("העברת", "העביר|יעביר|תעביר|יעבירו|תעבירו")                                                  \
    X("הרכבת", "הרכיב|ירכיב|תרכיב|ירכיבו|תרכיבו")                                                  \
    X("פירוק", "פרק|יפרק|תפרק|יפרקו|תפרקו")                                                        \
    X("בניית", "בנות|יבנה|תבנה|יבנו|תבנו")                                                         \
    X("איטום", "אטום|יאטום|תאטום|יאטמו")                                                           \
    X("עקירת", "עקור|יעקור|תעקור|יעקרו")                                                           \
    X("גיזום", "גזום|יגזום|תגזום|יגזמו")                                                           \
    X("ריסוס", "רסס|ירסס|תרסס|ירססו")                                                              \
    X("תרגום", "תרגם|יתרגם|תתרגם|יתרגמו")                                                          \
    X("צילום", "צלם|יצלם|תצלם|יצלמו")                                                              \
    X("פתיחת", "פתוח|יפתח|תפתח|יפתחו")                                                             \
    X("פינוי", "פנות|יפנה|תפנה|יפנו")                                                              \
    X("שיפוץ", "שפץ|ישפץ|תשפץ|ישפצו")                                                              \
    X("תליית", "תלות|יתלה|תתלה|יתלו")                                                              \
    X("חידוש", "חדש|יחדש|תחדש|יחדשו")                                                              \
    X("הובלת", "הוביל|יוביל|תוביל|יובילו")                                                         \
    X("גרירת", "גרור|יגרור|תגרור|יגררו")                                                           \
    X("חיבור", "חבר|יחבר|תחבר|יחברו")                                                              \
    X("ליטוש", "לטש|ילטש|ילטשו")                                                                   \
    X("סידור", "סדר|יסדר|תסדר|יסדרו")                                                              \
    X("הדברת", "הדביר|ידביר|ידבירו")                                                               \
    X("העתקת", "העתיק|יעתיק")                                                                      \
    X("מכירת", "מכור|ימכור")                                                                       \
    X("הריסת", "הרוס|יהרוס")                                                                       \
    X("ריפוד", "רפד|ירפד")                                                                         \
    X("כיסוח", "כסח|יכסח|יכסחו")

static const struct {
    const char *noun, *verbs;
} works[] = {
#define X(noun, verbs) {noun, verbs},
    WORKS(X)
#undef X
};

#define X(noun, verbs) verbs "|"
static const char any_work[] = WORKS(X);
#undef X

#define WISHES                                                                                                                                                  \
    "צריך|צריכה|צריכים|רוצה|רוצים|מבקש|מבקשת|אפשר|אשמח|נשמח|מחפש|מחפשת|מחפשים|חייב|חייבת|" \
    "חייבים|דרוש|רציתי|רצינו|מעוניין|מעוניינת|מעוניינים|מישהו|תוכל|תוכלו|יכול|יכולים|בבקשה"

/* "להחליף", "שיתקן", "ויגזום": to do it, that he does it; "החליף" alone was long ago. */
static const char *work_at(const struct kol_talk *t, size_t i)
{
    const struct kol_word *word = &t->words[i];
    if (word->script != KOL_SCRIPT_HEBREW)
        return NULL;
    bool and_word = strncmp(word->norm, "ו", 2) == 0;
    const char *verb = word->norm + (and_word ? 2 : 0);
    bool to = strncmp(verb, "ל", 2) == 0 || strncmp(verb, "ש", 2) == 0;
    struct kol_word bare = {.norm = to ? verb + 2 : verb};
    if ((!to && !and_word) || !kol_is(&bare, any_work) ||
        (!to && strncmp(verb, "י", 2) != 0)) /* "and he cuts" goes on; "and cut" does not */
        return NULL;
    for (size_t k = 0; k < sizeof works / sizeof *works; k++)
        if (kol_is(&bare, works[k].verbs))
            return works[k].noun;
    return NULL;
}

/* What the work is done to: the words after the verb. */
static struct kol_span object_of(const struct kol_talk *t, size_t verb)
{
    size_t first = verb + 1, end = verb + 1;
    while (end < t->word_count && end < verb + 10 && t->words[end].gap < KOL_GAP_COMMA)
        end++;
    while (first < end && kol_is(&t->words[first], "לי|לנו|לו|לה|להם|בבקשה|את|ת|שם|פה|כאן|אצלנו"))
        first++;
    end = end > first + 5 ? first + 5 : end;
    for (size_t i = first + 1; i < end; i++)
        if (kol_is(&t->words[i], "כי|אבל|אם|אני|אנחנו|הוא|היא|זה|ואני|אז|לפני|כמה|תודה|בבקשה|"
                                 "המחיר|אפשר|ואת|ואז|כש|וצריך|ורוצה|ועוד") ||
            work_at(t, i))
            end = i;
    while (end > first + 1 && kol_is(&t->words[end - 1], "של|את|עם|על|שלי|ליד|בין|או|גם|בשביל|ועם"))
        end--;
    if (first >= end || t->words[first].script != KOL_SCRIPT_HEBREW ||
        kol_is(&t->words[first], "אותו|אותה|אותם|אותן|אותך|זה|הכול|הכל|אם|מה|עם|לפני|מהר|היום|"
                                 "מחר|עכשיו|דחוף|כמה|מתי|רק|גם"))
        return (struct kol_span){0};
    return (struct kol_span){(uint32_t)first, (uint32_t)end};
}

/* "יש לי עץ ענק שצריך לגזום": the words before the verb. */
static struct kol_span object_before(const struct kol_talk *t, size_t verb)
{
    size_t first = t->sentences[t->words[verb].sentence].first, end = verb;
    first = verb > first + 12 ? verb - 12 : first;
    while (end > first && kol_is(&t->words[end - 1], "רוצה|רוצים"))
        end--;
    if (end == first ||
        !kol_is(&t->words[end - 1], "שצריך|שצריכים|שצריכה|שאני|שאנחנו|שרוצה|שרוצים"))
        return (struct kol_span){0};
    end--;
    size_t from = end;
    while (from > first && t->words[from].gap < KOL_GAP_COMMA &&
           !kol_is(&t->words[from - 1], "לי|לנו|יש"))
        from--;
    if (from == first || from == end || end - from > 6 || !kol_is(&t->words[from - 1], "לי|לנו|יש"))
        return (struct kol_span){0};
    return (struct kol_span){(uint32_t)from, (uint32_t)end};
}

static bool is_wished(const struct kol_talk *t, size_t verb)
{
    const struct kol_sentence *e = &t->sentences[t->words[verb].sentence];
    size_t first = verb > e->first + 16 ? verb - 16 : e->first;
    size_t near = verb > first + 5 ? verb - 5 : first;
    return !e->question && kol_phrase_find(t, first, verb, WISHES) < verb &&
           kol_phrase_find(t, near, verb,
                           "לא|בלי|אין|ניסיתי|ניסינו|ניסה|ניסו|אמור|אמורים|אמר|אמרו|הבטיח|"
                           "הבטיחו|במקום") == verb;
}

const char *kol_summary_work(struct kol_writing *w)
{
    const struct kol_talk *t = &w->s->talk;
    const char *out = NULL;
    size_t count = 0;
    for (size_t i = 0; w->s->hebrew && i < t->word_count && count < 2; i++) {
        const char *noun = kol_role_at(t, i) != KOL_ROLE_AGENT ? work_at(t, i) : NULL;
        struct kol_span before = noun ? object_before(t, i) : (struct kol_span){0};
        struct kol_span object = before.end                ? before
                                 : noun && is_wished(t, i) ? object_of(t, i)
                                                           : (struct kol_span){0};
        const char *text = object.end ? kol_summary_text(w, object) : NULL;
        if (!text)
            continue;
        out = out ? kol_arena_fmt(w->s->a, "%s; %s %s", out, noun, text)
                  : kol_arena_fmt(w->s->a, "%s %s", noun, text);
        count++;
        i = object.end > i ? object.end - 1 : i;
    }
    return out;
}
