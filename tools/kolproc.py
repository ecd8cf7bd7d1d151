"""Starts, stops and asks the real `kol`, for the demo and for the tests; standard library only."""
from __future__ import annotations

import http.client
import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path


class KolError(Exception):
    """The program did not do what was asked; the message holds what it said."""


@dataclass
class Response:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        """The body as JSON."""
        return json.loads(self.body)


def toml(settings: dict) -> str:
    """A flat TOML file; JSON's strings, numbers, booleans and arrays are TOML's."""
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in settings.items())


def wait_until(what: str, condition, timeout_s: float = 20.0, every_s: float = 0.02):
    """Polls until the condition gives something true and returns it; `what` is said when it never does."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:g} s in vain: {what}")
        time.sleep(every_s)


def request(port: int, method: str, target: str, body: bytes | str | None = None, headers: dict | None = None,
            host: str = "127.0.0.1", timeout_s: float = 30.0) -> Response:
    """One HTTP request over a fresh connection; redirects are not followed."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request(method, target, body.encode() if isinstance(body, str) else body, headers or {})
        answer = connection.getresponse()
        return Response(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


class Kol:
    """One data folder and the server on it."""

    def __init__(self, program: str | Path, data: Path, settings: dict, on_line=None, preexec=None, env=None,
                 terminal: bool = False):
        self.program, self.data = str(program), Path(data)
        self.settings = {"data_dir": str(data), "listen": "127.0.0.1:0"} | settings
        self.config = self.data.parent / f"{self.data.name}.toml"
        self.lines: list[str] = []
        self.process: subprocess.Popen | None = None
        self.port = 0
        self._on_line, self._preexec, self._terminal = on_line, preexec, terminal
        self._env = dict(os.environ) | {"NO_COLOR": "1"} | (env or {})
        self._readers: list[threading.Thread] = []

    # ---- the process ----

    def start(self, timeout_s: float = 30.0):
        """Starts the server and waits until it answers; returns self."""
        self.data.mkdir(parents=True, exist_ok=True)
        self._write_config()
        told = self.data / "serve.json"
        told.unlink(missing_ok=True)
        self._spawn([self.program, "serve", "--config", str(self.config), "--data", str(self.data)])
        try:
            wait_until("kol serve to listen", lambda: self._ended() or self._listening(told), timeout_s)
        except TimeoutError as why:
            self.kill()
            raise KolError(f"{why}\n" + self.tail()) from why
        if self.process.poll() is not None:
            raise KolError(f"kol serve ended with {self.process.returncode}:\n" + self.tail())
        return self

    def _write_config(self):
        """It holds a token: for our eyes only, or kol warns."""
        self.config.touch(0o600)
        self.config.write_text(toml(self.settings), encoding="utf-8")

    def _spawn(self, command: list):
        """Starts the process with its output read by threads; with `terminal` its stdout is one, so that it greets."""
        master, slave = pty.openpty() if self._terminal else (None, subprocess.PIPE)
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.STDOUT if master is None else subprocess.PIPE,
            start_new_session=True, preexec_fn=self._preexec, env=self._env)
        streams = [s for s in (self.process.stdout, self.process.stderr) if s]
        if master is not None:
            os.close(slave)
            streams.append(os.fdopen(master, "rb"))
        self._readers = [threading.Thread(target=self._read, args=(s,), daemon=True) for s in streams]
        for reader in self._readers:
            reader.start()

    def _read(self, stream):
        try:
            for line in stream:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                self.lines.append(text)
                if self._on_line:
                    self._on_line(text)
        except OSError:
            pass  # a terminal whose other end was closed says so with an error

    def _ended(self) -> bool:
        return self.process.poll() is not None

    def _listening(self, told: Path) -> bool:
        try:
            answer = json.loads(told.read_text())
            if answer.get("pid") not in (None, self.process.pid):
                return False
            self.port = int(answer["port"])
            return request(self.port, "GET", "/healthz", timeout_s=5).status == 200
        except (OSError, ValueError, KeyError, http.client.HTTPException):
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self, timeout_s: float = 20.0) -> int:
        """Ends the server politely; its exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
                raise KolError(f"kol serve did not end within {timeout_s:g} s of SIGTERM:\n" + self.tail()) from None
        self._sweep()
        return self.process.returncode

    def kill(self):
        """kill -9, as the worst case has it: the server first, then whatever it left behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._sweep()

    def _sweep(self):
        """Ends children that outlived the server (its process group is ours alone) and reads the last lines."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        for reader in self._readers:
            reader.join(5)

    def restart(self):
        """Starts again on the same data folder."""
        return self.start()

    # ---- its log ----

    def tail(self, count: int = 40) -> str:
        """The last lines of the log."""
        return "\n".join(self.lines[-count:])

    def logged(self, pattern: str) -> list[str]:
        """Log lines in which a regular expression is found."""
        return [line for line in list(self.lines) if re.search(pattern, line)]

    def wait_log(self, text: str, timeout_s: float = 20.0, count: int = 1) -> list[str]:
        """Waits until a line with this very text was logged (so many times)."""
        try:
            return wait_until(f"log line {text!r}", lambda: self._having(text, count), timeout_s)
        except TimeoutError as why:
            raise TimeoutError(f"{why}\n{self.tail()}") from None

    def _having(self, text: str, count: int) -> list[str]:
        found = [line for line in list(self.lines) if text in line]
        return found if len(found) >= count else []

    # ---- its command line ----

    def run(self, *words: str, check: bool = True, timeout_s: float = 60.0,
            text: str | None = None) -> subprocess.CompletedProcess:
        """One kol command on the same data folder; `text` is its standard input."""
        command = [self.program, *words, "--config", str(self.config), "--data", str(self.data)]
        if not self.config.exists():
            self._write_config()
        source = {"stdin": subprocess.DEVNULL} if text is None else {"input": text}
        done = subprocess.run(command, **source, capture_output=True, text=True, encoding="utf-8",
                              timeout=timeout_s, env=self._env)
        if check and done.returncode != 0:
            raise KolError(f"kol {' '.join(words)} ended with {done.returncode}: {done.stderr}{done.stdout}")
        return done

    def run_json(self, *words: str):
        """What a kol command prints with --json."""
        return json.loads(self.run(*words, "--json").stdout)

    def add_business(self, name: str, number: str, webhook_url: str | None = None, language: str = "en",
                     timezone: str = "Asia/Jerusalem", glossary: str = "") -> dict:
        """Creates a business; the answer holds its id and webhook secret."""
        words = ["business", "add", "--name", name, "--number", number, "--language", language, "--timezone", timezone]
        if glossary:
            words += ["--glossary", glossary]
        if webhook_url:
            words += ["--webhook-url", webhook_url]
        return self.run_json(*words)

    def add_key(self, business: str | int | None = None, name: str = "test") -> str:
        """A new API key, of a business or of the operator."""
        owner = ["--operator"] if business is None else ["--business", str(business)]
        return self.run_json("key", "add", *owner, "--name", name)["key"]

    # ---- its HTTP interface ----

    def http(self, method: str, target: str, key: str | None = None, body=None, headers: dict | None = None,
             timeout_s: float = 30.0) -> Response:
        """One request; a dict as body is sent as JSON."""
        headers = dict(headers or {})
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        return request(self.port, method, target, body, headers, timeout_s=timeout_s)

    def get(self, target: str, key: str):
        """The JSON of a GET that must succeed."""
        answer = self.http("GET", target, key)
        if answer.status != 200:
            raise KolError(f"GET {target}: {answer.status} {answer.body[:300]!r}")
        return answer.json()
