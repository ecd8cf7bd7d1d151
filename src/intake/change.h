/*
 * change.h - one callback, read and checked, on its way into the database. Private to this folder.
 */
#ifndef KOL_INTAKE_CHANGE_H
#define KOL_INTAKE_CHANGE_H

#include "intake/intake.h"
#include "twilio/params.h"

struct kol_intake_change {
    struct kol_arena *arena;
    const struct kol_conf *conf;
    enum kol_intake_kind kind;
    int64_t business_id;     /* that the URL of the callback names; 0: none */
    const char *params;      /* JSON of what was received */
    const char *ignored_url; /* RecordingUrl that does not count; NULL */

    bool has_recording; /* recording is filled: url is fit to be stored, recording_sid is there */
    struct kol_recording_params recording;
    struct kol_call_params call;                   /* HANDLE_RECORDING, CALL_STATUS */
    struct kol_transcription_params transcription; /* TRANSCRIPTION */

    /* set by kol_intake_store() */
    bool is_new; /* not seen before */
    bool queued; /* a fetch job was added */
};

#endif
