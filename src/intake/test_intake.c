/* Callbacks from the raw request to rows: what is stored, which jobs come of it, what is refused.
 */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/test.h"
#include "intake/intake.h"
#include "intake/road.h"
#include "queue/queue.h"
#include "store/business.h"
#include "store/call.h"
#include "twilio/params.h"

#define AC "AC00000000000000000000000000000001"
#define CA "CA00000000000000000000000000000002"
#define RE "RE00000000000000000000000000000003"
#define RE2 "RE00000000000000000000000000000004"
#define GT "GT00000000000000000000000000000005"
#define CA2 "CA00000000000000000000000000000006"
#define FORM "application/x-www-form-urlencoded; charset=UTF-8"
#define PUBLIC_URL "https://kol.example.com"
#define IDS "AccountSid=" AC "&CallSid=" CA
#define RECORDING IDS "&RecordingSid=" RE "&RecordingDuration=13&RecordingChannels=1"
#define PARTIES "&From=%2B972501234567&To=%2B97246001234&Direction=inbound"
#define TWILIO_URL(sid)                                                                            \
    "&RecordingUrl=https%3A%2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%2F" AC                     \
    "%2FRecordings%2F" sid

static struct kol_db *db;
static struct kol_arena *a;
static struct kol_conf conf;
static struct kol_err err;
static char folder[256], path[300];
static int64_t business_id;

static int set_up(void **state)
{
    const struct kol_business business = {.name = "Locks", .timezone = "UTC", .language = "en"};

    (void)state;
    kol_log_setup(KOL_LOG_TEXT, KOL_ERROR, 2);
    test_folder(folder);
    snprintf(path, sizeof path, "%s/kol.db", folder);
    a = kol_arena_new(0);
    conf = (struct kol_conf){
        .public_url = PUBLIC_URL,
        .twilio_account_sid = AC,
        .twilio_auth_token = "token",
        .twilio_auth_token_second = "",
        .twilio_api_base = "https://api.twilio.com",
        .default_country = "972",
        .lookup_after_s = 60,
        .realtime_after_s = 600,
        .test_wait_divisor = 1,
        .worker = true,
    };
    if (kol_db_open(path, KOL_DB_WRITE, &db, &err) != KOL_OK ||
        kol_db_migrate(db, &err) != KOL_OK || kol_db_begin(db, &err) != KOL_OK ||
        kol_business_add(db, &business, 1, &business_id, &err) != KOL_OK ||
        kol_business_add_number(db, business_id, "+97246001234", AC, 1, NULL, &err) != KOL_OK)
        fail_msg("%s", err.msg);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kol_db_rollback(db);
    kol_db_close(db);
    kol_arena_free(a);
    unlink(path);
    rmdir(folder);
    return 0;
}

/* ---- helpers ---- */

static const char *targets[] = {
#define X(code, path) [KOL_INTAKE_##code] = path,
    KOL_INTAKE_KINDS(X)
#undef X
};

/* Signs as Twilio does: names in order, decoded. */
static const char *sign(const char *target, const char *body)
{
    struct kol_params p;
    uint8_t mac[KOL_SHA1_BYTES];
    char *ret = kol_arena_alloc(a, 32);
    KOL_STR text;

    kol_str_init(&text, 100000);
    kol_str_add(&text, PUBLIC_URL);
    kol_str_add(&text, target);
    check_ok("params", kol_params_parse(a, body, strlen(body), &p, &err), &err);
    for (size_t done = 0; done < p.count; done++) {
        size_t least = 0;
        for (size_t i = 1; i < p.count; i++)
            if (!p.items[least].name ||
                (p.items[i].name && strcmp(p.items[i].name, p.items[least].name) < 0))
                least = i;
        kol_str_add(&text, p.items[least].name);
        kol_str_add_bytes(&text, p.items[least].value, p.items[least].value_len);
        p.items[least].name = NULL;
    }
    kol_hmac_sha1("token", 5, text.data, text.len, mac);
    kol_base64(mac, sizeof mac, ret);
    return ret;
}

static enum kol_code prepare(enum kol_intake_kind kind, const char *body,
                             struct kol_intake_change **ret)
{
    const struct kol_intake_request r = {.kind = kind,
                                         .method = "POST",
                                         .target = targets[kind],
                                         .content_type = FORM,
                                         .signature = sign(targets[kind], body),
                                         .body = body,
                                         .body_len = strlen(body)};

    return kol_intake_prepare(a, &conf, &r, ret, &err);
}

static enum kol_code post(enum kol_intake_kind kind, const char *body)
{
    struct kol_intake_change *c = NULL;
    enum kol_code code = prepare(kind, body, &c);

    if (code == KOL_OK)
        code = kol_intake_store(db, c, &err);
    if (code == KOL_OK)
        kol_intake_after(c);
    return code;
}

static void accept(enum kol_intake_kind kind, const char *body)
{
    check_ok(body, post(kind, body), &err);
}

static struct kol_call *stored(const char *sid)
{
    struct kol_call *call = NULL;

    check_ok("read", kol_call_by_sid(db, a, sid, &call, &err), &err);
    return call;
}

static struct kol_job *find_job(const char *stage, const char *subject)
{
    const struct kol_job_filter filter = {.stage = stage, .limit = 50};
    struct kol_job *jobs = NULL;
    size_t count = 0;

    check_ok("jobs", kol_queue_list(db, a, &filter, &jobs, &count, &err), &err);
    for (size_t i = 0; i < count; i++)
        if (kol_streq(jobs[i].subject, subject))
            return &jobs[i];
    return NULL;
}

static size_t count_jobs(const char *stage)
{
    const struct kol_job_filter filter = {.stage = stage, .limit = 50};
    struct kol_job *jobs = NULL;
    size_t count = 0;

    check_ok("jobs", kol_queue_list(db, a, &filter, &jobs, &count, &err), &err);
    return count;
}

/* Ends the fetch of a recording as the fetch stage would. */
static void finish_fetch(const char *recording_sid)
{
    struct kol_job *job = NULL;

    check_ok("claim", kol_queue_claim(db, a, "fetch", "me", kol_wall_ms(), &job, &err), &err);
    assert_non_null(job);
    check_str("claimed", job->subject, recording_sid);
    check_ok(
        "audio",
        kol_call_set_audio(db, job->call_id, recording_sid, "recordings/x.wav", 10, "00", 1, &err),
        &err);
    check_ok("finish", kol_queue_finish(db, job, kol_wall_ms(), &err), &err);
}

#define within(row, value, expected, slack)                                                        \
    check_true(row, (value) >= (expected) - (slack) && (value) <= (expected) + (slack))

/* ---- recordings ---- */

static void test_recording_completed(void **state)
{
    (void)state;
    accept(KOL_INTAKE_CALL_STATUS, IDS PARTIES "&CallStatus=in-progress&SequenceNumber=1");
    accept(KOL_INTAKE_RECORDING_STATUS, RECORDING TWILIO_URL(RE) ".json&RecordingStatus=completed");
    struct kol_call *call = stored(CA);
    check_int("business", call->business_id, business_id);
    check_str("from", call->from_number, "+972501234567");
    check_str("recording", call->recording_sid, RE);
    check_str("url", call->recording_url,
              "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE ".mp3");
    check_int("duration", call->duration, 13);
    check_int("fetch", call->fetch_state, KOL_FETCH_WAITING);
    check_int("offline", call->offline_state, KOL_OFFLINE_PENDING);

    struct kol_job *job = find_job("fetch", RE);
    assert_non_null(job);
    check_str("kind", job->kind, "full");
    check_int("job's business", job->business_id, business_id);
    job = find_job("understand", CA);
    assert_non_null(job);
    within("realtime later", job->due_at_ms, kol_wall_ms() + 600000, 5000);
}

static void test_duplicates_and_both_entrances(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        accept(KOL_INTAKE_HANDLE_RECORDING,
               RECORDING PARTIES "&CallStatus=completed" TWILIO_URL(RE));
    accept(KOL_INTAKE_RECORDING_STATUS, RECORDING TWILIO_URL(RE) "&RecordingStatus=completed");
    check_int("one job", count_jobs("fetch"), 1);
    finish_fetch(RE);

    /* All of it again, and what had not come before the end. */
    accept(KOL_INTAKE_RECORDING_STATUS, RECORDING TWILIO_URL(RE) "&RecordingStatus=completed");
    accept(KOL_INTAKE_RECORDING_STATUS, RECORDING TWILIO_URL(RE) "&RecordingStatus=in-progress");
    accept(KOL_INTAKE_CALL_STATUS,
           IDS PARTIES "&CallStatus=completed&RecordingSid=" RE TWILIO_URL(RE));
    check_int("still one", count_jobs("fetch"), 1);
    check_int("no look-up", count_jobs("lookup"), 0);
    check_int("file", stored(CA)->fetch_state, KOL_FETCH_LOCAL);
}

static void test_in_progress_is_only_stored(void **state)
{
    (void)state;
    accept(KOL_INTAKE_RECORDING_STATUS, IDS
           "&RecordingSid=" RE "&RecordingStatus=in-progress&RecordingDuration=-1" TWILIO_URL(RE));
    check_int("no fetch", count_jobs("fetch"), 0);
    check_str("known", stored(CA)->recording_sid, RE);
    accept(KOL_INTAKE_RECORDING_STATUS, RECORDING "&RecordingStatus=completed" TWILIO_URL(RE));
    check_int("now", count_jobs("fetch"), 1);
    check_int("duration", stored(CA)->duration, 13);
}

static void test_better_recording_walks_again(void **state)
{
    (void)state;
    accept(KOL_INTAKE_RECORDING_STATUS, RECORDING "&RecordingStatus=completed" TWILIO_URL(RE));
    finish_fetch(RE);
    accept(KOL_INTAKE_RECORDING_STATUS,
           IDS "&RecordingSid=" RE2 "&RecordingChannels=2&RecordingDuration=9"
               "&RecordingStatus=completed" TWILIO_URL(RE2));
    check_str("current", stored(CA)->recording_sid, RE2);
    assert_non_null(find_job("fetch", RE2));
    check_int("waits", stored(CA)->fetch_state, KOL_FETCH_WAITING);
    /* It turns out to be nothing: the first one is the call's again. */
    accept(KOL_INTAKE_RECORDING_STATUS,
           IDS "&RecordingSid=" RE2 "&RecordingStatus=absent&ErrorCode=16102");
    check_str("callbacks may be late", stored(CA)->recording_sid, RE2);
    const struct kol_recording gone = {.recording_sid = RE2,
                                       .account_sid = AC,
                                       .status = "absent",
                                       .duration = -1,
                                       .error_code = 16102};
    bool queued = false;
    check_ok(
        "by REST",
        kol_road_put_recording(db, &conf, a, stored(CA)->id, &gone, kol_wall_ms(), &queued, &err),
        &err);
    check_str("back", stored(CA)->recording_sid, RE);
}

static void test_absent(void **state)
{
    (void)state;
    accept(KOL_INTAKE_RECORDING_STATUS,
           IDS "&RecordingSid=" RE "&RecordingStatus=absent&ErrorCode=16101");
    struct kol_call *call = stored(CA);
    check_int("fetch", call->fetch_state, KOL_FETCH_GONE);
    check_has("reason", call->fetch_reason, "16101");
    check_int("offline", call->offline_state, KOL_OFFLINE_DEAD);
    check_int("no fetch", count_jobs("fetch"), 0);
    struct kol_job *job = find_job("understand", CA);
    assert_non_null(job);
    within("realtime now", job->due_at_ms, kol_wall_ms(), 5000);
}

static void test_urls(void **state)
{
    static const struct {
        const char *url;
        enum kol_code code;
        bool ignored;
    } rows[] = {
        {TWILIO_URL(RE), KOL_OK, false},
        {"", KOL_OK, false},
        {"&RecordingUrl=https%3A%2F%2Fevil.example%2F2010-04-01%2FAccounts%2F" AC
         "%2FRecordings%2F" RE,
         KOL_OK, true},
        {"&RecordingUrl=https%3A%2F%2Fapi.twilio.com%2F..%2F..%2Fetc%2Fpasswd", KOL_OK, true},
        {TWILIO_URL(RE2), KOL_BAD_INPUT, false},
        {"&RecordingUrl=https%3A%2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%"
         "2FAC00000000000000000000000000000009"
         "%2FRecordings%2F" RE,
         KOL_FORBIDDEN, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *body = kol_arena_fmt(a, RECORDING "&RecordingStatus=completed%s", rows[i].url);
        check_code(rows[i].url, post(KOL_INTAKE_RECORDING_STATUS, body), rows[i].code, &err);
        if (rows[i].code == KOL_OK)
            check_str(rows[i].url, stored(CA)->recording_url,
                      "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE);
    }
}

/* ---- calls ---- */

static void test_business_by_direction(void **state)
{
    static const struct {
        const char *sid, *parties, *direction;
        bool ours;
    } rows[] = {
        {"CA000000000000000000000000000000a1",
         "&From=0501234567&To=%2B97246001234&Direction=inbound", "inbound", true},
        {"CA000000000000000000000000000000a2",
         "&To=0501234567&From=046001234&Direction=outbound-api", "outbound", true},
        {"CA000000000000000000000000000000a3",
         "&From=%2B97246001234&To=0501234567&Direction=inbound", "inbound", false},
        {"CA000000000000000000000000000000a4",
         "&From=anonymous&To=%2B97246001234&Direction=inbound", "inbound", true},
        {"CA000000000000000000000000000000a5", "", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *sid = rows[i].sid;
        accept(KOL_INTAKE_CALL_STATUS,
               kol_arena_fmt(a, "AccountSid=" AC "&CallSid=%s%s&CallStatus=ringing", sid,
                             rows[i].parties));
        check_int(sid, stored(sid)->business_id, rows[i].ours ? business_id : 0);
        check_str(sid, stored(sid)->direction, rows[i].direction);
    }
    check_str("withheld", stored(rows[3].sid)->from_number, "");
    check_str("unknown", stored(rows[4].sid)->from_number, NULL);
}

static void test_end_of_a_call(void **state)
{
    (void)state;
    accept(KOL_INTAKE_CALL_STATUS,
           IDS PARTIES "&CallStatus=completed&SequenceNumber=3&CallDuration=30"
                       "&Timestamp=Tue%2C+24+Mar+2026+18%3A15%3A40+%2B0000");
    struct kol_call *call = stored(CA);
    check_int("ended", call->ended_at_ms, 1774376140000);
    check_int("started", call->started_at_ms, 1774376110000);
    struct kol_job *job = find_job("lookup", CA);
    assert_non_null(job);
    within("look-up in a minute", job->due_at_ms, kol_wall_ms() + 60000, 5000);
    check_int("in the order calls ended", job->order_key, 1774376140000);
    assert_non_null(find_job("understand", CA));

    accept(KOL_INTAKE_CALL_STATUS, IDS PARTIES "&CallStatus=ringing&SequenceNumber=1"); /* late */
    check_str("status", stored(CA)->status, "completed");
}

/* Only the beginning of a recording was told, its end got lost: the look-up finds it. */
static void test_end_of_a_call_whose_recording_has_not_ended(void **state)
{
    (void)state;
    accept(KOL_INTAKE_RECORDING_STATUS,
           IDS "&RecordingSid=" RE "&RecordingStatus=in-progress" TWILIO_URL(RE));
    accept(KOL_INTAKE_CALL_STATUS, IDS PARTIES "&CallStatus=completed");
    check_int("look-up", count_jobs("lookup"), 1);
}

static void test_no_look_up_for_what_is_on_the_road(void **state)
{
    (void)state;
    accept(KOL_INTAKE_RECORDING_STATUS, RECORDING "&RecordingStatus=completed" TWILIO_URL(RE));
    accept(KOL_INTAKE_CALL_STATUS, IDS PARTIES "&CallStatus=completed");
    check_int("look-up", count_jobs("lookup"), 0);
}

static void test_busy_is_no_recording(void **state)
{
    (void)state;
    accept(KOL_INTAKE_CALL_STATUS, IDS PARTIES "&CallStatus=busy");
    check_int("look-up", count_jobs("lookup"), 0);
    check_int("understand", count_jobs("understand"), 0);
}

static void test_trigger(void **state)
{
    struct kol_intake_trigger t = {.conf = &conf, .call_sid = CA};
    struct kol_intake_trigger bad = {.conf = &conf, .call_sid = "../../etc/passwd"};

    (void)state;
    accept(KOL_INTAKE_CALL_STATUS, IDS PARTIES "&CallStatus=completed");
    check_ok("again", kol_intake_trigger(db, &t, &err), &err);
    check_int("there already", t.ret, KOL_TRIGGER_UNDER_WAY);
    check_int("but due now", find_job("lookup", CA)->state, KOL_JOB_READY);
    t.call_sid = "CA000000000000000000000000000000b1";
    check_ok("unknown call", kol_intake_trigger(db, &t, &err), &err);
    check_int("queued", t.ret, KOL_TRIGGER_QUEUED);
    check_code("no SID", kol_intake_trigger(db, &bad, &err), KOL_BAD_INPUT, &err);
}

/* ---- realtime transcripts ---- */

#define LINE(n, final, track, words)                                                               \
    IDS "&TranscriptionSid=" GT "&TranscriptionEvent=transcription-content&SequenceId=" n          \
        "&Final=" final "&Track=" track "&TranscriptionData=%7B%22transcript%22%3A%22" words       \
        "%22%7D"

static void test_realtime(void **state)
{
    (void)state;
    accept(KOL_INTAKE_TRANSCRIPTION,
           IDS "&TranscriptionSid=" GT "&TranscriptionEvent=transcription-started&SequenceId=1");
    accept(KOL_INTAKE_TRANSCRIPTION, LINE("2", "false", "inbound_track", "I+nee"));
    accept(KOL_INTAKE_TRANSCRIPTION, LINE("3", "true", "inbound_track", "I+need+a+locksmith"));
    accept(KOL_INTAKE_TRANSCRIPTION, LINE("3", "true", "inbound_track", "I+need+a+locksmith"));
    accept(KOL_INTAKE_TRANSCRIPTION, LINE("4", "true", "outbound_track", "Where"));
    check_str("conversation", stored(CA)->full_conversation,
              "Customer: I need a locksmith\nAgent: Where");
    check_int("the call goes on", count_jobs("understand"), 0);
    accept(KOL_INTAKE_TRANSCRIPTION,
           IDS "&TranscriptionSid=" GT "&TranscriptionEvent=transcription-stopped&SequenceId=9");
    check_int("it is over", count_jobs("understand"), 1);
}

#define LINE_OF(sid, n, words)                                                                     \
    IDS "&TranscriptionSid=" sid "&TranscriptionEvent=transcription-content&SequenceId=" n         \
        "&Track=inbound_track&TranscriptionData=%7B%22transcript%22%3A%22" words "%22%7D"

/* One of two transcriptions ends while the call goes on: nothing goes out before its end. */
static void test_a_session_ends_before_the_call(void **state)
{
    (void)state;
    conf.worker = false;
    accept(KOL_INTAKE_CALL_STATUS, IDS PARTIES "&CallStatus=in-progress&SequenceNumber=1");
    accept(KOL_INTAKE_TRANSCRIPTION, LINE_OF(GT, "2", "one"));
    accept(KOL_INTAKE_TRANSCRIPTION,
           IDS "&TranscriptionSid=" GT "&TranscriptionEvent=transcription-stopped&SequenceId=9");
    check_true("later than any call is long",
               find_job("understand", CA)->due_at_ms > kol_wall_ms() + 4 * 3600 * 1000);
    accept(KOL_INTAKE_TRANSCRIPTION, LINE_OF("GT00000000000000000000000000000077", "1", "two"));
    accept(KOL_INTAKE_CALL_STATUS, IDS PARTIES "&CallStatus=completed&SequenceNumber=2");
    within("soon", find_job("understand", CA)->due_at_ms, kol_wall_ms() + 5000, 2000);
    check_int("one job", count_jobs("understand"), 1);
    check_str("both", stored(CA)->full_conversation, "Customer: one\nCustomer: two");
}

/* Nothing was said: no line, and the call is not taken for one with words. */
static void test_empty_words(void **state)
{
    (void)state;
    accept(KOL_INTAKE_TRANSCRIPTION, LINE("2", "true", "inbound_track", ""));
    accept(KOL_INTAKE_TRANSCRIPTION, LINE("3", "true", "inbound_track", "+%5Cn+"));
    check_str("no words", stored(CA)->full_conversation, NULL);
}

static void test_transcription_fails(void **state)
{
    (void)state;
    accept(KOL_INTAKE_TRANSCRIPTION, LINE("2", "true", "inbound_track", "hello"));
    accept(KOL_INTAKE_TRANSCRIPTION,
           IDS "&TranscriptionSid=" GT "&TranscriptionEvent=transcription-error&SequenceId=3"
               "&TranscriptionErrorCode=32655&TranscriptionError=No+such+language");
    check_str("visible", stored(CA)->realtime_error, "32655: No such language");
    check_str("words stay", stored(CA)->full_conversation, "Customer: hello");
}

static void test_when_realtime_goes_out(void **state)
{
    struct kol_job *job = NULL;

    (void)state;
    conf.worker = false;
    accept(KOL_INTAKE_CALL_STATUS, IDS PARTIES "&CallStatus=completed");
    within("offline is switched off", find_job("understand", CA)->due_at_ms, kol_wall_ms() + 5000,
           2000);

    check_ok("claim", kol_queue_claim(db, a, "understand", "me", kol_wall_ms() + 10000, &job, &err),
             &err);
    check_ok("finish", kol_queue_finish(db, job, kol_wall_ms(), &err), &err);
    accept(KOL_INTAKE_TRANSCRIPTION, LINE("5", "true", "inbound_track", "late+words"));
    check_int("late words are used, too", count_jobs("understand"), 2);

    struct kol_call *call = stored(CA);
    call->offline_state = KOL_OFFLINE_DONE;
    check_ok("claim", kol_queue_claim(db, a, "understand", "me", kol_wall_ms() + 10000, &job, &err),
             &err);
    check_ok("finish", kol_queue_finish(db, job, kol_wall_ms(), &err), &err);
    check_ok("offline is there", kol_road_queue_realtime(db, &conf, call, kol_wall_ms(), &err),
             &err);
    check_int("nothing to do", count_jobs("understand"), 2);
}

/* ---- refused ---- */

static void test_refused(void **state)
{
    static const struct {
        enum kol_intake_kind kind;
        const char *body;
        enum kol_code code;
        const char *message;
    } rows[] = {
        {KOL_INTAKE_RECORDING_STATUS,
         "AccountSid=AC00000000000000000000000000000009&CallSid=" CA "&RecordingSid=" RE,
         KOL_FORBIDDEN, "AccountSid"},
        {KOL_INTAKE_RECORDING_STATUS, IDS "&RecordingSid=" RE, KOL_BAD_INPUT,
         "RecordingStatus is missing"},
        {KOL_INTAKE_RECORDING_STATUS, IDS "&RecordingStatus=completed", KOL_BAD_INPUT,
         "RecordingSid"},
        {KOL_INTAKE_RECORDING_STATUS, "", KOL_BAD_INPUT, "AccountSid is missing"},
        {KOL_INTAKE_CALL_STATUS, IDS, KOL_BAD_INPUT, "CallStatus is missing"},
        {KOL_INTAKE_CALL_STATUS,
         "AccountSid=AC00000000000000000000000000000009&CallSid=" CA "&CallStatus=busy",
         KOL_FORBIDDEN, "AccountSid"},
        {KOL_INTAKE_TRANSCRIPTION, IDS, KOL_BAD_INPUT, "TranscriptionEvent is missing"},
        {KOL_INTAKE_HANDLE_RECORDING, IDS PARTIES, KOL_BAD_INPUT, "RecordingSid"},
        {KOL_INTAKE_RECORDING_STATUS, IDS "&Note=%00", KOL_BAD_INPUT, "NUL"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_code(rows[i].body, post(rows[i].kind, rows[i].body), rows[i].code, &err);
        check_has(rows[i].body, err.msg, rows[i].message);
    }
    assert_null(stored(CA));
}

static void test_signature_first(void **state)
{
    struct kol_intake_request r = {.kind = KOL_INTAKE_CALL_STATUS,
                                   .method = "POST",
                                   .content_type = FORM,
                                   .target = "/webhook/call_status",
                                   .body = IDS "&CallStatus=busy",
                                   .body_len = strlen(IDS "&CallStatus=busy"),
                                   .signature = "AAAA"};
    struct kol_intake_change *c = NULL;

    (void)state;
    check_code("wrong", kol_intake_prepare(a, &conf, &r, &c, &err), KOL_FORBIDDEN, &err);
    r.signature = NULL;
    check_code("missing", kol_intake_prepare(a, &conf, &r, &c, &err), KOL_BAD_INPUT, &err);
    conf.twilio_auth_token = "";
    check_code("no token", kol_intake_prepare(a, &conf, &r, &c, &err), KOL_BAD_CONFIG, &err);
    conf.twilio_auth_token = "token";
    conf.public_url = "";
    check_code("no public_url", kol_intake_prepare(a, &conf, &r, &c, &err), KOL_BAD_CONFIG, &err);
}

static void test_get_and_json(void **state)
{
    const char *target = "/webhook/call_status?" IDS "&CallStatus=busy";
    const char *bound = "/webhook/call_status?bodySHA256="
                        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    struct kol_intake_request r = {.kind = KOL_INTAKE_CALL_STATUS,
                                   .method = "GET",
                                   .target = target,
                                   .signature = sign(target, "")};
    struct kol_intake_change *c = NULL;

    (void)state;
    check_ok("GET", kol_intake_prepare(a, &conf, &r, &c, &err), &err);
    check_ok("GET", kol_intake_store(db, c, &err), &err);
    check_str("GET", stored(CA)->status, "busy");
    r = (struct kol_intake_request){.kind = KOL_INTAKE_CALL_STATUS,
                                    .method = "POST",
                                    .target = bound,
                                    .body = "{}",
                                    .body_len = 2,
                                    .content_type = "application/json",
                                    .signature = sign(bound, "")};
    check_code("JSON", kol_intake_prepare(a, &conf, &r, &c, &err), KOL_BAD_INPUT, &err);
    check_has("JSON", err.msg, "form-encoded");
}

static void test_answers(void **state)
{
    static const struct {
        enum kol_code code;
        int status, retry_after_s;
    } rows[] = {
        {KOL_OK, 200, 0},        {KOL_FORBIDDEN, 403, 0},  {KOL_BAD_INPUT, 400, 0},
        {KOL_TOO_LARGE, 413, 0}, {KOL_BAD_CONFIG, 500, 0}, {KOL_DISK_FULL, 503, 5},
        {KOL_DB, 503, 5},        {KOL_NO_MEMORY, 503, 5},  {KOL_CANCELLED, 503, 5},
        {KOL_CONFLICT, 409, 0},
    };
    struct kol_err e = {.msg = "why"};
    struct kol_intake_answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *row = kol_code_name(rows[i].code);
        kol_intake_answer(KOL_INTAKE_CALL_STATUS, rows[i].code, &e, &answer);
        check_int(row, answer.status, rows[i].status);
        check_int(row, answer.retry_after_s, rows[i].retry_after_s);
        check_str(row, answer.body, rows[i].code == KOL_OK ? "" : "why");
    }
    kol_intake_answer(KOL_INTAKE_HANDLE_RECORDING, KOL_OK, NULL, &answer);
    check_has("TwiML", answer.body, "<Response>");
    check_has("TwiML", answer.content_type, "xml");
}

/* A business of another account: its number, its calls and its lines stay out of reach. */
static void test_another_account(void **state)
{
    static const char other_account[] = "AC00000000000000000000000000000009";
    const struct kol_business theirs = {
        .name = "Pipes", .timezone = "UTC", .language = "en", .account_sid = other_account};
    int64_t id = 0, call_id = 0;
    bool is_new = false;
    struct kol_realtime_line line = {.transcription_sid = GT, .role = "customer", .text = "hello"};

    (void)state;
    check_ok("add", kol_business_add(db, &theirs, 1, &id, &err), &err);
    check_ok("number", kol_business_add_number(db, id, "+97248000000", AC, 1, NULL, &err), &err);
    check_ok("call", kol_call_ensure(db, CA2, other_account, 1, &call_id, &err), &err);
    check_ok("line", kol_call_add_realtime_line(db, call_id, &line, 1, &is_new, &err), &err);

    accept(KOL_INTAKE_CALL_STATUS, "AccountSid=" AC "&CallSid=" CA
                                   "&CallStatus=ringing&Direction=inbound&To=%2B97248000000");
    check_int("number", stored(CA)->business_id, 0);
    check_code("call",
               post(KOL_INTAKE_CALL_STATUS, "AccountSid=" AC "&CallSid=" CA2 "&CallStatus=busy"),
               KOL_FORBIDDEN, &err);
    check_code("partial words",
               post(KOL_INTAKE_TRANSCRIPTION,
                    "AccountSid=" AC "&CallSid=" CA2
                    "&TranscriptionEvent=transcription-content&SequenceId=1&TranscriptionData="
                    "%7B%22transcript%22%3A%22x%22%7D"),
               KOL_FORBIDDEN, &err);
    check_code("line",
               post(KOL_INTAKE_TRANSCRIPTION,
                    "AccountSid=" AC "&CallSid=" CA "&TranscriptionSid=" GT
                    "&TranscriptionEvent=transcription-content&SequenceId=7&Final=true"
                    "&TranscriptionData=%7B%22transcript%22%3A%22x%22%7D"),
               KOL_CONFLICT, &err);
}

static void test_paths(void **state)
{
    enum kol_intake_kind kind;

    (void)state;
    check_true("known", kol_intake_kind_of_path("/webhook/transcription", &kind));
    check_int("which", kind, KOL_INTAKE_TRANSCRIPTION);
    check_true("unknown", !kol_intake_kind_of_path("/webhook/nothing", &kind));
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_recording_completed),
        test(test_duplicates_and_both_entrances),
        test(test_in_progress_is_only_stored),
        test(test_better_recording_walks_again),
        test(test_absent),
        test(test_urls),
        test(test_business_by_direction),
        test(test_end_of_a_call),
        test(test_end_of_a_call_whose_recording_has_not_ended),
        test(test_no_look_up_for_what_is_on_the_road),
        test(test_busy_is_no_recording),
        test(test_trigger),
        test(test_realtime),
        test(test_when_realtime_goes_out),
        test(test_a_session_ends_before_the_call),
        test(test_empty_words),
        test(test_transcription_fails),
        test(test_refused),
        test(test_signature_first),
        test(test_get_and_json),
        test(test_another_account),
        test(test_answers),
        test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
