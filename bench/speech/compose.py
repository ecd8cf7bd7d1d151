"""Composes the calls of the bench: two channels, 8 kHz, with known words, speakers and times.

The agent is a real telephone voice (the prompts of Debian's asterisk-core-sounds-en-wav), the customer espeak-ng, or in
every third call the telephone voice too. Between the words is what phones have: ringing, hold music, noise, silence.
"""
from __future__ import annotations

import array
import json
import math
import random
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import calls  # noqa: E402

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

RATE = calls.RATE
PROMPTS = ROOT / "tests" / "data" / "prompts.tsv"
VOICES = [("en-gb", 150, 40), ("en-us", 145, 50), ("en-gb-x-rp", 140, 35), ("en-us+f3", 150, 55)]
CUSTOMER = [
    "Hello, I am calling about a broken lock on my front door.",
    "Yes, I can hear you very well, thank you.",
    "The key is stuck and it will not turn any more.",
    "Could somebody come this afternoon, please?",
    "I live on the second floor, next to the bakery.",
    "How much would that cost me, roughly?",
    "That is a bit more than I expected.",
    "No, we do not have a spare key at home.",
    "My phone number ends with four seven two nine.",
    "I would also like a new lock for the garden gate.",
    "Wait a moment, I have to write that down.",
    "Is there a discount for older people?",
    "My neighbour recommended your company to me.",
    "It was working perfectly until last Tuesday.",
    "Please ring the bell twice, the dog is loud.",
    "Can I pay with a credit card when you are here?",
    "We moved into this house three weeks ago.",
    "I will be at home until six o'clock in the evening.",
    "Thank you very much for your help.",
    "Goodbye, and have a nice day.",
]


class Call:
    """Two tracks on which sounds are placed at times, and what was said on them."""

    def __init__(self):
        self.tracks = {"agent": bytearray(), "customer": bytearray()}
        self.turns = []

    def place(self, speaker: str, at_s: float, sound: bytes, words: str = "") -> float:
        """Mixes a sound in; returns when it ends."""
        track, at = self.tracks[speaker], 2 * round(at_s * RATE)
        end = at + len(sound)
        track.extend(b"\0" * max(0, end - len(track)))
        track[at:end] = audioop.add(bytes(track[at:end]), sound, 2)
        if words:
            self.turns.append({"speaker": speaker, "start_s": at_s, "end_s": end / 2 / RATE, "words": words})
        return end / 2 / RATE

    def channels(self) -> tuple[bytes, bytes]:
        """Both tracks, equally long."""
        length = max(map(len, self.tracks.values()))
        return tuple(bytes(t).ljust(length, b"\0") for t in self.tracks.values())


def music(seconds: float, seed: int) -> bytes:
    """Hold music: slow broken chords with overtones."""
    rng = random.Random(seed)
    out = array.array("h")
    while len(out) < seconds * RATE:
        root = rng.choice((196.0, 220.0, 174.6, 261.6))
        for step in (1, 5 / 4, 3 / 2, 2, 3 / 2, 5 / 4):
            hz = root * step
            for n in range(RATE // 4):
                fade = math.exp(-n / RATE * 5)
                out.append(round(5000 * fade * sum(math.sin(2 * math.pi * hz * k * n / RATE) / k for k in (1, 2, 3))))
    return out[:round(seconds * RATE)].tobytes()


def prompts() -> list[tuple[str, str]]:
    """Name and words of every prompt."""
    rows = (line.split("\t", 1) for line in PROMPTS.read_text(encoding="utf-8").splitlines())
    return [(name.split("/", 1)[1].removesuffix(".wav"), text.strip()) for name, text in rows]


def said(kind: str, item, rng: random.Random) -> tuple[bytes, str]:
    """A turn's sound and words."""
    if kind == "prompt":
        return calls.prompt(item[0]), item[1]
    voice, speed, pitch = rng.choice(VOICES)
    return calls.speech(item, voice, speed, pitch), item


def opening(call: Call, number: int) -> float:
    """What happens before the first word; returns when it is over."""
    if number % 3 == 0:
        return call.place("customer", 0.2, calls.ringing(2, (400, 425), 1.0, 3.0)) - 1.5
    if number % 3 == 1:
        return call.place("customer", 0.2, calls.ringing(1, (440, 480), 2.0, 4.0)) - 2.5
    return 0.8


def compose(number: int, seed: int, deck: list) -> Call:
    """One call of about a minute and a half; takes its prompts off the deck. Nobody says a sentence twice."""
    rng, call = random.Random(f"{seed} {number}"), Call()
    talk = rng.sample(CUSTOMER, len(CUSTOMER))
    at, agent = opening(call, number), True
    while at < 85 and deck:
        speaker = "agent" if agent else "customer"
        kind, item = ("prompt", deck.pop()) if agent or number % 3 == 2 or not talk else ("speech", talk.pop())
        sound, words = said(kind, item, rng)
        if at + len(sound) / 2 / RATE > 120:
            continue  # the very long prompt
        end = call.place(speaker, at, sound, words)
        gap = rng.choice((0.3, 0.5, 0.8, 1.5, 2.5, -0.7))  # the last: they talk over each other
        at, agent = max(0.0, end + gap), rng.random() < (0.15 if agent else 0.85)
        if gap < 0:
            agent = speaker != "agent"
        if number % 4 == 1 and 30 < at < 45:
            at = call.place("agent", at + 0.5, music(9, number)) + 0.8
    if number % 4 == 3:
        call.place("customer", at, b"".join((calls.tone(0.5, 400) + calls.silence(0.5)) for _ in range(6)))
    length = max(map(len, call.tracks.values())) / 2 / RATE
    if number % 2:
        for name in call.tracks:
            call.place(name, 0, calls.noise(length, 0.002 + 0.002 * (number % 4), number))
    return call


def write_calls(folder: Path, count: int, seed: int) -> None:
    """Fills the folder with calls, alternately wav, mp3 and mu-law wav, and truth.json."""
    rng, truth = random.Random(seed), {}
    deck = []
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        if len(deck) < 20:
            fresh = prompts()
            rng.shuffle(fresh)
            deck = [p for p in fresh if p not in deck] + deck
        call = compose(number, seed, deck)
        form = ("wav", "mp3", "mulaw")[number % 3]
        make = {"wav": calls.wav_bytes, "mp3": calls.mp3_bytes, "mulaw": calls.mulaw_wav_bytes}[form]
        name = f"call{number:02}.{'mp3' if form == 'mp3' else 'wav'}"
        (folder / name).write_bytes(make(*call.channels()))
        words = {s: " ".join(t["words"] for t in call.turns if t["speaker"] == s) for s in call.tracks}
        truth[name] = {**words, "turns": sorted(call.turns, key=lambda t: t["start_s"])}
    (folder / "truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")
