/* media.c - see media.h. */
#include "base/media.h"
#include "base/cleanup.h"
#include "serve/media.h"
#include "serve/range.h"
#include <sys/stat.h>
#include <unistd.h>

struct sent_file {
    uint64_t size;
    enum kol_media kind;
    struct kol_validator validator;
};

static enum kol_code look_at(struct kol_request *rq, const struct kol_media_file *file,
                             struct sent_file *ret, struct kol_err *err)
{
    unsigned char head[KOL_MEDIA_HEAD_BYTES];
    struct stat st;

    if (fstat(file->fd, &st) < 0)
        return kol_fail(err, KOL_IO, "stat the recording: %m");
    ssize_t got = pread(file->fd, head, sizeof head, 0);
    if (got < 0)
        return kol_fail(err, KOL_IO, "read the recording: %m");
    *ret = (struct sent_file){
        .size = (uint64_t)st.st_size,
        .kind = kol_media_sniff(head, (size_t)got),
        .validator.changed_at_ms = st.st_mtim.tv_sec * 1000,
    };
    /* Without a digest the tag is none that any request can name. */
    ret->validator.etag = file->sha256 ? kol_arena_fmt(rq->arena, "\"%.32s\"", file->sha256) : NULL;
    return KOL_OK;
}

static void add_file_headers(struct kol_request *rq, const struct sent_file *f, const char *save_as)
{
    char *date = kol_arena_alloc(rq->arena, KOL_HTTP_DATE_TEXT);

    if (f->validator.etag)
        kol_answer_header(rq, "ETag", f->validator.etag);
    if (date) {
        kol_http_date(f->validator.changed_at_ms, date);
        kol_answer_header(rq, "Last-Modified", date);
    }
    kol_answer_header(rq, "Accept-Ranges", "bytes");
    /* A better recording of the call may replace the file: ask again each time, the tag is cheap.
     */
    kol_answer_header(rq, "Cache-Control", "private, no-cache");
    if (save_as)
        kol_answer_header(rq, "Content-Disposition",
                          kol_arena_fmt(rq->arena, "attachment; filename=\"%s.%s\"", save_as,
                                        f->kind ? kol_media_ext(f->kind) : "bin"));
}

static bool not_modified(struct kol_request *rq, const struct sent_file *f)
{
    return f->validator.etag &&
           kol_not_modified(kol_request_header(rq, "If-None-Match"),
                            kol_request_header(rq, "If-Modified-Since"), &f->validator);
}

static const char *range_of(struct kol_request *rq, const struct sent_file *f)
{
    const char *range = kol_request_header(rq, "Range");
    const char *condition = kol_request_header(rq, "If-Range");

    if (!range || !condition)
        return range;
    return f->validator.etag && kol_if_range_holds(condition, &f->validator) ? range : NULL;
}

/* Takes over the descriptor when the answer is bytes of the file. */
static void answer_bytes(struct kol_request *rq, const struct sent_file *f, int *fd)
{
    uint64_t first = 0, last = 0;
    enum kol_range_result range = kol_range_parse(range_of(rq, f), f->size, &first, &last);

    if (range == KOL_RANGE_UNSATISFIABLE) {
        kol_answer_header(rq, "Content-Range",
                          kol_arena_fmt(rq->arena, "bytes */%llu", (unsigned long long)f->size));
        kol_answer_error(rq, 416, "range", "the file has %llu bytes", (unsigned long long)f->size);
        return;
    }
    if (range == KOL_RANGE_PART)
        kol_answer_header(rq, "Content-Range",
                          kol_arena_fmt(rq->arena, "bytes %llu-%llu/%llu",
                                        (unsigned long long)first, (unsigned long long)last,
                                        (unsigned long long)f->size));
    kol_answer_bytes(rq, range == KOL_RANGE_PART ? 206 : 200, kol_media_content_type(f->kind), NULL,
                     range == KOL_RANGE_PART ? last - first + 1 : f->size);
    rq->answer.fd = *fd;
    rq->answer.offset = first;
    *fd = -1;
}

void kol_media_answer(struct kol_request *rq, const struct kol_media_file *file)
{
    KOL_CLEANUP(kol_close_fd) int fd = file->fd;
    struct sent_file f = {0};
    struct kol_err err;

    if (look_at(rq, file, &f, &err) != KOL_OK) {
        kol_answer_err(rq, &err);
        return;
    }
    add_file_headers(rq, &f, file->save_as);
    if (not_modified(rq, &f)) {
        kol_answer_bytes(rq, 304, NULL, "", 0);
        return;
    }
    answer_bytes(rq, &f, &fd);
}
