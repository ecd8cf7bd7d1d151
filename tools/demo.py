#!/usr/bin/env python3
"""Shows Kol's main job from end to end: a call's recording in, transcript, summary and lead out.

A simulated Twilio announces a recorded call, says "-1" for its duration, then 404 in one format, then gives the
recording; Kol fetches, transcribes, understands and delivers it to a simulated CRM. A second call, in Hebrew, comes
with a realtime transcript only. Standard library only.

    python3 tools/demo.py --kol build/release/bin/kol --models build/models [--once]

Ends with 0 when everything came out as it should, else with 1 and the reason.
"""
from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import calls  # noqa: E402
from crm import Crm  # noqa: E402
from kolproc import Kol, KolError, wait_until  # noqa: E402
from twilio_sim import TwilioSim  # noqa: E402

BUSINESS = "+97246001234"
ENGLISH_CALLER = "+972501234567"
HEBREW_CALLER = "+972529876543"
GLOSSARY = "Haifa, locksmith, Afula, Nazareth"
WAIT_DIVISOR = 10  # the demo's 3 s waits take 0.3 s; the log keeps the nominal seconds

HEBREW_CALL = [
    ("outbound_track", "שלום, מנעולן הצפון, במה אפשר לעזור?"),
    ("inbound_track", "שלום, אני צריך מנעולן בעפולה, ננעלתי מחוץ לבית."),
    ("outbound_track", "מה הכתובת בבקשה?"),
    ("inbound_track", "רחוב ירושלים 12 בעפולה. תודה רבה."),
]


class Unexpected(Exception):
    """Something did not come out as it should."""


def title(text: str):
    """A heading on the screen."""
    print(f"\n── {text} " + "─" * max(3, 74 - len(text)), flush=True)


def check(condition, complaint: str):
    """Ends the demo with a reason unless the condition holds."""
    if not condition:
        raise Unexpected(complaint)


def clock(ms: int | None) -> str:
    """A place in a call, such as 0:07; realtime transcripts have none."""
    return "" if ms is None else f"{ms // 60000}:{ms // 1000 % 60:02d}"


def show_line(line: str):
    """A line of Kol's log, as it happens."""
    print(f"  │ {line}", flush=True)


class Demo:
    """The stage: Twilio, a CRM and Kol with a fresh data folder."""

    def __init__(self, options: argparse.Namespace, folder: Path):
        self.twilio = TwilioSim().start()
        self.crm = Crm().start()
        self.kol = Kol(options.kol, folder / "data", {
            "public_url": self.twilio.public_url,
            "twilio_account_sid": self.twilio.account_sid,
            "twilio_auth_token": self.twilio.auth_token,
            "twilio_api_base": self.twilio.url,
            "allow_private_hosts": ["127.0.0.1"],
            "model_dir": str(options.models),
            "model": "base",
            "test_wait_divisor": WAIT_DIVISOR,
        }, on_line=show_line, terminal=sys.stdout.isatty() and not options.once)
        self.key = ""

    def open(self):
        """Starts Kol and gives it a business and a key."""
        title("kol serve starts on a fresh data folder")
        self.kol.start(60)
        business = self.kol.add_business("Galil Locks", BUSINESS, self.crm.url + "/hook", "en", glossary=GLOSSARY)
        secret = business.get("webhook_secret") or business.get("secret") or ""
        check(secret.startswith("whsec_"), f"kol business add gave no webhook secret: {business}")
        self.crm.expect(secret)
        self.key = self.kol.add_key(name="demo")

    def close(self):
        """Ends all three."""
        self.kol.stop()
        self.crm.stop()
        self.twilio.stop()

    def payload_of(self, call, timeout_s: float) -> dict:
        """The data of the first event about a call that the CRM received and verified."""
        def found():
            refused = [r.refused for r in self.crm.received if r.payload is None]
            check(not refused, f"the CRM refused a webhook: {refused}")
            return next((p for p in self.crm.events() if p["data"]["call"]["call_sid"] == call.sid), None)
        try:
            return wait_until(f"the CRM to receive the webhook of {call.sid}", found, timeout_s, 0.1)["data"]
        except TimeoutError as why:
            raise Unexpected(str(why)) from None

    def english_call(self):
        """The main job: recording status callback to CRM."""
        title("a call ends: a customer asked for a locksmith in Haifa")
        channels = calls.locksmith()
        call = self.twilio.add_call(ENGLISH_CALLER, BUSINESS, seconds=calls.seconds(*channels))
        recording = self.twilio.add_recording(call, calls.wav_bytes(*channels), calls.mp3_bytes(*channels),
                                              calls.seconds(*channels))
        recording.durations = ["-1"]
        recording.script("", 404)
        for sent in (self.twilio.call_status(call, self.kol.url),
                     self.twilio.recording_status(call, recording, self.kol.url)):
            check(200 <= sent.status < 300, f"Kol answered a callback with {sent.status}")
        got = self.payload_of(call, 240)
        self.kol.wait_log(f"Completed processing for {call.sid}", 20)
        self.show(got)
        self.check_english(call, got["call"])

    def check_english(self, call, got: dict):
        """What must be so after the first call."""
        check("locksmith" in got["final_transcript"].lower(), "the transcript does not hold the word locksmith")
        check("haifa" in got["final_transcript"].lower(), "the transcript does not hold the town, Haifa")
        check("lock" in (got.get("extracted_service") or "").lower(), f"service is {got.get('extracted_service')!r}")
        check(got.get("extracted_city") in ("Haifa", "חיפה"), f"city is {got.get('extracted_city')!r}")
        check(self.kol.logged(r"not ready yet \(duration=-1\), will retry in 3s \(attempt 1/5\)"),
              "the log does not tell of the wait for duration -1")
        check(self.kol.logged(r"Download status: 404"), "the log does not tell of the 404")
        audio = self.kol.http("GET", f"/api/recordings/{call.sid}/file", self.key)
        check(audio.status == 200 and len(audio.body) > 10000, f"playback answered {audio.status}")

    def hebrew_call(self):
        """The fallback: no recording, only what Twilio heard while the call went on."""
        title("a second call, in Hebrew, comes with a realtime transcript only")
        call = self.twilio.add_call(HEBREW_CALLER, BUSINESS, language="he-IL")
        for sent in [self.twilio.call_status(call, self.kol.url, "in-progress", 1),
                     *self.twilio.transcription(call, self.kol.url, HEBREW_CALL),
                     self.twilio.call_status(call, self.kol.url, "completed", 3)]:
            check(200 <= sent.status < 300, f"Kol answered a callback with {sent.status}")
        data = self.payload_of(call, 120)
        self.show(data)
        got = data["call"]
        check("עפולה" in (got.get("full_conversation") or ""), "the realtime transcript does not hold עפולה")
        check(got.get("extracted_service") == "מנעולן", f"service is {got.get('extracted_service')!r}")
        check(got.get("extracted_city") == "עפולה", f"city is {got.get('extracted_city')!r}")
        check(self.kol.logged("Offline transcript missing → using realtime"), "the log does not tell of the fallback")

    def show(self, data: dict):
        """Prints transcript, summary, lead and payload."""
        title("transcript")
        for turn in data["transcript"]:
            print(f"  {clock(turn['start_ms']):>5}  {turn['speaker']:<9} {turn['text']}")
        title("summary")
        print(f"  {data['call']['summary']}")
        title("lead")
        lead = {k: v for k, v in data["lead"].items() if k != "final_transcript"}
        print(json.dumps(lead, ensure_ascii=False, indent=2))
        title("what the CRM received and verified")
        print(json.dumps(data, ensure_ascii=False, indent=2), flush=True)


def stay(demo: Demo):
    """On a terminal the server stays up, so that the page can be looked at."""
    title("the server stays up; end it with Ctrl-C")
    links = demo.kol.logged(r"https?://\S+/login\?token=")
    print(f"  the page, with a one-time login:  {links[-1].strip()}" if links else f"  the page:  {demo.kol.url}/")
    print(f"  or log in with this key:          {demo.key}", flush=True)
    try:
        while demo.kol.process.poll() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        print()


def main() -> int:
    """Runs the demo."""
    parser = argparse.ArgumentParser(description="Shows Kol's main job from end to end.")
    parser.add_argument("--kol", type=Path, required=True, help="the kol program")
    parser.add_argument("--models", type=Path, required=True, help="folder with the Whisper model")
    parser.add_argument("--once", action="store_true", help="end when done, on a terminal too")
    options = parser.parse_args()
    options.kol, options.models = options.kol.resolve(), options.models.resolve()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends the demo ends its server, too
    folder = Path(tempfile.mkdtemp(prefix="kol-demo-"))
    demo, started = None, time.monotonic()
    try:
        check(options.kol.exists(), f"{options.kol} does not exist; build it first")
        demo = Demo(options, folder)
        demo.open()
        demo.english_call()
        demo.hebrew_call()
        title(f"everything came out as it should, in {time.monotonic() - started:.0f} s")
        if sys.stdout.isatty() and not options.once:
            stay(demo)
        return 0
    except (Unexpected, KolError, TimeoutError, OSError) as why:
        print(f"\ndemo: FAILED: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if demo:
            demo.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
