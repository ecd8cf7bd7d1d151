"""kol business calibrate: which channel is the business, and what becomes of calls that were stored the other way round."""
import json
import sqlite3

import calls
import pytest
from conftest import accepted, wait_until

CUSTOMERS = ["My door is locked and I am outside.", "Do you also repair shutters?", "It is about the invoice.",
             "I need somebody in Haifa today.", "The key broke off in the lock.", "What does a new lock cost?"]


def heard(house, number: int, opening: str, business: int, source="DialVerb", number_of=None, opens_ms=800, direction="inbound"):
    """A call that was transcribed, its roles stored by the default: channel 1 is the customer."""
    ours, theirs = number_of or house.shop.number, f"+97250100{number:04d}"
    from_, to = (theirs, ours) if direction == "inbound" else (ours, theirs)
    call = house.twilio.add_call(from_, to, direction="inbound" if direction == "inbound" else "outbound-api")
    recording = house.twilio.add_recording(call, wav=b"x", source=source)
    accepted(house.twilio.call_status(call, house.kol.url))
    accepted(house.twilio.recording_status(call, recording, house.kol.url))
    lines = sorted([(opens_ms, business, opening), (3000, 1 - business, CUSTOMERS[number % len(CUSTOMERS)])])
    names = {0: ("customer", "Customer"), 1: ("agent", "Agent")}
    with sqlite3.connect(house.kol.data / "kol.db", timeout=20) as db:
        row, = db.execute("SELECT id FROM call WHERE call_sid = ?", (call.sid,))
        db.executemany("INSERT INTO segment (call_id, position, channel, role, start_ms, end_ms, text) VALUES (?,?,?,?,?,?,?)",
                       [(row[0], i, c, names[c][0], at, at + 900, text) for i, (at, c, text) in enumerate(lines)])
        db.execute("UPDATE call SET final_transcript = ?, offline_state = 'done' WHERE id = ?",
                   ("\n".join(f"{names[c][1]}: {text}" for _, c, text in lines), row[0]))
    return call


def calibrate(house, *more, business=None):
    """What the command says, and its exit status."""
    done = house.kol.run("business", "calibrate", str(business or house.shop.id), "--json", *more, check=False)
    return json.loads(done.stdout), done.returncode


def channel_map(house):
    return house.kol.http("GET", f"/api/businesses/{house.shop.id}", house.op).json()["channel_map"]


def test_the_greeting_tells_and_calls_are_corrected(house):
    """By the business's name; stored only with --apply; --relabel corrects what is stored, once, and tells the CRM."""
    made = [heard(house, n, "Galil Locks, how can I help you?", 0) for n in range(4)]
    found, status = calibrate(house)
    group, = found["groups"]
    assert status == 0 and not found["applied"] and channel_map(house) is None
    assert (group["key"], group["calls"], group["by"]) == ("DialVerb/inbound", 4, "greeting")
    assert (group["now"], group["proposed"]) == ("customer,agent", "agent,customer")
    assert group["evidence"]["greeting"] == {"channel_1": 4, "channel_2": 0}

    found, status = calibrate(house, "--apply", "--relabel")
    assert status == 0 and found["applied"] and found["relabelled"] == 4
    assert channel_map(house) == {"DialVerb/inbound": "agent,customer"}
    for n, call in enumerate(made):
        stored = house.stored(call)
        assert [(s["speaker"], s["channel"]) for s in stored["segments"]] == [("agent", 0), ("customer", 1)]
        assert stored["final_transcript"] == f"Agent: Galil Locks, how can I help you?\nCustomer: {CUSTOMERS[n]}"
        wait_until("the CRM to be told", lambda c=call, text=stored["final_transcript"]: [
            e for e in house.events(c) if e["final_transcript"] == text])
    answer = house.kol.http("GET", "/api/search?q=shutters", house.op).json()["calls"]
    assert [m["speaker"] for m in answer[0]["matches"] if m["field"] == "segments"] == ["customer"]
    found, status = calibrate(house, "--relabel")
    assert found["relabelled"] == 0 and found["groups"][0]["now"] == "agent,customer"


def test_each_source_and_direction_for_itself(house):
    for n in range(3):
        heard(house, n, "Galil Locks, hello.", 1)
        heard(house, n, "Galil Locks, hello.", 0, source="OutboundAPI", direction="outbound")
    for n in range(2):
        heard(house, n, "Galil Locks, hello.", 0, source="Trunking")
    found, status = calibrate(house, "--apply")
    told = {g["key"]: g["proposed"] for g in found["groups"]}
    assert status == 0
    assert told == {"DialVerb/inbound": "customer,agent", "OutboundAPI/outbound": "agent,customer", "Trunking/inbound": None}
    thin, = [g for g in found["groups"] if not g["proposed"]]
    assert "1 more" in thin["reason"]
    assert channel_map(house) == {"DialVerb/inbound": "customer,agent", "OutboundAPI/outbound": "agent,customer"}


def test_a_greeting_that_is_given_and_words_that_return(house):
    """--greeting decides where the name is not said; without one, words that return in call after call do."""
    for n in range(4):
        heard(house, n, "Good day, this is your locksmith speaking.", 0, opens_ms=5000)
    by_words, _ = calibrate(house)
    assert by_words["groups"][0]["by"] == "repeated" and by_words["groups"][0]["proposed"] == "agent,customer"
    given, _ = calibrate(house, "--greeting=your locksmith speaking")
    assert given["groups"][0]["by"] == "greeting"
    few, status = calibrate(house, "--calls=2", "--greeting=your locksmith speaking")
    assert status == 1 and few["groups"][0]["proposed"] is None


def test_thin_evidence_changes_nothing(house):
    """No calls, calls that do not agree: says what to do, stores nothing, exit status 1."""
    found, status = calibrate(house, "--apply")
    assert (found["groups"], status) == ([], 1)
    for n in range(6):
        heard(house, n, "Galil Locks, hello.", n % 2)
    found, status = calibrate(house, "--apply")
    assert status == 1 and found["groups"][0]["proposed"] is None and "do not agree" in found["groups"][0]["reason"]
    assert channel_map(house) is None
    text = house.kol.run("business", "calibrate", str(house.shop.id), check=False).stdout
    assert "not told" in text and "--channel-map" in text
    assert "Galil" not in text and "hello" not in text  # words of calls go to a terminal only


def test_other_businesses_are_left_alone(house):
    other = house.add_business("+97248888888", "Other Locks")
    theirs = [heard(house, n, "Galil Locks, hello.", 0, number_of=other.number) for n in range(4)]
    found, status = calibrate(house, "--apply", "--relabel")
    assert (found["groups"], found["relabelled"], status) == ([], 0, 1)
    assert house.stored(theirs[0])["segments"][0]["speaker"] == "customer"
    assert "no business 99" in house.kol.run("business", "calibrate", "99", check=False).stderr


def test_maps_are_checked(house):
    for bad in ('{"sideways": "customer,agent"}', '{"inbound": "customer"}', "[]", "{"):
        done = house.kol.run("business", "set", str(house.shop.id), f"--channel-map={bad}", check=False)
        assert done.returncode == 1 and "channel map" in done.stderr
    house.kol.run("business", "set", str(house.shop.id), '--channel-map={"realtime/inbound": "agent,customer"}')


@pytest.mark.release
@pytest.mark.slow
def test_with_calls_that_whisper_heard(make_house):
    """The business on channel 1, against the default: heard, told, corrected."""
    house = make_house(business=False, worker=True)
    house.add_business()
    made = []
    for n in range(3):
        sounds = calls.compose([("business", calls.prompt("vm-rec-name")), ("customer", calls.speech(CUSTOMERS[n]))])
        made.append(house.ring(wav=calls.wav_bytes(*reversed(sounds)), seconds=calls.seconds(*sounds), source="DialVerb",
                               caller=f"+97250111222{n}")[0])
    for call in made:
        wait_until("the transcript", lambda c=call: house.stored(c)["final_transcript"], 60)
    found, status = calibrate(house, "--greeting=after the tone say your name", "--apply", "--relabel")
    print(json.dumps(found), house.stored(made[0])["final_transcript"])
    assert status == 0 and found["groups"][0]["proposed"] == "agent,customer" and found["relabelled"] == 3
    for call in made:
        first = house.stored(call)["segments"][0]
        assert (first["channel"], first["speaker"]) == (0, "agent")
