/*
 * doctor.h - the lines of kol doctor. Private to this folder.
 */
#ifndef KOL_CLI_DOCTOR_H
#define KOL_CLI_DOCTOR_H

#include "cli/cli.h"

enum kol_verdict { KOL_GOOD, KOL_WARN, KOL_BAD };

struct kol_doctor {
    struct kol_cli *cli;
    json_t *rows;
    bool bad; /* some check was */
};

void kol_doctor_say(struct kol_doctor *d, const char *check, enum kol_verdict verdict,
                    const char *fmt, ...) KOL_PRINTF(4, 5);

/* Sends a signed callback to ourselves through public_url, and says what became of it. */
void kol_doctor_callback(struct kol_doctor *d);

#endif
