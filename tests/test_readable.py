"""Numbers and addresses as people write them, and Hebrew and English side by side, wherever a transcript is shown."""
import io
import json
import math
import os
import sqlite3
import struct
import subprocess
import urllib.parse
import wave

import calls
import pytest
from conftest import kol_bin
from fakehttp import Answer, FakeServer
from test_openai import form_of, settings

pytestmark = pytest.mark.release
ENGLISH = "Hi, my number is zero five two, one two three, four five six seven. Is it urgent?"
HEBREW = "שלום, ה-WiFi של Golan Locks מת. המייל info שטרודל golan נקודה com, טלפון אפס חמש ארבע חמש חמש חמש אפס ארבע שש שש."
ENGLISH_READ = "Hi, my number is 052-123-4567. Is it urgent?"
HEBREW_READ = "שלום, ה-WiFi של Golan Locks מת. המייל info@golan.com, טלפון 054-555-0466."


def dictated(number: str, pause_s: float = 0.35) -> bytes:
    """A real telephone voice that says digits in groups."""
    groups = [b"".join(calls.prompt(f"digits/{digit}") + calls.silence(0.08) for digit in group) for group in number.split("-")]
    return calls.silence(0.5) + calls.silence(pause_s).join(groups) + calls.silence(0.5)


def test_what_whisper_hears(tmp_path):
    """Digits through real Whisper: read as a number, and shown as they were heard on request."""
    numbers = ["052-123-4567", "054-555-0466", "03-612-3456", "212-555-0172"]
    for number in numbers:
        (tmp_path / f"{number}.wav").write_bytes(calls.wav_bytes(calls.speech("My number is") + dictated(number)))
    command = [kol_bin(), "transcribe", *(tmp_path / f"{n}.wav" for n in numbers), "--language=en", "--json",
               "--model-dir", os.environ["KOL_MODELS"]]
    done = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for number, heard in zip(numbers, map(json.loads, done.splitlines()), strict=True):
        assert number in heard["text"]
        segment, = [s for s in heard["segments"] if number in s["text"]]
        assert " ".join(w["text"] for w in segment["words"]) == segment["text"] != segment["heard"]
        word, = [w for w in segment["words"] if number in w["text"]]
        assert word["end_ms"] - word["start_ms"] > 2000, word


def test_groups_with_long_pauses(tmp_path):
    """Dictated as people do, a "thank you" of the other side between: one number, in the line in which it begins."""
    sound = dictated("052-123-4567", 2.5)
    between = len(dictated("052", 0)) - len(calls.silence(0.5)) + len(calls.silence(0.4))
    said = calls.prompt("auth-thankyou")
    other = b"\0" * between + said + b"\0" * (len(sound) - between - len(said))
    (tmp_path / "pauses.wav").write_bytes(calls.wav_bytes(sound, other))
    command = [kol_bin(), "transcribe", tmp_path / "pauses.wav", "--language=en", "--json", "--channels=customer,agent",
               "--model-dir", os.environ["KOL_MODELS"]]
    heard = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    customer, = [s for s in heard["segments"] if s["speaker"] == "customer"]
    agent, = [s for s in heard["segments"] if s["speaker"] == "agent"]
    assert "052-123-4567" in customer["text"] and "thank you" in agent["text"].lower()
    assert customer["start_ms"] < agent["start_ms"] < agent["end_ms"] < customer["end_ms"]


class TwoLanguages(FakeServer):
    """Hears English where the sound is loud, Hebrew where it is not, both with words."""

    def respond(self, request):
        frames = wave.open(io.BytesIO(form_of(request)["file"][0]))
        samples = struct.unpack(f"<{frames.getnframes()}h", frames.readframes(frames.getnframes()))
        spoken = [s * s for s in samples if abs(s) > 300] or [0]
        text = ENGLISH if math.sqrt(sum(spoken) / len(spoken)) > 4000 else HEBREW
        length = len(samples) / 16000
        step = length / (len(text.split()) + 1)
        words = [{"word": w, "start": i * step, "end": (i + 1) * step} for i, w in enumerate(text.split())]
        return Answer(200, json.dumps({
            "language": "hebrew", "text": text, "words": words,
            "segments": [{"start": 0, "end": length, "text": text, "avg_logprob": -0.2, "no_speech_prob": 0.01}]}).encode())


def scaled(sound: bytes, rms: float) -> bytes:
    samples = struct.unpack(f"<{len(sound) // 2}h", sound)
    spoken = [s * s for s in samples if abs(s) > 300]
    factor = rms / math.sqrt(sum(spoken) / len(spoken))
    return struct.pack(f"<{len(samples)}h", *(max(-32000, min(32000, int(s * factor))) for s in samples))


@pytest.fixture(scope="module")
def two_channels():
    """13 seconds on each channel, one after the other: a window of its own for each."""
    said = "Hello, I need a locksmith in Haifa, please. My name is David Cohen, I am locked out of my apartment. " * 2
    loud, low = scaled(calls.speech(said), 7000), scaled(calls.speech(said, pitch=70), 1800)
    return calls.wav_bytes(*calls.compose([("customer", loud), ("business", low)]))


@pytest.fixture
def server():
    with TwoLanguages() as one:
        yield one


def test_mixed_text_on_the_command_line(server, two_channels, tmp_path):
    """Text, words, srt and vtt: nothing lost, logical order, and isolates in subtitles alone."""
    path = tmp_path / "call.wav"
    path.write_bytes(two_channels)

    def run(kind):
        command = [kol_bin(), "transcribe", path, "--language=he,en", "--channels=customer,agent", f"--format={kind}",
                   *settings(server, tmp_path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    shown = json.loads(run("json"))
    texts = {s["speaker"]: s for s in shown["segments"]}
    assert texts["customer"]["text"].startswith(ENGLISH_READ.split("?")[0]) and texts["agent"]["text"].startswith(HEBREW_READ)
    assert texts["customer"]["heard"].startswith(ENGLISH) and texts["agent"]["heard"].startswith(HEBREW)
    for segment in shown["segments"]:
        assert " ".join(w["text"] for w in segment["words"]) == segment["text"]
        times = [t for w in segment["words"] for t in (w["start_ms"], w["end_ms"])]
        assert times == sorted(times)
    text, srt, vtt = run("text"), run("srt"), run("vtt")
    assert f"Agent: {HEBREW_READ}" in text and f"Customer: {ENGLISH_READ}" in text
    assert not set("\u200e\u200f\u202a\u202b\u2066\u2067\u2068\u2069") & set(text + run("csv"))
    assert f"Agent: \u2067{HEBREW_READ}\u2069" in srt and f"Customer: {ENGLISH_READ}\n" in srt
    assert f"<v agent>{HEBREW_READ}\n" in vtt


def test_mixed_text_in_the_server(server, two_channels, make_house):
    """One call through webhook, API, search, insight and kol call show."""
    house = make_house(business=False, worker=True, engine="openai", openai_url=server.url + "/v1", openai_key="sk-test")
    house.add_business()
    call, _ = house.ring(wav=two_channels)
    event = house.wait_events(call, timeout_s=60)[0]
    assert HEBREW_READ in event["final_transcript"] and ENGLISH_READ in event["final_transcript"]
    stored = house.stored(call)
    assert stored["final_transcript"] == event["final_transcript"]
    assert {s["text"] for s in stored["segments"]} == {HEBREW_READ, ENGLISH_READ}
    assert {s["heard"] for s in stored["segments"]} == {HEBREW, ENGLISH}
    for words in ("052-123-4567", "0545550466", "054 555 0466", "info@golan.com", "wifi golan", "טלפון", "urgent מייל"):
        answer = house.kol.http("GET", "/api/search?" + urllib.parse.urlencode({"q": words}), house.op).json()
        assert [c["call_sid"] for c in answer["calls"]] == [call.sid], words
    with sqlite3.connect(f"file:{house.kol.data}/kol.db?mode=ro", uri=True) as db:
        for text, words in db.execute("SELECT text, words FROM segment"):
            assert " ".join(w["w"] for w in json.loads(words)) == text
    phone = stored["insight"]["callback_phone"]
    assert phone["value"] == "0521234567" and "052-123-4567" in phone["quote"]
    shown = house.kol.run("call", "show", call.sid, "--dropped").stdout
    assert HEBREW_READ in shown and f"[heard: {ENGLISH}]" in shown
    assert "[heard" not in house.kol.run("call", "show", call.sid).stdout


def test_redaction_comes_first(server, two_channels, make_house):
    """What the business does not keep is in neither form of the words."""
    house = make_house(business=False, worker=True, engine="openai", openai_url=server.url + "/v1", openai_key="sk-test")
    house.add_business()
    house.kol.run("business", "set", str(house.shop.id), "--redact=phone,email")
    call, _ = house.ring(wav=two_channels)
    event = house.wait_events(call, timeout_s=60)[0]
    assert "[phone]" in event["final_transcript"] and "[email]" in event["final_transcript"]
    with sqlite3.connect(f"file:{house.kol.data}/kol.db?mode=ro", uri=True) as db:
        kept = json.dumps(db.execute("SELECT text, words, heard FROM segment").fetchall(), ensure_ascii=False)
    assert not [w for w in ("4567", "four five", "golan נ", "golan.com", "0466", "ארבע שש") if w in kept], kept
