"""Scores what a system heard against what was said. Words are compared in Whisper's normalised English for all systems."""
from __future__ import annotations

import random
from functools import lru_cache

from whisper_normalizer.english import EnglishTextNormalizer

MARGIN_S = 0.5  # a word this near to speech is not an invented one
_normalise = EnglishTextNormalizer()


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """Normalised words."""
    return tuple(_normalise(text).split())


def errors(reference, heard) -> int:
    """Substitutions, deletions and insertions between two sequences."""
    row = list(range(len(heard) + 1))
    for i, expected in enumerate(reference, 1):
        before, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (expected != got))
    return row[-1]


def insertions(reference, heard) -> int:
    """Insertions of a cheapest alignment."""
    rows = [[(j, j) for j in range(len(heard) + 1)]]  # (errors, insertions among them)
    for i, expected in enumerate(reference, 1):
        row = [(i, 0)]
        for j, got in enumerate(heard, 1):
            stay, add, drop = rows[-1][j - 1], row[j - 1], rows[-1][j]
            row.append(min((stay[0] + (expected != got), stay[1]), (add[0] + 1, add[1] + 1), (drop[0] + 1, drop[1])))
        rows.append(row)
    return rows[-1][-1][1]


def silent_words(segments, turns, length_s: float) -> tuple[int, float]:
    """Words of segments that lie outside all turns of their channel, and how long that outside is."""
    count, silent_s, last = 0, 0.0, 0.0
    for turn in sorted(turns, key=lambda t: t["start_s"]):
        silent_s += max(0.0, turn["start_s"] - MARGIN_S - last)
        last = max(last, turn["end_s"] + MARGIN_S)
    silent_s += max(0.0, length_s - last)
    for segment in segments:
        if not any(segment["start_s"] < t["end_s"] + MARGIN_S and segment["end_s"] > t["start_s"] - MARGIN_S for t in turns):
            count += len(words(segment["text"]))
    return count, silent_s


def tagged(pieces, text_key: str, start_key: str) -> list:
    """(speaker, word) in order of time."""
    return [(p["speaker"], w) for p in sorted(pieces, key=lambda p: p[start_key]) for w in words(p[text_key])]


def score_call(truth: dict, segments: list, length_s: float) -> dict:
    """Counts for one call; segments have speaker, start_s, end_s, text."""
    result = {"words": 0, "errors": 0, "invented": 0, "silent_s": 0.0}
    for speaker in ("agent", "customer"):
        mine = sorted((s for s in segments if s["speaker"] == speaker), key=lambda s: s["start_s"])
        reference, heard = words(truth[speaker]), words(" ".join(s["text"] for s in mine))
        result[f"words_{speaker}"] = len(reference)
        result[f"errors_{speaker}"] = errors(reference, heard)
        result["words"] += len(reference)
        result["errors"] += result[f"errors_{speaker}"]
        if "turns" in truth:
            count, silent_s = silent_words(mine, [t for t in truth["turns"] if t["speaker"] == speaker], length_s)
        else:  # times unknown: what was put in between counts, per minute of the channel
            count, silent_s = insertions(reference, heard), length_s
        result["invented"] += count
        result["silent_s"] += silent_s
    if "turns" in truth:
        result["errors_attributed"] = errors(tagged(truth["turns"], "words", "start_s"), tagged(segments, "text", "start_s"))
    return result


def total(calls: list[dict]) -> dict:
    """Rates over all calls."""
    def part(top, bottom):
        return sum(c.get(top, 0) for c in calls) / max(1, sum(c[bottom] for c in calls))
    rates = {
        "wer": part("errors", "words"),
        "wer_agent": part("errors_agent", "words_agent"),
        "wer_customer": part("errors_customer", "words_customer"),
        "invented_words_per_minute": 60 * sum(c["invented"] for c in calls) / max(1.0, sum(c["silent_s"] for c in calls)),
    }
    if all("errors_attributed" in c for c in calls):
        rates["attributed_error"] = part("errors_attributed", "words")
    return rates


def bootstrap(ours: list[dict], theirs: list[dict], draws: int = 2000) -> tuple[float, float]:
    """95 % interval of our word error rate minus theirs, calls drawn in pairs."""
    rng, differences = random.Random(1), []
    for _ in range(draws):
        picked = [rng.randrange(len(ours)) for _ in ours]
        rate = [sum(side[i]["errors"] for i in picked) / max(1, sum(side[i]["words"] for i in picked)) for side in (ours, theirs)]
        differences.append(rate[0] - rate[1])
    differences.sort()
    return differences[round(0.025 * draws)], differences[round(0.975 * draws) - 1]
