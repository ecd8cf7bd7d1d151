"""The simulator itself: a mistake in it would be a mistake in every other test."""
import base64
import http.client
import json
import random
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import calls
import crm as crm_module
import pytest
import twilio_callbacks as callbacks
from fakehttp import Request, Step
from twilio_sim import TwilioSim, new_sid

SPEC = json.loads((Path(__file__).parent / "data" / "twilio-recordings-openapi.json").read_text())
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


def get(twilio, path, auth=True, method="GET", headers=None):
    """(status, headers, body) of a request to the simulator."""
    request = urllib.request.Request(twilio.url + path, method=method, headers=headers or {})
    if auth:
        user = auth if isinstance(auth, tuple) else (twilio.account_sid, twilio.auth_token)
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(user).encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def resource(twilio, recording):
    return json.loads(get(twilio, recording.path + ".json")[2])


def fits(value, schema, where=""):
    """Complains about each difference between a value and an OpenAPI schema of the cut."""
    if "$ref" in schema:
        schema = SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if value is None:
        return [] if schema.get("nullable") else [f"{where}: null"]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{where}: {value} is none of {schema['enum']}"]
    kinds = {"string": str, "integer": int, "number": (int, float), "object": dict, "array": list, "boolean": bool}
    if schema.get("type") and not isinstance(value, kinds[schema["type"]]):
        return [f"{where}: {value!r} is not {schema['type']}"]
    wrong = []
    if "pattern" in schema and not re.search(schema["pattern"], value):
        wrong.append(f"{where}: {value} does not match {schema['pattern']}")
    if "properties" in schema:
        names = set(schema["properties"])
        wrong += [f"{where}: {name} differs" for name in names ^ set(value)]
        for name in names & set(value):
            wrong += fits(value[name], schema["properties"][name], f"{where}.{name}")
    if schema.get("type") == "array":
        for item in value:
            wrong += fits(item, schema["items"], where + "[]")
    return wrong


def answer_schema(path):
    return SPEC["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]


A = "/2010-04-01/Accounts/{AccountSid}"


@pytest.mark.parametrize("spec_path, path", [
    (A + "/Recordings/{Sid}.json", "{recording}.json"),
    (A + "/Recordings.json", "/2010-04-01/Accounts/{account}/Recordings.json"),
    (A + "/Calls/{CallSid}/Recordings.json", "{call}/Recordings.json"),
    (A + "/Calls/{Sid}.json", "{call}.json"),
])
def test_resources_fit_the_published_schema(twilio, recorded, spec_path, path):
    call, recording = recorded
    recording.source = "DialVerb"  # StartCallRecordingTwiML is real, but not in the published list
    path = path.format(recording=recording.path, call=call.path, account=twilio.account_sid)
    status, _, body = get(twilio, path)
    assert status == 200
    assert fits(json.loads(body), answer_schema(spec_path)) == []


def test_media_types_and_ranges(twilio, recorded):
    _, recording = recorded
    for form, kind, size in (("", "audio/x-wav", 512), ("wav", "audio/x-wav", 512), ("mp3", "audio/mpeg", 203)):
        status, headers, body = get(twilio, recording.media_path(form))
        assert (status, headers["Content-Type"], len(body)) == (200, kind, size)
    status, headers, body = get(twilio, recording.media_path("mp3"), headers={"Range": "bytes=0-2"})
    assert (status, body, headers["Content-Range"]) == (206, b"ID3", "bytes 0-2/203")
    assert get(twilio, recording.media_path("mp3"), headers={"Range": "bytes=900-"})[0] == 416
    assert get(twilio, recording.path, method="HEAD")[2] == b""


def test_requested_channels(twilio):
    call = twilio.add_call("+972501234567", "+97237654321")
    mono = twilio.add_recording(call, wav=b"RIFF", channels=1)
    assert get(twilio, mono.path + "?RequestedChannels=2")[0] == 400
    assert get(twilio, mono.path + "?RequestedChannels=1")[0] == 200


def test_who_may_ask(twilio, recorded):
    _, recording = recorded
    status, headers, body = get(twilio, recording.path + ".json", auth=False)
    assert status == 401 and json.loads(body)["code"] == 20003 and "Basic" in headers["WWW-Authenticate"]
    assert get(twilio, recording.path, auth=(twilio.account_sid, "wrong"))[0] == 401
    assert get(twilio, recording.path, auth=twilio.add_api_key())[0] == 200
    other = new_sid("AC")
    twilio.add_account(other, "token")
    assert get(twilio, recording.path, auth=(other, "token"))[0] == 401


def test_not_found_is_json_for_resources_and_xml_for_media(twilio):
    path = f"/2010-04-01/Accounts/{twilio.account_sid}/Recordings/{new_sid('RE')}"
    status, headers, body = get(twilio, path + ".json")
    assert status == 404 and json.loads(body)["code"] == 20404
    status, headers, body = get(twilio, path + ".mp3")
    assert status == 404 and headers["Content-Type"] == "application/xml" and b"<Code>20404</Code>" in body


def test_durations_come_in_their_order(twilio, recorded):
    _, recording = recorded
    recording.durations = ["-1", None, "0", "", 13]
    seen = [(r["duration"], r["status"]) for r in (resource(twilio, recording) for _ in range(6))]
    assert seen == [("-1", "processing"), (None, "processing"), ("0", "processing"), ("", "processing"),
                    (13, "completed"), ("13", "completed")]


def test_a_list_uses_up_no_duration(twilio, recorded):
    _, recording = recorded
    recording.durations = ["-1"]
    get(twilio, f"/2010-04-01/Accounts/{twilio.account_sid}/Recordings.json")
    assert resource(twilio, recording)["duration"] == "-1"


def test_scripted_media(twilio, recorded):
    _, recording = recorded
    recording.script("mp3", 404, Step(429, {"Retry-After": "7"}), 500, Step(cut_after=10), Step(reset=True), None)
    path = recording.media_path("mp3")
    assert get(twilio, path)[0] == 404
    status, headers, body = get(twilio, path)
    assert (status, headers["Retry-After"]) == (429, "7") and b"20429" in body
    assert get(twilio, path)[0] == 500
    for _ in range(2):
        with pytest.raises((OSError, http.client.HTTPException)):
            get(twilio, path)
    assert get(twilio, path)[0] == 200
    recording.always("wav", 404)
    assert [get(twilio, recording.media_path("wav"))[0] for _ in range(3)] == [404] * 3


def test_absent_and_deleted(twilio, recorded):
    _, recording = recorded
    recording.gone("absent", 16102)
    found = resource(twilio, recording)
    assert (found["status"], found["error_code"], found["duration"]) == ("absent", 16102, None)
    assert get(twilio, recording.path)[0] == 404
    recording.status = "completed"
    assert get(twilio, recording.path + ".json", method="DELETE")[0] == 204
    assert get(twilio, recording.path + ".json")[0] == 404
    assert json.loads(get(twilio, recording.path + ".json?IncludeSoftDeleted=true")[2])["status"] == "deleted"


def test_lists_are_filtered_and_paged(twilio):
    one, two = (twilio.add_call("+97250000000", "+97237654321") for _ in range(2))
    now = time.time()
    for call, days in ((one, 0), (one, 1), (two, 2), (two, 3), (two, 4)):
        twilio.add_recording(call, wav=b"RIFF").started_at = now - days * 86400
    base = f"/2010-04-01/Accounts/{twilio.account_sid}/Recordings.json"

    def sids(query):
        return [r["sid"] for r in json.loads(get(twilio, base + query)[2])["recordings"]]

    everything = sids("")
    assert len(everything) == 5 and len(sids(f"?CallSid={two.sid}")) == 3
    day = time.strftime("%Y-%m-%d", time.gmtime(now - 2 * 86400))
    assert len(sids(f"?DateCreated={day}")) == 1
    assert len(sids(f"?DateCreated%3E={day}")) == 3 and len(sids(f"?DateCreated%3C={day}")) == 3
    seen, path = [], base + "?PageSize=2"
    while path:
        page = json.loads(get(twilio, path)[2])
        seen += [r["sid"] for r in page["recordings"]]
        path = page["next_page_uri"]
    assert seen == everything


def test_a_recording_can_be_started(twilio, recorded):
    call, _ = recorded
    status, _, body = get(twilio, call.path + "/Recordings.json", method="POST")
    assert status == 201 and json.loads(body)["status"] == "in-progress"


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


def test_every_callback_value_is_text(twilio, recorded):
    call, recording = recorded
    for params in (callbacks.recording_status(call, recording), callbacks.call_status(call, recording=recording),
                   callbacks.record_action(call, recording), callbacks.transcription(call, "content", 2, "hello")):
        assert all(isinstance(v, str) for v in params.values())
    assert not {"From", "To", "Direction"} & set(callbacks.recording_status(call, recording))


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
