#!/usr/bin/env python3
"""Composes phone calls: two channels, 8 kHz, as a telephone gives them.

The business's channel speaks with a real telephone voice (the prompts of Debian's asterisk-core-sounds-en-wav), the
customer's with espeak-ng; rings, tones, noise and silence are made here. Standard library only; MP3 is made by
libmp3lame, which is there wherever FFmpeg's libraries are.

    tools/calls.py locksmith call.wav            the demo's call: a locksmith in Haifa
    tools/calls.py silence call.mp3 --seconds 8
"""
from __future__ import annotations

import argparse
import array
import ctypes
import ctypes.util
import io
import math
import random
import struct
import subprocess
import sys
import warnings
import wave
from functools import lru_cache
from pathlib import Path

with warnings.catch_warnings():  # audioop leaves the standard library in 3.13; Debian 12 has 3.11
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

RATE = 8000
PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


# ---- sounds: mono, 16 bit, 8 kHz, as bytes ----

def silence(seconds: float) -> bytes:
    """Digital silence."""
    return b"\0\0" * round(seconds * RATE)


def noise(seconds: float, level: float = 0.01, seed: int = 1) -> bytes:
    """White noise of a line; level 1.0 is full scale."""
    rng = random.Random(seed)
    top = int(level * 32767)
    return array.array("h", (rng.randint(-top, top) for _ in range(round(seconds * RATE)))).tobytes()


def tone(seconds: float, *hz: float, level: float = 0.2) -> bytes:
    """A sum of sines."""
    scale = level * 32767 / len(hz)
    return array.array("h", (round(scale * sum(math.sin(2 * math.pi * f * n / RATE) for f in hz))
                             for n in range(round(seconds * RATE)))).tobytes()


def ringing(rings: int = 2, hz: tuple = (400, 425), on_s: float = 1.0, off_s: float = 3.0) -> bytes:
    """The ring-back cadence heard before an answer."""
    return (tone(on_s, *hz) + silence(off_s)) * rings


def read_wav(source) -> bytes:
    """A wave file as mono 8 kHz sound."""
    with wave.open(str(source) if isinstance(source, Path) else source) as file:
        data, width, rate = file.readframes(file.getnframes()), file.getsampwidth(), file.getframerate()
        if file.getnchannels() == 2:
            data = audioop.tomono(data, width, 0.5, 0.5)
    data = audioop.lin2lin(data, width, 2)
    return data if rate == RATE else audioop.ratecv(data, 2, 1, rate, RATE, None)[0]


@lru_cache(maxsize=64)
def prompt(name: str) -> bytes:
    """A real telephone prompt by its name, without extension."""
    path = PROMPTS / f"{name}.wav"
    if not path.exists():
        raise SystemExit(f"calls: {path} is missing; install asterisk-core-sounds-en-wav")
    return read_wav(path)


@lru_cache(maxsize=64)
def speech(text: str, voice: str = "en-gb", words_per_minute: int = 140, pitch: int = 45) -> bytes:
    """Synthetic speech of espeak-ng."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "--stdout", text]
    try:
        made = subprocess.run(command, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as why:
        raise SystemExit(f"calls: espeak-ng failed ({why}); install espeak-ng") from why
    return read_wav(io.BytesIO(_with_true_length(made)))


def _with_true_length(wav: bytes) -> bytes:
    """espeak-ng cannot seek back on a pipe, so the lengths in its header are wrong."""
    at = wav.index(b"data")
    return wav[:4] + struct.pack("<I", len(wav) - 8) + wav[8:at + 4] + struct.pack("<I", len(wav) - at - 8) + wav[at + 8:]


# ---- calls ----

def compose(turns: list, gap_s: float = 0.5) -> tuple[bytes, bytes]:
    """Two channels from (speaker, sound) turns; speaker is "customer" (channel 1), "business" (2) or "both"."""
    channels = {"customer": bytearray(), "business": bytearray()}
    for speaker, sound in turns:
        quiet = b"\0" * len(sound)
        for name, channel in channels.items():
            channel += (sound if speaker in (name, "both") else quiet) + silence(gap_s)
    return bytes(channels["customer"]), bytes(channels["business"])


LOCKSMITH = [
    ("customer", "Hello, I need a locksmith in Haifa, please."),
    ("business", "vm-rec-name"),
    ("customer", "My name is David Cohen. I am locked out of my apartment in Haifa."),
    ("business", "privacy-prompt"),
    ("customer", "Please send the locksmith to Haifa as soon as possible. Thank you."),
    ("business", "priv-introsaved"),
]


def locksmith() -> tuple[bytes, bytes]:
    """The demo's call: a customer asks for a locksmith in Haifa, a real telephone voice answers."""
    turns = [("business", silence(0.6))]
    turns += [(who, prompt(what) if who == "business" else speech(what)) for who, what in LOCKSMITH]
    return compose(turns)


def quiet_call(seconds: float = 8.0) -> tuple[bytes, bytes]:
    """Nobody says a word: line noise and ringing only."""
    rings = ringing(1)
    rest = max(0.0, seconds - len(rings) / 2 / RATE)
    return noise(seconds, 0.002, 1), rings + noise(rest, 0.002, 2)


# ---- files ----

def _interleaved(channels) -> bytes:
    """One sound of all channels, the shorter ones filled with silence."""
    if len(channels) == 1:
        return channels[0]
    length = max(map(len, channels))
    left, right = (audioop.tostereo(c.ljust(length, b"\0"), 2, *side) for c, side in zip(channels, ((1, 0), (0, 1))))
    return audioop.add(left, right, 2)


def wav_bytes(*channels: bytes, rate: int = RATE) -> bytes:
    """A PCM wave file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(_interleaved(channels))
    return out.getvalue()


def mulaw_wav_bytes(*channels: bytes) -> bytes:
    """A mu-law wave file (format 7), which the wave module cannot write."""
    data = audioop.lin2ulaw(_interleaved(channels), 2)
    count = len(channels)
    head = struct.pack("<HHIIHHH", 7, count, RATE, RATE * count, count, 8, 0)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head
    body += b"fact" + struct.pack("<II", 4, len(data) // count) + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body) + len(data) % 2) + body + b"\0" * (len(data) % 2)


def mp3_bytes(*channels: bytes, kbit_s: int = 32) -> bytes:
    """An MP3 file as Twilio makes them: 8 kHz, 32 kbit/s."""
    name = ctypes.util.find_library("mp3lame") or "libmp3lame.so.0"
    try:
        lame = ctypes.CDLL(name)
    except OSError as why:
        raise SystemExit(f"calls: cannot load {name} ({why}); install libmp3lame0") from why
    lame.lame_init.restype = ctypes.c_void_p
    encoder = ctypes.c_void_p(lame.lame_init())
    settings = (("in_samplerate", RATE), ("out_samplerate", RATE), ("num_channels", len(channels)), ("brate", kbit_s),
                ("mode", 0 if len(channels) == 2 else 3), ("bWriteVbrTag", 0))
    for setting, value in settings:
        getattr(lame, f"lame_set_{setting}")(encoder, ctypes.c_int(value))
    if lame.lame_init_params(encoder) < 0:
        raise SystemExit("calls: libmp3lame refused the settings")
    data = _interleaved(channels)
    frames = len(data) // 2 // len(channels)
    room = frames * 5 // 4 + 7200
    out = ctypes.create_string_buffer(room)
    if len(channels) == 2:
        used = lame.lame_encode_buffer_interleaved(encoder, data, frames, out, room)
    else:
        used = lame.lame_encode_buffer(encoder, data, data, frames, out, room)
    used += lame.lame_encode_flush(encoder, ctypes.byref(out, used), room - used)
    lame.lame_close(encoder)
    return out.raw[:used]


def seconds(*channels: bytes) -> int:
    """The length of a call as Twilio tells it: whole seconds, at least one."""
    return max(1, max(map(len, channels)) // 2 // RATE)


def main() -> int:
    """Writes one of the ready-made calls to a file."""
    parser = argparse.ArgumentParser(description="Composes a phone call.")
    parser.add_argument("call", choices=("locksmith", "silence"))
    parser.add_argument("file", type=Path, help=".wav or .mp3")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of the silent call")
    parser.add_argument("--mulaw", action="store_true", help="mu-law instead of PCM in a .wav")
    options = parser.parse_args()
    channels = locksmith() if options.call == "locksmith" else quiet_call(options.seconds)
    wav = mulaw_wav_bytes if options.mulaw else wav_bytes
    options.file.write_bytes(mp3_bytes(*channels) if options.file.suffix == ".mp3" else wav(*channels))
    print(f"{options.file}: {seconds(*channels)} s, {len(channels)} channels")
    return 0


if __name__ == "__main__":
    sys.exit(main())
