/*
 * resume.h - the file that a download is written to, which outlives a cut line and a restart.
 * Private to this folder.
 *
 * RE….resume holds the bytes, RE….resume.json what they are: which form of the recording, the
 * server's validator, and how many of them are known to be on the disk. After a crash of the
 * program the file's length counts; after one of the machine only what was synced. Whoever has it
 * open has it locked. Threading: one per download, and turn.h lets one at a time.
 */
#ifndef KOL_RECORDING_RESUME_H
#define KOL_RECORDING_RESUME_H

#include "base/file.h"
#include "net/http.h"

struct kol_resume {
    struct kol_part part; /* where the body goes */
    bool ours;            /* opened and locked: else another process has it, and keeps it */
    char *note_path;
    const char *form; /* borrowed: "0/2" is the first format with two channels */
    int64_t bytes;    /* that can be gone on with; 0: none */
    char validator[KOL_HTTP_VALIDATOR_MOST + 1]; /* of them; "": cannot be gone on with */
};

/* Errors: IO, DISK_FULL, NO_MEMORY. */
enum kol_code kol_resume_open(struct kol_resume *r, const char *folder, const char *recording_sid,
                              const char *form, struct kol_err *err) KOL_MUST_CHECK;
/* The begin() of struct kol_http_resume; user is the struct kol_resume. */
enum kol_code kol_resume_begin(void *user, int64_t from, const char *validator,
                               struct kol_err *err) KOL_MUST_CHECK;
/* Forgets what is there: the next request starts anew. */
enum kol_code kol_resume_restart(struct kol_resume *r, struct kol_err *err) KOL_MUST_CHECK;
/* Closes it. keep: for the next try, when the server lets it go on; otherwise both files go. */
void kol_resume_close(struct kol_resume *r, bool keep);

#endif
