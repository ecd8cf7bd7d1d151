/*
 * redact.h - takes numbers out of a transcript that nobody should keep: cards, ids, phones,
 * e-mails.
 *
 * Finds them written and spoken, in Hebrew and English, also over the borders of segments. Works on
 * text before it is stored; does not know where it goes.
 */
#ifndef KOL_UNDERSTAND_REDACT_H
#define KOL_UNDERSTAND_REDACT_H

#include "understand/insight.h"

enum kol_redact {
    KOL_REDACT_CARD = 1, /* card numbers (Luhn) and the code on the back */
    KOL_REDACT_ID = 2,   /* Israeli identity numbers (check digit) */
    KOL_REDACT_PHONE = 4,
    KOL_REDACT_EMAIL = 8,
};

/* One of the given turns without what was to be hidden; strings live as long as the arena. */
struct kol_redacted {
    const char
        *text; /* "[card]", "[code]", "[id]", "[phone]", "[email]" stand for what was there */
    const uint8_t
        *hidden_words; /* per space-separated word of the turn's text: 1 when it must go */
    size_t word_count;
};

/*
 * Redacts turns (segments of a call, in order). ret[i] belongs to turns[i]; *ret_count is how many
 * things were hidden. Text is made valid UTF-8 on the way (see kol_clean). No limit on its length.
 *
 *   what   KOL_REDACT_… together; 0 hides nothing
 *
 * Errors: NO_MEMORY.
 */
enum kol_code kol_redact_turns(struct kol_arena *a, const struct kol_insight_turn *turns,
                               size_t count, unsigned what, struct kol_redacted *ret,
                               size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/* The same for one text, a summary for example; line ends stay. */
enum kol_code kol_redact_text(struct kol_arena *a, const char *text, unsigned what,
                              const char **ret, size_t *ret_count,
                              struct kol_err *err) KOL_MUST_CHECK;

/* "card", "id", "phone", "email" of a setting, separated by spaces or commas; BAD_CONFIG names a
 * wrong one. */
enum kol_code kol_redact_parse(const char *setting, unsigned *ret,
                               struct kol_err *err) KOL_MUST_CHECK;

#endif
