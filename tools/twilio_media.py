"""Recordings' media over HTTP: whole or one range, with validators; and storage outside of Twilio that has some."""
from __future__ import annotations

import hashlib
import re
import secrets
from urllib.parse import parse_qsl

from fakehttp import Answer, FakeServer, Request


def etag(data: bytes) -> str:
    """A strong validator."""
    return f'"{hashlib.sha1(data).hexdigest()}"'


def answer(request: Request, data: bytes, content_type: str, ranges: bool = True) -> Answer:
    """The media, or one range of them: RFC 9110, sections 13.1 and 14."""
    tag = etag(data)
    headers = {"ETag": tag} | ({"Accept-Ranges": "bytes"} if ranges else {})
    if tag in (request.header("If-None-Match") or ""):
        return Answer(304, b"", content_type, headers)
    wanted = request.header("Range") if ranges else None
    if wanted and request.header("If-Range") not in (None, tag):
        wanted = None  # they have changed since the first part was sent
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted or "")
    if not found or found.groups() == ("", ""):
        return Answer(200, data, content_type, headers)
    first, last = found.groups()
    start = int(first) if first else max(0, len(data) - int(last))
    end = min(int(last), len(data) - 1) if first and last else len(data) - 1
    if start > end:
        return Answer(416, b"", content_type, headers | {"Content-Range": f"bytes */{len(data)}"})
    return Answer(206, data[start:end + 1], content_type, headers | {"Content-Range": f"bytes {start}-{end}/{len(data)}"})


class MediaStore(FakeServer):
    """Storage that is not Twilio's API: a bucket of the customer, or where Twilio redirects to. It knows nobody's password."""

    def __init__(self, **how):
        super().__init__(**how)
        self.objects: dict[str, tuple] = {}  # path -> (query that is asked for, bytes, type)

    def put(self, data: bytes, content_type: str = "audio/x-wav", path: str | None = None, signed: bool = True) -> str:
        """Stores a medium; its URL, which is a secret when it is signed."""
        path = path or "/" + secrets.token_hex(8)
        query = f"X-Amz-Signature={secrets.token_hex(16)}" if signed else ""
        self.objects[path] = (query, data, content_type)
        return self.url + path + (f"?{query}" if query else "")

    def respond(self, request: Request) -> Answer:
        """What is there, for who has the link. A bucket refuses foreign credentials, so a client must not send any."""
        query, data, content_type = self.objects.get(request.path, (None, b"", ""))
        if query is None:
            return Answer(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
        if query and not set(parse_qsl(query)) <= set(parse_qsl(request.query)):
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml")
        if request.header("Authorization"):
            return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>", "application/xml")
        return answer(request, data, content_type)

    @property
    def credentials(self) -> list[Request]:
        """Requests that brought credentials along: there should be none."""
        return [r for r in self.requests() if r.header("Authorization")]
