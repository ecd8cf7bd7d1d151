/*
 * service_words.h - words around a trade that say whether it is wanted. Private to service*.c.
 */
#ifndef KOL_UNDERSTAND_SERVICE_WORDS_H
#define KOL_UNDERSTAND_SERVICE_WORDS_H

/* clang-format off */
#define DENIALS                                                                                                                                  \
    "don't need|dont need|don't want|do not need|not a|not the|not an|not looking for|"                                                          \
    "no need for|didn't ask for|didnt order|isn't a|not|rather than|instead of|without a|"                                                       \
    "wasn't a|לא צריך|לא צריכה|לא צריכים|לא|ולא|בלי|לא רוצה|לא ביקשתי|לא מחפש|לא מחפשת|" \
    "אין צורך ב|במקום|לא הזמנתי|זה לא|לא את|אין צורך"

/* How a business picks up, beside its name. */
#define GREETS                                                                                     \
    "hello|hi|good morning|good afternoon|good evening|thanks for calling|thank you for calling|"  \
    "speaking|how can i help|שלום|היי|בוקר טוב|ערב טוב|הגעת|הגעתם|איך אפשר לעזור|במה אפשר לעזור"

#define TAKES_BACK                                                                                 \
    "i mean|i meant|no i mean|no sorry|sorry no|no wait|wait no|scratch that|my mistake|no no|"    \
    "התכוונתי|אני מתכוון|אני מתכוונת|לא סליחה|סליחה לא|לא רגע|רגע לא|טעיתי|תיקון"

#define WANTS                                                                                                                                                 \
    "need|needs|want|wants|looking for|after|i'd like|we'd like|do you have|have you got|"                                                                    \
    "how much|interested in|calling about|ringing about|phoning about|asking about|"                                                                          \
    "bring me|would like|get|book|hire|find|recommend|send|schedule|order|is this the|"                                                                       \
    "do you do|can you|could you|צריך|צריכה|צריכים|צריכות|מחפש|מחפשת|מחפשים|רוצה|רוצים|"                         \
    "דרוש|דרושה|להזמין|מעוניין|מעוניינת|ביקשתי|מבקש|מבקשת|לקבוע|תארגן|תשלחו|תשלח|אפשר|"   \
    "שיבוא|הזמנתי|יש לכם|יש לך|אתם עושים|מישהו ל|תביאו|תביא|תביאי|אתם מתקינים|אתם מתקנים|" \
    "אתם מטפלים|מי מטפל|בעצם|בקשר ל|כמה|בעיה עם|בעיה ב|חסר לי"

#define TROUBLES                                                                                                                                           \
    "broken|broke|breaks|not working|isn't working|doesn't work|won't|wont|doesn't|can't|"                                                                 \
    "cannot|stopped|keeps|problem|trouble|stuck|jammed|dead|leak*|drip*|crack*|noise|"                                                                     \
    "smell*|loose|missing|blocked|flood*|install*|fit|fitted|fix|fixed|replace*|repair*|"                                                                  \
    "new|change|changed|quote|estimate|how much|gone|fell|came off|lost|everywhere|"                                                                       \
    "full of|too|falling apart|לא עובד*|לא פועל*|מקולקל*|התקלקל*|שבור*|נשבר*|נתקע*|תקוע*|"                         \
    "תקלה|בעיה|לתקן|תיקון|להחליף|החלפה|להתקין|התקנה|הצעת מחיר|כמה עולה|נפל*|נזיל*|נוזל*|" \
    "מטפטפ*|מטפטף|רעש|ריח|סתומ*|סתום|הפסיק*|לא נדלק*|לא נפתח*|לא נסגר*|מלא|מלאה|חדש|חדשה|"    \
    "חדשים|לבדוק|בדיקה|לטפל|טיפול|קרוע*|נקרע*"

#define ABOUT                                                                                      \
    "about|regarding|problem with|problems with|trouble with|issue with|issues with|"              \
    "something wrong with|בעיה עם|בעיה ב|תקלה ב|תקלה עם|לגבי|בקשר ל|בנוגע ל|בעניין"
/* clang-format on */

#endif
