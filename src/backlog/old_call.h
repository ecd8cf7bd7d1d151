/*
 * old_call.h - one old call between its line and the database. Private to this folder.
 */
#ifndef KOL_BACKLOG_OLD_CALL_H
#define KOL_BACKLOG_OLD_CALL_H

#include "backlog/table.h"

struct old_call {
    struct kol_table *t;
    struct kol_business *business;
    const char *id;  /* as in the file */
    const char *sid; /* Twilio's, or made of the id */
    const char *account_sid, *recording_sid, *recording_url;
    const char *direction;
    char from[KOL_PHONE_TEXT], to[KOL_PHONE_TEXT];
    int64_t duration, started_at_ms, lead_id;
    const char *transcript, *conversation, *summary, *service, *city, *language;
    double confidence;
    struct kol_old_file file;
    bool known, has_file, foreign; /* how it stands here */
    /* what came of it */
    bool queued;    /* for transcription */
    bool lead_lost; /* lead_id is somebody else's */
    int64_t got_lead_id;
};

/* Everything of one call in one transaction. A kol_write_fn; arg is a struct old_call. */
enum kol_code kol_old_call_store(struct kol_db *db, void *arg, struct kol_err *err);

#endif
