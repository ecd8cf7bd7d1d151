/*
 * stage.h - the transcribe stage, and the engine as the settings describe it.
 */
#ifndef KOL_TRANSCRIBE_STAGE_H
#define KOL_TRANSCRIBE_STAGE_H

#include "queue/stage.h"
#include "store/call.h"
#include "transcribe/transcribe.h"

extern const struct kol_stage kol_stage_transcribe;

/* What the stage's open() makes is a struct kol_engines *. */

/* Are the model files of the settings there? NO_MODEL says which is not. Cheap. */
enum kol_code kol_transcribe_check_model(const struct kol_conf *conf,
                                         struct kol_err *err) KOL_MUST_CHECK;

/* Who speaks on channels 1 and 2 of this call: the business's map, else the settings, else by
 * source. */
void kol_transcribe_roles(const struct kol_conf *conf, const char *channel_map,
                          const struct kol_call *call, enum kol_role roles[static 2]);

/*
 * How long a recording may take, from its length in seconds (0 or -1: unknown, taken as an hour)
 * and the setting deadline_factor; never less than two minutes, for the model may have to be
 * loaded.
 */
int64_t kol_transcribe_deadline_ms(const struct kol_conf *conf, int64_t duration_s);

#endif
