/*
 * city_words.h - words around a town that say whether the work is there. Private to city_context.c
 * and city_points.c.
 */
#ifndef KOL_UNDERSTAND_CITY_WORDS_H
#define KOL_UNDERSTAND_CITY_WORDS_H

/* clang-format off */
#define LIVES \
    "home's in|home is in|home is|back home in|live in|live|lives|lives in|living in|" \
    "i'm from|based in|originally from|born in|grew up in|grew up|גר|גרה|גרים|גרות|" \
    "מתגורר|מתגוררת|מתגוררים|אנחנו מ|במקור מ|נולדתי|שאני גר|איפה שאני גר|הבית שלנו ב|" \
    "הבית שלי ב|שגרה|שגר|שגרים|who lives in|who live in"

#define RELATIVE \
    "sister|brother|cousin|uncle|aunt|in-laws|in laws|owner|owner's|landlord|landlord's|" \
    "husband|wife|husband's|wife's|tenant|boss's|בעל הבית|בעלת הבית|בעלי|אשתי|הגיסה|הגיס|" \
    "השוכר|השוכרת|הבעלים|friend|friends|son|daughter|parents|colleague|boss|אחותי|אחי|" \
    "הבן|הבת|דודה|דוד שלי|בן דוד|חבר שלי|חברה שלי|חברים|ההורים|הורים|חמותי|השכן|אמא שלי|" \
    "אבא שלי|גיסי|גיסתי|הבן שלי|הבת שלי|הסבים|הסבתא|סבתא|לבעלת הבית|לבעל הבית|שבעל הבית|" \
    "השכנה|לשוכר|לגיסי|לאחותי|לאחי|לשכן|לשכנה|לחמותי|אח שלו|אח שלה|אחות שלו|אחיו|אחותה|אח שלי|אחות שלי"

#define PAST \
    "used to live|used to|were renting|was renting|lived in|lived|moved from|" \
    "moved here from|moved out of|years ago|last time|last month|last year|before that|" \
    "previously|גרנו|גרתי|עברנו מ|עברתי מ|היינו|הייתי|בפעם הקודמת|פעם אחת|לפני שנה|שעברה|" \
    "קודם|הקודם|הקודמת|הקודמים|previous|former|old place|old house|old flat|old apartment|הבית הישן|הדירה הישנה"

#define BILLING \
    "billing|invoice|bill|the bill|receipt|mailing address|חשבונית|לחשבונית|החשבונית|" \
    "חיוב|לחיוב|קבלה|הקבלה|משרד הראשי|המשרד הראשי|head office|headquarters|" \
    "registered office|main office"

#define TRAVEL \
    "drive from|driving from|coming from|came from|drove from|driving to|flight|flying|" \
    "fly to|heading to|headed to|on the way to|on my way to|way from|way to|drove it to|" \
    "drove to|driven to|drive it to|travelling|traveling|got to be in|have to be in|" \
    "i'll be in|we'll be in|for work in|working in|work in|להביא אליכם|אבוא אליכם|" \
    "לבוא אליכם|להגיע אליכם|bring it to you in|away in|leave for|leaving for|off to|" \
    "צריכה להגיע ל|צריך להגיע ל|צריכים להגיע ל|מנסה להגיע ל|הייתי צריך להגיע ל|need to get to|have to get to|trying to get to|wanted to get to|want to get to|אני צריך להגיע|אני עוד צריך להגיע|אני צריכה להגיע|אני עוד צריכה להגיע|אנחנו צריכים להגיע|" \
    "" \
    "flight to|flying home to|trip to|meeting in|back from|נסענו|נסעתי|נוסע|נוסעת|נוסעים|" \
    "טסים|טס|טסה|בדרך ל|בדרך|בדרכי|חוזר מ|חוזרים מ|חזרתי מ|חזרנו מ|עובד|עובדת|עובדים|" \
    "בעבודה|מגיע מ|יצאנו מ|יצאתי מ|he works in|she works in|who works in|" \
    "husband works in|wife works in|from work|at work in|back home in|back in|home to|" \
    "head back to|return to|מהעבודה|מהמשרד|חוזרים ל|חוזר ל|חוזרת ל"

/* These with "from": "מגיעים ממודיעין", "עברנו מכרמיאל" */
#define COMES \
    "מגיע|מגיעים|מגיעה|באים|בא|באה|נוסע|נוסעים|נוסעת|חוזר|חוזרים|חזרנו|חזרתי|יוצא|יוצאים|" \
    "עברנו|עברתי|עוברים|עוברת|עובר|הגענו|coming|come|came|driving|visiting|travelling|" \
    "traveling|moved|moving|over|drove|flew"

/* … and these with "to": where somebody will be, not where the work is. */
#define GOES \
    "moving|relocating|flying|travelling|traveling|going|off|heading|headed|עוברים|עובר|" \
    "עוברת|נעבור|טס|טסה|טסים|נוסע|נוסעת|נוסעים|חוזר|חוזרת|חוזרים"

#define NEAR \
    "near|close to|outside of|next to|north of|south of|east of|west of|minutes from|" \
    "miles from|between|past|towards|beyond|ליד|קרוב|סמוך|לכיוון|באזור|בין|דקות מ|מול|" \
    "צפונית|דרומית|מזרחית|מערבית|קילומטר מ|בואכה"

#define OTHER_FIRM \
    "quote of|somebody from|someone from|company from|guy from|firm from|fella from|people from|" \
    "company in|firm in|guy in|technician from|plumber from|quote from|חברה מ|מישהו מ|" \
    "חברה ב|טכנאי מ|בעל מקצוע מ|אחד מ|קבלן מ|שהיה לי ב|האיש מ"

#define WORK \
    "service address|job is|job's|work is|house is|place is|apartment is|flat is|" \
    "property is|property|rental|house in|home in|flat in|apartment in|shop in|shop is|" \
    "store is|office is|office in|condo|unit is|unit in|place in|building in|studio in|" \
    "come to|come out to|get to|out to|send|someone in|someone to|somebody in|one in|" \
    "address is|address|stranded|stuck|broke down|broken down|parked|need|looking for|" \
    "appointment|clinic in|venue|venue in|event|wedding|i'm in|we're in|im in|were in|" \
    "i'm at|we are in|i am in|it's in|over in|up in|down in|out in|here in|standing|" \
    "staying within|within|הדירה|דירה|לדירה|הבית|בית|לבית|המשרד|משרד|העסק|החנות|חנות|" \
    "הכתובת|העבודה|עבודה|המקום|צריך|צריכה|צריכים|מחפש|מחפשת|מחפשים|דרוש|דרושה|רוצה|רוצים|" \
    "אנחנו|אני|נמצא|נמצאת|נמצאים|תקוע|תקועים|תקועה|להגיע|תגיעו|מגיעים|תבואו|לבוא|שיבוא|" \
    "לשלוח|תשלחו|באים|האירוע|אירוע|החתונה|לחתונה|הרכב|המסעדה|המספרה|הנכס|נכס|המרפאה|" \
    "מרפאה|הוילה|היא|הוא|פה|כאן|שם|תור|הזמנה|להזמין|מישהו|וילה|בניין|הבניין|חדר|האולם|" \
    "הגן|המפעל|המחסן|מחסן|בסניף|סניף|בדירה|בבית|בחנות|במשרד|בעסק|בוילה|במחסן|במסעדה|בנכס|" \
    "הפעם|this time|on holiday in|on vacation in|staying in|בחופש ב|בחופשה ב"

/* Where the other side is, or where a thing is to be brought; neither is where the work is. */
#define ELSEWHERE \
    "you're in|you are in|youre in|are you in|you guys in|you lot in|all the way from|" \
    "that you work in|i know you're|אתם ב|אתה ב|את ב|אתם מ|אליכם מ|אליכם ב|אתכם ב|אתכם מ|" \
    "פניתי אליכם|tow me to|tow us to|tow my car to|tow the car to|take me to|take us to|recover me to|" \
    "to my garage|to the garage|to a garage|to my mechanic|to the mechanic|" \
    "to the dealer|to the dealership|tow it to|towed to|take it to|taken to|taking it to|" \
    "get it to|drop it in|drop it at|drop it off|to the shop|to a shop|back to|למוסך|" \
    "לגרור ל|לגרור אותו ל|לקחת אותו ל|להביא אותו ל|לקחת ל|להביא ל|אל המוסך|לנתב\"ג|" \
    "אתם יושבים|אתם נמצאים|אתם ממוקמים|יושבים ב|ממוקמים ב|המשרד שלכם|המשרדים שלכם|" \
    "your office|your base|based in|your shop"

/* Somebody else's doings: "she's moved to Cardiff", "my boss went to Leeds". */
#define OTHERS_DO \
    "she's over in|he's over in|they're over in|she's up in|he's up in|she's down in|he's down in|she's moved|he's moved|they've moved|she moved|he moved|they moved|moved away|" \
    "moved to|gone to|went to|she lives|he lives|they live|she works|he works|they work|" \
    "she's at university|עברה ל|עבר ל|עברו ל|עברה|נסעו|נסע ל|נסעה ל|מתחתנת ב|עברו לגור|" \
    "עברה לגור|עבר לגור|הם עברו|הן עברו|היא עברה|הוא עבר|הם גרים|היא גרה|הוא גר"

/* Somebody said so, and that is why it is wrong: "the agent said Netanya", "the form says Leeds".
 */
#define SAID \
    "he said|she said|they said|agent said|form said|form says|it says|website says|" \
    "system says|satnav says|google says|told me|told you|אמר|אמרה|אמרו|כתוב|כתבו|רשמו|" \
    "רשום לך|רשום אצלכם|כתבתם|רשמתם"

#define WRITES \
    "put|write|put down|write down|make it|make that|let's say|call it|send it to|תרשום|" \
    "תרשמי|תרשמו|תכתוב|תכתבי|רשום|רשמי|תכתבו|שים"

#define CORRECTS \
    "sorry|i mean|i meant|actually|rather|no wait|wait no|correction|i tell a lie|" \
    "tell a lie|scratch that|my mistake|silly me|i'm confused|got confused|mixed up|" \
    "סליחה|התכוונתי|בעצם|כלומר|תיקון|אופס|לא לא|רגע|מתבלבל|מתבלבלת|התבלבלתי|טעיתי|" \
    "טעות שלי|מה אני מדבר|מה אני מדברת|what am i saying|what am i talking about"

#define UNDOES \
    "i tell a lie|tell a lie|let me correct|מתקן את עצמי|מתקנת את עצמי|scratch that|" \
    "my mistake|i mean|i meant|no wait|wait no|got confused|mixed up|רגע לא|מתבלבל|" \
    "מתבלבלת|התבלבלתי|טעיתי|התכוונתי|טעות שלי|no hang on|hang on no|no hold on|no sorry|" \
    "sorry no|oh no|no no|לא רגע|אה לא|לא סליחה|סליחה לא|מה אני מדבר|מה אני מדברת|" \
    "what am i saying|what am i talking about"
/* What the business did there before. */
#define DONE_BEFORE \
    "הטכנאי שלכם|תיקן ל|בנה ל|בניתם ל|עשה ל|you painted|you guys painted|you fixed|" \
    "you did|you guys did|you came|you fitted|you installed|you built|you helped|" \
    "your van|your truck|עשיתם|הייתם|באתם|התקנתם|תיקנתם|הרכב שלכם|אתם עשיתם"

/* Asks whether the business comes there. */
#define COVERS \
    "covers|who comes to|do you come to|do you come out to|do you come as far as|do you cover|do you get to|" \
    "can you get to|do you go to|come out to|get out to|cover|you do|you serve|" \
    "available in|anyone in|anybody in|someone in|מגיעים ל|מגיעים גם ל|מגיע ל|אתם מגיעים|" \
    "עובדים ב|עובדים גם ב|שירות ב|מישהו ב|תגיעו ל|באים ל|סניף ב|בסניף|קליניקה ב|" \
    "הקליניקה ב|המרפאה ב|תור ב|clinic in|branch in|appointment in|your clinic in|at your"

/* A property that is not where its owner lives. */
#define PROPERTY \
    "באולם|באולמי|בגן אירועים|vacation rental|holiday flat|holiday home|holiday let|rental|second home|cottage|" \
    "cabin|lake house|beach house|airbnb|new place|new house|new flat|new apartment|" \
    "investment|דירת נופש|דירה להשקעה|דירה להשכרה|צימר|וילה|בקתה|דירה חדשה|הדירה החדשה|" \
    "הבית החדש|איירביאנבי|הנכס|נכס"

#define EVENT \
    "באולם|באולמי|בגן אירועים|החתונה ב|האירוע ב|ההופעה ב|המסיבה ב|wedding is in|wedding's in|party is in|" \
    "party's in|event is in|reception is in|venue is in|venue's in|hall in"

#define NOW \
    "now|now i'm|now we're|these days|today|at the moment|עכשיו|כרגע|היום|ועכשיו|כיום"

/* Whoever speaks of the place of other people's trouble: "her laptop", "for my daughter". */
#define FOR_OTHERS \
    "אמא שלי צריכה|אבא שלי צריך|אחותי צריכה|אחי צריך|סבתא שלי צריכה|סבא שלי צריך|ההורים שלי צריכים|הבת שלי צריכה|" \
    "הבן שלי צריך|חמותי צריכה|my mum needs|my mom needs|my mother needs|my dad needs|my father needs|my parents need|" \
    "my son needs|my daughter needs|my sister needs|my brother needs|" \
    "לאמא שלי|לאבא שלי|להורים שלי|לסבתא שלי|לסבא שלי|לבת שלי|לבן שלי|for my daughter|" \
    "for my son|for my mum|for my mom|for my mother|for my dad|for my father|" \
    "for my parents|for my sister|for my brother|for my grandmother|for my gran|" \
    "for my nan|for my friend|for my in-laws|for my aunt|on behalf of|it's my mum's|" \
    "it's my mom's|it's my mother's|it's my dad's|it's my son's|it's my daughter's|" \
    "בשביל הבן|בשביל הבת|בשביל אמא|בשביל אבא|בשביל ההורים|בשביל אחותי|בשביל אחי|" \
    "בשביל סבתא|בשביל סבא|בשם אמא|בשם אבא|בשם אחותי|עבור אמא|עבור אבא|עבור ההורים|" \
    "עבור הבן|עבור הבת"
#define TENANTS \
    "tenant|tenants|lodger|guest|guests|manager|neighbour|neighbor|mother|mum|mom|father|" \
    "dad|son|daughter|parents|nan|gran|grandma|דייר|דיירת|הדייר|הדיירת|הדיירים|השוכר|" \
    "השוכרת|אמא|אבא|ההורים|סבתא|סבא|הבן שלי|הבת שלי|המנהל|המנהלת"
#define OTHERS_SAY \
    "says|say|said|reports|tells me|rang to say|אומר|אומרת|אומרים|אמר|אמרה|התקשרה|התקשר"
#define OTHERS_OWN_BEFORE "their|her|his"
#define OTHERS_OWN_AFTER \
    "שלהם|שלה|שלו|של ההורים|של אמא|של אבא|של הבן|של הבת|של סבתא|של סבא|של אחותי|של אחי|" \
    "של חמותי"
#define OWN_PLACE \
    "i'm|im|i am|we're|we are|i live in|we live in|אני|ואני|אנחנו|ואנחנו"

/* Who told the caller of the business: "קיבלתי את המספר מרונית מהרצליה". */
#define REFERRED \
    "קיבלתי את המספר|קיבלנו את המספר|קיבלתי את הטלפון|קיבלתי אותך|המליץ עליך|המליצה עליך|" \
    "המליצו עליך|המליצו עליכם|המליץ עליכם|המליצה עליכם|בהמלצת|אני מתקשר דרך|הפנה אותי|הפנתה אותי|" \
    "recommended by|recommended you|gave me your number|got your number from|got your name " \
    "from|told me about you|heard from|שמעתי מ|שמעתי ממישהו|שמעתי מאחד|passed me your|put me on to you|referred by|referred me"
#define STUDIES \
    "לומד|לומדת|לומדים|לומדות|סטודנט|סטודנטית|סטודנטים|a student in|studying in|at school in|" \
    "at college in"
#define THATS_WHERE \
    "ושם צריך|שם צריך|ושם|איפה שאנחנו עכשיו|איפה שאנחנו גרים|that's where|where we are now|" \
    "where we live now"
#define BUT_ELSEWHERE \
    "is where i live|where i live|is home|but the|but i've|but it's|but my|but mums|but mum's|" \
    "but the house|אבל יש|אבל הדירה|אבל עכשיו|אבל העבודה|אבל הבית|אבל המשרד|אבל צריך|אבל זה|אבל"
/* What follows a town of the past. */
#define PAST_AFTER \
    "said you|told me|recommended you|המליצה|המליץ|until last|until recently|till last|till recently|until this year|before we moved|before i " \
    "moved|היה לנו|הבית הקודם|הדירה הקודמת|עד לפני|עד השנה|עד שעברנו|עד שעברתי|עד לא מזמן"

/* Moving house: the old place and the new one. */
#define MOVES \
    "moving from|moved from|we're moving|we are moving|i'm moving|move from|moving|עוברים מ|עוברים|" \
    "עובר|עוברת|עברנו|עברתי|נעבור"
#define NEW_PLACE \
    "new place|new house|new flat|new apartment|new home|before we move in|before moving in|" \
    "הדירה החדשה|הבית החדש|דירה חדשה|לדירה החדשה|בדירה החדשה|לפני הכניסה|לפני שנכנסים|" \
    "לפני שניכנס|לפני שאנחנו נכנסים|בית חדש"
#define OLD_PLACE \
    "old place|old house|old flat|old apartment|before we leave|moving out|move out|" \
    "end of tenancy|deposit back|הדירה הישנה|הבית הישן|בדירה הישנה|לפני המסירה|לפני שעוזבים|" \
    "לפני שאנחנו עוזבים|לפני שנעזוב|שאנחנו עוזבים|לפני היציאה"

/* "My father's eighty, the door slammed on him": the trouble of a relative who is spoken of. */
#define RELATIVE_HIMSELF \
    "אבא שלי|אמא שלי|סבתא שלי|סבא שלי|ההורים שלי|ההורים|סבתא|סבא|הבת|הבן|חמותי|חמי|אחותי|אחי|הבן שלי|הבת שלי|my dad|my father|" \
    "my mum|my mom|my mother|my gran|my nan|my grandmother|my grandma|my grandad|my sister|" \
    "my brother|my son|my daughter|my parents|my aunt|my uncle"
#define LOCKED \
    "ננעל|ננעלה|ננעלו|נתקע|נתקעה|נתקעו|תקוע|תקועה|is stuck|is locked|locked out|locked himself|" \
    "locked herself|got locked"
#define IS_BACK "i'm back in|we're back in|i am back in|we are back in|now back in"
#define WANTING "רוצה|רוצים|צריך|צריכה|צריכים|מחפש|מחפשת|מחפשים|need|want|looking for"
#define WANTED_THERE \
    "מחפשים שם|מחפש שם|מחפשת שם|צריך שם|צריכה שם|צריכים שם|רוצים שם|someone there|somebody " \
    "there|need one there|shop there|flat there|house there|place there|apartment there|" \
    "office there|plumber there|electrician there|photographer there|locksmith there"
/* … and somebody is to come to them. */
#define SENT_TO_THEM \
    "אליה|אליו|אליהם|אצלה|אצלו|אצלם|יתקינו להם|יתקינו לה|יתקינו לו|אין לה|אין לו|אין להם|go round|go over there|" \
    "go and see him|go and see her|to see him|to see her|to her place|to his place|to their place|at hers|at his|his telly|her " \
    "telly|ring me not|call me not|לא איתם|לא איתה|לא איתו"
#define HIM "לו|לה|להם|אצלו|אצלה|אצלהם|him|her|them|he's|she's|they're|his|their"
#define THEY_LIVE \
    "הוא גר|היא גרה|הם גרים|הוא מתגורר|היא מתגוררת|הוא נמצא|היא נמצאת|he lives|she lives|" \
    "they live|he's in|she's in|they're in"
/* The caller asks where the business is. */
#define WHERE_ARE_YOU \
    "איפה אתם|איפה אתה נמצא|איפה את נמצאת|איפה אתה יושב|איפה הסטודיו|איפה המוסך|איפה המרפאה|איפה החנות|" \
    "מאיפה אתם|איפה הקליניקה|איפה המשרד שלכם|where are you|where are you based|where's your shop|where are you guys|where's the shop|" \
    "where are you located|where do you work out of"
/* "Why Rishon?": what is asked back is doubted. */
#define WHY "למה|why|מה פתאום|מה קשור|איזה|since when|who said|מי אמר"
#define BOUGHT \
    "קנינו|קניתי|שקנינו|שקניתי|קנו לנו|we bought|i bought|bought it|bought them|picked it up|got it from"
#define PREMISES \
    "דירה|בית|הבית|הדירה|משרד|חנות|מגרש|נכס|עסק|house|home|flat|apartment|place|property|shop|land|condo"
/* "And where are you?": a second question, about the caller alone. */
#define AND_YOU \
    "ואתה|ואת|ואתם|ואתה איפה|ואת איפה|and you|what about you|where are you yourself|and yourself|" \
    "you yourself|where are you calling from yourself"
/* clang-format on */

#endif
