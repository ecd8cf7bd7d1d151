/* resume.c - see resume.h. */
#include "recording/resume.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "recording/service.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { NOTE_BYTES = 4096, KEPT_MS = 3 * 24 * 3600 * 1000 };

static const char mark[] = ".resume", note_mark[] = ".resume.json";

static enum kol_code fail_errno(const struct kol_resume *r, const char *doing, struct kol_err *err)
{
    int e = errno;
    return kol_fail(err, kol_code_from_errno(e), "%s %s: %s", doing, r->part.part_path,
                    strerror(e));
}

/* ---- the note ---- */

static void write_note(const struct kol_resume *r, int64_t synced_bytes)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_JSON json = json_object();
    struct kol_err err;

    kol_json_set_str(json, "form", r->form);
    kol_json_set_str(json, "validator", r->validator);
    kol_json_set_str(json, "boot_id", kol_boot_id());
    kol_json_set_int(json, "synced_bytes", synced_bytes);
    const char *text = a ? kol_json_text(a, json) : NULL;
    if (text && kol_file_write_atomic(r->note_path, text, strlen(text), &err) != KOL_OK)
        kol_debug("a cut download cannot be gone on with: %s", err.msg);
}

/* How many of the file's bytes the note vouches for; 0 when it does not know this form. */
static int64_t read_note(struct kol_resume *r, int64_t file_bytes)
{
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    KOL_JSON json = NULL;
    size_t len = 0;

    if (kol_file_read(r->note_path, NOTE_BYTES, &text, &len, NULL) != KOL_OK ||
        kol_json_parse(text, len, &json, NULL) != KOL_OK)
        return 0;
    const char *validator = kol_json_get_str(json, "validator");
    if (!kol_streq(kol_json_get_str(json, "form"), r->form) || kol_str_empty(validator) ||
        strlen(validator) >= sizeof r->validator)
        return 0;
    snprintf(r->validator, sizeof r->validator, "%s", validator);
    int64_t synced = kol_json_get_int(json, "synced_bytes", 0);
    bool same_boot = kol_streq(kol_json_get_str(json, "boot_id"), kol_boot_id());
    if (same_boot)
        return file_bytes;
    return synced > 0 && synced <= file_bytes ? synced : 0;
}

/* ---- the file ---- */

static enum kol_code cut_to(struct kol_resume *r, int64_t bytes, struct kol_err *err)
{
    if (ftruncate(r->part.fd, bytes) < 0 || lseek(r->part.fd, bytes, SEEK_SET) < 0)
        return fail_errno(r, "cut", err);
    r->bytes = bytes;
    return KOL_OK;
}

enum kol_code kol_resume_restart(struct kol_resume *r, struct kol_err *err)
{
    r->validator[0] = '\0';
    if (unlink(r->note_path) < 0 && errno != ENOENT)
        return fail_errno(r, "forget", err);
    return cut_to(r, 0, err);
}

enum kol_code kol_resume_open(struct kol_resume *r, const char *folder, const char *recording_sid,
                              const char *form, struct kol_err *err)
{
    struct stat st;

    *r = (struct kol_resume){.part = {.fd = -1}, .form = form};
    if (asprintf(&r->part.part_path, "%s/%s%s", folder, recording_sid, mark) < 0)
        r->part.part_path = NULL;
    if (asprintf(&r->note_path, "%s/%s%s", folder, recording_sid, note_mark) < 0)
        r->note_path = NULL;
    if (!r->part.part_path || !r->note_path)
        return kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");

    r->part.fd = kol_sys->open(r->part.part_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (r->part.fd < 0)
        return fail_errno(r, "open", err);
    if (flock(r->part.fd, LOCK_EX | LOCK_NB) < 0 || fstat(r->part.fd, &st) < 0)
        return fail_errno(r, "lock", err);
    r->ours = true;
    int64_t bytes = read_note(r, st.st_size);
    return bytes > 0 ? cut_to(r, bytes, err) : kol_resume_restart(r, err);
}

enum kol_code kol_resume_begin(void *user, int64_t from, const char *validator, struct kol_err *err)
{
    struct kol_resume *r = user;

    if (from > 0) {
        kol_info("the download goes on after %lld bytes", (long long)from);
        return KOL_OK;
    }
    enum kol_code code = kol_resume_restart(r, err);
    if (code == KOL_OK && validator) {
        snprintf(r->validator, sizeof r->validator, "%s", validator);
        write_note(r, 0);
    }
    return code;
}

static bool can_go_on(const struct kol_resume *r)
{
    struct stat st;

    if (r->part.fd < 0 || !r->validator[0] || fstat(r->part.fd, &st) < 0 || st.st_size == 0 ||
        kol_sys->fsync(r->part.fd) < 0)
        return false;
    write_note(r, st.st_size);
    return true;
}

void kol_resume_close(struct kol_resume *r, bool keep)
{
    bool stays = !r->ours || (keep && can_go_on(r));

    if (!stays)
        unlink(r->note_path);
    if (stays) { /* closed, not removed */
        free(r->part.part_path);
        r->part.part_path = NULL;
    }
    kol_part_done(&r->part);
    free(r->note_path);
    *r = (struct kol_resume){.part = {.fd = -1}};
}

/* ---- what is left behind ---- */

static bool ends_with(const char *name, const char *tail)
{
    size_t len = strlen(name), tail_len = strlen(tail);
    return len > tail_len && strcmp(name + len - tail_len, tail) == 0;
}

static bool is_old(int folder, const char *name)
{
    struct stat st;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return false;
    return kol_wall_ms() - (int64_t)st.st_mtim.tv_sec * 1000 > KEPT_MS;
}

int kol_recording_sweep(const char *folder)
{
    int removed = kol_part_sweep(folder);
    DIR *dir = opendir(folder);

    if (!dir)
        return removed;
    for (struct dirent *e; (e = readdir(dir));) {
        bool ours = ends_with(e->d_name, mark) || ends_with(e->d_name, note_mark);
        if (ours && is_old(dirfd(dir), e->d_name))
            removed += unlinkat(dirfd(dir), e->d_name, 0) == 0;
    }
    closedir(dir);
    return removed;
}
