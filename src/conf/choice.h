/*
 * choice.h - which models are in use: the settings' word, else what kol model use wrote down.
 *
 * The choice is a small file in the data folder, read anew each time, so that a running worker
 * notices it. Threading: any thread.
 */
#ifndef KOL_CONF_CHOICE_H
#define KOL_CONF_CHOICE_H

#include "conf/conf.h"

struct kol_models {
    const char *model;    /* never empty */
    const char *model_he; /* the same as model unless there is another for Hebrew */
};

/* ret lives as long as a. Errors: BAD_CONFIG (the file holds something else), IO, NO_MEMORY. */
enum kol_code kol_models_in_use(struct kol_arena *a, const struct kol_conf *conf,
                                struct kol_models *ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Writes the choice down. name "" takes it back. It counts only where the settings say nothing: see
 * model_where. Errors: IO, DISK_FULL, NO_MEMORY.
 */
enum kol_code kol_models_choose(const struct kol_conf *conf, bool hebrew, const char *name,
                                struct kol_err *err) KOL_MUST_CHECK;

/* Are Hebrew calls transcribed with one of OpenAI's small models? Their Hebrew is not usable. */
bool kol_conf_weak_for_hebrew(const struct kol_conf *conf);
/* What to say then, and the command that helps. */
#define KOL_WEAK_HEBREW_TEXT                                                                       \
    "the stock Whisper model in use is not good enough for Hebrew calls: transcripts and leads "   \
    "will be unreliable. kol model pull ivrit-large-v3-turbo, then kol model use "                 \
    "ivrit-large-v3-turbo --language=he"
/* The same question about one model, by name or path. */
bool kol_model_weak_for_hebrew(const char *model);

#endif
