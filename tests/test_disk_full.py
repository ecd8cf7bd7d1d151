"""A full disk, made with RLIMIT_FSIZE: callbacks are never confirmed in vain, and nothing stored is lost."""
import resource

import pytest
from conftest import accepted, tone_wav, wait_until


def limited(bytes_):
    """Limits the size of any file the server writes; SIGXFSZ must not kill it."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))


@pytest.fixture
def small_disk(make_house):
    """A server whose files may not exceed one megabyte."""
    house = make_house()
    house.kol.stop()
    house.kol._preexec = limited(1_000_000)
    house.kol.restart()
    return house


def test_a_recording_that_does_not_fit(small_disk):
    """The fetch fails with a reason, intake goes on, and a later start with room gets it."""
    house = small_disk
    call, recording = house.new_call(wav=tone_wav(60))
    house.announce(call, recording)
    job = wait_until("a job with the reason", lambda: [j for j in house.jobs(call) if j["error"]])[0]
    assert job["state"] != "done" and job["error"]
    assert house.audio_files() == []
    other, _ = house.ring(caller="+972502222222")
    house.wait_file(other)
    house.kol.stop()
    house.kol._preexec = None
    house.kol.restart()
    answer = wait_until("the recording after there is room", lambda: try_again(house, call), 60)
    assert answer.body == recording.media["wav"]


def try_again(house, call):
    """The player's "try again"; the file when it is there."""
    answer = house.file(call)
    if answer.status == 503:
        house.kol.http("POST", f"/api/recordings/{call.sid}/prepare", house.op)
    return answer if answer.status == 200 else None


def test_callbacks_while_the_database_cannot_grow(small_disk):
    """Each callback is either stored or refused with 503 and Retry-After; none is confirmed and lost."""
    house = small_disk
    confirmed, refused = [], 0
    for number in range(1500):
        call = house.twilio.add_call(f"+9725{number:08d}", "+97246001234")
        sent = house.twilio.call_status(call, house.kol.url, "ringing", 1, CallerName="x" * 4000)
        if 200 <= sent.status < 300:
            confirmed.append(call)
            continue
        assert sent.status == 503, sent.status
        assert int(sent.last.headers["Retry-After"]) >= 1
        refused += 1
        if refused >= 5:
            break
    assert refused, "the limit was never reached"
    assert house.kol.http("GET", "/healthz").status == 200
    house.kol.stop()
    house.kol._preexec = None
    house.kol.restart()
    for call in confirmed:
        assert house.stored(call), call.sid
    call, _ = house.ring()
    house.wait_file(call)
    assert accepted(house.twilio.call_status(call, house.kol.url, "completed", 7))
