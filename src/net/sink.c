/* sink.c - see sink.h. */
#include "net/sink.h"
#include <string.h>

enum { DEFAULT_MOST = 64 * 1024, ERROR_PAGE_MOST = 64 * 1024 };

void kol_sink_init(struct kol_sink *s, const struct kol_http_request *request, struct kol_err *err)
{
    uint64_t most = request->max_response_bytes ? request->max_response_bytes : DEFAULT_MOST;

    *s = (struct kol_sink){.request = request, .err = err, .most_bytes = most};
    kol_str_init(&s->memory, most > ERROR_PAGE_MOST ? most : ERROR_PAGE_MOST);
}

void kol_sink_done(struct kol_sink *s)
{
    kol_str_done(&s->memory);
}

static bool failed(struct kol_sink *s, enum kol_code code)
{
    s->state = KOL_SINK_FAILED;
    s->code = code;
    return false;
}

static bool too_large(struct kol_sink *s)
{
    return failed(s, kol_fail(s->err, KOL_TOO_LARGE, "the answer is longer than %llu bytes",
                              (unsigned long long)s->most_bytes));
}

static bool store(struct kol_sink *s, const char *data, size_t len)
{
    if (s->request->part) {
        enum kol_code code = kol_part_write(s->request->part, data, len, s->err);
        return code == KOL_OK || failed(s, code);
    }
    kol_str_add_bytes(&s->memory, data, len);
    if (kol_str_failed(&s->memory))
        return failed(s, kol_fail(s->err, KOL_NO_MEMORY, "out of memory"));
    return true;
}

/* Shows the first bytes to the caller; only then may they be stored. */
static bool inspect(struct kol_sink *s)
{
    s->inspected = true;
    if (s->request->inspect) {
        enum kol_code code =
            s->request->inspect(s->request->inspect_user, s->head, s->head_len, s->err);
        if (code != KOL_OK)
            return failed(s, code);
    }
    return store(s, s->head, s->head_len);
}

/* The reason for a failure, not a result: its beginning is enough. */
static bool take_error_page(struct kol_sink *s, const char *data, size_t len)
{
    size_t room = ERROR_PAGE_MOST - s->memory.len;

    kol_str_add_bytes(&s->memory, data, len < room ? len : room);
    if (len > room)
        s->state = KOL_SINK_FULL;
    return s->state == KOL_SINK_OPEN;
}

bool kol_sink_take(struct kol_sink *s, bool good, int64_t declared_bytes, const char *data,
                   size_t len)
{
    s->bytes += len;
    if (!good)
        return take_error_page(s, data, len);
    if (s->offset + s->bytes > s->most_bytes ||
        (declared_bytes > 0 && s->offset + (uint64_t)declared_bytes > s->most_bytes))
        return too_large(s);

    if (!s->inspected) {
        size_t room = sizeof s->head - s->head_len;
        size_t part = len < room ? len : room;
        memcpy(s->head + s->head_len, data, part);
        s->head_len += part;
        if (s->head_len < sizeof s->head)
            return true;
        if (!inspect(s))
            return false;
        data += part;
        len -= part;
    }
    return len == 0 || store(s, data, len);
}

bool kol_sink_finish(struct kol_sink *s, bool good)
{
    bool no_body = kol_streq(s->request->method, "HEAD");

    return !good || no_body || s->inspected || inspect(s);
}
