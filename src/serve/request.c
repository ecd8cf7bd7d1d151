/* request.c - see request.h. */
#include "serve/request.h"
#include "base/log.h"
#include "base/str.h"
#include <stdarg.h>
#include <string.h>
#include <strings.h>

const char *kol_request_arg(const struct kol_request *rq, const char *name)
{
    return kol_params_get(&rq->query, name);
}

bool kol_request_int_arg(struct kol_request *rq, const char *name, int64_t missing, int64_t least,
                         int64_t most, int64_t *ret)
{
    const char *text = kol_request_arg(rq, name);

    if (kol_str_empty(text)) {
        *ret = missing;
        return true;
    }
    if (kol_parse_i64(text, ret) && *ret >= least && *ret <= most)
        return true;
    kol_answer_error(rq, 400, "bad_input", "%s must be a whole number from %lld to %lld", name,
                     (long long)least, (long long)most);
    return false;
}

/* A page of another site can send a form or text/plain without asking; JSON it cannot. */
static bool says_json(const struct kol_request *rq)
{
    const char *type = kol_request_header(rq, "Content-Type");
    size_t len = strlen("application/json");

    return type && strncasecmp(type, "application/json", len) == 0 &&
           (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

json_t *kol_request_json(struct kol_request *rq)
{
    struct kol_err err;
    json_t *json = NULL;

    if (!says_json(rq)) {
        kol_answer_error(rq, 415, "bad_input", "send the body as application/json");
        return NULL;
    }
    enum kol_code code = kol_json_parse(rq->body, rq->body_len, &json, &err);
    if (code != KOL_OK) {
        kol_answer_err(rq, &err);
        return NULL;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        kol_answer_error(rq, 400, "bad_input", "the body must be a JSON object");
        return NULL;
    }
    return json;
}

bool kol_request_may_see(const struct kol_request *rq, int64_t business_id)
{
    if (!rq->known)
        return false;
    return rq->who.business_id == 0 || rq->who.business_id == business_id;
}

struct kol_db *kol_request_db(struct kol_request *rq)
{
    struct kol_err err;
    struct kol_db *db = kol_reader_borrow(rq->writer, &err);

    if (!db)
        kol_answer_err(rq, &err);
    return db;
}

void kol_answer_header(struct kol_request *rq, const char *name, const char *value)
{
    struct kol_answer *a = &rq->answer;

    if (!value || a->header_count == KOL_ANSWER_HEADERS)
        return;
    a->headers[a->header_count++] = (struct kol_answer_header){name, value};
}

void kol_answer_bytes(struct kol_request *rq, int status, const char *type, const void *bytes,
                      size_t len)
{
    rq->answer.status = status;
    rq->answer.bytes = bytes;
    rq->answer.len = len;
    kol_answer_header(rq, "Content-Type", type);
}

void kol_answer_json(struct kol_request *rq, int status, json_t *json)
{
    KOL_JSON owned = json;
    const char *text = owned ? kol_json_text(rq->arena, owned) : NULL;

    if (!text) { /* out of memory: say so without needing any */
        static const char plain[] =
            "{\"error\":{\"code\":\"no_memory\",\"message\":\"out of memory\"}}";
        kol_answer_header(rq, "Retry-After", "5");
        kol_answer_bytes(rq, 503, "application/json", plain, sizeof plain - 1);
        return;
    }
    kol_answer_bytes(rq, status, "application/json", text, strlen(text));
}

static json_t *error_json(const char *code, const char *message)
{
    json_t *inner = json_object(), *outer = json_object();

    kol_json_set_str(inner, "code", code);
    kol_json_set_str(inner, "message", message);
    kol_json_set(outer, "error", inner);
    return outer;
}

void kol_answer_error(struct kol_request *rq, int status, const char *code, const char *fmt, ...)
{
    char message[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    kol_answer_json(rq, status, error_json(code, message));
}

void kol_answer_err(struct kol_request *rq, const struct kol_err *err)
{
    int status = kol_code_http(err->code);

    if (status == 503 || status == 429)
        kol_answer_retry_after(rq, 5000);
    if (status >= 500)
        kol_warn("request failed id=%llu code=%s: %s", (unsigned long long)rq->id,
                 kol_code_name(err->code), err->msg);
    kol_answer_error(rq, status, kol_code_name(err->code), "%s", err->msg);
}

void kol_answer_not_found(struct kol_request *rq, const char *what)
{
    kol_answer_error(rq, 404, "not_found", "no such %s", what);
}

void kol_answer_retry_after(struct kol_request *rq, int64_t wait_ms)
{
    int64_t seconds = wait_ms > 1000 ? (wait_ms + 999) / 1000 : 1;
    kol_answer_header(rq, "Retry-After", kol_arena_fmt(rq->arena, "%lld", (long long)seconds));
}

void kol_request_change(struct kol_request *rq, kol_write_fn fn, void *arg,
                        kol_answer_fn on_written)
{
    rq->op.fn = fn;
    rq->op.arg = arg;
    rq->on_written = on_written;
}
