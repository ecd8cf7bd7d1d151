"""The pages in real Chromium: the player follows 202, 404 and 503, and never asks without end."""
import os
import shutil

import calls
import pytest
from conftest import accepted, tone_mp3, wait_until
from fakehttp import Step

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.release]

HEBREW = [("outbound_track", "שלום, במה אפשר לעזור?"), ("inbound_track", "שלום, אני צריך מנעולן בעפולה בבקשה.")]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--no-first-run", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]


@pytest.fixture(scope="module")
def chromium():
    path = os.environ.get("KOL_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.fail("chromium is not installed", pytrace=False)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """A browser page that counts what it asks for and collects what went wrong."""

    def __init__(self, browser, house):
        self.house = house
        self.context = browser.new_context(locale="en-US", timezone_id="Asia/Jerusalem")
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.asked: list[str] = []
        self.trouble: list[str] = []
        self.page.on("request", lambda r: self.asked.append(f"{r.method} {r.url.removeprefix(house.kol.url)}"))
        self.page.on("dialog", lambda d: (self.trouble.append(f"dialog {d.message}"), d.dismiss()))
        self.page.on("pageerror", lambda e: self.trouble.append(f"error {e}"))
        self.page.on("console", self._console)

    def _console(self, message):
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.trouble.append(message.text)

    def log_in(self):
        """By the form, as a person does."""
        self.page.goto(self.house.kol.url + "/")
        self.page.wait_for_url("**/login**")
        self.page.fill("#key", self.house.op)
        self.page.press("#key", "Enter")
        self.page.wait_for_url(self.house.kol.url + "/")
        return self

    def open_call(self, call):
        self.page.goto(f"{self.house.kol.url}/calls/{call.sid}")
        return self.page.locator(".player")

    def wait_state(self, state: str, timeout_ms: int = 15_000):
        """Until the player shows a state."""
        self.page.wait_for_selector(f'.player[data-state="{state}"]', timeout=timeout_ms)

    def wait_audio(self, condition: str):
        """Until something is true of the audio element. (The page's policy forbids wait_for_function.)"""
        wait_until(f"audio.{condition}", lambda: self.page.evaluate(f"document.querySelector('audio').{condition}"))

    def heads(self, call) -> int:
        """How often the player asked whether the file is there."""
        return self.asked.count(f"HEAD /api/recordings/{call.sid}/file")


@pytest.fixture
def visit(chromium, house):
    """A logged-in visitor of the usual house."""
    visitor = Visitor(chromium, house).log_in()
    yield visitor
    visitor.context.close()
    assert visitor.trouble == []


def test_202_then_200_then_it_plays(visit):
    """The recording comes while the page waits: "preparing", then a player that plays."""
    house = visit.house
    call, recording = house.new_call(mp3=tone_mp3(4))
    recording.always("json", Step(delay_s=1))
    house.announce(call, recording)
    player = visit.open_call(call)
    visit.wait_state("preparing")
    assert "preparing" in player.inner_text().lower()
    recording.always("json", None)
    visit.wait_state("ready")
    visit.wait_audio("duration > 3.5")
    visit.page.evaluate("document.querySelector('audio').play()")
    visit.wait_audio("currentTime > 0.3")
    assert visit.heads(call) <= 10
    visit.page.evaluate("document.querySelector('audio').currentTime = 3")
    visit.wait_audio("currentTime >= 3")


def test_404_stops(visit):
    """A call without recording: said once, and not one more request in an hour."""
    house = visit.house
    call = house.twilio.add_call("+972501234567", "+97246001234")
    accepted(house.twilio.call_status(call, house.kol.url, "in-progress", 1))
    visit.page.clock.install()
    player = visit.open_call(call)
    visit.wait_state("none")
    assert "no recording" in player.inner_text().lower()
    assert visit.heads(call) == 1
    visit.page.clock.run_for(3_600_000)
    visit.page.evaluate("fetch('/healthz')")
    wait_until("the browser's next request", lambda: visit.page.evaluate("1") and "GET /healthz" in visit.asked)
    assert visit.heads(call) == 1


def test_preparing_ends_some_time(visit):
    """Twilio never gives it: after a bounded number of questions the player stops and offers to try again."""
    house = visit.house
    call, recording = house.new_call()
    recording.always("json", Step(delay_s=300))
    house.announce(call, recording)
    visit.page.clock.install()
    visit.open_call(call)
    visit.wait_state("preparing")
    for _ in range(100):
        if visit.page.locator(".player").get_attribute("data-state") != "preparing":
            break
        before = visit.heads(call)
        with visit.page.expect_response(lambda r: r.request.method == "HEAD", timeout=5_000):
            visit.page.clock.run_for(2_100)
        assert visit.heads(call) <= before + 2
    visit.wait_state("stopped")
    count = visit.heads(call)
    assert count <= 100
    visit.page.clock.run_for(3_600_000)
    assert visit.heads(call) == count
    assert visit.page.get_by_role("button", name="Try again").is_visible()


def test_503_shows_the_reason_and_tries_again_on_request(visit):
    house = visit.house
    call, recording = house.new_call()
    house.twilio.accounts[house.twilio.account_sid][house.twilio.account_sid] = "changed"
    house.announce(call, recording)
    wait_until("503", lambda: house.file(call).status == 503)
    player = visit.open_call(call)
    visit.wait_state("stopped")
    assert len(player.inner_text()) > 30
    assert visit.heads(call) == 1
    house.twilio.accounts[house.twilio.account_sid][house.twilio.account_sid] = house.twilio.auth_token
    visit.page.get_by_role("button", name="Try again").click()
    visit.wait_state("ready", 20_000)


def test_hebrew_reads_from_right_to_left(visit):
    house = visit.house
    call = house.realtime_call(HEBREW, language="he-IL")
    house.wait_events(call)
    visit.open_call(call)
    line = visit.page.get_by_text("אני צריך מנעולן בעפולה").first
    line.wait_for()
    assert line.evaluate("e => getComputedStyle(e).direction") == "rtl"


def test_the_list_shows_calls_and_leads_to_them(visit):
    house = visit.house
    call = house.realtime_call([("inbound_track", "I need a locksmith in Haifa please.")])
    house.wait_events(call)
    visit.page.goto(house.kol.url + "/")
    link = visit.page.locator(f'a[href$="/calls/{call.sid}"]').first
    link.wait_for()
    assert "Haifa" in visit.page.locator("main").inner_text()
    link.click()
    visit.page.wait_for_url(f"**/calls/{call.sid}")
    visit.page.get_by_text("I need a locksmith in Haifa please").first.wait_for()


def test_each_value_shows_its_evidence(visit):
    """Value, confidence, the words it was taken from, and the rule."""
    house = visit.house
    call = house.realtime_call([("inbound_track", "I need a locksmith in Haifa please.")])
    house.wait_events(call)
    visit.open_call(call)
    city = visit.page.locator(".evidence > div").filter(has_text="Haifa").filter(has_text="City")
    city.locator("blockquote").wait_for()
    assert "Haifa" in city.locator("blockquote").inner_text() and "%" in city.inner_text()
    assert city.locator(".rule").inner_text() == house.stored(call)["insight"]["city"]["rule"]


PAYLOADS = ["<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "\"><svg onload=alert(3)>",
            "javascript:alert(4)", "{{constructor.constructor('alert(5)')()}}", "</title><script>alert(6)</script>",
            "<iframe srcdoc='<script>alert(7)</script>'>", "\u202e<b onmouseover=alert(8)>x"]


def test_what_callers_say_is_never_run(visit):
    """Texts of a call stand on every page as text."""
    house = visit.house
    call = house.realtime_call([("inbound_track", f"{p} locksmith in Haifa") for p in PAYLOADS])
    house.wait_events(call)
    lead = house.kol.get("/api/leads", house.op)["leads"][0]
    house.kol.http("PATCH", f"/api/leads/{lead['id']}", house.op,
                   {"name": PAYLOADS[1], "city": PAYLOADS[0], "service_type": PAYLOADS[2]})
    for path in ("/", f"/calls/{call.sid}", "/leads", "/jobs"):
        visit.page.goto(house.kol.url + path)
        visit.page.wait_for_load_state("networkidle")
        assert visit.page.evaluate("document.querySelectorAll('main script, main iframe, main img, main svg[onload]').length") == 0
    assert visit.trouble == []


def test_pages_want_a_login(chromium, house):
    visitor = Visitor(chromium, house)
    for path in ("/", "/leads", "/jobs", "/calls/CA" + "0" * 32):
        visitor.page.goto(house.kol.url + path)
        assert "/login" in visitor.page.url
    visitor.context.close()


def test_the_login_link(chromium, make_house):
    """The link that a terminal shows opens the pages, and leaves no token in the address."""
    import re
    house = make_house(terminal=True)
    link = re.search(r"http\S+/login\?token=\S+", house.kol.wait_log("/login?token=")[-1])[0]
    visitor = Visitor(chromium, house)
    visitor.page.goto(link)
    visitor.page.wait_for_url(house.kol.url + "/")
    assert "token" not in visitor.page.url
    visitor.context.close()


@pytest.mark.slow
def test_a_small_model_for_hebrew_is_told_on_the_page(chromium, make_house):
    """With the business's name and the command that helps."""
    house = make_house(business=False, worker=True)
    house.add_business(name="Shop", language="he")
    visitor = Visitor(chromium, house).log_in()
    visitor.page.wait_for_selector("#warnings .note")
    told = visitor.page.locator("#warnings").inner_text()
    assert "kol model pull ivrit-large-v3-turbo" in told and "Shop" in told
    visitor.context.close()
    assert visitor.trouble == []


def test_clicking_a_line_seeks(chromium, make_house):
    """A transcribed call: a click on a line moves the player to its time."""
    house = make_house(worker=True)
    channels = calls.locksmith()
    call, _ = house.ring(mp3=calls.mp3_bytes(*channels), seconds=calls.seconds(*channels))
    house.wait_events(call, timeout_s=120)
    last = house.stored(call)["segments"][-1]
    visitor = Visitor(chromium, house).log_in()
    visitor.open_call(call)
    visitor.wait_state("ready")
    visitor.wait_audio("readyState >= 1")
    visitor.page.get_by_text(last["text"].strip()).last.click()
    start = last["start_ms"] / 1000
    visitor.wait_audio(f"currentTime >= {start - 0.1}")
    assert visitor.page.evaluate("document.querySelector('audio').currentTime") < start + 2
    visitor.context.close()
    assert visitor.trouble == []


def test_what_was_found_is_marked_and_stays_text(visit):
    """Words of a call are text on the page, even when they look like HTML."""
    house = visit.house
    call = house.realtime_call([("inbound_track", "<img src=x onerror=alert(1)> my key & the <b>door</b>, in Haifa")])
    house.wait_events(call)
    page = visit.page
    page.fill("input[name=q]", "doors key")
    page.press("input[name=q]", "Enter")
    page.wait_for_selector(".found mark")
    assert sorted(set(page.locator(".found mark").all_inner_texts())) == ["door", "key"]
    assert "<b>door</b>" in page.locator(".found").first.inner_text()
    page.fill("input[name=q]", "helicopter")
    page.press("input[name=q]", "Enter")
    page.wait_for_selector("text=No call has all of these words")


def test_a_lead_shows_its_history(visit):
    house = visit.house
    call = house.realtime_call([("inbound_track", "I need a locksmith in Haifa please.")])
    house.wait_events(call)
    visit.open_call(call)
    visit.page.click("details.history summary")
    visit.page.wait_for_selector("details.history li:has-text('Haifa')")
