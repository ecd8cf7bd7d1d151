"""A recording URL on a foreign host: 0 requests to it, and credentials go to the API's host and nowhere else."""
import json
import socket
import threading

import pytest
from conftest import accepted, tone_wav, wait_until
from fakehttp import FakeServer, Step


class Trap:
    """Listens on loopback and counts connections, whatever is spoken on them."""

    def __init__(self, host: str, family=socket.AF_INET):
        self.socket = socket.socket(family)
        self.socket.bind((host, 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        self.count = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.count += 1
            connection.close()

    def close(self):
        """Ends it."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def traps():
    made = [Trap("127.0.0.1")]
    try:
        made.append(Trap("::1", socket.AF_INET6))
    except OSError:
        pass  # no IPv6 on this machine: the spellings of it lead nowhere anyway
    yield made
    for trap in made:
        trap.close()


def spellings(trap, api: str, path: str) -> list[str]:
    """How a URL may look like Twilio's and lead to a trap, or just lead to it."""
    port = trap.port
    host = f"127.0.0.1:{port}"
    bare = api.removeprefix("http://")
    return [
        f"http://{host}{path}", f"https://{host}{path}", f"HTTP://{host}{path}", f"http://localhost:{port}{path}",
        f"http://LOCALHOST:{port}{path}", f"http://localhost.:{port}{path}", f"http://127.0.0.1.:{port}{path}",
        f"http://127.1:{port}{path}", f"http://2130706433:{port}{path}", f"http://0x7f000001:{port}{path}",
        f"http://0177.0.0.1:{port}{path}", f"http://[::1]:{trap.port}{path}", f"http://[::ffff:127.0.0.1]:{port}{path}",
        f"https://api.twilio.com@{host}{path}", f"https://api.twilio.com:443@{host}{path}",
        f"https://api.twilio.com%40{host}{path}", f"https://api.twilio.com%2F@{host}{path}",
        f"https://api.twilio.com\\@{host}{path}", f"https://{host}\\@api.twilio.com{path}",
        f"https://{host}#@api.twilio.com{path}", f"https://{host}?@api.twilio.com{path}",
        f"https://{host}/https://api.twilio.com{path}", f"//{host}{path}", f"///{host}{path}", f"\\\\{host}{path}",
        f"http:{host}{path}", f"http:/{host}{path}", f"http:///{host}{path}", f"http://{bare}@{host}{path}",
        f"{api}@{host}{path}", f"{api}.{host}{path}", f"{api}\\@{host}{path}", f"http://{host}%2F{bare}{path}",
        f"https://api.twilio.com.127.0.0.1.nip.io:{port}{path}", f"https://аpi.twilio.com:{port}{path}",
        f"https://api.twilio.com。{host}{path}", f"http://１２７.0.0.1:{port}{path}",
        f" http://{host}{path}", f"http://{host}\t{path}", f"http://{host}//{path}", f"http://{host}/..{path}",
        f"ftp://{host}{path}", f"file://{host}{path}", f"gopher://{host}/_{path}", f"javascript://{host}{path}",
    ]


def test_callbacks_with_foreign_urls_reach_nobody(house, traps):
    """Every spelling is put aside, the SIDs decide, and the recording comes from where recordings are."""
    calls = []
    for trap in traps:
        for number in range(len(spellings(trap, house.twilio.url, ""))):
            call, recording = house.new_call(caller=f"+97252{number:07d}")
            url = spellings(trap, house.twilio.url, recording.path)[number]
            accepted(house.twilio.recording_status(call, recording, house.kol.url, RecordingUrl=url))
            calls.append((call, recording, url))
    for call, recording, url in calls:
        house.wait_file(call, 60)
        stored = house.stored(call)["recording_url"]
        assert stored.startswith(("https://api.twilio.com/", house.twilio.url + "/")), (url, stored)
    assert [trap.count for trap in traps] == [0] * len(traps)
    assert all(r.header("Authorization") for r in house.twilio.requests())


def tell(recording, **changes):
    """What the recording's resource says from now on."""
    recording.durations = []
    recording.always("json", Step(body=json.dumps(recording.as_json() | changes).encode()))


def fetch_job(house, call, state):
    """The call's fetch job, once it is in this state."""
    return wait_until(f"the fetch of {call.sid} to be {state}", lambda: next(
        (j for j in house.jobs(call) if j["stage"] == "fetch" and j["state"] == state), None))


def test_media_in_a_bucket_that_is_not_allowed(house, traps):
    """The recording's resource says that its media are elsewhere: nobody is asked, and the reason says what to do."""
    refused = []
    for trap in traps:
        for number, url in enumerate(spellings(trap, house.twilio.url, "/bucket/call.wav?X-Amz-Signature=secret")):
            call, recording = house.new_call(caller=f"+97254{number:07d}")
            tell(recording, media_url=url)
            accepted(house.twilio.recording_status(call, recording, house.kol.url))
            refused.append((call, recording, url))
    for call, recording, url in refused:
        if "twilio.com\\" in url or house.twilio.url + "\\" in url:
            house.wait_file(call)  # a broken address at Twilio's own host: the one made of the SIDs is asked
            continue
        job = fetch_job(house, call, "paused")
        assert job["error_code"] == "elsewhere", url
        assert "not stored at Twilio" in job["error"] or "media_hosts" in job["error"], url
        assert recording.fetches() == [], url
    answer = house.file(refused[0][0])
    assert answer.status == 503 and "media_hosts" in answer.body.decode() and "127.0.0.1" in answer.body.decode()
    assert [trap.count for trap in traps] == [0] * len(traps)
    assert "secret" not in "\n".join(house.kol.lines) and "secret" not in answer.body.decode()


def test_redirects_to_foreign_hosts_are_not_followed(house, traps):
    asked = []
    for number, url in enumerate(spellings(traps[0], house.twilio.url, "/call.wav?token=secret")):
        if any(ord(c) > 126 or c in "\t" for c in url):
            continue  # no header may hold it
        call, recording = house.new_call(caller=f"+97253{number:07d}")
        recording.always("", Step(302, {"Location": url}))
        house.announce(call, recording)
        asked.append((call, recording))
    other, _ = house.ring()
    house.wait_file(other)
    for call, recording in asked:
        wait_until("an answer about it", lambda: any(j["error"] for j in house.jobs(call)))
        assert house.file(call).status in (202, 503)
    assert traps[0].count == 0
    assert "secret" not in "\n".join(house.kol.lines)
    assert house.kol.logged("redirected to 127.0.0.1, which the setting media_hosts does not list")


def test_media_in_an_allowed_bucket(make_house):
    """Fetched from there, without credentials; a full URL with its signature works and is in no log line."""
    with FakeServer() as bucket:
        house = make_house(media_hosts=[f"127.0.0.1:{bucket.port}"])
        call, recording = house.new_call()
        bucket.always("/calls/1.wav", Step(200, body=tone_wav(), content_type="binary/octet-stream"))
        tell(recording, media_url=f"{bucket.url}/calls/1.wav?X-Amz-Signature=secret")
        house.announce(call, recording)
        assert house.wait_file(call).body == tone_wav()
        assert [(r.path, r.query) for r in bucket.requests()] == [("/calls/1.wav", "X-Amz-Signature=secret")]
        assert all(r.header("Authorization") is None for r in bucket.requests())
        assert recording.fetches() == []
        assert "secret" not in "\n".join(house.kol.lines)


def test_an_allowed_bucket_may_not_send_us_on(make_house, traps):
    with FakeServer() as bucket:
        house = make_house(media_hosts=[f"127.0.0.1:{bucket.port}"])
        call, recording = house.new_call()
        bucket.always("/1.wav", Step(302, {"Location": f"http://127.0.0.1:{traps[0].port}/1.wav"}))
        tell(recording, media_url=f"{bucket.url}/1.wav")
        house.announce(call, recording)
        job = fetch_job(house, call, "paused")
        assert "media_hosts" in job["error"] and traps[0].count == 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_bucket_that_refuses_says_nothing_about_twilios_credentials(make_house, status):
    with FakeServer() as bucket:
        house = make_house(media_hosts=[f"127.0.0.1:{bucket.port}"])
        call, recording = house.new_call()
        bucket.always("/1.wav", status)
        tell(recording, media_url=f"{bucket.url}/1.wav")
        house.announce(call, recording)
        job = fetch_job(house, call, "paused")
        assert job["error_code"] == "elsewhere" and "bucket" in job["error"]
        other, _ = house.ring(caller="+972502222222")
        house.wait_file(other)


def test_calls_go_on_when_the_host_is_listed(make_house):
    """Paused with a reason; the setting changes, the server starts anew, and the call is there."""
    with FakeServer() as bucket:
        house = make_house()
        call, recording = house.new_call()
        bucket.always("/1.wav", Step(200, body=tone_wav(), content_type="audio/x-wav"))
        tell(recording, media_url=f"{bucket.url}/1.wav")
        house.announce(call, recording)
        fetch_job(house, call, "paused")
        house.kol.stop()
        house.kol.settings |= {"media_hosts": [f"127.0.0.1:{bucket.port}"]}
        house.kol.restart()
        assert house.wait_file(call).body == tone_wav()


def test_twilios_own_addresses_are_built_not_followed(house, traps):
    """A media_url of another region, or a broken one, changes nothing: the address is made of the SIDs."""
    for number, host in enumerate(["api.twilio.com", "api.dublin.ie1.twilio.com", "mcs.us1.twilio.com"]):
        call, recording = house.new_call(caller=f"+97250333333{number}")
        tell(recording, media_url=f"https://{host}/2010-04-01/elsewhere")
        house.announce(call, recording)
        house.wait_file(call)
    assert traps[0].count == 0
