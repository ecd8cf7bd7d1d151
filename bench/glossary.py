#!/usr/bin/env python3
"""What a business's glossary gains: espeak-ng sentences with names, heard without and with it, by the model in use.

    ./dev bench glossary

Prints hits per name and, as the last line, one JSON object. Names that are not in the glossary are counted too: it
must not cost anything, and no name may appear that nobody said.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import calls  # noqa: E402

GLOSSARY = ["Golan Locks", "Afula", "Haifa", "Migdal HaEmek", "Nahariya"]
SENTENCES = [
    ("Hello, is this Golan Locks? I need a locksmith in Afula.", ["Golan Locks", "Afula"]),
    ("I am calling from Haifa, my door does not open.", ["Haifa"]),
    ("Could you send somebody to Nahariya this evening?", ["Nahariya"]),
    ("We live near the station in Afula, on the second floor.", ["Afula"]),
    ("Golan Locks changed a cylinder for us in Haifa last year.", ["Golan Locks", "Haifa"]),
    ("The address is in Migdal HaEmek, behind the school.", ["Migdal HaEmek"]),
    ("How much does it cost to open a car in Haifa?", ["Haifa"]),
    ("Please call me back, I am in Nahariya until five.", ["Nahariya"]),
    ("My neighbour in London gave me your number.", []),
    ("I would like to order two pizzas with extra cheese.", []),
    ("What time do you close on Fridays?", []),
    ("It is raining and the window does not close.", []),
]
VOICES = ["en-gb", "en-us"]


def flat(text: str) -> str:
    """Letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def heard(folder: Path, *words: str) -> dict:
    """What kol transcribe hears in each file."""
    done = subprocess.run([os.environ.get("KOL_BIN", "build/release/bin/kol"), "transcribe", folder, "--json", "--language=en", "--model-dir",
                           os.environ.get("KOL_MODELS", "build/models"), *words], capture_output=True, text=True, check=True)
    return {Path(row["file"]).stem: row["text"] for row in map(json.loads, done.stdout.splitlines())}


def score(texts: dict, spoken: dict) -> tuple:
    """Hits, names spoken, and names that nobody said."""
    hits = {name: 0 for name in GLOSSARY}
    total, invented = dict(hits), 0
    for key, names in spoken.items():
        for name in GLOSSARY:
            found = flat(name) in flat(texts.get(key, ""))
            total[name] += name in names
            hits[name] += found and name in names
            invented += found and name not in names
    return hits, total, invented


def main():
    with tempfile.TemporaryDirectory() as folder:
        spoken = {}
        for number, (text, names) in enumerate(SENTENCES):
            for voice in VOICES:
                key = f"{number:02}-{voice}"
                spoken[key] = names
                (Path(folder) / f"{key}.wav").write_bytes(calls.wav_bytes(calls.speech(text, voice)))
        without = score(heard(folder), spoken)
        given = score(heard(folder, "--glossary", ", ".join(GLOSSARY)), spoken)
    for name in GLOSSARY:
        print(f"{name:16} of {without[1][name]}: without {without[0][name]}, with the glossary {given[0][name]}")
    said = sum(without[1].values())
    print(f"names nobody said: without {without[2]}, with {given[2]}")
    print(json.dumps({"names_spoken": said, "hits_without": sum(without[0].values()), "hits_with": sum(given[0].values()),
                      "invented_without": without[2], "invented_with": given[2]}))


if __name__ == "__main__":
    main()
