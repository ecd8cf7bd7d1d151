/*
 * transcribe.h - a recording becomes a transcript: who said what, when, and how sure that is.
 *
 * Used by: the transcribe stage, kol transcribe, doctor, the bench. Knows: decoding, speech
 * detection, the engine. Does not know: calls, jobs, businesses, the database.
 * Threading: one struct kol_transcriber may serve several threads at once. It holds the model and
 * a fixed set of worker threads; callers queue for them. Nothing of one call is kept for the next.
 */
#ifndef KOL_TRANSCRIBE_TRANSCRIBE_H
#define KOL_TRANSCRIBE_TRANSCRIBE_H

#include "base/arena.h"
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct kol_conf;

enum { KOL_CHANNELS_MAX = 2, KOL_LANGUAGES_MAX = 8 };

struct kol_transcriber; /* opaque */

struct kol_transcriber_conf {
    const char *engine;          /* NULL or "auto": the better of those built in */
    const char *model_path;      /* a ggml model file; of no use to a remote engine */
    const struct kol_conf *conf; /* of a remote engine; NULL for those built in */
    const char *vad_path;        /* Silero VAD as a ggml file */
    const char *decode_program;  /* kol-decode; NULL: beside the running program */
    int threads;                 /* worker threads, each computing alone; 0: one per core */
};

/*
 * Loads the model, which takes about a second for `base`.
 *
 * Errors: NO_MODEL (a model file is absent or not one), BAD_CONFIG (unknown engine), NO_MEMORY.
 */
enum kol_code kol_transcriber_open(const struct kol_transcriber_conf *conf,
                                   struct kol_transcriber **ret,
                                   struct kol_err *err) KOL_MUST_CHECK;
void kol_transcriber_close(struct kol_transcriber *t); /* NULL is fine; no call may be running */

const char *kol_transcriber_engine(const struct kol_transcriber *t);
const char *kol_transcriber_model(const struct kol_transcriber *t); /* "base", "ggml-x.bin", ... */
int kol_transcriber_threads(const struct kol_transcriber *t);
/* A remote engine asked to be left alone for so long when it last failed; 0: it did not. */
int64_t kol_transcriber_retry_after_ms(const struct kol_transcriber *t);

enum kol_role { KOL_ROLE_SPEAKER, KOL_ROLE_AGENT, KOL_ROLE_CUSTOMER };
const char *kol_role_name(enum kol_role role); /* "speaker", "agent", "customer" */

struct kol_transcribe_options {
    /* "he" (or "iw"), "en", ...; NULL or "auto": detected once per call, on speech only, among
     * allowed[], which ends at the first NULL; none allowed means Hebrew and English. */
    const char *language;
    const char *allowed[KOL_LANGUAGES_MAX];
    /* Listens instead once the language is known to be Hebrew; NULL: the same. */
    struct kol_transcriber *hebrew;

    /* Names that matter (people, towns, products), the most important first. As many as fit go
     * into the prompt. */
    const char *const *glossary;
    size_t glossary_count;

    /* Who is on which channel of a two-channel recording; both KOL_ROLE_SPEAKER: agent, customer.
     */
    enum kol_role roles[KOL_CHANNELS_MAX];

    int beam;            /* 0 or 1: greedy, the fastest; 5: somewhat better, slower */
    int64_t deadline_ms; /* longest run, from the call of this function; 0: none */

    /* Called from the calling thread, a few times a second. done_ms only grows. */
    void (*progress)(int64_t done_ms, int64_t total_ms, void *user);
    /* Called from the calling thread at least every 100 ms; true ends the work within 2 s. */
    bool (*stop)(void *user);
    void *user;
};

struct kol_word {
    const char *text; /* without spaces around it */
    int64_t start_ms, end_ms;
    double probability;
};

struct kol_segment {
    int channel; /* from 0 */
    enum kol_role role;
    int64_t start_ms, end_ms; /* within the speech they come from */
    const char *text;         /* trimmed, never empty */
    const char *heard;        /* what the engine wrote, where text makes it readable; else NULL */
    double avg_logprob;       /* per token */
    double no_speech_prob;
    double level_db;            /* RMS of its speech in dBFS */
    const char *dropped_reason; /* NULL: part of the transcript; else why not ("repetition", ...) */
    const struct kol_word *words;
    size_t word_count;
};

struct kol_transcript {
    /* By start time, then channel. Dropped ones are among them. */
    struct kol_segment *segments;
    size_t segment_count;
    size_t kept_count; /* those without dropped_reason */

    /* For two channels lines "Agent: ..." and "Customer: ...", a turn each; plain text when mono.
     * Empty, never NULL, when nobody spoke. */
    const char *text;

    const char *language;        /* "he", "en", ...; "" when auto and nobody spoke */
    double language_probability; /* 1 when it was given */
    int channels;                /* of the recording; 2 identical ones count as 1 */
    const char *channels_reason; /* why they do; NULL: they are not */
    int64_t duration_ms;
    int64_t speech_ms; /* of all channels together, as the speech detector found it */
    const char *model;
    const char *engine;
    int64_t wall_ms;         /* what this run took */
    double real_time_factor; /* wall_ms / duration_ms */
    bool cut_short;          /* the file ends before the length it claims */
};

/*
 * Transcribes one recording.
 *
 *   a     ret and all it points to live in it
 *   path  any format kol-decode knows
 *   ret   filled on KOL_OK only. No speech is KOL_OK with an empty text.
 *
 * Errors: what decoding says (BAD_MEDIA, TOO_LARGE, IO, CRASHED, NOT_FOUND); OVERDUE (deadline),
 * CANCELLED (stop said so), ENGINE, NO_MEMORY, BAD_INPUT (language unknown to the model).
 */
enum kol_code kol_transcribe_file(struct kol_transcriber *t, struct kol_arena *a, const char *path,
                                  const struct kol_transcribe_options *options,
                                  struct kol_transcript *ret, struct kol_err *err) KOL_MUST_CHECK;

/* The same for samples in memory: 16 kHz, one array per channel. */
enum kol_code kol_transcribe_pcm(struct kol_transcriber *t, struct kol_arena *a,
                                 const int16_t *const *pcm, int channels, size_t samples,
                                 const struct kol_transcribe_options *options,
                                 struct kol_transcript *ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Shows that the model loaded can do its work: half a second of built-in sound through speech
 * detection and a short run of the engine. Errors: ENGINE with what went wrong.
 */
enum kol_code kol_transcriber_selftest(struct kol_transcriber *t,
                                       struct kol_err *err) KOL_MUST_CHECK;

#endif
