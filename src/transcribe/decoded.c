#include "transcribe/decoded.h"

#include "base/str.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A chunk whose text is less likely than this is tried once more (the paper's threshold). */
#define LOGPROB_RETRY (-1.0)
#define NO_SPEECH_SURE 0.6

void kol_decoded_name(const char *path, char ret[static 64])
{
    const char *file = strrchr(path, '/');

    file = file ? file + 1 : path;
    snprintf(ret, 64, "%s", file);
    if (kol_starts_with(file, "ggml-") && kol_ends_with(file, ".bin"))
        snprintf(ret, 64, "%.*s", (int)(strlen(file) - 9), file + 5);
}

/* ---- Segments ---- */

struct reader { /* cuts the tokens of a run into segments, at the times among them */
    struct kol_arena *a;
    struct kol_engine_result *ret;
    size_t room; /* in ret->segments */
    int64_t from_ms;
    struct kol_engine_token *tokens; /* of the segment in progress */
    size_t count;
    double logprobs;
    int scored;
};

static void end_segment(struct reader *r, int64_t end_ms)
{
    if (r->count > 0 && r->ret->segment_count < r->room) {
        r->ret->segments[r->ret->segment_count++] = (struct kol_engine_segment){
            .start_ms = r->from_ms,
            .end_ms = end_ms > r->from_ms ? end_ms : r->from_ms,
            .tokens = r->tokens,
            .token_count = r->count,
        };
        r->ret->end_ms = end_ms;
        r->tokens += r->count;
        r->count = 0;
    }
    r->from_ms = end_ms;
}

static void read_token(struct reader *r, const struct kol_decoded_token *t)
{
    if (t->time_ms >= 0) {
        end_segment(r, t->time_ms);
        return;
    }
    if (t->text)
        r->tokens[r->count++] = (struct kol_engine_token){
            .text = kol_arena_str(r->a, t->text),
            .start_ms = -1,
            .end_ms = -1,
            .probability = t->probability,
            .pause = t->pause,
        };
    if (isfinite(t->logprob)) {
        r->logprobs += t->logprob;
        r->scored++;
    }
}

static bool has_text(const struct kol_decoded *run)
{
    for (int i = 0; i < run->count; i++)
        if (!kol_str_empty(run->tokens[i].text))
            return true;
    return false;
}

enum kol_code kol_decoded_read(struct kol_arena *a, const struct kol_engine_request *request,
                               const struct kol_decoded *run, struct kol_engine_result *ret,
                               struct kol_err *err)
{
    *ret = (struct kol_engine_result){.runaway = run->looping};
    if (!has_text(run))
        return KOL_OK;

    struct reader r = {.a = a, .ret = ret, .room = (size_t)run->count + 1};
    ret->segments = kol_arena_array(a, r.room, sizeof(*ret->segments));
    r.tokens = kol_arena_array(a, r.room, sizeof(*r.tokens));
    if (!ret->segments || !r.tokens)
        return kol_fail(err, KOL_NO_MEMORY, "read speech result: out of memory");

    for (int i = 0; i < run->count; i++)
        read_token(&r, &run->tokens[i]);
    end_segment(&r, (int64_t)(request->samples * 1000 / KOL_PCM_RATE_HZ));

    ret->avg_logprob = r.scored > 0 ? r.logprobs / r.scored : 0;
    ret->no_speech_prob = run->no_speech_prob;
    if (request->max_tokens > 0 && run->count >= request->max_tokens)
        ret->runaway = true;
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "read speech result: out of memory");
    return KOL_OK;
}

/* ---- Another try ---- */

enum kol_code kol_decoded_try(kol_decode_once *once, struct kol_session *s, struct kol_arena *a,
                              const struct kol_engine_request *request,
                              struct kol_engine_result *ret, struct kol_err *err)
{
    struct kol_engine_result again;
    enum kol_code code = once(s, a, request, request->temperature, ret, err);

    if (code != KOL_OK || ret->avg_logprob > LOGPROB_RETRY || ret->no_speech_prob > NO_SPEECH_SURE)
        return code;

    code = once(s, a, request, request->temperature + KOL_DECODED_STEP, &again, err);
    if (code == KOL_OK && again.avg_logprob > ret->avg_logprob)
        *ret = again;
    return code;
}
