"""Behind a local nginx: signatures, keys and players work, and being local opens nothing."""
import shutil
import subprocess

import pytest
import twilio_callbacks as callbacks
from conftest import tone_mp3, wait_until
from kolproc import request

CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{kol};
            proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto https; proxy_buffering off;
        }}
    }}
}}
"""


def free_port() -> int:
    """A port that was free a moment ago: nginx cannot be asked which it chose."""
    import socket
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def proxied(house, tmp_path):
    """The usual house with nginx before it: (house, nginx's port)."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not nginx:
        pytest.fail("nginx is not installed", pytrace=False)
    folder = tmp_path / "nginx"
    folder.mkdir()
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, kol=house.kol.port))
    process = subprocess.Popen([nginx, "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def up():
        assert process.poll() is None, (folder / "error.log").read_text()
        try:
            return request(port, "GET", "/healthz").status == 200
        except OSError:
            return False
    try:
        wait_until("nginx", up)
        yield house, port
    finally:
        process.terminate()
        process.wait(10)


def test_callbacks_through_nginx(proxied):
    house, port = proxied
    call, recording = house.new_call(mp3=tone_mp3())
    params = callbacks.recording_status(call, recording)
    url = f"http://127.0.0.1:{port}"
    assert house.twilio.post(url, "/webhook/recording_status?tenant=a%20b&x='", params).status in (200, 204)
    assert house.twilio.post(url, "/webhook/recording_status", params, signature="AAAA").status == 403
    house.wait_file(call)


def test_keys_are_needed_through_nginx(proxied):
    house, port = proxied
    for path in ("/api/calls", "/metrics", "/readyz", "/api/jobs", "/api/leads"):
        assert request(port, "GET", path).status == 401
        assert request(port, "GET", path, headers={"X-Forwarded-For": "127.0.0.1"}).status == 401
        assert request(port, "GET", path, headers={"Authorization": f"Bearer {house.op}"}).status == 200


def test_ranges_through_nginx(proxied):
    house, port = proxied
    call, recording = house.ring(mp3=tone_mp3(2))
    house.wait_file(call)
    data = recording.media["mp3"]
    path = f"/api/recordings/{call.sid}/file"
    auth = {"Authorization": f"Bearer {house.op}"}
    answer = request(port, "GET", path, headers=auth | {"Range": "bytes=10-19"})
    assert answer.status == 206 and answer.body == data[10:20]
    answer = request(port, "HEAD", path, headers=auth)
    assert answer.status == 200 and int(answer.headers["Content-Length"]) == len(data)
