/*
 * lexicon.h - what the rules know of the world: services with their cues, and places.
 *
 * Private to this folder. Built once, then read-only.
 */
#ifndef KOL_UNDERSTAND_LEXICON_H
#define KOL_UNDERSTAND_LEXICON_H

#include "understand/index.h"
#include "understand/text.h"

#define KOL_NAME_WORDS 6 /* most words of a place or of a phrase */

/* --- services (taxonomy.c) --- */

enum kol_cue_level { KOL_CUE_NAME, KOL_CUE_DOES, KOL_CUE_SIGN, KOL_CUE_HINT, KOL_CUE_THING };
#define KOL_CUE_LEVELS 5

struct kol_service {
    const char *id, *he, *en;
    bool allowed; /* of the business's own file, when that says "only" */
};

/* A run of word patterns; one alternative of one part of a cue. */
struct kol_phrase {
    uint32_t patterns[KOL_NAME_WORDS];
    uint32_t part;
    uint8_t count;
};

struct kol_cue {
    uint32_t service;
    uint32_t first_part;
    uint8_t part_count;
    enum kol_cue_level level;
    bool title; /* the canonical name itself */
    bool own;   /* of the business's own file */
};

struct kol_taxonomy {
    struct kol_service *services;
    size_t service_count;
    struct kol_cue *cues;
    size_t cue_count;
    struct kol_phrase *phrases;
    size_t phrase_count;
    uint32_t *cue_of_part;
    size_t part_count;
    const char **patterns; /* folded words */
    size_t pattern_count;
    struct kol_index exact, endings; /* word -> pattern; word* -> pattern by its stem */
    struct kol_index by_pattern;
    bool restricted; /* an "only" line was there */
};

struct kol_source {
    const char *name; /* of the file, for messages */
    const char *text;
    size_t len;
};

/* Reads the sources one after the other; a later one adds to the services of an earlier one. */
enum kol_code kol_taxonomy_read(struct kol_arena *a, const struct kol_source *sources, size_t count,
                                struct kol_taxonomy *ret, struct kol_err *err) KOL_MUST_CHECK;

/* Leaves only the services of an "only" line, on a copy of t that shares all else with it. */
enum kol_code kol_taxonomy_restrict(struct kol_arena *a, const struct kol_taxonomy *t,
                                    const struct kol_source *source, struct kol_taxonomy *ret,
                                    struct kol_err *err) KOL_MUST_CHECK;
/* Whether a source has "only" lines and nothing else. */
bool kol_taxonomy_only_restricts(const struct kol_source *source);

/* --- places (places.c) --- */

enum kol_tier { KOL_TIER_CORE, KOL_TIER_VILLAGE, KOL_TIER_ABROAD };

struct kol_place {
    const char *he, *en; /* he may be NULL */
    char country[3];
    uint32_t population;
    enum kol_tier tier;
};

struct kol_place_name {
    uint32_t place;
    uint8_t count;
    bool weak; /* an everyday word as well */
    bool latin;
    uint8_t first_letters; /* of the first word */
    const char *words[KOL_NAME_WORDS];
    const char *joined; /* all words as one */
};

struct kol_gazetteer {
    struct kol_place *places;
    size_t place_count;
    struct kol_place_name *names;
    size_t name_count;
    struct kol_index by_first, by_joined;
};

enum kol_code kol_gazetteer_read(struct kol_arena *a, const struct kol_source *source,
                                 struct kol_gazetteer *ret, struct kol_err *err) KOL_MUST_CHECK;

enum kol_place_how { KOL_PLACE_EXACT, KOL_PLACE_JOINED, KOL_PLACE_SOUND };

struct kol_place_match {
    uint32_t first, end; /* words */
    uint32_t place;
    bool weak;
    char prefix;       /* 'b', 'l', 'm' when a Hebrew preposition is part of the word */
    bool other_prefix; /* ה ש ו כ: "החיפה" is no town */
    enum kol_place_how how;
    double distance; /* of sound; 0 when exact */
};

/* The longest name that starts at word i. */
bool kol_places_match(const struct kol_gazetteer *g, const struct kol_talk *talk, size_t i,
                      struct kol_place_match *ret);

/* A town of ours whose name was written as two words: "מדי מונה", "Wolver Hampton". */
bool kol_places_match_split(const struct kol_gazetteer *g, const struct kol_talk *talk, size_t i,
                            struct kol_place_match *ret);

/* The town of ours (or of a name in the glossary) that sounds most like words i…; strict. */
bool kol_places_match_sound(const struct kol_gazetteer *g, const struct kol_talk *talk, size_t i,
                            struct kol_place_match *ret);

/* --- people (names.txt) --- */

struct kol_lexicon {
    struct kol_arena *arena;
    const struct kol_gazetteer *places; /* borrowed from base for a business's lexicon */
    struct kol_taxonomy taxonomy;
    const struct kol_learned *learned;   /* borrowed from base like places */
    const struct kol_index *first_names; /* folded */
};

bool kol_is_first_name(const struct kol_lexicon *lexicon, const char *folded);

/* Compiled-in files (embedded.c). */
extern const char kol_data_services[], kol_data_services_end[];
extern const char kol_data_places[], kol_data_places_end[];
extern const char kol_data_learned[], kol_data_learned_end[];
extern const char kol_data_names[], kol_data_names_end[];

#endif
