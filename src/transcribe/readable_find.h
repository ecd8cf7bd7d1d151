/*
 * readable_find.h - what of a line is a number or an address. Private to readable*.c.
 */
#ifndef KOL_TRANSCRIBE_READABLE_FIND_H
#define KOL_TRANSCRIBE_READABLE_FIND_H

#include "base/arena.h"
#include "base/said.h"
#include "transcribe/transcribe.h"

enum { KOL_READABLE_EDITS = 64 }; /* more of them in one segment stay as they were said */

struct kol_readable_edit {
    size_t from, to; /* bytes of the line that go */
    const char *with;
};

/*
 * Two arenas: what is only needed to find things is forgotten after each segment, or a call of
 * hours would keep all of it.
 */
struct kol_readable_memory {
    struct kol_arena *keep, *scratch;
};

struct kol_readable_line {
    struct kol_readable_memory m;
    const char *text;
    bool hebrew; /* the call's language */
    struct kol_said_talk said;
    uint32_t *seq;                                      /* 0, 1, 2, ...: all words of said */
    struct kol_readable_edit edits[KOL_READABLE_EDITS]; /* by place after kol_readable_find() */
    size_t edit_count;
};

/* False: out of memory. A text that is not UTF-8 has no edits. */
bool kol_readable_find(const struct kol_readable_memory *m, const char *text, bool hebrew,
                       struct kol_readable_line *ret) KOL_MUST_CHECK;

/* Parts of kol_readable_find(), in this order. What one took the next leaves alone. */
void kol_readable_mails(struct kol_readable_line *l);
void kol_readable_phones(struct kol_readable_line *l);

/* The words [first, end) give way to text; from and to may reach further, to a bracket or a "+". */
void kol_readable_replace(struct kol_readable_line *l, size_t first, size_t end, const char *from,
                          const char *to, const char *with);
/* What stands before word i, from the word before it on. */
size_t kol_readable_gap(const struct kol_readable_line *l, size_t i, const char **ret);

/* Words of a line after its edits: [first, end) of those before, bytes [from, to) of the line. */
struct kol_readable_word {
    struct kol_word word;
    size_t first, end;
    size_t from, to;
};

/* The line that kol_readable_merge() wants: words with blanks between. NULL: out of memory. */
const char *kol_readable_join(struct kol_arena *a, const struct kol_word *words, size_t count);
/* Words that share an edit become one; the list is scratch, the words stay. NULL: out of memory. */
struct kol_readable_word *kol_readable_merge(const struct kol_readable_line *l,
                                             const struct kol_word *words, size_t count,
                                             size_t *ret_count) KOL_MUST_CHECK;

/*
 * Numbers and addresses that a speaker says with long pauses, so that they lie in several segments:
 * all of one goes to the segment in which it begins. Segments that have no words left have an empty
 * text. False: out of memory.
 */
bool kol_readable_over_pauses(const struct kol_readable_memory *m, struct kol_segment *segments,
                              size_t count, bool hebrew) KOL_MUST_CHECK;

#endif
