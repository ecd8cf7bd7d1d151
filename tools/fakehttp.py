"""The HTTP server under the Twilio simulator and the CRM: loopback only, any port, remembers every request.

Standard library only, because the demo runs with the python3 that the system has.
A server's behaviour is written as steps: each request to a path takes the next step that was scripted for it (or for
a pattern that fits it), and when none is left the server answers as it normally would.
"""
from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Step:
    """One scripted answer. Everything left at None is answered as it would be without a script."""

    status: int | None = None
    headers: dict = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None
    cut_after: int | None = None  # announce the whole body, send this many bytes, drop the connection
    content_length: int | None = None  # announced instead of the true length; the connection ends after the body
    chunked: bool = False  # no length at all
    delay_s: float = 0.0  # before the first byte
    bytes_per_s: int | None = None  # a slow line
    reset: bool = False  # drop the connection without an answer

    @classmethod
    def of(cls, what: "Step | int") -> "Step":
        """A plain number is a status."""
        return what if isinstance(what, Step) else cls(status=what)


@dataclass
class Request:
    """One request as it arrived, kept in the ledger; `status` and `sent` are filled when it was answered."""

    method: str
    path: str
    query: str
    headers: list
    body: bytes
    at: float
    status: int = 0
    sent: int = 0
    answered: bool = False  # its last bytes are on their way
    verdict: object = None  # what a server made of it, for its own use

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    @property
    def params(self) -> dict:
        """The query's parameters; a later one of the same name wins."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def as_json(self) -> str:
        """One ledger line."""
        return json.dumps({"at": round(self.at, 3), "method": self.method, "path": self.path, "query": self.query,
                           "headers": self.headers, "body_bytes": len(self.body), "status": self.status,
                           "sent": self.sent})


@dataclass
class Answer:
    """What a server wants to send."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict = field(default_factory=dict)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    tls: ssl.SSLContext | None = None

    def finish_request(self, request, client_address):
        """The handshake takes place in the connection's own thread: a silent client holds up nobody."""
        if self.tls is not None:
            request.settimeout(30)
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        """A client that hung up is daily business here, not a traceback."""


class FakeServer:
    """A loopback server with a ledger and scripted faults. Subclasses answer in `respond`.

    tls   (certificate file, key file): speaks https
    """

    def __init__(self, port: int = 0, ledger_path: str | None = None, host: str = "127.0.0.1",
                 tls: tuple | None = None):
        self.ledger: list[Request] = []
        self.lock = threading.RLock()
        self.active: Counter = Counter()  # requests being answered now, by what `group` says
        self.peak: Counter = Counter()  # the most there were at once
        self._scripts: dict[str, deque] = defaultdict(deque)
        self._patterns: list[tuple] = []
        self._always: dict[str, Step] = {}
        self._ledger_file = open(ledger_path, "a", encoding="utf-8") if ledger_path else None
        self._httpd = _Server((host, port), _handler_for(self))
        if tls:
            self._httpd.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._httpd.tls.load_cert_chain(*tls)
        self.port = self._httpd.server_address[1]
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._thread = threading.Thread(target=self._httpd.serve_forever, args=(0.05,), daemon=True)

    def start(self):
        """Begins to answer; returns self, so that a server is made and started in one line."""
        self._thread.start()
        return self

    def stop(self):
        """Ends the server and closes its port."""
        self._httpd.shutdown()
        self._httpd.server_close()
        if self._ledger_file:
            self._ledger_file.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def script(self, path: str, *steps: "Step | int | None"):
        """The next requests to exactly this path are answered by these steps, one each; None answers as usual."""
        with self.lock:
            self._scripts[path].extend(None if s is None else Step.of(s) for s in steps)

    def script_matching(self, pattern: str, *steps: "Step | int | None"):
        """The next requests whose method, path and query (`GET /a/b?c=d`) hold this expression take these steps."""
        with self.lock:
            self._patterns.append((re.compile(pattern), deque(None if s is None else Step.of(s) for s in steps)))

    def always(self, path: str, step: "Step | int | None"):
        """Every request to this path is answered so from now on; None ends it."""
        with self.lock:
            self._always.pop(path, None)
            if step is not None:
                self._always[path] = Step.of(step)

    def requests(self, path: str | None = None, method: str | None = None, containing: str = "") -> list[Request]:
        """What arrived so far, in order."""
        with self.lock:
            return [r for r in self.ledger if (path is None or r.path == path)
                    and (method is None or r.method == method) and containing in r.path]

    def respond(self, request: Request) -> Answer:
        """What this server answers when nothing is scripted."""
        return Answer(404, b"{}")

    def scripted(self, request: Request, step: Step) -> Answer:
        """What a scripted status starts from; a server overrides it to give the body it would really send."""
        usual = self.respond(request)
        return usual if usual.status == step.status else Answer(step.status or usual.status, b"")

    def group(self, request: Request) -> str:
        """What a request counts as in `active` and `peak`."""
        return ""

    def _record(self, request: Request):
        with self.lock:
            self.ledger.append(request)
            group = self.group(request)
            self.active[group] += 1
            self.peak[group] = max(self.peak[group], self.active[group])

    def _answered(self, request: Request):
        """Before the last bytes leave: whoever has them may ask again before this thread runs on."""
        with self.lock:
            self.active[self.group(request)] -= not request.answered
            request.answered = True

    def _finished(self, request: Request):
        self._answered(request)
        if self._ledger_file:
            with self.lock:
                self._ledger_file.write(request.as_json() + "\n")
                self._ledger_file.flush()

    def _next_step(self, request: Request) -> Step | None:
        with self.lock:
            queue = self._scripts.get(request.path)
            if queue:
                return queue.popleft()
            line = f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")
            for pattern, steps in self._patterns:
                if steps and pattern.search(line):
                    return steps.popleft()
            return self._always.get(request.path)


def _apply(step: Step, answer: Answer) -> Answer:
    """An answer as changed by a step."""
    if step.body is not None:
        answer.body = step.body
    if step.content_type is not None:
        answer.content_type = step.content_type
    answer.headers = {**answer.headers, **step.headers}
    return answer


def _handler_for(server: FakeServer):
    """The request handler class that serves one FakeServer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        disable_nagle_algorithm = True

        def log_message(self, *args):
            """Quiet: the ledger is the log."""

        def _serve(self):
            length = int(self.headers.get("Content-Length") or 0)
            url = urlsplit(self.path)
            request = Request(self.command, url.path, url.query, list(self.headers.items()),
                              self.rfile.read(length), time.time())
            server._record(request)
            try:
                self._answer(request)
            finally:
                server._finished(request)

        def _answer(self, request: Request):
            step = server._next_step(request) or Step()
            if step.delay_s:
                time.sleep(step.delay_s)
            if step.reset:
                return self._drop()
            answer = server.scripted(request, step) if step.status is not None else server.respond(request)
            answer = _apply(step, answer)
            request.status = answer.status
            if request.method == "HEAD" or not answer.body:
                server._answered(request)
            self._send_head(answer, step)
            if request.method != "HEAD":
                self._send_body(request, answer.body, step)
            if step.content_length is not None:
                self.close_connection = True

        def _send_head(self, answer: Answer, step: Step):
            self.send_response(answer.status)
            if answer.status not in (204, 304):
                self.send_header("Content-Type", answer.content_type)
                if step.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                else:
                    length = len(answer.body) if step.content_length is None else step.content_length
                    self.send_header("Content-Length", str(length))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def _send_body(self, request: Request, body: bytes, step: Step):
            cut = len(body) if step.cut_after is None else min(step.cut_after, len(body))
            piece = max(1, step.bytes_per_s // 10) if step.bytes_per_s else 1 << 16
            for start in range(0, cut, piece):
                chunk = body[start:min(start + piece, cut)]
                if start + piece >= cut:
                    server._answered(request)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if step.chunked else chunk)
                request.sent += len(chunk)
                if step.bytes_per_s:
                    time.sleep(len(chunk) / step.bytes_per_s)
            if step.cut_after is not None:
                return self._drop()
            if step.chunked:
                self.wfile.write(b"0\r\n\r\n")

        def _drop(self):
            """Closes hard, so that the peer sees a reset and not a polite end."""
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    return Handler
