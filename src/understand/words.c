/*
 * words.c - lists of words and phrases against the words of a call.
 */
#include "understand/scene.h"
#include <assert.h>
#include <string.h>

/* Hebrew letters are two bytes: 0xd7 and 0x90…0xaa. Final letters are one below their inner forms.
 */
static char inner_byte(char c)
{
    switch ((uint8_t)c) {
    case 0x9a:
    case 0x9d:
    case 0x9f:
    case 0xa3:
    case 0xa5:
        return (char)(c + 1);
    }
    return c;
}

static bool is_doubled(const char *item, const char *start)
{
    return item - start >= 2 && item[0] == '\xd7' && item[-2] == '\xd7' && item[1] == item[-1] &&
           (item[1] == '\x99' || item[1] == '\x95');
}

/* Compares a folded word with an item in everyday spelling; the item may end in *. */
static bool same(const char *folded, const char *item, const char *item_end)
{
    const char *start = item;
    while (item < item_end) {
        if (*item == '\'') {
            item++;
        } else if (*item == '*') {
            return true;
        } else if (*item == '\xd7') {
            if (!is_doubled(item, start)) {
                if (folded[0] != '\xd7' || folded[1] != inner_byte(item[1]))
                    return false;
                folded += 2;
            }
            item += 2;
        } else if (*folded++ != *item++) {
            return false;
        }
    }
    return *folded == 0;
}

/*
 * A list with its items sorted by first letter, so that a word meets only items that may be it.
 * Lists are string literals: their addresses are their names, and what is made of one stays true
 * for ever. One cache per thread, so nothing locks.
 */
#define LISTS 512
#define ITEMS 8000
#define LETTERS 32

struct list {
    const char *text;
    uint16_t first[LETTERS]; /* item number + 1 */
};

struct item {
    const char *start, *end;
    uint16_t next; /* item number + 1 */
};

static _Thread_local struct {
    struct list lists[LISTS];
    struct item items[ITEMS];
    size_t list_count, item_count;
} cache;

/* The letter that decides: the second byte of a Hebrew one, the byte itself of a Latin one. */
static size_t letter_of(const char *word)
{
    while (*word == '\'')
        word++;
    return (uint8_t)(word[0] == '\xd7' ? inner_byte(word[1]) : word[0]) % LETTERS;
}

static struct list *find_list(const char *text)
{
    size_t at = (size_t)(((uint64_t)(uintptr_t)text * 0x9e3779b97f4a7c15u) >> 40) % LISTS;
    while (cache.lists[at].text && cache.lists[at].text != text)
        at = (at + 1) % LISTS;
    struct list *l = &cache.lists[at];
    if (l->text)
        return l;
    assert(cache.list_count + 1 < LISTS); /* lists are in our sources: a test meets this first */
    *l = (struct list){.text = text};
    cache.list_count++;
    for (const char *p = text; *p;) {
        const char *bar = strchrnul(p, '|');
        size_t letter = letter_of(p);
        assert(cache.item_count < ITEMS);
        cache.items[cache.item_count] = (struct item){p, bar, l->first[letter]};
        l->first[letter] = (uint16_t)++cache.item_count;
        p = *bar ? bar + 1 : bar;
    }
    return l;
}

static bool in_list(const char *folded, const char *list)
{
    const struct list *l = find_list(list);
    for (size_t i = l->first[letter_of(folded)]; i; i = cache.items[i - 1].next)
        if (same(folded, cache.items[i - 1].start, cache.items[i - 1].end))
            return true;
    return false;
}

bool kol_is(const struct kol_word *w, const char *list)
{
    return in_list(w->norm, list);
}

bool kol_is_stem(const struct kol_word *w, const char *list)
{
    for (size_t i = 0; i < w->stem_count; i++)
        if (in_list(w->stems[i].text, list))
            return true;
    return false;
}

/* "אתם ב" also before a town that has the ב: "אתם בחיפה". */
static bool is_prefix_of(const struct kol_word *w, const char *item, const char *end)
{
    return w->town && end - item == 2 && item[0] == '\xd7' && w->stem_count > 1 &&
           strchr("\x91\x9c\x9e", item[1]) && strncmp(w->norm, item, 2) == 0;
}

/* One item (no bars) at word i; the number of words it has, or 0. */
static size_t item_at(const struct kol_talk *t, size_t i, const char *item, const char *end)
{
    size_t count = 0;
    while (item < end) {
        const char *space = memchr(item, ' ', (size_t)(end - item));
        const char *word_end = space ? space : end;
        if (i + count >= t->word_count)
            return 0;
        const struct kol_word *w = &t->words[i + count];
        bool and_it =
            count == 0 && strncmp(w->norm, "ו", 2) == 0 && same(w->norm + 2, item, word_end);
        if ((count > 0 && w->gap > KOL_GAP_COMMA) ||
            !(and_it || same(w->norm, item, word_end) ||
              (count > 0 && !space && is_prefix_of(w, item, word_end))))
            return 0;
        count++;
        item = space ? space + 1 : end;
    }
    return count;
}

size_t kol_phrase_at(const struct kol_talk *t, size_t i, const char *list)
{
    const char *word = t->words[i].norm;
    const struct list *l = find_list(list);
    size_t longest = 0;
    bool has_and = strncmp(word, "ו", 2) == 0;
    for (int and_it = 0; and_it <= has_and; and_it++, word += 2)
        for (size_t k = l->first[letter_of(word)]; k; k = cache.items[k - 1].next) {
            size_t n = item_at(t, i, cache.items[k - 1].start, cache.items[k - 1].end);
            longest = n > longest ? n : longest;
        }
    return longest;
}

size_t kol_phrase_find(const struct kol_talk *t, size_t from, size_t to, const char *list)
{
    for (size_t i = from; i < to; i++)
        if (kol_phrase_at(t, i, list))
            return i;
    return to;
}

bool kol_phrase_before(const struct kol_talk *t, size_t i, const char *list)
{
    for (size_t back = 1; back <= 5 && back <= i; back++)
        if (kol_phrase_at(t, i - back, list) == back && t->words[i].gap <= KOL_GAP_HYPHEN)
            return true;
    return false;
}

size_t kol_sentence_first(const struct kol_talk *t, size_t i)
{
    return t->sentences[t->words[i].sentence].first;
}

size_t kol_sentence_end(const struct kol_talk *t, size_t i)
{
    return t->sentences[t->words[i].sentence].end;
}

size_t kol_clause_first(const struct kol_talk *t, size_t i)
{
    while (i > 0 && t->words[i].gap < KOL_GAP_COMMA)
        i--;
    return i;
}

size_t kol_clause_end(const struct kol_talk *t, size_t i)
{
    do
        i++;
    while (i < t->word_count && t->words[i].gap < KOL_GAP_COMMA);
    return i;
}

enum kol_answer kol_answer_after(const struct kol_talk *t, size_t turn)
{
    size_t next = turn + 1;
    while (next < t->turn_count && t->turns[next].first == t->turns[next].end)
        next++;
    if (next >= t->turn_count || t->turns[next].role == t->turns[turn].role)
        return KOL_ANSWER_NONE;
    size_t first = t->turns[next].first, end = t->turns[next].end;
    for (size_t i = first; i < end && i < first + 3; i++) {
        if (kol_phrase_at(t, i, "no problem|no worries|not a problem|לא נורא|אין בעיה|לא משנה"))
            return KOL_ANSWER_NONE;
        if (kol_phrase_at(t, i, "no|nope|nah|not|לא|ממש לא|מה פתאום|actually no"))
            return KOL_ANSWER_NO;
        if (kol_phrase_at(
                t, i,
                "yes|yeah|yep|yup|correct|right|exactly|thats right|thats it|you are|speaking|"
                "that's me|sure|i am|it is|aye|uh huh|כן|נכון|בדיוק|כמובן|בטח|זה אני|זאת "
                "אני|מדבר|מדברת|זה נכון"))
            return KOL_ANSWER_YES;
    }
    return KOL_ANSWER_NONE;
}

#define SHORT_TURN 5 /* words: "Yes, who is that?" */

static size_t greeting_end(const struct kol_talk *t)
{
    size_t end = 0;
    for (size_t i = 0; i < 3 && i < t->turn_count && t->turn_count > 1; i++) {
        bool agent = t->turns[i].role == KOL_ROLE_AGENT;
        if (agent)
            end = t->turns[i].end;
        if (t->turns[i].end - t->turns[i].first > SHORT_TURN)
            break;
    }
    return end;
}

bool kol_is_greeting(const struct kol_talk *t, size_t i)
{
    return kol_role_at(t, i) == KOL_ROLE_AGENT && i < greeting_end(t);
}

bool kol_customer_says(const struct kol_talk *t, const char *list)
{
    for (size_t i = 0; i < t->word_count; i++)
        if (kol_role_at(t, i) != KOL_ROLE_AGENT && kol_phrase_at(t, i, list))
            return true;
    return false;
}
