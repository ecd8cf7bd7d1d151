/* takeover.c - see takeover.h: the two files, line by line. */
#include "backlog/takeover.h"
#include "backlog/table.h"
#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, LINE_BYTES = 64 * 1024 * 1024 };

typedef enum kol_code (*line_fn)(struct kol_table *t, struct kol_err *err);

/* A file being read. */
struct reading {
    struct kol_table table;
    line_fn line;
    enum kol_old_column needs[2]; /* one of these columns must be there */
    int64_t done, total;
};

static enum kol_code check_header(const struct reading *r, struct kol_err *err)
{
    const struct kol_table *t = &r->table;

    if (t->at[r->needs[0]] < 0 && t->at[r->needs[1]] < 0)
        return kol_fail(err, KOL_BAD_INPUT, "%s has neither a column '%s' nor '%s'", t->file,
                        kol_old_name(r->needs[0]), kol_old_name(r->needs[1]));
    return KOL_OK;
}

static enum kol_code take_row(void *user, const struct kol_csv_row *row, struct kol_err *err)
{
    struct reading *r = user;
    struct kol_table *t = &r->table;
    const bool calls = r->line == kol_old_call;
    enum kol_code code = KOL_OK;

    if (t->o->stop && atomic_load(t->o->stop))
        return kol_fail(err, KOL_CANCELLED, "stopped");
    t->line = row->line;
    t->row = row;
    if (t->columns == 0) {
        code = kol_table_header(t, row, err);
        return code == KOL_OK ? check_header(r, err) : code;
    }
    if (!row->fault && row->count <= t->columns) {
        kol_arena_reset(t->arena);
        code = r->line(t, err);
    } else {
        kol_table_refuse(t, KOL_OLD_COUNT, "%s",
                         row->fault ? row->fault : "more fields than the first line has names");
        *(calls ? &t->count->calls : &t->count->leads) += 1;
        *(calls ? &t->count->calls_refused : &t->count->leads_refused) += 1;
    }
    if (code == KOL_OK && t->o->tell)
        t->o->tell(t->o->arg, r->done, r->total, t->count);
    return code;
}

static enum kol_code read_pieces(struct reading *r, int fd, struct kol_err *err)
{
    KOL_CSV csv = kol_csv_new(take_row, r);
    KOL_CLEANUP(kol_free_str) char *piece = malloc(PIECE);
    enum kol_code code = KOL_OK;

    if (!csv || !piece)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", r->table.file);
    while (code == KOL_OK) {
        const ssize_t n = read(fd, piece, PIECE);

        if (n < 0)
            return kol_fail(err, KOL_IO, "read %s: %s", r->table.file, strerror(errno));
        if (n == 0)
            return kol_csv_end(csv, err);
        r->done += n;
        code = kol_csv_feed(csv, piece, (size_t)n, err);
    }
    return code;
}

static enum kol_code read_file(const struct kol_takeover *o, const char *path, line_fn line,
                               struct kol_takeover_count *count, struct kol_err *err)
{
    KOL_ARENA arena = kol_arena_new(LINE_BYTES);
    KOL_CLEANUP(kol_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool calls = line == kol_old_call;
    struct reading r = {
        .table = {.o = o, .count = count, .file = path, .arena = arena},
        .line = line,
        .needs = {calls ? KOL_OLD_CALL_SID : KOL_OLD_ID, calls ? KOL_OLD_FILE : KOL_OLD_PHONE},
    };
    struct stat st;

    if (!arena)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", path);
    if (fd < 0 || fstat(fd, &st) < 0)
        return kol_fail(err, errno == ENOENT ? KOL_NOT_FOUND : KOL_IO, "open %s: %s", path,
                        strerror(errno));
    r.total = st.st_size;
    enum kol_code code = read_pieces(&r, fd, err);
    if (code == KOL_OK && r.table.columns == 0)
        return kol_fail(err, KOL_BAD_INPUT, "%s is empty: its first line names the columns", path);
    return code;
}

enum kol_code kol_takeover_run(const struct kol_takeover *o, struct kol_takeover_count *ret,
                               struct kol_err *err)
{
    struct stat st;
    enum kol_code code = KOL_OK;

    *ret = (struct kol_takeover_count){0};
    if (o->dir && (stat(o->dir, &st) < 0 || !S_ISDIR(st.st_mode)))
        return kol_fail(err, KOL_NOT_FOUND, "there is no folder %s", o->dir);
    if (o->leads) /* first: calls belong to them */
        code = read_file(o, o->leads, kol_old_lead, ret, err);
    if (code == KOL_OK && o->calls)
        code = read_file(o, o->calls, kol_old_call, ret, err);
    return code;
}
