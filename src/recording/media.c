/* media.c - see fetch.h: one try for the media, into a file that is complete or absent. */
#include "base/media.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "recording/fetch.h"
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

/* What the first bytes said. */
struct look {
    enum kol_media kind;
    size_t len;
    const char *guess; /* of what is no audio */
};

/* An error page with status 200 must never become a call's recording: bytes decide, not headers. */
static enum kol_code inspect(void *user, const void *head, size_t len, struct kol_err *err)
{
    struct look *look = user;

    look->len = len;
    look->kind = kol_media_sniff(head, len);
    if (look->kind != KOL_MEDIA_UNKNOWN)
        return KOL_OK;
    look->guess = kol_media_guess(head, len);
    return kol_fail(err, KOL_BAD_MEDIA, "what came is no audio but %s", look->guess);
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

/* The whole body is in part: check it out, give it its name. */
static enum kol_code publish(struct kol_fetch *f, struct kol_part *part, const struct look *look,
                             uint64_t bytes, struct kol_err *err)
{
    struct kol_arena *a = f->run->arena;
    char *sha256 = kol_arena_alloc(a, 65);
    const char *name =
        kol_arena_fmt(a, "recordings/%s.%s", f->call->call_sid, kol_media_ext(look->kind));
    const char *path = name ? kol_arena_fmt(a, "%s/%s", f->run->env->conf->data_dir, name) : NULL;

    if (!sha256 || !path)
        return kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
    enum kol_code code = kol_file_sha256(part->part_path, sha256, err);
    if (code == KOL_OK)
        code = kol_part_publish(part, path, err);
    if (code == KOL_OK)
        f->file = (struct kol_fetched_file){name, (int64_t)bytes, sha256};
    return code;
}

/* Both channels tell who speaks; what has one channel is not asked for two. */
static bool wants_two(const struct kol_fetch *f)
{
    return f->call->channels != 1 && !f->plan.as_recorded && !f->plan.elsewhere;
}

/* What is not plainly at Twilio: its resource is read again, because such addresses expire. */
static enum kol_code find_elsewhere(struct kol_fetch *f, const char **ret, struct kol_err *err)
{
    struct kol_rest_recording r;

    if (!f->plan.elsewhere)
        return KOL_OK;
    enum kol_code code = kol_twilio_recording(f->run->arena, f->run->state, f->ref.account_sid,
                                              f->ref.recording_sid, &r, err);
    return code == KOL_OK ? kol_twilio_media_place(f->run->arena, f->run->state, &r, ret, err)
                          : code;
}

static enum kol_code ask(struct kol_fetch *f, struct kol_part *part, struct look *look,
                         struct kol_http_response *ret, struct kol_err *err)
{
    struct kol_media_request request = {
        .account_sid = f->ref.account_sid,
        .recording_sid = f->ref.recording_sid,
        .format = f->plan.format,
        .two_channels = wants_two(f),
        .max_bytes = (uint64_t)f->run->env->conf->max_recording_bytes,
        .part = part,
        .inspect = inspect,
        .inspect_user = look,
    };

    *ret = (struct kol_http_response){0};
    enum kol_code code = find_elsewhere(f, &request.elsewhere, err);
    if (code != KOL_OK)
        return code;
    kol_log_event(KOL_EV_TRYING_FORMAT, f->plan.format + 1);
    code = kol_twilio_media(f->run->arena, f->run->state, &request, ret, err);
    if (ret->status)
        kol_log_event(KOL_EV_DOWNLOAD_STATUS, ret->status, (long long)ret->bytes);
    else if (code == KOL_BAD_MEDIA)
        kol_log_event(KOL_EV_DOWNLOAD_STATUS, 200, (long long)look->len);
    return code;
}

static void done_part(struct kol_part *part)
{
    kol_part_done(part);
}

enum kol_code kol_fetch_media(struct kol_fetch *f, enum kol_seen *ret, struct kol_err *err)
{
    KOL_CLEANUP(done_part) struct kol_part part = {.fd = -1};
    const struct kol_conf *conf = f->run->env->conf;
    struct kol_http_response response = {0};
    struct look look = {0};
    const char *path =
        kol_arena_fmt(f->run->arena, "%s/recordings/%s", conf->data_dir, f->call->call_sid);

    if (!path)
        return kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
    enum kol_code code = check_disk(conf, err);
    if (code == KOL_OK)
        code = kol_part_open(&part, path, err);
    if (code == KOL_OK)
        code = ask(f, &part, &look, &response, err);

    if (code == KOL_NOT_FOUND) {
        f->given = "404";
        *ret = KOL_SEEN_NOT_FOUND;
        return KOL_OK;
    }
    if (code == KOL_HTTP_STATUS && response.status == 400 && wants_two(f)) {
        kol_info("two channels cannot be had of this recording (400 to RequestedChannels=2): "
                 "it is fetched as it was recorded");
        *ret = KOL_SEEN_NO_CHANNELS;
        return KOL_OK;
    }
    if (code == KOL_BAD_MEDIA) {
        f->given = kol_arena_fmt(f->run->arena, "not audio but %s", look.guess);
        *ret = KOL_SEEN_BAD_MEDIA;
        return KOL_OK;
    }
    if (code != KOL_OK)
        return code;
    kol_log_event(KOL_EV_DOWNLOADED, (long long)response.bytes);
    *ret = KOL_SEEN_FILE;
    return publish(f, &part, &look, response.bytes, err);
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
