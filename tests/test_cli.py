"""The command line: help, exit codes, JSON, and errors that say what to do."""
import json

import pytest
from conftest import NUMBER, accepted, rows

COMMANDS = ["serve", "worker", "transcribe", "call", "job", "key", "business", "twilio", "model", "doctor", "version"]


@pytest.fixture
def idle(make_house):
    """A data folder without a server."""
    return make_house(start=False).kol


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(idle, command):
    import subprocess
    done = subprocess.run([idle.program, command, "--help"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and command in done.stdout


def test_top_level_help_names_every_command(idle):
    import subprocess
    done = subprocess.run([idle.program, "--help"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    for command in COMMANDS:
        assert command in done.stdout
    assert subprocess.run([idle.program, "--version"], capture_output=True, timeout=30).returncode == 0


@pytest.mark.parametrize("words", [["nonsense"], ["serve", "--nonsense"], ["call"], ["call", "show"], ["business", "add"],
                                   ["key", "add", "--business", "999", "--name", "x"], ["call", "show", "CA1"],
                                   ["call", "show", "CA" + "0" * 32], ["transcribe", "/nonexistent.wav"]])
def test_mistakes_end_non_zero_with_a_word(idle, words):
    import subprocess
    done = subprocess.run([idle.program, *words, "--data", str(idle.data)], capture_output=True, text=True, timeout=60)
    assert done.returncode not in (0, -11, -6)
    assert done.stderr.strip() and len(done.stderr.splitlines()) < 40


def test_version_json(idle):
    import subprocess
    done = subprocess.run([idle.program, "version", "--json"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "version" in json.loads(done.stdout)


@pytest.mark.parametrize("line", ['nonsense = 1', 'listen = 5', 'public_url = "ftp://x"', 'worker = "maybe"', 'broken',
                                  'realtime_after_s = -5', '[table', 'public_url = "https://a"\npublic_url = "https://b"'])
def test_a_wrong_configuration_is_refused_with_the_line(idle, line):
    import subprocess
    idle.data.mkdir()
    config = idle.data / "bad.toml"
    config.write_text('# first line\n' + line + "\n")
    done = subprocess.run([idle.program, "serve", "--config", str(config), "--data", str(idle.data / "d")],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode not in (0, -11, -6)
    assert "bad.toml" in done.stderr + done.stdout


def test_businesses_and_keys(house):
    kol = house.kol
    listed = rows(kol.run_json("business", "list"), "businesses")
    assert [b["name"] for b in listed] == ["Galil Locks"]
    assert house.shop.secret not in json.dumps(listed)
    again = kol.run("business", "add", "--name", "Double", "--number", NUMBER, "--language", "en",
                    "--timezone", "Asia/Jerusalem", check=False)
    assert again.returncode != 0 and again.stderr
    bad = kol.run("business", "add", "--name", "Nowhere", "--number", "+97247777777", "--language", "en",
                  "--timezone", "Mars/Olympus", check=False)
    assert bad.returncode != 0
    names = {k["name"] for k in rows(kol.run_json("key", "list"), "keys")}
    assert "test" in names
    assert house.op not in kol.run("key", "list", "--json").stdout


def test_calls_and_jobs(house):
    call, _ = house.ring()
    house.wait_file(call)
    assert [c["call_sid"] for c in rows(house.kol.run_json("call", "list"), "calls")] == [call.sid]
    shown = house.kol.run_json("call", "show", call.sid)
    assert shown["call_sid"] == call.sid
    jobs = rows(house.kol.run_json("job", "list"), "jobs")
    assert jobs and all({"id", "stage", "state"} <= set(j) for j in jobs)
    shown = house.kol.run_json("job", "show", str(jobs[0]["id"]))
    assert shown["id"] == jobs[0]["id"]
    assert call.sid in house.kol.run("call", "list").stdout


def test_a_waiting_job_can_be_cancelled_and_retried(house):
    call, recording = house.new_call()
    recording.always("json", 401)
    house.announce(call, recording)
    from conftest import wait_until
    job = wait_until("a paused job", lambda: [j for j in house.jobs(call) if j["state"] == "paused"])[0]["id"]
    house.kol.run("job", "cancel", str(job))
    assert [j["state"] for j in house.jobs(call) if j["id"] == job] == ["cancelled"]
    recording.always("json", None)
    house.kol.run("job", "retry", str(job))
    house.wait_file(call)


def test_doctor(house):
    done = house.kol.run("doctor", check=False)
    assert done.returncode in (0, 1) and done.stdout.strip()
    assert house.twilio.auth_token not in done.stdout + done.stderr


def test_json_log_carries_the_same_events(make_house):
    house = make_house(log_format="json")
    call, _ = house.ring()
    house.wait_file(call)
    entries = [json.loads(line) for line in house.kol.lines if line.startswith("{")]
    names = {e.get("event") for e in entries}
    assert {"recording_queued", "job_enqueued", "trying_recording_url", "download_status", "recording_saved"} <= names
    saved = next(e for e in entries if e.get("event") == "recording_saved")
    assert saved["path"] == f"recordings/{call.sid}.wav" and int(saved["bytes"]) > 0


def test_logs_hold_no_private_text(house):
    """No phone numbers, no transcript, no credentials above debug level."""
    call = house.realtime_call([("inbound_track", "My secret word is xylophone, locksmith in Haifa.")])
    house.wait_events(call)
    log = "\n".join(house.kol.lines)
    for secret in ("xylophone", "501234567", house.twilio.auth_token, house.shop.secret, house.op, house.shop.key):
        assert secret not in log
    assert accepted(house.twilio.call_status(call, house.kol.url, "completed", 9))


def test_a_business_brings_its_own_words(house, tmp_path):
    """A taxonomy file of a business: errors name file, line and reason; its own service is then found."""
    words = tmp_path / "words.txt"
    words.write_text("service beekeeper\n  he דבוראי\n  en beekeeper\n  nonsense bees\n", encoding="utf-8")
    refused = house.kol.run("business", "set", "1", f"--services-file={words}", check=False)
    assert refused.returncode == 1 and "words.txt:4:" in refused.stderr
    assert house.kol.run("business", "set", "1", "--services=locksmith,nonsuch", check=False).returncode == 1

    words.write_text("service beekeeper\n  he דבוראי\n  en beekeeper\n  does swarm of bees; beehive\n", encoding="utf-8")
    house.kol.run("business", "set", "1", f"--services-file={words}")
    call = house.realtime_call([("inbound_track", "Hello, there is a swarm of bees at my house in Haifa.")])
    house.wait_events(call)
    assert house.stored(call)["extracted_service"] == "beekeeper"
