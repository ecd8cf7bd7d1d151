/* resources.c - the half of rest.h that reads what came: JSON into checked fields. */
#include "base/ids.h"
#include "base/str.h"
#include "net/url.h"
#include "twilio/numbers.h"
#include <string.h>

enum {
    MOST_RECORDINGS = 1000,
    MOST_TEXT = 200,
    MOST_WRAPPED_KEY = 2800 /* base64 of what an RSA key of 16,384 bits makes */
};

static enum kol_code no_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "read Twilio's answer: out of memory");
}

/* A text of the resource, copied; NULL when absent, null, or longer than Twilio would write. */
static const char *text_of(struct kol_arena *a, const json_t *json, const char *key, size_t most)
{
    const char *value = kol_json_get_str(json, key);

    if (!value || strlen(value) > most)
        return NULL;
    return kol_arena_str(a, value);
}

static const char *text(struct kol_arena *a, const json_t *json, const char *key)
{
    return text_of(a, json, key, MOST_TEXT);
}

static const char *sid(struct kol_arena *a, const json_t *json, const char *key, const char *prefix)
{
    const char *value = kol_json_get_str(json, key);
    return kol_sid_valid(value, prefix) ? kol_arena_str(a, value) : NULL;
}

/* Numbers that Twilio writes as numbers, and sometimes as text. */
static int64_t number(const json_t *json, const char *key)
{
    const char *value = kol_json_get_str(json, key);
    int64_t v = 0;

    if (value)
        return kol_parse_i64(value, &v) ? v : 0;
    return kol_json_get_int(json, key, 0);
}

static void read_encryption(struct kol_arena *a, const json_t *json, struct kol_rest_recording *r)
{
    const json_t *details = json_object_get(json, "encryption_details");

    r->encrypted = json_is_object(details) && json_object_size(details) > 0;
    if (!r->encrypted)
        return;
    /* Three sets of names: Twilio's reference, its guide, and its callbacks. */
    r->public_key_sid = sid(a, details, "encryption_public_key_sid", "CR");
    r->encrypted_cek = text_of(a, details, "encryption_cek", MOST_WRAPPED_KEY);
    r->iv = text(a, details, "encryption_iv");
    if (!r->public_key_sid)
        r->public_key_sid = sid(a, details, "public_key_sid", "CR");
    if (!r->encrypted_cek)
        r->encrypted_cek = text_of(a, details, "encrypted_cek", MOST_WRAPPED_KEY);
    if (!r->iv)
        r->iv = text(a, details, "iv");
}

enum kol_code kol_rest_recording_read(struct kol_arena *a, const json_t *json,
                                      struct kol_rest_recording *ret, struct kol_err *err)
{
    struct kol_rest_recording r = {
        .recording_sid = sid(a, json, "sid", "RE"),
        .account_sid = sid(a, json, "account_sid", "AC"),
        .call_sid = sid(a, json, "call_sid", "CA"),
        .status = text(a, json, "status"),
        .source = text(a, json, "source"),
        .duration = kol_duration_of_json(a, json_object_get(json, "duration")),
        .error_code = number(json, "error_code"),
        .created_at_ms = kol_twilio_time(kol_json_get_str(json, "date_created")),
        .started_at_ms = kol_twilio_time(kol_json_get_str(json, "start_time")),
        .media_url = text_of(a, json, "media_url", KOL_URL_MAX),
    };
    int64_t channels = number(json, "channels");

    read_encryption(a, json, &r);
    if (kol_arena_failed(a))
        return no_memory(err);
    if (!r.recording_sid || !r.account_sid)
        return kol_fail(err, KOL_BAD_INPUT, "Twilio's answer is no recording");
    r.channels = channels == 1 || channels == 2 ? (int)channels : 0;
    *ret = r;
    return KOL_OK;
}

enum kol_code kol_rest_recordings_read(struct kol_arena *a, const json_t *json,
                                       struct kol_rest_recordings *ret, struct kol_err *err)
{
    const json_t *list = json_object_get(json, "recordings");
    size_t count = json_array_size(list);

    if (!json_is_array(list))
        return kol_fail(err, KOL_BAD_INPUT, "Twilio's answer is no list of recordings");
    if (count > MOST_RECORDINGS)
        count = MOST_RECORDINGS;
    struct kol_rest_recordings r = {.items = kol_arena_array(a, count + 1, sizeof *r.items)};
    if (!r.items)
        return no_memory(err);
    for (; r.count < count; r.count++) {
        enum kol_code code =
            kol_rest_recording_read(a, json_array_get(list, r.count), &r.items[r.count], err);
        if (code != KOL_OK)
            return code;
    }
    *ret = r;
    return KOL_OK;
}

enum kol_code kol_rest_call_read(struct kol_arena *a, const json_t *json, struct kol_rest_call *ret,
                                 struct kol_err *err)
{
    struct kol_rest_call c = {
        .call_sid = sid(a, json, "sid", "CA"),
        .account_sid = sid(a, json, "account_sid", "AC"),
        .from = text(a, json, "from"),
        .to = text(a, json, "to"),
        .direction = text(a, json, "direction"),
        .status = text(a, json, "status"),
        .started_at_ms = kol_twilio_time(kol_json_get_str(json, "start_time")),
        .ended_at_ms = kol_twilio_time(kol_json_get_str(json, "end_time")),
    };

    if (kol_arena_failed(a))
        return no_memory(err);
    if (!c.call_sid || !c.account_sid)
        return kol_fail(err, KOL_BAD_INPUT, "Twilio's answer is no call");
    *ret = c;
    return KOL_OK;
}

enum kol_code kol_rest_number_read(struct kol_arena *a, const json_t *json,
                                   struct kol_rest_number *ret, struct kol_err *err)
{
    struct kol_rest_number n = {
        .number_sid = sid(a, json, "sid", "PN"),
        .account_sid = sid(a, json, "account_sid", "AC"),
        .number = text(a, json, "phone_number"),
        .voice_url = text_of(a, json, "voice_url", KOL_URL_MAX),
        .status_callback = text_of(a, json, "status_callback", KOL_URL_MAX),
        .status_callback_method = text(a, json, "status_callback_method"),
        .application_sid = sid(a, json, "voice_application_sid", "AP"),
        .trunk_sid = sid(a, json, "trunk_sid", "TK"),
    };

    if (kol_arena_failed(a))
        return no_memory(err);
    if (!n.number_sid || !n.account_sid || kol_str_empty(n.number))
        return kol_fail(err, KOL_BAD_INPUT, "Twilio's answer is no phone number");
    if (kol_str_empty(n.voice_url))
        n.voice_url = NULL;
    if (kol_str_empty(n.status_callback))
        n.status_callback = NULL;
    *ret = n;
    return KOL_OK;
}
