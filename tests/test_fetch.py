"""The recording service: every rule of fetching, with the log lines word for word."""
import json
import re

import pytest
from conftest import DIVISOR, accepted, tone_mp3, tone_wav, wait_until
from fakehttp import Step

STT = "[OFFLINE_STT] "


def paths(recording):
    """The media formats asked for, in order: "", "mp3", "wav"."""
    return [r.path.removeprefix(recording.path).lstrip(".") for r in recording.fetches()]


def not_ready(house):
    """The waits that were logged: (what Twilio gave, seconds, attempt)."""
    found = (re.search(r"Recording not ready yet \((.*)\), will retry in (\d+)s \(attempt (\d)/5\)", line)
             for line in house.kol.lines)
    return [(m[1], int(m[2]), int(m[3])) for m in found if m]


WAITS = [3, 5, 5, 10, 10]


def test_ready_at_once(house):
    call, recording = house.ring(mp3=tone_mp3(2))
    house.wait_file(call)
    size = len(recording.media["mp3"])
    for line in (f"Recording fetched: {recording.sid}, duration=13s", "Trying recording URL (format 1/3)...",
                 "Download status: 404", "Trying recording URL (format 2/3)...",
                 f"Download status: 200, bytes={size}", f"✅ Successfully downloaded {size} bytes",
                 f"✅ Recording saved to disk: recordings/{call.sid}.mp3 ({size} bytes)"):
        house.kol.wait_log(STT + line)
    assert paths(recording) == ["", "mp3"]
    assert not_ready(house) == []


def test_all_three_formats_in_order(house):
    call, recording = house.new_call(wav=tone_wav())
    recording.script("", 404)
    house.announce(call, recording)
    house.wait_file(call)
    assert paths(recording) == ["", "mp3", "wav"]
    house.kol.wait_log(STT + "Trying recording URL (format 3/3)...")


def test_five_seconds_between_formats_after_a_404(make_house):
    """The nominal 5 s, divided; and it is a due time, so another call passes meanwhile."""
    house = make_house(test_wait_divisor=5)
    call, recording = house.new_call()
    recording.script("", 404)
    house.announce(call, recording)
    wait_until("the first format", lambda: recording.fetches())
    other, _ = house.ring(caller="+972502222222")
    house.wait_file(other)
    assert len(recording.fetches()) == 1
    house.wait_file(call)
    first, second, third = (r.at for r in recording.fetches())
    assert 0.9 <= second - first < 4 and 0.9 <= third - second < 4


@pytest.mark.parametrize("given, shown", [("-1", "duration=-1"), (-1, "duration=-1"), (None, "duration=null"),
                                          ("0", "duration=0"), ("", "duration=")])
def test_not_ready_then_ready(house, given, shown):
    """The text "-1" was the old bug: it is "not ready", as null, 0 and nothing are."""
    call, recording = house.new_call()
    recording.durations = [given]
    house.announce(call, recording)
    house.wait_file(call)
    waits = not_ready(house)
    assert [(w, n) for _, w, n in waits] == [(3, 1)]
    assert waits[0][0].startswith(shown)
    if given in ("-1", -1):
        house.kol.wait_log(STT + f"Recording fetched: {recording.sid}, duration=-1s")
        house.kol.wait_log(STT + "Recording not ready yet (duration=-1), will retry in 3s (attempt 1/5)")
    assert [r.status for r in recording.fetches()] == [200]


def test_a_missing_duration_is_not_ready(house):
    call, recording = house.new_call()
    resource = recording.as_json()
    del resource["duration"]
    recording.script("json", Step(body=json.dumps(resource).encode()))
    house.announce(call, recording)
    house.wait_file(call)
    assert [(w, n) for _, w, n in not_ready(house)] == [(3, 1)]


def test_all_five_waits_then_the_media_whatever_the_duration(house):
    """After the fifth wait the media are tried once more, although the duration still says -1."""
    call, recording = house.new_call()
    recording.durations = ["-1"] * 20
    house.announce(call, recording)
    house.wait_file(call)
    assert [(w, n) for _, w, n in not_ready(house)] == list(zip(WAITS, range(1, 6)))
    assert not house.kol.logged("Giving up")


def test_each_attempt_reads_the_duration_afresh(house):
    call, recording = house.new_call()
    recording.durations = ["-1", None, "0", ""]
    house.announce(call, recording)
    house.wait_file(call)
    assert [n for _, _, n in not_ready(house)] == [1, 2, 3, 4]
    assert len(house.twilio.requests(recording.path + ".json")) >= 5


def test_404_in_all_formats_is_one_attempt(house):
    call, recording = house.new_call()
    for form in ("", "mp3", "wav"):
        recording.script(form, 404)
    house.announce(call, recording)
    house.wait_file(call)
    assert not_ready(house) == [("404", 3, 1)]
    house.kol.wait_log(STT + "Recording not ready yet (404), will retry in 3s (attempt 1/5)")
    assert paths(recording)[:3] == ["", "mp3", "wav"]


def test_giving_up_is_not_the_end(make_house):
    """The quick round ends with a clear line; the call is tried again later and comes through."""
    house = make_house(test_wait_divisor=200)
    call, recording = house.new_call()
    for form in ("", "mp3", "wav"):
        recording.always(form, 404)
    house.announce(call, recording)
    house.kol.wait_log(f"❌ [OFFLINE_STT] Giving up on recording {call.sid} after 5 attempts", 30)
    assert [w for _, w, _ in not_ready(house)] == WAITS
    playback = wait_until("503 from playback", lambda: (lambda a: a if a.status == 503 else None)(house.file(call)))
    assert int(playback.headers["Retry-After"]) >= 1 and playback.json()
    assert "done" not in [j["state"] for j in house.jobs(call) if j["stage"] == "fetch"]
    for form in ("", "mp3", "wav"):
        recording.always(form, None)
    house.wait_file(call, 60)


def test_gone_at_twilio_is_final(house):
    call, recording = house.new_call()
    recording.gone("deleted")
    house.announce(call, recording)
    wait_until("playback to say 404", lambda: house.file(call).status == 404)
    before = len(house.twilio.requests())
    other, _ = house.ring(caller="+972502222222")
    house.wait_file(other)
    assert len([r for r in house.twilio.requests()[before:] if recording.sid in r.path]) == 0
    assert house.file(call).status == 404


def test_absent_at_twilio_is_final(house):
    """The callback said completed, the resource says absent."""
    call, recording = house.new_call()
    recording.gone("absent", 16101)
    house.announce(call, recording)
    wait_until("playback to say 404", lambda: house.file(call).status == 404)


def test_refused_credentials_pause_until_they_change(make_house):
    house = make_house(start=False)
    right = house.kol.settings["twilio_auth_token"]
    house.open()
    house.twilio.accounts[house.twilio.account_sid][house.twilio.account_sid] = "changed at Twilio"
    call, recording = house.new_call()
    house.announce(call, recording)
    answer = wait_until("503 from playback", lambda: (lambda a: a if a.status == 503 else None)(house.file(call)))
    assert re.search("credential|auth|401", answer.body.decode().lower())
    asked = len(house.twilio.requests(containing=recording.sid))
    other, _ = house.ring(caller="+972502222222")
    wait_until("the other call to be refused too", lambda: house.file(other).status == 503)
    assert len(house.twilio.requests(containing=recording.sid)) <= asked + 1
    assert right not in "\n".join(house.kol.lines)
    house.kol.stop()
    sid, secret = house.twilio.add_api_key()
    house.kol.settings |= {"twilio_api_key_sid": sid, "twilio_api_key_secret": secret}
    house.kol.restart()
    house.wait_file(call)
    house.wait_file(other)


def test_api_key_is_used_for_rest(make_house):
    house = make_house(start=False)
    sid, secret = house.twilio.add_api_key()
    house.kol.settings |= {"twilio_api_key_sid": sid, "twilio_api_key_secret": secret}
    house.twilio.accounts[house.twilio.account_sid].pop(house.twilio.account_sid)
    house.open()
    call, _ = house.ring()
    house.wait_file(call)


def test_too_many_requests_and_server_errors(house):
    """429 with Retry-After and 500 are neither "not ready" nor final."""
    call, recording = house.new_call()
    recording.script("json", Step(429, {"Retry-After": "1"}), 500)
    recording.script("", Step(429, {"Retry-After": "1"}), 503, None)
    house.announce(call, recording)
    house.wait_file(call, 60)
    assert not house.kol.logged("Giving up")


def test_a_broken_line_leaves_no_half_file(house):
    call, recording = house.new_call(wav=tone_wav(3))
    recording.script("", Step(cut_after=1000), Step(cut_after=20000), Step(reset=True))
    house.announce(call, recording)
    answer = house.wait_file(call, 60)
    assert answer.body == recording.media["wav"]
    assert [p.name for p in house.audio_files()] == [f"{call.sid}.wav"]


def test_the_file_appears_only_when_whole(house):
    """While it is still coming it has no final name and playback says 202."""
    call, recording = house.new_call(wav=tone_wav(3))
    recording.script("", Step(bytes_per_s=50_000))
    house.announce(call, recording)
    wait_until("the download to begin", lambda: recording.fetches())
    assert house.file(call).status == 202
    assert not [p for p in house.audio_files() if p.name == f"{call.sid}.wav"]
    assert house.wait_file(call).body == recording.media["wav"]


def test_named_by_what_it_is(house):
    """Wave bytes under .mp3 make a .wav file."""
    call, recording = house.new_call(mp3=tone_wav())
    house.announce(call, recording)
    answer = house.wait_file(call)
    assert "wav" in answer.headers["Content-Type"]
    assert [p.name for p in house.audio_files()] == [f"{call.sid}.wav"]


NOT_AUDIO = {
    "random bytes": bytes((n * 7919 + n // 3) % 251 for n in range(5000)),
    "nothing": b"",
    "text": b"This is not a recording.\n" * 20,
    "an error page": b"<?xml version='1.0'?><TwilioResponse><RestException><Code>20404</Code></RestException></TwilioResponse>",
    "json": b'{"code": 20404}',
}


@pytest.mark.parametrize("what", NOT_AUDIO)
def test_what_is_not_audio_is_not_stored(house, what):
    """A 200 with anything but audio is refused with a reason, and nothing is put in its place."""
    call, recording = house.new_call(mp3=NOT_AUDIO[what])
    for form in ("", "mp3", "wav"):
        recording.always(form, Step(body=NOT_AUDIO[what], status=200))
    recording.media["wav"] = b""
    house.announce(call, recording)
    wait_until("a job that tells the reason", lambda: [j for j in house.jobs(call) if j["error"]])
    assert house.audio_files() == []
    assert house.file(call).status in (202, 404, 503)
    other, _ = house.ring(caller="+972502222222")
    house.wait_file(other)


def test_credentials_go_to_twilio_only(make_house, stranger):
    """A redirect to elsewhere, though it is allowed, never carries them."""
    house = make_house(media_hosts=[f"127.0.0.1:{stranger.port}"])
    call, recording = house.new_call()
    recording.script("", Step(302, {"Location": f"{stranger.url}/media.wav"}))
    stranger.always("/media.wav", Step(200, body=tone_wav(), content_type="audio/x-wav"))
    house.announce(call, recording)
    house.wait_file(call, 60)
    assert all(r.header("Authorization") is None for r in stranger.requests())
    assert all(r.header("Authorization") for r in recording.fetches())
    log = "\n".join(house.kol.lines)
    assert house.twilio.auth_token not in log and "Authorization" not in log


def test_a_complete_local_file_needs_no_network(house):
    call, recording = house.ring()
    house.wait_file(call)
    before = len(house.twilio.requests())
    for _ in range(5):
        assert house.file(call).status == 200
        assert house.kol.http("POST", f"/api/recordings/{call.sid}/prepare", house.op).status == 200
        assert house.kol.http("GET", f"/api/calls/{call.sid}/download", house.op).status == 200
    assert len(house.twilio.requests()) == before


def test_a_lost_file_is_fetched_again(house):
    call, recording = house.ring()
    house.wait_file(call)
    house.audio_files()[0].unlink()
    assert house.file(call).status == 202
    assert house.wait_file(call).body == recording.media["wav"]


def test_playback_download_and_full_job_do_not_disturb_each_other(house):
    """Ten players ask while the job waits for "-1": the waits are those of one job, and all get the file."""
    call, recording = house.new_call()
    recording.durations = ["-1", "-1"]
    house.announce(call, recording)
    for _ in range(10):
        assert house.file(call).status in (200, 202)
        house.kol.http("POST", f"/api/recordings/{call.sid}/prepare", house.op)
    house.wait_file(call)
    house.kol.wait_log(STT + f"✅ Recording saved to disk: recordings/{call.sid}.wav")
    assert len([j for j in house.jobs(call) if j["kind"] == "download"]) <= 1
    assert [r.status for r in recording.fetches() if r.status == 200] in ([200], [200, 200])


def test_waiting_blocks_nobody(make_house):
    """Twenty calls wait for their recordings with real seconds; another call passes them at once."""
    house = make_house(test_wait_divisor=1)
    for number in range(20):
        call, recording = house.new_call(caller=f"+97250000{number:04d}")
        recording.durations = ["-1"] * 9
        house.announce(call, recording)
    wait_until("all to wait", lambda: len(not_ready(house)) >= 20)
    call, _ = house.ring()
    house.wait_file(call, 2.5)


def test_waits_survive_a_kill(make_house):
    """Attempt and format are kept on the job: after kill -9 it goes on where it was."""
    house = make_house(test_wait_divisor=4)
    call, recording = house.new_call()
    recording.durations = ["-1", "-1", "-1"]
    house.announce(call, recording)
    wait_until("the second wait", lambda: len(not_ready(house)) >= 2)
    house.kol.kill()
    house.kol.restart()
    house.wait_file(call, 30)
    assert [n for _, _, n in not_ready(house)] == [1, 2, 3]


def test_log_lines_tell_nominal_seconds(house):
    """The test divisor shortens waits, not what is said about them."""
    assert DIVISOR > 1
    call, recording = house.new_call()
    recording.durations = ["-1", "-1"]
    house.announce(call, recording)
    house.wait_file(call)
    assert [w for _, w, _ in not_ready(house)] == [3, 5]
    assert accepted(house.twilio.call_status(call, house.kol.url))
