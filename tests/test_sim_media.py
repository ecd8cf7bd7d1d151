"""Media of the simulated Twilio: forms, channels, ranges, redirects, other storage, encryption, and every kind of fault."""
import base64
import http.client
import json
import ssl
import subprocess
import time
import urllib.request

import pytest
import twilio_crypto
from fakehttp import FakeServer, Step
from simclient import ask, ask_json
from twilio_media import MediaStore
from twilio_rest import error_as_media
from twilio_sim import TwilioSim

WAV, MP3 = b"RIFF....WAVE" + bytes(range(250)) * 2, b"ID3" + bytes(200)


@pytest.fixture
def twilio():
    with TwilioSim() as sim:
        yield sim


@pytest.fixture
def recording(twilio):
    return twilio.add_recording(twilio.add_call("+972501234567", "+97237654321"), wav=WAV, mp3=MP3)


@pytest.fixture
def store():
    with MediaStore() as server:
        yield server


def test_types_and_ranges(twilio, recording):
    for form, kind, size in (("", "audio/x-wav", 512), ("wav", "audio/x-wav", 512), ("mp3", "audio/mpeg", 203)):
        status, headers, body = ask(twilio, recording.media_path(form))
        assert (status, headers["Content-Type"], len(body)) == (200, kind, size)
    status, headers, body = ask(twilio, recording.media_path("mp3"), headers={"Range": "bytes=0-2"})
    assert (status, body, headers["Content-Range"]) == (206, b"ID3", "bytes 0-2/203")
    assert ask(twilio, recording.media_path("mp3"), headers={"Range": "bytes=900-"})[0] == 416
    assert ask(twilio, recording.media_path("mp3"), headers={"Range": "bytes=-3"})[2] == bytes(3)
    status, headers, body = ask(twilio, recording.path, method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, "512", b"")


def test_resuming_needs_the_same_validator(twilio, recording):
    path = recording.media_path("wav")
    tag = ask(twilio, path)[1]["ETag"]
    assert ask(twilio, path, headers={"If-None-Match": tag})[0] == 304
    again = {"Range": "bytes=100-", "If-Range": tag}
    assert ask(twilio, path, headers=again)[::2] == (206, WAV[100:])
    recording.media["wav"] = WAV + b"more"
    assert ask(twilio, path, headers=again)[::2] == (200, WAV + b"more")
    recording.ranges = False
    status, headers, _ = ask(twilio, path, headers={"Range": "bytes=100-"})
    assert status == 200 and headers["Accept-Ranges"] is None


def test_requested_channels(twilio, recording):
    recording.mono = {"wav": b"RIFF mono"}
    assert ask(twilio, recording.path + "?RequestedChannels=2")[2] == WAV
    assert ask(twilio, recording.path + "?RequestedChannels=1")[2] == b"RIFF mono"
    assert ask(twilio, recording.path + "?RequestedChannels=3")[0] == 400
    single = twilio.add_recording(recording.call, wav=WAV, channels=1)
    status, _, body = ask(twilio, single.path + "?RequestedChannels=2")
    assert status == 400 and b"<Code>16113</Code>" in body
    assert ask(twilio, single.path + "?RequestedChannels=1")[0] == 200


def test_scripted_answers(twilio, recording):
    recording.script("mp3", 404, Step(429, {"Retry-After": "7"}), 500, Step(cut_after=10), Step(reset=True), None)
    path = recording.media_path("mp3")
    assert ask(twilio, path)[0] == 404
    status, headers, body = ask(twilio, path)
    assert (status, headers["Retry-After"]) == (429, "7") and b"20429" in body
    assert ask(twilio, path)[0] == 500
    for _ in range(2):
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(twilio, path)
    assert ask(twilio, path)[0] == 200
    recording.always("wav", 404)
    assert [ask(twilio, recording.media_path("wav"))[0] for _ in range(3)] == [404] * 3


def test_wrong_lengths_and_no_length(twilio, recording):
    path = recording.media_path("wav")
    recording.script("wav", Step(content_length=600), Step(content_length=100), Step(chunked=True), None)
    with pytest.raises(http.client.IncompleteRead):
        ask(twilio, path)
    assert ask(twilio, path)[2] == WAV[:100]
    status, headers, body = ask(twilio, path)
    assert body == WAV and headers["Content-Length"] is None
    assert ask(twilio, path)[2] == WAV


def test_a_slow_line(twilio, recording):
    recording.script("wav", Step(bytes_per_s=1024))
    started = time.monotonic()
    assert ask(twilio, recording.media_path("wav"))[2] == WAV
    assert time.monotonic() - started > 0.4


@pytest.mark.parametrize("form, kind", [("xml", "application/xml"), ("json", "application/json")])
def test_an_error_s_body_with_200(twilio, recording, form, kind):
    recording.script("", error_as_media(form))
    status, headers, body = ask(twilio, recording.path)
    assert (status, headers["Content-Type"]) == (200, kind) and b"20404" in body


def test_redirect_to_a_signed_link(twilio, recording, store):
    recording.redirect(store)
    status, headers, _ = ask(twilio, recording.path)
    assert status == 302 and headers["Location"].startswith(store.url)
    assert ask(twilio, headers["Location"], auth=False)[2] == WAV
    assert ask(twilio, headers["Location"].split("?")[0], auth=False)[0] == 403
    assert ask(twilio, headers["Location"])[0] == 400 and len(store.credentials) == 1
    assert ask(twilio, recording.path)[0] == 200


def test_media_in_the_customer_s_storage(twilio, recording, store):
    url = recording.move_to(store)
    assert ask_json(twilio, recording.path + ".json")["media_url"] == url
    assert ask(twilio, recording.path)[0] == ask(twilio, recording.media_path("mp3"))[0] == 404
    status, headers, body = ask(twilio, url, auth=False, headers={"Range": "bytes=10-19"})
    assert (status, body) == (206, WAV[10:20])


def openssl(*arguments, data):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize("as_in_guide", [False, True])
def test_encrypted_media_can_be_decrypted(twilio, recording, tmp_path, as_in_guide):
    private, public = twilio_crypto.make_keys(tmp_path)
    recording.encrypt(public, as_in_guide=as_in_guide)
    details = ask_json(twilio, recording.path + ".json")["encryption_details"]
    key = openssl("pkeyutl", "-decrypt", "-inkey", str(private), "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt",
                  "rsa_oaep_md:sha256", data=base64.b64decode(details["encryption_cek"]))
    assert len(key) == 32
    sealed = ask(twilio, recording.path)[2]
    assert len(sealed) == len(WAV) + 16 and b"RIFF" not in sealed
    # GCM without its tag is counter mode that begins at 2: this checks the ciphertext without our own code.
    iv = base64.b64decode(details["iv" if as_in_guide else "encryption_iv"])
    plain = openssl("enc", "-d", "-aes-256-ctr", "-K", key.hex(), "-iv", (iv + b"\0\0\0\2").hex(), data=sealed[:-16])
    assert plain == WAV
    assert sealed == twilio_crypto.aes_256_gcm(key, iv, WAV)


def test_gcm_gives_the_published_vector():
    # Test case 14 of the GCM specification (McGrew and Viega): key, IV and text of zeros.
    sealed = twilio_crypto.aes_256_gcm(bytes(32), bytes(12), bytes(16))
    assert sealed.hex() == "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919"


def test_an_encrypted_recording_s_callback(twilio, recording, tmp_path):
    import twilio_callbacks
    recording.encrypt(twilio_crypto.make_keys(tmp_path)[1], "CR" + "1" * 32)
    details = json.loads(twilio_callbacks.recording_status(recording.call, recording)["EncryptionDetails"])
    assert (details["type"], details["public_key_sid"]) == ("rsa-aes", "CR" + "1" * 32)
    assert details["encrypted_cek"] == recording.envelope.as_json()["encryption_cek"]


def test_a_server_may_speak_tls(tmp_path):
    certificate, key = twilio_crypto.make_certificate(tmp_path)
    with FakeServer(tls=(certificate, key)) as server:
        server.always("/x", Step(200, body=b"secret"))
        with pytest.raises(OSError):
            urllib.request.urlopen(server.url + "/x", timeout=5)
        context = ssl.create_default_context(cafile=str(certificate))
        assert urllib.request.urlopen(server.url + "/x", timeout=5, context=context).read() == b"secret"
