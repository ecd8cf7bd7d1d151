/*
 * redact.h - takes numbers out of a call's words that nobody should keep: cards, ids, phones,
 * e-mails.
 *
 * Used by: intake, transcribe and understand, before anything is stored. Finds them written and
 * spoken, in Hebrew and English, also over the borders of a speaker's lines. Prefers hiding a
 * harmless number to keeping a card: it reads digits more loosely than understand does.
 * Pure and thread-safe. Source: PCI DSS 3.3.1 (a card's code may not be kept after authorisation).
 */
#ifndef KOL_BASE_REDACT_H
#define KOL_BASE_REDACT_H

#include "base/arena.h"
#include "base/err.h"
#include <stddef.h>

enum kol_redact {
    KOL_REDACT_CARD = 1,   /* card numbers: by check digit, or because they are said to be one */
    KOL_REDACT_CVV = 2,    /* the code on the back of a card */
    KOL_REDACT_ID = 4,     /* Israeli identity numbers (check digit) */
    KOL_REDACT_PHONE = 8,  /* phone numbers */
    KOL_REDACT_EMAIL = 16, /* e-mail addresses */
};
#define KOL_REDACT_DEFAULT "card,cvv" /* of a new business, and of calls without one */

/* A line of a call, in order of time. Borrowed for the time of the call. */
struct kol_redact_turn {
    const char
        *role; /* who speaks; NULL: nobody knows. A number goes on in a speaker's next line */
    const char *text; /* any bytes; NULL is "" */
};

/* A line without what was to be hidden; all of it lives as long as the arena. */
struct kol_redacted {
    const char *text; /* "[card]", "[code]", "[id]", "[phone]", "[email]" stand for what was there;
                       * the very same pointer when nothing was found in valid UTF-8 */
    const char *const
        *labels; /* per space-separated word of the text given: NULL, or what hides it */
    size_t word_count;
};

/*
 * Redacts the lines of a call. ret[i] belongs to turns[i]; *ret_count is how many things were
 * hidden. Bytes that are no UTF-8 become U+FFFD. No limit on the length.
 *
 *   what   KOL_REDACT_… together; 0 hides nothing
 *
 * Errors: NO_MEMORY.
 */
enum kol_code kol_redact_turns(struct kol_arena *a, const struct kol_redact_turn *turns,
                               size_t count, unsigned what, struct kol_redacted *ret,
                               size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/* The same for one text, a summary for example; line ends stay. */
enum kol_code kol_redact_text(struct kol_arena *a, const char *text, unsigned what,
                              const char **ret, size_t *ret_count,
                              struct kol_err *err) KOL_MUST_CHECK;

/*
 * "card", "cvv", "id", "phone", "email" of a setting, separated by spaces or commas; NULL is the
 * default, "" nothing. Errors: BAD_CONFIG names a wrong one.
 */
enum kol_code kol_redact_parse(const char *setting, unsigned *ret,
                               struct kol_err *err) KOL_MUST_CHECK;
/* For a stored setting: what cannot be read hides everything there is. */
unsigned kol_redact_of(const char *setting);

#endif
