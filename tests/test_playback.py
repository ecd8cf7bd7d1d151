"""Playback: the table of answers, ranges by RFC 9110, validators, signed links."""
import email.utils
import re
import time

import pytest
from conftest import tone_mp3, tone_wav, wait_until
from fakehttp import Step
from twilio_sim import new_sid


@pytest.fixture(scope="module")
def local(shared_house):
    """A call whose MP3 is local: (house, call, bytes). The tests that take it change nothing."""
    call, recording = shared_house.ring(mp3=tone_mp3(3))
    shared_house.wait_file(call)
    return shared_house, call, recording.media["mp3"]


@pytest.fixture
def coming(house):
    """A call whose recording is known but still being waited for."""
    call, recording = house.new_call()
    recording.always("json", Step(delay_s=1.5))
    house.announce(call, recording)
    return house, call, recording


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_local_is_200(local, method):
    house, call, data = local
    answer = house.file(call, method)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert int(answer.headers["Content-Length"]) == len(data)
    assert answer.headers["Accept-Ranges"] == "bytes" and answer.headers["ETag"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.body == (data if method == "GET" else b"")


RANGES = {
    "bytes=0-0": (0, 0), "bytes=0-1": (0, 1), "bytes=5-5": (5, 5), "bytes=-100": (-100, None), "bytes=5-": (5, None),
    "bytes=0-": (0, None), "bytes=0-99999999": (0, None), "bytes=100-199": (100, 199), "bytes=-99999999": (0, None),
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("wanted", RANGES)
def test_single_ranges(local, wanted, method):
    house, call, data = local
    first, last = RANGES[wanted]
    first = first % len(data) if first < 0 else first
    last = len(data) - 1 if last is None else last
    answer = house.file(call, method, Range=wanted)
    if method == "HEAD" and answer.status == 200:
        return  # RFC 9110 14.2: Range is defined for GET; ignoring it for HEAD is right too
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(data)}"
    assert int(answer.headers["Content-Length"]) == last - first + 1
    assert answer.body == (data[first:last + 1] if method == "GET" else b"")


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=99999999-99999999", "bytes=-0"])
def test_unsatisfiable_ranges(local, wanted):
    house, call, data = local
    answer = house.file(call, Range=wanted)
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(data)}"


@pytest.mark.parametrize("wanted", ["bytes=9-5", "bytes=a-b", "bytes", "items=0-5", "bytes=--5", "bytes=5", "bytes=0-5,10-15",
                                    "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 2000, 2)),
                                    "bytes=18446744073709551616-", "bytes=0-0x10"])
def test_ranges_that_are_ignored(local, wanted):
    """Invalid, several or unknown units: the whole file, or at most a refusal; never wrong bytes."""
    house, call, data = local
    answer = house.file(call, Range=wanted)
    assert answer.status in (200, 416, 431, 400)
    if answer.status == 200:
        assert answer.body == data


def test_if_range(local):
    house, call, data = local
    etag = house.file(call, "HEAD").headers["ETag"]
    assert house.file(call, **{"Range": "bytes=0-9", "If-Range": etag}).status == 206
    assert house.file(call, **{"Range": "bytes=0-9", "If-Range": '"other"'}).status == 200
    assert house.file(call, **{"Range": "bytes=0-9", "If-Range": "W/" + etag}).status == 200
    past = email.utils.formatdate(time.time() - 86400 * 365, usegmt=True)
    assert house.file(call, **{"Range": "bytes=0-9", "If-Range": past}).status == 200


def test_if_none_match(local):
    house, call, data = local
    etag = house.file(call, "HEAD").headers["ETag"]
    assert house.file(call, **{"If-None-Match": etag}).status == 304
    assert house.file(call, **{"If-None-Match": '"other"'}).status == 200


def test_a_replaced_file_has_another_etag(house):
    call, mono = house.new_call(wav=tone_wav(hz=300), channels=1)
    house.announce(call, mono)
    before = house.wait_file(call).headers["ETag"]
    dual = house.twilio.add_recording(call, wav=tone_wav(hz=600))
    house.twilio.recording_status(call, dual, house.kol.url)
    wait_until("the new file", lambda: house.file(call).body == dual.media["wav"])
    assert house.file(call).headers["ETag"] != before
    assert house.file(call, **{"Range": "bytes=0-9", "If-Range": before}).status == 200


def test_known_but_not_local_is_202_and_queues_once(coming):
    house, call, recording = coming
    for method in ("HEAD", "GET", "HEAD"):
        answer = house.file(call, method)
        assert answer.status == 202
        assert answer.headers["Retry-After"] == "2"
    assert isinstance(house.file(call).json(), dict)
    assert len([j for j in house.jobs(call) if j["kind"] == "download"]) <= 1
    recording.always("json", None)
    house.wait_file(call)


def test_prepare(coming):
    house, call, recording = coming
    for _ in range(3):
        assert house.kol.http("POST", f"/api/recordings/{call.sid}/prepare", house.op).status == 202
    recording.always("json", None)
    house.wait_file(call)
    assert house.kol.http("POST", f"/api/recordings/{call.sid}/prepare", house.op).status == 200


def test_download_is_an_attachment(local):
    house, call, data = local
    answer = house.kol.http("GET", f"/api/calls/{call.sid}/download", house.op)
    assert answer.status == 200 and answer.body == data
    assert re.match(rf'attachment; filename="?{call.sid}\.mp3"?', answer.headers["Content-Disposition"])


def test_download_goes_through_the_same_service(coming):
    house, call, recording = coming
    assert house.kol.http("GET", f"/api/calls/{call.sid}/download", house.op).status == 202
    recording.always("json", None)
    house.wait_file(call)


@pytest.mark.parametrize("method, path", [("GET", "/api/recordings/{}/file"), ("HEAD", "/api/recordings/{}/file"),
                                          ("POST", "/api/recordings/{}/prepare"), ("GET", "/api/calls/{}/download"),
                                          ("POST", "/api/recordings/{}/link")])
def test_unknown_calls_are_404(house, method, path):
    for sid in (new_sid("CA"), "CA123", "..%2f..%2fetc%2fpasswd", "CA" + "0" * 31 + "%00"):
        answer = house.kol.http(method, path.format(sid), house.op)
        assert answer.status == 404, sid
        assert "Retry-After" not in answer.headers


def test_a_call_without_recording_is_404(house):
    call = house.twilio.add_call("+972501234567", "+97246001234")
    house.twilio.call_status(call, house.kol.url, "in-progress", 1)
    assert house.stored(call)
    for method in ("GET", "HEAD"):
        assert house.file(call, method).status == 404


def test_given_up_is_503_with_the_next_try(make_house):
    """The player stops, shows the reason, and "try again" starts another round at once."""
    house = make_house(test_wait_divisor=50)
    call, recording = house.new_call()
    for form in ("", "mp3", "wav"):
        recording.always(form, 404)
    house.announce(call, recording)
    house.kol.wait_log(f"Giving up on recording {call.sid}", 40)
    for method in ("GET", "HEAD"):
        answer = wait_until("503", lambda m=method: (lambda a: a if a.status == 503 else None)(house.file(call, m)))
        assert int(answer.headers["Retry-After"]) >= 1
    assert house.file(call).json()
    for form in ("", "mp3", "wav"):
        recording.always(form, None)
    assert house.kol.http("POST", f"/api/recordings/{call.sid}/prepare", house.op).status == 202
    house.wait_file(call)


def test_signed_links(local):
    """A link opens one recording without a key, for ten minutes, for GET and HEAD."""
    house, call, data = local
    answer = house.kol.http("POST", f"/api/recordings/{call.sid}/link", house.shop.key)
    assert answer.status in (200, 201)
    link = answer.json()["url"]
    target = re.sub(r"^https?://[^/]+", "", link)
    assert house.kol.http("GET", target).body == data
    assert house.kol.http("HEAD", target).status == 200
    assert house.kol.http("GET", target, headers={"Range": "bytes=0-9"}).status == 206
    assert house.kol.http("POST", target).status in (401, 403, 404, 405)
    at = max(i for i, c in enumerate(target) if c.isalnum())
    spoilt = target[:at] + ("A" if target[at] != "A" else "B") + target[at + 1:]
    assert house.kol.http("GET", spoilt).status in (401, 403, 404)
    other, _ = house.ring(caller="+972502222222")
    house.wait_file(other)
    assert house.kol.http("GET", target.replace(call.sid, other.sid)).status in (401, 403, 404)
    log = "\n".join(house.kol.lines)
    assert target.split("?")[-1] not in log


def test_a_link_cannot_be_stretched(local):
    house, call, _ = local
    link = re.sub(r"^https?://[^/]+", "", house.kol.http("POST", f"/api/recordings/{call.sid}/link", house.op).json()["url"])
    found = re.search(r"\d{10,13}", link.replace(call.sid, "*" * 34))
    assert found, f"no expiry in {link}"
    later = link[:found.start()] + str(int(found[0]) + 1) + link[found.end():]
    assert house.kol.http("GET", later).status in (401, 403, 404)


def test_another_sites_player(make_house):
    """cors_origins opens signed links, and only them, to another site's page."""
    house = make_house(cors_origins=["https://crm.example.com"])
    call, _ = house.ring()
    house.wait_file(call)
    link = re.sub(r"^https?://[^/]+", "", house.kol.http("POST", f"/api/recordings/{call.sid}/link", house.op).json()["url"])
    good = house.kol.http("GET", link, headers={"Origin": "https://crm.example.com"})
    assert good.headers["Access-Control-Allow-Origin"] == "https://crm.example.com"
    bad = house.kol.http("GET", link, headers={"Origin": "https://evil.example.com"})
    assert bad.headers["Access-Control-Allow-Origin"] is None


def test_slow_player_does_not_stop_intake(local):
    """A client that reads nothing holds nobody up."""
    import socket
    house, call, _ = local
    with socket.create_connection(("127.0.0.1", house.kol.port)) as conn:
        conn.sendall(f"GET /api/recordings/{call.sid}/file HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.op}\r\n\r\n".encode())
        for number in range(5):
            other, _ = house.ring(caller=f"+97250222222{number}")
            house.wait_file(other)
