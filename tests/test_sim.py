"""The simulator's callbacks, the CRM and the composed calls: a mistake there would be one in every other test."""
import base64
import json
import random
import socket
import time

import calls
import crm as crm_module
import pytest
import twilio_callbacks as callbacks
from fakehttp import Request, Step
from twilio_sim import SOURCES, TwilioSim

P = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
     "To": "+18005551212"}
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
VECTORS = [
    (URL, P, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    (URL, [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")],
     "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    (URL, [("MessagingBinding.Address", "+1325xxxxxxx"), ("MessagingBinding.Address", "+1415xxxxxxx")],
     "83O6e2vORAoJHUNzJjDWN1jz+BA="),
    (URL.replace(".com", ".com:443"), P, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    (URL.replace("https", "http").replace(".com", ".com:80"), P, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    (URL.replace("https", "http").replace(".com", ".com:1234"), P, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    (URL + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620", {},
     "a9nBmqA0ju/hNViExpshrM61xv4="),
    (URL.replace("https://", "https://user:pass@"), P, "CukzLTc1tT5dXEDIHm/tKBanW10="),
    (URL + "&Body=It's+amazing", P, "dsq4Ehbj6cs+KdTkpF5sSSplOWw="),
]


@pytest.fixture
def twilio():
    with TwilioSim() as sim:
        yield sim


@pytest.fixture
def recorded(twilio):
    """A call with a recording in both formats."""
    call = twilio.add_call("+972501234567", "+97237654321")
    return call, twilio.add_recording(call, wav=b"RIFF....WAVE" + bytes(500), mp3=b"ID3" + bytes(200))


@pytest.mark.parametrize("url, params, expected", VECTORS)
def test_sign_gives_the_published_vectors(url, params, expected):
    assert callbacks.sign("12345", url, params) == expected


def test_sign_agrees_with_the_official_validator():
    from twilio.request_validator import RequestValidator
    rng = random.Random(3)
    validator = RequestValidator("12345")
    alphabet = "abAB019 +&=%'\"/?#;:@é×אβ~-_.\n"
    for _ in range(500):
        params = {"".join(rng.choices("abAB.", k=3)): "".join(rng.choices(alphabet, k=rng.randint(0, 9)))
                  for _ in range(rng.randint(0, 5))}
        url = f"https://kol.example.com/hook?a={rng.randint(0, 99)}"
        assert validator.validate(url, params, callbacks.sign("12345", url, params))


def test_overrides_are_read_as_documented():
    assert callbacks.Overrides.of_url("https://x/y") == callbacks.Overrides(5000, 15000, 15000, 1, ("ct",))
    read = callbacks.Overrides.of_url("https://x/y?a=1#rc=9&rp=5xx,ct,rt&rt=50&e=ashburn")
    assert (read.rc, read.rp, read.rt) == (5, ("5xx", "ct", "rt"), 100)


def test_a_5xx_is_lost_without_overrides_and_tried_again_with_them(twilio):
    with crm_module.Crm() as target:
        target.script("/webhook/call_status", 503, 503)
        call = twilio.add_call("+972501234567", "+97237654321")
        params = callbacks.call_status(call)
        assert twilio.post(target.url, "/webhook/call_status", params).status == 503
        sent = twilio.post(target.url, "/webhook/call_status", params, "#rc=5&rp=5xx")
        assert [a.status for a in sent.attempts] == [503, 401]
        tokens = [r.header("I-Twilio-Idempotency-Token") for r in target.requests()]
        assert tokens[1] == tokens[2] == sent.token != tokens[0]


def test_nobody_listening_is_tried_once_more(twilio):
    with crm_module.Crm() as closed:
        url = closed.url
    sent = twilio.post(url, "/webhook/call_status", {"a": "b"})
    assert [a.outcome for a in sent.attempts] == ["ct", "ct"]
    assert len(twilio.post(url, "/webhook/call_status", {"a": "b"}, "#rc=5").attempts) == 6
    assert len(twilio.post(url, "/webhook/call_status", {"a": "b"}, "#rc=5&rp=5xx").attempts) == 1


@pytest.mark.parametrize("fragment, step, tries", [
    ("", 500, 1), ("#rc=5&rp=5xx,ct,rt", 500, 6), ("#rc=2&rp=4xx", 404, 3), ("#rc=3&rp=all", 404, 4),
    ("#rc=5&rp=5xx,ct,rt", 404, 1), ("#rc=5&rp=5xx,ct,rt", 204, 1), ("#rc=0&rp=all", 500, 1),
    ("#rc=1&rp=rt", Step(reset=True), 2), ("#rc=1&rp=5xx", Step(reset=True), 1),
])
def test_how_often_it_is_tried(twilio, fragment, step, tries):
    with crm_module.Crm() as target:
        target.always("/hook", step)
        sent = twilio.post(target.url, "/hook?token=x", {"a": "b"}, fragment)
        assert len(sent.attempts) == len(target.requests("/hook")) == tries
        for request in target.requests("/hook"):
            assert request.query == "token=x"  # the fragment stays at home
            assert request.header("I-Twilio-Idempotency-Token") == sent.token
            assert request.header("X-Twilio-Signature") == callbacks.sign(
                twilio.auth_token, twilio.public_url + "/hook?token=x", {"a": "b"})


def test_each_try_and_all_of_them_have_an_end(twilio):
    with crm_module.Crm() as target:
        target.always("/slow", Step(delay_s=1.5))
        started = time.monotonic()
        sent = twilio.post(target.url, "/slow", {"a": "b"}, "#rt=150&rc=2&rp=rt")
        assert [a.outcome for a in sent.attempts] == ["rt"] * 3 and time.monotonic() - started < 1.4
        started = time.monotonic()
        sent = twilio.post(target.url, "/slow", {"a": "b"}, "#rt=300&tt=500&rc=5&rp=rt")
        assert len(sent.attempts) == 2 and time.monotonic() - started < 1.4


def test_a_drip_of_packets_does_not_outlast_the_total(twilio):
    with crm_module.Crm() as target:
        target.always("/drip", Step(200, body=b"x" * 100, bytes_per_s=10))
        started = time.monotonic()
        sent = twilio.post(target.url, "/drip", {"a": "b"}, "#rt=400&tt=600&rc=0")
        assert sent.last.outcome == "rt" and time.monotonic() - started < 1.5


def test_a_connection_that_is_never_accepted(twilio):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        filler = [socket.socket() for _ in range(2)]
        for one in filler:
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        sent = twilio.post(f"http://127.0.0.1:{deaf.getsockname()[1]}", "/x", {}, "#ct=100&rt=100&rc=0")
        assert sent.last.outcome in ("ct", "rt") and sent.last.seconds < 1
        for one in filler:
            one.close()


def test_every_callback_value_is_text(twilio, recorded):
    call, recording = recorded
    for params in (callbacks.recording_status(call, recording), callbacks.call_status(call, recording=recording),
                   callbacks.record_action(call, recording), callbacks.transcription(call, "content", 2, "hello")):
        assert all(isinstance(v, str) for v in params.values())
    assert not {"From", "To", "Direction"} & set(callbacks.recording_status(call, recording))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("status", ["in-progress", "completed", "absent", "failed"])
def test_recording_status_of_every_kind(twilio, source, status):
    call = twilio.add_call("+972501234567", "+97237654321")
    recording = twilio.add_recording(call, source=source, channels=SOURCES[source])
    sent = callbacks.recording_status(call, recording, status)
    assert (sent["RecordingSource"], sent["RecordingStatus"]) == (source, status)
    assert sent["RecordingChannels"] == str(SOURCES[source])
    assert sent["ErrorCode"] == {"absent": "16101", "failed": "16105"}.get(status, "0")
    assert sent.get("RecordingDuration") == {"completed": "13", "in-progress": None}.get(status, "-1")


def test_a_call_s_progress_in_any_order(twilio):
    call = twilio.add_call("+972501234567", "+97237654321")
    with crm_module.Crm() as target:
        twilio.call_progress(call, target.url, order=(3, 0, 2, 1))
        seen = [dict(callbacks.parse_qsl(r.body.decode())) for r in target.requests("/webhook/call_status")]
    assert [(s["SequenceNumber"], s["CallStatus"]) for s in seen] == [
        ("3", "completed"), ("0", "initiated"), ("2", "in-progress"), ("1", "ringing")]


def test_a_transcript_grows_word_by_word(twilio):
    call = twilio.add_call("+972501234567", "+97237654321")
    turns = [("inbound_track", "my door is locked"), ("outbound_track", "coming")]
    events = callbacks.transcript(call, turns, partials=True)
    said = [(e["Track"], e["Final"], json.loads(e["TranscriptionData"])["transcript"]) for e in events[1:-1]]
    assert said == [("inbound_track", "false", "my"), ("inbound_track", "false", "my door"),
                    ("inbound_track", "false", "my door is"), ("inbound_track", "true", "my door is locked"),
                    ("outbound_track", "true", "coming")]
    assert [e["SequenceId"] for e in events] == [str(n) for n in range(1, 8)]
    assert events[-1]["TranscriptionEvent"] == "transcription-stopped"
    assert callbacks.transcription(call, "error", 1)["TranscriptionErrorCode"]


def test_callbacks_are_signed_with_the_primary_token_of_their_account(twilio):
    branch = twilio.add_account(owner=twilio.account_sid)
    call = twilio.add_call("+972501234567", "+97237654321", account_sid=branch.sid)
    with crm_module.Crm() as target:
        def token_is(token):
            twilio.call_status(call, target.url)
            last = target.requests("/webhook/call_status")[-1]
            params = dict(callbacks.parse_qsl(last.body.decode(), keep_blank_values=True))
            return last.header("X-Twilio-Signature") == callbacks.sign(
                token, twilio.public_url + "/webhook/call_status", params)

        old = branch.token
        new = branch.add_secondary()
        assert token_is(old) and not token_is(new)
        branch.promote()
        assert token_is(new) and not token_is(old)


def test_a_number_s_own_settings_say_where_callbacks_go(twilio):
    with crm_module.Crm() as target:
        number = twilio.add_number("+97237654321")
        call = twilio.add_call("+972501234567", number.number)
        assert twilio.as_configured(number, call, target.url) is None
        number.settings["status_callback"] = "https://kol.example.com/t/abc/call_status?x=1#rc=2&rp=5xx"
        target.always("/t/abc/call_status", 503)
        sent = twilio.as_configured(number, call, target.url)
        assert len(sent.attempts) == 3 and target.requests()[0].query == "x=1"


def test_crm_agrees_with_the_official_verifier():
    from standardwebhooks.webhooks import Webhook
    secret = "whsec_" + base64.b64encode(bytes(range(24))).decode()
    from datetime import datetime, timezone
    now = datetime.now(timezone.utc)
    body = '{"version":1,"text":"שלום"}'
    signature = Webhook(secret).sign("evt_1", now, body)
    stamp = str(int(now.timestamp()))
    request = Request("POST", "/hook", "", [("webhook-id", "evt_1"), ("webhook-timestamp", stamp),
                                            ("Webhook-Signature", f"v1,AAAA {signature}")], body.encode(), 0.0)
    assert crm_module.verify(secret, request)["version"] == 1
    request.body += b" "
    with pytest.raises(crm_module.Refused):
        crm_module.verify(secret, request)


def test_composed_calls_have_two_channels_of_one_length():
    customer, business = calls.quiet_call(5)
    assert len(customer) == len(business) == 5 * 8000 * 2
    assert calls.wav_bytes(customer, business)[:4] == b"RIFF"
    assert calls.mulaw_wav_bytes(customer, business)[20:22] == b"\x07\x00"
    assert calls.mp3_bytes(customer, business)[0] == 0xFF
