/*
 * stage.h - the stages of the recording service; see service.h for what others ask of it.
 */
#ifndef KOL_RECORDING_STAGE_H
#define KOL_RECORDING_STAGE_H

#include "queue/stage.h"

/* Call SID -> recordings at Twilio, when no callback told of one. Adds the fetch job itself. */
extern const struct kol_stage kol_stage_lookup;
/* Recording -> local file; for kind "download", too. */
extern const struct kol_stage kol_stage_fetch;
/* Recording at Twilio -> deleted, once the file here is verified, when the business wants that. */
extern const struct kol_stage kol_stage_erase;

#endif
