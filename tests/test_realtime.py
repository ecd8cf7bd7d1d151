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


def test_long_hebrew_counts_characters_not_bytes(house):
    turns = [("inbound_track", f"משפט מספר {n} על מנעולן בעפולה") for n in range(60)]
    call = house.realtime_call(turns, language="he-IL")
    house.wait_events(call)
    house.kol.wait_log(used_realtime(house, call))
