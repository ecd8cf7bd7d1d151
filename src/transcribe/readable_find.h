/*
 * readable_find.h - what of a line is a number or an address. Private to readable*.c.
 */
#ifndef KOL_TRANSCRIBE_READABLE_FIND_H
#define KOL_TRANSCRIBE_READABLE_FIND_H

#include "base/arena.h"
#include "base/said.h"

enum { KOL_READABLE_EDITS = 64 }; /* more of them in one segment stay as they were said */

struct kol_readable_edit {
    size_t from, to; /* bytes of the line that go */
    const char *with;
};

struct kol_readable_line {
    struct kol_arena *a;
    const char *text;
    bool hebrew; /* the call's language */
    struct kol_said_talk said;
    uint32_t *seq;                                      /* 0, 1, 2, ...: all words of said */
    struct kol_readable_edit edits[KOL_READABLE_EDITS]; /* by place after kol_readable_find() */
    size_t edit_count;
};

/* False: out of memory. A text that is not UTF-8 has no edits. */
bool kol_readable_find(struct kol_arena *a, const char *text, bool hebrew,
                       struct kol_readable_line *ret) KOL_MUST_CHECK;

/* Parts of kol_readable_find(), in this order. What one took the next leaves alone. */
void kol_readable_mails(struct kol_readable_line *l);
void kol_readable_phones(struct kol_readable_line *l);

/* The words [first, end) give way to text; from and to may reach further, to a bracket or a "+". */
void kol_readable_replace(struct kol_readable_line *l, size_t first, size_t end, const char *from,
                          const char *to, const char *with);
/* What stands before word i, from the word before it on. */
size_t kol_readable_gap(const struct kol_readable_line *l, size_t i, const char **ret);

#endif
