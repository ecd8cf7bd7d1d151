#!/usr/bin/env python3
"""A CRM that receives Kol's webhooks and checks them as Standard Webhooks asks; standard library only.

    tools/crm.py --secret whsec_… [--port 9000]      prints each payload that verifies, refuses the others
"""
from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fakehttp import Answer, FakeServer, Request  # noqa: E402

TOLERANCE_S = 300


class Refused(Exception):
    """Why a webhook was not believed."""


def verify(secret: str, request: Request, now: float | None = None) -> dict:
    """The payload of a webhook, or Refused: the signature covers id, timestamp and the raw body."""
    event_id, stamp, given = (request.header(f"webhook-{name}") for name in ("id", "timestamp", "signature"))
    if not (event_id and stamp and given):
        raise Refused("a webhook-* header is missing")
    if not stamp.isdigit() or abs((now or time.time()) - int(stamp)) > TOLERANCE_S:
        raise Refused(f"timestamp {stamp} is too far from now")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{event_id}.{stamp}.".encode() + request.body
    right = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    if not any(hmac.compare_digest(right, one) for one in given.split(" ")):
        raise Refused("the signature does not fit")
    return json.loads(request.body)


@dataclass
class Received:
    """One webhook: the request, and either its payload or the reason for which it was refused."""

    request: Request
    payload: dict | None
    refused: str | None = None

    @property
    def event_id(self) -> str:
        return self.request.header("webhook-id") or ""


class Crm(FakeServer):
    """Receives on any path; `secrets` maps a path to the secret of the business that posts there."""

    def __init__(self, port: int = 0, on_received=None, host: str = "127.0.0.1"):
        super().__init__(port, host=host)
        self.secrets: dict[str, str] = {}
        self.received: list[Received] = []
        self.on_received = on_received

    def expect(self, secret: str, path: str = "/hook"):
        """Webhooks to this path must be signed with this secret."""
        self.secrets[path] = secret

    @property
    def payloads(self) -> list[dict]:
        """Everything that verified, in order of arrival, repeats of one event included."""
        return [r.payload for r in self.received if r.payload is not None]

    def events(self, path: str | None = None) -> list[dict]:
        """What verified, each event id once: a receiver drops repeats by webhook-id."""
        seen: dict[str, dict] = {}
        for one in list(self.received):
            if one.payload is not None and (path is None or one.request.path == path):
                seen.setdefault(one.event_id, one.payload)
        return list(seen.values())

    def _record(self, request: Request):
        """Judged as it arrives, whatever answer a script then gives."""
        super()._record(request)
        try:
            if request.path not in self.secrets:
                raise Refused("no secret for this path")
            one = Received(request, verify(self.secrets[request.path], request))
        except (Refused, ValueError) as why:
            one = Received(request, None, str(why))
        with self.lock:
            self.received.append(one)
            request.verdict = one
        if self.on_received:
            self.on_received(one)

    def respond(self, request: Request) -> Answer:
        """200 to what verified, 401 to the rest."""
        one = request.verdict
        return Answer(200, b'{"ok":true}') if one.payload is not None else \
            Answer(401, json.dumps({"error": one.refused}).encode())


def _print(one: Received):
    print(json.dumps(one.payload, ensure_ascii=False, indent=2) if one.payload is not None
          else f"refused {one.request.path}: {one.refused}", flush=True)


def main() -> int:
    """Runs the CRM until interrupted."""
    parser = argparse.ArgumentParser(description="Receives and verifies Kol's webhooks.")
    parser.add_argument("--secret", required=True)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--path", default="/hook")
    options = parser.parse_args()
    with Crm(options.port, _print) as crm:
        crm.expect(options.secret, options.path)
        print(f"listening on {crm.url}{options.path}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
