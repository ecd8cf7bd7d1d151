"""Media as Twilio hands them out: channels, cuts and what follows, faults of the line."""
import concurrent.futures
import email.utils
import json
import time

import pytest
import twilio_crypto
from conftest import accepted, tone_wav, wait_until
from fakehttp import FakeServer, Step


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


# ---- cuts ----

def ranges(recording):
    """What was asked for, request by request: where each began, and how it was answered."""
    return [(int((r.header("Range") or "bytes=0-")[6:-1]), r.status) for r in recording.fetches()]


def only_the_file(house, call):
    """Nothing but the call's file lies among the recordings."""
    return [p.name for p in house.audio_files()] == [f"{call.sid}.wav"]


def test_a_cut_download_goes_on(house):
    call, recording = house.new_call(wav=tone_wav(3))
    recording.script("", Step(cut_after=30_000), Step(cut_after=30_000))
    house.announce(call, recording)
    assert house.wait_file(call).body == recording.media["wav"]
    asked = ranges(recording)
    assert [status for _, status in asked] == [200, 206, 206]
    assert 0 < asked[1][0] <= 30_000 and asked[1][0] < asked[2][0] <= 60_000
    assert all(r.header("If-Range") for r in recording.fetches()[1:])
    size = len(recording.media["wav"])
    house.kol.wait_log(f"✅ Successfully downloaded {size} bytes")
    house.kol.wait_log(f"✅ Recording saved to disk: recordings/{call.sid}.wav ({size} bytes)")
    wait_until("what was cut to be gone", lambda: only_the_file(house, call))


def test_it_goes_on_after_a_restart(house):
    call, recording = house.new_call(wav=tone_wav(3))
    recording.always("", 503)
    recording.script("", Step(cut_after=30_000))
    house.announce(call, recording)
    wait_until("a try after the cut", lambda: len(recording.fetches()) >= 2)
    house.kol.stop()
    recording.always("", None)
    before = len(recording.fetches())
    house.kol.restart()
    assert house.wait_file(call).body == recording.media["wav"]
    assert [status for start, status in ranges(recording)[before:] if start > 0] == [206]
    assert only_the_file(house, call)


def test_it_goes_on_after_a_kill(house):
    call, recording = house.new_call(wav=tone_wav(3))
    recording.script("", Step(bytes_per_s=40_000))
    house.announce(call, recording)
    part = house.kol.data / "recordings" / f"{recording.sid}.resume"
    wait_until("some of it to be there", lambda: part.exists() and part.stat().st_size > 10_000)
    house.kol.kill()
    house.kol.restart()
    assert house.wait_file(call).body == recording.media["wav"]
    assert ranges(recording)[-1][0] > 10_000 and ranges(recording)[-1][1] == 206
    assert only_the_file(house, call)


def test_media_that_changed_meanwhile_begin_anew(house):
    call, recording = house.new_call(wav=tone_wav(3))
    recording.script("", Step(cut_after=30_000), 503)
    house.announce(call, recording)
    wait_until("the cut", lambda: len(recording.fetches()) >= 1)
    recording.media["wav"] = tone_wav(2, 880)
    assert house.wait_file(call).body == tone_wav(2, 880)
    assert ranges(recording)[-1][0] > 0 and ranges(recording)[-1][1] == 200  # If-Range did that


def test_a_server_without_ranges(house):
    call, recording = house.new_call(wav=tone_wav(3))
    recording.ranges = False
    recording.script("", Step(cut_after=30_000), Step(cut_after=30_000))
    house.announce(call, recording)
    assert house.wait_file(call).body == recording.media["wav"]
    assert {status for _, status in ranges(recording)} == {200}


@pytest.mark.parametrize("answer", [
    Step(416), Step(206, {"Content-Range": "bytes 5-9/10"}, body=b"other"), Step(206, {"Content-Range": ""}, body=b"no range at all"),
    Step(206, {"Content-Range": "bytes 0-4/5"}, body=b"RIFF!"), Step(206, {"Content-Range": "bytes x-y/z"}, body=b"?"),
], ids=["416", "another part", "no range", "the beginning", "nonsense"])
def test_what_does_not_fit_is_not_put_together(house, answer):
    """It begins anew at once, in the same run; a wrong part never gets into a file."""
    call, recording = house.new_call(wav=tone_wav(3))
    recording.script("", Step(cut_after=30_000), answer)
    house.announce(call, recording)
    assert house.wait_file(call).body == recording.media["wav"]
    asked = ranges(recording)
    assert asked[1][0] > 0 and asked[2] == (0, 200)
    assert only_the_file(house, call)


# ---- faults of the line ----

def test_a_slow_drip_ends(make_house):
    """Twenty bytes a second would take an hour and a half: after fetch_stall_s it is cut, and goes on later."""
    house = make_house(fetch_stall_s=1)
    call, recording = house.new_call()
    recording.script("", Step(bytes_per_s=20))
    house.announce(call, recording)
    house.wait_file(call, 15)


def test_tls_errors_are_clear_and_tried_again(make_house, tmp_path):
    """A certificate nobody vouches for: no request, no credentials, and a reason that says so."""
    certificate, key = twilio_crypto.make_certificate(tmp_path)
    with FakeServer(tls=(certificate, key)) as strange:
        house = make_house(twilio_api_base=f"https://127.0.0.1:{strange.port}")
        call, recording = house.new_call()
        accepted(house.twilio.call_status(call, house.kol.url))
        accepted(house.twilio.recording_status(call, recording, house.kol.url))
        job = wait_until("the reason", lambda: next((j for j in house.jobs(call) if j["error"]), None))
        assert "certificate" in job["error"].lower() and job["state"] != "dead"
        assert strange.requests() == []


@pytest.mark.parametrize("status", [401, 403])
def test_refused_media_wait_for_credentials(house, status):
    call, recording = house.new_call()
    recording.always("", status)
    house.announce(call, recording)
    job = wait_until("the pause", lambda: next((j for j in house.jobs(call) if j["state"] == "paused"), None))
    assert job["error_code"] == "refused" and str(status) in job["error"]
    assert house.file(call).status == 503


@pytest.mark.parametrize("wish", ["60", "date", None])
def test_too_many_requests_with_and_without_a_wish(make_house, wish):
    """Retry-After in both forms is kept to; without one the usual pause."""
    house = make_house(test_wait_divisor=1)
    call, recording = house.new_call()
    value = email.utils.formatdate(time.time() + 60, usegmt=True) if wish == "date" else wish
    recording.always("json", Step(429, {"Retry-After": value} if value else {}))
    house.announce(call, recording)
    job = wait_until("the retry", lambda: next(
        (j for j in house.jobs(call) if j["stage"] == "fetch" and j["error"]), None))
    wait_s = (job["due_at_ms"] - job["updated_at_ms"]) / 1000
    assert job["error_code"] == "rate_limited" and job["state"] == "scheduled"
    assert (57 < wait_s <= 61) if wish else (4 < wait_s < 6)


# ---- many who ask ----

def test_one_download_however_many_ask(house):
    call, recording = house.new_call(wav=tone_wav(3))
    recording.script("", Step(bytes_per_s=100_000))
    house.announce(call, recording)

    def ask(number):
        method = ("HEAD", "GET", "POST")[number % 3]
        target = f"/api/recordings/{call.sid}/" + ("prepare" if method == "POST" else "file")
        return house.kol.http(method, target, house.op).status

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(60))) <= {200, 202}
    house.wait_file(call)
    wait_until("all jobs to be over", lambda: not [
        j for j in house.jobs(call) if j["stage"] == "fetch" and j["state"] in ("ready", "running", "scheduled")])
    assert [r.status for r in recording.fetches()] == [200]


# ---- limits per account ----

def test_no_more_requests_of_an_account_than_allowed(make_house):
    """Eight threads, two at a time: nothing fails, nothing counts as an attempt, all come through."""
    house = make_house(fetch_threads=8, account_requests=2)
    house.twilio.group = lambda request: "all"
    made = []
    for number in range(8):
        call, recording = house.new_call(caller=f"+97250111111{number}")
        recording.script("", Step(delay_s=0.2))
        accepted(house.twilio.recording_status(call, recording, house.kol.url))
        made.append(call)
    for call in made:
        house.wait_file(call)
        assert {j["attempt"] for j in house.jobs(call) if j["stage"] == "fetch"} == {0}
    assert house.twilio.peak["all"] == 2


def test_one_account_that_has_to_wait_slows_nobody_else(make_house):
    """429 to one account: its other calls wait as well, without asking; the other account's do not."""
    house = make_house(test_wait_divisor=1)
    account = house.twilio.add_account()
    house.kol.run("account", "add", account.sid, text=account.token)
    house.kol.run("business", "add", "--name", "Carmel", "--number", "+97246009999", "--account", account.sid)
    busy, first = house.new_call()
    first.always("json", Step(429, {"Retry-After": "120"}))
    accepted(house.twilio.call_status(busy, house.kol.url))
    accepted(house.twilio.recording_status(busy, first, house.kol.url))
    wait_until("the refusal", lambda: house.twilio.requests(first.path + ".json"))
    wait_until("it to be told", lambda: any(j["error_code"] == "rate_limited" for j in house.jobs(busy)))
    same, second = house.new_call(caller="+972502222222")
    accepted(house.twilio.call_status(same, house.kol.url))
    accepted(house.twilio.recording_status(same, second, house.kol.url))
    other = house.twilio.add_call("+972503333333", "+97246009999", account_sid=account.sid)
    third = house.twilio.add_recording(other, wav=tone_wav())
    for sent in (house.twilio.call_status(other, house.kol.url), house.twilio.recording_status(other, third, house.kol.url)):
        accepted(sent)
    house.wait_file(other)
    job = wait_until("the other call to wait", lambda: next(
        (j for j in house.jobs(same) if j["stage"] == "fetch" and j["state"] == "scheduled"), None))
    assert job["attempt"] == 0 and job["due_at_ms"] - job["updated_at_ms"] > 60_000
    assert house.twilio.requests(containing=second.sid) == []
