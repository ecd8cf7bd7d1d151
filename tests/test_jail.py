"""kol-decode from outside: its jail is closed while it works, and hostile files end in an answer."""
import os
import random
import struct
import subprocess
from pathlib import Path

import calls
import pytest
from conftest import kol_bin, wait_until

pytestmark = pytest.mark.release

HEAD, DATA, DONE, FAIL = 1, 2, 3, 4


def start(path, max_seconds=3600, **how):
    """kol-decode on a file, as kol starts it."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return subprocess.Popen([kol_bin().parent / "kol-decode", str(max_seconds), "20", "512"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                preexec_fn=lambda: os.dup2(fd, 3), close_fds=False, env={}, **how)
    finally:
        os.close(fd)


def records(stream: bytes) -> list:
    """(type, payload) of everything in the stream."""
    found, at = [], 0
    while at < len(stream):
        kind, size = struct.unpack_from("<II", stream, at)
        found.append((kind, stream[at + 8:at + 8 + size]))
        at += 8 + size
    return found


def decode(path, **how):
    """(exit status, records)."""
    process = start(path, **how)
    out, _ = process.communicate(timeout=60)
    return process.returncode, records(out)


def test_a_recording_comes_out_whole(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(calls.wav_bytes(calls.tone(2, 440), calls.silence(2)))
    status, got = decode(path)
    assert status == 0
    assert got[0][0] == HEAD and got[-1][0] == DONE
    samples = sum(len(payload) for kind, payload in got if kind == DATA) / 2 / 2
    assert abs(samples - 2 * 16000) < 200


def test_the_jail_is_closed_while_it_works(tmp_path):
    """The decoder is stopped by a full pipe; then the kernel is asked what it may still do."""
    path = tmp_path / "long.wav"
    path.write_bytes(calls.wav_bytes(calls.noise(60)))
    process = start(path)
    try:
        proc = Path(f"/proc/{process.pid}")

        def status():
            return dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
        wait_until("the filter", lambda: status()["Seccomp"] == "2")
        now = status()
        assert now["NoNewPrivs"] == "1" and int(now["CapEff"], 16) == 0 and int(now["CapPrm"], 16) == 0
        assert now["Threads"] == "1"
        assert sorted(p.name for p in (proc / "fd").iterdir()) == ["1", "3"]
        limits = (proc / "limits").read_text()
        for name in ("Max file size", "Max processes", "Max core file size", "Max open files"):
            line = next(x for x in limits.splitlines() if x.startswith(name))
            assert line[len(name):].split()[:2] == ["0", "0"], line
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("content", [b"", b"This is text.\n" * 50, bytes(5000), b"RIFF\0\0\0\0WAVE", b"\xff\xfb" * 3000,
                                     b"OggS" + bytes(400), b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(100)])
def test_what_is_no_recording_gets_a_reason(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    status, got = decode(path)
    assert status == 1
    assert got[-1][0] == FAIL and len(got[-1][1]) > 4


def test_longer_than_allowed(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(calls.wav_bytes(calls.silence(20)))
    status, got = decode(path, max_seconds=5)
    assert status == 1 and got[-1][0] == FAIL


def spoilt(rng, data: bytes) -> bytes:
    """A file with some bytes changed, a piece doubled, or its end cut off."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        data[rng.randrange(min(len(data), rng.choice([64, 512, len(data)])))] = rng.choice([0, 255, 127, 128, rng.randrange(256)])
    if rng.random() < .3:
        data = data[:rng.randrange(1, len(data))]
    if rng.random() < .2:
        at = rng.randrange(len(data))
        data[at:at] = data[at // 2:at]
    return bytes(data)


def test_spoilt_files_end_in_an_answer(tmp_path):
    """A hundred and fifty spoilt recordings: each ends by itself with samples or a reason, none by the jail."""
    rng = random.Random(7)
    sound = calls.tone(0.5, 440, 880)
    honest = [calls.wav_bytes(sound, sound), calls.mulaw_wav_bytes(sound), calls.mp3_bytes(sound, sound)]
    path = tmp_path / "x"
    for number in range(150):
        path.write_bytes(spoilt(rng, rng.choice(honest)))
        status, got = decode(path)
        assert status in (0, 1), f"number {number}: {status}"
        assert got and got[-1][0] in (DONE, FAIL), number
