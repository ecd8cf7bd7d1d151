"""The simulated REST API against Twilio's published description, and the rules that its documentation gives."""
import json
import re
import threading
import time

import pytest
from fakehttp import Step
from kolproc import wait_until
from simclient import answer_schema, ask, ask_json, fits
from twilio_model import KEPT_DELETED_S, SOURCES
from twilio_sim import TwilioSim, new_sid

A = "/2010-04-01/Accounts/{AccountSid}"


@pytest.fixture
def twilio():
    with TwilioSim() as sim:
        yield sim


@pytest.fixture
def recorded(twilio):
    """A call with a recording in both formats."""
    call = twilio.add_call("+972501234567", "+97237654321")
    return call, twilio.add_recording(call, wav=b"RIFF....WAVE" + bytes(500), mp3=b"ID3" + bytes(200))


def of_account(twilio, rest):
    return twilio.accounts[twilio.account_sid].path + rest


def resource(twilio, recording):
    return ask_json(twilio, recording.path + ".json")


def code_of(body):
    return json.loads(body)["code"]


# ---- the published description ----

@pytest.mark.parametrize("spec_path, path", [
    (A + "/Recordings/{Sid}.json", "{recording}.json"),
    (A + "/Recordings.json", "{account}/Recordings.json"),
    (A + "/Calls/{CallSid}/Recordings.json", "{call}/Recordings.json"),
    (A + "/Calls/{CallSid}/Recordings/{Sid}.json", "{of_call}"),
    (A + "/Calls/{Sid}.json", "{call}.json"),
    (A + "/Calls.json", "{account}/Calls.json"),
    (A + "/IncomingPhoneNumbers.json", "{account}/IncomingPhoneNumbers.json"),
    (A + "/IncomingPhoneNumbers/{Sid}.json", "{number}.json"),
])
def test_resources_fit_the_published_schema(twilio, recorded, spec_path, path):
    call, recording = recorded
    number = twilio.add_number(call.to, voice_url="https://kol.example.com/voice")
    recording.source = "DialVerb"  # StartCallRecordingTwiML is real, but not in the published list
    path = path.format(recording=recording.path, call=call.path, account=of_account(twilio, ""), number=number.path,
                       of_call=f"{call.path}/Recordings/{recording.sid}.json")
    assert fits(ask_json(twilio, path), answer_schema(spec_path)) == []


@pytest.mark.parametrize("status, error_code", [
    ("in-progress", None), ("paused", None), ("stopped", None), ("processing", None), ("completed", None),
    ("absent", 16102), ("deleted", None)])
def test_every_state_of_a_recording_fits(twilio, status, error_code):
    call = twilio.add_call("+972501234567", "+97237654321", status="in-progress")
    for source in set(SOURCES) - {"StartCallRecordingTwiML"}:
        recording = twilio.add_recording(call, seconds=None, source=source, channels=SOURCES[source])
        recording.gone(status, error_code)
    path = of_account(twilio, "/Recordings.json?IncludeSoftDeleted=true")
    rows = ask_json(twilio, path)
    assert {r["status"] for r in rows["recordings"]} == {status} and len(rows["recordings"]) == len(SOURCES) - 1
    assert fits(rows, answer_schema(A + "/Recordings.json")) == []
    assert fits(ask_json(twilio, call.path + ".json"), answer_schema(A + "/Calls/{Sid}.json")) == []


def test_what_was_made_or_changed_fits(twilio, recorded):
    call, _ = recorded
    number = twilio.add_number(call.to)
    made = ask_json(twilio, call.path + "/Recordings.json", form={"RecordingChannels": "dual"})
    assert fits(made, answer_schema(A + "/Calls/{CallSid}/Recordings.json", "post", "201")) == []
    assert (made["status"], made["channels"]) == ("in-progress", 2)
    stopped = ask_json(twilio, f"{call.path}/Recordings/{made['sid']}.json", form={"Status": "stopped"})
    assert fits(stopped, answer_schema(A + "/Calls/{CallSid}/Recordings/{Sid}.json", "post")) == []
    changed = ask_json(twilio, number.path + ".json", form={"VoiceUrl": "https://kol.example.com/v"})
    assert fits(changed, answer_schema(A + "/IncomingPhoneNumbers/{Sid}.json", "post")) == []


def test_the_check_itself_finds_what_is_wrong(twilio, recorded):
    schema = answer_schema(A + "/Recordings/{Sid}.json")
    right = resource(twilio, recorded[1]) | {"source": "DialVerb"}
    assert fits(right, schema) == []
    for name, value in (("sid", "RE12"), ("channels", "2"), ("channels", True), ("status", "ready"), ("uri", 5),
                        ("date_created", "2026-03-24T18:15:40Z"), ("duration", 13), ("source", "Magic"),
                        ("subresource_uris", {"a": 1}), ("status", None), ("more", 1)):
        assert fits(right | {name: value}, schema) != [], (name, value)
    assert fits({k: v for k, v in right.items() if k != "price"}, schema) == [": price differs"]


# ---- who may ask ----

def test_who_may_ask(twilio, recorded):
    _, recording = recorded
    status, headers, body = ask(twilio, recording.path + ".json", auth=False)
    assert status == 401 and code_of(body) == 20003 and "Basic" in headers["WWW-Authenticate"]
    assert headers["Content-Type"] == "application/json"
    assert ask(twilio, recording.path, auth=(twilio.account_sid, "wrong"))[0] == 401
    assert ask(twilio, recording.path, auth=twilio.add_api_key())[0] == 200
    other = twilio.add_account()
    assert ask(twilio, recording.path, auth=(other.sid, other.token))[0] == 401
    assert ask(twilio, recording.path, auth=twilio.add_api_key(other.sid))[0] == 401


def test_an_owner_sees_its_subaccounts_but_not_the_reverse(twilio):
    branch = twilio.add_account(owner=twilio.account_sid)
    call = twilio.add_call("+972501234567", "+97237654321", account_sid=branch.sid)
    own = (branch.sid, branch.token)
    assert ask(twilio, call.path + ".json")[0] == ask(twilio, call.path + ".json", auth=own)[0] == 200
    assert ask(twilio, of_account(twilio, "/Calls.json"), auth=own)[0] == 401
    assert ask_json(twilio, of_account(twilio, "/Calls.json"))["calls"] == []
    found = ask_json(twilio, branch.path + ".json", auth=own)
    assert (found["sid"], found["owner_account_sid"]) == (branch.sid, twilio.account_sid)
    assert ask(twilio, branch.path + ".json", auth=twilio.add_api_key(branch.sid))[0] == 401


def test_rotation_of_a_token(twilio, recorded):
    path, sid = recorded[1].path + ".json", twilio.account_sid
    new = twilio.accounts[sid].add_secondary()
    assert ask(twilio, path, auth=(sid, new))[0] == ask(twilio, path)[0] == 200
    twilio.accounts[sid].promote()
    assert ask(twilio, path, auth=(sid, new))[0] == 200 and ask(twilio, path)[0] == 401


def test_not_found_is_json_for_resources_and_xml_for_media(twilio):
    path = of_account(twilio, f"/Recordings/{new_sid('RE')}")
    status, _, body = ask(twilio, path + ".json")
    assert status == 404 and code_of(body) == 20404
    status, headers, body = ask(twilio, path + ".mp3")
    assert status == 404 and headers["Content-Type"] == "application/xml" and b"<Code>20404</Code>" in body
    assert ask(twilio, of_account(twilio, "/Recordings.json"), method="DELETE")[0] == 405


@pytest.mark.parametrize("retry_after", [None, "7"])
def test_too_many_requests(twilio, recorded, retry_after):
    step = Step(429, {"Retry-After": retry_after} if retry_after else {})
    twilio.script_matching(r"^GET .*/Recordings\.json\?.*CallSid=", step)
    path = of_account(twilio, "/Recordings.json")
    assert ask(twilio, path)[0] == 200
    status, headers, body = ask(twilio, f"{path}?CallSid={recorded[0].sid}")
    assert (status, code_of(body), headers["Retry-After"]) == (429, 20429, retry_after)
    assert ask(twilio, f"{path}?CallSid={recorded[0].sid}")[0] == 200


def test_too_many_requests_at_once(twilio, recorded):
    _, recording = recorded
    twilio.max_concurrent = 2
    recording.always("wav", Step(bytes_per_s=800))
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(twilio, recording.media_path("wav"))[0]))
               for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_until("two downloads", lambda: twilio.active[twilio.account_sid] == 2, 5)
    assert ask(twilio, recording.path + ".json")[0] == 429
    for thread in threads:
        thread.join()
    assert answers == [200, 200] and twilio.peak[twilio.account_sid] == 3
    wait_until("all to be over", lambda: twilio.active[twilio.account_sid] == 0, 5)
    assert ask(twilio, recording.path + ".json")[0] == 200


# ---- recordings ----

def test_durations_come_in_their_order(twilio, recorded):
    _, recording = recorded
    recording.durations = ["-1", None, "0", "", 13]
    seen = [(r["duration"], r["status"]) for r in (resource(twilio, recording) for _ in range(6))]
    assert seen == [("-1", "processing"), (None, "processing"), ("0", "processing"), ("", "processing"),
                    (13, "completed"), ("13", "completed")]


def test_a_list_uses_up_no_duration(twilio, recorded):
    _, recording = recorded
    recording.durations = ["-1"]
    ask(twilio, of_account(twilio, "/Recordings.json"))
    assert resource(twilio, recording)["duration"] == "-1"


def test_a_fetch_knows_only_processing_and_completed(twilio, recorded):
    call, recording = recorded
    for status in ("in-progress", "paused", "stopped", "processing"):
        recording.status = status
        assert resource(twilio, recording)["status"] == "processing"
        assert ask_json(twilio, call.path + "/Recordings.json")["recordings"][0]["status"] == status
        assert ask(twilio, recording.path)[0] == 404
    recording.finish(mp3=b"ID3", seconds=4)
    assert (resource(twilio, recording)["status"], resource(twilio, recording)["duration"]) == ("completed", "4")


def test_deleting(twilio, recorded):
    call, recording = recorded
    path, soft = recording.path + ".json", recording.path + ".json?IncludeSoftDeleted=true"
    recording.status = "processing"
    status, _, body = ask(twilio, path, method="DELETE")
    assert status == 409 and "not completed" in json.loads(body)["message"]
    recording.status = "completed"
    status, headers, body = ask(twilio, path, method="DELETE")
    assert (status, body, headers["Content-Length"]) == (204, b"", None)
    assert ask(twilio, path)[0] == ask(twilio, recording.path)[0] == ask(twilio, path, method="DELETE")[0] == 404
    assert ask_json(twilio, soft)["status"] == "deleted"
    listing = of_account(twilio, "/Recordings.json")
    assert ask_json(twilio, listing)["recordings"] == ask_json(twilio, call.path + "/Recordings.json")["recordings"] == []
    assert len(ask_json(twilio, listing + "?IncludeSoftDeleted=true")["recordings"]) == 1
    recording.deleted_at -= KEPT_DELETED_S
    assert ask(twilio, soft)[0] == 404
    assert ask_json(twilio, listing + "?IncludeSoftDeleted=true")["recordings"] == []


def test_an_absent_recording_says_why(twilio, recorded):
    _, recording = recorded
    recording.gone("absent", 16102)
    found = resource(twilio, recording)
    assert (found["status"], found["error_code"], found["duration"]) == ("absent", 16102, None)
    assert ask(twilio, recording.path)[0] == 404


# ---- lists ----

@pytest.fixture
def many(twilio):
    """Recordings of two calls, 0 to 4 days old; the last one is a conference's."""
    one, two = (twilio.add_call("+97250000000", "+97237654321") for _ in range(2))
    now = time.time() // 86400 * 86400 + 3600 * 12
    found = []
    for call, days in ((one, 0), (one, 1), (two, 2), (two, 3), (two, 4)):
        found.append(twilio.add_recording(call, wav=b"RIFF", conference_sid="CF" + "1" * 32 if days == 4 else None))
        found[-1].started_at = now - days * 86400
    return one, two, now, found


def sids(twilio, query):
    rows = ask_json(twilio, of_account(twilio, "/Recordings.json") + query)["recordings"]
    return [r["sid"] for r in rows]


def test_lists_are_filtered(twilio, many):
    one, two, now, found = many
    everything = [r.sid for r in found]
    assert sids(twilio, "") == everything  # newest first
    assert sids(twilio, f"?CallSid={two.sid}") == everything[2:]
    assert sids(twilio, "?ConferenceSid=CF" + "1" * 32) == everything[4:]
    assert sids(twilio, "?ConferenceSid=CF" + "2" * 32) == []
    day = time.strftime("%Y-%m-%d", time.gmtime(now - 2 * 86400))
    assert sids(twilio, f"?DateCreated={day}") == everything[2:3]
    assert sids(twilio, f"?DateCreated%3E={day}") == everything[:3]
    assert sids(twilio, f"?DateCreated%3C={day}") == everything[2:]
    assert sids(twilio, f"?DateCreated%3E={day}&DateCreated%3C={day}") == everything[2:3]
    exact = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 2 * 86400))
    late = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 2 * 86400 + 1))
    assert sids(twilio, f"?DateCreated={exact}") == everything[2:3] and sids(twilio, f"?DateCreated={late}") == []
    assert sids(twilio, f"?DateCreated%3E={exact}") == everything[:3]
    assert sids(twilio, f"?DateCreated%3E={late}") == everything[:2]
    assert sids(twilio, f"?DateCreated%3C={exact}") == everything[2:]
    rows = ask_json(twilio, one.path + f"/Recordings.json?DateCreated%3C={day}")["recordings"]
    assert rows == []


@pytest.mark.parametrize("query", ["PageSize=x", "PageSize=0", "PageSize=-1", "Page=1", "Page=-1", "PageToken=PAx",
                                   "DateCreated=yesterday", "DateCreated%3E=2026-13-01", "CallSid=CA1",
                                   "ConferenceSid=RE" + "0" * 32, "IncludeSoftDeleted=perhaps",
                                   "PageToken=PARE" + "0" * 32])
def test_bad_parameters_are_refused(twilio, many, query):
    status, _, body = ask(twilio, of_account(twilio, "/Recordings.json?" + query))
    assert status == 400 and code_of(body) == 20001


def walk(twilio, path, name, link="next_page_uri"):
    """All pages from one on."""
    pages = []
    while path:
        pages.append(ask_json(twilio, path))
        path = pages[-1][link]
        assert path is None or path.startswith("/2010-04-01/")
    return [row["sid"] for page in pages for row in page[name]], pages


def test_paging(twilio, many):
    everything = sids(twilio, "")
    seen, pages = walk(twilio, of_account(twilio, "/Recordings.json?PageSize=2"), "recordings")
    assert seen == everything
    assert [(p["page"], p["page_size"], p["start"], p["end"]) for p in pages] == [
        (0, 2, 0, 1), (1, 2, 2, 3), (2, 2, 4, 4)]
    assert pages[0]["previous_page_uri"] is None and pages[2]["next_page_uri"] is None
    _, back = walk(twilio, pages[2]["previous_page_uri"], "recordings", "previous_page_uri")
    assert [r["sid"] for r in back[0]["recordings"]] == everything[2:4]
    assert [r["sid"] for r in back[1]["recordings"]] == everything[:2]
    assert ask_json(twilio, pages[1]["first_page_uri"])["recordings"] == pages[0]["recordings"]
    assert all(re.search("PageSize=2", p["uri"]) for p in pages)


def test_page_sizes(twilio, many):
    call = many[0]
    for _ in range(60):
        twilio.add_recording(call)
    assert len(sids(twilio, "")) == 50 and len(sids(twilio, "?PageSize=1000")) == 65
    assert ask_json(twilio, of_account(twilio, "/Recordings.json?PageSize=5000"))["page_size"] == 1000
    seen, pages = walk(twilio, of_account(twilio, f"/Recordings.json?CallSid={call.sid}"), "recordings")
    assert len(seen) == len(set(seen)) == 62 and len(pages) == 2
    assert f"CallSid={call.sid}" in pages[0]["next_page_uri"]


def test_what_changes_meanwhile_shifts_no_page(twilio, many):
    everything, found = sids(twilio, ""), many[3]
    first = ask_json(twilio, of_account(twilio, "/Recordings.json?PageSize=2"))
    twilio.add_recording(many[0]).started_at = many[2] + 60
    found[1].gone()  # the row that the token names
    second = ask_json(twilio, first["next_page_uri"])
    assert [r["sid"] for r in second["recordings"]] == everything[2:4]


def test_calls_are_listed(twilio):
    parent = twilio.add_call("+97250000000", "+97237654321")
    child = twilio.add_call("+97237654321", "+97250000001", parent_call_sid=parent.sid, status="busy")
    parent.started_at -= 2 * 86400

    def listed(query=""):
        return [c["sid"] for c in ask_json(twilio, of_account(twilio, "/Calls.json" + query))["calls"]]

    assert listed() == [child.sid, parent.sid]
    assert listed("?Status=busy") == listed(f"?ParentCallSid={parent.sid}") == [child.sid]
    assert listed("?To=%2B97237654321") == listed("?From=%2B97250000000") == [parent.sid]
    day = time.strftime("%Y-%m-%d", time.gmtime(parent.started_at))
    assert listed(f"?StartTime={day}") == listed(f"?EndTime%3C={day}") == [parent.sid]
    assert walk(twilio, of_account(twilio, "/Calls.json?PageSize=1"), "calls")[0] == listed()


# ---- numbers ----

def test_numbers_are_listed_and_changed(twilio):
    numbers = [twilio.add_number(f"+9723765432{n}") for n in range(3)]
    other = twilio.add_account(owner=twilio.account_sid)
    twilio.add_number("+97237654399", account_sid=other.sid)
    path = of_account(twilio, "/IncomingPhoneNumbers.json")

    def listed(query=""):
        return sorted(n["phone_number"] for n in ask_json(twilio, path + query)["incoming_phone_numbers"])

    assert listed() == [n.number for n in numbers]
    assert listed("?PhoneNumber=%2B97237654321") == listed("?PhoneNumber=+97237654321") == [numbers[1].number]
    assert len(listed("?PhoneNumber=7654*9")) == 0 and len(listed("?PhoneNumber=765432*")) == 3
    assert len(walk(twilio, path + "?PageSize=2", "incoming_phone_numbers")[0]) == 3
    new = {"VoiceUrl": "https://kol.example.com/voice?a=1#rc=5", "VoiceMethod": "get",
           "StatusCallback": "https://kol.example.com/status", "FriendlyName": "Shop"}
    changed = ask_json(twilio, numbers[0].path + ".json", form=new)
    assert changed == ask_json(twilio, numbers[0].path + ".json")
    assert [changed[name] for name in ("voice_url", "voice_method", "status_callback", "friendly_name")] == [
        new["VoiceUrl"], "GET", new["StatusCallback"], "Shop"]
    assert changed["sms_method"] == "POST" and numbers[1].settings["voice_url"] == ""
    assert ask_json(twilio, numbers[0].path + ".json", form={"VoiceUrl": ""})["voice_url"] == ""
    application = ask_json(twilio, numbers[0].path + ".json", form={"TrunkSid": "TK" + "1" * 32})
    assert application["trunk_sid"] and not application["voice_application_sid"]
    assert ask(twilio, numbers[0].path + ".json", auth=(other.sid, other.token), form=new)[0] == 401


@pytest.mark.parametrize("form", [{"VoiceUrl": "kol.example.com"}, {"StatusCallback": "ftp://x/y"},
                                  {"VoiceMethod": "PUT"}, {"VoiceApplicationSid": "x"}])
def test_bad_settings_of_a_number_are_refused(twilio, form):
    number = twilio.add_number("+97237654321")
    before = dict(number.settings)
    assert ask(twilio, number.path + ".json", form=form)[0] == 400 and number.settings == before
