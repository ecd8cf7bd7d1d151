/*
 * engines.h - the speech models of a process: loaded when needed, anew when their file or the
 * choice changed, out of memory when nothing was to do for long.
 *
 * Used by: the stage, kol transcribe, doctor. Threading: any thread; between take and give back
 * nothing is replaced.
 */
#ifndef KOL_TRANSCRIBE_ENGINES_H
#define KOL_TRANSCRIBE_ENGINES_H

#include "conf/conf.h"
#include "transcribe/transcribe.h"

struct kol_engines; /* opaque */

struct kol_engines_taken {
    struct kol_transcriber *main;
    struct kol_transcriber *hebrew; /* NULL: the same */
};

/* Loads what the settings (or kol model use) name. conf is borrowed. Errors: NO_MODEL, NO_MEMORY
 * with what is needed and what is there, BAD_CONFIG. */
enum kol_code kol_engines_open(const struct kol_conf *conf, struct kol_engines **ret,
                               struct kol_err *err) KOL_MUST_CHECK;
void kol_engines_close(struct kol_engines *e); /* NULL is fine; nothing may be taken */

/* Loads again what changed since, unless somebody else is at work with it. */
enum kol_code kol_engines_take(struct kol_engines *e, struct kol_engines_taken *ret,
                               struct kol_err *err) KOL_MUST_CHECK;
void kol_engines_give_back(struct kol_engines *e);

/* To be called every few seconds: lets go of models that were idle for model_idle_unload_s. */
void kol_engines_tick(struct kol_engines *e);

/*
 * Lets the main model work on a little sound. ret_model is its name, in buf; "" when there was
 * nothing to test: it is at work, or not in memory.
 */
enum kol_code kol_engines_selftest(struct kol_engines *e, char ret_model[static 64],
                                   struct kol_err *err) KOL_MUST_CHECK;

#endif
