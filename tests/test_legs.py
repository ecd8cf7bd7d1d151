"""Callbacks in every order; several recordings of a call; transfers and conferences."""
import itertools
import sqlite3

from conftest import CALLER, NUMBER, accepted, tone_wav, wait_until
from twilio_model import new_sid

SHOWN = ("fetch_state", "recording_sid", "duration", "channels", "fetch_reason")
CODES = {"absent": "16101", "failed": "16105"}


def send(house, call, recording, statuses):
    """The recording's callbacks in this order."""
    for status in statuses:
        more = {"ErrorCode": CODES[status]} if status in CODES else {}
        accepted(house.twilio.recording_status(call, recording, house.kol.url, status=status, **more))


def stored_status(house, recording):
    """(status, error code) in the database."""
    with sqlite3.connect(f"file:{house.kol.data}/kol.db?mode=ro", uri=True) as db:
        return db.execute("SELECT status, error_code FROM recording WHERE recording_sid = ?",
                          (recording.sid,)).fetchone()


def shown(house, call, recording):
    """What the API says of the call, whatever its SIDs."""
    row = house.stored(call)
    return tuple(str(row[name]).replace(recording.sid, "RE") for name in SHOWN)


def test_completed_counts_wherever_it_comes(house):
    """in-progress, completed, absent and failed in all 24 orders, and all shorter ones with completed."""
    made = []
    statuses = ("in-progress", "completed", "absent", "failed")
    orders = list(itertools.permutations(statuses)) + list(itertools.permutations(statuses[:3]))
    for number, order in enumerate(orders):
        call, recording = house.new_call(caller=f"+97252{number:07d}")
        accepted(house.twilio.call_status(call, house.kol.url))
        send(house, call, recording, order)
        made.append((call, recording, order))
    ends = set()
    for call, recording, order in made:
        house.wait_file(call)
        ends.add(shown(house, call, recording) + stored_status(house, recording))
    assert ends == {("local", "RE", "13", "2", "None", "completed", 0)}


def test_without_completed_it_is_gone(house):
    made = []
    for number, order in enumerate(itertools.permutations(("in-progress", "absent", "failed"))):
        call, recording = house.new_call(caller=f"+97252{number:07d}")
        recording.gone("failed", 16105)
        accepted(house.twilio.call_status(call, house.kol.url))
        send(house, call, recording, order)
        made.append((call, recording))
    ends = set()
    for call, recording in made:
        wait_until("playback to say 404", lambda: house.file(call).status == 404)
        ends.add((house.stored(call)["fetch_reason"],) + stored_status(house, recording))
        assert recording.fetches() == []
    assert ends == {("Twilio has no recording: failed, error 16105: "
                     "the account has no valid public key to encrypt it with", "failed", 16105)}


def test_two_recordings_of_one_call(house):
    """<Dial record> and the API at once: the two-channel one is the call's, whichever comes first; each is one row."""
    for number, flip in enumerate((False, True)):
        call, mono = house.new_call(caller=f"+97252999999{number}", wav=tone_wav(3), channels=1, seconds=30,
                                    source="DialVerb")
        dual = house.twilio.add_recording(call, wav=tone_wav(2), channels=2, seconds=20, source="StartCallRecordingAPI")
        accepted(house.twilio.call_status(call, house.kol.url))
        for recording in ((dual, mono) if flip else (mono, dual)):
            accepted(house.twilio.recording_status(call, recording, house.kol.url))
        wait_until("the two-channel one", lambda: house.file(call).body == dual.media["wav"])
        assert house.stored(call)["recording_sid"] == dual.sid


def test_the_only_good_one_of_two(house):
    call, bad = house.new_call(channels=2)
    bad.gone("absent", 16102)
    good = house.twilio.add_recording(call, wav=tone_wav(2), channels=1)
    accepted(house.twilio.call_status(call, house.kol.url))
    send(house, call, bad, ["absent"])
    send(house, call, good, ["completed"])
    assert house.wait_file(call).body == good.media["wav"]
    assert house.stored(call)["recording_sid"] == good.sid


def test_the_better_one_turns_out_to_be_absent(house):
    """Both were announced as completed; Twilio says at the fetch that there is only one."""
    call, mono = house.new_call(wav=tone_wav(3), channels=1, source="DialVerb")
    dual = house.twilio.add_recording(call, channels=2)
    dual.gone("absent", 16101)
    accepted(house.twilio.call_status(call, house.kol.url))
    for recording in (mono, dual):
        accepted(house.twilio.recording_status(call, recording, house.kol.url, RecordingDuration="13"))
    wait_until("the other one", lambda: house.file(call).body == mono.media["wav"])
    wait_until("it to be the call's", lambda: house.stored(call)["recording_sid"] == mono.sid)
    assert house.stored(call)["fetch_state"] == "local" and stored_status(house, dual) == ("absent", 16101)


def transferred(house, recorded=True):
    """A call that was put through to a locksmith: (parent, child, recording)."""
    parent, recording = house.new_call(source="DialVerb")
    child = house.twilio.add_call(CALLER, "+972501112222", direction="outbound-dial", parent_call_sid=parent.sid)
    return parent, child, recording


def test_a_transfer_is_one_call(house):
    """The child leg's status callbacks make neither a call nor a lead nor an event for the CRM."""
    parent, child, recording = transferred(house)
    for sequence, status in enumerate(("initiated", "ringing", "in-progress", "completed")):
        accepted(house.twilio.call_status(child, house.kol.url, status, sequence, ParentCallSid=parent.sid))
    # The business's own number as caller id looks like an outbound call of the business.
    second = house.twilio.add_call(NUMBER, "+972503334444", direction="outbound-dial", parent_call_sid=parent.sid)
    accepted(house.twilio.call_status(second, house.kol.url, ParentCallSid=parent.sid))
    for sent in house.twilio.transcription(parent, house.kol.url, [("inbound_track", "I need a locksmith in Haifa.")]):
        accepted(sent)
    house.announce(parent, recording)
    house.wait_file(parent)
    house.wait_events(parent)
    assert [c["call_sid"] for c in house.kol.get("/api/calls", house.op)["calls"]] == [parent.sid]
    assert house.jobs(child) == house.jobs(second) == []
    assert {e["call_sid"] for e in house.events()} == {parent.sid}
    assert len(house.kol.get("/api/leads", house.op)["leads"]) == 1
    with sqlite3.connect(f"file:{house.kol.data}/kol.db?mode=ro", uri=True) as db:
        assert db.execute("SELECT count(*) FROM event WHERE call_sid = ?", (child.sid,)).fetchone() == (4,)


def test_a_leg_that_was_recorded_itself_is_a_call(house):
    """A SIP trunk's recordings name their own leg: whichever callback comes first, it is there with its numbers."""
    for number, late in enumerate((False, True)):
        parent, _ = house.new_call()
        leg = house.twilio.add_call(NUMBER, f"+97250777777{number}", direction="outbound-dial",
                                    parent_call_sid=parent.sid)
        recording = house.twilio.add_recording(leg, wav=tone_wav(), source="Trunking")
        if not late:
            accepted(house.twilio.call_status(leg, house.kol.url, ParentCallSid=parent.sid))
        accepted(house.twilio.recording_status(leg, recording, house.kol.url))
        if late:
            accepted(house.twilio.call_status(leg, house.kol.url, ParentCallSid=parent.sid))
        house.wait_file(leg)
        assert wait_until("its business", lambda: house.stored(leg)["business_id"]) == house.shop.id


def test_a_conference_with_a_participants_call(house):
    """Conference and StartConferenceRecordingAPI name the call of a participant: it is that call's recording."""
    for number, source in enumerate(("Conference", "StartConferenceRecordingAPI")):
        call, recording = house.new_call(caller=f"+97250888888{number}", source=source, channels=1)
        house.announce(call, recording, ConferenceSid=new_sid("CF"))
        house.wait_file(call)
        assert house.stored(call)["channels"] == 1


def test_a_conference_without_a_call_is_found_by_its_recording(make_house):
    """The callback is kept; the list of recordings tells which call it belongs to."""
    house = make_house(reconcile_every_s=30)
    call, recording = house.new_call(source="Conference", channels=1, conference_sid=new_sid("CF"))
    accepted(house.twilio.recording_status(call, recording, house.kol.url, CallSid="",
                                           ConferenceSid=recording.conference_sid))
    house.wait_file(call)
    house.kol.wait_log(f"Found existing recording for {call.sid}")
    sent = house.twilio.recording_status(call, recording, house.kol.url, CallSid="", ConferenceSid="CF../../etc")
    assert sent.status == 400
