"""Old calls, recordings and leads of another system, from files: kol import --from DIR --calls CSV --leads CSV."""
import csv
import io
import json
import sqlite3
import subprocess

import pytest
from conftest import tone_mp3, tone_wav, wait_until
from twilio_sim import new_sid

CALL = ("call_sid", "number", "direction", "from_number", "to_number", "recording_sid", "duration", "started_at",
        "final_transcript", "full_conversation", "summary", "extracted_service", "extracted_city",
        "extraction_confidence", "lead_id")
LEAD = ("id", "number", "phone", "name", "service_type", "city", "city_typed")
TALK = "Agent: Galil Locks.\nCustomer: Hello, I am locked out, I need a locksmith in Haifa."


def query(house, sql: str, *args) -> list:
    """Rows of the database, read beside the server."""
    with sqlite3.connect(f"file:{house.kol.data / 'kol.db'}?mode=ro", uri=True) as db:
        return db.execute(sql, args).fetchall()


class Old:
    """The other system's files."""

    def __init__(self, house, folder):
        self.house, self.folder = house, folder
        self.dir = folder / "old"
        self.dir.mkdir()
        self.calls: list[dict] = []
        self.leads: list[dict] = []

    def call(self, media: bytes | None = None, form: str = "mp3", **fields) -> str:
        """One old call; its SID."""
        row = {"call_sid": new_sid("CA"), "number": self.house.shop.number, "direction": "inbound",
               "from_number": "050-123-4567", "to_number": self.house.shop.number, "duration": "17",
               "started_at": "2024-05-06T07:08:09Z"} | fields
        self.calls.append(row)
        if media is not None:
            (self.dir / f"{row['call_sid']}.{form}").write_bytes(media)
        return row["call_sid"]

    def lead(self, **fields):
        """One old lead."""
        self.leads.append({"number": self.house.shop.number, "phone": "0501234567", "name": "Dana"} | fields)

    def write(self):
        """Both tables, as Excel writes them: with a mark and CR LF."""
        for name, rows, columns in (("calls", self.calls, CALL), ("leads", self.leads, LEAD)):
            columns = list(columns) + sorted({k for r in rows for k in r} - set(columns))
            out = io.StringIO()
            table = csv.DictWriter(out, columns)
            table.writeheader()
            table.writerows(rows)
            (self.folder / f"{name}.csv").write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())

    def command(self, *words) -> list:
        self.write()
        return ["import", "--from", str(self.dir), "--calls", str(self.folder / "calls.csv"), "--leads",
                str(self.folder / "leads.csv"), *words]

    def run(self, *words, check=True) -> dict:
        """What the command prints with --json."""
        done = self.house.kol.run(*self.command(*words, "--json"), check=False)
        answer = json.loads(done.stdout)
        assert not check or (done.returncode == 0 and not answer["notes"]), answer["notes"]
        return answer


@pytest.fixture
def old(house, tmp_path):
    return Old(house, tmp_path)


def dump(house) -> list:
    """Everything that an import may touch."""
    return [query(house, f"SELECT * FROM {t} ORDER BY 1, 2") for t in
            ("call", "recording", "lead", "lead_history", "job", "delivery", "segment")]


def test_everything_comes_over(old):
    """Words, numbers, times, insight, recording and lead as they were; playable; searchable; and nobody is told."""
    house = old.house
    audio = tone_mp3(1)
    sid = old.call(audio, final_transcript=TALK, summary="Locked out in Haifa.", extracted_service="locksmith",
                   extracted_city="Haifa", extraction_confidence="0.95", lead_id="79", recording_sid=new_sid("RE"))
    old.lead(id="79", service_type="locksmith", city="Haifa")
    answer = old.run()
    assert answer["calls"] == {"read": 1, "new": 1, "known": 0, "left_out": 0, "recordings": 1, "to_transcribe": 0}
    assert answer["leads"] == {"read": 1, "new": 1, "known": 0, "left_out": 0}
    call = house.kol.get(f"/api/calls/{sid}", house.shop.key)
    expected = {"direction": "inbound", "from_number": "+972501234567", "to_number": house.shop.number, "duration": 17,
                "started_at_ms": 1714979289000, "ended_at_ms": 1714979306000, "final_transcript": TALK,
                "summary": "Locked out in Haifa.", "extracted_service": "locksmith", "extracted_city": "Haifa",
                "extraction_confidence": 0.95, "lead_id": 79, "recording_sid": old.calls[0]["recording_sid"],
                "offline_state": "done", "fetch_state": "local", "transcript_source": "offline"}
    assert {k: call[k] for k in expected} == expected
    assert [(s["speaker"], s["text"]) for s in call["segments"]] == [
        ("agent", "Galil Locks."), ("customer", "Hello, I am locked out, I need a locksmith in Haifa.")]
    lead = house.kol.get("/api/leads/79", house.op)
    assert (lead["name"], lead["phone"], lead["city"], lead["service_type"]) == ("Dana", "+972501234567", "Haifa",
                                                                                "locksmith")
    assert house.kol.http("GET", f"/api/recordings/{sid}/file", house.op).body == audio
    assert house.kol.get("/api/search?q=locked", house.op)["calls"][0]["call_sid"] == sid
    ring, _ = house.ring()
    house.wait_file(ring)
    assert query(house, "SELECT count(*) FROM delivery") == [(0,)] and house.crm.received == []
    assert house.twilio.requests(containing=sid) == []


def test_again_changes_nothing(old):
    """A second run, a run after a kill, a dry run: what is here stays as it is."""
    house = old.house
    for number in range(40):
        old.call(tone_wav(0.05), "wav", from_number=f"05012345{number:02d}", final_transcript=TALK, summary="s",
                 lead_id=str(100 + number))
        old.lead(id=str(100 + number), phone=f"05012345{number:02d}")
    dry = old.run("--dry-run")
    assert (dry["calls"]["new"], dry["calls"]["recordings"], dry["leads"]["new"]) == (40, 40, 40)
    assert query(house, "SELECT count(*) FROM call") == [(0,)] and house.audio_files() == []
    killed = subprocess.Popen([house.kol.program, *old.command(), "--config", str(house.kol.config), "--data",
                               str(house.kol.data)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until("a part of it", lambda: query(house, "SELECT count(*) FROM call")[0][0] > 5)
    killed.kill()
    killed.wait()
    rest = old.run()
    assert rest["calls"]["new"] + rest["calls"]["known"] == 40
    assert query(house, "SELECT count(*), count(DISTINCT lead_id), count(audio_file) FROM call") == [(40, 40, 40)]
    assert len([p for p in house.audio_files() if ".part." not in p.name]) == 40
    before = dump(house)
    again = old.run()
    assert (again["calls"]["known"], again["leads"]["known"]) == (40, 40)
    assert dump(house) == before


def test_bad_lines_are_told_and_the_good_ones_go_in(old):
    house = old.house
    good = old.call(final_transcript="one line", summary="s")
    (old.dir / "page.mp3").write_text("<html>404</html>")
    (old.folder / "secret.mp3").write_bytes(tone_mp3(1))
    (old.dir / "link.mp3").symlink_to(old.folder / "secret.mp3")
    bad = [({"number": "+97211111111"}, "number"), ({"number": "", "business_id": "77"}, "business_id"),
           ({"direction": "sideways"}, "direction"), ({"duration": "long"}, "duration"),
           ({"started_at": "yesterday"}, "started_at"), ({"extraction_confidence": "1.5"}, "extraction_confidence"),
           ({"extraction_confidence": "nan"}, "extraction_confidence"), ({"recording_sid": "RE1"}, "recording_sid"),
           ({"account_sid": "me"}, "account_sid"), ({"account_sid": "AC" + "1" * 32}, "account_sid"),
           ({"lead_id": "x"}, "lead_id"), ({"call_sid": ""}, "call_sid"), ({"file": "../secret.mp3"}, "file"),
           ({"file": "/etc/passwd"}, "file"), ({"file": "page.mp3"}, "file"), ({"file": "link.mp3"}, "file"),
           ({"file": "none.mp3"}, "file"), ({"number": "", "to_number": "+97211111111"}, None)]
    for fields, _ in bad:
        old.call(**fields)
    old.lead(id="-7")
    old.lead(phone="", id="")
    old.lead(number="1")
    old.lead(id="5", city_typed="maybe")
    answer = old.run(check=False)
    assert answer["calls"]["left_out"] == len(bad) and answer["calls"]["new"] == 1
    assert answer["leads"] == {"read": 4, "new": 0, "known": 0, "left_out": 4}
    notes = [n for n in answer["notes"] if n["file"].endswith("calls.csv")]
    assert [(n["line"], n["field"], n["refused"]) for n in notes] == [
        (n, field, True) for n, (_, field) in enumerate(bad, 3)]
    assert query(house, "SELECT call_sid FROM call") == [(good,)] and house.audio_files() == []
    done = house.kol.run(*old.command(), check=False)
    assert done.returncode == 1 and "calls.csv:3: number: no business has this number (left out)" in done.stderr


@pytest.mark.parametrize("text, said", [
    (b"", "empty"), (b"a,b\n1,2\n", "neither"), (b"call_sid,call_sid\n", "twice"), (b'call_sid,"x\n', "quote")])
def test_a_file_that_is_no_table(old, text, said):
    (old.folder / "x.csv").write_bytes(text)
    done = old.house.kol.run("import", "--calls", str(old.folder / "x.csv"), check=False)
    assert done.returncode == 1 and said in done.stderr
    for wrong in (["--from", str(old.folder / "none"), "--calls", str(old.folder / "x.csv")],
                  ["--calls", str(old.folder / "none.csv")]):
        assert old.house.kol.run("import", *wrong, check=False).returncode == 1
    assert old.house.kol.run("import", "--since", "2026-01-01", "--calls", "x", check=False).returncode == 2


def test_broken_rows(old):
    """Quotes, zero bytes, too many fields: told by line, and the next line counts."""
    sid = new_sid("CA")
    number = old.house.shop.number
    (old.folder / "x.csv").write_bytes(
        b"call_sid,number,summary,final_transcript\n" + b'a"b,1,2\n' + b"\xff\xfe,1,2\n" + b"a,b,c,d,e,f\n" +
        f'{sid},{number},s,"two\nlines, ""quoted"""\n'.encode() + b'"open,1\n')
    done = old.house.kol.run("import", "--calls", str(old.folder / "x.csv"), "--json", check=False)
    answer = json.loads(done.stdout)
    assert [n["line"] for n in answer["notes"]] == [2, 3, 4, 7]
    assert query(old.house, "SELECT call_sid, final_transcript FROM call") == [(sid, 'two\nlines, "quoted"')]


def test_calls_of_other_telephony(old):
    """Without a call SID an id is made of the business and the name: the same each time."""
    house = old.house
    (old.dir / "2024-05-06 dana.wav").write_bytes(tone_wav(0.1))
    old.call(call_sid="", file="2024-05-06 dana.wav")
    old.call(call_sid="ext-4711", media=tone_mp3(1), form="wav")  # named .wav, holds MP3
    first = old.run()
    assert first["calls"]["to_transcribe"] == 2
    found = query(house, "SELECT call_sid, account_sid, recording_sid, audio_file FROM call ORDER BY id")
    assert len(found) == 2 and all(len(c) == 34 and a == "AC" + "0" * 32 and r[:2] == "RE" for c, a, r, _ in found)
    assert [f for _, _, _, f in found] == [f"recordings/{found[0][0]}.wav", f"recordings/{found[1][0]}.mp3"]
    assert old.run()["calls"]["known"] == 2
    assert house.kol.http("GET", f"/api/recordings/{found[0][0]}/file", house.op).body == tone_wav(0.1)


def test_what_is_transcribed(old):
    """Calls without a transcript, behind what comes in; the others only with --transcribe."""
    house = old.house
    without = old.call(tone_mp3(1))
    has = old.call(tone_mp3(1), final_transcript=TALK, summary="s")
    silent = old.call()
    ring, _ = house.ring()
    house.wait_file(ring)
    assert old.run()["calls"]["to_transcribe"] == 1
    jobs = "SELECT call_sid FROM job WHERE stage = 'transcribe' ORDER BY order_key"
    wait_until("the new call's job", lambda: len(query(house, jobs)) == 2)
    assert query(house, jobs) == [(ring.sid,), (without,)]
    old.calls = [c for c in old.calls if c["call_sid"] == has]
    old.calls[0]["call_sid"] = again = new_sid("CA")
    (old.dir / f"{again}.mp3").write_bytes(tone_mp3(1))
    assert old.run("--transcribe")["calls"]["to_transcribe"] == 1
    assert house.kol.get(f"/api/calls/{silent}", house.op)["offline_state"] == "none"


def test_a_recording_that_comes_later(old):
    """The table first, the folder later."""
    sid = old.call()
    old.run()
    assert old.house.file(type("C", (), {"sid": sid})).status == 404
    (old.dir / f"{sid}.mp3").write_bytes(tone_mp3(1))
    assert old.run()["calls"] == {"read": 1, "new": 0, "known": 1, "left_out": 0, "recordings": 1, "to_transcribe": 1}
    assert old.house.file(type("C", (), {"sid": sid})).status == 200


def test_words_without_insight_are_understood(old):
    """What the old system did not extract, Kol does; still nobody is told."""
    house = old.house
    sid = old.call(final_transcript=TALK)
    old.run()
    wait_until("the town", lambda: house.kol.get(f"/api/calls/{sid}", house.op)["extracted_city"] == "Haifa")
    assert query(house, "SELECT count(*) FROM delivery") == [(0,)]


def test_deliver(old):
    """With --deliver the CRM gets old calls as it gets new ones, once each."""
    house = old.house
    given = old.call(final_transcript=TALK, summary="Given.", extracted_city="Afula", from_number="0502222222")
    found = old.call(final_transcript=TALK)
    old.run("--deliver")
    wait_until("both webhooks", lambda: len(house.events()) == 2)
    events = {e["call_sid"]: e for e in house.events()}
    assert (events[given]["summary"], events[given]["extracted_city"]) == ("Given.", "Afula")
    assert events[found]["extracted_city"] == "Haifa"
    old.run("--deliver")
    assert query(house, "SELECT count(*) FROM delivery") == [(2,)]


def test_lead_ids(old):
    """Kept where free; another's id is told; what a person typed stays."""
    house = old.house
    ring, _ = house.new_call(caller="+972507777777")
    old.lead(id="1", phone="0507777777", name="First")
    old.run()
    assert house.kol.http("PATCH", "/api/leads/1", house.shop.key, {"city": "Afula"}).status == 200
    old.leads = []
    old.lead(id="1", phone="0507777777", name="First", city="Haifa")
    old.lead(id="1", phone="0508888888", name="Second")
    old.lead(id="1", phone="", name="Nobody")
    old.lead(id="9", phone="anonymous", name="Withheld")
    old.call(from_number="0507777777", final_transcript=TALK, summary="s", extracted_city="Haifa",
             extraction_confidence="1", lead_id="1")
    old.call(from_number="0508888888", final_transcript=TALK, summary="s", lead_id="1")
    answer = old.run(check=False)
    assert answer["leads"] == {"read": 4, "new": 2, "known": 1, "left_out": 1}
    assert [(n["line"], n["field"], n["refused"]) for n in answer["notes"]] == [
        (3, "id", False), (4, "id", True), (4, "lead_id", False)]  # the first call takes two lines
    leads = query(house, "SELECT id, phone, name, city FROM lead ORDER BY id")
    assert leads[0] == (1, "+972507777777", "First", "Afula") and (9, "", "Withheld", None) in leads
    assert query(house, "SELECT count(*) FROM call WHERE lead_id = 1") == [(1,)]
    second = next(i for i, phone, _, _ in leads if phone == "+972508888888")
    assert query(house, "SELECT count(*) FROM call WHERE lead_id = ?", second) == [(1,)]
    assert ring


def test_what_must_not_be_kept(old):
    """Card numbers go out of old words, too."""
    sid = old.call(final_transcript="Customer: my card is 4111 1111 1111 1111.", full_conversation="4111111111111111",
                   summary="Card 4111-1111-1111-1111.")
    old.run()
    text = json.dumps(old.house.kol.get(f"/api/calls/{sid}", old.house.op))
    assert "[card]" in text and "1111" not in text.replace(sid, "")


def test_a_call_of_another_business(old):
    """The same call cannot be taken over into two businesses."""
    house = old.house
    other = house.add_business(number="+97246009999", name="Other")
    sid = old.call(final_transcript=TALK, summary="s")
    old.run()
    old.calls[0] |= {"number": other.number, "to_number": other.number}
    answer = old.run(check=False)
    assert answer["calls"]["left_out"] == 1 and "another business" in answer["notes"][0]["reason"]
    assert query(house, "SELECT business_id FROM call WHERE call_sid = ?", sid) == [(house.shop.id,)]
