/*
 * plan.h - what fetching does next: the rules of formats, waits and rounds as one pure function.
 *
 * Used by: fetch.c. Knows: no network, no clock, no database; so every rule is a row of a table in
 * test_plan.c. A fetch makes one network step per run of its job; between runs its state lies in
 * job.data, and every wait is a due time.
 *
 * A round: read the recording's resource; while it is not ready wait 3, 5, 5, 10, 10 s and read it
 * again; when it is ready ask for the media as given, as .mp3, as .wav, 5 s apart after a 404. 404
 * in all three is "not ready", too. Both channels are asked for until Twilio says that it cannot.
 * After the fifth wait the media are tried whatever the resource says. A round that found nothing
 * is repeated after 5 min, 1 h, 6 h, 24 h and then daily for 30 days.
 */
#ifndef KOL_RECORDING_PLAN_H
#define KOL_RECORDING_PLAN_H

#include "base/arena.h"
#include <stdint.h>

#define KOL_FORMATS 3 /* "", ".mp3", ".wav" */
#define KOL_WAITS 5

enum kol_fetch_step {
    KOL_STEP_RESOURCE, /* GET Recordings/RE….json */
    KOL_STEP_LISTED, /* the resource was 404: is it among the deleted ones of the account's list? */
    KOL_STEP_MEDIA,  /* GET the media in one format */
};

/* Where a fetch stands; all zero at first. */
struct kol_fetch_plan {
    enum kol_fetch_step step;
    int format;       /* of the next media step, 0 to 2 */
    int wait;         /* waits of this round that are over, 0 to 5 */
    int round;        /* rounds that ended without a file */
    int64_t rounds_s; /* nominal seconds waited between rounds so far */
    bool bad_media;   /* a body of this attempt was not audio */
    bool as_recorded; /* RequestedChannels=2 was answered with 400: never asked again */
    bool elsewhere;   /* the media are not at Twilio: they have one address, and no formats */
    bool encrypted;   /* with a key of the customer's: never asked for as .mp3 (error 16109) */
};

/* What a step saw. Failures of network and server are not among these: the queue's retry has them.
 */
enum kol_seen {
    KOL_SEEN_READY,       /* resource: it has a duration */
    KOL_SEEN_NOT_READY,   /* resource: no duration yet; list: exists, not deleted */
    KOL_SEEN_NOT_FOUND,   /* 404; list: not in it */
    KOL_SEEN_GONE,        /* absent, failed or deleted, says Twilio */
    KOL_SEEN_BAD_MEDIA,   /* media: came whole, but is no audio */
    KOL_SEEN_NO_CHANNELS, /* media: there are no two channels to be had */
    KOL_SEEN_FILE,        /* media: came whole and is audio */
};

enum kol_fetch_do {
    KOL_DO_STEP,    /* come back in wait_s for next.step */
    KOL_DO_WAIT,    /* the same, and say "not ready yet" */
    KOL_DO_GIVE_UP, /* end of a round: say so, come back in wait_s for the next one */
    KOL_DO_END,     /* for good: 30 days are over, or what is there is no audio */
    KOL_DO_GONE,    /* for good: Twilio does not have it */
    KOL_DO_DONE,
};

struct kol_fetch_next {
    enum kol_fetch_do what;
    int64_t wait_s; /* nominal */
    int attempt;    /* of "attempt n/5"; KOL_DO_WAIT only */
    struct kol_fetch_plan plan;
};

/* one_round: a download for a player: it does not come back after its round. */
struct kol_fetch_next kol_fetch_decide(const struct kol_fetch_plan *plan, enum kol_seen seen,
                                       bool one_round);

/* True in the middle of a round: others may lean on its waits. */
bool kol_fetch_in_round(const struct kol_fetch_plan *plan);

/* job.data and back; text that is no plan (NULL, older version) is the beginning. */
const char *kol_fetch_plan_text(struct kol_arena *a, const struct kol_fetch_plan *plan);
struct kol_fetch_plan kol_fetch_plan_read(const char *text);

#endif
