"""Two tenants with accounts of their own: whatever one of them sends, nothing of the other's is touched or seen.

Each tenant knows his own auth token and all SIDs and URLs of the other, so everything he sends is signed rightly with
his token. 0 crossings means: every byte that is stored of the other is what it was, and no answer shows any of it.
"""
import hashlib
import http.client
import itertools
import json
import os
import random
import sqlite3
import time
from urllib.parse import urlencode, urlsplit

import pytest
import twilio_callbacks as callbacks
from conftest import CALLER, accepted, rows, tone_mp3, wait_until
from twilio_sim import new_sid

NUMBERS = ("+97246001234", "+97246005678")
TURNS = [("inbound_track", "my lock is broken"), ("outbound_track", "we are on our way")]


class Tenant:
    """A business in an account of its own, with a finished call and one that is still going on."""

    def __init__(self, house, name, number, account_sid, token):
        self.house, self.number, self.account_sid, self.token = house, number, account_sid, token
        words = [] if account_sid == house.twilio.account_sid else ["--account", account_sid]
        made = house.kol.run_json("business", "add", "--name", name, "--number", number, "--language", "en", *words)
        self.id = made["id"]
        self.key = house.kol.add_key(self.id)
        listed = house.kol.run_json("twilio", "urls", "--business", str(self.id))["businesses"][0]
        self.urls = listed["urls"]
        assert listed["account_sid"] == account_sid and listed["numbers"] == [number]
        self.url_token = urlsplit(self.urls["call_status"]).query.removeprefix("kol=")
        self.transcription_sid = new_sid("GT")
        self._live()

    def _live(self):
        """A recorded call, transcribed by Twilio in real time, and another that is ringing."""
        sim, url = self.house.twilio, self.house.kol.url
        self.call = sim.add_call(CALLER, self.number, account_sid=self.account_sid)
        self.recording = sim.add_recording(self.call, mp3=tone_mp3(hz=300 + self.id))
        accepted(sim.call_status(self.call, url, "in-progress", 1))
        for event in callbacks.transcript(self.call, TURNS):
            event["TranscriptionSid"] = self.transcription_sid
            accepted(sim.post(url, "/webhook/transcription", event, token=self.token))
        accepted(sim.call_status(self.call, url, "completed", 3))
        accepted(sim.recording_status(self.call, self.recording, url))
        self.ringing = sim.add_call(CALLER, self.number, account_sid=self.account_sid)
        accepted(sim.call_status(self.ringing, url, "ringing", 1))
        self.house.wait_file(self.call)

    def snapshot(self) -> dict:
        """All that is stored of this tenant."""
        db = sqlite3.connect(f"file:{self.house.kol.data / 'kol.db'}?mode=ro", uri=True)
        try:
            calls = "(SELECT id FROM call WHERE account_sid = ? OR business_id = ?)"
            mine = (self.account_sid, self.id)
            queries = {
                "business": ("SELECT * FROM business WHERE id = ?", (self.id,)),
                "number": ("SELECT * FROM phone_number WHERE business_id = ?", (self.id,)),
                "account": ("SELECT * FROM twilio_account WHERE account_sid = ?", (self.account_sid,)),
                "call": (f"SELECT * FROM call WHERE id IN {calls}", mine),
                "recording": (f"SELECT * FROM recording WHERE account_sid = ? OR call_id IN {calls}",
                              (self.account_sid, *mine)),
                "line": (f"SELECT * FROM realtime_line WHERE call_id IN {calls}", mine),
                "segment": (f"SELECT * FROM segment WHERE call_id IN {calls}", mine),
                "event": ("SELECT * FROM event WHERE account_sid = ?", (self.account_sid,)),
                "lead": ("SELECT * FROM lead WHERE business_id = ?", (self.id,)),
                "delivery": ("SELECT * FROM delivery WHERE business_id = ?", (self.id,)),
                "job": (f"SELECT * FROM job WHERE business_id = ? OR call_id IN {calls}", (self.id, *mine)),
            }
            found = {name: sorted(db.execute(sql, args).fetchall(), key=repr) for name, (sql, args) in queries.items()}
        finally:
            db.close()
        file = self.house.kol.data / "recordings" / f"{self.call.sid}.mp3"
        return found | {"file": hashlib.sha256(file.read_bytes()).hexdigest()}

    def busy(self, within_ms: int = 0) -> int:
        """Jobs at work now, or due within some time; offline transcription is switched off."""
        db = sqlite3.connect(f"file:{self.house.kol.data / 'kol.db'}?mode=ro", uri=True)
        try:
            return db.execute("SELECT count(*) FROM job WHERE state IN ('ready', 'running') AND stage <> 'transcribe'"
                              " OR state = 'scheduled' AND due_at_ms < ?",
                              (time.time() * 1000 + within_ms,)).fetchone()[0]
        finally:
            db.close()

    def settled(self) -> dict:
        """All that is stored of this tenant, once nothing is under way any more."""
        def quiet():
            if self.busy(2000):  # first: what ends after a snapshot is not in it
                return None
            one = self.snapshot()
            return one if one["lead"] and one["line"] else None
        return wait_until("everything to be done", quiet, 40)


@pytest.fixture
def tenants(make_house):
    """The first tenant has the account of the settings, the second an account with a row."""
    # The realtime transcript is used soon; nothing else is due while the test compares.
    house = make_house(business=False, realtime_after_s=600)
    account = house.twilio.add_account()
    added = house.kol.run("account", "add", account.sid, "--name", "Carmel", text=account.token + "\n")
    assert account.token not in added.stdout + added.stderr
    one = Tenant(house, "Galil Locks", NUMBERS[0], house.twilio.account_sid, house.twilio.auth_token)
    two = Tenant(house, "Carmel Pipes", NUMBERS[1], account.sid, account.token)
    return house, one, two


# ---- what an attacker sends ----

def recording_url(account_sid, recording_sid):
    return f"https://api.twilio.com/2010-04-01/Accounts/{account_sid}/Recordings/{recording_sid}"


def attempts(me, other, rng, count):
    """Combinations of my own and the other's SIDs, numbers and tokens in each kind of callback."""
    sim = me.house.twilio
    kinds = ("call_status", "recording_status", "handle_recording", "transcription")
    choices = {
        "account": ((me.account_sid,), (other.account_sid,), (me.account_sid, other.account_sid),
                    (other.account_sid, me.account_sid)),
        "call": ("new", "mine", "theirs", "ringing"),
        "recording": ("new", "mine", "theirs"),
        "url": ("fits", "theirs", "their recording in my account", "my recording in their account", None),
        "transcription": ("new", "mine", "theirs"),
        "number": (me.number, other.number),
        "token": (None, me.url_token, other.url_token, "1.AAAAAAAAAAAAAAAAAAAAAA"),
        "parent": (None, other.call.sid),
        "method": ("POST", "GET"),
        "query": (None, {"AccountSid": other.account_sid}),
    }
    honest = {name: values[0] for name, values in choices.items()}
    whole = [dict(zip(choices, values)) for values in itertools.product(*choices.values())]
    for kind in kinds:
        for choice in deviations(honest, choices) + rng.sample(whole, count):
            yield kind, choice, _params(kind, choice, me, other, sim)


def deviations(honest, choices):
    """What differs from an honest callback in no, one or two places: each of these must be enough."""
    single = [(name, value) for name, values in choices.items() for value in values[1:]]
    pairs = [dict(two) for two in itertools.combinations(single, 2) if two[0][0] != two[1][0]]
    return [honest] + [honest | {name: value} for name, value in single] + [honest | two for two in pairs]


def _params(kind, choice, me, other, sim):
    call = {"new": sim.add_call(CALLER, choice["number"], account_sid=me.account_sid), "mine": me.call,
            "theirs": other.call, "ringing": other.ringing}[choice["call"]]
    recording = {"new": new_sid("RE"), "mine": me.recording.sid, "theirs": other.recording.sid}[choice["recording"]]
    url = {"fits": recording_url(choice["account"][0], recording),
           "theirs": recording_url(other.account_sid, other.recording.sid),
           "their recording in my account": recording_url(me.account_sid, other.recording.sid),
           "my recording in their account": recording_url(other.account_sid, me.recording.sid),
           None: None}[choice["url"]]
    sequence = str(int(time.time() * 1000) % 1_000_000_000)
    if kind == "transcription":
        given = choice["transcription"]
        sid = {"new": new_sid("GT"), "mine": me.transcription_sid, "theirs": other.transcription_sid}[given]
        params = callbacks.transcription(call, "content", 2, "cancel the appointment", TranscriptionSid=sid,
                                         SequenceId=sequence)
    elif kind == "recording_status":
        params = callbacks.recording_status(call, me.recording, RecordingSid=recording, RecordingUrl=url)
    elif kind == "handle_recording":
        params = callbacks.record_action(call, me.recording, RecordingSid=recording, RecordingUrl=url,
                                         From=CALLER, To=choice["number"])
    else:
        params = callbacks.call_status(call, "completed", 9, SequenceNumber=sequence, RecordingSid=recording,
                                       RecordingUrl=url, From=CALLER, To=choice["number"])
    params["CallSid"] = call.sid
    if choice["parent"]:  # a transfer, as if my call were a leg of the other's
        params["ParentCallSid"] = choice["parent"]
    pairs = [(k, v) for k, v in params.items() if k != "AccountSid"]
    return [("AccountSid", sid) for sid in choice["account"]] + pairs


def send(connection, me, kind, choice, pairs):
    """One callback, signed with my token; the status."""
    query = dict(choice["query"] or {}) | ({"kol": choice["token"]} if choice["token"] else {})
    target = f"/webhook/{kind}"
    headers, body = {}, None
    if choice["method"] == "GET":
        target += "?" + urlencode(list(query.items()) + pairs)
        signature = callbacks.sign(me.token, me.house.twilio.public_url + target)
    else:
        target += "?" + urlencode(query) if query else ""
        signature = callbacks.sign(me.token, me.house.twilio.public_url + target, pairs)
        body, headers = urlencode(pairs), {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request(choice["method"], target, body, headers | {"X-Twilio-Signature": signature})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def touches(choice, kind, me, other, pairs) -> bool:
    """Does it name anything of the other's, so that it has to be refused?"""
    values = dict(pairs)
    foreign = other.account_sid in choice["account"] or choice["call"] in ("theirs", "ringing")
    foreign |= choice["method"] == "GET" and choice["query"] is not None  # there the query is what counts
    foreign |= choice["token"] in (other.url_token, "1.AAAAAAAAAAAAAAAAAAAAAA")
    foreign |= other.account_sid in values.get("RecordingUrl", "") or other.recording.sid in str(values)
    return foreign or other.transcription_sid in str(values)


@pytest.mark.parametrize("direction", ["settings against row", "row against settings"])
def test_no_crossing(tenants, direction):
    """Some thousand rightly signed callbacks with the other's SIDs, numbers and tokens: 0 crossings."""
    house, one, two = tenants
    me, other = (one, two) if direction.startswith("settings") else (two, one)
    seed = int(os.environ.get("KOL_SEED", time.time_ns() % 1_000_000_000))
    print(f"\ncrossings: seed {seed} (KOL_SEED={seed} repeats them)")
    mine_before, before = me.settled(), other.settled()
    connection = http.client.HTTPConnection("127.0.0.1", house.kol.port, timeout=30)
    refused = taken = 0
    for number, (kind, choice, pairs) in enumerate(attempts(me, other, random.Random(seed), 60)):
        status = send(connection, me, kind, choice, pairs)
        told = f"seed {seed}, number {number}: {status} {kind} {choice}"
        if touches(choice, kind, me, other, pairs):
            assert status in (400, 403, 409), told
            refused += 1
        else:
            assert status in (200, 204, 400, 409), told  # my own SIDs may contradict each other, too
            taken += status < 300
    connection.close()
    print(f"{refused} crossings tried and refused, {taken} own callbacks taken")
    assert refused > 700 and taken > 100
    wait_until("what was taken to be looked at", lambda: not me.busy(), 40)
    assert other.snapshot() == before
    after = me.snapshot()
    assert after["business"] == mine_before["business"] and after["account"] == mine_before["account"]
    assert {row[0] for row in mine_before["call"]} <= {row[0] for row in after["call"]}


def test_the_others_number_is_nobodys(tenants):
    """A call of my account to the other's number is kept without a business, and never his."""
    house, one, two = tenants
    for me, other in ((one, two), (two, one)):
        call = house.twilio.add_call(CALLER, other.number, account_sid=me.account_sid)
        recording = house.twilio.add_recording(call, mp3=tone_mp3())
        accepted(house.twilio.call_status(call, house.kol.url, "ringing", 1))
        assert house.stored(call)["business_id"] is None
        # Only the recording callback: the number comes from Twilio.
        silent = house.twilio.add_call(CALLER, other.number, account_sid=me.account_sid)
        recording = house.twilio.add_recording(silent, mp3=tone_mp3())
        accepted(house.twilio.recording_status(silent, recording, house.kol.url))
        wait_until("the look-up", lambda: house.stored(silent)["from_number"] == CALLER)
        assert house.stored(silent)["business_id"] is None
        assert house.stored(silent, other.key) is None and house.stored(silent, me.key) is None
        # Giving the number to its owner once more does not release calls of another account.
        house.kol.run("business", "add-number", str(other.id), "--number", other.number)
        assert house.stored(call)["business_id"] is None and house.stored(silent)["business_id"] is None


def test_two_businesses_of_one_account(tenants):
    """They share a token, so the URL's token is what tells them apart; a call stays whose it is."""
    house, one, _ = tenants
    second = Tenant(house, "Golan Doors", "+97246009999", one.account_sid, one.token)
    before = one.settled()
    for kind, params in (
            ("recording_status", callbacks.recording_status(one.call, one.recording, "absent")),
            ("recording_status", callbacks.recording_status(second.call, one.recording)),
            ("call_status", callbacks.call_status(one.ringing, "completed", 8)),
            ("transcription", callbacks.transcription(one.call, "content", 77, "never said")),
            ("transcription", callbacks.transcription(second.call, "content", 77, "never said",
                                                      TranscriptionSid=one.transcription_sid))):
        sent = house.twilio.post(house.kol.url, second.urls[kind].split("#")[0], params)
        assert sent.status in (403, 409), (kind, params, sent.last.body)
    assert one.snapshot() == before


# ---- the API ----

def test_keys_see_nothing_of_the_other(tenants):
    house, one, two = tenants
    one.settled(), two.settled()
    for me, other in ((one, two), (two, one)):
        sid = other.call.sid
        for method, target in (("GET", f"/api/calls/{sid}"), ("GET", f"/api/calls/{sid}/download"),
                               ("GET", f"/api/recordings/{sid}/file"), ("HEAD", f"/api/recordings/{sid}/file"),
                               ("POST", f"/api/recordings/{sid}/prepare"), ("POST", f"/api/recordings/{sid}/link"),
                               ("POST", f"/api/calls/{sid}/trigger"), ("GET", f"/api/businesses/{other.id}")):
            assert house.kol.http(method, target, me.key).status == 404, target
        jobs = rows(house.kol.get("/api/jobs?limit=200", other.key), "jobs")
        leads = rows(house.kol.get("/api/leads", other.key), "leads")
        assert jobs and leads
        for job in jobs:
            for method, more in (("GET", ""), ("POST", "/retry"), ("POST", "/cancel")):
                assert house.kol.http(method, f"/api/jobs/{job['id']}{more}", me.key).status == 404
        for lead in leads:
            assert house.kol.http("PATCH", f"/api/leads/{lead['id']}", me.key, {"name": "x"}).status == 404
        shown = "".join(house.kol.http("GET", target, me.key).body.decode() for target in (
            "/api/me", "/api/calls?limit=200", "/api/jobs?limit=200", "/api/leads", "/api/businesses",
            "/api/search?q=lock"))
        for secret in (other.call.sid, other.ringing.sid, other.recording.sid, other.number, other.account_sid):
            assert secret not in shown


def test_requests_go_with_the_right_credentials(tenants):
    """Each account's resources were asked for with its own token, and nothing was refused."""
    house, one, two = tenants
    asked = {one.account_sid: 0, two.account_sid: 0}
    for request in house.twilio.ledger:
        account = request.path.split("/")[3]
        asked[account] += 1
        assert request.status not in (401, 403), request.as_json()
    assert all(asked.values())


# ---- tokens in the URL ----

def test_the_url_names_the_business(make_house):
    """No number, no other callback: the call belongs to its business at once; who called is asked for later."""
    house = make_house()
    urls = house.kol.run_json("twilio", "urls", "--business", str(house.shop.id))["businesses"][0]["urls"]
    call, recording = house.new_call(number="+97239999999")  # a number that nobody was given
    sent = house.twilio.post(house.kol.url, urls["recording_status"], callbacks.recording_status(call, recording))
    accepted(sent)
    assert sent.url.endswith(urls["recording_status"].split("#")[0].rsplit("/", 1)[1])
    assert house.stored(call, house.shop.key)["business_id"] == house.shop.id
    house.wait_file(call)
    wait_until("the numbers", lambda: house.stored(call)["from_number"])
    assert house.stored(call)["business_id"] == house.shop.id


def test_tokens_that_do_not_fit(make_house):
    house = make_house()
    other = house.add_business("+97246007777", "Other")
    listed = house.kol.run_json("twilio", "urls")["businesses"]
    token = {b["business_id"]: urlsplit(b["urls"]["call_status"]).query for b in listed}
    mine, theirs = token[house.shop.id], token[other.id]
    assert mine != theirs
    mixed = f"kol={other.id}." + mine.split(".")[1]
    call = house.twilio.add_call(CALLER, house.shop.number)
    for query in ("kol=", "kol=1", "kol=garbage", mixed, mine + "A", mine[:-1], "kol=" + mine[4:].swapcase(), f"{mine}&{mine}",
                  f"{mine}&{theirs}", "kol=999999." + mine.split(".")[1]):
        sent = house.twilio.post(house.kol.url, f"/webhook/call_status?{query}", callbacks.call_status(call))
        assert sent.status == 403, query
        assert b"kol twilio urls" in sent.last.body
    assert house.stored(call) is None
    accepted(house.twilio.post(house.kol.url, f"/webhook/call_status?x=1&{mine}", callbacks.call_status(call)))
    assert house.stored(call)["business_id"] == house.shop.id


def test_a_business_that_moves_gets_other_urls(make_house):
    """The token is bound to the account: the old URL ends with the old account."""
    house = make_house()
    account = house.twilio.add_account()
    house.kol.run("account", "add", account.sid, text=account.token)
    old = house.kol.run_json("twilio", "urls")["businesses"][0]["urls"]["call_status"]
    assert house.kol.run("business", "set", str(house.shop.id), "--account", new_sid("AC"), check=False).returncode == 1
    house.kol.run("business", "set", str(house.shop.id), "--account", account.sid)
    new = house.kol.run_json("twilio", "urls")["businesses"][0]["urls"]["call_status"]
    assert old != new
    for url, sid, good in ((old, house.twilio.account_sid, False), (old, account.sid, False), (new, account.sid, True),
                           (new, house.twilio.account_sid, False)):
        call = house.twilio.add_call(CALLER, house.shop.number, account_sid=sid)
        sent = house.twilio.call_status(call, house.kol.url, how={"path": url})
        assert sent.status == (200 if good else 403), (url, sid)
    shown = house.kol.get("/api/businesses", house.op)["businesses"][0]
    assert shown["account_sid"] == account.sid


# ---- accounts and their secrets ----

def test_rotation(make_house):
    """Both tokens count while they change; after that only the new one, for signatures and for requests."""
    house = make_house(business=False)
    account = house.twilio.add_account()
    house.kol.run("account", "add", account.sid, text=account.token)
    fresh = "f" * 32

    def status(token):
        call = house.twilio.add_call(CALLER, NUMBERS[0], account_sid=account.sid)
        return house.twilio.call_status(call, house.kol.url, "ringing", 1, how={"token": token}).status

    assert (status(account.token), status(fresh)) == (200, 403)
    house.kol.run("account", "rotate", account.sid, text=fresh)
    assert (status(account.token), status(fresh), status("0" * 32)) == (200, 200, 403)
    old = account.token
    account.token = fresh  # promoted at Twilio
    house.kol.run("account", "rotate", account.sid, "--promote")
    assert (status(old), status(fresh)) == (403, 200)
    assert house.kol.run("account", "rotate", account.sid, "--promote", check=False).returncode == 1


def test_refused_credentials_stop_one_account_only(make_house):
    """Its jobs wait, the other's do not; they go on when its credentials change, without a restart."""
    house = make_house()
    account = house.twilio.add_account()
    house.kol.run("account", "add", account.sid, text="0" * 32)  # not what Twilio has
    house.kol.run("business", "add", "--name", "Carmel", "--number", NUMBERS[1], "--account", account.sid)
    theirs = house.twilio.add_call(CALLER, NUMBERS[1], account_sid=account.sid)
    recording = house.twilio.add_recording(theirs, mp3=tone_mp3())
    for sent in (house.twilio.call_status(theirs, house.kol.url, how={"token": "0" * 32}),
                 house.twilio.recording_status(theirs, recording, house.kol.url, how={"token": "0" * 32})):
        accepted(sent)
    ours, _ = house.ring()
    house.wait_file(ours)
    wait_until("their fetch to pause", lambda: any(j["state"] == "paused" and j["error_code"] == "refused"
                                                   for j in house.jobs(theirs)))
    answer = house.file(theirs)
    assert answer.status == 503 and b"refused the credentials" in answer.body
    done = house.kol.run("account", "set", account.sid, "--token-from", "-", text=account.token + "\n")
    assert "go on" in done.stdout
    house.wait_file(theirs)


def test_a_file_with_another_token_is_enough(make_house, tmp_path):
    """The file that a row names is read at each use; who waited for it goes on by himself."""
    house = make_house(business=False)
    account = house.twilio.add_account()
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text("0" * 32)
    house.kol.run("account", "add", account.sid, "--token-from", f"file:{file}")
    house.kol.run("business", "add", "--name", "Carmel", "--number", NUMBERS[1], "--account", account.sid)
    call = house.twilio.add_call(CALLER, NUMBERS[1], account_sid=account.sid)
    recording = house.twilio.add_recording(call, mp3=tone_mp3())
    accepted(house.twilio.recording_status(call, recording, house.kol.url, how={"token": "0" * 32}))
    wait_until("its fetch to pause", lambda: any(j["state"] == "paused" and j["error_code"] == "refused"
                                                 for j in house.jobs(call)))
    file.write_text(account.token)
    house.wait_file(call)
    house.kol.wait_log(f"the credentials of {account.sid} have changed: 1 paused jobs go on")


def test_where_secrets_may_come_from(make_house, tmp_path):
    """A file, the environment, the standard input; never the command line; a file for all is refused."""
    house = make_house(business=False, env={"CARMEL_TOKEN": "e" * 32})
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text("a" * 32 + "\n")
    sids = [new_sid("AC") for _ in range(3)]
    house.kol.run("account", "add", sids[0], "--token-from", f"file:{file}")
    house.kol.run("account", "add", sids[1], "--token-from", "env:CARMEL_TOKEN")
    wrong = house.kol.run("account", "add", sids[2], "--token-from", "b" * 32, check=False)
    assert wrong.returncode == 1 and "command line" in wrong.stderr

    def status(sid, token):
        call = house.twilio.add_call(CALLER, NUMBERS[0], account_sid=sid)
        return house.twilio.call_status(call, house.kol.url, "ringing", 1, how={"token": token}).status

    assert status(sids[0], "a" * 32) == 200 and status(sids[1], "e" * 32) == 200
    assert status(sids[2], "b" * 32) == 403
    listed = {a["account_sid"]: a for a in house.kol.run_json("account", "list")["accounts"]}
    assert listed[sids[0]]["auth_token"] == f"file:{file}" and listed[sids[1]]["auth_token"] == "env:CARMEL_TOKEN"
    assert listed[house.twilio.account_sid]["source"] == "settings"
    file.chmod(0o644)
    assert status(sids[0], "a" * 32) == 500
    shown = house.kol.run_json("account", "show", sids[0])
    assert not shown["readable"] and "chmod 600" in shown["problem"]
    assert any(c["verdict"] == "bad" and "chmod 600" in c["text"]
               for c in json.loads(house.kol.run("doctor", "--json", check=False).stdout)["checks"])


def test_secrets_are_nowhere(tenants):
    """Not in the database, not in the log, not in any answer; without its key nothing can be read."""
    house, one, two = tenants
    two.settled()
    house.kol.run("account", "rotate", two.account_sid, text="9" * 32)
    shown = house.kol.run("account", "list").stdout + house.kol.run("account", "list", "--json").stdout
    shown += house.kol.run("doctor", check=False).stdout + "\n".join(house.kol.lines)
    shown += house.kol.http("GET", "/api/businesses", house.op).body.decode()
    stored = b"".join(p.read_bytes() for p in house.kol.data.glob("kol.db*"))
    for secret in (two.token, "9" * 32):
        assert secret not in shown and secret.encode() not in stored
    key = house.kol.data / "secrets.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.rename(key.with_suffix(".away"))
    assert house.twilio.call_status(two.ringing, house.kol.url, "busy", 7).status == 500
    accepted(house.twilio.call_status(one.ringing, house.kol.url, "busy", 7))
    refused = house.kol.run("account", "add", new_sid("AC"), text="8" * 32, check=False)
    assert refused.returncode == 1 and "backup" in refused.stderr and not key.exists()
    key.with_suffix(".away").rename(key)
    accepted(house.twilio.call_status(two.ringing, house.kol.url, "busy", 7))


def test_accounts_come_and_go(make_house):
    house = make_house()
    sid = new_sid("AC")
    again = house.kol.run("account", "add", house.twilio.account_sid, text="x" * 32, check=False)
    assert again.returncode == 1 and "settings" in again.stderr
    house.kol.run("account", "add", sid, "--name", "Carmel", text="x" * 32)
    assert house.kol.run("account", "add", sid, text="x" * 32, check=False).returncode == 1
    house.kol.run("business", "set", str(house.shop.id), "--account", sid)
    assert house.kol.run("account", "remove", sid, check=False).returncode == 1
    assert house.kol.run_json("account", "show", sid)["businesses"] == [house.shop.id]
    house.kol.run("business", "set", str(house.shop.id), "--account=")
    house.kol.run("account", "remove", sid)
    assert house.kol.run("account", "show", sid, check=False).returncode == 1
    call = house.twilio.add_call(CALLER, NUMBERS[0], account_sid=sid)
    assert house.twilio.call_status(call, house.kol.url, how={"token": "x" * 32}).status == 403


def test_without_an_account_in_the_settings(make_house):
    """500 while there is nothing to check with; with one account in the database all works."""
    house = make_house(business=False, twilio_account_sid="", twilio_auth_token="")
    account = house.twilio.add_account()
    call = house.twilio.add_call(CALLER, NUMBERS[0], account_sid=account.sid)
    assert house.twilio.call_status(call, house.kol.url).status == 500
    house.kol.run("account", "add", account.sid, text=account.token)
    house.kol.run("business", "add", "--name", "Carmel", "--number", NUMBERS[0], "--account", account.sid)
    recording = house.twilio.add_recording(call, mp3=tone_mp3())
    accepted(house.twilio.call_status(call, house.kol.url))
    accepted(house.twilio.recording_status(call, recording, house.kol.url))
    house.wait_file(call)
    stranger = house.twilio.add_call(CALLER, NUMBERS[0])
    assert house.twilio.call_status(stranger, house.kol.url).status == 403
