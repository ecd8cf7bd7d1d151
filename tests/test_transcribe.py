"""kol transcribe for people: folders, standard input, every format read back, Ctrl-C; and the models of a running worker."""
import csv
import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import calls
import pytest
from conftest import ROOT, kol_bin, wait_until

pytestmark = [pytest.mark.release, pytest.mark.slow]
MODELS = Path(os.environ.get("KOL_MODELS", ROOT / "build" / "models"))
CLIP = ROOT / "data" / "clip.ogg"


def kol(*words, code=0, **how):
    done = subprocess.run([kol_bin(), "transcribe", *map(str, words), "--model-dir", str(MODELS)], capture_output=True,
                          timeout=300, **how)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Recordings in folders, with others' files among them."""
    root = tmp_path_factory.mktemp("calls")
    (root / "b" / "deep").mkdir(parents=True)
    sound = calls.prompt("priv-introsaved")
    (root / "a.wav").write_bytes(calls.wav_bytes(sound))
    (root / "b" / "a.wav").write_bytes(calls.wav_bytes(*calls.locksmith()))
    (root / "b" / "deep" / "c.mp3").write_bytes(calls.mp3_bytes(sound))
    (root / "b" / "notes.txt").write_text("no sound")
    (root / ".hidden.wav").write_bytes(b"hidden")
    (root / "b" / "broken.wav").write_bytes(b"RIFF" + os.urandom(3000))
    return root


def test_folders(folder, tmp_path):
    """Each recording becomes one file below the output folder, the broken one a word and exit code 1."""
    out, said = kol(folder, "--language=en", "--output", tmp_path / "o", code=1)
    made = sorted(str(p.relative_to(tmp_path / "o")) for p in (tmp_path / "o").rglob("*") if p.is_file())
    assert made == ["a.wav.txt", "b/a.wav.txt", "b/deep/c.mp3.txt"] and out == ""
    assert "broken.wav" in said and "notes" not in said and "hidden" not in said
    assert (tmp_path / "o/a.wav.txt").read_text().strip()


def test_standard_input_and_output(folder):
    data = (folder / "a.wav").read_bytes()
    out, _ = kol("-", "--language=en", input=data)
    assert out == kol(folder / "a.wav", "--language=en")[0] and out.strip()
    assert json.loads(kol("-", "--json", "--language=en", input=data)[0])["file"] == "-"


def test_several_keep_their_order(folder):
    """Standard output has them as they were named, whichever is done first; CSV has one heading and the names."""
    long, short = folder / "b" / "a.wav", folder / "a.wav"
    out, _ = kol(long, short, "--language=en", "--json")
    assert [json.loads(line)["file"] for line in out.splitlines()] == [str(long), str(short)]
    rows = list(csv.DictReader(io.StringIO(kol(long, short, "--language=en", "--format=csv")[0])))
    assert {r["file"] for r in rows} == {str(long), str(short)} and "file" not in [r["file"] for r in rows]
    assert "--output" in kol(long, short, "--format=srt", code=2)[1]


def seconds(text: str) -> float:
    h, m, s = text.replace(",", ".").split(":")
    return int(h) * 3600 + int(m) * 60 + float(s)


def cues_of(text: str, mark: str) -> list:
    """(start, end, text) of subtitles; strict about each line."""
    time_of = rf"(\d\d:\d\d:\d\d{mark}\d\d\d)"
    found = []
    for block in text.strip("\n").split("\n\n"):
        lines = block.split("\n")
        if mark == ",":
            assert int(lines.pop(0)) == len(found) + 1
        times = re.fullmatch(f"{time_of} --> {time_of}", lines[0])
        assert times and len(lines) == 2 and lines[1].strip() and "-->" not in lines[1]
        found.append((seconds(times[1]), seconds(times[2]), lines[1]))
    return found


def test_every_format_says_the_same(folder):
    call = folder / "b" / "a.wav"
    whole = json.loads(kol(call, "--language=en", "--format=json")[0])
    spans = [(s["start_ms"], s["end_ms"]) for s in whole["segments"]]
    assert spans == sorted(spans) and all(a < b <= whole["duration_ms"] for a, b in spans)
    for segment in whole["segments"]:
        words = [(w["start_ms"], w["end_ms"]) for w in segment["words"]]
        assert words == sorted(words) and words[0][0] >= segment["start_ms"] and words[-1][1] <= segment["end_ms"]
    vtt = kol(call, "--language=en", "--format=vtt")[0]
    assert vtt.startswith("WEBVTT\n\n")
    srt = cues_of(kol(call, "--language=en", "--format=srt")[0], ",")
    for cues in (srt, cues_of(vtt[8:], r"\.")):
        assert [(round(a * 1000), round(b * 1000)) for a, b, _ in cues] == spans
    assert all(text.startswith(("Agent: ", "Customer: ")) for _, _, text in srt)
    rows = list(csv.DictReader(io.StringIO(kol(call, "--language=en", "--format=csv")[0])))
    assert [(int(r["start_ms"]), int(r["end_ms"])) for r in rows] == spans
    assert [r["text"] for r in rows] == [s["text"] for s in whole["segments"]]
    swapped = json.loads(kol(call, "--language=en", "--format=json", "--channels=customer,agent")[0])
    assert {s["speaker"] for s in swapped["segments"]} == {"agent", "customer"}
    assert swapped["segments"][0]["speaker"] != whole["segments"][0]["speaker"]


def test_ctrl_c_leaves_whole_files_only(folder, tmp_path):
    """Many recordings, stopped on the way: what is there is whole, nothing lies beside it, exit code 130."""
    many = tmp_path / "many"
    many.mkdir()
    for i in range(40):
        shutil.copy(folder / "b" / "a.wav", many / f"{i:02}.wav")
    out = tmp_path / "o"
    process = subprocess.Popen([kol_bin(), "transcribe", many, "--language=en", "--format=json", f"--output={out}",
                                "--model-dir", MODELS], stderr=subprocess.PIPE, text=True)
    wait_until("two results", lambda: out.exists() and len(list(out.iterdir())) >= 2, 120)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and time.monotonic() - began < 3 and "what is written is whole" in said
    made = list(out.iterdir())
    assert 2 <= len(made) < 40 and all(json.loads(p.read_text())["segments"] for p in made)
    assert all(p.suffix == ".json" for p in made)


def test_the_bar_on_a_terminal(tmp_path):
    """Percent, rate and remaining time; gone at the end."""
    (tmp_path / "long.wav").write_bytes(calls.wav_bytes(*[c * 4 for c in calls.locksmith()]))
    master, slave = pty.openpty()
    process = subprocess.Popen([kol_bin(), "transcribe", tmp_path / "long.wav", "--language=en", "--model-dir", MODELS],
                               stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:
        pass
    assert process.wait(120) == 0
    text = shown.decode()
    assert re.search(r"\[#+\.+\] +\d+ %  0 of 1 done, [\d.]+ times real time, \d+:\d\d left", text), text
    assert text.endswith("\r\x1b[K")


def test_overlap_is_kept_on_both_channels(tmp_path):
    """Both talk at once: each one's words stay his, at the same time."""
    one = calls.speech("Hello, I need a locksmith in London today, please come as soon as you can.")
    other = calls.prompt("privacy-prompt")
    length = max(len(one), len(other))
    (tmp_path / "both.wav").write_bytes(calls.wav_bytes(*(s + b"\0" * (length - len(s)) for s in (one, other))))
    found = json.loads(kol(tmp_path / "both.wav", "--json", "--language=en", "--channels=customer,agent")[0])["segments"]
    said = {who: [s for s in found if s["speaker"] == who] for who in ("customer", "agent")}
    assert "london today" in " ".join(s["text"] for s in said["customer"]).lower()
    assert said["agent"] and "london" not in " ".join(s["text"] for s in said["agent"]).lower()
    assert any(a["start_ms"] < b["end_ms"] and b["start_ms"] < a["end_ms"] for a in said["customer"] for b in said["agent"])


def test_the_model_is_chosen_by_name(tmp_path):
    """--model takes any model of the folder; one that is not there names the command that gets it."""
    for name in ("ggml-silero-vad.bin", "ggml-base.bin"):
        (tmp_path / name).symlink_to(MODELS / name)
    (tmp_path / "ggml-mine.bin").symlink_to(MODELS / "ggml-base.bin")
    command = [kol_bin(), "transcribe", CLIP, "--json", "--language=en", "--model-dir", tmp_path]
    done = subprocess.run([*command, "--model=mine"], capture_output=True, text=True, check=True, timeout=100)
    assert json.loads(done.stdout)["model"] == "mine"
    done = subprocess.run([*command, "--model=small"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 1 and "kol model pull small" in done.stderr and done.stdout == ""


def test_two_that_would_become_one(folder, tmp_path):
    assert "both become" in kol(folder / "a.wav", folder / "b" / "a.wav", f"--output={tmp_path / 'o'}", code=1)[1]


@pytest.mark.parametrize("language", ["he", "iw", "he-IL"])
def test_codes_of_hebrew(language):
    assert json.loads(kol(CLIP, "--json", f"--language={language}")[0])["language"] == "he"


def test_the_language_is_one_of_those_allowed():
    assert json.loads(kol(CLIP, "--json")[0])["language"] == "en"
    assert json.loads(kol(CLIP, "--json", "--language=he,ar")[0])["language"] in ("he", "ar")
    assert "--language" in kol(CLIP, "--language=klingon", code=2)[1]


def test_hebrew_goes_to_its_own_model(tmp_path):
    """The model of the settings finds the language, the one for Hebrew listens."""
    for name in ("ggml-silero-vad.bin", "ggml-base.bin"):
        (tmp_path / name).symlink_to(MODELS / name)
    (tmp_path / "ggml-hebrew.bin").symlink_to(MODELS / "ggml-base.bin")
    def model(language):
        done = subprocess.run([kol_bin(), "transcribe", CLIP, "--json", f"--language={language}", "--model-dir", tmp_path,
                               "--model-he=hebrew"], capture_output=True, text=True, check=True, timeout=100)
        return json.loads(done.stdout)["model"]
    assert (model("he"), model("iw"), model("en"), model("auto")) == ("hebrew", "hebrew", "base", "base")


def resident_mb(house) -> float:
    """Memory of the worker."""
    from test_whisper import worker_of
    status = Path(f"/proc/{worker_of(house)}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def test_models_of_a_running_worker(make_house, tmp_path):
    """Idle: it leaves the memory. A call: it is there again. kol model use: the next call has the other one."""
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(MODELS / "ggml-silero-vad.bin", folder)
    shutil.copy(MODELS / "ggml-base.bin", folder)
    house = make_house(business=False, worker=True, model_dir=str(folder), model_idle_unload_s=100)
    house.kol.settings.pop("model")
    house.kol.stop()
    house.kol.restart()
    house.add_business()
    house.kol.wait_log("leaves the memory", 60)
    wait_until("little memory", lambda: resident_mb(house) < 100, 10)
    sound = calls.wav_bytes(*calls.locksmith())
    def heard(caller):
        call, _ = house.ring(wav=sound, caller=caller)
        house.wait_events(call, timeout_s=100)
        return house.stored(call)
    assert heard("+972501111111")["model"] == "base"
    house.kol.run("model", "import", str(MODELS / "ggml-base.bin"), "--name=second")
    house.kol.run("model", "use", "second")
    assert heard("+972502222222")["model"] == "second"
    house.kol.stop()
    house.kol.restart()
    assert heard("+972503333333")["model"] == "second"


def test_a_replaced_file_is_loaded_anew(make_house, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(MODELS / "ggml-silero-vad.bin", folder)
    shutil.copy(MODELS / "ggml-base.bin", folder)
    house = make_house(worker=True, model_dir=str(folder))
    house.kol.wait_log("Recording worker loop started", 60)
    shutil.copy(MODELS / "ggml-base.bin", folder / "new")
    os.replace(folder / "new", folder / "ggml-base.bin")
    call, _ = house.ring(wav=calls.wav_bytes(*calls.locksmith()))
    house.wait_events(call, timeout_s=100)
    assert house.kol.logged("the speech model was loaded anew: base")


def test_progress_and_remaining_time(make_house):
    house = make_house(worker=True)
    channels = [c * 4 for c in calls.locksmith()]
    call, _ = house.ring(wav=calls.wav_bytes(*channels))
    job = wait_until("progress", lambda: [j for j in house.jobs(call) if j["stage"] == "transcribe"
                                          and j["state"] == "running" and j["remaining_s"] is not None], 60, 0.05)[0]
    assert 0 < job["progress"] < 1 and 0 <= job["remaining_s"] < 300
    house.wait_events(call, timeout_s=100)
    assert all(j["remaining_s"] is None for j in house.jobs(call))
    took = house.kol.wait_log("real_time_factor=")
    assert 0 < float(re.search(r"real_time_factor=([0-9.]+)", str(took))[1]) < 10


def test_hebrew_on_a_small_model_is_told(make_house):
    """At start, by doctor and on the page, with the command that helps."""
    house = make_house(business=False, worker=True)
    house.add_business(language="he,en")
    house.kol.stop()
    house.kol.restart()
    command = "kol model pull ivrit-large-v3-turbo"
    house.kol.wait_log(command)
    assert command in house.kol.run("doctor", check=False).stdout
    assert command in house.kol.http("GET", "/api/me", house.op).body.decode()
