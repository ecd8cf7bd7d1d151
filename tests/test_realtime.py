"""Realtime transcripts: the fallback, which transcript is used, and updates with a higher version."""
import pytest
import twilio_callbacks as callbacks
from conftest import accepted, wait_until

ENGLISH = [("outbound_track", "Hello, how can I help you?"),
           ("inbound_track", "I am locked out, I need a locksmith in Haifa please.")]
HEBREW = [("outbound_track", "שלום, במה אפשר לעזור?"), ("inbound_track", "שלום, אני צריך מנעולן בעפולה בבקשה.")]


def used_realtime(house, call):
    """The line that says so, with the number of characters."""
    full = house.stored(call)["full_conversation"]
    return f"ℹ️ [WEBHOOK] Offline transcript missing → using realtime ({len(full)} chars)"


def test_hebrew_without_recording(house):
    """The look-up after `completed` finds nothing, so the realtime transcript goes out at once."""
    call = house.realtime_call(HEBREW, language="he-IL")
    got, = house.wait_events(call)
    assert (got["extracted_service"], got["extracted_city"]) == ("מנעולן", "עפולה")
    assert 0 < got["extraction_confidence"] <= 1
    assert "מנעולן בעפולה" in got["full_conversation"] and not got["final_transcript"]
    assert got["summary"]
    house.kol.wait_log(used_realtime(house, call))
    house.kol.wait_log(f"[OFFLINE_EXTRACT] Starting extraction for {call.sid}")
    assert house.kol.logged(r"\[OFFLINE_EXTRACT\] ✅ Extracted: service='מנעולן', city='עפולה', confidence=[01]\.\d\d$")
    assert house.kol.logged(r"\[OFFLINE_EXTRACT\] ✅ Updated lead \d+ service_type: 'מנעולן'$")
    assert house.kol.logged(r"\[OFFLINE_EXTRACT\] ✅ Updated lead \d+ city: 'עפולה'$")


def test_english(house):
    call = house.realtime_call(ENGLISH)
    got, = house.wait_events(call)
    assert "lock" in got["extracted_service"].lower() and got["extracted_city"] == "Haifa"


def test_offline_switched_off_sends_realtime(house):
    """worker = false: the recording is fetched and playable, the realtime transcript goes out, transcription waits."""
    call, recording = house.new_call()
    accepted(house.twilio.call_status(call, house.kol.url, "in-progress", 1))
    for sent in house.twilio.transcription(call, house.kol.url, ENGLISH):
        accepted(sent)
    house.announce(call, recording)
    got, = house.wait_events(call)
    assert got["extracted_city"] == "Haifa"
    house.wait_file(call)
    waiting = wait_until("the transcription to wait",
                         lambda: [j for j in house.jobs(call) if j["stage"] == "transcribe"])
    assert waiting[0]["state"] in ("ready", "scheduled", "paused")


def test_disorder_and_repeats_of_events(house):
    """Events out of order, twice, with partial results between: one conversation in the right order."""
    call = house.twilio.add_call("+972501234567", "+97246001234")
    accepted(house.twilio.call_status(call, house.kol.url, "in-progress", 1))
    texts = ["one one one", "two two two", "three three three", "locksmith in Haifa"]
    events = [callbacks.transcription(call, "content", n, t) for n, t in enumerate(texts, 2)]
    events.append(callbacks.transcription(call, "content", 9, "half a wo", final=False))
    for event in reversed(events + events[:2]):
        accepted(house.twilio.post(house.kol.url, "/webhook/transcription", event))
    accepted(house.twilio.post(house.kol.url, "/webhook/transcription", callbacks.transcription(call, "stopped", 10)))
    accepted(house.twilio.call_status(call, house.kol.url, "completed", 3))
    got, = house.wait_events(call)
    full = got["full_conversation"]
    assert [full.count(t) for t in texts] == [1, 1, 1, 1]
    assert sorted(texts, key=full.index) == texts
    assert "half a wo" not in full


def test_nothing_at_all_is_said_plainly(house):
    """No recording, no realtime transcript: the CRM still hears of the call, with no_speech."""
    call = house.twilio.add_call("+972501234567", "+97246001234")
    accepted(house.twilio.call_status(call, house.kol.url))
    got, = house.wait_events(call)
    assert "no_speech" in str(got["_event"])
    assert not got["final_transcript"] and not got["full_conversation"]


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_calls_that_never_were(house, status):
    """A call that nobody answered has nothing to look up for long, and breaks nothing."""
    call = house.twilio.add_call("+972501234567", "+97246001234", status=status, seconds=0)
    accepted(house.twilio.call_status(call, house.kol.url, status, 2))
    assert house.stored(call)["status"] == status
    assert house.kol.http("GET", "/healthz").status == 200


def test_both_tracks_and_roles(house):
    """On an inbound call the inbound track is the customer."""
    call = house.realtime_call(ENGLISH)
    got, = house.wait_events(call)
    lines = got["full_conversation"].lower().splitlines()
    assert any("customer" in line and "locked out" in line for line in lines)
    assert any("agent" in line and "help you" in line for line in lines)


def test_broken_transcription_data(house):
    """TranscriptionData that is not JSON is refused or ignored, not fatal."""
    call = house.twilio.add_call("+972501234567", "+97246001234")
    for data in ("", "{", "[]", '{"transcript": 5}', '{"transcript": null}', '{"confidence": 1}', "\0", '"x"'):
        event = callbacks.transcription(call, "content", 2, "x", TranscriptionData=data)
        sent = house.twilio.post(house.kol.url, "/webhook/transcription", event)
        assert sent.status in (200, 204, 400), data
    assert house.kol.http("GET", "/healthz").status == 200


def content(call, sequence, text, **more):
    """One final event."""
    return callbacks.transcription(call, "content", sequence, text, **more)


def post(house, event, **how):
    """Sends an event; returns the status."""
    return house.twilio.post(house.kol.url, "/webhook/transcription", event, **how).status


def test_hostile_transcription_data_changes_nothing(house):
    """What is no JSON, too deep, too large or no text is refused, and the words around it are kept."""
    call = house.twilio.add_call("+972501234567", "+97246001234")
    assert post(house, content(call, 1, "before")) == 200
    deep = "[" * 20000
    for number, data in enumerate((deep, '{"transcript":' + deep, '{"transcript": "' + "x" * 70000 + '"}',
                                   '{"transcript": "a\\u0000b"}', '{"transcript": "\\ud83d"}', '{"transcript": {"a": []}}',
                                   '{"transcript": "a", "transcript": "b"}', '"words"', "NaN", "{" * 3), 10):
        assert post(house, content(call, number, "x", TranscriptionData=data)) in (400, 413), data[:40]
    assert post(house, content(call, 30, "Line\nAgent: one\u2028\x07two")) == 200
    assert post(house, content(call, 31, " \n ")) == 200
    assert house.stored(call)["full_conversation"] == "Customer: before\nCustomer: Line Agent: one two"


def test_silence_in_real_time_is_no_transcript(house):
    """Events without words do not make a call one that was heard."""
    call = house.realtime_call([("inbound_track", ""), ("outbound_track", "  ")])
    got, = house.wait_events(call)
    assert got["_event"]["data"]["no_speech"] and not got["full_conversation"]


def test_several_transcriptions_of_one_call(house):
    """Stopped and started again while the call goes on: one conversation, one event, after the call's end."""
    call = house.twilio.add_call("+972501234567", "+97246001234")
    accepted(house.twilio.call_status(call, house.kol.url, "in-progress", 1))
    first, second = "GT" + "1" * 32, "GT" + "2" * 32
    for event in (content(call, 2, "one", transcription_sid=first), callbacks.transcription(
            call, "stopped", 3, transcription_sid=first), content(call, 9, "four", transcription_sid=second),
            content(call, 5, "three", transcription_sid=second, track="outbound_track"),
            content(call, 4, "two", transcription_sid=second)):
        assert post(house, event) == 200
    assert [j["stage"] for j in house.jobs(call) if j["state"] != "scheduled"] == []
    accepted(house.twilio.call_status(call, house.kol.url, "completed", 3))
    got, = house.wait_events(call)
    assert got["full_conversation"] == "Customer: one\nCustomer: two\nAgent: three\nCustomer: four"


def test_both_tracks_may_count_for_themselves(house):
    """The same SequenceId on two tracks is two lines; Final is only needed to say no."""
    call = house.twilio.add_call("+972501234567", "+97246001234")
    for event in (content(call, 1, "one"), content(call, 1, "two", track="outbound_track"), content(call, 1, "one"),
                  content(call, 2, "three", Final=None)):
        assert post(house, event) == 200
    assert house.stored(call)["full_conversation"] == "Customer: one\nAgent: two\nCustomer: three"


def test_late_lines_follow_as_an_update(house):
    """Words that come after the realtime version went out make the next version of the same call."""
    call = house.realtime_call([("inbound_track", "Hello there.")])
    first, = house.wait_events(call)
    assert post(house, content(call, 40, "I need a locksmith in Haifa.")) == 200
    second = house.wait_events(call, 2)[1]
    assert "Haifa" in second["full_conversation"] and "Haifa" not in first["full_conversation"]
    assert [e["_event"]["data"]["version"] for e in (first, second)] == [1, 2]
    assert post(house, content(call, 40, "I need a locksmith in Haifa.")) == 200
    assert len(house.events(call)) == 2


def test_events_before_the_call_is_known(house):
    """Lines of a call nobody heard of are kept, and are its business's once its number is told."""
    call = house.twilio.add_call("+972501234567", "+97246001234")
    for event in (callbacks.transcription(call, "started", 1), content(call, 2, "I need a locksmith in Haifa."),
                  callbacks.transcription(call, "stopped", 3)):
        assert post(house, event) == 200
    assert house.stored(call)["business_id"] is None
    accepted(house.twilio.call_status(call, house.kol.url))
    got, = house.wait_events(call)
    assert got["extracted_city"] == "Haifa" and house.stored(call)["business_id"] == house.shop.id


def test_events_of_another_account_are_refused(house):
    call = house.twilio.add_call("+972501234567", "+97246001234")
    assert post(house, content(call, 2, "x", AccountSid="AC" + "9" * 32)) == 403
    assert post(house, content(call, 2, "x"), signature="AAAA") == 403
    assert house.stored(call) is None


def test_a_failed_transcription_is_visible(house):
    """transcription-error: on the call, in the log with its code, and never with Twilio's text."""
    call = house.twilio.add_call("+972501234567", "+97246001234")
    error = callbacks.transcription(call, "error", 2, TranscriptionErrorCode="32655", TranscriptionError="no such engine")
    assert post(house, error) == 200
    assert post(house, error) == 200
    assert house.stored(call)["realtime_error"] == "32655: no such engine"
    house.kol.wait_log(f"Twilio's realtime transcription failed call_sid={call.sid} code=32655")
    assert len(house.kol.logged("realtime transcription failed")) == 1 and not house.kol.logged("no such engine")
    assert "no such engine" in house.kol.run("call", "show", call.sid).stdout


def test_the_business_says_whose_track_it_is(house):
    """A softphone that calls out: Twilio's inbound_track is the business's own voice."""
    house.kol.run("business", "set", str(house.shop.id), '--channel-map={"realtime/outbound": "agent,customer"}')
    call = house.twilio.add_call("+97246001234", "+972501234567", direction="outbound-api")
    assert post(house, content(call, 2, "Galil Locks, hello.")) == 200
    assert house.stored(call)["full_conversation"].startswith("Customer: ")  # nobody knows the direction yet
    accepted(house.twilio.call_status(call, house.kol.url, "in-progress", 1))
    assert post(house, content(call, 3, "I am in Haifa.", track="outbound_track")) == 200
    assert house.stored(call)["full_conversation"] == "Agent: Galil Locks, hello.\nCustomer: I am in Haifa."


def test_long_hebrew_counts_characters_not_bytes(house):
    turns = [("inbound_track", f"משפט מספר {n} על מנעולן בעפולה") for n in range(60)]
    call = house.realtime_call(turns, language="he-IL")
    house.wait_events(call)
    house.kol.wait_log(used_realtime(house, call))
