/*
 * engine.h - what turns up to 30 s of sound into text: an engine of our own and whisper.cpp here,
 * others behind the same table.
 *
 * Used by: transcribe.c and pool.c only. Times are ms from the start of the chunk given.
 * An engine knows nothing of calls, channels or speech detection; whoever calls it has packed the
 * speech, judges the text and maps the times.
 */
#ifndef KOL_TRANSCRIBE_ENGINE_H
#define KOL_TRANSCRIBE_ENGINE_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { KOL_PCM_RATE_HZ = 16000 };

struct kol_engine;  /* a loaded model, shared by threads */
struct kol_session; /* the working memory of one thread for one call */

struct kol_engine_conf {
    const char *model; /* path of a model; of no use to a remote engine */
    const struct kol_conf
        *conf; /* of a remote engine, whose address and key stand there; else NULL */
};

struct kol_engine_info {
    const char *model; /* short name for people */
    bool multilingual;
    bool remote;           /* what is heard leaves this machine */
    int max_prompt_tokens; /* longest prompt it takes */
};

struct kol_engine_request {
    const float *pcm; /* 16 kHz mono, -1..1; at most 30 s */
    size_t samples;
    const char *language; /* "en"; never NULL */
    const char *prompt;   /* NULL: none */
    int beam;             /* 1: greedy */
    int max_tokens;       /* cap on what is generated; 0: the model's own */
    int audio_ctx;        /* 0: the full window; else frames of 20 ms: faster, less accurate */
    double temperature;   /* of the first try */
    /* Asked many times a second from the computing thread; true ends the run with CANCELLED. */
    bool (*abort)(void *user);
    void *user;
};

/* A piece of a word, a word, or a mark such as a comma, as the model puts them out. */
struct kol_engine_token {
    const char *text; /* UTF-8 may be split between tokens; a leading space starts a word */
    int64_t start_ms, end_ms;
    float probability;
    float pause; /* how likely the model held it that a pause comes before; 0: unknown */
};

struct kol_engine_segment {
    int64_t start_ms, end_ms;
    struct kol_engine_token *tokens;
    size_t token_count;
};

struct kol_engine_result {
    struct kol_engine_segment *segments;
    size_t segment_count;
    double avg_logprob;    /* per token, of the whole chunk */
    double no_speech_prob; /* of the whole chunk */
    bool runaway;          /* it was cut because it repeated itself or passed max_tokens */
    int64_t end_ms;        /* how far into the chunk its text reaches */
};

/* All members are required. A driver does not log above debug; what it computes itself it does not
 * try again. */
struct kol_engine_driver {
    const char *name;
    enum kol_code (*open)(const struct kol_engine_conf *conf, struct kol_engine **ret,
                          struct kol_err *err);
    void (*close)(struct kol_engine *e); /* NULL is fine */
    void (*info)(const struct kol_engine *e, struct kol_engine_info *ret);
    bool (*knows_language)(const struct kol_engine *e, const char *language);
    /* Tokens of a text; an upper bound is fine. */
    int (*count_tokens)(const struct kol_engine *e, const char *text);

    /* A session is used by one thread and holds nothing of any other: one call, one session. */
    enum kol_code (*session_open)(struct kol_engine *e, struct kol_session **ret,
                                  struct kol_err *err);
    void (*session_close)(struct kol_session *s); /* NULL is fine */
    /* ret_probs[i] for languages[i]; they add up to 1 over those given. */
    enum kol_code (*detect)(struct kol_session *s, const struct kol_engine_request *request,
                            const char *const *languages, size_t count, double *ret_probs,
                            struct kol_err *err);
    enum kol_code (*transcribe)(struct kol_session *s, struct kol_arena *a,
                                const struct kol_engine_request *request,
                                struct kol_engine_result *ret, struct kol_err *err);
};

/* Every driver's struct kol_engine and struct kol_session begin with these. */
struct kol_engine {
    const struct kol_engine_driver *driver;
    _Atomic int64_t retry_after_ms; /* a remote engine asked for this; 0: it did not */
};
struct kol_session {
    struct kol_engine *engine;
};

extern const struct kol_engine_driver kol_engine_whisper, kol_engine_openai;
#if KOL_NATIVE /* where it was built in */
extern const struct kol_engine_driver kol_engine_native;
#endif

/*
 * The two that compute on this machine. NULL and "auto" choose: the native engine where it was
 * built in and may be used on this CPU, else whisper.cpp. False: it is neither.
 */
bool kol_engine_is_local(const char *name);
bool kol_engine_native_is_there(void);

/* Calls the driver of that name after checking the arguments. A model that the native engine does
 * not take is whisper.cpp's when nobody asked for an engine. Errors: BAD_CONFIG, NO_MODEL,
 * NO_MEMORY. */
enum kol_code kol_engine_open(const char *name, const struct kol_engine_conf *conf,
                              struct kol_engine **ret, struct kol_err *err) KOL_MUST_CHECK;
void kol_engine_close(struct kol_engine *e);
enum kol_code kol_session_open(struct kol_engine *e, struct kol_session **ret,
                               struct kol_err *err) KOL_MUST_CHECK;
void kol_session_close(struct kol_session *s);
/* Errors: CANCELLED (abort said so), ENGINE, NO_MEMORY, BAD_INPUT. A debug line tells the time it
 * took. */
enum kol_code kol_session_transcribe(struct kol_session *s, struct kol_arena *a,
                                     const struct kol_engine_request *request,
                                     struct kol_engine_result *ret,
                                     struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_session_detect(struct kol_session *s, const struct kol_engine_request *request,
                                 const char *const *languages, size_t count, double *ret_probs,
                                 struct kol_err *err) KOL_MUST_CHECK;

#endif
