"""What every black-box test stands on: a simulated Twilio, a CRM, and the real binary on a fresh data folder.

KOL_BIN     the program under test (default: build/asan/bin/kol)
KOL_MODELS  folder with the Whisper model, for tests marked `release`

Nothing here sleeps for luck: tests wait for conditions, and ports are whatever the system gives.
"""
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import calls  # noqa: E402
from crm import Crm  # noqa: E402
from fakehttp import FakeServer  # noqa: E402
from kolproc import Kol, KolError, wait_until  # noqa: E402,F401
from twilio_sim import TwilioSim  # noqa: E402

NUMBER = "+97246001234"
CALLER = "+972501234567"
DIVISOR = 100  # all of Kol's waits are this much shorter in tests; its log keeps the nominal seconds
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|ThreadSanitizer|UndefinedBehaviorSanitizer")


def pytest_configure(config):
    config.addinivalue_line("markers", "release: needs the release build (Whisper, Chromium, the jail)")
    config.addinivalue_line("markers", "slow: takes more than ten seconds")


def kol_bin() -> Path:
    """The program under test; a clear word when it was not built."""
    path = Path(os.environ.get("KOL_BIN", ROOT / "build" / "asan" / "bin" / "kol")).resolve()
    if not path.exists():
        pytest.fail(f"{path} does not exist: build it, or set KOL_BIN", pytrace=False)
    return path


def tone_wav(seconds: float = 1.0, hz: int = 440) -> bytes:
    """A small two-channel recording that no other tone equals."""
    sound = calls.tone(seconds, hz)
    return calls.wav_bytes(sound, calls.silence(seconds))


def tone_mp3(seconds: float = 1.0, hz: int = 440) -> bytes:
    """The same as MP3."""
    return calls.mp3_bytes(calls.tone(seconds, hz), calls.silence(seconds))


@dataclass
class Business:
    """A business as the command line made it, with a key of its own."""

    id: int
    number: str
    secret: str
    key: str
    hook: str


class House:
    """One Kol with everything around it."""

    def __init__(self, kol: Kol, twilio: TwilioSim, crm: Crm):
        self.kol, self.twilio, self.crm = kol, twilio, crm
        self.businesses: list[Business] = []
        self.op = ""

    def open(self, business: bool = True):
        """Starts Kol, makes the operator's key and the first business."""
        self.kol.start()
        self.op = self.kol.add_key()
        if business:
            self.add_business()
        return self

    def add_business(self, number: str = NUMBER, name: str = "Galil Locks", language: str = "en",
                     hook: str | None = None, webhook: str | None = "crm", glossary: str = "") -> Business:
        """A business whose webhooks go to the CRM under a path of its own."""
        hook = hook or f"/hook{len(self.businesses)}"
        url = self.crm.url + hook if webhook == "crm" else webhook
        made = self.kol.add_business(name, number, url, language, glossary=glossary)
        secret = made.get("webhook_secret") or ""
        if secret:
            self.crm.expect(secret, hook)
        one = Business(made["id"], number, secret, self.kol.add_key(made["id"]), hook)
        self.businesses.append(one)
        return one

    @property
    def shop(self) -> Business:
        """The first business."""
        return self.businesses[0]

    def new_call(self, caller: str = CALLER, number: str = NUMBER, wav=None, mp3=None, **recording):
        """A call and its recording at Twilio; Kol has not heard of them."""
        call = self.twilio.add_call(caller, number)
        media = {"wav": wav, "mp3": mp3} if wav or mp3 else {"wav": tone_wav()}
        return call, self.twilio.add_recording(call, **media, **recording)

    def announce(self, call, recording, **changes):
        """Both callbacks that follow a hang-up; Kol must accept them."""
        accepted(self.twilio.call_status(call, self.kol.url))
        accepted(self.twilio.recording_status(call, recording, self.kol.url, **changes))

    def ring(self, **how):
        """A call that was recorded and announced."""
        call, recording = self.new_call(**how)
        self.announce(call, recording)
        return call, recording

    def realtime_call(self, turns, caller: str = CALLER, number: str = NUMBER, complete: bool = True, **how):
        """A call without recording, heard by Twilio's realtime transcription."""
        call = self.twilio.add_call(caller, number, **how)
        accepted(self.twilio.call_status(call, self.kol.url, "in-progress", 1))
        for sent in self.twilio.transcription(call, self.kol.url, turns):
            accepted(sent)
        if complete:
            accepted(self.twilio.call_status(call, self.kol.url, "completed", 3))
        return call

    def stored(self, call, key: str | None = None) -> dict | None:
        """The call as the API shows it, or None."""
        answer = self.kol.http("GET", f"/api/calls/{call.sid}", key or self.op)
        if answer.status != 200:
            return None
        return answer.json()

    def file(self, call, method: str = "GET", key: str | None = None, **headers):
        """Playback of a call."""
        return self.kol.http(method, f"/api/recordings/{call.sid}/file", key or self.op, headers=headers)

    def wait_file(self, call, timeout_s: float = 20.0):
        """Waits until the recording is local."""
        return wait_until(f"recording of {call.sid} to be local",
                          lambda: (lambda a: a if a.status == 200 else None)(self.file(call)), timeout_s)

    def jobs(self, call=None) -> list[dict]:
        """Jobs, all or of one call."""
        query = f"&call_sid={call.sid}" if call else ""
        return rows(self.kol.get("/api/jobs?limit=200" + query, self.op), "jobs")

    def events(self, call=None) -> list[dict]:
        """What the CRM verified, each event once, as the call's part of it."""
        found = [payload_call(p) | {"_event": p} for p in self.crm.events() if p["type"] != "call.test"]
        return [p for p in found if call is None or p.get("call_sid") == call.sid]

    def wait_events(self, call, count: int = 1, timeout_s: float = 20.0) -> list[dict]:
        """Waits until the CRM has so many events about a call."""
        return wait_until(f"{count} webhooks about {call.sid} (log:\n{self.kol.tail(15)})",
                          lambda: (lambda e: e if len(e) >= count else None)(self.events(call)), timeout_s)

    def audio_files(self) -> list[Path]:
        """Everything under the recordings folder."""
        return sorted(p for p in (self.kol.data / "recordings").rglob("*") if p.is_file())


def accepted(sent):
    """Kol answered a callback with 2xx; returns it."""
    assert 200 <= sent.status < 300, f"{sent.url}: {sent.status} {sent.last.body[:300]!r}"
    return sent


def rows(answer: dict, name: str) -> list:
    """The rows of a listing."""
    return answer[name]


def payload_call(payload: dict) -> dict:
    """The call in an outgoing event."""
    return payload["data"]["call"]


@pytest.fixture
def twilio():
    with TwilioSim() as sim:
        yield sim


@pytest.fixture
def crm():
    with Crm() as server:
        yield server


@pytest.fixture
def stranger():
    """A server that nobody should talk to."""
    with FakeServer() as server:
        yield server


class Builder:
    """Makes houses; at the end each must have stopped cleanly and without a sanitizer's word."""

    def __init__(self, twilio, crm, folder: Path):
        self.twilio, self.crm, self.folder = twilio, crm, folder
        self.made: list[House] = []

    def __call__(self, business: bool = True, start: bool = True, preexec=None, env=None, terminal: bool = False,
                 **settings) -> House:
        kol = Kol(kol_bin(), self.folder / f"data{len(self.made)}", default_settings(self.twilio) | settings,
                  preexec=preexec, env={"UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"} | (env or {}),
                  terminal=terminal)
        house = House(kol, self.twilio, self.crm)
        self.made.append(house)
        return house.open(business) if start else house

    def close(self, node):
        """Ends all of them."""
        for house in self.made:
            _close(house, node)


@pytest.fixture
def make_house(twilio, crm, tmp_path, request):
    """Makes houses for one test."""
    builder = Builder(twilio, crm, tmp_path)
    yield builder
    builder.close(request.node)


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory, request):
    """One house for all tests of a file that only look."""
    with TwilioSim() as twilio, Crm() as crm:
        builder = Builder(twilio, crm, tmp_path_factory.mktemp("shared"))
        yield builder()
        builder.close(request.node)


def _close(house: House, node):
    """Stops one house and looks for what went wrong unseen."""
    failed = getattr(node, "failed_call", False)
    try:
        status = house.kol.stop() if house.kol.process else 0
    except KolError:
        if not failed:
            raise
        status = 0
    if failed:
        print(f"\n---- log of {house.kol.data.name} ----\n" + house.kol.tail(60))
    complaints = [line for line in house.kol.lines if SANITIZER.search(line)]
    assert not complaints, "\n".join(house.kol.lines[-80:])
    assert failed or status in (0, -9), f"kol serve ended with {status}:\n" + house.kol.tail()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed_call = outcome.get_result().failed


def default_settings(twilio) -> dict:
    """Settings of a test's Kol: no Whisper, short waits, the simulator as Twilio."""
    settings = {
        "public_url": twilio.public_url,
        "twilio_account_sid": twilio.account_sid,
        "twilio_auth_token": twilio.auth_token,
        "twilio_api_base": twilio.url,
        "allow_private_hosts": ["127.0.0.1"],
        "worker": False,
        "reconcile_every_s": 0,  # recordings that a test has not announced stay unknown
        "test_wait_divisor": DIVISOR,
    }
    if os.environ.get("KOL_MODELS"):
        settings |= {"model_dir": str(Path(os.environ["KOL_MODELS"]).resolve()), "model": "base"}
    return settings


@pytest.fixture
def house(make_house):
    """The usual house: a started Kol with one business, offline transcription off."""
    return make_house()
