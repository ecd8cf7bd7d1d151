"""How far word times are off: single words of the telephone voice at known times, with gaps of 30 to 600 ms.

Kol's own times (letters walked along the voiced frames) beside the two that whisper.cpp offers: its token times and DTW.
"""
from __future__ import annotations

import array
import difflib
import random
import re
import sys
import wave
from pathlib import Path

from . import compose

calls = compose.calls
WORDS = ("alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo "
         "sierra tango uniform victor yankee zulu").split()
COUNT = 3 * len(WORDS)  # of one list


def loud_part(samples, rate: int) -> tuple[int, int]:
    """Where the silence before the voice ends and the one after it begins, in samples."""
    step = rate // 100
    peaks = [max(map(abs, samples[i:i + step])) for i in range(0, len(samples) - step, step)]
    loud = [i for i, peak in enumerate(peaks) if peak > 0.08 * max(peaks)]
    return step * loud[0], step * (loud[-1] + 1)


def trimmed(sound: bytes) -> bytes:
    """The sound without the silence around it."""
    first, end = loud_part(array.array("h", sound), calls.RATE)
    return sound[2 * first:2 * end]


def voiced(turns: list[dict], mono: dict[str, Path]) -> list[dict]:
    """The turns without the silence that the recordings of a voice begin and end with."""
    found = []
    for turn in turns:
        with wave.open(str(mono[turn["speaker"]])) as file:
            rate = file.getframerate()
            from_frame = int(turn["start_s"] * rate)
            file.setpos(from_frame)
            samples = array.array("h", file.readframes(int(turn["end_s"] * rate) - from_frame))
        first, end = loud_part(samples, rate)
        found.append({**turn, "start_s": (from_frame + first) / rate, "end_s": (from_frame + end) / rate})
    return found


def write(path: Path, seed: int) -> list[tuple[str, float, float]]:
    """A recording of each word three times; returns (word, start, end)."""
    rng, call, at, truth = random.Random(seed), compose.Call(), 0.5, []
    words = WORDS * 3
    rng.shuffle(words)
    for number, word in enumerate(words):
        end = call.place("agent", at, trimmed(calls.prompt(f"phonetic/{word[0]}_p")))
        truth.append((word, at, end))
        at = end + rng.choice((0.03, 0.08, 0.15, 0.3, 0.6)) + (1.5 if number % 9 == 8 else 0)
    path.write_bytes(calls.wav_bytes(bytes(call.tracks["agent"])))
    return truth


def words_of_kol(result: dict) -> list[tuple[str, float, float]]:
    """Word, start and end from `kol transcribe --format=json`."""
    return [(w["text"], w["start_ms"] / 1000, w["end_ms"] / 1000) for s in result["segments"] for w in s["words"]]


def words_of_whisper_cli(result: dict, dtw: bool) -> list[tuple[str, float, float]]:
    """The same from `whisper-cli --output-json-full`; DTW has one time per token, in hundredths."""
    words = []
    for token in (t for s in result["transcription"] for t in s["tokens"] if not t["text"].startswith("[_")):
        start, end = (token["t_dtw"] / 100,) * 2 if dtw else (token["offsets"]["from"] / 1000, token["offsets"]["to"] / 1000)
        if words and not token["text"].startswith(" "):
            words[-1] = (words[-1][0] + token["text"], words[-1][1], end)
        else:
            words.append((token["text"], start, end))
    return words


def edges(turns: list[dict], heard: dict[str, list]) -> list[tuple]:
    """(true, heard) of the first and the last words of a call's turns; only their own side of the two times counts.

    turns  speaker, start_s, end_s, words; heard: words with times by speaker
    """
    pairs = []
    for speaker, words in heard.items():
        truth = []
        for turn in (t for t in turns if t["speaker"] == speaker):
            said = [re.sub(r"[^a-z0-9]", "", w.lower()) for w in turn["words"].split()]
            truth += [(w, turn["start_s"] if i == 0 else None, turn["end_s"] if i == len(said) - 1 else None)
                      for i, w in enumerate(said)]
        pairs += match(truth, words)
    return pairs


def match(truth: list, words: list) -> list[tuple]:
    """(true, heard) of the words that were recognised."""
    heard = [(re.sub(r"[^a-z0-9]", "", text.lower()), start, end) for text, start, end in words]
    matcher = difflib.SequenceMatcher(a=[t[0] for t in truth], b=[h[0] for h in heard], autojunk=False)
    return [(truth[b.a + i], heard[b.b + i]) for b in matcher.get_matching_blocks() for i in range(b.size)]


def report(name: str, pairs: list[tuple], said: int) -> None:
    """Prints median and 90th percentile of the errors."""
    for what, at in (("starts", 1), ("ends", 2)):
        off = sorted(abs(t[at] - h[at]) for t, h in pairs if t[at] is not None)
        if not off:
            sys.exit("bench: none of the words was recognised")
        print(f"{name} word {what}: {len(off)} of {said} matched, off by {off[len(off) // 2] * 1000:.0f} ms (median), "
              f"{off[len(off) * 9 // 10] * 1000:.0f} ms (90 %)")
