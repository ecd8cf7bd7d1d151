/*
 * stage.h - the understand stage.
 */
#ifndef KOL_UNDERSTAND_STAGE_H
#define KOL_UNDERSTAND_STAGE_H

#include "queue/stage.h"

extern const struct kol_stage kol_stage_understand;

struct kol_lexicon;

/*
 * A business's services over the built-in ones.
 *
 *   name       for messages: a file or a setting
 *   services   ids with commas between (only these count), or lines in the syntax of
 * data/services.txt ret        borrows base; free with kol_lexicon_free() Errors: BAD_CONFIG
 * "name:line: reason"; NO_MEMORY.
 */
enum kol_code kol_understand_services(struct kol_arena *a, const struct kol_lexicon *base,
                                      const char *name, const char *services,
                                      struct kol_lexicon **ret, struct kol_err *err) KOL_MUST_CHECK;

#endif
