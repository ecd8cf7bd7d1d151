"""The release build with real Whisper: a call from end to end, silence, files, cancelling, and dying workers."""
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import calls
import pytest
import wer
from conftest import accepted, wait_until
from fakehttp import Step

pytestmark = [pytest.mark.release, pytest.mark.slow]

TEXTS = dict(line.split("\t", 1) for line in
             (Path(__file__).parent / "data" / "prompts.tsv").read_text(encoding="utf-8").splitlines())
SPOKEN = ["priv-introsaved", "vm-rec-name", "queue-periodic-announce", "privacy-prompt", "vm-nobox", "dir-welcome",
          "followme/sorry", "ss-noservice"]
CUSTOMER = ["Hello, I need a locksmith in Haifa, please.", "I am locked out of my apartment.",
            "How long will it take?", "Thank you, I will wait here."]


@pytest.fixture
def whisper_house(make_house):
    """A house that transcribes; its business has a glossary, as businesses do."""
    assert os.environ.get("KOL_MODELS"), "set KOL_MODELS to the folder with the model"
    house = make_house(business=False, worker=True)
    house.add_business(glossary="Haifa, locksmith, Afula")
    return house


def conversation(prompts=SPOKEN, answers=CUSTOMER):
    """Channels of a call in which a telephone voice and a synthetic customer take turns, and the voice's words."""
    turns = [("business", calls.silence(0.5))]
    for number, name in enumerate(prompts):
        turns.append(("business", calls.prompt(name)))
        if number < len(answers):
            turns.append(("customer", calls.speech(answers[number])))
    return calls.compose(turns, 0.8), " ".join(TEXTS[f"en_US_f_Allison/{n}.wav"] for n in prompts)


def turns_of(stored):
    """The turns of a stored call."""
    return stored["segments"]


def said_by(stored, role):
    """All words of one side."""
    return " ".join(t["text"] for t in turns_of(stored) if t["speaker"] == role)


def transcribe(house, sounds, form="wav", **how):
    """Sends a call with the sounds of its channels and waits for what the CRM hears of it."""
    make = {"wav": calls.wav_bytes, "mp3": calls.mp3_bytes, "mulaw": calls.mulaw_wav_bytes}[form]
    media = {"mp3" if form == "mp3" else "wav": make(*sounds)}
    call, _ = house.ring(**media, seconds=calls.seconds(*sounds), channels=len(sounds), **how)
    got, = house.wait_events(call, timeout_s=120)
    return call, got


def leaked(sounds, gain: float):
    """Both channels with what leaks over from the other side."""
    import audioop
    softer = [audioop.mul(one, 2, gain) for one in sounds]
    return audioop.add(sounds[0], softer[1], 2), audioop.add(sounds[1], softer[0], 2)


def test_fake_stereo_is_heard_once(whisper_house):
    """A mix on both channels, one softer and later, is one speaker-less transcript; a call with cross-talk stays two."""
    import audioop
    house = whisper_house
    sounds, _ = conversation(SPOKEN[:2], CUSTOMER[:2])
    mixed = audioop.add(*sounds, 2)
    call, _ = transcribe(house, (mixed, calls.silence(0.01) + audioop.mul(mixed, 2, 0.3)[:-160]))
    stored = house.stored(call)
    assert (stored["channels"], stored["transcript_channels"]) == (2, 1)
    assert "same sound" in stored["channels_reason"]
    assert {t["speaker"] for t in turns_of(stored)} == {"speaker"}
    assert stored["final_transcript"].lower().count("locksmith") == 1
    assert "same sound" in house.kol.run("call", "show", call.sid).stdout

    call, _ = transcribe(house, leaked(sounds, 0.1))
    stored = house.stored(call)
    assert (stored["transcript_channels"], stored["channels_reason"]) == (2, None)
    assert "locksmith" in said_by(stored, "customer").lower()
    assert said_by(stored, "agent")


def test_english_call_end_to_end(whisper_house):
    """At most 15 % of the telephone voice's words are wrong, speakers and times are right, the lead is right."""
    house = whisper_house
    channels, reference = conversation()
    call, got = transcribe(house, channels, "mp3")
    stored = house.stored(call)
    heard = said_by(stored, "agent")
    rate = wer.rate(reference, heard)
    print(f"\ntelephone channel: {rate:.1%} word errors of {len(wer.words(reference))} words\n{heard}")
    assert rate <= 0.15
    assert "locksmith" in said_by(stored, "customer").lower()
    assert got["final_transcript"] == stored["final_transcript"]
    assert got["extracted_city"] == "Haifa" and "lock" in got["extracted_service"].lower()
    times = [(t["start_ms"], t["end_ms"]) for t in turns_of(stored)]
    assert times == sorted(times) and all(a < b for a, b in times)
    assert times[-1][1] <= 1000 * (calls.seconds(*channels) + 1)
    size = len(stored["final_transcript"])
    for line in ("✅ [OFFLINE_STT] Recording worker loop started", "✅ [BACKGROUND] Recording worker started",
                 f"🎧 [OFFLINE_STT] Starting offline transcription for {call.sid}",
                 f"[OFFLINE_STT] Starting Whisper transcription for {call.sid}",
                 "real-time factor 0.",
                 f"[OFFLINE_STT] ✅ Transcript obtained: {size} chars for {call.sid}",
                 f"[OFFLINE_STT] ✅ Saved final_transcript ({size} chars) for {call.sid}",
                 f"✅ [WEBHOOK] Using OFFLINE transcript ({size} chars)",
                 f"✅ [OFFLINE_STT] Completed processing for {call.sid}"):
        house.kol.wait_log(line)


def test_the_glossary_reaches_the_prompt(make_house):
    """The same call twice: only the business with a glossary gets its town right."""
    house = make_house(business=False, worker=True)
    house.add_business()
    house.add_business("+97248888888", "With glossary", glossary="Haifa, locksmith, Afula")
    _, without = transcribe(house, calls.locksmith())
    _, with_it = transcribe(house, calls.locksmith(), number="+97248888888")
    assert "Haifa" in with_it["final_transcript"]
    assert "Haifa" not in without["final_transcript"]


def sounds_without_words(seed: int = 5) -> dict:
    """What phones carry beside voices, 12 s each: tones of the exchange, music, breath, hum, hiss, and an echo of nothing."""
    import array
    import math
    import random
    rng = random.Random(seed)

    def wave(of):
        return array.array("h", (round(of(n / calls.RATE)) for n in range(12 * calls.RATE))).tobytes()

    def breath(t):
        return rng.gauss(0, 500) * max(0.0, math.sin(2 * math.pi * t / 4)) ** 4

    def chords(t):
        root = (196.0, 220.0, 174.6, 261.6)[int(t / 1.5) % 4]
        hz, fade = root * (1, 1.25, 1.5, 2)[int(t * 4) % 4], math.exp(-5 * (t % 0.25))
        return 4000 * fade * sum(math.sin(2 * math.pi * hz * k * t) / k for k in (1, 2, 3))
    beeps = b"".join(calls.prompt("beep") + calls.silence(1.5) for _ in range(5))
    return {
        "ringing, Israel": calls.ringing(3, (400,)), "ringing, Britain": calls.ringing(3, (400, 450), 0.4, 2.0),
        "ringing, America": calls.ringing(2, (440, 480), 2.0, 4.0),
        "busy": b"".join(calls.tone(0.5, 480, 620) + calls.silence(0.5) for _ in range(12)),
        "dial tone": calls.tone(12, 350, 440), "IVR beeps": beeps, "music": wave(chords), "breathing": wave(breath),
        "hum": wave(lambda t: 800 * math.sin(2 * math.pi * 50 * t) + 300 * math.sin(2 * math.pi * 150 * t)),
        "hiss": calls.noise(12, 0.02), "loud hiss": calls.noise(12, 0.1), "silence": calls.silence(12),
    }


def test_no_words_are_invented(tmp_path):
    """One process hears a voice, then each of the sounds: not a word, and none left over from the voice."""
    sounds = sounds_without_words()
    files = {"voice": calls.prompt("priv-introsaved"), **sounds}
    for number, sound in enumerate(files.values()):
        (tmp_path / f"{number:02}.wav").write_bytes(calls.wav_bytes(sound))
    done = kol_transcribe(tmp_path, "--format", "json")
    assert done.returncode == 0, done.stderr
    heard = [json.loads(line) for line in done.stdout.splitlines()]
    assert "connect you with your party" in heard[0]["text"]
    said = {name: one["text"] for name, one in zip(files, heard) if one["text"] and name != "voice"}
    assert len(heard) == len(files) and said == {}


def test_an_echo_is_not_a_second_speaker(tmp_path):
    """The customer's channel carries only what leaks over from the agent's: it says nothing."""
    import audioop
    agent = b"".join(calls.prompt(name) + calls.silence(1) for name in SPOKEN[:4])
    echo = calls.silence(0.12) + audioop.mul(agent, 2, 0.06)[:-round(0.12 * calls.RATE) * 2]
    path = tmp_path / "echo.wav"
    path.write_bytes(calls.wav_bytes(agent, audioop.add(echo, calls.noise(len(echo) / 2 / calls.RATE, 0.003)[:len(echo)], 2)))
    done = kol_transcribe(path, "--format", "json")
    heard = json.loads(done.stdout)
    assert [s["text"] for s in heard["segments"] if s["channel"] == 1] == []
    assert len(heard["text"]) > 100


@pytest.mark.parametrize("kind", ["line noise and ringing", "digital silence", "tones"])
def test_a_call_without_speech(whisper_house, kind):
    """Empty transcript, said plainly; never an invented sentence."""
    house = whisper_house
    channels = {"line noise and ringing": lambda: calls.quiet_call(12),
                "digital silence": lambda: (calls.silence(10), calls.silence(10)),
                "tones": lambda: (calls.tone(10, 425), calls.ringing(3))}[kind]()
    call, got = transcribe(house, channels)
    assert got["final_transcript"] == ""
    assert "no_speech" in str(got["_event"])
    assert turns_of(house.stored(call)) == []
    assert got["extracted_service"] in (None, "") and got["extracted_city"] in (None, "")


@pytest.mark.parametrize("form", ["wav", "mulaw", "mp3"])
@pytest.mark.parametrize("channel_count", [1, 2])
def test_forms_of_recordings(whisper_house, form, channel_count):
    house = whisper_house
    customer, business = conversation(["priv-introsaved"], ["I need a locksmith in Haifa."])[0]
    channels = (customer, business)[:channel_count]
    _, got = transcribe(house, channels, form)
    assert "haifa" in got["final_transcript"].lower()


def kol_transcribe(path, *words):
    """`kol transcribe` of one file."""
    from conftest import kol_bin
    models = os.environ["KOL_MODELS"]
    return subprocess.run([kol_bin(), "transcribe", str(path), "--language", "en", "--model-dir", models, *words],
                          capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("suffix", ["wav", "mp3", "ogg", "m4a", "flac"])
def test_transcribe_files(tmp_path, suffix):
    """Formats that users bring; ogg/opus, m4a and flac are made by ffmpeg."""
    sound = calls.prompt("priv-introsaved")
    path = tmp_path / f"call.{suffix}"
    if suffix in ("wav", "mp3"):
        path.write_bytes(calls.wav_bytes(sound) if suffix == "wav" else calls.mp3_bytes(sound))
    else:
        if not shutil.which("ffmpeg"):
            pytest.skip("ffmpeg is not installed")
        (tmp_path / "in.wav").write_bytes(calls.wav_bytes(sound))
        codec = {"ogg": ["-c:a", "libopus", "-b:a", "24k"], "m4a": ["-c:a", "aac"], "flac": []}[suffix]
        subprocess.run(["ffmpeg", "-v", "error", "-i", tmp_path / "in.wav", *codec, path], check=True)
    done = kol_transcribe(path)
    assert done.returncode == 0, done.stderr
    assert wer.rate(TEXTS["en_US_f_Allison/priv-introsaved.wav"], done.stdout) <= 0.3, done.stdout


@pytest.mark.parametrize("output", ["text", "json", "srt", "vtt"])
def test_transcribe_outputs(tmp_path, output):
    path = tmp_path / "call.wav"
    path.write_bytes(calls.wav_bytes(*conversation(["priv-introsaved"], ["I need a locksmith in Haifa."])[0]))
    done = kol_transcribe(path, "--format", output, "--glossary", "Haifa, locksmith", "--channels", "customer,agent")
    assert done.returncode == 0, done.stderr
    assert "haifa" in done.stdout.lower()
    if output == "json":
        json.loads(done.stdout)
    if output in ("srt", "vtt"):
        assert "-->" in done.stdout
    if output == "vtt":
        assert done.stdout.startswith("WEBVTT")


BAD_FILES = {"noise.wav": os.urandom(20_000), "empty.mp3": b"", "text.mp3": b"This is only text.\n" * 100,
             "head.wav": b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\1\0\2\0" + b"\0" * 8,
             "page.mp3": b"<html><body>404</body></html>" * 20}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_get_a_clear_error(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(BAD_FILES[name])
    done = kol_transcribe(path)
    assert done.returncode not in (0, -11, -6, 139)
    assert name in done.stderr and len(done.stderr.strip()) < 1000


def test_bad_audio_at_twilio(whisper_house):
    """A wave header over noise: the job says why, and other calls go on."""
    house = whisper_house
    call, _ = house.ring(wav=BAD_FILES["head.wav"] + os.urandom(9000))
    wait_until("a reason", lambda: [j for j in house.jobs(call) if j["error"]
                                    or j["stage"] != "transcribe" and j["state"] == "done"], 60)
    _, got = transcribe(house, conversation(["priv-introsaved"], ["I need a locksmith in Haifa."])[0],
                        caller="+972502222222")
    assert got["final_transcript"]


def test_the_offline_transcript_follows_as_an_update(make_house):
    """The realtime one goes out first because the offline one is late; then comes version 2 of the same call."""
    house = make_house(business=False, worker=True, realtime_after_s=1, test_wait_divisor=10)
    house.add_business(glossary="Haifa, locksmith")
    channels, _ = conversation()
    call, recording = house.new_call(wav=calls.wav_bytes(*channels))
    recording.durations = ["-1", "-1"]
    for sent in house.twilio.transcription(call, house.kol.url, [("inbound_track", "I need a plumber in Tel Aviv.")]):
        accepted(sent)
    house.announce(call, recording)
    first, second = house.wait_events(call, 2, 120)
    assert not first["final_transcript"] and "plumber" in first["full_conversation"]
    assert "locksmith" in second["final_transcript"].lower()
    assert [e["_event"]["data"]["version"] for e in (first, second)] == [1, 2]
    assert [e["_event"]["type"] for e in (first, second)] == ["call.completed", "call.updated"]


def test_a_short_offline_transcript_beats_a_long_realtime_one(whisper_house):
    """No thresholds on length."""
    house = whisper_house
    channels = calls.compose([("customer", calls.speech("Locksmith."))])
    call, recording = house.new_call(wav=calls.wav_bytes(*channels))
    recording.durations = []
    house.announce(call, recording)
    for sent in house.twilio.transcription(call, house.kol.url, [("inbound_track", "word " * 200)]):
        accepted(sent)
    last = wait_until("the offline transcript at the CRM",
                      lambda: [e for e in house.events(call) if e["final_transcript"]], 60)[-1]
    assert len(last["final_transcript"]) < 100


def test_the_backlog_runs_when_switched_on(make_house):
    house = make_house(worker=False)
    channels, _ = conversation(["priv-introsaved"], ["I need a locksmith in Haifa."])
    call, _ = house.ring(wav=calls.wav_bytes(*channels))
    house.wait_file(call)
    assert house.stored(call)["final_transcript"] is None
    house.kol.stop()
    house.kol.settings["worker"] = True
    house.kol.restart()
    wait_until("the backlog", lambda: house.stored(call)["final_transcript"], 60)


def test_a_missing_model_stops_neither_intake_nor_playback(make_house, tmp_path):
    house = make_house(worker=True, model_dir=str(tmp_path / "none"))
    call, _ = house.ring()
    house.wait_file(call)
    assert house.kol.logged(r"⚠️ \[BACKGROUND\] Could not start recording worker: .+")
    assert house.kol.http("GET", "/readyz", house.op).status == 200 and engine(house)["state"] == "no_model"


def test_kol_worker_alone(make_house):
    """`kol worker` on the same data folder does what the supervised child does."""
    house = make_house(worker=False)
    channels, _ = conversation(["priv-introsaved"], ["I need a locksmith in Haifa."])
    call, _ = house.ring(wav=calls.wav_bytes(*channels))
    house.wait_file(call)
    worker = subprocess.Popen([house.kol.program, "worker", "--config", str(house.kol.config), "--data",
                               str(house.kol.data)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_until("its transcript", lambda: house.stored(call)["final_transcript"], 60)
    finally:
        worker.terminate()
        worker.communicate(timeout=20)
    assert worker.returncode == 0


def children(pid: int) -> list[int]:
    """Processes whose parent is pid."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(entry.name))
            except (OSError, IndexError):
                pass
    return found


def worker_of(house) -> int:
    """The pid of the supervised worker."""
    def found():
        return [p for p in children(house.kol.process.pid) if b"worker" in Path(f"/proc/{p}/cmdline").read_bytes()]
    return wait_until("the worker process", found)[0]


def test_killing_the_worker(whisper_house):
    """It dies in the middle of a transcription: intake does not notice, the call is done once."""
    house = whisper_house
    channels, _ = conversation()
    call, _ = house.ring(wav=calls.wav_bytes(*channels))
    house.kol.wait_log(f"Starting Whisper transcription for {call.sid}", 60)
    os.kill(worker_of(house), signal.SIGKILL)
    other = house.twilio.add_call("+972502222222", "+97246001234")
    assert accepted(house.twilio.call_status(other, house.kol.url, "ringing", 1)).last.seconds < 1
    house.wait_events(call, timeout_s=120)
    assert len(house.events(call)) == 1 and house.stored(call)["final_transcript"]


@pytest.mark.parametrize("place", ["Starting offline transcription", "Starting Whisper transcription",
                                   "Transcript obtained", "Saved final_transcript", "Starting extraction",
                                   "Using OFFLINE transcript", "Completed processing"])
def test_kill_everything_after(whisper_house, place):
    """kill -9 of server and worker after each stage: one stored result, one event."""
    house = whisper_house
    channels, _ = conversation(["priv-introsaved"], ["I need a locksmith in Haifa."])
    call, _ = house.ring(wav=calls.wav_bytes(*channels))
    wait_until(f"log line {place!r}", lambda: any(place in line for line in house.kol.lines), 60, 0.001)
    house.kol.kill()
    house.kol.restart()
    house.wait_events(call, timeout_s=120)
    stored = wait_until("the transcript", lambda: house.stored(call), 10)
    assert "haifa" in stored["final_transcript"].lower()
    starts = [t["start_ms"] for t in turns_of(stored) if t["text"]]
    assert len(starts) == len(set(zip(starts, (t.get("channel") for t in turns_of(stored)))))
    assert len(house.events(call)) == 1


def test_cancelling_stops_within_two_seconds(whisper_house):
    """The job is fenced at once and its work has ended two seconds later."""
    house = whisper_house
    channels, _ = conversation(SPOKEN * 4, CUSTOMER)
    call, _ = house.ring(wav=calls.wav_bytes(*channels))
    house.kol.wait_log(f"Starting Whisper transcription for {call.sid}", 60)
    job = next(j for j in house.jobs(call) if j["stage"] == "transcribe")
    house.kol.run("job", "cancel", str(job["id"]))
    started = time.monotonic()
    assert [j["state"] for j in house.jobs(call) if j["id"] == job["id"]] == ["cancelled"]
    wait_until("the work to end", lambda: cpu_idle(house), 4, 0.1)
    assert time.monotonic() - started < 3.5
    assert house.stored(call)["final_transcript"] is None
    _, got = transcribe(house, conversation(["priv-introsaved"], ["I need a locksmith in Haifa."])[0],
                        caller="+972502222222")
    assert got["final_transcript"]


def cpu_idle(house) -> bool:
    """Whether no worker of the house used the CPU over a short while (model loading aside)."""
    def ticks():
        total = 0
        for pid in children(house.kol.process.pid):
            try:
                total += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
            except OSError:
                pass
        return total
    before = ticks()
    time.sleep(0.4)
    return ticks() - before <= 8


def test_order_within_a_business(whisper_house):
    """Calls are worked on in the order they ended."""
    house = whisper_house
    channels, _ = conversation(["priv-introsaved"], ["I need a locksmith in Haifa."])
    data, now, made = calls.wav_bytes(*channels), time.time(), []
    blocker, _ = house.ring(wav=calls.wav_bytes(*conversation()[0]))
    house.kol.wait_log(f"Starting Whisper transcription for {blocker.sid}", 60)
    for age in (100, 300, 200):
        call = house.twilio.add_call(f"+9725000000{age}", "+97246001234", started_at=now - age, seconds=10)
        house.announce(call, house.twilio.add_recording(call, wav=data, seconds=10))
        made.append((age, call))
    for _, call in made:
        house.wait_events(call, timeout_s=120)
    order = [line.rsplit(" ", 1)[1] for line in house.kol.logged("Starting Whisper transcription for")]
    wanted = [call.sid for _, call in sorted(made, key=lambda m: -m[0])]
    assert [sid for sid in order if sid in wanted] == wanted


def test_downloads_and_transcription_do_not_wait_for_each_other(whisper_house):
    """A call walks the whole road beside a download that drips; five downloads end while a long call is transcribed."""
    house = whisper_house
    channels, _ = conversation(["priv-introsaved"], ["I need a locksmith in Haifa."])
    dripping, recording = house.new_call(caller="+972501111111", wav=calls.wav_bytes(*channels))
    recording.always("", Step(bytes_per_s=2000))
    house.announce(dripping, recording)
    wait_until("the drip", lambda: recording.fetches())
    _, got = transcribe(house, channels, caller="+972502222222")
    assert got["final_transcript"] and house.file(dripping, "HEAD").status == 202

    long, _ = house.ring(caller="+972503333333", wav=calls.wav_bytes(*conversation(SPOKEN * 6, CUSTOMER)[0]))
    house.kol.wait_log(f"Starting Whisper transcription for {long.sid}", 60)
    others = [house.ring(caller=f"+97250444000{n}", wav=calls.wav_bytes(*channels))[0] for n in range(5)]
    for call in others:
        house.wait_file(call)
    assert house.stored(long)["final_transcript"] is None
    house.wait_events(long, timeout_s=120)


def engine(house) -> dict:
    """What readiness says of the speech engine."""
    return house.kol.http("GET", "/readyz", house.op).json()["engine"] or {}


def test_selftest_is_reported(whisper_house):
    """The engine's self-test stands beside readiness, which is that of intake."""
    wait_until("the self-test", lambda: engine(whisper_house).get("state") == "ok", 60)
