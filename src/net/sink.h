/*
 * sink.h - where the body of an answer goes: memory or a file, within a limit. Private to http.c.
 */
#ifndef KOL_NET_SINK_H
#define KOL_NET_SINK_H

#include "base/str.h"
#include "net/http.h"

enum kol_sink_state {
    KOL_SINK_OPEN,
    KOL_SINK_FULL,  /* enough of an error page: the rest is not wanted, and that is fine */
    KOL_SINK_FAILED /* code and err say why */
};

struct kol_sink {
    const struct kol_http_request *request;
    struct kol_err *err;
    enum kol_sink_state state;
    enum kol_code code;
    uint64_t bytes;      /* that came */
    uint64_t offset;     /* that were there before: they count towards most_bytes */
    uint64_t most_bytes; /* of a good answer */
    bool inspected;
    char head[KOL_HTTP_HEAD_BYTES]; /* kept back until inspected */
    size_t head_len;
    struct kol_str memory;
};

void kol_sink_init(struct kol_sink *s, const struct kol_http_request *request, struct kol_err *err);
void kol_sink_done(struct kol_sink *s);
/* declared_bytes: of Content-Length, -1 when unknown. False: stop, state says why. */
bool kol_sink_take(struct kol_sink *s, bool good, int64_t declared_bytes, const char *data,
                   size_t len);
/* At the end of a whole answer. */
bool kol_sink_finish(struct kol_sink *s, bool good);

#endif
