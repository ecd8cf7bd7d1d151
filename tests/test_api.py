"""The JSON API: who may see what, filters, leads, jobs, sessions, and what is open."""
import re
import urllib.parse

import pytest
from conftest import NUMBER, accepted, rows, wait_until

HEBREW = [("inbound_track", "שלום, אני צריך מנעולן בעפולה בבקשה.")]
ENGLISH = [("inbound_track", "I need a locksmith in Haifa please.")]
OTHER_NUMBER = "+97248888888"


@pytest.fixture
def two(house):
    """Two businesses with a call each: (house, first call, second call)."""
    house.add_business(OTHER_NUMBER, "Second")
    mine = house.realtime_call(ENGLISH)
    theirs = house.realtime_call(HEBREW, caller="+972502222222", number=OTHER_NUMBER, language="he-IL")
    house.wait_events(mine)
    house.wait_events(theirs)
    return house, mine, theirs


def sids(house, query="", key=None):
    return [c["call_sid"] for c in rows(house.kol.get("/api/calls" + query, key or house.op), "calls")]


# ---- who ----

@pytest.mark.parametrize("path", ["/api/calls", "/api/leads", "/api/jobs", "/api/calls/CA" + "0" * 32, "/readyz", "/metrics",
                                  "/api/recordings/CA" + "0" * 32 + "/file"])
def test_everything_needs_a_key(house, path):
    for key in (None, "kol_wrong", "", house.op[:-1], house.op + "x", house.op.upper()):
        answer = house.kol.http("GET", path, headers={} if key is None else {"Authorization": f"Bearer {key}"})
        assert answer.status == 401, (path, key)
        assert house.op[:12].encode() not in answer.body


def test_what_is_open(house):
    assert house.kol.http("GET", "/healthz").status == 200
    page = house.kol.http("GET", "/")
    assert page.status in (200, 302, 303, 401)
    assert house.kol.http("GET", "/login").status == 200


def test_forwarded_headers_open_nothing(house):
    for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "127.0.0.1"}, {"X-Original-URL": "/healthz"},
                    {"Host": "localhost"}, {"X-Forwarded-Host": "localhost"}):
        assert house.kol.http("GET", "/api/calls", headers=headers).status == 401


def test_keys_are_not_stored(house):
    """Neither keys nor the auth token lie in the data folder or the log."""
    data = b"".join(p.read_bytes() for p in house.kol.data.rglob("*") if p.is_file())
    log = "\n".join(house.kol.lines).encode()
    for secret in (house.op, house.shop.key, house.twilio.auth_token):
        assert secret.encode() not in data and secret.encode() not in log


def test_a_revoked_key_is_worthless(house):
    made = house.kol.run_json("key", "add", "--operator", "--name", "short-lived")
    assert house.kol.http("GET", "/api/calls", made["key"]).status == 200
    house.kol.run("key", "revoke", str(made["id"]))
    assert house.kol.http("GET", "/api/calls", made["key"]).status == 401


def test_a_business_sees_its_own_only(two):
    house, mine, theirs = two
    first, second = house.businesses
    assert sids(house, key=first.key) == [mine.sid] and sids(house, key=second.key) == [theirs.sid]
    assert sorted(sids(house)) == sorted([mine.sid, theirs.sid])
    assert [lead["business_id"] for lead in rows(house.kol.get("/api/leads", first.key), "leads")] == [first.id]
    assert {j["call_sid"] for j in rows(house.kol.get("/api/jobs", first.key), "jobs")} <= {mine.sid}


def test_foreign_ids_are_404(two):
    house, mine, theirs = two
    key = house.businesses[0].key
    lead = rows(house.kol.get("/api/leads", house.businesses[1].key), "leads")[0]["id"]
    job = house.jobs(theirs)[0]["id"]
    for method, path, body in (("GET", f"/api/calls/{theirs.sid}", None), ("GET", f"/api/leads/{lead}", None),
                               ("PATCH", f"/api/leads/{lead}", {"city": "Tel Aviv"}),
                               ("GET", f"/api/jobs/{job}", None), ("POST", f"/api/jobs/{job}/retry", None),
                               ("GET", f"/api/recordings/{theirs.sid}/file", None),
                               ("HEAD", f"/api/recordings/{theirs.sid}/file", None),
                               ("POST", f"/api/recordings/{theirs.sid}/prepare", None),
                               ("POST", f"/api/recordings/{theirs.sid}/link", None),
                               ("GET", f"/api/calls/{theirs.sid}/download", None)):
        assert house.kol.http(method, path, key, body).status == 404, (method, path)
    assert rows(house.kol.get("/api/leads", house.businesses[1].key), "leads")[0]["city"] == "עפולה"


# ---- calls ----

def test_a_call_has_the_promised_fields(two):
    house, mine, _ = two
    call = house.stored(mine)
    for name in ("call_sid", "business_id", "direction", "from_number", "to_number", "recording_url", "recording_sid",
                 "duration", "final_transcript", "full_conversation", "summary", "extracted_service",
                 "extracted_city", "extraction_confidence"):
        assert name in call, name


def test_evidence_is_stored_with_the_values(two):
    """The quoted words are there for whoever doubts."""
    house, mine, _ = two
    found = house.stored(mine)["insight"]
    assert (found["service"]["value"], found["city"]["value"]) == ("locksmith", "Haifa")
    for name in ("service", "city"):
        value = found[name]
        assert value["value"].lower() in value["quote"].lower() and value["quote"] in ENGLISH[0][1]
        assert 0.5 < value["confidence"] <= 1 and re.fullmatch(r"[a-z-]+", value["rule"])
        assert value["end_ms"] >= value["start_ms"], value


@pytest.mark.parametrize("query, which", [
    ("?number=0222", "theirs"), ("?number=50123", "mine"), ("?number=999999", "none"),
    ("?city=Haifa", "mine"), ("?city=" + urllib.parse.quote("עפולה"), "theirs"), ("?city=Eilat", "none"),
    ("?service=" + urllib.parse.quote("מנעולן"), "theirs"),
])
def test_filters(two, query, which):
    house, mine, theirs = two
    assert sids(house, query) == {"mine": [mine.sid], "theirs": [theirs.sid], "none": []}[which]


def test_dates_are_in_the_businesss_time_zone(house):
    """A call at 22:30 UTC belongs to the next day in Jerusalem."""
    import datetime
    at = datetime.datetime(2026, 1, 14, 22, 30, tzinfo=datetime.timezone.utc).timestamp()
    call = house.twilio.add_call("+972501234567", NUMBER, started_at=at, seconds=20)
    accepted(house.twilio.call_status(call, house.kol.url))
    assert sids(house, "?date=2026-01-15", house.shop.key) == [call.sid]
    assert sids(house, "?date=2026-01-14", house.shop.key) == []


@pytest.mark.parametrize("query", ["?limit=x", "?limit=-1", "?limit=999999999999", "?date=yesterday", "?before=%00", "?number=%27;--",
                                   "?city=%ff%fe", "?nonsense=1"])
def test_odd_queries_do_no_harm(two, query):
    house, *_ = two
    assert house.kol.http("GET", "/api/calls" + query, house.op).status in (200, 400)


def test_paging(house):
    """Every call once, newest first."""
    made = [house.twilio.add_call(f"+97250000{n:04d}", NUMBER, started_at=1_760_000_000 + n) for n in range(7)]
    for call in made:
        accepted(house.twilio.call_status(call, house.kol.url, "ringing", 1))
    seen, query = [], "?limit=3"
    for _ in range(5):
        page = house.kol.get("/api/calls" + query, house.op)
        seen += [c["call_sid"] for c in page["calls"]]
        if not page["next"]:
            break
        query = f"?limit=3&before={page['next']}"
    assert seen == [c.sid for c in reversed(made)]


# ---- leads ----

def the_lead(house):
    return rows(house.kol.get("/api/leads", house.op), "leads")[0]


def test_typed_fields_are_never_overwritten(two):
    house, mine, _ = two
    lead = rows(house.kol.get("/api/leads", house.shop.key), "leads")[0]
    path = f"/api/leads/{lead['id']}"
    answer = house.kol.http("PATCH", path, house.shop.key, {"city": "Nesher", "name": "Dana <b>Levi</b>"})
    assert answer.status == 200
    again = house.realtime_call([("inbound_track", "I need a plumber in Tel Aviv.")])
    house.wait_events(again)
    lead = rows(house.kol.get("/api/leads", house.shop.key), "leads")[0]
    assert (lead["city"], lead["name"]) == ("Nesher", "Dana <b>Levi</b>")
    assert house.kol.http("PATCH", path, house.shop.key, {"city": None}).status == 200
    third = house.realtime_call([("inbound_track", "I need a plumber in Tel Aviv.")])
    house.wait_events(third)
    assert rows(house.kol.get("/api/leads", house.shop.key), "leads")[0]["city"] == "Tel Aviv"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": 7}', b'{"city": 5}', b'{"phone": "+1"}', b'{"business_id": 2}',
                                  b'{"city": "' + b"x" * 100_000 + b'"}', b'{"city": "\xff"}', b"null"])
def test_bad_patches(two, body):
    house, *_ = two
    lead = the_lead(house)
    answer = house.kol.http("PATCH", f"/api/leads/{lead['id']}", house.op, body, {"Content-Type": "application/json"})
    assert answer.status in (400, 413, 415, 422), answer.body
    assert answer.json().get("error")
    assert the_lead(house) == lead


def test_a_lead_shows_its_latest_call(two):
    house, *_ = two
    for name in ("id", "business_id", "phone", "name", "service_type", "city", "final_transcript", "extracted_service",
                 "extracted_city", "extraction_confidence"):
        assert name in the_lead(house), name


# ---- jobs ----

def test_jobs_list_show_and_retry(house):
    call, recording = house.new_call()
    recording.always("json", 401)
    house.announce(call, recording)
    paused = wait_until("the job to pause", lambda: [j for j in house.jobs(call) if j["state"] == "paused"])[0]
    assert paused["error"]
    one = house.kol.get(f"/api/jobs/{paused['id']}", house.op)
    assert one["id"] == paused["id"]
    recording.always("json", None)
    assert house.kol.http("POST", f"/api/jobs/{paused['id']}/retry", house.op).status in (200, 202)
    house.wait_file(call)
    assert house.kol.http("POST", f"/api/jobs/{paused['id']}/retry", house.op).status == 409
    assert house.kol.http("GET", "/api/jobs/999999", house.op).status == 404
    assert house.kol.http("POST", "/api/jobs/x/retry", house.op).status in (400, 404)


# ---- health ----

def test_health_readiness_metrics(house):
    ready = house.kol.http("GET", "/readyz", house.op)
    assert ready.status == 200 and isinstance(ready.json(), dict)
    metrics = house.kol.http("GET", "/metrics", house.op)
    assert metrics.status == 200 and metrics.headers["Content-Type"].startswith("text/plain")
    for line in metrics.body.decode().splitlines():
        assert line.startswith("#") or re.fullmatch(r'[a-zA-Z_:][\w:]*(\{[^}]*\})? [-+0-9.eEinfNa]+', line), line


# ---- pages and sessions ----

def login_token(house) -> str:
    """The one-time token of the link that kol serve printed."""
    line = wait_until("a login link", lambda: house.kol.logged(r"/login\?token=\S+"))[-1]
    return re.search(r"/login\?token=([^\s\"&]+)", line)[1]


def log_in(house, how: dict, **headers):
    """POST /login."""
    return house.kol.http("POST", "/login", body=how, headers=headers)


def open_session(house) -> str:
    """The session's cookie, got with a key as the login page does."""
    answer = log_in(house, {"key": house.op}, Origin=house.kol.url, Host=f"127.0.0.1:{house.kol.port}")
    assert answer.status == 200, answer.body
    return cookie_of(answer)


def cookie_of(answer) -> str:
    """name=value of a new session's cookie, which scripts and other sites must not get at."""
    cookie = answer.headers["Set-Cookie"]
    assert "httponly" in cookie.lower() and re.search("samesite=(strict|lax)", cookie.lower())
    return cookie.split(";")[0]


def test_no_login_link_goes_into_a_log_file(house):
    """Only a terminal gets it: logs are read by others."""
    assert not house.kol.logged("token=")


def test_the_login_link_works_once(make_house):
    house = make_house(terminal=True)
    token = login_token(house)
    cookie = cookie_of(log_in(house, {"token": token}))
    assert house.kol.http("GET", "/api/calls", headers={"Cookie": cookie}).status == 200
    again = log_in(house, {"token": token})
    assert again.status == 401 and "Set-Cookie" not in again.headers
    name = cookie.split("=")[0]
    assert house.kol.http("GET", "/api/calls", headers={"Cookie": f"{name}=wrong"}).status == 401


@pytest.mark.parametrize("how", [{}, {"token": "wrong"}, {"key": "kol_wrong"}, {"token": ""}, {"key": 5},
                                 {"token": "a", "key": "b"}])
def test_wrong_logins(house, how):
    answer = log_in(house, how)
    assert answer.status in (400, 401) and "Set-Cookie" not in answer.headers


def test_logging_in_from_another_site_is_refused(house):
    """Otherwise another site could put its own session into a visitor's browser."""
    answer = log_in(house, {"key": house.op}, Origin="https://evil.example.com")
    assert answer.status == 403 and "Set-Cookie" not in answer.headers


def test_logging_out_ends_the_session(house):
    cookie = open_session(house)
    here = {"Cookie": cookie, "Origin": house.kol.url, "Host": f"127.0.0.1:{house.kol.port}"}
    assert house.kol.http("POST", "/logout", headers=here).status in (200, 204)
    assert house.kol.http("GET", "/api/calls", headers={"Cookie": cookie}).status == 401


def test_the_cookie_is_secure_over_https(house):
    """Behind a proxy with TLS the browser's Origin says https."""
    host = house.twilio.public_url.removeprefix("https://")
    answer = log_in(house, {"key": house.op}, Origin=house.twilio.public_url, Host=host)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-") and "secure" in cookie.lower()


def test_a_session_is_safe_against_other_sites(two):
    """Another site can make a browser send the cookie, but not the page's own origin."""
    house, *_ = two
    cookie = open_session(house)
    lead = the_lead(house)
    path = f"/api/leads/{lead['id']}"
    for extra in ({"Origin": "https://evil.example.com"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"},
                  {"Origin": "https://evil.example.com", "Content-Type": "text/plain"}):
        answer = house.kol.http("PATCH", path, body=b'{"city": "Evil"}',
                                headers={"Cookie": cookie, "Content-Type": "application/json"} | extra)
        assert answer.status in (400, 401, 403, 415), extra
    assert the_lead(house)["city"] != "Evil"


def test_pages_cannot_run_what_callers_say(house):
    """A strict policy, and no text of a call in the page's own source."""
    call = house.realtime_call([("inbound_track", "<script>alert(1)</script> locksmith in Haifa")])
    house.wait_events(call)
    cookie = open_session(house)
    for path in ("/", f"/calls/{call.sid}"):
        page = house.kol.http("GET", path, headers={"Cookie": cookie})
        assert page.status == 200
        assert b"<script>alert(1)" not in page.body
        policy = page.headers["Content-Security-Policy"]
        assert policy and "unsafe-inline" not in policy.split("script-src")[-1].split(";")[0]
        assert page.headers["X-Content-Type-Options"] == "nosniff"
