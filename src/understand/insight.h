/*
 * insight.h - what a call was about: service, city, callback number, name, urgency and a summary.
 *
 * Used by: pipeline (the understand stage), bench, cli. Knows: words. Does not know: the database,
 * the network, audio. Rules and a small learned table: the same input gives the same output.
 * Threading: a loaded lexicon is read-only and may be shared; all else lives in the caller's arena.
 */
#ifndef KOL_UNDERSTAND_INSIGHT_H
#define KOL_UNDERSTAND_INSIGHT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include <stddef.h>
#include <stdint.h>

/* One line of the conversation. All pointers are borrowed for the time of the call. */
struct kol_insight_turn {
    const char *role;              /* "agent", "customer", or NULL when nobody knows */
    int64_t start_ms, end_ms;      /* in the call; -1 when unknown */
    const char *text;              /* any bytes; invalid UTF-8 is repaired, not refused */
    const float *word_probability; /* one per space-separated word of text, or NULL */
    size_t word_probability_count;
};

struct kol_lexicon; /* opaque: taxonomy of services and gazetteer */

struct kol_insight_input {
    const struct kol_insight_turn *turns;
    size_t turn_count;
    const char *language;      /* "he", "en", or NULL: found out from the letters */
    const char *direction;     /* "inbound", "outbound" or NULL */
    const char *caller_number; /* the other party as Twilio gave it, or NULL */
    const char
        *default_country; /* "IL", "US", "GB", … where the business works; NULL: no preference */
    const char *const *glossary; /* names the business expects (towns, people, products), or NULL */
    size_t glossary_count;
    bool trace; /* for measuring: fill the trace of the city */
};

/* What a confidence is made of: the rules' points, the lead over the next best, how many others. */
struct kol_insight_strength {
    double points, lead, rivals;
};

/* One extracted value with its evidence. Not found: value NULL, confidence 0. */
struct kol_insight_value {
    const char *value;    /* canonical, in the call's language; NULL when not found */
    const char *value_en; /* service: stable id ("ac-technician"); city: English name; else NULL */
    double confidence;    /* 0…1, calibrated: of values with 0.9, nine in ten are right */
    const char *quote;    /* the words as said, NULL when not found */
    int64_t quote_start_ms; /* -1 when unknown */
    int64_t quote_end_ms;
    const char *rule; /* short stable name of the rule that decided, "name-asked" */
    struct kol_insight_strength strength; /* of service and city; for measuring only */
    const char *trace; /* of city, when the input asks: a line for every town named; else NULL */
};

/* Parts of the summary; each is NULL when nothing was said. Quoted, never made up. */
struct kol_insight_summary {
    const char *who;   /* name, else "customer" in the call's language */
    const char *what;  /* the request in the caller's own words */
    const char *where; /* canonical city, with the words around it when they add a street */
    const char *when;  /* day and time that were fixed or asked for */
    const char *price;
    const char *agreed; /* what both sides settled */
    const char *next_step;
    const char *callback; /* digits */
};

enum kol_insight_kind {
    KOL_INSIGHT_REQUEST,    /* somebody wants something */
    KOL_INSIGHT_NO_REQUEST, /* talk without a request for work */
    KOL_INSIGHT_WRONG_NUMBER,
    KOL_INSIGHT_SALES, /* somebody sells to the business */
    KOL_INSIGHT_EMPTY  /* no words, or only what Whisper invents on silence */
};

struct kol_insight {
    enum kol_insight_kind kind;
    const char *language; /* "he" or "en": the language of the values and of the summary */
    struct kol_insight_value service, city, callback_phone, customer_name, urgency;
    double extraction_confidence; /* of service and city together; 0 when neither was found */
    const char *summary;          /* one readable paragraph, never NULL */
    struct kol_insight_summary parts;
};

/*
 * Loads the compiled-in taxonomy and gazetteer. About 10 ms and a few MB; done once per process.
 * Errors: NO_MEMORY, BAD_CONFIG.
 */
enum kol_code kol_lexicon_load(struct kol_lexicon **ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * A business's own words on top of base, in the syntax of data/services.txt (see docs there). With
 * a line `only locksmith plumber` just these services count. Borrows base, which must outlive it.
 *
 *   name   of the file or setting, for messages
 *
 * Errors: BAD_CONFIG "name:line: reason"; NO_MEMORY.
 */
enum kol_code kol_lexicon_for_business(const struct kol_lexicon *base, const char *name,
                                       const char *text, size_t len, struct kol_lexicon **ret,
                                       struct kol_err *err) KOL_MUST_CHECK;

void kol_lexicon_free(struct kol_lexicon *lexicon); /* NULL is fine */

/*
 * Reads a conversation. ret and its strings live as long as a; canonical names as long as the
 * lexicon.
 *
 * Text beyond 1 MiB in all is not looked at (a three-hour call has 200 kB).
 * Errors: NO_MEMORY only. Nonsense in gives empty values out.
 */
enum kol_code kol_insight_extract(struct kol_arena *a, const struct kol_lexicon *lexicon,
                                  const struct kol_insight_input *in, struct kol_insight *ret,
                                  struct kol_err *err) KOL_MUST_CHECK;

/*
 * Splits plain text into turns at lines that start with Agent:, Customer:, נציג: or לקוח:; text
 * without them is one turn of unknown role. Errors: NO_MEMORY.
 */
enum kol_code kol_insight_turns_from_text(struct kol_arena *a, const char *text, size_t len,
                                          const struct kol_insight_turn **ret_turns,
                                          size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/* Everything as one JSON object (evidence for the database and the API); NULL when out of memory.
 */
json_t *kol_insight_to_json(const struct kol_insight *insight);

const char *kol_insight_kind_name(enum kol_insight_kind kind); /* "request", "wrong_number", … */

#endif
