"""Media as Twilio hands them out: channels, cuts and what follows, faults of the line."""
import json

from conftest import accepted, tone_wav, wait_until
from fakehttp import Step


def tell(recording, **changes):
    """What the recording's resource says from now on."""
    recording.durations = []
    recording.always("json", Step(body=json.dumps(recording.as_json() | changes).encode()))


# ---- channels ----

def test_both_channels_are_asked_for(house):
    call, recording = house.ring()
    house.wait_file(call)
    assert [r.params.get("RequestedChannels") for r in recording.fetches()] == ["2"]


def test_what_has_one_channel_is_not_asked_for_two(house):
    call, recording = house.ring(channels=1)
    house.wait_file(call)
    assert [r.query for r in recording.fetches()] == [""]


def test_no_two_channels_after_all(house):
    """Unknown at first: 400 says that there is one. It is asked for as recorded, at once, and in no later round either."""
    call, recording = house.new_call()
    recording.channels = 1
    tell(recording, channels=None)
    recording.script("", None, 500, None)
    accepted(house.twilio.call_status(call, house.kol.url))
    accepted(house.twilio.recording_status(call, recording, house.kol.url, RecordingChannels=""))
    house.wait_file(call)
    assert [(r.query, r.status) for r in recording.fetches()] == [
        ("RequestedChannels=2", 400), ("", 500), ("", 200)]
    house.kol.wait_log("two channels cannot be had of this recording")
    assert not house.kol.logged("not ready yet")
