"""The files in packaging/ as a user installs them: nginx with HTTPS in front of Kol, the man page."""
import http.client
import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from conftest import wait_until

PACKAGING = Path(__file__).resolve().parent.parent / "packaging"
AROUND = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/kol.conf;
}}
"""


def free_port() -> int:
    """A port that was free a moment ago: nginx cannot be asked which it chose."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def certificate(folder: Path):
    """A certificate that nobody vouches for."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=kol.example.com", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)


def shipped_config(folder: Path, kol_port: int, http_port: int, https_port: int) -> str:
    """packaging/nginx.conf with this machine's ports and certificate in place of the user's."""
    text = (PACKAGING / "nginx.conf").read_text()
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.M)
    for old, new in (("listen 80;", f"listen 127.0.0.1:{http_port};"),
                     ("listen 443 ssl", f"listen 127.0.0.1:{https_port} ssl"),
                     ("/etc/letsencrypt/live/kol.example.com/fullchain.pem", f"{folder}/cert.pem"),
                     ("/etc/letsencrypt/live/kol.example.com/privkey.pem", f"{folder}/key.pem"),
                     ("http://127.0.0.1:8080", f"http://127.0.0.1:{kol_port}")):
        assert old in text, f"nginx.conf has no {old} any more"
        text = text.replace(old, new)
    return text


@pytest.fixture
def front(house, tmp_path):
    """The usual house behind the shipped nginx file: (house, http port, https port)."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    certificate(folder)
    http_port, https_port = free_port(), free_port()
    (folder / "kol.conf").write_text(shipped_config(folder, house.kol.port, http_port, https_port))
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-c", folder / "nginx.conf", "-p", folder, "-e", folder / "error.log"])

    def up():
        assert process.poll() is None, (folder / "error.log").read_text()
        try:
            return https(https_port, "GET", "/healthz")[0] == 200
        except OSError:
            return False
    try:
        wait_until("nginx with HTTPS", up)
        yield house, http_port, https_port
    finally:
        process.terminate()
        process.wait(10)


def https(port: int, method: str, target: str, body=None, headers=None):
    """One request over TLS: (status, headers, body)."""
    trusting = ssl._create_unverified_context()  # noqa: S323 - the certificate is ours
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=trusting)
    try:
        connection.request(method, target, body, {"Host": "kol.example.com"} | (headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_shipped_nginx_file(front):
    house, http_port, https_port = front
    assert https(https_port, "GET", "/api/calls")[0] == 401
    status, headers, _ = https(https_port, "GET", "/api/calls", headers={"Authorization": f"Bearer {house.op}"})
    assert status == 200 and "max-age" in headers["Strict-Transport-Security"]
    assert https(https_port, "POST", "/webhook/recording_status", body=b"x" * 100_000)[0] == 413
    assert https(https_port, "POST", "/webhook/recording_status", body=b"AccountSid=AC1")[0] == 400

    plain = http.client.HTTPConnection("127.0.0.1", http_port, timeout=10)
    plain.request("GET", "/", headers={"Host": "kol.example.com"})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, "https://kol.example.com/")
    plain.close()


def test_man_page():
    """It can be made, and names every command."""
    text = (PACKAGING / "kol.1.scd").read_text()
    page = subprocess.run(["scdoc"], input=text, capture_output=True, text=True, check=True).stdout
    for command in "serve worker transcribe call job key business model doctor version".split():
        assert re.search(rf"\\fB{command}\\f", page), command


def test_tests_named_in_the_papers_exist():
    """docs/twilio.md says of each fact which test shows it."""
    named = set(re.findall(r"`(test_[a-z_]+\.(?:py|c))(?:::([a-z_0-9]+))?`", (PACKAGING.parent / "docs" / "twilio.md").read_text()))
    assert len(named) > 80
    files = {path.name: path.read_text() for folder in ("tests", "src") for path in (PACKAGING.parent / folder).rglob("test_*.*")
             if path.suffix in (".py", ".c")}
    missing = [f"{file}::{name}" for file, name in sorted(named)
               if file not in files or not re.search(rf"^(def|static void) {name}\(" if name else "", files[file], re.M)]
    assert not missing, missing
