/* webhooks.c - Twilio's callbacks: handed to intake, answered only after the commit. */
#include "base/clock.h"
#include "base/log.h"
#include "intake/self_test.h"
#include "serve/api.h"
#include "serve/server.h"
#include <string.h>

struct callback {
    enum kol_intake_kind kind;
    struct kol_intake_change *change;
};

static void answer(struct kol_request *rq, enum kol_code code, const struct kol_err *err)
{
    const struct callback *c = rq->data;
    struct kol_intake_answer a = {0};

    kol_intake_answer(c->kind, code, err, &a);
    if (a.retry_after_s)
        kol_answer_retry_after(rq, a.retry_after_s * 1000LL);
    /* The body may lie in err, which ends before the answer is sent. */
    const char *body = kol_arena_str(rq->arena, a.body ? a.body : "");
    kol_answer_bytes(rq, a.status, a.content_type, body ? body : "", body ? strlen(body) : 0);
    if (code != KOL_OK) {
        kol_warn("callback refused path=%s status=%d: %s", rq->path, a.status,
                 err ? err->msg : kol_code_name(code));
        return;
    }
    kol_intake_after(c->change);
}

static struct kol_intake_request read_request(const struct kol_request *rq,
                                              enum kol_intake_kind kind)
{
    return (struct kol_intake_request){
        .kind = kind,
        .method = rq->method == KOL_GET ? "GET" : "POST",
        .target = rq->target,
        .content_type = kol_request_header(rq, "Content-Type"),
        .signature = kol_request_header(rq, "X-Twilio-Signature"),
        .body = rq->body,
        .body_len = rq->body_len,
        .writer = rq->writer,
    };
}

static void take(struct kol_request *rq, enum kol_intake_kind kind)
{
    struct callback *c = kol_arena_alloc(rq->arena, sizeof *c);
    struct kol_err err;

    if (rq->method == KOL_HEAD) {
        kol_answer_header(rq, "Allow", "GET, POST");
        kol_answer_error(rq, 405, "method_not_allowed", "callbacks come as POST or GET");
        return;
    }
    if (!c)
        return;
    c->kind = kind;
    rq->data = c;
    const struct kol_intake_request request = read_request(rq, kind);
    enum kol_code code = kol_intake_prepare(rq->arena, rq->conf, &request, &c->change, &err);
    if (code != KOL_OK)
        answer(rq, code, &err);
    else
        kol_request_change(rq, kol_intake_store, c->change, answer);
}

void kol_webhook_recording_status(struct kol_request *rq)
{
    take(rq, KOL_INTAKE_RECORDING_STATUS);
}

void kol_webhook_handle_recording(struct kol_request *rq)
{
    take(rq, KOL_INTAKE_HANDLE_RECORDING);
}

void kol_webhook_call_status(struct kol_request *rq)
{
    take(rq, KOL_INTAKE_CALL_STATUS);
}

void kol_webhook_transcription(struct kol_request *rq)
{
    take(rq, KOL_INTAKE_TRANSCRIPTION);
}

/* From kol doctor --callback. Checked like the others, stored nowhere. */
void kol_webhook_self_test(struct kol_request *rq)
{
    struct kol_intake_change *change = NULL;
    struct kol_intake_answer a = {0};
    struct kol_err err = {0};
    const struct kol_intake_request request = read_request(rq, KOL_INTAKE_SELF_TEST);
    enum kol_code code = kol_intake_prepare(rq->arena, rq->conf, &request, &change, &err);

    kol_self_test_answer(rq->arena, rq->conf, rq->writer, &request, code, &err, kol_wall_ms(), &a);
    kol_info("self-test callback status=%d%s%s", a.status, code == KOL_OK ? "" : ": ",
             code == KOL_OK ? "" : err.msg);
    const char *body = kol_arena_str(rq->arena, a.body);
    kol_answer_bytes(rq, a.status, a.content_type, body ? body : "", body ? strlen(body) : 0);
}
