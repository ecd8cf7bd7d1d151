#include "pipeline/stages.h"

#include "base/str.h"
#include "deliver/stage.h"
#include "recording/stage.h"
#include "transcribe/stage.h"
#include "understand/stage.h"

/* The road of one call. The only place that knows the order; names are stored in job.stage. */
const struct kol_stage *const kol_stages[] = {
    &kol_stage_lookup,     /* only when no recording callback came: asks Twilio for the recording */
    &kol_stage_fetch,      /* recording -> local file; kind "download" ends here */
    &kol_stage_transcribe, /* decodes through the jail; runs in the worker process */
    &kol_stage_understand, &kol_stage_deliver,
    &kol_stage_erase, /* beside the road: deletes at Twilio what is safe here, if asked to */
};
const size_t kol_stage_count = KOL_COUNT(kol_stages);

const struct kol_stage *kol_stage_by_name(const char *name)
{
    for (size_t i = 0; i < kol_stage_count; i++)
        if (kol_streq(kol_stages[i]->name, name))
            return kol_stages[i];
    return NULL;
}
