#include "base/csv.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

enum state {
    AT_START, /* of a field */
    IN_PLAIN,
    IN_QUOTES,
    AFTER_QUOTE, /* a quote within quotes: their end, or the first of two */
    IN_FAULT,    /* until the line ends */
};

struct kol_csv {
    kol_csv_row_fn row;
    void *user;
    enum state state;
    int64_t line, row_line;
    bool after_cr;
    bool any;            /* the row has something: an empty line is no row */
    int mark;            /* bytes of the byte order mark seen so far; -1: past the start */
    struct kol_str text; /* the fields so far, each with a NUL behind */
    size_t starts[KOL_CSV_MAX_FIELDS];
    size_t count; /* fields that have begun */
    const char *fault;
    const char *fields[KOL_CSV_MAX_FIELDS];
};

struct kol_csv *kol_csv_new(kol_csv_row_fn row, void *user)
{
    struct kol_csv *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->row = row;
    c->user = user;
    c->line = c->row_line = 1;
    kol_str_init(&c->text, KOL_CSV_MAX_ROW_BYTES);
    return c;
}

void kol_csv_free(struct kol_csv *c)
{
    if (!c)
        return;
    kol_str_done(&c->text);
    free(c);
}

static void set_fault(struct kol_csv *c, const char *fault)
{
    if (!c->fault)
        c->fault = fault;
    c->state = IN_FAULT;
}

static void begin_field(struct kol_csv *c)
{
    c->any = true;
    if (c->count == KOL_CSV_MAX_FIELDS)
        set_fault(c, "more than 256 fields");
    else
        c->starts[c->count++] = c->text.len;
}

static void add(struct kol_csv *c, char byte)
{
    if (byte == '\0')
        set_fault(c, "a zero byte");
    else
        kol_str_add_char(&c->text, byte);
    if (kol_str_failed(&c->text))
        set_fault(c, "longer than 8 MiB");
}

static void end_field(struct kol_csv *c)
{
    kol_str_add_char(&c->text, '\0');
    if (kol_str_failed(&c->text))
        set_fault(c, "longer than 8 MiB");
}

static enum kol_code end_row(struct kol_csv *c, struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    if (c->state == IN_QUOTES)
        set_fault(c, "a quote that is not closed");
    if (c->any && !c->fault && c->state == AT_START)
        begin_field(c); /* behind the last comma */
    if (c->any && !c->fault)
        end_field(c);
    for (size_t i = 0; !c->fault && i < c->count; i++) {
        c->fields[i] = c->text.data + c->starts[i];
        if (!kol_utf8_valid(c->fields[i], strlen(c->fields[i])))
            set_fault(c, "not UTF-8");
    }
    const struct kol_csv_row row = {.line = c->row_line,
                                    .fields = c->fault ? NULL : c->fields,
                                    .count = c->fault ? 0 : c->count,
                                    .fault = c->fault};
    if (c->any || c->fault)
        code = c->row(c->user, &row, err);
    kol_str_clear(&c->text);
    c->count = 0;
    c->any = false;
    c->fault = NULL;
    c->state = AT_START;
    return code;
}

/* A line end outside of quotes. */
static enum kol_code end_line(struct kol_csv *c, struct kol_err *err)
{
    enum kol_code code = end_row(c, err);

    c->row_line = c->line;
    return code;
}

static void take_plain(struct kol_csv *c, char byte)
{
    if (byte == ',') {
        end_field(c);
        c->state = c->fault ? IN_FAULT : AT_START;
    } else if (byte == '"') {
        set_fault(c, "a quote within a field that does not begin with one");
    } else {
        add(c, byte);
    }
}

static void take_start(struct kol_csv *c, char byte)
{
    begin_field(c);
    if (c->fault)
        return;
    if (byte == '"') {
        c->state = IN_QUOTES;
        return;
    }
    c->state = IN_PLAIN;
    take_plain(c, byte);
}

static void take_after_quote(struct kol_csv *c, char byte)
{
    if (byte == '"') {
        c->state = IN_QUOTES;
        add(c, byte);
    } else if (byte == ',') {
        c->state = IN_PLAIN;
        take_plain(c, byte);
    } else {
        set_fault(c, "something behind a closing quote");
    }
}

static enum kol_code take(struct kol_csv *c, char byte, struct kol_err *err)
{
    const bool line_end = byte == '\n' || byte == '\r';
    const bool second = byte == '\n' && c->after_cr; /* of CR LF: counted already */

    c->after_cr = byte == '\r';
    if (line_end && !second)
        c->line++;
    if (line_end && c->state != IN_QUOTES) {
        if (!second)
            return end_line(c, err);
        c->row_line = c->line;
        return KOL_OK;
    }
    switch (c->state) {
    case AT_START:
        take_start(c, byte);
        break;
    case IN_PLAIN:
        take_plain(c, byte);
        break;
    case IN_QUOTES:
        if (byte == '"')
            c->state = AFTER_QUOTE;
        else
            add(c, byte);
        break;
    case AFTER_QUOTE:
        take_after_quote(c, byte);
        break;
    case IN_FAULT:
        break;
    }
    return KOL_OK;
}

/* True while the byte belongs to the mark that some programs put before UTF-8. */
static bool skip_mark(struct kol_csv *c, unsigned char byte)
{
    static const unsigned char mark[] = {0xEF, 0xBB, 0xBF};

    if (c->mark < 0 || c->mark == (int)sizeof mark || byte != mark[c->mark]) {
        return false;
    }
    c->mark++;
    return true;
}

enum kol_code kol_csv_feed(struct kol_csv *c, const void *bytes, size_t len, struct kol_err *err)
{
    static const char mark[] = "\xEF\xBB\xBF";
    const char *p = bytes;
    enum kol_code code = KOL_OK;

    for (size_t i = 0; code == KOL_OK && i < len; i++) {
        if (skip_mark(c, (unsigned char)p[i]))
            continue;
        if (c->mark > 0 && c->mark < 3) /* it only looked like one */
            for (int k = 0; k < c->mark; k++)
                (void)take(c, mark[k], err);
        c->mark = -1;
        code = take(c, p[i], err);
    }
    return code;
}

enum kol_code kol_csv_end(struct kol_csv *c, struct kol_err *err)
{
    if (c->mark > 0 && c->mark < 3)
        set_fault(c, "not UTF-8");
    return end_row(c, err);
}
