/*
 * test_summary.c - what a summary tells and what it must not tell.
 */
#include "base/test.h"
#include "understand/insight.h"
#include "understand/test_lexicon.h"

struct row {
    const char *text, *has, *lacks; /* either may be NULL */
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        KOL_ARENA a = kol_arena_new(0);
        const char *text = rows[i].text;
        struct kol_insight r = read_call(a, text);
        if (rows[i].has)
            check_has(text, r.summary, rows[i].has);
        if (rows[i].lacks && strstr(r.summary, rows[i].lacks))
            check_str(text, r.summary, rows[i].lacks);
    }
}

static void tells_sums_without_currency(void **state)
{
    static const struct row rows[] = {
        {"לקוח: שלום, צריך אינסטלטור בחיפה, הברז דולף.\nנציג: ביקור ארבע מאות.\nלקוח: בסדר.",
         "מחיר (שקל): ביקור 400", NULL},
        {"לקוח: שלום, צריך צבעי בעפולה.\nנציג: אלף ושמונה מאות לחמישה חדרים.\nלקוח: בסדר.", "1,800",
         "1,805"},
        {"Customer: I need a cleaner in Naperville.\nAgent: That's two hundred and forty.\n"
         "Customer: Fine.",
         "Price (dollars): 240", NULL},
        {"Customer: I need a locksmith in Leeds.\nAgent: The call-out is one sixty, parts on "
         "top.\nCustomer: Fine.",
         "160", "60 pounds"},
        {"Customer: I need a cleaner in Leeds.\nAgent: It's fifty quid.\nCustomer: Fine.",
         "50 pounds", "Price (pounds)"},
        /* a currency that was said is not guessed again */
        {"לקוח: צריך צבעי בחיפה.\nנציג: זה אלפיים דולר.\nלקוח: בסדר.", "2,000 דולר", "שקל"},
        /* no price: a house number, a time, an address that is repeated, a question */
        {"לקוח: צריך צבעי בחיפה, הרצל שבעים.\nנציג: הרצל שבעים.\nלקוח: כן.", NULL, "(שקל)"},
        {"לקוח: צריך צבעי בחיפה.\nנציג: אני ברחוב הגפן שמונים.\nלקוח: כן.", NULL, "(שקל)"},
        {"Customer: I need a plumber in Leeds.\nAgent: I'm about sixty minutes away.", NULL,
         "(pounds)"},
        {"לקוח: צריך צבעי בחיפה.\nנציג: מאתיים?\nלקוח: לא.", NULL, "(שקל)"},
        /* a budget is the caller's, not the price */
        {"שלום, אני מחפש שיפוצניק בחיפה, תקציב שלושים אלף.", "תקציב (שקל): 30 אלף", "מחיר"},
        /* time is not money */
        {"צריך צבעי בנהריה, וצריך לדעת כמה זה לוקח זמן.", NULL, "שואל על המחיר"},
    };
    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void tells_who_promises(void **state)
{
    static const struct row rows[] = {
        {"לקוח: צריך גנן ברמלה.\nנציג: אני אשלח אליך מישהו למדוד.\nלקוח: תודה.",
         "המשך: הנציג ישלח מישהו למדוד", "הלקוח ישלח"},
        {"לקוח: צריך גנן ברמלה.\nנציג: שלוש מאות שקל.\nלקוח: טוב, אני אבדוק ואתקשר.",
         "הלקוח יבדוק ויתקשר", "הנציג יבדוק"},
        {"לקוחה: אני צריכה גנן ברמלה.\nנציג: שלוש מאות שקל.\nלקוחה: אתייעץ עם בעלי ואחזור אליך.",
         "הלקוחה תתייעץ עם בעלה ותחזור", "בעלי."},
        {"לקוח: צריך גרר בחולון.\nנציג: אני יוצא אליך.\nלקוח: תודה.", "הנציג יוצא", "אליך."},
        {"לקוח: צריך גרר בחולון.\nנציג: לא אגיע היום.\nלקוח: חבל.", NULL, "הנציג יגיע"},
        {"לקוח: צריך גרר בחולון.\nנציג: אם אגיע בזמן אני אתקשר.\nלקוח: טוב.", "הנציג יתקשר",
         "הנציג יגיע"},
        {"לקוח: צריך גרר בחולון.\nנציג: מתי אגיע?\nלקוח: מחר.", NULL, "הנציג יגיע"},
    };
    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void names_the_work(void **state)
{
    static const struct row rows[] = {
        {"שלום, קנינו דירה בטירת כרמל ורוצים להחליף צילינדר, בסוף החודש.", "העבודה: החלפת צילינדר.",
         NULL},
        {"אני צריך גנן שיעקור עץ דקל ויגזום שני ברושים בקיסריה.",
         "העבודה: עקירת עץ דקל; גיזום שני ברושים בקיסריה.", NULL},
        {"צריך מישהו שיתקן לי את המדיח, אני בשפרעם.", "העבודה: תיקון המדיח.", NULL},
        {"שלום, יש לנו עץ ענק בחצר שצריך לגזום, אנחנו בפרדס חנה.", "העבודה: גיזום עץ ענק בחצר.",
         NULL},
        {"אני לא צריך להחליף צילינדר, רק מנעולן בלוד.", NULL, "החלפת"},
        {"ניסיתי להחליף צילינדר לבד, צריך מנעולן בלוד.", NULL, "החלפת"},
        {"בעלי החליף צילינדר, צריכה מנעולן בלוד.", NULL, "החלפת"},
        {"לקוח: צריך מנעולן בלוד.\nנציג: אתה רוצה להחליף צילינדר?\nלקוח: לא.", NULL, "החלפת"},
        {"צריך צבעי בלוד שיצבע אותו.", NULL, "צביעת"},
    };
    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void tells_place_hour_and_wishes(void **state)
{
    static const struct row rows[] = {
        {"שלום, אני בת\"א, רמת החייל. נפל לוח גבס מהתקרה.", "רמת החייל", NULL},
        {"לקוח: צריך הובלה בתוך קריית ביאליק.\nנציג: מתי?\nלקוח: חמישי הבא בבוקר.\nנציג: יש. "
         "שבע וחצי אצלכם.\nלקוח: תודה.",
         "שבע וחצי", NULL},
        {"המעלית שלנו תקועה, קריית ים. אפשר להחזיר לי שיחה.", "מבקש שיחזרו אליו", "מבקשת"},
        {"אשתי צריכה וטרינר בחיפה. כמה זה עולה?", "שואל על המחיר", "שואלת"},
        {"Hi, what time do you close today? Okay thanks, bye.", "Asks about opening hours", NULL},
        {"Hi, I'm calling about the job you advertised.", "job applicant", NULL},
        {"There's a burst pipe in Leeds, can somebody come right now? It's urgent.",
         "Wants someone to come", NULL},
        {"There's a burst pipe in Leeds, it's urgent.", NULL, "Wants someone"},
        {"אני מארגנת מסיבה ומחפשת אולם בתל אביב. כמה לוקחים?", "שואלת על המחיר", "שואל על"},
        {"אני רוצה גדר אלומיניום בעתלית. אתם יכולים לבוא למדוד?", "שיבואו למדוד", NULL},
    };
    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows);
}

/* One endless sentence of numbers and verbs is answered at once. */
static void long_sentences_cost_little(void **state)
{
    static const char *const words[] = {"Agent: ", "sixty one hundred ", "נציג: ", "מאה ארבעים ",
                                        "לקוח: ",  "צריך לא להחליף "};
    (void)state;
    for (size_t k = 0; k < 6; k += 2) {
        KOL_ARENA a = kol_arena_new(0);
        size_t one = strlen(words[k + 1]), len = strlen(words[k]);
        char *text = kol_arena_alloc(a, len + 4000 * one + 1);
        memcpy(text, words[k], len);
        for (size_t i = 0; i < 4000; i++, len += one)
            memcpy(text + len, words[k + 1], one);
        text[len] = 0;
        struct row row = {text, "", NULL};
        check_rows(&row, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_sums_without_currency),
        cmocka_unit_test(tells_who_promises),
        cmocka_unit_test(names_the_work),
        cmocka_unit_test(tells_place_hour_and_wishes),
        cmocka_unit_test(long_sentences_cost_little),
    };
    return cmocka_run_group_tests_name("summary", tests, load_lexicon, free_lexicon);
}
