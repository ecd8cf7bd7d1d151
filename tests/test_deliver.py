"""Outgoing webhooks: signature, schedule, Retry-After, no redirects, the address guard, and exactly one event."""
import json

import pytest
from conftest import accepted, payload_call, tone_wav, wait_until
from crm import Crm
from fakehttp import Step
from standardwebhooks.webhooks import Webhook

TURNS = [("inbound_track", "I need a locksmith in Haifa please.")]


def tries(house, call):
    """Requests about a call that reached the CRM, verified or not."""
    return [r.request for r in house.crm.received if call.sid.encode() in r.request.body]


def test_signature_by_the_official_package(house):
    call = house.realtime_call(TURNS)
    house.wait_events(call)
    sent, = tries(house, call)
    assert sent.method == "POST" and sent.header("Content-Type").startswith("application/json")
    headers = {k.lower(): v for k, v in sent.headers}
    payload = Webhook(house.shop.secret).verify(sent.body, headers)
    assert payload_call(payload)["call_sid"] == call.sid


def test_the_payload_has_the_promised_fields(house):
    call = house.realtime_call(TURNS)
    got, = house.wait_events(call)
    event = got["_event"]
    assert event["type"] == "call.completed"
    for name in ("call_sid", "business_id", "direction", "from_number", "to_number", "recording_url", "recording_sid",
                 "duration", "final_transcript", "full_conversation", "summary", "extracted_service",
                 "extracted_city", "extraction_confidence"):
        assert name in got, name
    lead = event["data"]["lead"]
    for name in ("id", "business_id", "phone", "name", "service_type", "city"):
        assert name in lead, name
    assert lead["phone"] == "+972501234567" and lead["city"] == "Haifa"
    assert event["data"]["version"] == 1
    assert len(json.dumps(event)) < 20_000


def test_retries_keep_the_id_and_follow_the_schedule(make_house):
    """0, 5 s, 5 min …: the same id and body every time, a timestamp per attempt."""
    house = make_house(test_wait_divisor=200)
    house.crm.script(house.shop.hook, Step(reset=True), 500, 503, None)
    call = house.realtime_call(TURNS)
    sent = wait_until("four tries", lambda: (lambda t: t if len(t) >= 4 else None)(tries(house, call)), 30)
    assert len({r.header("webhook-id") for r in sent}) == 1
    assert len({r.body for r in sent}) == 1
    gaps = [b.at - a.at for a, b in zip(sent, sent[1:])]
    assert 0.02 <= gaps[0] < 1.5 and 1.2 <= gaps[1] < 4 and gaps[2] > 5, gaps  # 5 s, 5 min, 30 min by 200
    assert all(r.payload is not None for r in house.crm.received)


def test_retry_after_is_honoured(make_house):
    """Real seconds: the schedule says 5 s, the CRM asks for 7."""
    house = make_house(test_wait_divisor=1, lookup_after_s=1)
    house.crm.script(house.shop.hook, Step(429, {"Retry-After": "7"}), None)
    call = house.realtime_call(TURNS)
    first, second = wait_until("the second try",
                               lambda: (lambda t: t if len(t) >= 2 else None)(tries(house, call)), 40)
    assert 6.5 < second.at - first.at < 12


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_failures(house, stranger, status):
    house.crm.script(house.shop.hook, Step(status, {"Location": stranger.url + "/elsewhere"}), None)
    call = house.realtime_call(TURNS)
    wait_until("the next try", lambda: len(tries(house, call)) >= 2)
    assert stranger.requests() == []


def test_410_disables_the_endpoint(house):
    house.crm.script(house.shop.hook, 410)
    call = house.realtime_call(TURNS)
    wait_until("the first try", lambda: tries(house, call))
    wait_until("the delivery to end", lambda: [j for j in house.jobs(call) if j["stage"] == "deliver"
                                               and j["state"] in ("dead", "cancelled", "paused", "done")])
    other = house.realtime_call(TURNS, caller="+972502222222")
    house.kol.wait_log(f"[OFFLINE_EXTRACT] Starting extraction for {other.sid}")
    assert house.stored(other)
    assert len(tries(house, call)) == 1 and len(tries(house, other)) == 0


def test_a_dead_crm_holds_nobody_up(house):
    """One business's endpoint hangs; another's webhooks go out."""
    second = house.add_business("+97248888888", "Second")
    house.crm.always(house.shop.hook, Step(delay_s=4))
    for number in range(3):
        house.realtime_call(TURNS, caller=f"+97250333333{number}")
    call = house.realtime_call(TURNS, number=second.number)
    house.wait_events(call, timeout_s=15)


def test_private_addresses_are_refused_at_send_time(make_house):
    """Only hosts in the configuration may be private; names and other spellings do not get around it."""
    house = make_house(business=False)
    with Crm(host="127.0.0.2") as hidden:
        port = hidden.port
        urls = [f"http://127.0.0.2:{port}/h", f"http://localhost:{port}/h", f"http://2130706434:{port}/h",
                f"http://0x7f000002:{port}/h", f"http://[::ffff:127.0.0.2]:{port}/h", f"http://127.2:{port}/h",
                f"http://0177.0.0.2:{port}/h", "http://169.254.169.254/latest", "file:///etc/passwd",
                f"gopher://127.0.0.2:{port}/h", f"https://user:pass@127.0.0.2:{port}/h"]
        for number, url in enumerate(urls):
            phone = f"+9724600{number:04d}"
            words = ["business", "add", "--name", f"b{number}", "--number", phone, "--language", "en",
                     "--timezone", "Asia/Jerusalem", "--webhook-url", url, "--json"]
            made = house.kol.run(*words, check=False)
            if made.returncode != 0:
                continue  # refused when it was set: good
            call = house.realtime_call(TURNS, number=phone)
            wait_until(f"{url} to fail", lambda c=call: [j for j in house.jobs(c) if j["stage"] == "deliver" and j["error"]])
        assert hidden.requests() == []


def test_unverified_when_the_secret_is_another(house):
    """The test CRM would notice: a wrong secret refuses."""
    house.crm.expect("whsec_" + "A" * 32, house.shop.hook)
    call = house.realtime_call(TURNS)
    wait_until("a refused try", lambda: tries(house, call))
    assert house.events(call) == []


def test_business_test_webhook(house):
    """`kol business test-webhook` sends a signed sample."""
    done = house.kol.run("business", "test-webhook", str(house.shop.id), check=False)
    assert done.returncode == 0, done.stderr
    wait_until("the sample", lambda: house.crm.payloads)


def test_a_business_without_webhook(house):
    quiet = house.add_business("+97247777777", "Quiet", webhook=None)
    call = house.realtime_call(TURNS, number=quiet.number)
    wait_until("the extraction", lambda: (house.stored(call) or {}).get("extracted_city") == "Haifa")
    assert tries(house, call) == []
    assert not [j for j in house.jobs(call) if j["state"] == "dead"]


def test_events_go_to_their_own_business(house):
    second = house.add_business("+97248888888", "Second")
    mine = house.realtime_call(TURNS)
    theirs = house.realtime_call(TURNS, caller="+972502222222", number=second.number)
    house.wait_events(mine)
    house.wait_events(theirs)
    assert [payload_call(p)["call_sid"] for p in house.crm.events(house.shop.hook)] == [mine.sid]
    assert [payload_call(p)["call_sid"] for p in house.crm.events(second.hook)] == [theirs.sid]


def test_the_player_cannot_hurry_a_delivery(house):
    """Playback never touches the full job's deliveries."""
    call, recording = house.new_call(wav=tone_wav())
    for sent in house.twilio.transcription(call, house.kol.url, TURNS):
        accepted(sent)
    house.announce(call, recording)
    house.wait_file(call)
    house.wait_events(call)
    for _ in range(5):
        house.file(call)
    assert len(house.events(call)) == 1
