"""engine = openai: speech goes to an OpenAI-compatible server in wav pieces, and only there; its answers are not believed."""
import io
import json
import os
import re
import signal
import subprocess
import time
import wave
from email import message_from_bytes

import calls
import pytest
from conftest import kol_bin, wait_until
from fakehttp import Answer, FakeServer, Step

pytestmark = pytest.mark.release
PATH = "/v1/audio/transcriptions"
KEY = "sk-test-0123456789"


class Speech(FakeServer):
    """Hears "hello from piece N" in each upload, and keeps the forms."""

    def __init__(self):
        super().__init__()
        self.language = "english"
        self.say = None  # other text, or a whole body

    def respond(self, request):
        form = form_of(request)
        seconds = wave.open(io.BytesIO(form["file"][0])).getnframes() / 16000
        text = self.say or f"hello from piece {len(self.requests())}"
        words = [{"word": w, "start": 0.2 + i * 0.3, "end": 0.4 + i * 0.3} for i, w in enumerate(text.split())]
        return Answer(200, json.dumps({
            "task": "transcribe", "language": self.language, "duration": seconds, "text": text, "words": words,
            "segments": [{"id": 0, "seek": 0, "start": 0.1, "end": seconds - 0.05, "text": " " + text, "tokens": [],
                          "temperature": 0, "avg_logprob": -0.2, "compression_ratio": 1, "no_speech_prob": 0.01}],
        }).encode())


def form_of(request) -> dict:
    """The fields of a multipart form, each a list."""
    kind = request.header("Content-Type")
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.body)
    assert message.is_multipart()
    form = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if name == "file":
            assert part.get_filename() == "speech.wav" and part.get_content_type() == "audio/wav"
        else:
            data = data.decode()
        form.setdefault(name, []).append(data)
    return form


@pytest.fixture
def server():
    with Speech() as one:
        yield one


@pytest.fixture
def call(tmp_path):
    """Two channels, each with speech."""
    path = tmp_path / "call.wav"
    path.write_bytes(calls.wav_bytes(*calls.locksmith()))
    return path


def settings(server, tmp_path, **more):
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "key").chmod(0o600)
    given = {"engine": "openai", "openai_url": server.url + "/v1", "openai_key_file": tmp_path / "key",
             "allow_private_hosts": "127.0.0.1", "test_wait_divisor": 100, "model_dir": os.environ["KOL_MODELS"],
             "data_dir": tmp_path / "d", "worker_threads": 2} | more
    return [f"--{name}={value}" for name, value in given.items()]


def transcribe(server, call, tmp_path, *words, code=0, **more):
    done = subprocess.run([kol_bin(), "transcribe", str(call), *words, *settings(server, tmp_path, **more)],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    assert KEY not in done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_call(server, call, tmp_path):
    """Fields as OpenAI's own client names them, sound that is the call's, text and times back in the call."""
    types = pytest.importorskip("openai.types.audio.transcription_create_params")
    known = set(types.TranscriptionCreateParamsBase.__annotations__) | {"stream"}
    heard = json.loads(transcribe(server, call, tmp_path, "--format=json", "--language=en", "--glossary=Haifa, Afula"))
    assert heard["engine"] == "openai" and heard["model"] == "whisper-1"
    assert "Agent: hello from piece" in heard["text"] and "Customer: hello from piece" in heard["text"]
    assert all(0 <= s["start_ms"] <= s["end_ms"] <= heard["duration_ms"] and len(s["words"]) >= 1 for s in heard["segments"])
    requests = server.requests()
    assert requests and {r.path for r in requests} == {PATH}
    for request in requests:
        form = form_of(request)
        assert request.method == "POST" and request.header("Authorization") == f"Bearer {KEY}"
        assert {name.removesuffix("[]") for name in form} <= known, form.keys()
        assert form["model"] == ["whisper-1"] and form["language"] == ["en"] and form["temperature"] == ["0.0"]
        assert form["response_format"] == ["verbose_json"]
        assert form["timestamp_granularities[]"] == ["word", "segment"]
        assert form["prompt"][0].endswith("Afula, Haifa.")
        sound = wave.open(io.BytesIO(form["file"][0]))
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 16000)
        assert 0.1 <= sound.getnframes() / 16000 <= 30 and b"call.wav" not in request.body


def test_the_language_is_asked_once(server, call, tmp_path):
    server.language = "hebrew"
    heard = json.loads(transcribe(server, call, tmp_path, "--format=json"))
    languages = [form_of(r).get("language") for r in server.requests()]
    assert heard["language"] == "he" and languages[0] is None and set(map(tuple, languages[1:])) == {("he",)}
    server.language = "klingon"
    assert json.loads(transcribe(server, call, tmp_path, "--format=json"))["language"] in ("he", "en")


def test_uploads_keep_to_the_limit(server, call, tmp_path):
    transcribe(server, call, tmp_path, "--language=en", openai_max_upload_bytes=100_000)
    sizes = [len(r.body) for r in server.requests()]
    assert len(sizes) > 5 and max(sizes) <= 100_000


@pytest.mark.parametrize("trouble", [503, 500, Step(reset=True), Step(cut_after=20),
                                     Step(status=429, headers={"Retry-After": "2"})])
def test_what_passes_is_tried_again(server, call, tmp_path, trouble):
    server.script(PATH, trouble, trouble)
    assert "hello" in transcribe(server, call, tmp_path, "--language=en")


@pytest.mark.parametrize("status, word, most", [(401, "openai_key", 2), (404, "openai_model", 2), (400, "verbose_json", 2),
                                                (413, "openai_max_upload_bytes", 2), (503, "answered 503", 8)])
def test_what_lasts_is_told(server, call, tmp_path, status, word, most):
    server.always(PATH, status)
    assert word in transcribe(server, call, tmp_path, "--language=en", code=1)
    assert len(server.requests()) <= most


@pytest.mark.parametrize("body", [b"", b"null", b"<html>", b"[" * 100_000, b'{"text": 5}', b'{"text":"' + b"a" * 100_000 + b'"}',
                                  b'{"text":"a","segments":' + json.dumps([{"text": "x"}] * 501).encode() + b"}",
                                  os.urandom(3000), b'{"text":"a"}' + b" " * 2_000_000])
def test_hostile_answers(server, call, tmp_path, body):
    server.always(PATH, Step(status=200, body=body))
    said = transcribe(server, call, tmp_path, "--language=en", code=1)
    assert re.search("makes no sense|longer than", said) and len(said) < 600


def test_the_filters_judge_it_too(server, call, tmp_path):
    server.say = "Thanks for watching."
    heard = json.loads(transcribe(server, call, tmp_path, "--format=json", "--language=en", "--dropped"))
    assert heard["text"] == "" and {s["reason"] for s in heard["dropped"]} == {"invented_phrase"}


def test_what_is_dropped_is_kept(server, make_house):
    """Not in the transcript, but stored with its reason and shown on request."""
    server.say = "Thanks for watching."
    house = make_house(business=False, worker=True, engine="openai", openai_url=server.url + "/v1", openai_key=KEY)
    house.add_business()
    call, _ = house.ring(wav=calls.wav_bytes(*calls.locksmith()))
    got, = house.wait_events(call, timeout_s=60)
    assert got["final_transcript"] == "" and house.stored(call)["segments"] == []
    assert house.stored(call)["offline_state"] == "no_speech"
    shown = house.kol.run_json("call", "show", call.sid, "--dropped")["segments"]
    assert shown and {(s["text"], s["reason"]) for s in shown} == {("Thanks for watching.", "invented_phrase")}
    asked = house.kol.get(f"/api/calls/{call.sid}?dropped=1", house.op)["segments"]
    assert [(s["text"], s["reason"]) for s in asked] == [(s["text"], s["reason"]) for s in shown]
    assert "[dropped: invented_phrase]" in house.kol.run("call", "show", call.sid, "--dropped").stdout
    assert "Thanks for watching" not in house.kol.run("call", "show", call.sid).stdout


def test_silence_is_not_sent(server, tmp_path):
    path = tmp_path / "quiet.wav"
    path.write_bytes(calls.wav_bytes(*calls.quiet_call(10)))
    assert transcribe(server, path, tmp_path).strip() == "" and server.requests() == []


def test_a_slow_server(server, call, tmp_path):
    server.always(PATH, Step(delay_s=3))
    began = time.monotonic()
    said = transcribe(server, call, tmp_path, "--language=en", code=1, openai_timeout_s=1)
    assert "time" in said.lower() and time.monotonic() - began < 30


def test_ctrl_c_ends_within_two_seconds(server, call, tmp_path):
    server.always(PATH, Step(delay_s=20))
    process = subprocess.Popen([kol_bin(), "transcribe", str(call), "--language=en", *settings(server, tmp_path)])
    wait_until("a request", server.requests)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130 and time.monotonic() - began < 2.5


def test_private_addresses_need_a_word(server, call, tmp_path):
    assert "allow_private_hosts" in transcribe(server, call, tmp_path, "--language=en", code=1,
                                               allow_private_hosts="other.example")
    assert server.requests() == []


def test_in_the_server(server, make_house, tmp_path):
    """The whole road with a server that is first away: the job waits, then the transcript is there; doctor tells."""
    server.script(PATH, *[503] * 8)
    house = make_house(business=False, worker=True, engine="openai", openai_url=server.url + "/v1", openai_key=KEY)
    house.add_business()
    call, _ = house.ring(wav=calls.wav_bytes(*calls.locksmith()))
    got, = house.wait_events(call, timeout_s=60)
    assert "hello from piece" in got["final_transcript"]
    assert house.stored(call)["model"] == "whisper-1"
    assert "the speech of callers goes to" in house.kol.run("doctor", check=False).stdout
    assert KEY not in "\n".join(house.kol.lines)


def test_settings_belong_together(tmp_path):
    done = subprocess.run([kol_bin(), "doctor", "--engine=openai", f"--data={tmp_path}"], capture_output=True, text=True)
    assert done.returncode != 0 and "openai_url" in done.stderr
