/* media.c - see fetch.h: one try for the media, into a file that is complete or absent. */
#include "base/media.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/envelope.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "recording/fetch.h"
#include "recording/resume.h"
#include "store/business.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* One request for the media, and what came of it. */
struct attempt {
    struct kol_fetch *f;
    struct kol_resume resume;
    struct kol_rest_recording details; /* of what is elsewhere or encrypted */
    const char *elsewhere;             /* NULL: at Twilio */
    bool two_channels;
    struct kol_http_response response;
    size_t head_len;   /* of what is no audio */
    const char *guess; /* what it is */
};

/* An error page with status 200 must never become a call's recording: bytes decide, not headers.
 * What is encrypted is looked at when it is decrypted. */
static enum kol_code inspect(void *user, const void *head, size_t len, struct kol_err *err)
{
    struct attempt *t = user;

    t->head_len = len;
    if (t->f->plan.encrypted || kol_media_sniff(head, len) != KOL_MEDIA_UNKNOWN)
        return KOL_OK;
    t->guess = kol_arena_fmt(t->f->run->arena, "not audio but %s", kol_media_guess(head, len));
    return kol_fail(err, KOL_BAD_MEDIA, "what came is %s", t->guess ? t->guess : "not audio");
}

static enum kol_code check_disk(const struct kol_conf *conf, struct kol_err *err)
{
    struct statvfs st;

    if (conf->disk_floor_bytes <= 0 || statvfs(conf->data_dir, &st) < 0)
        return KOL_OK;
    uint64_t free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    if (free_bytes >= (uint64_t)conf->disk_floor_bytes)
        return KOL_OK;
    return kol_fail(err, KOL_DISK_FULL,
                    "%llu MiB are free where the recordings lie, less than disk_floor_bytes",
                    (unsigned long long)(free_bytes >> 20));
}

/* ---- asking ---- */

/* Both channels tell who speaks; what has one channel is not asked for two. */
static bool wants_two(const struct kol_fetch *f)
{
    return f->call->channels != 1 && !f->plan.as_recorded && !f->plan.elsewhere;
}

/* What is elsewhere or encrypted: its resource is read again, for such addresses expire. */
static enum kol_code read_details(struct attempt *t, struct kol_err *err)
{
    struct kol_fetch *f = t->f;

    if (!f->plan.elsewhere && !f->plan.encrypted)
        return KOL_OK;
    enum kol_code code = kol_twilio_recording(f->run->arena, f->run->state, f->ref.account_sid,
                                              f->ref.recording_sid, &t->details, err);
    if (code == KOL_OK)
        code =
            kol_twilio_media_place(f->run->arena, f->run->state, &t->details, &t->elsewhere, err);
    if (code == KOL_OK &&
        f->plan.encrypted) /* before the download: without a key it is for nothing */
        code = kol_fetch_find_key(f, &t->details, err);
    return code;
}

static enum kol_code ask(struct attempt *t, struct kol_err *err)
{
    struct kol_fetch *f = t->f;
    const struct kol_http_resume resume = {
        .from = t->resume.bytes,
        .validator = t->resume.validator,
        .begin = kol_resume_begin,
        .user = &t->resume,
    };
    const struct kol_media_request request = {
        .account_sid = f->ref.account_sid,
        .recording_sid = f->ref.recording_sid,
        .format = f->plan.format,
        .two_channels = t->two_channels,
        .elsewhere = t->elsewhere,
        .max_bytes = (uint64_t)f->run->env->conf->max_recording_bytes,
        .part = &t->resume.part,
        .resume = &resume,
        .inspect = inspect,
        .inspect_user = t,
    };

    kol_log_event(KOL_EV_TRYING_FORMAT, f->plan.format + 1);
    enum kol_code code =
        kol_twilio_media(f->run->arena, f->run->state, &request, &t->response, err);
    if (t->response.status)
        kol_log_event(KOL_EV_DOWNLOAD_STATUS, t->response.status, (long long)t->response.bytes);
    else if (code == KOL_BAD_MEDIA)
        kol_log_event(KOL_EV_DOWNLOAD_STATUS, 200, (long long)t->head_len);
    return code;
}

/* The server would not go on where we left off: from the beginning, at once. */
static bool must_restart(const struct attempt *t, enum kol_code code)
{
    return code == KOL_HTTP_STATUS && t->resume.bytes > 0 &&
           (t->response.mismatched || t->response.status == 416);
}

static enum kol_code download(struct attempt *t, struct kol_err *err)
{
    struct kol_fetch *f = t->f;
    const char *folder = kol_arena_fmt(f->run->arena, "%s/recordings", f->run->env->conf->data_dir);
    const char *form = kol_arena_fmt(f->run->arena, "%d/%d/%d", f->plan.format, t->two_channels,
                                     f->plan.elsewhere);

    if (!folder || !form)
        return kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
    enum kol_code code = kol_resume_open(&t->resume, folder, f->ref.recording_sid, form, err);
    if (code == KOL_OK)
        code = ask(t, err);
    if (!must_restart(t, code))
        return code;
    code = kol_resume_restart(&t->resume, err);
    return code == KOL_OK ? ask(t, err) : code;
}

/* ---- what came ---- */

static ssize_t read_head(const char *path, char *ret, size_t size)
{
    KOL_CLEANUP(kol_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -1 : pread(fd, ret, size, 0);
}

/* Audio of a known kind, in a file that is whole: gives it its name. */
static enum kol_code publish(struct attempt *t, struct kol_part *part, int64_t bytes,
                             struct kol_err *err)
{
    struct kol_fetch *f = t->f;
    struct kol_arena *a = f->run->arena;
    char head[KOL_MEDIA_HEAD_BYTES], *sha256 = kol_arena_alloc(a, 65);
    ssize_t len = read_head(part->part_path, head, sizeof head);

    if (len < 0)
        return kol_fail(err, KOL_IO, "read what came: %s", strerror(errno));
    enum kol_media kind = kol_media_sniff(head, (size_t)len);
    if (kind == KOL_MEDIA_UNKNOWN) {
        t->guess = kol_arena_fmt(a, "not audio but %s", kol_media_guess(head, (size_t)len));
        return kol_fail(err, KOL_BAD_MEDIA, "what came is no audio");
    }
    const char *name = kol_arena_fmt(a, "recordings/%s.%s", f->call->call_sid, kol_media_ext(kind));
    const char *path = name ? kol_arena_fmt(a, "%s/%s", f->run->env->conf->data_dir, name) : NULL;
    if (!sha256 || !path)
        return kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
    enum kol_code code = kol_file_sha256(part->part_path, sha256, err);
    if (code == KOL_OK)
        code = kol_part_publish(part, path, err);
    if (code == KOL_OK)
        f->file = (struct kol_fetched_file){name, bytes, sha256};
    return code;
}

static void done_part(struct kol_part *part)
{
    kol_part_done(part);
}

/* The decrypted file is thrown away unless all of it was verified. */
static enum kol_code decrypt(struct attempt *t, struct kol_err *err)
{
    KOL_CLEANUP(done_part) struct kol_part plain = {.fd = -1};
    struct kol_fetch *f = t->f;
    const struct kol_envelope envelope = {
        .key_file = f->key_file, .wrapped_key = t->details.encrypted_cek, .iv = t->details.iv};
    const char *path = kol_arena_fmt(f->run->arena, "%s/recordings/%s", f->run->env->conf->data_dir,
                                     f->call->call_sid);
    int64_t bytes = 0;

    if (!path)
        return kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
    enum kol_code code = kol_part_open(&plain, path, err);
    if (code == KOL_OK)
        code = kol_envelope_open(&envelope, t->resume.part.fd, &plain, &bytes, err);
    if (code == KOL_BAD_MEDIA)
        t->guess = kol_arena_str(f->run->arena, err->msg);
    return code == KOL_OK ? publish(t, &plain, bytes, err) : code;
}

static enum kol_code take(struct attempt *t, struct kol_err *err)
{
    int64_t bytes = (int64_t)(t->response.offset + t->response.bytes);

    kol_log_event(KOL_EV_DOWNLOADED, (long long)bytes);
    return t->f->plan.encrypted ? decrypt(t, err) : publish(t, &t->resume.part, bytes, err);
}

/* What is left of a cut download is worth keeping; what fills the disk is not. */
static bool worth_keeping(enum kol_code code)
{
    enum kol_next next = kol_code_next(code);

    return code != KOL_IO && code != KOL_DISK_FULL &&
           (next == KOL_NEXT_RETRY || next == KOL_NEXT_PAUSE || next == KOL_NEXT_STOP);
}

/* What the plan is told; failures stay failures. */
static enum kol_code judge(struct attempt *t, enum kol_code code, enum kol_seen *ret)
{
    if (code == KOL_OK) {
        *ret = KOL_SEEN_FILE;
        return KOL_OK;
    }
    if (code == KOL_NOT_FOUND) {
        t->f->given = "404";
        *ret = KOL_SEEN_NOT_FOUND;
        return KOL_OK;
    }
    if (code == KOL_HTTP_STATUS && t->response.status == 400 && t->two_channels) {
        kol_info("two channels cannot be had of this recording (400 to RequestedChannels=2): "
                 "it is fetched as it was recorded");
        *ret = KOL_SEEN_NO_CHANNELS;
        return KOL_OK;
    }
    if (code == KOL_BAD_MEDIA) {
        t->f->given = t->guess ? t->guess : "not audio";
        *ret = KOL_SEEN_BAD_MEDIA;
        return KOL_OK;
    }
    return code;
}

enum kol_code kol_fetch_media(struct kol_fetch *f, enum kol_seen *ret, struct kol_err *err)
{
    struct attempt t = {.f = f, .resume = {.part = {.fd = -1}}, .two_channels = wants_two(f)};
    enum kol_code code = check_disk(f->run->env->conf, err);

    if (code == KOL_OK)
        code = read_details(&t, err);
    if (code == KOL_OK)
        code = download(&t, err);
    if (code == KOL_OK)
        code = take(&t, err);
    kol_resume_close(&t.resume, worth_keeping(code));
    return judge(&t, code, ret);
}

/* ---- keys ---- */

enum kol_code kol_fetch_find_key(struct kol_fetch *f, const struct kol_rest_recording *r,
                                 struct kol_err *err)
{
    struct kol_business *business = NULL;
    const char *sid = r->public_key_sid ? r->public_key_sid : "unknown";
    enum kol_code code = KOL_OK;

    if (f->call->business_id)
        code = kol_business_by_id(f->run->db, f->run->arena, f->call->business_id, &business, err);
    if (code != KOL_OK)
        return code;
    f->key_file = business && !kol_str_empty(business->recording_key)
                      ? business->recording_key
                      : f->run->env->conf->recording_key;
    if (!kol_str_empty(f->key_file))
        return KOL_OK;
    return kol_fail(err, KOL_ENCRYPTED,
                    "the recording is encrypted (public key %s): kol business set ID "
                    "--recording-key=FILE names the private key",
                    sid);
}

void kol_fetch_remove_others(const struct kol_fetch *f)
{
    for (int kind = KOL_MEDIA_UNKNOWN + 1; kind < KOL_MEDIA_COUNT; kind++) {
        const char *name = kol_arena_fmt(f->run->arena, "recordings/%s.%s", f->call->call_sid,
                                         kol_media_ext((enum kol_media)kind));
        const char *path =
            name ? kol_arena_fmt(f->run->arena, "%s/%s", f->run->env->conf->data_dir, name) : NULL;

        if (path && !kol_streq(name, f->file.audio_file) && kol_sys->unlink(path) < 0 &&
            errno != ENOENT)
            kol_warn("remove %s: %s", name, strerror(errno));
    }
}
