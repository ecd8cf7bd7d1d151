"""Callbacks in: what is stored, for whom, and that duplicates, disorder, replays and nonsense do no harm."""
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlencode

import pytest
import twilio_callbacks as callbacks
from conftest import CALLER, NUMBER, accepted, rows, tone_mp3, tone_wav, wait_until
from kolproc import request
from twilio_sim import new_sid


def calls_of(house, key=None):
    return rows(house.kol.get("/api/calls", key or house.op), "calls")


def test_the_road_from_callback_to_file(house):
    """Both callbacks, then the recording is local and the call's fields are there."""
    call, recording = house.ring(mp3=tone_mp3())
    answer = house.wait_file(call)
    assert answer.body == recording.media["mp3"]
    stored = house.stored(call)
    assert stored["call_sid"] == call.sid and stored["business_id"] == house.shop.id
    assert (stored["from_number"], stored["to_number"], stored["direction"]) == (CALLER, NUMBER, "inbound")
    assert stored["recording_sid"] == recording.sid
    assert stored["recording_url"] == f"https://api.twilio.com{recording.path}"
    assert int(stored["duration"]) == recording.seconds
    for line in (f"✅ Recording queued for processing: {call.sid}", f"✅ [OFFLINE_STT] Job enqueued for {call.sid}"):
        house.kol.wait_log(line)


def test_a_json_url_is_stored_as_mp3(house):
    call, recording = house.new_call()
    house.announce(call, recording, RecordingUrl=f"https://api.twilio.com{recording.path}.json")
    assert house.stored(call)["recording_url"] == f"https://api.twilio.com{recording.path}.mp3"
    house.wait_file(call)


def test_only_the_recording_callback_comes(house):
    """It carries no numbers: the job asks Twilio for the call, the answer to the callback does not wait for that."""
    call, recording = house.new_call()
    accepted(house.twilio.recording_status(call, recording, house.kol.url))
    house.wait_file(call)
    stored = house.stored(call, house.shop.key)
    assert stored and stored["business_id"] == house.shop.id and stored["from_number"] == CALLER
    assert house.twilio.requests(call.path + ".json")


def test_the_answer_never_waits_for_twilio(house):
    """Twilio's REST API hangs: the callback is answered all the same."""
    from fakehttp import Step
    call, recording = house.new_call()
    house.twilio.script(call.path + ".json", Step(delay_s=5))
    sent = accepted(house.twilio.recording_status(call, recording, house.kol.url))
    assert sent.last.seconds < 2


def test_outbound_calls_have_the_business_number_in_from(house):
    call, recording = house.new_call(caller=NUMBER, number="+972541112222")
    call.direction = "outbound-api"
    house.announce(call, recording)
    stored = house.stored(call, house.shop.key)
    assert stored["business_id"] == house.shop.id and stored["direction"].startswith("outbound")


def test_outbound_found_by_rest(house):
    call, recording = house.new_call(caller=NUMBER, number="+972541112222")
    call.direction = "outbound-api"
    accepted(house.twilio.recording_status(call, recording, house.kol.url))
    wait_until("the call to find its business", lambda: house.stored(call, house.shop.key))


def test_duplicates_at_the_same_moment(house):
    """Forty deliveries of the same callbacks make one call, one job, one download."""
    call, recording = house.new_call()
    with ThreadPoolExecutor(16) as pool:
        sent = [pool.submit(house.twilio.recording_status, call, recording, house.kol.url) for _ in range(20)]
        sent += [pool.submit(house.twilio.call_status, call, house.kol.url) for _ in range(20)]
        for one in sent:
            accepted(one.result())
    house.wait_file(call)
    assert len([c for c in calls_of(house) if c["call_sid"] == call.sid]) == 1
    assert len([r for r in recording.fetches() if r.status == 200]) == 1
    assert len(house.kol.logged(f"Recording queued for processing: {call.sid}")) == 1


def test_replays_after_all_is_done(house):
    call, recording = house.ring()
    house.wait_file(call)
    before = len(recording.fetches())
    for _ in range(3):
        house.announce(call, recording)
    other, _ = house.ring(caller="+972502222222")
    house.wait_file(other)
    assert len(recording.fetches()) == before
    assert len(calls_of(house)) == 2


@pytest.mark.parametrize("order", ["completed, in-progress", "recording first", "old sequence last"])
def test_disorder(house, order):
    call, recording = house.new_call()
    url = house.kol.url
    if order == "completed, in-progress":
        accepted(house.twilio.recording_status(call, recording, url))
        accepted(house.twilio.recording_status(call, recording, url, "in-progress", RecordingDuration="-1"))
        accepted(house.twilio.call_status(call, url))
    elif order == "recording first":
        accepted(house.twilio.recording_status(call, recording, url))
        accepted(house.twilio.call_status(call, url))
    else:
        house.announce(call, recording)
        accepted(house.twilio.call_status(call, url, "ringing", 1))
        accepted(house.twilio.call_status(call, url, "in-progress", 2))
    house.wait_file(call)
    stored = house.stored(call)
    assert stored["recording_sid"] == recording.sid and int(stored["duration"]) == recording.seconds
    if order == "old sequence last":
        assert stored["status"] == "completed"


def test_unknown_number_is_kept_and_released(house):
    """A signed callback for a number without business is stored, hidden from businesses, and released later."""
    late = "+97248888888"
    call, recording = house.new_call(number=late)
    house.announce(call, recording)
    assert house.stored(call) is not None
    assert house.stored(call, house.shop.key) is None
    assert not house.stored(call).get("business_id")
    business = house.add_business(late, "Late Plumbing")
    wait_until("the call to be released", lambda: house.stored(call, business.key))
    house.wait_file(call)
    assert house.stored(call, house.shop.key) is None


def test_another_accounts_callback_is_refused(house):
    """Correctly signed with our token, but for an account that is not ours."""
    call, recording = house.new_call()
    other = new_sid("AC")
    sent = house.twilio.recording_status(call, recording, house.kol.url, AccountSid=other)
    assert sent.status == 403
    assert house.stored(call) is None
    url_of_other = f"https://api.twilio.com/2010-04-01/Accounts/{other}/Recordings/{recording.sid}"
    sent = house.twilio.recording_status(call, recording, house.kol.url, RecordingUrl=url_of_other)
    assert sent.status == 403
    assert house.stored(call) is None


def test_a_recording_url_on_another_host_is_not_followed(house, stranger):
    """The SIDs decide; the strange host sees nothing, and the log says it loudly."""
    call, recording = house.new_call()
    house.announce(call, recording, RecordingUrl=f"{stranger.url}{recording.path}")
    house.wait_file(call)
    assert stranger.requests() == []
    assert house.kol.logged(r"(WARN|⚠️|ERROR|❌).*(host|RecordingUrl|recording URL)")


BAD_SIDS = ["../../etc/passwd", "CA" + "g" * 32, "CA123", "ca" + "0" * 32, "CA" + "0" * 33, "CA" + "0" * 31 + "\0",
            "CA" + "0" * 30 + "/.", "", "CA" + "0" * 16 + "\r\n" + "0" * 14, "CA" + "é" * 32]


@pytest.mark.parametrize("field", ["CallSid", "RecordingSid", "AccountSid"])
def test_malformed_sids(house, field):
    call, recording = house.new_call()
    for bad in BAD_SIDS:
        bad = bad if field == "CallSid" else bad.replace("CA", {"RecordingSid": "RE", "AccountSid": "AC"}[field])
        sent = house.twilio.recording_status(call, recording, house.kol.url, **{field: bad})
        assert sent.status in (400, 403), f"{bad!r}: {sent.status}"
    assert calls_of(house) == []
    assert house.audio_files() == []


def test_a_sid_with_dots_in_the_recording_url(house):
    call, recording = house.new_call()
    bad = f"https://api.twilio.com/2010-04-01/Accounts/{call.account_sid}/Recordings/../../../etc/passwd"
    sent = house.twilio.recording_status(call, recording, house.kol.url, RecordingUrl=bad)
    assert sent.status in (200, 204, 400)
    assert not [r for r in house.twilio.requests() if ".." in r.path or "passwd" in r.path]


def test_body_too_large(house):
    body = urlencode({"CallSid": new_sid("CA"), "Padding": "x" * 2_000_000})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "AAAA"}
    try:
        status = house.kol.http("POST", "/webhook/recording_status", body=body, headers=headers).status
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # it said no and hung up before all was sent
    assert status == 413
    assert house.kol.http("GET", "/healthz").status == 200


@pytest.mark.parametrize("body", [b"", b"%", b"CallSid=%zz&AccountSid=%", b"\x00\x01\xff\xfe", b"&&&===&", b"a=" + b"%00" * 99,
                                  "CallSid=\xff".encode("latin-1")])
def test_malformed_bodies(house, body):
    """A right signature over nonsense is still nonsense."""
    decoded = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    url = house.twilio.public_url + "/webhook/recording_status"
    signature = callbacks.sign(house.twilio.auth_token, url, decoded)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    answer = house.kol.http("POST", "/webhook/recording_status", body=body, headers=headers)
    assert answer.status in (400, 403)
    assert calls_of(house) == []


def test_other_methods_and_paths(house):
    assert house.kol.http("PUT", "/webhook/recording_status", body=b"").status in (404, 405)
    assert house.kol.http("DELETE", "/webhook/call_status").status in (404, 405)
    assert house.kol.http("POST", "/webhook/nothing", body=b"").status in (401, 404)


def test_record_action_is_answered_with_twiml(house):
    call, recording = house.new_call(channels=1)
    sent = accepted(house.twilio.record_action(call, recording, house.kol.url))
    assert "xml" in sent.last.headers.get("Content-Type", "") and b"<Response" in sent.last.body
    house.wait_file(call)
    assert house.stored(call)["business_id"] == house.shop.id


def test_record_action_and_status_callback_are_one_job(house):
    call, recording = house.new_call()
    accepted(house.twilio.record_action(call, recording, house.kol.url))
    house.announce(call, recording)
    house.wait_file(call)
    assert len([r for r in recording.fetches() if r.status == 200]) == 1


def test_existing_recording_is_found_by_call_sid(house):
    """A call completes and no recording callback comes: the recording is looked up."""
    call, recording = house.new_call()
    accepted(house.twilio.call_status(call, house.kol.url))
    house.kol.wait_log(f"✅ Found existing recording for {call.sid}: {recording.path}.json")
    house.wait_file(call)
    assert house.stored(call)["recording_sid"] == recording.sid


def test_no_look_up_when_the_callback_came(house):
    call, recording = house.ring()
    house.wait_file(call)
    assert not house.kol.logged(f"Found existing recording for {call.sid}")


def test_absent_recording(house):
    """`absent` ends the wait for it: playback is 404, Twilio is not asked for the media."""
    call, recording = house.new_call()
    recording.gone("absent", 16102)
    house.announce(call, recording, RecordingStatus="absent", ErrorCode="16102", RecordingDuration="0")
    wait_until("playback to say 404", lambda: house.file(call).status == 404)
    assert not [r for r in recording.fetches() if r.status == 200]


def test_in_progress_starts_no_download(house):
    call, recording = house.new_call()
    accepted(house.twilio.call_status(call, house.kol.url, "in-progress", 2))
    accepted(house.twilio.recording_status(call, recording, house.kol.url, "in-progress"))
    other, _ = house.ring(caller="+972502222222")
    house.wait_file(other)
    assert recording.fetches() == []


def test_the_two_channel_recording_is_the_calls(house):
    """A better recording of the same call replaces the first one, whole."""
    call, mono = house.new_call(wav=tone_wav(hz=300), channels=1)
    house.announce(call, mono)
    house.wait_file(call)
    dual = house.twilio.add_recording(call, wav=tone_wav(hz=600), channels=2)
    accepted(house.twilio.recording_status(call, dual, house.kol.url))
    wait_until("the better recording", lambda: house.file(call).body == dual.media["wav"])
    assert house.stored(call)["recording_sid"] == dual.sid
    late_mono = house.twilio.add_recording(call, wav=tone_wav(hz=900), channels=1)
    accepted(house.twilio.recording_status(call, late_mono, house.kol.url))
    other, _ = house.ring(caller="+972502222222")
    house.wait_file(other)
    assert house.stored(call)["recording_sid"] == dual.sid


@pytest.mark.parametrize("channels", [1, 2])
def test_of_equal_recordings_the_longest_is_the_calls(house, channels):
    call, short = house.new_call(wav=tone_wav(hz=300), channels=channels, seconds=5)
    house.announce(call, short)
    house.wait_file(call)
    longer = house.twilio.add_recording(call, wav=tone_wav(hz=600), channels=channels, seconds=50)
    accepted(house.twilio.recording_status(call, longer, house.kol.url))
    wait_until("the longer recording", lambda: house.file(call).body == longer.media["wav"])


def test_accepted_means_stored(house):
    """kill -9 right after the answer: the call and its job are there after the next start."""
    made = []
    for number in range(5):
        call, recording = house.new_call(caller=f"+9725000000{number:02d}")
        house.announce(call, recording)
        made.append(call)
    house.kol.kill()
    house.kol.restart()
    for call in made:
        house.wait_file(call)


def test_withheld_callers_get_a_lead_each_and_others_share_one(house):
    """050-… and +97250… are one caller; `anonymous` and Twilio's digits for it are nobody."""
    same = ["+972501234567", "0501234567", "050-123-4567"]
    withheld = ["", "anonymous", "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"]
    turns = [("inbound_track", "Hello, I need a locksmith in Haifa.")]
    for caller in same + withheld:
        call = house.realtime_call(turns, caller=caller)
        house.wait_events(call)
    leads = rows(house.kol.get("/api/leads?limit=100", house.op), "leads")
    assert len(leads) == 1 + len(withheld)


def test_smuggling_shapes_are_refused(house):
    """Ambiguous framing never reaches the application."""
    import socket
    for head in ("Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                 "Transfer-Encoding: gzip\r\n", "Host: two\r\n"):
        with socket.create_connection(("127.0.0.1", house.kol.port), 10) as conn:
            conn.sendall(f"POST /webhook/call_status HTTP/1.1\r\nHost: one\r\n{head}\r\na=b\n".encode())
            answer = conn.recv(200)
        assert answer == b"" or answer.split()[1] in (b"400", b"501", b"411"), f"{head!r}: {answer[:60]!r}"
    assert request(house.kol.port, "GET", "/healthz").status == 200
