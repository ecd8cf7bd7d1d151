#!/usr/bin/env python3
"""A Twilio that runs on this machine: REST resources and media of recordings, and the callbacks that announce them.

Used by the demo and by the tests; standard library only. As a library:

    with TwilioSim() as twilio:
        twilio.add_number("+97237654321")
        call = twilio.add_call(from_="+972501234567", to="+97237654321")
        recording = twilio.add_recording(call, wav=data, seconds=13)
        recording.durations = ["-1", None, "13"]              # what successive fetches of the resource say
        recording.script("", 404); recording.script("mp3", 404, 429)   # what the media answer, one step per request
        twilio.recording_status(call, recording, kol_url)

Its parts: twilio_model (what exists), twilio_rest (the API), twilio_media (audio over HTTP, storage elsewhere),
twilio_callbacks (what is posted, and how often), twilio_crypto (encrypted recordings).

As a program it plays one call to a running server:

    tools/twilio_sim.py --kol http://127.0.0.1:8080 --public-url https://kol.example.com --wav call.wav --to +972…

"""
from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))
import twilio_callbacks as callbacks  # noqa: E402
from twilio_model import SOURCES, Account, Call, Number, Recording, new_sid  # noqa: E402,F401
from twilio_rest import RestApi  # noqa: E402


class TwilioSim(RestApi):
    """The simulator. One account by default; `add_account` makes more."""

    def __init__(self, account_sid: str | None = None, auth_token: str | None = None,
                 public_url: str = "https://kol.example.com", port: int = 0, ledger_path: str | None = None, **how):
        super().__init__(port, ledger_path, **how)
        self.account_sid = account_sid or new_sid("AC")
        self.auth_token = auth_token or secrets.token_hex(16)
        self.public_url = public_url.rstrip("/")
        self.add_account(self.account_sid, self.auth_token)

    # ---- what exists ----

    def add_account(self, sid: str | None = None, token: str | None = None, owner: str | None = None,
                    **more) -> Account:
        """An account whose own SID and token may fetch; with an owner a subaccount, whose owner may, too."""
        account = Account(sid or new_sid("AC"), token or secrets.token_hex(16),
                          self.accounts[owner] if owner else None, **more)
        self.accounts[account.sid] = account
        return account

    def add_api_key(self, account_sid: str | None = None) -> tuple[str, str]:
        """A new API key (SID, secret) of an account."""
        key = new_sid("SK"), secrets.token_hex(16)
        self.accounts[account_sid or self.account_sid][key[0]] = key[1]
        return key

    def add_number(self, number: str, account_sid: str | None = None, **settings) -> Number:
        """A phone number of an account, set up as the settings say (`voice_url=...`)."""
        one = Number(account_sid or self.account_sid, number, **settings)
        self.numbers[one.sid] = one
        return one

    def add_call(self, from_: str, to: str, sid: str | None = None, account_sid: str | None = None, **more) -> Call:
        """A call that Twilio knows about."""
        call = Call(sid or new_sid("CA"), account_sid or self.account_sid, from_, to, **more)
        self.calls[call.sid] = call
        return call

    def add_recording(self, call: Call, wav: bytes | None = None, mp3: bytes | None = None, seconds: int | None = 13,
                      channels: int = 2, source: str = "StartCallRecordingTwiML", sid: str | None = None,
                      status: str = "completed", conference_sid: str | None = None) -> Recording:
        """A recording of a call; a format without media is 404."""
        media = {form: data for form, data in (("wav", wav), ("mp3", mp3)) if data is not None}
        recording = Recording(self, call, sid or new_sid("RE"), media, seconds, channels, source, status,
                              conference_sid)
        self.recordings[recording.sid] = recording
        return recording

    # ---- callbacks out ----

    def token_of(self, account_sid: str) -> str:
        """The auth token that signs an account's callbacks; the first account's for one that does not exist."""
        account = self.accounts.get(account_sid)
        return account.token if account else self.auth_token

    def post(self, kol_url: str, path: str, params=None, overrides: str = "", token: str | None = None, **how):
        """Posts any callback to a server, signed over the public URL; see callbacks.deliver for the rest.

        path   under public_url, or a whole URL as Twilio was told
        """
        url = path if urlsplit(path).scheme else self.public_url + path
        return callbacks.deliver(url + overrides, kol_url, token or self.auth_token, params, **how)

    def _send(self, account_sid: str, kol_url: str, path: str, params: dict, how: dict | None):
        how = dict(how or {})
        how.setdefault("token", self.token_of(account_sid))
        return self.post(kol_url, how.pop("path", path), params, **how)

    def recording_status(self, call, recording, kol_url, status="completed", how=None, **changes):
        """The recording status callback; how: what callbacks.deliver takes, and `path` for another URL."""
        params = callbacks.recording_status(call, recording, status, **changes)
        return self._send(recording.account_sid, kol_url, "/webhook/recording_status", params, how)

    def call_status(self, call, kol_url, status="completed", sequence=0, recording=None, how=None, **changes):
        """The call status callback."""
        params = callbacks.call_status(call, status, sequence, recording, **changes)
        return self._send(call.account_sid, kol_url, "/webhook/call_status", params, how)

    def call_progress(self, call, kol_url, order=None, how=None) -> list:
        """All four status callbacks of a call; order: in which they arrive, such as (3, 0, 2, 1)."""
        steps = ("initiated", "ringing", "in-progress", call.status)
        return [self.call_status(call, kol_url, steps[i], i, how=how) for i in order or range(len(steps))]

    def record_action(self, call, recording, kol_url, how=None, **changes):
        """The request of `<Record action>`."""
        params = callbacks.record_action(call, recording, **changes)
        return self._send(call.account_sid, kol_url, "/webhook/handle_recording", params, how)

    def transcription(self, call, kol_url, turns: list, stop: bool = True, partials: bool = False, how=None) -> list:
        """A realtime transcript, event by event; turns are (track, text); partials: each grows word by word."""
        return [self._send(call.account_sid, kol_url, "/webhook/transcription", event, how)
                for event in callbacks.transcript(call, turns, stop, partials)]

    def as_configured(self, number: Number, call: Call, kol_url: str, **changes):
        """The call status callback to where the number's own settings send it; None when they send it nowhere."""
        url = number.settings["status_callback"]
        if not url:
            return None
        how = {"path": url, "method": number.settings["status_callback_method"]}
        return self.call_status(call, kol_url, call.status, how=how, **changes)


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
