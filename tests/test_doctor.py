"""kol doctor --callback: a signed callback to ourselves through the public address, and what it says when that fails."""
import json
import shutil
import socket
import subprocess
from contextlib import contextmanager

import pytest
from conftest import Builder, wait_until
from crm import Crm
from kolproc import request
from twilio_sim import TwilioSim

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    proxy_http_version 1.1; proxy_set_header Connection "";
    server {{
        listen 127.0.0.1:{port};
        location = /up {{ return 200 "up"; }}
        {location}
    }}
}}
"""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def nginx(folder, port: int, location: str):
    """nginx with one location."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not program:
        pytest.fail("nginx is not installed", pytrace=False)
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, location=location))
    process = subprocess.Popen([program, "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def up():
        assert process.poll() is None, (folder / "error.log").read_text()
        try:
            return request(port, "GET", "/up").status == 200
        except OSError:
            return False
    try:
        wait_until("nginx", up)
        yield
    finally:
        process.terminate()
        process.wait(10)


def doctor(house, *more):
    """Verdict and text of the check, and the exit status."""
    done = house.kol.run("doctor", "--callback", "--json", *more, check=False)
    row, = json.loads(done.stdout)["checks"]
    assert row["check"] == "callback" and done.returncode == (0 if row["verdict"] == "ok" else 1)
    return row["verdict"], row["text"]


@pytest.fixture
def near(make_house):
    """A house whose public_url is its own address."""
    port = free_port()
    return make_house(public_url=f"http://127.0.0.1:{port}", listen=f"127.0.0.1:{port}")


def counts(house):
    """What a callback could have left behind."""
    metrics = house.kol.http("GET", "/metrics", house.op)
    return (house.kol.http("GET", "/api/calls", house.op).json()["calls"],
            house.kol.http("GET", "/api/jobs", house.op).json()["jobs"],
            [line for line in metrics.body.decode().splitlines() if line.startswith("kol_queue")])


def test_direct_and_nothing_is_stored(near):
    before = counts(near)
    verdict, text = doctor(near)
    assert verdict == "ok" and "was accepted" in text, text
    assert counts(near) == before and before[0] == []
    near.kol.wait_log("self-test callback status=200")
    assert near.kol.run("doctor", "--callback").stdout.startswith("ok       callback")


@pytest.mark.parametrize("prefix, location", [
    ("", "location / {{ proxy_pass http://127.0.0.1:{kol}; }}"),
    ("/phone", "location /phone/ {{ proxy_pass http://127.0.0.1:{kol}/; }}"),  # strips what public_url has
    ("/my%2Dphone", "location /my-phone/ {{ proxy_pass http://127.0.0.1:{kol}/; }}"),  # and decodes it
])
def test_proxies_that_are_right(make_house, tmp_path, prefix, location):
    port = free_port()
    house = make_house(public_url=f"http://127.0.0.1:{port}{prefix}")
    with nginx(tmp_path / "nginx", port, location.format(kol=house.kol.port)):
        verdict, text = doctor(house)
        assert verdict == "ok", text


@pytest.fixture(scope="module")
def behind(tmp_path_factory, request):
    """A house whose public_url is a port where each test puts a proxy: (house, port)."""
    port = free_port()
    with TwilioSim() as twilio, Crm() as crm:
        builder = Builder(twilio, crm, tmp_path_factory.mktemp("behind"))
        yield builder(public_url=f"http://127.0.0.1:{port}"), port
        builder.close(request.node)


TO_KOL = "proxy_pass http://127.0.0.1:{kol}"


@pytest.mark.parametrize("prefix, location, words", [
    # a part of the path is stripped, of which Twilio was not told; or not stripped
    ("", "location /webhook/ {{ " + TO_KOL + "/; }}", ["status 404", "Kol answered", "strips"]),
    ("/phone", "location / {{ " + TO_KOL + "; }}", ["status 404", "Kol answered"]),
    # the query is lost, added to, decoded
    ("", "location / {{ " + TO_KOL + "$uri; }}", ["status 403", "query is gone"]),
    ("", "location / {{ " + TO_KOL + "$uri?via=1&$args; }}", ["status 403", "query was changed", "via=1"]),
    ("", "location / {{ " + TO_KOL + "$uri?check=a+b'%2B&Check=2&check=~; }}",
     ["status 403", "query was changed", "check=a%20b'%2B&Check=2"]),
    # the header is lost, the parameters are others
    ("", "location / {{ proxy_set_header X-Twilio-Signature ''; " + TO_KOL + "; }}",
     ["status 400", "header X-Twilio-Signature"]),
    ("", "location / {{ proxy_set_body '$request_body&via=1'; " + TO_KOL + "; }}", ["status 403", "parameters"]),
    # nobody is behind the proxy, or somebody else, or somebody in between
    ("", "location / {{ proxy_pass http://127.0.0.1:1; }}", ["status 502", "cannot reach Kol"]),
    ("", "location / {{ return 200 'hello'; }}", ["status 200", "not Kol"]),
    ("", "location / {{ return 404; }}", ["status 404", "does not pass /webhook/"]),
    ("", "location / {{ return 405; }}", ["status 405", "no POST"]),
    ("", "location / {{ return 401; }}", ["status 401", "login"]),
    ("", "location / {{ return 403; }}", ["status 403", "forbids"]),
    ("", "location / {{ return 301 https://www.example.com$request_uri; }}",
     ["status 301", "redirect to https://www.example.com"]),
])
def test_proxies_that_are_wrong(behind, tmp_path, prefix, location, words):
    house, port = behind
    with nginx(tmp_path / "nginx", port, location.format(kol=house.kol.port)):
        verdict, text = doctor(house, f"--public-url=http://127.0.0.1:{port}{prefix}")
    assert verdict == "bad"
    for word in words:
        assert word in text, text


def test_settings_that_differ_from_the_server(behind, tmp_path, monkeypatch):
    """Another public_url or another token than the running server has."""
    house, port = behind
    with nginx(tmp_path / "nginx", port, "location / { proxy_pass http://127.0.0.1:%d; }" % house.kol.port):
        verdict, text = doctor(house, f"--public-url=http://localhost:{port}", "--allow-private-hosts=localhost,127.0.0.1")
        assert verdict == "bad" and "another public_url" in text, text
        monkeypatch.setitem(house.kol._env, "KOL_TWILIO_AUTH_TOKEN", "0" * 32)
        verdict, text = doctor(house)
        assert verdict == "bad" and "another auth token" in text, text


def test_nobody_there_and_addresses_that_are_not_called(behind, stranger):
    house, port = behind
    verdict, text = doctor(house)
    assert verdict == "bad" and "nothing listens there" in text, text
    verdict, text = doctor(house, "--public-url=https://kol.invalid")
    assert verdict == "bad" and "not in the DNS" in text, text
    verdict, text = doctor(house, f"--public-url={stranger.url}", "--allow-private-hosts=")
    assert verdict == "bad" and "allow_private_hosts" in text, text
    verdict, text = doctor(house, f"--public-url={stranger.url.replace('http:', 'https:')}")
    assert verdict == "bad" and "TLS handshake" in text, text
    verdict, text = doctor(house, "--public-url=")
    assert verdict == "bad" and "public_url is not set" in text, text
    assert not stranger.requests()


def test_others_cannot_use_the_test(house):
    """Unsigned, or signed for another purpose: no more is told than at any callback, and nothing is stored."""
    answer = house.kol.http("POST", "/webhook/self_test", body="x=1",
                            headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 400 and b"http" not in answer.body
    sent = house.twilio.post(house.kol.url, "/webhook/self_test", {"AccountSid": house.twilio.account_sid, "SelfTest": "1"})
    assert sent.status == 403
    assert house.kol.http("GET", "/webhook/self_test").status == 405
    assert house.kol.http("GET", "/api/calls", house.op).json()["calls"] == []


def test_an_account_of_the_database_signs_where_the_settings_have_none(make_house, tmp_path, twilio):
    """With `kol account add` only: its token signs, and the server finds the same one."""
    port = free_port()
    house = make_house(public_url=f"http://127.0.0.1:{port}", listen=f"127.0.0.1:{port}", twilio_account_sid="",
                       twilio_auth_token="")
    verdict, text = doctor(house)
    assert verdict == "bad" and "no account is configured" in text, text
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text(twilio.auth_token)
    house.kol.run("account", "add", twilio.account_sid, f"--token-from=file:{token}")
    verdict, text = doctor(house)
    assert verdict == "ok", text
