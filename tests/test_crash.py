"""kill -9 at every place of the road that can be seen from outside: one stored result, one event, one file."""
import os
import sqlite3
import subprocess

import pytest
from conftest import accepted, rows, tone_mp3, wait_until
from fakehttp import Step

TURNS = [("inbound_track", "Hello, I need a locksmith in Haifa, I am locked out.")]


def run_call(house):
    """A call with a recording and a realtime transcript."""
    call, recording = house.new_call(mp3=tone_mp3(2))
    recording.durations = ["-1"]
    accepted(house.twilio.call_status(call, house.kol.url, "in-progress", 1))
    for sent in house.twilio.transcription(call, house.kol.url, TURNS):
        accepted(sent)
    house.announce(call, recording)
    return call, recording


def check_one_result(house, call, recording):
    """Whatever was cut short, the end is the same as without."""
    house.wait_events(call, timeout_s=40)
    assert house.wait_file(call).body == recording.media["mp3"]
    assert len(house.events(call)) == 1
    stored = house.stored(call)
    assert stored["extracted_city"] == "Haifa"
    assert len(rows(house.kol.get("/api/leads", house.op), "leads")) == 1
    assert [p.name for p in house.audio_files()] == [f"{call.sid}.mp3"]
    check_database(house)


def check_database(house):
    """Nothing is broken and nothing is there twice."""
    for path in house.kol.data.glob("*.db"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            names = {name for name, in db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
            if "job" in names:
                twice = db.execute("SELECT kind, stage, subject, count(*) FROM job WHERE state NOT IN "
                                   "('done','dead','cancelled') GROUP BY 1,2,3 HAVING count(*)>1").fetchall()
                assert twice == []


PLACES = [
    "Recording queued for processing",
    "Recording not ready yet",
    "Trying recording URL (format 1/3)",
    "Download status: 404",
    "Trying recording URL (format 2/3)",
    "Download status: 200",
    "Successfully downloaded",
    "Recording saved to disk",
    "Starting extraction",
    "Extracted: service=",
    "Updated lead",
    "using realtime",
]


@pytest.mark.parametrize("place", PLACES)
def test_kill_after(house, place):
    """The server dies at the moment this line appears."""
    call, recording = run_call(house)
    wait_until(f"log line {place!r}", lambda: any(place in line for line in house.kol.lines), every_s=0.001)
    house.kol.kill()
    house.kol.restart()
    check_one_result(house, call, recording)


def test_kill_again_and_again(house):
    """Eight kills at growing distances; the call arrives all the same, and a crash alone never buries it."""
    call, recording = run_call(house)
    for number in range(8):
        seen = len(house.kol.lines)
        try:
            wait_until("some progress", lambda s=seen, n=number: len(house.kol.lines) > s + n, 1, every_s=0.001)
        except TimeoutError:
            pass
        house.kol.kill()
        house.kol.restart()
    check_one_result(house, call, recording)


def test_kill_while_the_crm_thinks(house):
    """The CRM got the event, but its answer was never read: it is sent again under the same id."""
    house.crm.script(house.shop.hook, Step(delay_s=3))
    call, recording = run_call(house)
    wait_until("the event at the CRM", lambda: house.crm.received)
    house.kol.kill()
    house.kol.restart()
    wait_until("the second sending", lambda: len(house.crm.received) >= 2, 40)
    assert len({r.event_id for r in house.crm.received}) == 1
    check_one_result(house, call, recording)


def test_kill_while_downloading(house):
    """A half file is never seen under the final name, and its rest is swept away."""
    call, recording = house.new_call(mp3=tone_mp3(30))
    recording.script("", 404)
    recording.script("mp3", Step(bytes_per_s=20_000))
    house.announce(call, recording)
    wait_until("the download", lambda: recording.fetches("mp3") and recording.fetches("mp3")[0].sent > 10_000)
    house.kol.kill()
    assert not [p for p in house.audio_files() if p.name == f"{call.sid}.mp3"]
    house.kol.restart()
    assert house.wait_file(call, 40).body == recording.media["mp3"]
    assert [p.name for p in house.audio_files()] == [f"{call.sid}.mp3"]


def test_polite_stop_in_the_middle(house):
    """SIGTERM ends within seconds and loses nothing."""
    call, recording = run_call(house)
    wait_until("some work", lambda: recording.fetches() or house.kol.logged("not ready"))
    assert house.kol.stop() == 0
    house.kol.restart()
    check_one_result(house, call, recording)


def test_a_second_server_on_the_same_folder_is_refused(house):
    """Two servers on one data folder would be two owners: the second says so and ends."""
    done = subprocess.run([house.kol.program, "serve", "--config", str(house.kol.config), "--data", str(house.kol.data)],
                          capture_output=True, text=True, timeout=30, env=dict(os.environ))
    assert done.returncode != 0 and (done.stderr + done.stdout).strip()
    call, _ = house.ring()
    house.wait_file(call)


def test_many_calls_and_one_kill(house):
    """Thirty calls on the road when it dies: all thirty arrive, each once."""
    made = [run_call(house) for _ in range(30)]
    wait_until("some of them to be done", lambda: len(house.crm.received) >= 3, 40)
    house.kol.kill()
    house.kol.restart()
    for call, _ in made:
        house.wait_events(call, timeout_s=60)
        house.wait_file(call)
    assert len(house.crm.events()) == 30
    check_database(house)
