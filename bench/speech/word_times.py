"""How far Kol's word times are off: single words of the telephone voice at known times, with gaps of 30 to 600 ms."""
from __future__ import annotations

import array
import difflib
import random
import re
import sys
from pathlib import Path

from . import compose

calls = compose.calls
WORDS = ("alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo "
         "sierra tango uniform victor yankee zulu").split()


def trimmed(sound: bytes) -> bytes:
    """The sound without the silence around it."""
    samples = array.array("h", sound)
    step = calls.RATE // 100
    peaks = [max(map(abs, samples[i:i + step])) for i in range(0, len(samples) - step, step)]
    loud = [i for i, peak in enumerate(peaks) if peak > 0.08 * max(peaks)]
    return sound[2 * step * loud[0]:2 * step * (loud[-1] + 1)]


def write(path: Path) -> list[tuple[str, float, float]]:
    """A recording of each word three times; returns (word, start, end)."""
    rng, call, at, truth = random.Random(3), compose.Call(), 0.5, []
    words = WORDS * 3
    rng.shuffle(words)
    for number, word in enumerate(words):
        end = call.place("agent", at, trimmed(calls.prompt(f"phonetic/{word[0]}_p")))
        truth.append((word, at, end))
        at = end + rng.choice((0.03, 0.08, 0.15, 0.3, 0.6)) + (1.5 if number % 9 == 8 else 0)
    path.write_bytes(calls.wav_bytes(bytes(call.tracks["agent"])))
    return truth


def report(truth: list, result: dict) -> None:
    """Prints median and 90th percentile of the errors of matched words."""
    heard = [(re.sub(r"[^a-z]", "", w["text"].lower()), w["start_ms"] / 1000, w["end_ms"] / 1000)
             for s in result["segments"] for w in s["words"]]
    matcher = difflib.SequenceMatcher(a=[t[0] for t in truth], b=[h[0] for h in heard], autojunk=False)
    pairs = [(truth[b.a + i], heard[b.b + i]) for b in matcher.get_matching_blocks() for i in range(b.size)]
    if not pairs:
        sys.exit("bench: none of the words was recognised")
    for name, at in (("starts", 1), ("ends", 2)):
        off = sorted(abs(t[at] - h[at]) for t, h in pairs)
        print(f"word {name}: {len(off)} of {len(truth)} matched, off by {off[len(off) // 2] * 1000:.0f} ms (median), "
              f"{off[len(off) * 9 // 10] * 1000:.0f} ms (90 %)")
