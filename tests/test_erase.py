"""Deleting at Twilio: off by default, never before the file here was read back, and without any loss."""
import sqlite3

import pytest
from conftest import accepted, tone_wav, wait_until
from fakehttp import Step

DAY = 24 * 3600
FAST = DAY  # a day of Kol's waits takes a second


def wish(house, when):
    """What the business wants of its recordings at Twilio."""
    house.kol.run("business", "set", str(house.shop.id), f"--delete-at-twilio={when}")


def deletions(recording):
    """DELETE requests for this recording."""
    return [r for r in recording.sim.requests(recording.path + ".json") if r.method == "DELETE"]


def erasing(house, call, state=None):
    """The erase job of a call, once it is there (in this state)."""
    return wait_until(f"erase of {call.sid} {state or ''}", lambda: next(
        (j for j in house.jobs(call) if j["stage"] == "erase" and j["state"] == (state or j["state"])), None))


def audit(house):
    """Deletions in the audit log."""
    with sqlite3.connect(f"file:{house.kol.data}/kol.db?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("SELECT subject FROM audit WHERE action = 'recording.delete_at_twilio'")]


def test_never_is_the_default(house):
    call, recording = house.ring()
    house.wait_file(call)
    listed = house.kol.run_json("business", "list")["businesses"][0]
    assert listed["delete_remote_after_days"] is None
    wish(house, "verified")
    wish(house, "never")
    other, second = house.ring(caller="+972502222222")
    house.wait_file(other)
    assert not [j for j in house.jobs() if j["stage"] == "erase"]
    assert deletions(recording) == deletions(second) == []


def test_after_a_verified_download(house):
    wish(house, "verified")
    call, recording = house.ring()
    body = house.wait_file(call).body
    erasing(house, call, "done")
    assert len(deletions(recording)) == 1 and recording.status == "deleted"
    stored = house.stored(call)
    assert stored["remote_deleted_at_ms"] > stored["created_at_ms"] and stored["fetch_state"] == "local"
    assert audit(house) == [recording.sid]
    # Nothing that Twilio says about it afterwards takes away what is here.
    accepted(house.twilio.recording_status(call, recording, house.kol.url, status="absent", ErrorCode="16101"))
    assert house.kol.http("POST", f"/api/calls/{call.sid}/trigger", house.op).json()["status"] == "done"
    assert house.file(call).body == body
    assert house.stored(call)["fetch_state"] == "local"
    assert len(deletions(recording)) == 1


def test_after_days(make_house):
    house = make_house(test_wait_divisor=FAST)
    wish(house, 2)
    call, recording = house.ring()
    house.wait_file(call)
    job = erasing(house, call)
    assert job["due_at_ms"] - job["created_at_ms"] == pytest.approx(2000, abs=100)
    assert deletions(recording) == []
    erasing(house, call, "done")
    assert len(deletions(recording)) == 1


def test_the_business_changes_its_mind(make_house):
    house = make_house(test_wait_divisor=FAST)
    wish(house, 2)
    call, recording = house.ring()
    house.wait_file(call)
    erasing(house, call)
    wish(house, "never")
    erasing(house, call, "done")
    assert deletions(recording) == [] and house.stored(call)["remote_deleted_at_ms"] is None


def test_a_file_that_was_changed_keeps_the_one_at_twilio(make_house):
    house = make_house(test_wait_divisor=FAST)
    wish(house, 2)
    call, recording = house.ring()
    house.wait_file(call)
    path = house.audio_files()[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    job = erasing(house, call, "dead")
    assert "kept at Twilio" in job["error"] and "SHA-256" in job["error"]
    assert deletions(recording) == [] and audit(house) == []


def test_a_lost_file_keeps_the_one_at_twilio_until_it_is_back(make_house):
    house = make_house(test_wait_divisor=FAST)
    wish(house, 1)
    call, recording = house.ring()
    house.wait_file(call)
    house.audio_files()[0].unlink()
    wait_until("the erase job to be refused", lambda: "missing" in (erasing(house, call)["error"] or ""))
    assert deletions(recording) == []
    house.file(call)  # a player asks, and it is fetched again
    house.wait_file(call)
    erasing(house, call, "done")
    assert len(deletions(recording)) == 1


def test_only_the_recording_whose_file_is_here(make_house):
    """A better recording of the call took its place: the first one's only copy is at Twilio, and stays there."""
    house = make_house(test_wait_divisor=FAST)
    wish(house, 3)
    call, mono = house.new_call(channels=1)
    house.announce(call, mono)
    house.wait_file(call)
    dual = house.twilio.add_recording(call, wav=tone_wav(2), channels=2)
    accepted(house.twilio.recording_status(call, dual, house.kol.url))
    wait_until("the better one", lambda: house.file(call).body == dual.media["wav"])
    wait_until("both to be over", lambda: sorted(
        j["state"] for j in house.jobs(call) if j["stage"] == "erase") == ["dead", "done"])
    assert deletions(mono) == [] and len(deletions(dual)) == 1


def test_deleted_there_already_counts(make_house):
    house = make_house(test_wait_divisor=FAST)
    wish(house, 1)
    call, recording = house.ring()
    house.wait_file(call)
    recording.gone("deleted")
    erasing(house, call, "done")
    assert [r.status for r in deletions(recording)] == [404] and audit(house) == []


def test_failures_are_tried_again(make_house):
    house = make_house(test_wait_divisor=FAST)
    wish(house, 1)
    call, recording = house.ring()
    house.wait_file(call)
    recording.script("json", Step(429, {"Retry-After": "1"}), 500, Step(reset=True))
    erasing(house, call, "done")
    assert [r.status for r in deletions(recording)] == [429, 500, 0, 204]
    assert audit(house) == [recording.sid]


def test_wrong_wishes(house):
    for when in ("always", "-1", "1.5", "", "99999"):
        done = house.kol.run("business", "set", str(house.shop.id), f"--delete-at-twilio={when}", check=False)
        assert done.returncode != 0 and "--delete-at-twilio" in done.stderr, when
