/*
 * names_words.h - words around a name. Private to names.c.
 */
#ifndef KOL_UNDERSTAND_NAMES_WORDS_H
#define KOL_UNDERSTAND_NAMES_WORDS_H

/* clang-format off */
/* After these a name follows nearly always … */
#define SURE_INTROS                                                                                                              \
    "my name is|my name's|name is|the name's|the name is|name's|call me|ask for|"                                                \
    "under the name|under the name of|שמי|קוראים לי|השם שלי|השם שלי הוא|השם|שם שלי|על שם|" \
    "מדבר|מדברת|השם הוא|שלום מדבר|שלום מדברת|הוא השם|קוראים לי"

#define PEOPLES                                                                                    \
    "israeli|english|british|american|french|irish|jewish|russian|german|australian|"              \
    "canadian|scottish|welsh|indian|polish|spanish|christian|muslim|arab|italian|"                 \
    "victorian|georgian|edwardian"

#define SIGNS_OFF                                                                                                                                       \
    "thanks|thank you|thank you very much|thanks so much|thanks a lot|many thanks|cheers|"                                                              \
    "bye|please|regards|okay|ok|great|fine|perfect|good|lovely|תודה|תודה רבה|המון תודה|"                                             \
    "ביי|להתראות|בבקשה|יום טוב|אוקיי|טוב|בסדר|מעולה|סבבה|רשום|תרשום|תרשמי|תרשמו|אלוף|" \
    "מצוין|לחזור ל|תחזרו ל|של"
/* clang-format on */

#endif
