#!/usr/bin/env python3
"""A Twilio that runs on this machine: REST resources and media of recordings, and the callbacks that announce them.

Used by the demo and by the tests; standard library only. As a library:

    with TwilioSim() as twilio:
        call = twilio.add_call(from_="+972501234567", to="+97237654321")
        recording = twilio.add_recording(call, wav=data, seconds=13)
        recording.durations = ["-1", None, "13"]              # what successive fetches of the resource say
        recording.script("", 404); recording.script("mp3", 404, 429)   # what the media answer, one step per request
        twilio.recording_status(call, recording, kol_url)

As a program it plays one call to a running server:

    tools/twilio_sim.py --kol http://127.0.0.1:8080 --public-url https://kol.example.com --wav call.wav --to +972…

Names and types of the resources follow Twilio's published OpenAPI description.
"""
from __future__ import annotations

import argparse
import base64
import json
import re
import secrets
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlencode, parse_qsl

sys.path.insert(0, str(Path(__file__).resolve().parent))
import twilio_callbacks as callbacks  # noqa: E402
from fakehttp import Answer, FakeServer, Request, Step  # noqa: E402

API = "/2010-04-01"
MESSAGES = {400: "Bad request", 401: "Authenticate", 403: "Forbidden", 429: "Too Many Requests",
            500: "Internal Server Error", 503: "Service Unavailable"}
CODES = {401: 20003, 404: 20404, 429: 20429, 500: 20500}


def new_sid(kind: str) -> str:
    """A SID of the given kind: two letters and 32 hex digits."""
    return kind + secrets.token_hex(16)


@dataclass
class Call:
    """One phone call as Twilio knows it."""

    sid: str
    account_sid: str
    from_: str
    to: str
    direction: str = "inbound"
    status: str = "completed"
    seconds: int = 30
    started_at: float = field(default_factory=lambda: time.time() - 60)
    language: str = "en-US"
    parent_call_sid: str | None = None

    @property
    def path(self) -> str:
        return f"{API}/Accounts/{self.account_sid}/Calls/{self.sid}"

    @property
    def ended_at(self) -> float:
        return self.started_at + self.seconds

    def as_json(self) -> dict:
        """The Call resource."""
        when = callbacks.rfc2822
        return {
            "account_sid": self.account_sid, "answered_by": None, "api_version": "2010-04-01", "caller_name": None,
            "date_created": when(self.started_at), "date_updated": when(self.ended_at), "direction": self.direction,
            "duration": str(self.seconds), "end_time": when(self.ended_at), "forwarded_from": None,
            "from": self.from_, "from_formatted": self.from_, "group_sid": None,
            "parent_call_sid": self.parent_call_sid, "phone_number_sid": "PN" + self.sid[2:], "price": None,
            "price_unit": "USD", "queue_time": "0", "sid": self.sid, "start_time": when(self.started_at),
            "status": self.status, "subresource_uris": {"recordings": f"{self.path}/Recordings.json"},
            "to": self.to, "to_formatted": self.to, "trunk_sid": None, "uri": f"{self.path}.json",
        }


class Recording:
    """One recording: its media, what the resource says about it, and the faults a test wants."""

    def __init__(self, sim: "TwilioSim", call: Call, sid: str, media: dict, seconds: int | None, channels: int,
                 source: str, status: str):
        self.sim, self.call, self.sid = sim, call, sid
        self.account_sid = call.account_sid
        self.media = media  # "wav" and "mp3" -> bytes
        self.mono = {}  # the same for RequestedChannels=1, when it differs
        self.seconds = seconds
        self.channels = channels
        self.source = source
        self.status = status  # in-progress, processing, completed, absent, deleted
        self.error_code: int | None = None
        self.durations: list = []  # raw JSON values for the next fetches; the true one when used up
        self.started_at = call.started_at
        self.path = f"{API}/Accounts/{self.account_sid}/Recordings/{sid}"

    def media_path(self, form: str = "") -> str:
        """The media's path: form is "", "mp3" or "wav"."""
        return self.path + (f".{form}" if form else "")

    def script(self, form: str, *steps: Step | int | None):
        """The next requests of one media format (or "json": the resource) take these steps."""
        self.sim.script(self.media_path(form), *steps)

    def always(self, form: str, step: Step | int | None):
        """Every request of one format is answered so, until told otherwise."""
        self.sim.always(self.media_path(form), step)

    def gone(self, status: str = "deleted", error_code: int | None = None):
        """Twilio no longer has it (`deleted`) or never will (`absent`)."""
        self.status, self.error_code, self.media = status, error_code, {}

    def fetches(self, form: str | None = None) -> list[Request]:
        """Requests for the media (of one format, or any)."""
        forms = ("", "mp3", "wav") if form is None else (form,)
        paths = {self.media_path(f) for f in forms}
        return [r for r in self.sim.requests() if r.path in paths]

    def next_duration(self):
        """The duration that this fetch shows, and the status that goes with it."""
        if self.durations:
            value = self.durations.pop(0)
            known = str(value).isdigit() and int(value) > 0
            return value, self.status if known else "processing"
        return None if self.seconds is None else str(self.seconds), self.status

    def as_json(self, listed: bool = False, of_call: bool = False) -> dict:
        """The Recording resource. Looking at it in a list does not use up a scripted duration."""
        when = callbacks.rfc2822
        full = None if self.seconds is None else str(self.seconds)
        duration, status = (full, self.status) if listed else self.next_duration()
        if status in ("absent", "deleted", "in-progress"):
            duration = None
        resource = {
            "account_sid": self.account_sid, "api_version": "2010-04-01", "call_sid": self.call.sid,
            "channels": self.channels, "conference_sid": None, "date_created": when(self.started_at),
            "date_updated": when(self.started_at + (self.seconds or 0)), "duration": duration,
            "encryption_details": None, "error_code": self.error_code, "price": None, "price_unit": "USD",
            "sid": self.sid, "source": self.source, "start_time": when(self.started_at), "status": status,
            "uri": f"{self.path}.json",
        }
        if of_call:
            return resource | {"track": "both"}
        return resource | {
            "media_url": self.sim.url + self.path,
            "subresource_uris": {"transcriptions": f"{self.path}/Transcriptions.json",
                                 "add_on_results": f"{self.path}/AddOnResults.json"},
        }


class TwilioSim(FakeServer):
    """The simulator. One account by default; `add_account` makes more."""

    def __init__(self, account_sid: str | None = None, auth_token: str | None = None,
                 public_url: str = "https://kol.example.com", port: int = 0, ledger_path: str | None = None):
        super().__init__(port, ledger_path)
        self.account_sid = account_sid or new_sid("AC")
        self.auth_token = auth_token or secrets.token_hex(16)
        self.public_url = public_url.rstrip("/")
        self.accounts: dict[str, dict] = {}  # account SID -> user name -> password
        self.calls: dict[str, Call] = {}
        self.recordings: dict[str, Recording] = {}
        self.add_account(self.account_sid, self.auth_token)

    # ---- what exists ----

    def add_account(self, sid: str, token: str):
        """An account whose own SID and token may fetch."""
        self.accounts[sid] = {sid: token}

    def add_api_key(self, account_sid: str | None = None) -> tuple[str, str]:
        """A new API key (SID, secret) of an account."""
        key = new_sid("SK"), secrets.token_hex(16)
        self.accounts[account_sid or self.account_sid][key[0]] = key[1]
        return key

    def add_call(self, from_: str, to: str, sid: str | None = None, account_sid: str | None = None, **more) -> Call:
        """A call that Twilio knows about."""
        call = Call(sid or new_sid("CA"), account_sid or self.account_sid, from_, to, **more)
        self.calls[call.sid] = call
        return call

    def add_recording(self, call: Call, wav: bytes | None = None, mp3: bytes | None = None, seconds: int | None = 13,
                      channels: int = 2, source: str = "StartCallRecordingTwiML", sid: str | None = None,
                      status: str = "completed") -> Recording:
        """A recording of a call; a format without media is 404."""
        media = {form: data for form, data in (("wav", wav), ("mp3", mp3)) if data is not None}
        recording = Recording(self, call, sid or new_sid("RE"), media, seconds, channels, source, status)
        self.recordings[recording.sid] = recording
        return recording

    # ---- callbacks out ----

    def post(self, kol_url: str, path: str, params=None, overrides: str = "", token: str | None = None, **how):
        """Posts any callback to a server, signed over the public URL; see callbacks.deliver for the rest."""
        return callbacks.deliver(self.public_url + path + overrides, kol_url, token or self.auth_token, params, **how)

    def recording_status(self, call, recording, kol_url, status="completed", how=None, **changes):
        """The recording status callback."""
        params = callbacks.recording_status(call, recording, status, **changes)
        return self.post(kol_url, "/webhook/recording_status", params, **(how or {}))

    def call_status(self, call, kol_url, status="completed", sequence=0, recording=None, how=None, **changes):
        """The call status callback."""
        params = callbacks.call_status(call, status, sequence, recording, **changes)
        return self.post(kol_url, "/webhook/call_status", params, **(how or {}))

    def record_action(self, call, recording, kol_url, how=None, **changes):
        """The request of `<Record action>`."""
        params = callbacks.record_action(call, recording, **changes)
        return self.post(kol_url, "/webhook/handle_recording", params, **(how or {}))

    def transcription(self, call, kol_url, turns: list, stop: bool = True) -> list:
        """A realtime transcript, event by event; turns are (track, text)."""
        events = [callbacks.transcription(call, "started", 1)]
        for number, (track, text) in enumerate(turns, 2):
            events.append(callbacks.transcription(call, "content", number, text, track))
        if stop:
            events.append(callbacks.transcription(call, "stopped", len(events) + 1))
        return [self.post(kol_url, "/webhook/transcription", event) for event in events]

    # ---- REST ----

    def scripted(self, request: Request, step: Step) -> Answer:
        """A scripted failure has the body that Twilio sends with it."""
        if step.status >= 300:
            return _error(step.status, request.path)
        usual = self.respond(request)
        return usual if usual.status < 300 else Answer(step.status, b"", "audio/x-wav")

    def respond(self, request: Request) -> Answer:
        """Routes one REST or media request."""
        found = re.fullmatch(rf"{API}/Accounts/(AC[0-9a-f]{{32}})/(.+)", request.path)
        if not found:
            return _error(404, request.path)
        account, rest = found.groups()
        if not self._authorised(account, request):
            return _error(401, request.path)
        for pattern, answer in _ROUTES:
            match = re.fullmatch(pattern, rest)
            if match:
                with self.lock:
                    return answer(self, request, account, *match.groups())
        return _error(404, request.path)

    def _authorised(self, account: str, request: Request) -> bool:
        """Basic credentials of that very account: its own token or one of its API keys."""
        value = request.header("Authorization") or ""
        try:
            user, _, password = base64.b64decode(value.removeprefix("Basic "), validate=True).decode().partition(":")
        except ValueError:
            return False
        known = self.accounts.get(account, {}).get(user)
        return value.startswith("Basic ") and known is not None and secrets.compare_digest(known, password)

    def _recording(self, account: str, sid: str) -> Recording | None:
        recording = self.recordings.get(sid)
        return recording if recording and recording.account_sid == account else None

    def _recording_resource(self, request: Request, account: str, sid: str) -> Answer:
        recording = self._recording(account, sid)
        soft = request.params.get("IncludeSoftDeleted", "").lower() == "true"
        if recording is None or (recording.status == "deleted" and not soft):
            return _error(404, request.path)
        if request.method == "DELETE":
            return self._delete(request, recording)
        return _json(recording.as_json())

    def _delete(self, request: Request, recording: Recording) -> Answer:
        """Only a completed recording can be deleted; its media are gone, its metadata stay for a while."""
        if recording.status != "completed":
            return _error(409, request.path)
        recording.gone("deleted")
        return Answer(204, b"")

    def _media(self, request: Request, account: str, sid: str, suffix: str | None) -> Answer:
        recording = self._recording(account, sid)
        if recording is None or recording.status != "completed":
            return _error(404, request.path)
        wanted = request.params.get("RequestedChannels")
        if wanted == "2" and recording.channels == 1:
            return _error(400, request.path, 16113, "Requested channels are not available")
        media = recording.mono if wanted == "1" and recording.mono else recording.media
        form = "mp3" if suffix == ".mp3" else "wav"
        if form not in media:
            return _error(404, request.path)
        return _ranged(media[form], "audio/mpeg" if form == "mp3" else "audio/x-wav", request.header("Range"))

    def _list(self, request: Request, account: str, call_sid: str | None = None) -> Answer:
        """Recordings of an account or of one call, filtered and paged."""
        query = request.params
        of_call = call_sid is not None
        wanted = call_sid or query.get("CallSid")
        soft = query.get("IncludeSoftDeleted", "").lower() == "true"
        rows = [r for r in self.recordings.values()
                if r.account_sid == account and (wanted is None or r.call.sid == wanted)
                and (r.status != "deleted" or (soft and not of_call)) and _created_within(r.started_at, query)]
        if query.get("ConferenceSid"):
            rows = []
        rows.sort(key=lambda r: -r.started_at)
        return _json(_page(request, rows, lambda r: r.as_json(listed=True, of_call=of_call)))

    def _call_recordings(self, request: Request, account: str, call_sid: str) -> Answer:
        if request.method != "POST":
            return self._list(request, account, call_sid)
        call = self.calls.get(call_sid)
        if call is None or call.account_sid != account:
            return _error(404, request.path)
        form = dict(parse_qsl(request.body.decode()))
        recording = self.add_recording(call, seconds=None, channels=2 if form.get("RecordingChannels") == "dual" else 1,
                                       source="StartCallRecordingAPI", status="in-progress")
        return Answer(201, _json(recording.as_json(listed=True, of_call=True)).body)

    def _call_recording(self, request: Request, account: str, call_sid: str, sid: str) -> Answer:
        recording = self._recording(account, sid)
        if recording is None or recording.call.sid != call_sid or recording.status == "deleted":
            return _error(404, request.path)
        if request.method == "DELETE":
            return self._delete(request, recording)
        return _json(recording.as_json(of_call=True))

    def _call_resource(self, request: Request, account: str, sid: str) -> Answer:
        call = self.calls.get(sid)
        if call is None or call.account_sid != account:
            return _error(404, request.path)
        return _json(call.as_json())


_RE, _CA = "(RE[0-9a-f]{32})", "(CA[0-9a-f]{32})"
_ROUTES = (
    (rf"Recordings/{_RE}\.json", TwilioSim._recording_resource),
    (rf"Recordings/{_RE}(\.mp3|\.wav)?", TwilioSim._media),
    (r"Recordings\.json", TwilioSim._list),
    (rf"Calls/{_CA}/Recordings\.json", TwilioSim._call_recordings),
    (rf"Calls/{_CA}/Recordings/{_RE}\.json", TwilioSim._call_recording),
    (rf"Calls/{_CA}\.json", TwilioSim._call_resource),
)


def _json(value) -> Answer:
    return Answer(200, json.dumps(value).encode())


def _error(status: int, path: str, code: int | None = None, message: str | None = None) -> Answer:
    """Twilio's error body: JSON for resources, XML for media."""
    code = code or CODES.get(status, 20000 + status)
    message = message or MESSAGES.get(status, f"The requested resource {path} was not found")
    more = f"https://www.twilio.com/docs/errors/{code}"
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else {}
    if path.endswith(".json"):
        body = json.dumps({"code": code, "message": message, "more_info": more, "status": status})
        return Answer(status, body.encode(), "application/json", headers)
    body = (f"<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><RestException><Code>{code}</Code><Message>"
            f"{message}</Message><MoreInfo>{more}</MoreInfo><Status>{status}</Status></RestException></TwilioResponse>")
    return Answer(status, body.encode(), "application/xml", headers)


def _ranged(data: bytes, content_type: str, header: str | None) -> Answer:
    """The media, or one range of it."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not found or found.groups() == ("", ""):
        return Answer(200, data, content_type, {"Accept-Ranges": "bytes"})
    first, last = found.groups()
    start = int(first) if first else max(0, len(data) - int(last))
    end = min(int(last), len(data) - 1) if first and last else len(data) - 1
    if start > end:
        return Answer(416, b"", content_type, {"Content-Range": f"bytes */{len(data)}"})
    return Answer(206, data[start:end + 1], content_type,
                  {"Accept-Ranges": "bytes", "Content-Range": f"bytes {start}-{end}/{len(data)}"})


def _created_within(created: float, query: dict) -> bool:
    """The filters DateCreated, DateCreated< and DateCreated> (days in UTC; the last two include their day)."""
    day = datetime.fromtimestamp(created, timezone.utc)

    def parsed(name):
        text = query.get(name, "")
        if not text:
            return None
        return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=timezone.utc), len(text) == 10

    exact, before, after = parsed("DateCreated"), parsed("DateCreated<"), parsed("DateCreated>")
    if exact and day.date() != exact[0].date():
        return False
    if before and day >= before[0] + (timedelta(days=1) if before[1] else timedelta(seconds=1)):
        return False
    return not after or day >= after[0]


def _page(request: Request, rows: list, render) -> dict:
    """One page of a list, with the links that Twilio gives."""
    query = request.params
    size = min(max(int(query.get("PageSize") or 50), 1), 1000)
    number = int(query.get("Page") or 0)
    shown = rows[number * size:(number + 1) * size]

    def uri(page):
        kept = {k: v for k, v in query.items() if k not in ("Page", "PageToken", "PageSize")}
        token = {"PageToken": f"PA{rows[page * size - 1].sid}"} if page else {}
        return f"{request.path}?{urlencode(kept | {'PageSize': size, 'Page': page} | token)}"

    return {
        "recordings": [render(r) for r in shown], "page": number, "page_size": size, "start": number * size,
        "end": number * size + max(len(shown) - 1, 0), "uri": uri(number), "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1) if (number + 1) * size < len(rows) else None,
        "previous_page_uri": uri(number - 1) if number else None,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Simulates Twilio for one call to a running kol serve.")
    parser.add_argument("--port", type=int, default=0, help="port of the REST API (default: any free one)")
    parser.add_argument("--kol", help="address of the server, such as http://127.0.0.1:8080")
    parser.add_argument("--public-url", default="https://kol.example.com", help="the server's public_url")
    parser.add_argument("--account", default="AC" + "0" * 32, help="account SID")
    parser.add_argument("--token", default="12345", help="auth token")
    parser.add_argument("--wav", type=Path, help="the recording of the call")
    parser.add_argument("--from", dest="from_", default="+972501234567")
    parser.add_argument("--to", default="+97237654321")
    parser.add_argument("--ledger", help="file for one JSON line per request")
    return parser.parse_args()


def _play_call(sim: TwilioSim, options: argparse.Namespace):
    """Sends one call's callbacks, as Twilio does after hang-up."""
    call = sim.add_call(options.from_, options.to)
    recording = sim.add_recording(call, wav=options.wav.read_bytes())
    print("call_status     ", sim.call_status(call, options.kol).status, call.sid)
    print("recording_status", sim.recording_status(call, recording, options.kol).status, recording.sid)


def main() -> int:
    """Runs the simulator until interrupted."""
    options = _arguments()
    with TwilioSim(options.account, options.token, options.public_url, options.port, options.ledger) as sim:
        print(f"twilio_api_base = \"{sim.url}\"\ntwilio_account_sid = \"{sim.account_sid}\"", flush=True)
        if options.kol and options.wav:
            _play_call(sim, options)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
