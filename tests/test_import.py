"""What happened before Kol, or while nobody told it: kol import, and the recording of one call on request."""
import json
import sqlite3
import subprocess
import time
from datetime import datetime, timedelta, timezone

from conftest import accepted, tone_wav, wait_until
from twilio_sim import new_sid

DAY = 24 * 3600
WAV = tone_wav(0.05)


def query(house, sql: str, *args) -> list:
    """Rows of the database, read beside the server."""
    with sqlite3.connect(f"file:{house.kol.data / 'kol.db'}?mode=ro", uri=True) as db:
        return db.execute(sql, args).fetchall()


def day(days_ago: float) -> str:
    """A date so many days ago."""
    return (datetime.now(timezone.utc) - timedelta(days=days_ago)).strftime("%Y-%m-%d")


def old_call(house, days_ago: float, number: str | None = None, **recording):
    """A recorded call of long ago; nobody told Kol."""
    at = time.time() - days_ago * DAY
    call = house.twilio.add_call("+972501234567", number or house.shop.number, started_at=at)
    made = house.twilio.add_recording(call, wav=WAV, **recording)
    made.started_at = at
    return call, made


def imported(house, *words) -> dict:
    """The one account's row of kol import --json."""
    row, = house.kol.run_json("import", *words)["accounts"]
    return row


# ---- kol import --since ----

def test_a_backlog(house):
    """Found, new, known, gone, of no business; a dry run does nothing, and a second run finds all known."""
    calls = [old_call(house, 10 + n)[0] for n in range(5)]
    stranger, _ = old_call(house, 12, number="+97239999999")
    old_call(house, 13)[1].gone("deleted")
    old_call(house, 14)[1].status = "in-progress"
    old_call(house, 40)
    known, _ = house.ring()
    house.wait_file(known)
    expected = {"found": 9, "new": 6, "known": 1, "gone": 1, "no_business": 1, "being_recorded": 1, "left_out": 0}

    dry = imported(house, "--since", day(30), "--dry-run")
    assert {k: dry[k] for k in expected} == expected
    assert query(house, "SELECT count(*) FROM call") == [(1,)]

    row = imported(house, "--since", day(30))
    assert {k: row[k] for k in expected} == expected and row["error"] is None
    for call in calls:
        house.wait_file(call)
    assert house.stored(stranger)["business_id"] is None
    assert {round(house.stored(c)["started_at_ms"] / 1000) for c in calls} == {int(c.started_at) for c in calls}

    again = imported(house, "--since", day(30))
    assert (again["new"], again["known"]) == (0, 7)
    assert query(house, "SELECT count(*), count(DISTINCT subject) FROM job WHERE stage = 'fetch' AND kind = 'full'") == [(7, 7)]
    text = house.kol.run("import", "--since", day(30)).stdout
    assert f"account {house.twilio.account_sid}: 9 found, 0 new, 7 known, 1 gone, 0 of no business, 1 being recorded" in text


def test_a_part_of_it(house):
    """--until takes the whole of its day; another account is refused with what to do."""
    inside, _ = old_call(house, 20)
    old_call(house, 10)
    assert imported(house, "--since", day(22), "--until", day(18), "--account", house.twilio.account_sid)["new"] == 1
    house.wait_file(inside)
    done = house.kol.run("import", "--since", day(22), "--account", "AC" + "0" * 32, check=False)
    assert done.returncode == 1 and "AC" + "0" * 32 in done.stderr
    for wrong in (["--since", "yesterday"], ["--since", "2026-02-31"], ["--since", day(1), "--until", day(3)],
                  ["--since", day(1), "--account", "me"], [], ["--since", day(1), "more"]):
        assert house.kol.run("import", *wrong, check=False).returncode == 2, wrong


def test_a_backlog_waits_behind_what_comes_in(house):
    """Whoever calls today does not wait for last year's calls."""
    old, _ = old_call(house, 10)
    imported(house, "--since", day(30))
    new, _ = house.ring()
    for call in (old, new):
        house.wait_file(call)
    wait_until("both to wait for the worker", lambda: query(
        house, "SELECT count(*) FROM job WHERE stage = 'transcribe'") == [(2,)])
    assert query(house, "SELECT call_sid FROM job WHERE stage = 'transcribe' ORDER BY order_key")[0] == (new.sid,)


def test_without_a_server_and_over_pages(make_house):
    """250 old calls in pages of 100, in parallel twice, killed once: each is there once."""
    house = make_house(test_wait_divisor=10000)
    calls = [old_call(house, 3 + n / 100)[0] for n in range(250)]
    house.kol.stop()
    command = [house.kol.program, "import", "--since", day(30), "--config", str(house.kol.config), "--data",
               str(house.kol.data)]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE)
    wait_until("a part of it", lambda: query(house, "SELECT count(*) FROM call")[0][0] > 20)
    killed.kill()
    killed.communicate()
    with sqlite3.connect(house.kol.data / "kol.db") as db:  # or wait a minute
        db.execute("UPDATE reconcile SET lease_until_boot_ms = 1")
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [p.communicate()[0] and p.returncode for p in both] == [0, 0]
    assert query(house, "SELECT count(*), count(DISTINCT call_sid) FROM call") == [(250, 250)]
    assert query(house, "SELECT count(*), count(DISTINCT subject) FROM job WHERE stage = 'fetch' AND kind = 'full'") == [(250, 250)]
    assert {c.sid for c in calls} == {sid for sid, in query(house, "SELECT call_sid FROM call")}


# ---- one call on request ----

def test_fetch_of_one_call(house):
    """Unknown to Kol, known at Twilio; then under way, then here; no second job."""
    call, recording = old_call(house, 100)
    done = house.kol.run("call", "fetch", call.sid)
    assert f"✅ Found existing recording for {call.sid}: {recording.path}.json" in done.stderr
    assert f"✅ Recording queued for processing: {call.sid}" in done.stderr
    assert "was found" in done.stdout
    house.wait_file(call)
    assert house.stored(call)["business_id"] == house.shop.id
    again = house.kol.run("call", "fetch", call.sid)
    assert "is here already" in again.stdout and "✅" not in again.stderr
    assert query(house, "SELECT count(*) FROM job WHERE stage = 'fetch' AND kind = 'full'") == [(1,)]
    none = house.twilio.add_call("+972501234567", house.shop.number)
    for sid in (none.sid, new_sid("CA")):
        assert house.kol.run("call", "fetch", sid, check=False).returncode == 1
    assert house.stored(none) is None
    assert house.kol.run("call", "fetch", "../../etc/passwd", check=False).returncode == 2


def test_fetch_of_one_call_that_waits(house):
    call, recording = house.new_call(wav=WAV)
    recording.durations = ["-1"] * 50
    accepted(house.twilio.recording_status(call, recording, house.kol.url))
    assert house.kol.run_json("call", "fetch", call.sid) == {"call_sid": call.sid, "status": "under_way"}
    assert query(house, "SELECT count(*) FROM job WHERE stage = 'fetch' AND kind = 'full'") == [(1,)]


def test_trigger_over_the_api(house):
    """The operator may name any call of the account, a business its own; foreign ones are 404."""
    other = house.add_business(number="+97246009999", name="Other")
    call, recording = old_call(house, 100)
    path = f"/api/calls/{call.sid}/trigger"
    assert house.kol.http("POST", path, house.shop.key).status == 404
    assert house.kol.http("POST", path).status == 401
    assert house.kol.http("POST", path, house.op).json() == {"call_sid": call.sid, "status": "queued"}
    house.kol.wait_log(f"✅ Found existing recording for {call.sid}: {recording.path}.json")
    house.kol.wait_log(f"✅ Recording queued for processing: {call.sid}")
    house.wait_file(call)
    for key, status in ((house.op, 200), (house.shop.key, 200), (other.key, 404)):
        answer = house.kol.http("POST", path, key)
        assert answer.status == status
        assert status == 404 or answer.json()["status"] == "done"
    assert query(house, "SELECT count(*) FROM job WHERE stage = 'fetch' AND kind = 'full'") == [(1,)]
    assert house.kol.http("POST", f"/api/calls/{new_sid('CA')}/trigger?account=nonsense", house.op).status in (400, 500)


def test_one_that_was_gone_is_asked_for_again(house):
    """A person insists, and Twilio has it after all."""
    call, recording = house.new_call(wav=WAV)
    recording.status = "absent"
    accepted(house.twilio.recording_status(call, recording, house.kol.url, status="absent"))
    wait_until("the call to be told", lambda: house.stored(call)["fetch_state"] == "gone")
    recording.status = "completed"
    assert json.loads(house.kol.run("call", "fetch", call.sid, "--json").stdout)["status"] == "queued"
    house.wait_file(call)
