/*
 * table.h - a row of an old table by the names of its columns, and what its fields may hold.
 * Private to this folder.
 */
#ifndef KOL_BACKLOG_TABLE_H
#define KOL_BACKLOG_TABLE_H

#include "backlog/takeover.h"
#include "base/arena.h"
#include "base/ids.h"
#include "store/business.h"

/* X(code, name in the header) */
#define KOL_OLD_COLUMNS(X)                                                                         \
    X(ID, "id")                                                                                    \
    X(CALL_SID, "call_sid")                                                                        \
    X(FILE, "file")                                                                                \
    X(ACCOUNT_SID, "account_sid")                                                                  \
    X(BUSINESS_ID, "business_id")                                                                  \
    X(NUMBER, "number")                                                                            \
    X(DIRECTION, "direction")                                                                      \
    X(FROM_NUMBER, "from_number")                                                                  \
    X(TO_NUMBER, "to_number")                                                                      \
    X(RECORDING_SID, "recording_sid")                                                              \
    X(RECORDING_URL, "recording_url")                                                              \
    X(DURATION, "duration")                                                                        \
    X(STARTED_AT, "started_at")                                                                    \
    X(LANGUAGE, "language")                                                                        \
    X(FINAL_TRANSCRIPT, "final_transcript")                                                        \
    X(FULL_CONVERSATION, "full_conversation")                                                      \
    X(SUMMARY, "summary")                                                                          \
    X(EXTRACTED_SERVICE, "extracted_service")                                                      \
    X(EXTRACTED_CITY, "extracted_city")                                                            \
    X(EXTRACTION_CONFIDENCE, "extraction_confidence")                                              \
    X(LEAD_ID, "lead_id")                                                                          \
    X(PHONE, "phone")                                                                              \
    X(NAME, "name")                                                                                \
    X(SERVICE_TYPE, "service_type")                                                                \
    X(CITY, "city")                                                                                \
    X(NAME_TYPED, "name_typed")                                                                    \
    X(SERVICE_TYPE_TYPED, "service_type_typed")                                                    \
    X(CITY_TYPED, "city_typed")                                                                    \
    X(CREATED_AT, "created_at")
enum kol_old_column {
#define X(code, name) KOL_OLD_##code,
    KOL_OLD_COLUMNS(X)
#undef X
        KOL_OLD_COUNT
};
const char *kol_old_name(enum kol_old_column column);

/* A file being read, and the line at hand. */
struct kol_table {
    const struct kol_takeover *o;
    struct kol_takeover_count *count;
    const char *file;
    int64_t line;
    int at[KOL_OLD_COUNT]; /* place of each column in a row; -1: not there */
    size_t columns;        /* of the header; 0: not read yet */
    const struct kol_csv_row *row;
    struct kol_arena *arena; /* forgotten with each line */
};

/* Reads a header. Errors: BAD_INPUT when it is none. Columns that nobody knows are noted. */
enum kol_code kol_table_header(struct kol_table *t, const struct kol_csv_row *row,
                               struct kol_err *err) KOL_MUST_CHECK;
/* The field of the line at hand; NULL when absent or empty. */
const char *kol_table_get(const struct kol_table *t, enum kol_old_column column);

/* Notes what is wrong with a field of this line (KOL_OLD_COUNT: with the line), and returns false.
 */
bool kol_table_refuse(const struct kol_table *t, enum kol_old_column column, const char *fmt, ...)
    KOL_PRINTF(3, 4);
void kol_table_note(const struct kol_table *t, enum kol_old_column column, const char *fmt, ...)
    KOL_PRINTF(3, 4);

/* Absent fields give 0 (or missing). False after noting what is wrong. */
bool kol_table_int(const struct kol_table *t, enum kol_old_column column, int64_t missing,
                   int64_t *ret);
bool kol_table_flag(const struct kol_table *t, enum kol_old_column column, bool *ret);
/* ISO 8601 in UTC, with T or a blank; RFC 2822; or seconds or ms since 1970. */
bool kol_table_time(const struct kol_table *t, enum kol_old_column column, int64_t *ret_at_ms);

/*
 * Whose line it is: by number, the business's own; else by business_id; else by what ours is.
 * False after noting that there is none, or that the database failed (err->code is set then).
 */
bool kol_table_business(const struct kol_table *t, const char *ours, struct kol_business **ret,
                        struct kol_err *err);

/* In a dry run each change is made and taken back. */
enum kol_code kol_table_write(const struct kol_table *t, kol_write_fn fn, void *arg,
                              struct kol_err *err) KOL_MUST_CHECK;
/* The last word of a change. */
enum kol_code kol_table_written(const struct kol_table *t, struct kol_err *err) KOL_MUST_CHECK;

/* One line each: counts it, notes what is wrong. Errors end the reading. */
enum kol_code kol_old_call(struct kol_table *t, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_old_lead(struct kol_table *t, struct kol_err *err) KOL_MUST_CHECK;

/* A recording of the folder. */
struct kol_old_file {
    char *path;             /* NULL: there is none */
    const char *media;      /* extension by what it holds */
    const char *audio_file; /* once copied: below the data folder */
    char sha256[65];
    int64_t bytes;
};
/* By the name of column file, else <call id>.<extension>. False after noting what is wrong. */
bool kol_old_file_find(const struct kol_table *t, const char *call_id, struct kol_old_file *ret);
/* Complete under its final name, as recordings/<call_sid>.<extension>. */
enum kol_code kol_old_file_copy(const struct kol_table *t, const char *call_sid,
                                struct kol_old_file *file, struct kol_err *err) KOL_MUST_CHECK;

#endif
