"""1,000 damaged recordings through the whole program: each ends in a transcript or a clear word, and nothing dies."""
import os
import random
import subprocess
from pathlib import Path

import calls
import pytest
from conftest import ROOT, kol_bin, wait_until

pytestmark = pytest.mark.release
MEDIA = ROOT / "tests" / "data" / "media"
COUNT = 1000


def damaged(dice: random.Random, whole: bytes) -> bytes:
    """Cut, flipped, doubled, with a hole, or with another's bytes in it."""
    data = bytearray(whole)
    for _ in range(dice.randrange(1, 6)):
        kind, at = dice.randrange(6), dice.randrange(len(data)) if data else 0
        if kind == 0:
            del data[at:]
        elif kind == 1 and data:
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 2:
            data[at:at] = data[at:at + dice.randrange(1, 200)]
        elif kind == 3:
            data[at:at + dice.randrange(1, 200)] = bytes(dice.randrange(1, 200))
        elif kind == 4:
            data[at:at + 4] = dice.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\x80\0\0\0"])
        elif data:  # the head is where the lengths are
            data[dice.randrange(min(64, len(data)))] = dice.randrange(256)
    return bytes(data)


def seeds() -> list:
    """Small recordings in every form that Kol reads."""
    return [(p.suffix, p.read_bytes()) for p in sorted(MEDIA.iterdir()) if p.suffix in (".mp3", ".wav", ".ogg", ".m4a", ".flac")]


def test_a_thousand_damaged_recordings(tmp_path):
    """One run over all of them: an output or a line of its own for each, and the program lives to say so."""
    seed = int(os.environ.get("KOL_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed {seed}")
    dice, kinds = random.Random(seed), seeds()
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for i in range(COUNT):
        suffix, whole = kinds[i % len(kinds)]
        (folder / f"{i:04}{suffix}").write_bytes(damaged(dice, whole))
    done = subprocess.run([kol_bin(), "transcribe", folder, "--language=en", f"--output={out}", "--model-dir",
                           os.environ["KOL_MODELS"]], capture_output=True, text=True, errors="replace", timeout=560)
    assert done.returncode in (0, 1), f"seed {seed}: {done.returncode} {done.stderr[-2000:]}"
    written = {p.name.removesuffix(".txt") for p in out.iterdir()} if out.exists() else set()
    told = {Path(line.split(": ")[1]).name: line for line in done.stderr.splitlines() if line.startswith("kol: ")}
    for path in folder.iterdir():
        assert (path.name in written) != (path.name in told), f"seed {seed}: {path.name} {told.get(path.name)}"
    assert all(len(line) < 500 and len(line.split(": ", 2)[2]) > 5 for line in told.values())
    print(f"{len(written)} transcripts, {len(told)} refused")
    assert len(written) > 50 and len(told) > 50


def test_damaged_recordings_of_a_running_server(make_house):
    """The same through callbacks: the server stays itself, its worker too, and the next call is transcribed."""
    dice = random.Random(7)
    house = make_house(worker=True)
    kinds = [k for k in seeds() if k[0] in (".wav", ".mp3")]
    rung = []
    for i in range(40):
        suffix, whole = kinds[i % len(kinds)]
        call, _ = house.ring(**{suffix[1:]: damaged(dice, whole)}, caller=f"+97250{1000000 + i}")
        rung.append(call)
    def settled(call):
        jobs = [j for j in house.jobs(call) if j["stage"] in ("fetch", "transcribe")]
        return jobs and all(j["state"] in ("done", "dead") or j["error"] for j in jobs)
    for call in rung:
        wait_until(f"an end of {call.sid}", lambda call=call: settled(call), 60, 0.1)
    call, _ = house.ring(wav=calls.wav_bytes(*calls.locksmith()))
    wait_until("a transcript", lambda: (house.stored(call) or {}).get("final_transcript"), 60)
    assert house.kol.process.poll() is None and not house.kol.logged("the worker was ended by signal")


def test_memory_of_six_hours(tmp_path):
    """A file of six hours, decoded and listened to in windows: memory stays that of a short one."""
    path = tmp_path / "long.mp3"
    minute = calls.mp3_bytes(calls.noise(60, 0.002), calls.silence(60))
    path.write_bytes(minute * 358)  # six hours are the limit
    peaks = []
    for name in (path, tmp_path / "short.mp3"):
        if not name.exists():
            name.write_bytes(minute)
        done = subprocess.run(["/usr/bin/env", "python3", "-c", PEAK, kol_bin(), "transcribe", name, "--language=en", "--model-dir",
                               os.environ["KOL_MODELS"]], capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout.split()[-1]) / 1024)
    print(f"six hours {peaks[0]:.0f} MB, one minute {peaks[1]:.0f} MB")
    assert peaks[0] < peaks[1] + 60 and peaks[0] < 400


PEAK = """import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)"""
