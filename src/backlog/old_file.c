/* old_file.c - see table.h: recordings of a folder, found and copied. */
#include "backlog/table.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/media.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };

/* A name within the folder and nothing else. */
static bool is_plain_name(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 200;
}

/* A regular file or nothing; links out of the folder are not followed. */
static int open_old(const char *path, int64_t *ret_bytes)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *ret_bytes = st.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool look_into(const struct kol_table *t, int fd, struct kol_old_file *file)
{
    char head[KOL_MEDIA_HEAD_BYTES];
    const ssize_t n = pread(fd, head, sizeof head, 0);
    const enum kol_media media = kol_media_sniff(head, n > 0 ? (size_t)n : 0);

    if (media == KOL_MEDIA_UNKNOWN)
        return kol_table_refuse(t, KOL_OLD_FILE, "%.100s is no audio but %s",
                                strrchr(file->path, '/') + 1,
                                kol_media_guess(head, n > 0 ? (size_t)n : 0));
    if (file->bytes > t->o->conf->max_recording_bytes)
        return kol_table_refuse(t, KOL_OLD_FILE, "larger than max_recording_bytes");
    file->media = kol_media_ext(media);
    return true;
}

/* The first of the names that is there. */
static int open_any(const struct kol_table *t, const char *call_id, struct kol_old_file *file)
{
    for (int kind = KOL_MEDIA_UNKNOWN + 1; kind < KOL_MEDIA_COUNT; kind++) {
        file->path = kol_arena_fmt(t->arena, "%s/%s.%s", t->o->dir, call_id,
                                   kol_media_ext((enum kol_media)kind));
        const int fd = file->path ? open_old(file->path, &file->bytes) : -1;
        if (fd >= 0)
            return fd;
    }
    file->path = NULL;
    return -1;
}

bool kol_old_file_find(const struct kol_table *t, const char *call_id, struct kol_old_file *ret)
{
    KOL_CLEANUP(kol_close_fd) int fd = -1;
    const char *name = kol_table_get(t, KOL_OLD_FILE);

    *ret = (struct kol_old_file){0};
    if (name && !is_plain_name(name))
        return kol_table_refuse(t, KOL_OLD_FILE, "not the name of a file within the folder");
    if (!t->o->dir)
        return true;
    if (name) {
        ret->path = kol_arena_fmt(t->arena, "%s/%s", t->o->dir, name);
        fd = ret->path ? open_old(ret->path, &ret->bytes) : -1;
        if (fd < 0)
            return kol_table_refuse(t, KOL_OLD_FILE, "there is no file %.100s in the folder", name);
    } else if (is_plain_name(call_id)) {
        fd = open_any(t, call_id, ret);
    }
    return fd < 0 || look_into(t, fd, ret);
}

/* ---- copying ---- */

static enum kol_code check_disk(const struct kol_conf *conf, int64_t bytes, struct kol_err *err)
{
    struct statvfs st;

    if (conf->disk_floor_bytes <= 0 || statvfs(conf->data_dir, &st) < 0)
        return KOL_OK;
    if ((int64_t)((uint64_t)st.f_bavail * st.f_frsize) - bytes >= conf->disk_floor_bytes)
        return KOL_OK;
    return kol_fail(err, KOL_DISK_FULL,
                    "less than disk_floor_bytes would be free where the recordings lie");
}

static enum kol_code pour(const char *from, struct kol_part *part, int64_t bytes,
                          struct kol_err *err)
{
    KOL_CLEANUP(kol_close_fd) int fd = -1;
    KOL_CLEANUP(kol_free_str) char *piece = malloc(PIECE);
    int64_t had = 0, done = 0;

    fd = open_old(from, &had);
    if (!piece)
        return kol_fail(err, KOL_NO_MEMORY, "copy a recording: out of memory");
    if (fd < 0)
        return kol_fail(err, KOL_IO, "open %s: %s", from, strerror(errno));
    for (;;) {
        const ssize_t n = read(fd, piece, PIECE);

        if (n < 0)
            return kol_fail(err, KOL_IO, "read %s: %s", from, strerror(errno));
        if (n == 0)
            break;
        done += n;
        const enum kol_code code = kol_part_write(part, piece, (size_t)n, err);
        if (code != KOL_OK)
            return code;
    }
    if (done != bytes)
        return kol_fail(err, KOL_IO, "%s changed while it was copied", from);
    return KOL_OK;
}

static void done_part(struct kol_part *part)
{
    kol_part_done(part);
}

enum kol_code kol_old_file_copy(const struct kol_table *t, const char *call_sid,
                                struct kol_old_file *file, struct kol_err *err)
{
    KOL_CLEANUP(done_part) struct kol_part part = {.fd = -1};
    const char *folder = kol_arena_fmt(t->arena, "%s/recordings", t->o->conf->data_dir);
    const char *name = kol_arena_fmt(t->arena, "recordings/%s.%s", call_sid, file->media);
    const char *path = kol_arena_fmt(t->arena, "%s/%s", t->o->conf->data_dir, name ? name : "");

    if (!folder || !name || !path)
        return kol_fail(err, KOL_NO_MEMORY, "copy a recording: out of memory");
    file->audio_file = name;
    if (t->o->dry_run)
        return KOL_OK;
    enum kol_code code = kol_mkdir_p(folder, 0700, err);
    if (code == KOL_OK)
        code = check_disk(t->o->conf, file->bytes, err);
    if (code == KOL_OK)
        code = kol_part_open(&part, path, err);
    if (code == KOL_OK)
        code = pour(file->path, &part, file->bytes, err);
    if (code == KOL_OK)
        code = kol_file_sha256(part.part_path, file->sha256, err);
    return code == KOL_OK ? kol_part_publish(&part, path, err) : code;
}
