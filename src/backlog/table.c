#include "backlog/table.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "twilio/params.h"
#include <stdarg.h>
#include <string.h>

static const char *const names[KOL_OLD_COUNT] = {
#define X(code, name) [KOL_OLD_##code] = name,
    KOL_OLD_COLUMNS(X)
#undef X
};

const char *kol_old_name(enum kol_old_column column)
{
    return names[column];
}

/* ---- saying ---- */

static void note(const struct kol_table *t, enum kol_old_column column, bool refused,
                 const char *fmt, va_list args) KOL_PRINTF(4, 0);

static void note(const struct kol_table *t, enum kol_old_column column, bool refused,
                 const char *fmt, va_list args)
{
    char text[300];

    vsnprintf(text, sizeof text, fmt, args);
    const struct kol_takeover_note said = {.file = t->file,
                                           .line = t->line,
                                           .field = column < KOL_OLD_COUNT ? names[column] : NULL,
                                           .reason = text,
                                           .refused = refused};
    t->o->note(t->o->arg, &said);
}

bool kol_table_refuse(const struct kol_table *t, enum kol_old_column column, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    note(t, column, true, fmt, args);
    va_end(args);
    return false;
}

void kol_table_note(const struct kol_table *t, enum kol_old_column column, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    note(t, column, false, fmt, args);
    va_end(args);
}

/* ---- the header ---- */

static int column_of(const char *name)
{
    for (int i = 0; i < KOL_OLD_COUNT; i++)
        if (kol_streq(names[i], name))
            return i;
    return -1;
}

enum kol_code kol_table_header(struct kol_table *t, const struct kol_csv_row *row,
                               struct kol_err *err)
{
    if (row->fault)
        return kol_fail(err, KOL_BAD_INPUT, "%s line %lld: %s", t->file, (long long)row->line,
                        row->fault);
    for (int i = 0; i < KOL_OLD_COUNT; i++)
        t->at[i] = -1;
    for (size_t i = 0; i < row->count; i++) {
        const int column = column_of(row->fields[i]);

        if (column < 0)
            kol_table_note(t, KOL_OLD_COUNT, "column '%.60s' is not known and is left out",
                           row->fields[i]);
        else if (t->at[column] >= 0)
            return kol_fail(err, KOL_BAD_INPUT, "%s: column '%s' is there twice", t->file,
                            names[column]);
        else
            t->at[column] = (int)i;
    }
    t->columns = row->count;
    return KOL_OK;
}

/* ---- fields ---- */

const char *kol_table_get(const struct kol_table *t, enum kol_old_column column)
{
    const int at = t->at[column];
    const char *text = at >= 0 && (size_t)at < t->row->count ? t->row->fields[at] : NULL;

    return kol_str_empty(text) ? NULL : text;
}

bool kol_table_int(const struct kol_table *t, enum kol_old_column column, int64_t missing,
                   int64_t *ret)
{
    const char *text = kol_table_get(t, column);

    *ret = missing;
    if (!text || (kol_parse_i64(text, ret) && *ret >= -1))
        return true;
    return kol_table_refuse(t, column, "not a whole number: '%.40s'", text);
}

bool kol_table_flag(const struct kol_table *t, enum kol_old_column column, bool *ret)
{
    const char *text = kol_table_get(t, column);

    *ret = kol_streq(text, "1") || kol_streq(text, "true");
    if (!text || *ret || kol_streq(text, "0") || kol_streq(text, "false"))
        return true;
    return kol_table_refuse(t, column, "not 0 or 1: '%.40s'", text);
}

bool kol_table_time(const struct kol_table *t, enum kol_old_column column, int64_t *ret_at_ms)
{
    static const int64_t first_ms = 100000000000; /* less are seconds: until the year 5138 */
    const char *text = kol_table_get(t, column);
    char iso[40];

    *ret_at_ms = 0;
    if (!text)
        return true;
    if (kol_parse_i64(text, ret_at_ms) && *ret_at_ms > 0) {
        if (*ret_at_ms < first_ms)
            *ret_at_ms *= 1000;
        return true;
    }
    *ret_at_ms = kol_twilio_time(text);
    if (*ret_at_ms == 0 && strlen(text) >= 19 && strlen(text) < 32 && text[10] == ' ') {
        const bool zone = kol_ends_with(text, "Z");
        snprintf(iso, sizeof iso, "%.10sT%s%s", text, text + 11, zone ? "" : "Z");
        *ret_at_ms = kol_twilio_time(iso);
    }
    if (*ret_at_ms)
        return true;
    return kol_table_refuse(t, column, "not a time, such as 2026-01-31T12:00:00Z: '%.40s'", text);
}

/* ---- whose ---- */

static enum kol_code find_business(const struct kol_table *t, struct kol_db *db, const char *number,
                                   int64_t id, struct kol_business **ret, struct kol_err *err)
{
    char canonical[KOL_PHONE_TEXT] = "";
    enum kol_code code = KOL_OK;

    *ret = NULL;
    if (number && kol_phone_normalise(number, t->o->conf->default_country, canonical))
        code = kol_db_get_int(db, KOL_SQL_number_owner, KOL_ARGS(KOL_TEXT(canonical)), 0, &id, err);
    if (code == KOL_OK && id > 0)
        code = kol_business_by_id(db, t->arena, id, ret, err);
    return code == KOL_NOT_FOUND ? KOL_OK : code;
}

bool kol_table_business(const struct kol_table *t, const char *ours, struct kol_business **ret,
                        struct kol_err *err)
{
    const char *number = kol_table_get(t, KOL_OLD_NUMBER);
    const char *named = kol_table_get(t, KOL_OLD_BUSINESS_ID);
    int64_t id = 0;

    err->code = KOL_OK;
    if (!number && !kol_table_int(t, KOL_OLD_BUSINESS_ID, 0, &id))
        return false;
    struct kol_db *db = kol_reader_borrow(t->o->writer, err);
    if (!db)
        return false;
    const enum kol_code code = find_business(t, db,
                                             number  ? number
                                             : named ? NULL
                                                     : ours,
                                             id, ret, err);
    kol_reader_return(t->o->writer, db);
    if (code != KOL_OK)
        return false;
    if (*ret)
        return true;
    if (number)
        return kol_table_refuse(t, KOL_OLD_NUMBER, "no business has this number");
    if (named)
        return kol_table_refuse(t, KOL_OLD_BUSINESS_ID, "there is no business %.20s", named);
    return kol_table_refuse(t, KOL_OLD_COUNT,
                            "whose is it? neither number nor business_id, and no business has the "
                            "call's number");
}

/* ---- writing ---- */

enum kol_code kol_table_write(const struct kol_table *t, kol_write_fn fn, void *arg,
                              struct kol_err *err)
{
    const enum kol_code code = kol_write(t->o->writer, fn, arg, err);

    return t->o->dry_run && code == KOL_CANCELLED ? KOL_OK : code;
}

enum kol_code kol_table_written(const struct kol_table *t, struct kol_err *err)
{
    return t->o->dry_run ? kol_fail(err, KOL_CANCELLED, "a dry run") : KOL_OK;
}
