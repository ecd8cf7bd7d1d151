/* shape.c - stored things as JSON; see api.h. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/language.h"
#include "base/str.h"
#include "conf/choice.h"
#include "conf/conf.h"
#include "serve/api.h"
#include <string.h>

/* 0 stands for "unknown" in ids and times. */
static void set_known(json_t *json, const char *key, int64_t value)
{
    kol_json_set(json, key, value ? json_integer(value) : json_null());
}

/* -1 stands for "unknown" in durations and confidences. */
static void set_measured(json_t *json, const char *key, double value)
{
    kol_json_set(json, key, value >= 0 ? json_real(value) : json_null());
}

static void set_bool(json_t *json, const char *key, bool value)
{
    kol_json_set(json, key, json_boolean(value));
}

/* A column that holds JSON text; null when it cannot be read. */
static void set_json(json_t *json, const char *key, const char *text)
{
    json_t *value = NULL;

    if (!text || kol_json_parse(text, strlen(text), &value, NULL) != KOL_OK)
        value = json_null();
    kol_json_set(json, key, value);
}

static void add_recording(json_t *json, const struct kol_call *call)
{
    kol_json_set_str(json, "recording_url", call->recording_url);
    kol_json_set_str(json, "recording_sid", call->recording_sid);
    kol_json_set(json, "duration",
                 call->duration >= 0 ? json_integer(call->duration) : json_null());
    set_known(json, "channels", call->channels);
    set_known(json, "transcript_channels", call->transcript_channels);
    kol_json_set_str(json, "channels_reason", call->channels_reason);
    kol_json_set_str(json, "fetch_state", kol_fetch_state_name(call->fetch_state));
    kol_json_set_str(json, "fetch_reason", call->fetch_reason);
    set_known(json, "fetch_next_at_ms", call->fetch_next_at_ms);
    set_known(json, "audio_bytes", call->audio_bytes);
    set_known(json, "remote_deleted_at_ms", call->remote_deleted_at_ms);
}

static void add_understanding(json_t *json, const struct kol_call *call)
{
    kol_json_set_str(json, "offline_state", kol_offline_state_name(call->offline_state));
    kol_json_set_str(json, "language", call->language);
    kol_json_set_str(json, "model", call->model);
    kol_json_set_str(json, "transcript_source", call->transcript_source);
    kol_json_set_str(json, "realtime_error", call->realtime_error);
    kol_json_set_str(json, "summary", call->summary);
    kol_json_set_str(json, "extracted_service", call->extracted_service);
    kol_json_set_str(json, "extracted_city", call->extracted_city);
    set_measured(json, "extraction_confidence", call->extraction_confidence);
}

json_t *kol_shape_call(const struct kol_call *call, bool with_text)
{
    json_t *json = json_object();

    kol_json_set_int(json, "id", call->id);
    kol_json_set_str(json, "call_sid", call->call_sid);
    set_known(json, "business_id", call->business_id);
    set_known(json, "lead_id", call->lead_id);
    kol_json_set_str(json, "direction", call->direction);
    kol_json_set_str(json, "from_number", call->from_number);
    kol_json_set_str(json, "to_number", call->to_number);
    kol_json_set_str(json, "status", call->status);
    set_known(json, "started_at_ms", call->started_at_ms);
    set_known(json, "ended_at_ms", call->ended_at_ms);
    set_known(json, "created_at_ms", call->created_at_ms);
    set_known(json, "updated_at_ms", call->updated_at_ms);
    add_recording(json, call);
    add_understanding(json, call);
    set_known(json, "version", call->version);
    if (with_text) {
        kol_json_set_str(json, "final_transcript", call->final_transcript);
        kol_json_set_str(json, "full_conversation", call->full_conversation);
    }
    return json;
}

json_t *kol_shape_segment(const struct kol_segment_row *segment)
{
    json_t *json = json_object();

    kol_json_set_int(json, "channel", segment->channel);
    kol_json_set_str(json, "speaker", segment->role);
    kol_json_set_int(json, "start_ms", segment->start_ms);
    kol_json_set_int(json, "end_ms", segment->end_ms);
    kol_json_set_str(json, "text", segment->text);
    if (segment->heard)
        kol_json_set_str(json, "heard", segment->heard);
    if (segment->dropped_reason)
        kol_json_set_str(json, "reason", segment->dropped_reason);
    return json;
}

json_t *kol_shape_lead(const struct kol_lead *lead, bool with_text)
{
    json_t *json = json_object();

    kol_json_set_int(json, "id", lead->id);
    set_known(json, "business_id", lead->business_id);
    kol_json_set_str(json, "phone", lead->phone);
    kol_json_set_str(json, "name", lead->name);
    kol_json_set_str(json, "service_type", lead->service_type);
    kol_json_set_str(json, "city", lead->city);
    set_bool(json, "name_typed", lead->name_typed);
    set_bool(json, "service_type_typed", lead->service_type_typed);
    set_bool(json, "city_typed", lead->city_typed);
    kol_json_set_str(json, "call_sid", lead->call_sid);
    kol_json_set_str(json, "extracted_service", lead->extracted_service);
    kol_json_set_str(json, "extracted_city", lead->extracted_city);
    set_measured(json, "extraction_confidence", lead->extraction_confidence);
    set_known(json, "created_at_ms", lead->created_at_ms);
    set_known(json, "updated_at_ms", lead->updated_at_ms);
    if (with_text)
        kol_json_set_str(json, "final_transcript", lead->final_transcript);
    return json;
}

json_t *kol_shape_lead_change(const struct kol_lead_change *change)
{
    json_t *json = json_object();

    kol_json_set_str(json, "field", change->field);
    kol_json_set_str(json, "old", change->old_value);
    kol_json_set_str(json, "new", change->new_value);
    kol_json_set_str(json, "by", change->by_person ? "person" : "call");
    kol_json_set_str(json, "call_sid", change->call_sid);
    set_known(json, "key_id", change->key_id);
    kol_json_set_str(json, "key_name", change->key_name);
    set_measured(json, "confidence", change->confidence);
    kol_json_set_int(json, "at_ms", change->at_ms);
    return json;
}

static json_t *shape_place(const struct kol_search_place *place)
{
    json_t *json = json_object(), *marks = json_array();

    for (size_t i = 0; i < place->mark_count; i++)
        json_array_append_new(marks, json_pack("[II]", (json_int_t)place->marks[i].start,
                                               (json_int_t)place->marks[i].end));
    kol_json_set_str(json, "field", place->field);
    kol_json_set(json, "segment", place->segment < 0 ? json_null() : json_integer(place->segment));
    kol_json_set_str(json, "speaker", place->role);
    kol_json_set(json, "start_ms",
                 place->start_ms < 0 ? json_null() : json_integer(place->start_ms));
    kol_json_set(json, "end_ms", place->end_ms < 0 ? json_null() : json_integer(place->end_ms));
    kol_json_set_str(json, "text", place->text);
    kol_json_set_int(json, "offset", (int64_t)place->offset);
    kol_json_set(json, "marks", marks);
    return json;
}

json_t *kol_shape_hit(const struct kol_search_hit *hit)
{
    json_t *json = kol_shape_call(hit->call, false), *places = json_array();

    for (size_t i = 0; i < hit->place_count; i++)
        json_array_append_new(places, shape_place(&hit->places[i]));
    kol_json_set(json, "matches", places);
    return json;
}

json_t *kol_shape_job(const struct kol_job *job)
{
    json_t *json = json_object();

    kol_json_set_int(json, "id", job->id);
    kol_json_set_str(json, "kind", job->kind);
    kol_json_set_str(json, "stage", job->stage);
    kol_json_set_str(json, "state", kol_job_state_name(job->state));
    set_known(json, "business_id", job->business_id);
    kol_json_set_str(json, "call_sid", job->call_sid);
    kol_json_set_str(json, "subject", job->subject);
    set_known(json, "due_at_ms", job->due_at_ms);
    kol_json_set_int(json, "attempt", job->attempt);
    kol_json_set_int(json, "crashes", job->crashes);
    set_measured(json, "progress", job->progress);
    const int64_t left_ms = kol_job_remaining_ms(job, kol_wall_ms(), kol_boot_ms());
    kol_json_set(json, "remaining_s",
                 left_ms < 0 ? json_null() : json_integer((left_ms + 999) / 1000));
    kol_json_set_str(json, "error_code", job->error_code);
    kol_json_set_str(json, "error", job->error);
    set_json(json, "data", job->data);
    set_known(json, "created_at_ms", job->created_at_ms);
    set_known(json, "updated_at_ms", job->updated_at_ms);
    set_known(json, "finished_at_ms", job->finished_at_ms);
    return json;
}

json_t *kol_shape_delivery(const struct kol_delivery *delivery)
{
    json_t *json = json_object();

    kol_json_set_str(json, "id", delivery->id);
    kol_json_set_str(json, "type", delivery->type);
    kol_json_set_int(json, "version", delivery->version);
    kol_json_set_str(json, "state", delivery->state);
    kol_json_set_int(json, "attempts", delivery->attempts);
    set_known(json, "last_status", delivery->last_status);
    kol_json_set_str(json, "last_error", delivery->last_error);
    set_known(json, "created_at_ms", delivery->created_at_ms);
    set_known(json, "delivered_at_ms", delivery->delivered_at_ms);
    return json;
}

/* Never the webhook's secret. */
json_t *kol_shape_business(const struct kol_business *business)
{
    json_t *json = json_object();

    kol_json_set_int(json, "id", business->id);
    kol_json_set_str(json, "name", business->name);
    kol_json_set_str(json, "account_sid", business->account_sid);
    kol_json_set_str(json, "timezone", business->timezone);
    kol_json_set_str(json, "language", business->language);
    kol_json_set_str(json, "glossary", business->glossary);
    kol_json_set_str(json, "services", business->services);
    kol_json_set_str(json, "redact", business->redact);
    set_json(json, "channel_map",
             kol_str_empty(business->channel_map) ? NULL : business->channel_map);
    kol_json_set_str(json, "webhook_url", business->webhook_url);
    set_known(json, "webhook_disabled_at_ms", business->webhook_disabled_at_ms);
    set_known(json, "retention_days", business->retention_days);
    set_bool(json, "has_recording_key", !kol_str_empty(business->recording_key));
    kol_json_set(json, "delete_remote_after_days",
                 business->deletes_remote ? json_integer(business->delete_remote_after_days)
                                          : json_null());
    set_known(json, "created_at_ms", business->created_at_ms);
    return json;
}

static void add_warning(json_t *list, const char *code, int64_t business_id, const char *message)
{
    json_t *json = json_object();

    kol_json_set_str(json, "code", code);
    set_known(json, "business_id", business_id);
    kol_json_set_str(json, "message", message);
    json_array_append_new(list, json);
}

json_t *kol_shape_warnings(const struct kol_conf *conf, const struct kol_business *list,
                           size_t count)
{
    json_t *warnings = json_array();
    const bool weak = kol_conf_weak_for_hebrew(conf);

    if (!conf->worker)
        add_warning(warnings, "offline_off", 0,
                    "Offline transcription is switched off (worker = false): recordings are kept, "
                    "their transcription waits.");
    for (size_t i = 0; i < count; i++)
        if (weak && kol_language_includes(list[i].language, "he"))
            add_warning(warnings, "weak_hebrew_model", list[i].id, KOL_WEAK_HEBREW_TEXT);
    return warnings;
}
