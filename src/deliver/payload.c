/* payload.c - see payload.h. */
#include "deliver/payload.h"
#include "base/clock.h"
#include "base/str.h"
#include <string.h>

enum kol_transcript_choice kol_payload_choice(const struct kol_call *call)
{
    if (!kol_str_empty(call->final_transcript))
        return KOL_TRANSCRIPT_OFFLINE;
    if (!kol_str_empty(call->full_conversation))
        return KOL_TRANSCRIPT_REALTIME;
    return KOL_TRANSCRIPT_NONE;
}

/* ---- values that may be unknown ---- */

static void set_known(json_t *json, const char *key, int64_t value)
{
    kol_json_set(json, key, value > 0 ? json_integer(value) : json_null());
}

static void set_measured(json_t *json, const char *key, double value)
{
    kol_json_set(json, key, value >= 0 ? json_real(value) : json_null());
}

/* ---- turns ---- */

static void add_turn(json_t *list, const char *speaker, json_t *start, json_t *end,
                     const char *text, size_t len)
{
    json_t *turn = json_object();
    char *copy = strndup(text, len);

    kol_json_set_str(turn, "speaker", speaker);
    kol_json_set(turn, "start_ms", start);
    kol_json_set(turn, "end_ms", end);
    kol_json_set_str(turn, "text", copy ? copy : "");
    free(copy);
    json_array_append_new(list, turn);
}

static json_t *turns_of_segments(const struct kol_payload *p)
{
    json_t *list = json_array();

    for (size_t i = 0; i < p->segment_count; i++) {
        const struct kol_segment_row *s = &p->segments[i];
        add_turn(list, s->role, json_integer(s->start_ms), json_integer(s->end_ms), s->text,
                 strlen(s->text));
    }
    return list;
}

/* "Customer: ..." -> "customer", and where the words begin; "speaker" for a line without a name. */
static const char *speaker_of(const char *line, size_t len, size_t *ret_skip)
{
    static const char *const names[][2] = {{"Customer: ", "customer"}, {"Agent: ", "agent"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t skip = strlen(names[i][0]);
        if (len >= skip && strncmp(line, names[i][0], skip) == 0) {
            *ret_skip = skip;
            return names[i][1];
        }
    }
    *ret_skip = 0;
    return "speaker";
}

json_t *kol_payload_turns_of_text(const char *text)
{
    json_t *list = json_array();

    while (text && *text) {
        size_t len = strcspn(text, "\n"), skip = 0;
        const char *speaker = speaker_of(text, len, &skip);
        if (len > skip)
            add_turn(list, speaker, json_null(), json_null(), text + skip, len - skip);
        text += len + (text[len] == '\n');
    }
    return list;
}

/* ---- the parts ---- */

static json_t *call_json(const struct kol_call *c)
{
    json_t *json = json_object();

    kol_json_set_str(json, "call_sid", c->call_sid);
    set_known(json, "business_id", c->business_id);
    kol_json_set_str(json, "direction", c->direction);
    kol_json_set_str(json, "from_number", c->from_number);
    kol_json_set_str(json, "to_number", c->to_number);
    kol_json_set_str(json, "status", c->status);
    set_known(json, "started_at_ms", c->started_at_ms);
    set_known(json, "ended_at_ms", c->ended_at_ms);
    kol_json_set_str(json, "recording_url", c->recording_url);
    kol_json_set_str(json, "recording_sid", c->recording_sid);
    set_known(json, "duration", c->duration);
    kol_json_set_str(json, "final_transcript", c->final_transcript);
    kol_json_set_str(json, "full_conversation", c->full_conversation);
    kol_json_set_str(json, "language", c->language);
    kol_json_set_str(json, "summary", c->summary);
    kol_json_set_str(json, "extracted_service", c->extracted_service);
    kol_json_set_str(json, "extracted_city", c->extracted_city);
    set_measured(json, "extraction_confidence", c->extraction_confidence);
    return json;
}

static json_t *lead_json(const struct kol_lead *l)
{
    json_t *json = json_object();

    kol_json_set_int(json, "id", l->id);
    kol_json_set_int(json, "business_id", l->business_id);
    kol_json_set_str(json, "phone", l->phone);
    kol_json_set_str(json, "name", l->name);
    kol_json_set_str(json, "service_type", l->service_type);
    kol_json_set_str(json, "city", l->city);
    kol_json_set_str(json, "final_transcript", l->final_transcript);
    kol_json_set_str(json, "extracted_service", l->extracted_service);
    kol_json_set_str(json, "extracted_city", l->extracted_city);
    set_measured(json, "extraction_confidence", l->extraction_confidence);
    return json;
}

static json_t *data_json(const struct kol_payload *p)
{
    static const char *const sources[] = {[KOL_TRANSCRIPT_OFFLINE] = "offline",
                                          [KOL_TRANSCRIPT_REALTIME] = "realtime",
                                          [KOL_TRANSCRIPT_NONE] = "none"};
    enum kol_transcript_choice choice = kol_payload_choice(p->call);
    json_t *json = json_object();

    kol_json_set_int(json, "version", p->version);
    kol_json_set_str(json, "transcript_source", sources[choice]);
    kol_json_set(json, "no_speech", json_boolean(choice == KOL_TRANSCRIPT_NONE));
    kol_json_set(json, "call", call_json(p->call));
    kol_json_set(json, "lead", p->lead ? lead_json(p->lead) : json_null());
    switch (choice) {
    case KOL_TRANSCRIPT_OFFLINE:
        kol_json_set(json, "transcript", turns_of_segments(p));
        break;
    case KOL_TRANSCRIPT_REALTIME:
        kol_json_set(json, "transcript", kol_payload_turns_of_text(p->call->full_conversation));
        break;
    case KOL_TRANSCRIPT_NONE:
        kol_json_set(json, "transcript", json_array());
        break;
    }
    return json;
}

const char *kol_payload_text(struct kol_arena *a, const struct kol_payload *p)
{
    KOL_JSON json = json_object();
    char at[KOL_TIME_TEXT];

    kol_time_iso(p->at_ms, at);
    kol_json_set_str(json, "type", p->type);
    kol_json_set_str(json, "timestamp", at);
    kol_json_set(json, "data", data_json(p));
    return kol_json_text(a, json);
}

const char *kol_payload_sample(struct kol_arena *a, int64_t business_id, int64_t now_ms)
{
    static const struct kol_segment_row turns[] = {
        {0, "customer", 0, 2900, "Hello, I need a locksmith in Haifa.", NULL, NULL, NULL},
        {1, "agent", 3100, 5200, "We can be there in half an hour.", NULL, NULL, NULL},
    };
    const struct kol_call call = {
        .call_sid = "CA00000000000000000000000000000000",
        .business_id = business_id,
        .direction = "inbound",
        .from_number = "+972500000000",
        .to_number = "+972400000000",
        .status = "completed",
        .started_at_ms = now_ms - 6000,
        .ended_at_ms = now_ms,
        .recording_sid = "RE00000000000000000000000000000000",
        .duration = 6,
        .final_transcript = "Customer: Hello, I need a locksmith in Haifa.\n"
                            "Agent: We can be there in half an hour.",
        .language = "en",
        .summary = "Sample event of kol business test-webhook: a locksmith is wanted in Haifa.",
        .extracted_service = "locksmith",
        .extracted_city = "Haifa",
        .extraction_confidence = 0.95,
    };
    const struct kol_payload p = {
        .type = "call.test",
        .at_ms = now_ms,
        .version = 1,
        .call = &call,
        .segments = turns,
        .segment_count = sizeof turns / sizeof *turns,
    };

    return kol_payload_text(a, &p);
}
