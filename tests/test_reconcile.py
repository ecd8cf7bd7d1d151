"""Nothing depends on a callback arriving: recordings are found in Twilio's list, each once, whatever happens."""
import fcntl
import json
import os
import random
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import accepted, tone_wav, wait_until
from fakehttp import Step

EVERY = {"reconcile_every_s": 30}  # 0.3 s with the usual divisor
TURNS = [("inbound_track", "Hello, I need a locksmith in Haifa, I am locked out.")]
WAV = tone_wav(0.05)


def list_path(house) -> str:
    """The account's list of recordings."""
    return f"/2010-04-01/Accounts/{house.twilio.account_sid}/Recordings.json"


def looks(house) -> list:
    """Requests for the account's list, but for those of one call."""
    return [r for r in house.twilio.requests(list_path(house)) if "CallSid" not in r.params]


def query(house, sql: str, *args) -> list:
    """Rows of the database, read beside the server."""
    with sqlite3.connect(f"file:{house.kol.data / 'kol.db'}?mode=ro", uri=True) as db:
        return db.execute(sql, args).fetchall()


def change(house, sql: str, *args):
    """A change by another process, under the lock that all of them take."""
    with open(house.kol.data / "write.lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with sqlite3.connect(house.kol.data / "kol.db") as db:
            assert db.execute(sql, args).rowcount == 1


def local(house) -> int:
    """Calls whose recording is on disk."""
    return query(house, "SELECT count(*) FROM call WHERE fetch_state = 'local'")[0][0]


def wait_look(house, more: int = 1):
    """Waits until the list has been asked for again."""
    seen = len(looks(house))
    wait_until("a look through the list", lambda: len(looks(house)) >= seen + more)


def wait_success(house):
    """Waits until a look that begins from now on came to its end."""
    now = time.time() * 1000
    wait_until("a look to come to its end",
               lambda: query(house, "SELECT 1 FROM reconcile WHERE until_at_ms > ?", now))


def quiet_call(house, **how):
    """A recorded call whose callbacks all got lost."""
    return house.new_call(wav=WAV, **how)


# ---- the main thing ----

def lossy(house, rng, call, recording, realtime: bool):
    """Twilio's callbacks of one call over a bad line: lost, repeated, refused; nobody looks at the answers."""
    sim, url = house.twilio, house.kol.url
    todo = []
    if realtime:
        accepted(sim.transcription(call, url, TURNS, stop=False)[-1])
    if rng.random() < 0.6:
        todo += [lambda: sim.call_status(call, url)] * (2 if rng.random() < 0.2 else 1)
    if rng.random() < 0.6:
        todo += [lambda: sim.recording_status(call, recording, url)] * (2 if rng.random() < 0.2 else 1)
    rng.shuffle(todo)
    for send in todo:
        send()


def test_500_recordings_over_a_bad_line(make_house):
    """40 % of the callbacks are lost, some come twice, the server is killed three times and down for a while: all 500
    recordings are here in the end, and nothing is there twice."""
    seed = int(os.environ.get("KOL_SEED") or random.randrange(1 << 32))
    print(f"KOL_SEED={seed}")
    rng = random.Random(seed)
    house = make_house(reconcile_every_s=100, fetch_threads=4)
    made = []
    with ThreadPoolExecutor(8) as pool:
        for phase in range(10):
            down = phase % 3 == 2
            if down:
                house.kol.kill()  # with half of the phase before still under way
            batch = [house.new_call(caller=f"+9725{len(made) + n:08d}", wav=WAV) for n in range(50)]
            made += batch
            list(pool.map(lambda pair, d=down: lossy(house, random.Random(f"{seed} {pair[0].sid}"), *pair,
                                                     realtime=not d and pair[0].sid < "CA3"), batch))
            if down:
                house.kol.restart()
    wait_until(f"all 500 recordings (log:\n{house.kol.tail(20)})", lambda: local(house) == 500, 60)
    wait_success(house)
    assert query(house, "SELECT count(*), count(DISTINCT recording_sid) FROM call") == [(500, 500)]
    assert query(house, "SELECT count(*) FROM recording") == [(500,)]
    for stage in ("fetch", "transcribe"):
        assert query(house, "SELECT count(*), count(DISTINCT subject) FROM job WHERE stage = ? AND kind = 'full'",
                     stage) == [(500, 500)], stage
    assert query(house, "SELECT count(*) FROM job WHERE stage = 'fetch' AND state <> 'done'") == [(0,)]
    assert {p.name for p in house.audio_files()} == {f"{c.sid}.wav" for c, _ in made}
    spoken = {sid for sid, in query(house, "SELECT call_sid FROM call WHERE full_conversation <> ''")}
    assert spoken
    wait_until("a webhook for each that was heard", lambda: {e["call_sid"] for e in house.events()} == spoken, 30)
    assert len(house.events()) == len(spoken)
    assert query(house, "SELECT count(*), count(DISTINCT call_id) FROM delivery") == [(len(spoken), len(spoken))]
    imported, = query(house, "SELECT imported FROM reconcile")[0]  # counted at the end of a look: not of a killed one
    assert 100 < imported <= 500, "the reconciler found what was lost"


def test_callbacks_after_the_look_change_nothing(make_house):
    house = make_house(**EVERY)
    call, recording = quiet_call(house)
    house.wait_file(call)
    house.kol.wait_log(f"✅ Found existing recording for {call.sid}: {recording.path}.json")
    house.kol.wait_log(f"✅ Recording queued for processing: {call.sid}")
    jobs = "SELECT id, stage, subject FROM job WHERE stage IN ('lookup', 'fetch', 'transcribe') ORDER BY id"
    before = query(house, jobs)
    accepted(house.twilio.recording_status(call, recording, house.kol.url))
    accepted(house.twilio.recording_status(call, recording, house.kol.url))
    wait_success(house)
    assert query(house, jobs) == before
    assert house.stored(call)["business_id"] == house.shop.id
    assert len(recording.fetches()) == 1


# ---- what is taken and what is not ----

def test_deleted_and_unfinished_ones_are_not_taken(make_house):
    house = make_house(**EVERY)
    deleted, unfinished, paused = (quiet_call(house)[1] for _ in range(3))
    deleted.gone("deleted")
    unfinished.status, paused.status = "in-progress", "paused"
    call, _ = quiet_call(house)
    house.wait_file(call)
    assert query(house, "SELECT count(*) FROM recording") == [(1,)]
    unfinished.status = "completed"
    house.wait_file(unfinished.call)
    assert query(house, "SELECT count(*) FROM recording") == [(2,)]


def test_the_end_of_one_whose_beginning_was_told(make_house):
    """`in-progress` came, `completed` got lost."""
    house = make_house(**EVERY)
    call, recording = quiet_call(house)
    recording.status = "in-progress"
    accepted(house.twilio.recording_status(call, recording, house.kol.url, status="in-progress"))
    wait_success(house)
    recording.status = "completed"
    house.wait_file(call)


def test_what_was_before_is_not_taken_unasked(make_house):
    """An old recording is not Kol's business until somebody asks for it."""
    house = make_house(start=False, **EVERY)
    old, _ = quiet_call(house)
    old_recording = next(iter(house.twilio.recordings.values()))
    old.started_at = old_recording.started_at = time.time() - 3 * 3600
    house.open()
    call, _ = quiet_call(house)
    house.wait_file(call)
    wait_success(house)
    assert house.stored(old) is None


def test_after_a_long_standstill(make_house):
    """Everything since the last look counts, however long ago that was."""
    house = make_house(**EVERY)
    wait_success(house)
    house.kol.stop()
    day = 24 * 3600
    change(house, "UPDATE reconcile SET since_at_ms = ?, until_at_ms = ?", (time.time() - 90 * day) * 1000,
           (time.time() - 30 * day) * 1000)
    made = []
    for age in (1, 29, 31, 33, 60):
        call = house.twilio.add_call("+972501234567", house.shop.number)
        house.twilio.add_recording(call, wav=WAV)
        call.started_at = time.time() - age * day
        next(r for r in house.twilio.recordings.values() if r.call is call).started_at = call.started_at
        made.append(call)
    house.kol.restart()
    for call in made[:3]:
        house.wait_file(call)
    wait_success(house)
    assert [house.stored(c) is not None for c in made] == [True, True, True, False, False]
    stored = [house.stored(c) for c in made[:3]]
    assert [round(s["started_at_ms"] / 1000) for s in stored] == [int(c.started_at) for c in made[:3]]


def test_two_recordings_of_one_call(make_house):
    house = make_house(**EVERY)
    call, mono = quiet_call(house, channels=1)
    dual = house.twilio.add_recording(call, wav=tone_wav(0.1), channels=2)
    wait_until("the better one", lambda: (house.stored(call) or {}).get("recording_sid") == dual.sid)
    assert house.wait_file(call).status == 200
    wait_until("its file", lambda: house.file(call).body == dual.media["wav"])
    assert query(house, "SELECT count(*) FROM recording") == [(2,)]
    assert mono.sid != dual.sid


# ---- gone ----

def test_deletion_at_twilio_is_seen(make_house):
    """A fetch waits for a recording that Twilio has deleted: the list says so, and the waiting ends."""
    house = make_house(reconcile_every_s=1, test_wait_divisor=1)  # the fetch would look for itself after 33 s
    call, recording = quiet_call(house)
    recording.status = "processing"
    recording.always("json", Step(200, body=json.dumps(recording.as_json(listed=True) | {"duration": "-1"}).encode()))
    house.announce(call, recording)
    house.kol.wait_log("Recording not ready yet")
    assert house.file(call).status in (202, 503)
    recording.gone("deleted")
    wait_until("the player to be told", lambda: house.file(call).status == 404)
    wait_until("the job's end", lambda: [j for j in house.jobs(call) if j["stage"] == "fetch" and j["state"] == "dead"])
    assert house.stored(call)["fetch_state"] == "gone"
    wait_until("the look to be counted", lambda: query(house, "SELECT gone FROM reconcile") == [(1,)])


def test_a_recording_that_never_was(make_house):
    """Announced, but Twilio's list does not know it: after an hour nobody waits for it any more."""
    house = make_house(reconcile_every_s=3000, test_wait_divisor=10000)
    call, recording = quiet_call(house)
    recording.always("json", Step(200, body=json.dumps(recording.as_json(listed=True) | {"duration": "-1"}).encode()))
    del house.twilio.recordings[recording.sid]
    house.announce(call, recording)
    wait_until("the player to be told", lambda: house.file(call).status == 404)
    assert "absent" in house.stored(call)["fetch_reason"]


def test_what_is_here_stays_when_twilio_deletes_it(make_house):
    house = make_house(**EVERY)
    call, recording = quiet_call(house)
    house.wait_file(call)
    recording.gone("deleted")
    wait_success(house)
    assert house.wait_file(call).status == 200
    assert house.stored(call)["fetch_state"] == "local"


# ---- a bad day at Twilio ----

def test_too_many_requests_and_outages(make_house):
    """429 with and without Retry-After, 5xx, garbage, a cut: asked again, and in the end all is here."""
    house = make_house(start=False, **EVERY)
    house.twilio.script(list_path(house), Step(429, {"Retry-After": "3"}), 429, 503, Step(cut_after=40),
                        Step(200, body=b"<html>"), None)
    call, _ = quiet_call(house)
    house.twilio.script(call.path + ".json", 429, 500)
    house.open()
    house.wait_file(call)
    first, second = (r.at for r in looks(house)[:2])
    assert second - first >= 0.03
    assert house.stored(call)["business_id"] == house.shop.id


@pytest.mark.parametrize("where", ["{stranger}{path}?Page=1&PageToken=PA1", "//{host}{path}?Page=1&PageToken=PA1",
                                   "{path}/../../Keys.json?Page=1&PageToken=PA1"])
def test_a_list_that_goes_on_elsewhere(make_house, stranger, where):
    """No request goes where next_page_uri should not lead; what the page held is taken, and later the rest."""
    house = make_house(start=False, **EVERY)
    calls = [quiet_call(house) for _ in range(2)]
    where = where.format(stranger=stranger.url, host=f"127.0.0.1:{stranger.port}", path=list_path(house))
    page = {"recordings": [calls[0][1].as_json(listed=True)], "next_page_uri": where}
    house.twilio.always(list_path(house), Step(200, body=json.dumps(page).encode()))
    house.open()
    wait_look(house, 3)
    house.kol.wait_log("could not be looked through")
    assert len(house.kol.logged("could not be looked through")) == 1
    assert stranger.requests() == [] and not house.twilio.requests(containing="Keys")
    assert not [r for r in looks(house) if "PageToken" in r.params]
    house.twilio.always(list_path(house), None)
    for call, _ in calls:
        house.wait_file(call)
    house.kol.wait_log("can be looked through again")


def test_pages(make_house):
    """The list goes on over pages; the token of each is handed back as it came."""
    house = make_house(start=False, **EVERY)
    calls = [quiet_call(house) for _ in range(3)]

    def page(n, token):
        more = f"{list_path(house)}?PageSize=1000&Page={n + 1}&PageToken={token}" if n < 2 else None
        return Step(200, body=json.dumps({"recordings": [calls[n][1].as_json(listed=True)],
                                          "next_page_uri": more}).encode())

    house.twilio.script(list_path(house), page(0, "PA%26x%2B"), page(1, "PAz"), page(2, ""))
    house.open()
    for call, _ in calls:
        house.wait_file(call)
    assert [r.params.get("PageToken") for r in looks(house)[:3]] == [None, "PA&x+", "PAz"]


def test_refused_credentials_are_said_once(make_house):
    house = make_house(**EVERY)
    wait_success(house)
    kept = dict(house.twilio.accounts[house.twilio.account_sid])
    house.twilio.accounts[house.twilio.account_sid].clear()
    wait_look(house, 3)
    house.kol.wait_log("refused the credentials")
    assert len(house.kol.logged("could not be looked through")) == 1
    house.twilio.accounts[house.twilio.account_sid].update(kept)
    call, _ = quiet_call(house)
    house.wait_file(call)


# ---- beside others ----

def test_one_look_at_a_time_across_processes(make_house):
    """While another process holds the account's lease, this one does not ask; when it runs out, it does."""
    house = make_house(**EVERY)
    wait_success(house)
    house.kol.stop()
    boot_id = open("/proc/sys/kernel/random/boot_id", encoding="ascii").read().strip()
    later = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000) + 3_600_000
    change(house, "UPDATE reconcile SET owner = 'another', lease_boot_id = ?, lease_until_boot_ms = ?", boot_id, later)
    before = len(looks(house))
    house.kol.restart()
    ring, _ = house.ring()  # a whole call passes: looks would have come long ago
    house.wait_file(ring)
    assert len(looks(house)) == before
    change(house, "UPDATE reconcile SET lease_until_boot_ms = 1")
    call, _ = quiet_call(house)
    house.wait_file(call)


def test_two_accounts(make_house):
    """Each account's list is looked through with its own credentials, and what is found there stays there, even with the
    other one's number on it; one whose credentials are refused does not hold up the other."""
    house = make_house(**EVERY)
    other = house.twilio.add_account()
    house.kol.run("account", "add", other.sid, "--name", "Carmel", text=other.token + "\n")
    number = "+97246005678"
    carmel = house.kol.run_json("business", "add", "--name", "Carmel Pipes", "--number", number, "--account", other.sid)
    mine, _ = quiet_call(house)

    def of_other(to):
        call = house.twilio.add_call("+972501234567", to, account_sid=other.sid)
        return call, house.twilio.add_recording(call, wav=WAV)

    theirs, theirs_recording = of_other(number)
    crossed, _ = of_other(house.shop.number)
    for call in (mine, theirs):
        house.wait_file(call)
    wait_until("the crossed one", lambda: house.stored(crossed))
    assert [house.stored(c)["business_id"] for c in (mine, theirs, crossed)] == [house.shop.id, carmel["id"], None]
    assert all((r.header("Authorization") or "").startswith("Basic ") and r.status == 200
               for r in house.twilio.requests(containing=theirs_recording.sid))
    kept = dict(other)
    other.clear()
    house.kol.wait_log(f"recordings of account {other.sid} could not be looked through")
    again, _ = quiet_call(house, caller="+972502222222")
    house.wait_file(again)
    other.update(kept)
    late, _ = of_other(number)
    house.wait_file(late)
    wait_until("the counts", lambda: dict(query(house, "SELECT account_sid, imported FROM reconcile")) == {
        house.twilio.account_sid: 2, other.sid: 3})


def test_stops_at_once(make_house):
    """A look that waits for Twilio does not hold up the end of the server, and its lease is given back."""
    house = make_house(start=False, reconcile_every_s=30, test_wait_divisor=1)
    house.twilio.always(list_path(house), Step(429, {"Retry-After": "300"}))
    house.open()
    wait_until("the first look", lambda: looks(house))
    started = time.monotonic()
    assert house.kol.stop() == 0
    assert time.monotonic() - started < 4
    assert query(house, "SELECT owner FROM reconcile") == [(None,)]


def test_switched_off(make_house):
    house = make_house(reconcile_every_s=0)
    call, _ = house.ring()
    house.wait_file(call)
    assert looks(house) == []


def test_what_is_told(make_house):
    """Log, readiness, metrics and doctor."""
    house = make_house(**EVERY)
    call, _ = quiet_call(house)
    house.wait_file(call)
    wait_success(house)
    house.kol.wait_log("imported=1")
    wait_until("it to be counted", lambda: query(house, "SELECT imported FROM reconcile") == [(1,)])
    shown, = house.kol.get("/readyz", house.op)["reconcile"]
    assert shown["account_sid"] == house.twilio.account_sid and shown["imported"] == 1 and shown["error"] is None
    assert abs(shown["success_at_ms"] / 1000 - time.time()) < 60
    assert "reconcile" not in house.kol.get("/readyz", house.shop.key)
    text = house.kol.http("GET", "/metrics", house.op).body.decode()
    account = house.twilio.account_sid
    assert f'kol_reconcile_imported_total{{account="{account}"}} 1' in text
    assert f'kol_reconcile_last_success_timestamp_seconds{{account="{account}"}} ' in text
    checks = json.loads(house.kol.run("doctor", "--json", check=False).stdout)["checks"]
    assert [c for c in checks if c["check"] == "reconcile" and c["verdict"] == "ok" and "1 imported" in c["text"]]
