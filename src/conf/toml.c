/*
 * toml.c - see toml.h. Recursive descent over one buffer; the first mistake ends it.
 *
 * Functions return false after fail(), which keeps the first message.
 */
#include "conf/toml.h"
#include "base/str.h"
#include "conf/toml_number.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8, MAX_KEY = 200, MAX_VALUE = 64 * 1024, MAX_ENTRIES = 2000 };

struct reader {
    struct kol_arena *a;
    const char *file;
    const char *p, *end;
    int line;
    int depth;           /* of arrays */
    struct kol_str text; /* scratch for the string being read */
    char table[MAX_KEY]; /* "name." or "" */
    struct kol_toml_entry *entries;
    const char **tables; /* headers seen, each may stand once */
    size_t count, room, table_count;
    struct kol_err *err;
    enum kol_code code;
};

static void KOL_PRINTF(2, 3) complain(struct reader *r, const char *fmt, ...)
{
    char what[400]; /* more than err holds: kol_fail() cuts between characters */
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    r->code = kol_fail(r->err, KOL_BAD_CONFIG, "%s:%d: %s", r->file, r->line, what);
}
/* A macro, so that compilers and analysers see what comes back. */
#define fail(r, ...) (complain(r, __VA_ARGS__), false)

static bool no_memory(struct reader *r)
{
    r->code = kol_fail(r->err, KOL_NO_MEMORY, "%s:%d: out of memory", r->file, r->line);
    return false;
}

/* ---- characters ---- */

static char peek(const struct reader *r)
{
    return r->p < r->end ? *r->p : '\0'; /* a NUL in the text was refused at the start */
}

static bool looking_at(const struct reader *r, const char *s)
{
    size_t len = strlen(s);
    return (size_t)(r->end - r->p) >= len && memcmp(r->p, s, len) == 0;
}

static bool take(struct reader *r, const char *s)
{
    if (!looking_at(r, s))
        return false;
    r->p += strlen(s);
    return true;
}

static bool take_newline(struct reader *r)
{
    if (!take(r, "\n") && !take(r, "\r\n"))
        return false;
    r->line++;
    return true;
}

static void skip_blanks(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t')
        r->p++;
}

static bool skip_comment(struct reader *r)
{
    if (peek(r) != '#')
        return true;
    while (r->p < r->end && !looking_at(r, "\n") && !looking_at(r, "\r\n")) {
        unsigned char c = (unsigned char)*r->p++;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return fail(r, "a control character in a comment; remove it");
    }
    return true;
}

/* Blanks, comments and line ends: between statements and inside arrays. */
static bool skip_space(struct reader *r)
{
    do {
        skip_blanks(r);
        if (!skip_comment(r))
            return false;
    } while (take_newline(r));
    return true;
}

/* ---- strings ---- */

static bool take_hex(struct reader *r, int digits, uint32_t *ret)
{
    uint32_t v = 0;

    for (int i = 0; i < digits; i++) {
        char c = peek(r);
        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
        else
            return fail(r, "\\u needs 4 and \\U needs 8 hex digits");
        r->p++;
    }
    *ret = v;
    return true;
}

static void add_code_point(struct kol_str *s, uint32_t c)
{
    if (c < 0x80) {
        kol_str_add_char(s, (char)c);
    } else if (c < 0x800) {
        kol_str_add_char(s, (char)(0xc0 | c >> 6));
        kol_str_add_char(s, (char)(0x80 | (c & 63)));
    } else {
        if (c < 0x10000) {
            kol_str_add_char(s, (char)(0xe0 | c >> 12));
        } else {
            kol_str_add_char(s, (char)(0xf0 | c >> 18));
            kol_str_add_char(s, (char)(0x80 | (c >> 12 & 63)));
        }
        kol_str_add_char(s, (char)(0x80 | (c >> 6 & 63)));
        kol_str_add_char(s, (char)(0x80 | (c & 63)));
    }
}

/* Behind a backslash at the end of a line: the line break and what blanks follow do not count. */
static bool skip_line_join(struct reader *r)
{
    skip_blanks(r);
    if (!take_newline(r))
        return fail(
            r, "only \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX \\UXXXXXXXX may follow a backslash; "
               "write the text in '…' to keep backslashes");
    do
        skip_blanks(r);
    while (take_newline(r));
    return true;
}

static bool take_escape(struct reader *r, bool many_lines)
{
    static const char names[] = "btnfr\"\\";
    static const char values[] = "\b\t\n\f\r\"\\";
    const char *at = peek(r) ? strchr(names, peek(r)) : NULL;
    uint32_t c = 0;

    if (at) {
        r->p++;
        kol_str_add_char(&r->text, values[at - names]);
        return true;
    }
    if (peek(r) == 'u' || peek(r) == 'U') {
        int digits = *r->p++ == 'u' ? 4 : 8;
        if (!take_hex(r, digits, &c))
            return false;
        if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return fail(r, "\\u%04x is no character", (unsigned)c);
        add_code_point(&r->text, c);
        return true;
    }
    if (!many_lines)
        return fail(
            r, "only \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX \\UXXXXXXXX may follow a backslash; "
               "write the text in '…' to keep backslashes");
    return skip_line_join(r);
}

/* One character of a string's inside, escapes and line ends included. */
static bool take_string_char(struct reader *r, bool basic, bool many_lines)
{
    unsigned char c = (unsigned char)peek(r);

    if (many_lines && take_newline(r)) {
        kol_str_add_char(&r->text, '\n');
        return true;
    }
    if (c == '\n' || c == '\r')
        return fail(r, "the string has no end on its line; close it with %c", basic ? '"' : '\'');
    if ((c < 0x20 && c != '\t') || c == 0x7f)
        return fail(r, "a control character in a string; write it as \\u%04x", c);
    r->p++;
    if (basic && c == '\\')
        return take_escape(r, many_lines);
    kol_str_add_char(&r->text, (char)c);
    return true;
}

/* Up to two quotes may stand right before the closing three. */
static bool take_closing(struct reader *r, const char *close)
{
    if (!take(r, close))
        return false;
    for (int i = 0; close[1] && i < 2 && peek(r) == *close; i++) {
        kol_str_add_char(&r->text, *close);
        r->p++;
    }
    return true;
}

static bool take_string(struct reader *r, const char **ret)
{
    bool basic = peek(r) == '"';
    const char *close = basic ? "\"\"\"" : "'''";
    bool many_lines = take(r, close);
    int line = r->line;

    if (many_lines)
        take_newline(r); /* the first one is layout */
    else
        take(r, close += 2);

    kol_str_clear(&r->text);
    while (!take_closing(r, close)) {
        if (r->p >= r->end) {
            r->line = line;
            return fail(r, "the string that starts here has no end; close it with %s", close);
        }
        if (!take_string_char(r, basic, many_lines))
            return false;
    }
    if (kol_str_failed(&r->text))
        return fail(r, "the string is longer than %d bytes", MAX_VALUE);
    *ret = kol_arena_str(r->a, r->text.data);
    return *ret || no_memory(r);
}

/* ---- keys ---- */

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool take_key_part(struct reader *r, const char **ret)
{
    const char *start = r->p;

    if (looking_at(r, "\"\"\"") || looking_at(r, "'''"))
        return fail(r, "a name cannot be a string of many lines");
    if (peek(r) == '"' || peek(r) == '\'')
        return take_string(r, ret);
    while (is_bare(peek(r)))
        r->p++;
    if (r->p == start)
        return fail(r, "a name was expected here; write  name = value");
    *ret = kol_arena_strn(r->a, start, (size_t)(r->p - start));
    return *ret || no_memory(r);
}

/* a.b."c d", appended to prefix. Dots inside a quoted part stay what they are. */
static bool take_key(struct reader *r, const char *prefix, const char **ret)
{
    const char *key = prefix;
    const char *part = NULL;

    for (;;) {
        skip_blanks(r);
        if (!take_key_part(r, &part))
            return false;
        key = kol_arena_fmt(r->a, "%s%s", key, part);
        if (!key)
            return no_memory(r);
        if (strlen(key) >= MAX_KEY - 1)
            return fail(r, "the name is longer than %d bytes", MAX_KEY - 2);
        skip_blanks(r);
        if (!take(r, "."))
            break;
        key = kol_arena_fmt(r->a, "%s.", key);
        if (!key)
            return no_memory(r);
    }
    *ret = key;
    return true;
}

/* ---- values ---- */

static bool take_value(struct reader *r, struct kol_toml_value *ret);

static bool take_items(struct reader *r, struct kol_toml_value *ret)
{
    struct kol_toml_value *items = NULL;
    size_t count = 0;
    size_t room = 0;

    for (;;) {
        if (!skip_space(r))
            return false;
        if (take(r, "]"))
            break;
        if (r->p >= r->end)
            return fail(r, "the array of line %d has no end; close it with ]", ret->line);
        if (count == room) {
            size_t more = room ? room * 2 : 8;
            struct kol_toml_value *grown = kol_arena_array(r->a, more, sizeof *grown);
            if (!grown)
                return no_memory(r);
            if (room)
                memcpy(grown, items, room * sizeof *items);
            items = grown;
            room = more;
        }
        if (!take_value(r, &items[count++]) || !skip_space(r))
            return false;
        if (!take(r, ",") && peek(r) != ']')
            return fail(r, "a comma or ] was expected in the array of line %d", ret->line);
    }
    ret->items = items;
    ret->count = count;
    return true;
}

static bool take_array(struct reader *r, struct kol_toml_value *ret)
{
    ret->type = KOL_TOML_ARRAY;
    r->p++;
    if (++r->depth > MAX_DEPTH)
        return fail(r, "arrays are nested more than %d deep", MAX_DEPTH);
    bool ok = take_items(r, ret);
    r->depth--;
    return ok;
}

static bool looks_like_date(const char *s, size_t len)
{
    return (len >= 5 && strspn(s, "0123456789") == 4 && s[4] == '-') ||
           (len >= 3 && strspn(s, "0123456789") == 2 && s[2] == ':');
}

/* A value without quotes: true, false or a number. */
static bool take_plain(struct reader *r, struct kol_toml_value *ret)
{
    const char *start = r->p;

    while (is_bare(peek(r)) || peek(r) == '+' || peek(r) == '.' || peek(r) == ':')
        r->p++;
    size_t len = (size_t)(r->p - start);
    const char *word = kol_arena_strn(r->a, start, len);
    if (!word)
        return no_memory(r);

    if (kol_streq(word, "true") || kol_streq(word, "false")) {
        ret->type = KOL_TOML_BOOL;
        ret->boolean = word[0] == 't';
        return true;
    }
    if (kol_toml_number(word, ret))
        return true;
    if (len == 0)
        return fail(r,
                    "a value was expected here: text in quotes, a number, true, false, or [...]");
    if (looks_like_date(word, len))
        return fail(r, "dates are not supported; write \"%.40s\" in quotes", word);
    return fail(r, "%.40s is no number, true or false; write text in quotes: \"%.40s\"", word,
                word);
}

static bool take_value(struct reader *r, struct kol_toml_value *ret)
{
    *ret = (struct kol_toml_value){.line = r->line};

    switch (peek(r)) {
    case '"':
    case '\'':
        ret->type = KOL_TOML_STRING;
        return take_string(r, &ret->string);
    case '[':
        return take_array(r, ret);
    case '{':
        return fail(r, "{...} is not supported; write a [table] with a line for each name");
    default: /* of a character, not of an enum */
        return take_plain(r, ret);
    }
}

/* ---- statements ---- */

static bool end_of_statement(struct reader *r)
{
    skip_blanks(r);
    if (!skip_comment(r))
        return false;
    if (r->p < r->end && !take_newline(r))
        return fail(r, "the line should end here; a comment starts with #");
    return true;
}

static const struct kol_toml_entry *find(const struct reader *r, const char *key)
{
    for (size_t i = 0; i < r->count; i++)
        if (kol_streq(r->entries[i].key, key))
            return &r->entries[i];
    return NULL;
}

/* True when one of the two names is a table in which the other stands. */
static bool one_holds_other(const char *a, const char *b)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);

    return a_len < b_len ? kol_starts_with(b, a) && b[a_len] == '.'
                         : kol_starts_with(a, b) && a[b_len] == '.';
}

static bool is_free(struct reader *r, const char *key)
{
    const struct kol_toml_entry *twin = find(r, key);

    if (twin)
        return fail(r, "%s is set twice: see line %d", key, twin->value.line);
    for (size_t i = 0; i < r->count; i++)
        if (one_holds_other(r->entries[i].key, key))
            return fail(r, "%s and %s (line %d) exclude each other: a name is a value or a table",
                        key, r->entries[i].key, r->entries[i].value.line);
    return true;
}

static bool take_setting(struct reader *r)
{
    struct kol_toml_entry e = {0};

    if (!take_key(r, r->table, &e.key) || !is_free(r, e.key))
        return false;
    if (!take(r, "="))
        return fail(r, "= was expected after %s; write  %s = value", e.key, e.key);
    skip_blanks(r);
    if (!take_value(r, &e.value))
        return false;
    if (r->count == r->room)
        return fail(r, "more than %d settings", MAX_ENTRIES);
    r->entries[r->count++] = e;
    return end_of_statement(r);
}

static bool take_table(struct reader *r)
{
    const char *key = NULL;

    if (take(r, "[["))
        return fail(r, "[[...]] is not supported; write a [table]");
    r->p++;
    if (!take_key(r, "", &key))
        return false;
    if (!take(r, "]"))
        return fail(r, "] was expected after the table's name");
    if (find(r, key))
        return fail(r, "%s is a value already: see line %d", key, find(r, key)->value.line);
    for (size_t i = 0; i < r->table_count; i++)
        if (kol_streq(r->tables[i], key))
            return fail(r, "the table [%s] stands twice; put its lines together", key);
    if (r->table_count == r->room)
        return fail(r, "more than %d tables", MAX_ENTRIES);
    r->tables[r->table_count++] = key;
    snprintf(r->table, sizeof r->table, "%s.", key);
    return end_of_statement(r);
}

static bool take_file(struct reader *r)
{
    take(r, "\xef\xbb\xbf"); /* a byte order mark, as some editors on Windows write */
    for (;;) {
        if (!skip_space(r))
            return false;
        if (r->p >= r->end)
            return true;
        if (!(peek(r) == '[' ? take_table(r) : take_setting(r)))
            return false;
    }
}

static bool check_text(struct reader *r, size_t len)
{
    for (const char *p = r->p; len;) {
        size_t step = kol_utf8_step(p, len);
        if (step == 0 || *p == '\0')
            return fail(r, "the text is not UTF-8 here; save the file as UTF-8");
        r->line += *p == '\n';
        p += step;
        len -= step;
    }
    r->line = 1;
    return true;
}

/* No more entries than lines: a count that no input can pass, and no growing array. */
static size_t count_lines(const char *text, size_t len)
{
    size_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    return lines < MAX_ENTRIES ? lines : MAX_ENTRIES;
}

enum kol_code kol_toml_parse(struct kol_arena *a, const char *file, const char *text, size_t len,
                             struct kol_toml *ret, struct kol_err *err)
{
    struct reader r = {.a = a, .file = file, .p = text, .end = text + len, .line = 1, .err = err};

    if (!check_text(&r, len))
        return r.code;
    r.room = count_lines(text, len);
    r.entries = kol_arena_array(a, r.room, sizeof *r.entries);
    r.tables = kol_arena_array(a, r.room, sizeof *r.tables);
    if (!r.entries || !r.tables)
        return kol_fail(err, KOL_NO_MEMORY, "%s: out of memory", file);

    kol_str_init(&r.text, MAX_VALUE);
    bool ok = take_file(&r);
    kol_str_done(&r.text);
    if (!ok)
        return r.code;
    *ret = (struct kol_toml){.entries = r.entries, .count = r.count};
    return KOL_OK;
}
