"""kol model: pulled in parts, checked, imported, chosen, removed; nothing half-done stays under a final name."""
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT, kol_bin, wait_until
from fakehttp import Answer, FakeServer, Step

SILERO = ROOT / "build" / "models" / "ggml-silero-vad.bin"
TEMPLATES = ROOT / "build" / "src" / "whisper.cpp" / "models"
PATH = "/ggml-org/whisper-vad/resolve/9ffd54a1e1ee413ddf265af9913beaf518d1639b/ggml-silero-v6.2.0.bin"


class Shelf(FakeServer):
    """Serves one file at any path, with ranges unless told otherwise."""

    data = b""
    ranges = True

    def respond(self, request):
        wanted = re.fullmatch(r"bytes=(\d+)-", request.header("Range") or "")
        if not (wanted and self.ranges):
            return Answer(200, self.data, "application/octet-stream")
        start = int(wanted[1])
        if start >= len(self.data):
            return Answer(416, b"", headers={"Content-Range": f"bytes */{len(self.data)}"})
        return Answer(206, self.data[start:], "application/octet-stream",
                      {"Content-Range": f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"})


@pytest.fixture
def shelf():
    with Shelf() as server:
        server.data = SILERO.read_bytes()
        yield server


class Models:
    """kol model on a folder of its own."""

    def __init__(self, folder: Path, shelf: Shelf):
        self.folder, self.shelf = folder / "models", shelf
        self.settings = ["--data", str(folder / "data"), "--model-dir", str(self.folder), "--model-base-url", shelf.url,
                         "--allow-private-hosts", "127.0.0.1", "--test-wait-divisor", "100"]

    def command(self, *words):
        return [str(kol_bin()), "model", *words, *self.settings]

    def run(self, *words, code=0, **how):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=120, **how)
        assert "Sanitizer" not in done.stderr, done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def rows(self):
        return {m["name"]: m for m in json.loads(self.run("list", "--json"))["models"]}

    @property
    def silero(self):
        return self.folder / "ggml-silero-vad.bin"

    @property
    def partial(self):
        return self.folder / "ggml-silero-vad.bin.partial"


@pytest.fixture
def models(tmp_path, shelf):
    return Models(tmp_path, shelf)


def test_pull_and_list(models, shelf):
    assert not models.rows()["silero-vad"]["installed"]
    said = models.run("pull", "silero-vad")
    assert models.silero.read_bytes() == shelf.data and "the published one" in said
    assert [r.path for r in shelf.requests()] == [PATH]
    assert models.rows()["silero-vad"] | {"installed": True, "in_use": True, "bytes": 885098} == models.rows()["silero-vad"]
    assert "here already" in models.run("pull", "silero-vad") and len(shelf.requests()) == 1
    assert [p.name for p in models.folder.iterdir()] == ["ggml-silero-vad.bin"]
    listed = models.run("list")
    for name in ("base", "large-v3-turbo-q5_0", "ivrit-large-v3-turbo", "silero-vad"):
        assert name in listed


def starts_of(server) -> list[int]:
    """From where each request asked."""
    return [int(re.search(r"\d+", r.header("Range") or "0")[0]) for r in server.requests()]


def test_cuts_are_gone_on_from(models, shelf):
    """The line breaks three times; each request asks only for what is missing."""
    shelf.script(PATH, Step(cut_after=300_000), Step(cut_after=200_000), 503, Step(reset=True))
    models.run("pull", "silero-vad")
    assert models.silero.read_bytes() == shelf.data
    starts = starts_of(shelf)  # a reset may swallow what was under way
    assert len(starts) == 5 and starts[0] == 0 and 0 < starts[1] <= 300_000 and starts == sorted(starts)


def test_a_stopped_pull_goes_on(models, shelf):
    """Ctrl-C: no file under the final name, the part stays, and the next run fetches the rest alone."""
    shelf.script(PATH, Step(bytes_per_s=200_000))
    process = subprocess.Popen(models.command("pull", "silero-vad"), stderr=subprocess.PIPE, text=True)
    wait_until("a part", lambda: models.partial.exists() and models.partial.stat().st_size > 50_000)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and "goes on from there" in said and time.monotonic() - began < 3
    assert not models.silero.exists()
    have = models.partial.stat().st_size
    assert models.rows()["silero-vad"]["partial_bytes"] == have
    models.run("pull", "silero-vad")
    assert models.silero.read_bytes() == shelf.data and not models.partial.exists()
    assert shelf.requests()[-1].header("Range") == f"bytes={have}-"


def test_a_server_without_ranges(models, shelf):
    shelf.ranges = False
    shelf.script(PATH, Step(cut_after=300_000))
    models.run("pull", "silero-vad")
    assert models.silero.read_bytes() == shelf.data


def test_a_stale_part_is_noticed(models, shelf):
    """A part of other bytes: the hash tells, all is removed, and the next run is right."""
    models.folder.mkdir()
    models.partial.write_bytes(b"x" * 1000)
    assert "SHA-256" in models.run("pull", "silero-vad", code=1)
    assert list(models.folder.iterdir()) == []
    models.run("pull", "silero-vad")
    models.silero.unlink()
    models.partial.write_bytes(b"x" * 2_000_000)
    models.run("pull", "silero-vad")
    assert models.silero.read_bytes() == shelf.data


@pytest.mark.parametrize("change, word", [
    (lambda d: d[:-1] + bytes([d[-1] ^ 1]), "SHA-256"),
    (lambda d: d[:-5], "885093 bytes, 885098 are published"),
    (lambda d: d + b"more", "longer than"),
    (lambda d: b"<html>sign in</html>" * 100, "no speech model"),
    (lambda d: b"", "no speech model"),
])
def test_wrong_bytes_are_refused(models, shelf, change, word):
    shelf.data = change(shelf.data)
    assert word in models.run("pull", "silero-vad", code=1)
    assert not models.silero.exists() and not models.partial.exists()


@pytest.mark.parametrize("status, word", [(404, "model_base_url"), (403, "403"), (401, "401")])
def test_refusals_end_at_once(models, shelf, status, word):
    shelf.always(PATH, status)
    assert word in models.run("pull", "silero-vad", code=1)
    assert len(shelf.requests()) == 1


def test_a_redirect_keeps_the_range(models, shelf):
    """As Hugging Face does: the file is on another host."""
    with Shelf() as other:
        other.data = shelf.data
        there = Step(status=302, headers={"Location": f"{other.url}/blob?signature=secret"})
        shelf.always(PATH, there)
        other.script("/blob", Step(cut_after=400_000))
        models.run("pull", "silero-vad")
        first, second = starts_of(other)
        assert first == 0 and 0 < second <= 400_000
    assert models.silero.read_bytes() == shelf.data


def test_a_full_disk(models, shelf):
    """The part stays, the word is clear, and with room it goes on."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))  # noqa: E731
    said = models.run("pull", "silero-vad", code=1, preexec_fn=limit)
    assert "large" in said or "space" in said
    assert not models.silero.exists()
    models.run("pull", "silero-vad")
    assert models.silero.read_bytes() == shelf.data


def test_two_pulls_at_once(models, shelf):
    shelf.script(PATH, Step(bytes_per_s=300_000))
    first = subprocess.Popen(models.command("pull", "silero-vad"), stdout=subprocess.DEVNULL)
    wait_until("a part", lambda: models.partial.exists() and models.partial.stat().st_size > 0)
    assert "another kol" in models.run("pull", "silero-vad", code=1)
    assert first.wait(30) == 0 and models.silero.read_bytes() == shelf.data


def test_pull_of_a_url(models, shelf):
    said = models.run("pull", shelf.url + "/x/ggml-my-vad.bin?download=true")
    assert "no published checksum" in said and (models.folder / "ggml-my-vad.bin").read_bytes() == shelf.data
    right = hashlib.sha256(shelf.data).hexdigest()
    models.run("pull", shelf.url + "/y.bin", "--name=second", f"--sha256={right}")
    assert "SHA-256" in models.run("pull", shelf.url + "/y.bin", "--name=third", f"--sha256={'0' * 64}", code=1)
    assert models.rows()["my-vad"]["installed"] and not (models.folder / "ggml-third.bin").exists()
    assert models.run("pull", shelf.url + "/y.bin", "--name=../evil", code=2)
    assert models.run("pull", "large-v99", code=2)


def test_private_addresses_need_a_word(models, shelf):
    models.settings = [w if w != "127.0.0.1" else "other.example" for w in models.settings]
    assert models.run("pull", "silero-vad", code=1) and shelf.requests() == []


def whisper_file(path: Path, tensors: bool = False, name: str = "for-tests-ggml-base.bin") -> Path:
    """A Whisper model without weights, or with weights of nothing."""
    data = (TEMPLATES / name).read_bytes()
    if tensors:
        audio, text = struct.unpack_from("<i", data, 20)[0], struct.unpack_from("<i", data, 36)[0]
        data += (struct.pack("<5i", 2, 4, 1, 8, 2) + b"name" + bytes(32)) * (15 * audio + 24 * text + 11)
    path.write_bytes(data)
    return path


def test_import_of_files(models, tmp_path):
    models.run("import", str(SILERO))
    assert models.silero.read_bytes() == SILERO.read_bytes()
    models.run("import", str(whisper_file(tmp_path / "ggml-mine.bin", True)))
    models.run("import", str(tmp_path / "ggml-mine.bin"), "--name=other")
    assert {"mine", "other"} <= {n for n, m in models.rows().items() if m["installed"]}
    assert "no weights" in models.run("import", str(whisper_file(tmp_path / "ggml-empty.bin")), code=1)
    (tmp_path / "ggml-text.bin").write_text("hello" * 100)
    assert "no speech model" in models.run("import", str(tmp_path / "ggml-text.bin"), code=1)
    (tmp_path / "ggml-cut.bin").write_bytes(SILERO.read_bytes()[:-9])
    assert "ends too soon" in models.run("import", str(tmp_path / "ggml-cut.bin"), code=1)
    assert models.run("import", str(tmp_path / "nowhere.bin"), code=1)
    assert sorted(p.name for p in models.folder.iterdir()) == ["ggml-mine.bin", "ggml-other.bin", "ggml-silero-vad.bin"]


def test_use_and_remove(models, tmp_path):
    """The choice is kept in the data folder; a model in use is not removed; settings win."""
    models.run("import", str(whisper_file(tmp_path / "ggml-one.bin", True)))
    models.run("import", str(whisper_file(tmp_path / "ggml-two.bin", True)))
    models.run("import", str(whisper_file(tmp_path / "ggml-english.bin", True, "for-tests-ggml-base.en.bin")))
    assert "kol model pull base" in models.run("use", "base", code=1)
    models.run("use", "one")
    models.run("use", "two", "--language=iw")
    rows = models.rows()
    assert rows["one"]["in_use"] and rows["two"]["in_use"] and not rows["base"]["in_use"]
    assert "in use" in models.run("remove", "one", code=1) and "in use" in models.run("remove", "two", code=1)
    assert "English only" in models.run("use", "english", "--language=he", code=1)
    models.run("remove", "english")
    assert not (models.folder / "ggml-english.bin").exists()
    assert models.run("remove", "english", code=1) and models.run("remove", "../x", code=2)
    assert "--model sets model, which wins" in models.run("use", "two", "--model=one", code=1)
    assert models.rows()["one"]["in_use"]


def test_a_model_that_does_not_fit(models, tmp_path):
    """Refused with both numbers, before it is loaded."""
    if os.environ.get("KOL_PRESET", "asan") != "release":
        pytest.skip("address space of sanitizers has no limit")
    models.run("import", str(whisper_file(tmp_path / "ggml-one.bin", True, "for-tests-ggml-large.bin")))
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))  # noqa: E731
    said = models.run("use", "one", code=1, preexec_fn=limit)
    assert re.search(r"needs about \d+ MB with \d+ threads?, and \d+ MB are available", said), said
    models.run("import", str(SILERO))
    said = models.run("verify", "one", code=1, preexec_fn=limit)
    assert "needs about" in said


@pytest.mark.release
def test_verify(models):
    """The built-in clip, heard by the real model."""
    models.folder.mkdir()
    for name in ("ggml-base.bin", "ggml-silero-vad.bin"):
        shutil.copy(ROOT / "build" / "models" / name, models.folder)
    said = models.run("verify")
    assert "what your country can do for you" in said and "it loads and transcribes" in said
    assert json.loads(models.run("verify", "base", "--json"))["right"] >= 20
    assert "the published file" in models.run("verify", "silero-vad")
    data = bytearray((models.folder / "ggml-base.bin").read_bytes())
    data[600_000:] = bytes(len(data) - 600_000)
    (models.folder / "ggml-base.bin").write_bytes(data)
    assert models.run("verify", code=1)
