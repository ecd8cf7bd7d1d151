"""Twilio's side of a callback: what it posts, how it signs, how often it tries.

Standard library only. `sign` is our own on purpose: the tests hold it against Twilio's published vectors and against
the official validator, so simulator and server cannot share a mistake.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import socket
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlencode, urlsplit


def sign(token: str, url: str, params=()) -> str:
    """X-Twilio-Signature of a form POST (or, without params, of a GET or JSON request).

    Names go in byte order; values of a repeated name are de-duplicated and sorted; the fragment is not signed.
    """
    values: dict[str, set] = {}
    for name, value in params.items() if isinstance(params, dict) else params:
        values.setdefault(name, set()).add(value)
    text = url.split("#", 1)[0]
    for name in sorted(values, key=lambda n: n.encode()):
        text += "".join(name + value for value in sorted(values[name]))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def rfc2822(when: float) -> str:
    """Twilio's time format, such as `Tue, 24 Mar 2026 18:15:40 +0000`."""
    return format_datetime(datetime.fromtimestamp(int(when), timezone.utc))


@dataclass
class Overrides:
    """Connection overrides of a callback URL's fragment, with the documented defaults."""

    ct: int = 5000
    rt: int = 15000
    tt: int = 15000
    rc: int = 1
    rp: tuple = ("ct",)

    @classmethod
    def of_url(cls, url: str) -> "Overrides":
        """Reads `#rc=5&rp=5xx,ct,rt`; unknown keys are ignored as Twilio ignores them."""
        found = cls()
        limits = {"ct": (100, 10000), "rt": (100, 15000), "tt": (100, 15000), "rc": (0, 5)}
        for key, value in parse_qsl(urlsplit(url).fragment):
            if key in limits and value.isdigit():
                low, high = limits[key]
                setattr(found, key, min(max(int(value), low), high))
            elif key == "rp":
                found.rp = tuple(value.split(","))
        return found

    def retries(self, outcome: str) -> bool:
        """Whether an outcome (`4xx`, `5xx`, `ct`, `rt`) is one to try again after."""
        return outcome in self.rp or (outcome != "2xx" and "all" in self.rp)


@dataclass
class Attempt:
    """One try of one callback and what came of it: `2xx`, `3xx`, `4xx`, `5xx`, `ct` (no connection), `rt` (no answer)."""

    outcome: str
    status: int = 0
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0


@dataclass
class Delivery:
    """All tries of one callback."""

    url: str
    attempts: list
    token: str = ""  # I-Twilio-Idempotency-Token: the same on every try

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    @property
    def status(self) -> int:
        """The final HTTP status, 0 when nobody answered."""
        return self.last.status


def _try_once(connect_to: tuple, method: str, target: str, headers: dict, body: bytes, o: Overrides,
              deadline: float) -> Attempt:
    """Sends one request over a fresh connection; whatever the limits, it is over at the deadline."""
    started = time.monotonic()

    def limit(ms):
        return max(0.01, min(ms / 1000, deadline - time.monotonic()))

    def attempt(outcome, **more):
        return Attempt(outcome, seconds=time.monotonic() - started, **more)

    connection = http.client.HTTPConnection(*connect_to, timeout=limit(o.ct))
    try:
        connection.connect()
    except OSError:
        return attempt("ct")
    try:
        connection.sock.settimeout(limit(o.rt))
        connection.request(method, target, body=body or None, headers=headers)
        line = connection.sock
        response = connection.getresponse()
        data = b""
        while piece := response.read1(1 << 16):
            data += piece
            if time.monotonic() > deadline:
                return attempt("rt")
            if response.fp is not None:
                line.settimeout(limit(o.rt))  # between packets, too
        return attempt(f"{response.status // 100}xx", status=response.status, headers=dict(response.getheaders()),
                       body=data)
    except (OSError, http.client.HTTPException, socket.timeout):
        return attempt("rt")
    finally:
        connection.close()


def deliver(public_url: str, server_url: str, token: str, params=None, *, method="POST", json_body=None,
            signature: str | None = None, extra_headers: dict | None = None, between_s: float = 0.0) -> Delivery:
    """Sends one callback as Twilio does, retries included.

    public_url   what Twilio was told; it is signed, all but its fragment, which says how often to try
    server_url   where the server really listens (the proxy between the two does not exist here)
    signature    sent instead of the right one; "" sends none
    """
    overrides = Overrides.of_url(public_url)
    url = public_url.split("#", 1)[0]
    pairs = list(params.items() if isinstance(params, dict) else params or [])
    headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*", "Cache-Control": "max-age=259200"}
    body = b""
    if json_body is not None:
        body = json_body if isinstance(json_body, bytes) else json.dumps(json_body).encode()
        url += ("&" if "?" in url else "?") + "bodySHA256=" + hashlib.sha256(body).hexdigest()
        headers["Content-Type"] = "application/json"
        right = sign(token, url)
    elif method == "GET":
        url += ("&" if "?" in url else "?") + urlencode(pairs) if pairs else ""
        right = sign(token, url)
    else:
        body = urlencode(pairs).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        right = sign(token, url, pairs)
    if signature != "":
        headers["X-Twilio-Signature"] = right if signature is None else signature
    parts, real = urlsplit(url), urlsplit(server_url)
    headers.update({"Host": parts.netloc.rsplit("@", 1)[-1], "I-Twilio-Idempotency-Token": secrets.token_hex(16)},
                   **(extra_headers or {}))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    attempts = []
    deadline = time.monotonic() + overrides.tt / 1000
    for number in range(overrides.rc + 1):
        if number:
            time.sleep(between_s)
        attempts.append(_try_once((real.hostname, real.port), method, target, headers, body, overrides, deadline))
        if not overrides.retries(attempts[-1].outcome) or time.monotonic() > deadline:
            break
    return Delivery(url, attempts, headers["I-Twilio-Idempotency-Token"])


# ---- what the callbacks carry; every value is a string ----

def recording_status(call, recording, status="completed", **changes) -> dict:
    """Parameters of recordingStatusCallback. There is no From, To or Direction in it."""
    seconds = None if status in ("absent", "failed") else recording.seconds
    error = recording.error_code or {"absent": 16101, "failed": 16105}.get(status, 0)
    params = {
        "AccountSid": recording.account_sid,
        "CallSid": call.sid,
        "RecordingSid": recording.sid,
        "RecordingUrl": f"https://api.twilio.com{recording.path}",
        "RecordingStatus": status,
        "RecordingDuration": str(seconds) if seconds is not None else "-1",
        "RecordingChannels": str(recording.channels),
        "RecordingSource": recording.source,
        "RecordingStartTime": rfc2822(recording.started_at),
        "RecordingTrack": "both",
        "ErrorCode": str(error),
    }
    if status == "in-progress":
        del params["RecordingDuration"]
    if recording.conference_sid:
        params["ConferenceSid"] = recording.conference_sid
    if recording.envelope and status == "completed":
        params["EncryptionDetails"] = json.dumps(recording.envelope.as_parameter(), separators=(",", ":"))
    return _changed(params, changes)


def _voice(call, status: str) -> dict:
    """The parameters that every voice request carries."""
    return {
        "AccountSid": call.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": call.sid,
        "CallStatus": status,
        "Called": call.to,
        "Caller": call.from_,
        "Direction": call.direction,
        "From": call.from_,
        "To": call.to,
    }


def call_status(call, status="completed", sequence=0, recording=None, **changes) -> dict:
    """Parameters of the call status callback; with a recording only as Record=true adds them."""
    params = _voice(call, status) | {
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence),
        "Timestamp": rfc2822(call.ended_at),
    }
    if status == "completed":
        params |= {"CallDuration": str(call.seconds), "Duration": str(-(-call.seconds // 60)), "SipResponseCode": "200"}
    if recording is not None:
        params |= {"RecordingUrl": f"https://api.twilio.com{recording.path}", "RecordingSid": recording.sid,
                   "RecordingDuration": str(recording.seconds)}
    return _changed(params, changes)


def record_action(call, recording, digits="hangup", **changes) -> dict:
    """Parameters of `<Record action>`: the answer to it is TwiML."""
    params = _voice(call, "completed" if digits == "hangup" else "in-progress") | {
        "Digits": digits,
        "RecordingDuration": str(recording.seconds),
        "RecordingSid": recording.sid,
        "RecordingUrl": f"https://api.twilio.com{recording.path}",
    }
    return _changed(params, changes)


def transcription(call, event: str, sequence: int, transcript="", track="inbound_track", final=True,
                  transcription_sid=None, **changes) -> dict:
    """Parameters of one realtime transcription event (`started`, `content`, `stopped`, `error`)."""
    params = {
        "AccountSid": call.account_sid,
        "CallSid": call.sid,
        "LanguageCode": call.language,
        "SequenceId": str(sequence),
        "Timestamp": datetime.fromtimestamp(call.started_at + sequence, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "TranscriptionEvent": f"transcription-{event}",
        "TranscriptionSid": transcription_sid or "GT" + call.sid[2:],
    }
    if event == "started":
        params |= {"Track": "both_tracks", "TranscriptionEngine": "google", "ProviderConfiguration": "{}"}
    if event == "content":
        params |= {"Final": str(final).lower(), "Track": track}
        data = {"transcript": transcript, "confidence": 0.91} if final else {"transcript": transcript}
        params["TranscriptionData"] = json.dumps(data, ensure_ascii=False)
        params |= {} if final else {"Stability": "0.9"}
    if event == "error":
        params |= {"TranscriptionErrorCode": "32655", "TranscriptionError": "Transcription provider unavailable"}
    return _changed(params, changes)


def transcript(call, turns: list, stop: bool = True, partials: bool = False) -> list[dict]:
    """All events of a realtime transcript; turns are (track, text)."""
    said = []
    for track, text in turns:
        words = text.split()
        said += [(track, " ".join(words[:n]), False) for n in range(1, len(words))] if partials else []
        said.append((track, text, True))
    events = [transcription(call, "started", 1)]
    for number, (track, text, final) in enumerate(said, 2):
        events.append(transcription(call, "content", number, text, track, final))
    return events + ([transcription(call, "stopped", len(events) + 1)] if stop else [])


def _changed(params: dict, changes: dict) -> dict:
    """Parameters with some replaced; None removes one."""
    return {k: v for k, v in (params | changes).items() if v is not None}
