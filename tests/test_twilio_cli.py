"""kol twilio check and configure: how the businesses' numbers are set up at Twilio, and setting them right."""
import json
import os
import pty
import sqlite3
import subprocess

import pytest
from conftest import CALLER, NUMBER, accepted
from fakehttp import Step
from simclient import ask

OTHER = "+97246005678"
VOICE = "https://shop.example.com/voice"


@pytest.fixture
def house(make_house):
    """A data folder with one business, whose number Twilio knows; no server runs."""
    one = make_house(start=False)
    one.kol.add_business("Galil Locks", NUMBER)
    one.number = one.twilio.add_number(NUMBER, voice_url=VOICE)
    return one


def wanted(house, number=NUMBER):
    """The status callback that kol twilio urls prints for a number."""
    for business in house.kol.run_json("twilio", "urls")["businesses"]:
        if number in business["numbers"]:
            return business["urls"]["call_status"]
    raise AssertionError(f"{number} is no business's")


def check(house, *words):
    """(exit code, what kol twilio check says)."""
    done = house.kol.run("twilio", "check", "--json", *words, check=False)
    return done.returncode, json.loads(done.stdout)


def codes(answer, number=NUMBER):
    """What is said about a number."""
    return [r["code"] for n in answer["numbers"] if n["number"] == number for r in n["remarks"]]


def posts(house):
    return house.twilio.requests(method="POST", containing="IncomingPhoneNumbers")


def test_a_number_that_is_set_up_as_printed_is_well(house):
    house.number.settings["status_callback"] = wanted(house)
    code, answer = check(house)
    assert code == 0 and answer["ok"] is True and codes(answer) == []
    row, = answer["numbers"]
    assert row["phone_number_sid"] == house.number.sid and row["account_sid"] == house.twilio.account_sid
    assert row["status_callback"] == row["wanted_status_callback"] == wanted(house)
    done = house.kol.run("twilio", "check")
    assert "all is well with 1 number" in done.stdout and NUMBER in done.stdout


CASES = {
    "": ["status_callback_missing"],
    "https://other.example.com/webhook/call_status": ["status_callback_host"],
    "{base}": ["status_callback_retries"],
    "{plain}#rc=5&rp=5xx,ct,rt": ["status_callback_no_token"],
    "{plain}?kol=99.AAAAAAAAAAAAAAAAAAAAAA#rc=5&rp=5xx,ct,rt": ["status_callback_token"],
    "{http}": ["status_callback_http"],
    "{path}": ["status_callback_path"],
}


@pytest.mark.parametrize("url", CASES)
def test_what_is_wrong_is_said(house, url):
    right = wanted(house)
    base, plain = right.split("#")[0], right.split("?")[0]
    house.number.settings["status_callback"] = url.format(
        base=base, plain=plain, http=right.replace("https://", "http://"), path=right.replace("call_status", "recording_status"))
    code, answer = check(house)
    assert (code, answer["ok"], codes(answer)) == (1, False, CASES[url])
    done = house.kol.run("twilio", "check", check=False)
    assert done.returncode == 1 and "kol twilio configure" in done.stdout and "1 of 1 numbers" in done.stdout


@pytest.mark.parametrize("settings, said, exit_code", [
    ({"voice_url": ""}, ["voice_url_missing"], 1),
    ({"voice_url": "http://shop.example.com/voice"}, ["voice_url_http"], 1),
    ({"voice_url": "https://kol.example.com/webhook/handle_recording"}, ["voice_url_kol"], 1),
    ({"status_callback_method": "GET"}, ["status_callback_method"], 0),
    ({"voice_application_sid": "AP" + "1" * 32}, ["application"], 0),
    ({"trunk_sid": "TK" + "1" * 32}, ["trunk"], 0),
])
def test_voice_urls_applications_and_trunks(house, settings, said, exit_code):
    house.number.settings |= {"status_callback": wanted(house)} | settings
    code, answer = check(house)
    assert (code, codes(answer)) == (exit_code, said)


def test_a_number_of_another_account_and_refused_credentials(house):
    house.kol.run("business", "add-number", "1", "--number", OTHER)
    other = house.twilio.add_account()
    house.twilio.add_number(OTHER, account_sid=other.sid)
    code, answer = check(house)
    assert code == 1 and codes(answer, OTHER) == ["not_found"]
    house.twilio.accounts[house.twilio.account_sid][house.twilio.account_sid] = "changed"
    asked = len(house.twilio.requests())
    code, answer = check(house)
    assert code == 1 and codes(answer) == codes(answer, OTHER) == ["refused"]
    assert len(house.twilio.requests()) == asked + 1  # not once more for the second number
    assert house.twilio.auth_token not in json.dumps(answer)
    assert house.kol.run("twilio", "configure", "--apply", check=False).returncode == 1 and not posts(house)


def add_account(house, folder):
    """A second account, known to Kol, with a token of its own."""
    branch = house.twilio.add_account()
    token = folder / "token"
    token.write_text(branch.token)
    token.chmod(0o600)
    house.kol.run("account", "add", branch.sid, "--token-from", f"file:{token}")
    return branch


def test_a_number_in_the_wrong_account_is_found(house, tmp_path):
    branch = add_account(house, tmp_path)
    house.number.account_sid = branch.sid
    code, answer = check(house)
    assert code == 1 and codes(answer) == ["other_account"]
    told = answer["numbers"][0]["remarks"][0]["text"]
    assert f"kol business set 1 --account={branch.sid}" in told
    assert house.kol.run("twilio", "configure", "--apply", check=False).returncode == 1 and not posts(house)
    house.kol.run("business", "set", "1", f"--account={branch.sid}")
    assert codes(check(house)[1]) == ["status_callback_missing"]


def test_every_account_is_asked_with_its_own_credentials(house, tmp_path):
    branch = add_account(house, tmp_path)
    house.kol.run("business", "add", "--name", "Haifa", "--number", OTHER, "--account", branch.sid)
    number = house.twilio.add_number(OTHER, account_sid=branch.sid, voice_url=VOICE)
    house.kol.run("twilio", "configure", "--apply")
    assert check(house)[0] == 0
    assert number.settings["status_callback"] == wanted(house, OTHER) != wanted(house)
    assert {r.path.split("/")[3] for r in posts(house)} == {branch.sid, house.twilio.account_sid}
    code, answer = check(house, "--business=2")
    assert [n["number"] for n in answer["numbers"]] == [OTHER]
    assert house.kol.run("twilio", "check", "--business=9", check=False).returncode == 1
    assert house.kol.run("twilio", "check", "--business=x", check=False).returncode == 2


def test_the_change_is_shown_first_and_made_only_on_demand(house):
    house.number.settings |= {"status_callback": "https://old.example.com/hook?a=b#rc=1", "friendly_name": "Shop"}
    before = dict(house.number.settings)
    done = house.kol.run("twilio", "configure")
    assert "- status callback: POST https://old.example.com/hook?a=b#rc=1" in done.stdout
    assert f"+ status callback: POST {wanted(house)}" in done.stdout and "--apply does it" in done.stdout
    assert not posts(house) and check(house)[0] == 1
    done = house.kol.run("twilio", "configure", "--apply")
    assert "changed, and read back" in done.stdout and check(house)[0] == 0
    assert house.number.settings["status_callback"] == wanted(house) and len(posts(house)) == 1
    assert house.number.settings == before | {"status_callback": wanted(house)}  # nothing else was touched
    done = house.kol.run("twilio", "configure", "--apply")
    assert "nothing to change" in done.stdout and len(posts(house)) == 1
    with sqlite3.connect(f"file:{house.kol.data}/kol.db?mode=ro", uri=True) as db:
        assert db.execute("SELECT subject FROM audit WHERE action = 'twilio.configure'").fetchall() == [(house.number.sid,)]


def test_numbers_of_no_business_are_left_alone(house):
    strangers = [house.twilio.add_number(f"+9724600000{n}", status_callback="https://theirs.example.com/") for n in range(3)]
    longer = house.twilio.add_number(NUMBER + "9", status_callback="https://theirs.example.com/")
    answer = house.kol.run_json("twilio", "configure", "--apply")
    assert [c["number"] for c in answer["changes"]] == [NUMBER] and answer["changes"][0]["done"] is True
    assert {r.path for r in posts(house)} == {house.number.path + ".json"}
    for number in (*strangers, longer):
        assert number.settings["status_callback"] == "https://theirs.example.com/"


def test_json_of_configure(house):
    answer = house.kol.run_json("twilio", "configure")
    change, = answer["changes"]
    assert answer["ok"] is True and answer["applied"] is False and change["done"] is False
    assert change["old"] == {"status_callback": None, "status_callback_method": None}
    assert change["new"] == {"status_callback": wanted(house), "status_callback_method": "POST"}
    assert change["phone_number_sid"] == house.number.sid
    house.kol.run("business", "add-number", "1", "--number", OTHER)
    done = house.kol.run("twilio", "configure", "--apply", "--json", check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and answer["applied"] is True and answer["changes"][0]["done"] is True
    assert [n["number"] for n in answer["not_found"]] == [OTHER]


def on_a_terminal(house, *words, answer):
    """(exit code, all output) of a command whose terminal types an answer at the first question."""
    master, slave = pty.openpty()
    process = subprocess.Popen([house.kol.program, *words, "--config", house.kol.config, "--data", house.kol.data],
                               stdin=slave, stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    seen = b""
    try:
        while piece := os.read(master, 4096):
            seen += piece
            if b"[y/N]" in seen and answer:
                os.write(master, answer)
                answer = b""
    except OSError:
        pass  # the terminal's other end was closed
    os.close(master)
    return process.wait(20), seen.decode()


def test_a_person_is_asked(house):
    code, seen = on_a_terminal(house, "twilio", "configure", "--apply", answer=b"n\n")
    assert code == 1 and "change 1 number at Twilio? [y/N]" in seen and "nothing was changed" in seen and not posts(house)
    code, seen = on_a_terminal(house, "twilio", "configure", "--apply", answer=b"y\n")
    assert code == 0 and "changed, and read back" in seen and len(posts(house)) == 1
    house.number.settings["status_callback"] = ""
    code, seen = on_a_terminal(house, "twilio", "configure", "--apply", "--yes", answer=b"")
    assert code == 0 and "[y/N]" not in seen and len(posts(house)) == 2


def test_a_change_by_somebody_else_is_not_overwritten(house):
    """Between what was shown and the change somebody sets the number up otherwise."""
    shown = ask(house.twilio, house.twilio.accounts[house.twilio.account_sid].path + "/IncomingPhoneNumbers.json")[2]
    house.twilio.script_matching("^GET .*/IncomingPhoneNumbers.json", Step(body=shown))
    house.number.settings["status_callback"] = "https://somebody.example.com/"
    done = house.kol.run("twilio", "configure", "--apply", check=False)
    assert done.returncode == 1 and "changed meanwhile" in done.stdout and not posts(house)
    assert house.number.settings["status_callback"] == "https://somebody.example.com/"


def test_a_change_that_did_not_take_is_noticed(house):
    as_it_was = json.dumps(house.number.as_json()).encode()
    house.twilio.script_matching("^GET .*/IncomingPhoneNumbers/PN", Step(body=as_it_was))
    done = house.kol.run("twilio", "configure", "--apply", check=False)
    assert done.returncode == 1 and "shows another setting" in done.stdout and len(posts(house)) == 1


def test_too_many_requests_are_waited_out(house):
    house.number.settings["status_callback"] = wanted(house)
    house.twilio.script_matching("IncomingPhoneNumbers", Step(429, {"Retry-After": "1"}))
    assert check(house)[0] == 0
    house.twilio.script_matching("IncomingPhoneNumbers", 500)
    assert codes(check(house)[1]) == ["http_status"]


@pytest.mark.parametrize("body", [b"[]", b"{}", b"<html>", b'{"incoming_phone_numbers":[{"sid":"PN1"}]}',
                                  b'{"incoming_phone_numbers":5}'])
def test_strange_answers_change_nothing(house, body):
    house.twilio.script_matching("IncomingPhoneNumbers", Step(200, body=body), Step(200, body=body))
    assert check(house)[0] == 1
    assert house.kol.run("twilio", "configure", "--apply", check=False).returncode == 1 and not posts(house)


def test_without_public_url_or_numbers(make_house):
    house = make_house(start=False, public_url="")
    house.kol.run("business", "add", "--name", "Shop")
    done = house.kol.run("twilio", "check", check=False)
    assert done.returncode == 1 and "public_url" in done.stderr
    other = make_house(start=False)
    assert "no business has a phone number" in other.kol.run("twilio", "check").stdout
    assert "no business has a phone number" in other.kol.run("twilio", "configure").stdout


def test_callbacks_arrive_where_configure_sent_them(make_house):
    """The whole way: configure sets the number up, Twilio posts there, Kol knows whose call it is."""
    house = make_house()
    number = house.twilio.add_number(NUMBER, voice_url=VOICE)
    house.kol.run("twilio", "configure", "--apply")
    call = house.twilio.add_call(CALLER, NUMBER)
    accepted(house.twilio.as_configured(number, call, house.kol.url))
    assert house.stored(call)["business_id"] == house.shop.id
    forged = number.settings["status_callback"].replace("kol=1.", "kol=2.")
    assert house.twilio.call_status(house.twilio.add_call(CALLER, NUMBER), house.kol.url, how={"path": forged}).status == 403
