"""The REST API of the simulated Twilio: who may ask, what is there, how lists are filtered and paged, how errors look."""
from __future__ import annotations

import base64
import json
import re
from datetime import datetime, timezone
from urllib.parse import parse_qsl, urlencode, urlsplit

import twilio_media
from fakehttp import Answer, FakeServer, Request, Step
from twilio_model import API, Account, Call, Number, Recording

MESSAGES = {400: "Bad request", 401: "Authenticate", 403: "Forbidden", 429: "Too Many Requests",
            500: "Internal Server Error", 503: "Service Unavailable"}
CODES = {401: 20003, 404: 20404, 405: 20004, 429: 20429, 500: 20500}
PAGE_SIZE, PAGE_SIZE_MAX = 50, 1000


class BadParameter(Exception):
    """A parameter that Twilio refuses with 400; the text names it."""


def error(status: int, path: str, code: int | None = None, message: str | None = None) -> Answer:
    """Twilio's error body: JSON for resources, XML for media."""
    code = code or CODES.get(status, 20000 + status)
    message = message or MESSAGES.get(status, f"The requested resource {path} was not found")
    more = f"https://www.twilio.com/docs/errors/{code}"
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else {}
    if path.endswith(".json"):
        body = json.dumps({"code": code, "message": message, "more_info": more, "status": status})
        return Answer(status, body.encode(), "application/json", headers)
    body = (f"<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><RestException><Code>{code}</Code><Message>"
            f"{message}</Message><MoreInfo>{more}</MoreInfo><Status>{status}</Status></RestException></TwilioResponse>")
    return Answer(status, body.encode(), "application/xml", headers)


def error_as_media(form: str = "xml", code: int = 20404) -> Step:
    """A step that answers 200 with an error's body, as proxies and careless servers do."""
    answer = error(404, "/Recordings/x" + (".json" if form == "json" else ""), code)
    return Step(200, body=answer.body, content_type=answer.content_type)


def as_json(value, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


# ---- parameters ----

def moment(text: str, name: str) -> tuple[float, float]:
    """A day or a time in UTC as its first second and the first second after it."""
    for form, seconds in (("%Y-%m-%d", 86400), ("%Y-%m-%dT%H:%M:%SZ", 1), ("%Y-%m-%dT%H:%M:%S", 1),
                          ("%Y-%m-%dT%H:%M:%S%z", 1), ("%Y-%m-%dT%H:%M:%S.%fZ", 1)):
        try:
            when = datetime.strptime(text, form)
        except ValueError:
            continue
        start = (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp() // 1
        return start, start + seconds
    raise BadParameter(name)


def within(at: float, query: dict, name: str) -> bool:
    """The filters `name`, `name<` and `name>`: a day or a time. The last two include what they name."""
    for suffix in ("", "<", ">"):
        text = query.get(name + suffix, "")
        if not text:
            continue
        first, after = moment(text, name + suffix)
        if (suffix != "<" and at < first) or (suffix != ">" and at >= after):
            return False
    return True


def flag(query: dict, name: str) -> bool:
    """A boolean parameter."""
    text = query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise BadParameter(name)
    return text == "true"


def sid_of(query: dict, name: str, kind: str) -> str | None:
    """A SID, or None when it is not asked for."""
    text = query.get(name) or None
    if text is not None and not re.fullmatch(f"{kind}[0-9a-fA-F]{{32}}", text):
        raise BadParameter(name)
    return text


def number_of(query: dict, name: str, usual: int, lowest: int) -> int:
    """A whole number of a query."""
    text = query.get(name) or str(usual)
    if not text.isdigit() or int(text) < lowest:
        raise BadParameter(name)
    return int(text)


def page(request: Request, name: str, known: dict, rows: list, order, render) -> Answer:
    """One page of a list, with the links that Twilio gives.

    A page begins behind the row of `known` that its token names: what is new or deleted meanwhile shifts nothing.
    """
    rows = sorted(rows, key=order)
    query = request.params
    size = min(number_of(query, "PageSize", PAGE_SIZE, 1), PAGE_SIZE_MAX)
    number = number_of(query, "Page", 0, 0)
    start = 0
    token = re.fullmatch(r"P([AB])([A-Z]{2}[0-9a-f]{32})", query.get("PageToken", ""))
    if number or "PageToken" in query:
        if not token or token[2] not in known:
            raise BadParameter("PageToken")
        border = order(known[token[2]])
        start = sum(order(row) <= border for row in rows) if token[1] == "A" else max(
            0, sum(order(row) < border for row in rows) - size)
    shown = rows[start:start + size]
    kept = {k: v for k, v in query.items() if k not in ("Page", "PageToken", "PageSize")}

    def uri(page_number, *page_token):
        more = {"PageToken": "".join(page_token)} if page_token else {}
        return f"{request.path}?{urlencode(kept | {'PageSize': size, 'Page': page_number} | more)}"

    return as_json({
        name: [render(row) for row in shown], "page": number, "page_size": size, "start": number * size,
        "end": number * size + max(len(shown) - 1, 0), "uri": f"{request.path}?{request.query}".rstrip("?"),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1, "PA", shown[-1].sid) if start + size < len(rows) else None,
        "previous_page_uri": (uri(number - 1, "PB", shown[0].sid) if shown else uri(0)) if number else None,
    })


class RestApi(FakeServer):
    """Answers for what `accounts`, `calls`, `recordings` and `numbers` hold."""

    def __init__(self, port: int = 0, ledger_path: str | None = None, **how):
        super().__init__(port, ledger_path, **how)
        self.accounts: dict[str, Account] = {}
        self.calls: dict[str, Call] = {}
        self.recordings: dict[str, Recording] = {}
        self.numbers: dict[str, Number] = {}
        self.max_concurrent: int | None = None  # requests of one account at once; more are 429

    def group(self, request: Request) -> str:
        """Requests are counted by account."""
        found = re.match(rf"{API}/Accounts/(AC[0-9a-f]{{32}})", request.path)
        return found[1] if found else ""

    def scripted(self, request: Request, step: Step) -> Answer:
        """A scripted failure has the body that Twilio sends with it."""
        if step.status >= 300:
            return error(step.status, request.path)
        usual = self.respond(request)
        return usual if usual.status < 300 else Answer(step.status, b"", "audio/x-wav")

    def respond(self, request: Request) -> Answer:
        """Routes one REST or media request."""
        found = re.fullmatch(rf"{API}/Accounts/(AC[0-9a-fA-F]{{32}})(\.json|/.+)", request.path)
        if not found:
            return error(404, request.path)
        account, rest = found.groups()
        if not self._authorised(account, request):
            return error(401, request.path)
        if self.max_concurrent is not None and self.active[account] > self.max_concurrent:
            return error(429, request.path)
        for methods, pattern, answer in _ROUTES:
            match = re.fullmatch(pattern, rest)
            if match and request.method not in methods:
                return error(405, request.path, message="Method Not Allowed")
            if match:
                return self._answer(answer, request, account, match.groups())
        return error(404, request.path)

    def _answer(self, answer, request: Request, account: str, parts: tuple) -> Answer:
        try:
            with self.lock:
                return answer(self, request, account, *parts)
        except BadParameter as bad:
            return error(400, request.path, 20001, f"Invalid parameter {bad}")

    def _authorised(self, account: str, request: Request) -> bool:
        """Basic credentials of that very account, its own or one of its API keys', or of its owner."""
        value = request.header("Authorization") or ""
        try:
            user, _, password = base64.b64decode(value.removeprefix("Basic "), validate=True).decode().partition(":")
        except ValueError:
            return False
        found = self.accounts.get(account)
        if found is None or not value.startswith("Basic ") or not found.knows(user, password):
            return False
        # A standard API key sees all but the accounts themselves.
        return not (user.startswith("SK") and request.path == found.path + ".json")

    def _of(self, where: dict, account: str, sid: str):
        """One thing, if it is that account's."""
        found = where.get(sid)
        return found if found and found.account_sid == account else None

    # ---- accounts, calls, numbers ----

    def _account(self, request: Request, account: str) -> Answer:
        return as_json(self.accounts[account].as_json())

    def _call(self, request: Request, account: str, sid: str) -> Answer:
        call = self._of(self.calls, account, sid)
        return as_json(call.as_json()) if call else error(404, request.path)

    def _calls(self, request: Request, account: str) -> Answer:
        query = request.params
        parent = sid_of(query, "ParentCallSid", "CA")
        rows = [c for c in self.calls.values()
                if c.account_sid == account and (parent is None or c.parent_call_sid == parent)
                and query.get("To") in (None, "", c.to) and query.get("From") in (None, "", c.from_)
                and query.get("Status") in (None, "", c.status)
                and within(c.started_at, query, "StartTime") and within(c.ended_at, query, "EndTime")]
        return page(request, "calls", self.calls, rows, lambda c: (-c.started_at, c.sid), Call.as_json)

    def _numbers(self, request: Request, account: str) -> Answer:
        query = request.params
        part = query.get("PhoneNumber", "").replace(" ", "")  # a + that was not encoded arrives as a blank
        if part and not re.fullmatch(r"\+?[0-9A-Za-z*]+", part):
            raise BadParameter("PhoneNumber")
        pattern = re.compile(re.escape(part).replace(r"\*", "[0-9]"))
        name = query.get("FriendlyName")
        rows = [n for n in self.numbers.values() if n.account_sid == account and pattern.search(n.number)
                and name in (None, "", n.settings["friendly_name"])]
        return page(request, "incoming_phone_numbers", self.numbers, rows, lambda n: (-n.created_at, n.sid),
                    Number.as_json)

    def _number(self, request: Request, account: str, sid: str) -> Answer:
        number = self._of(self.numbers, account, sid)
        if number is None:
            return error(404, request.path)
        if request.method == "POST":
            number.settings |= _changed_settings(dict(parse_qsl(request.body.decode(), keep_blank_values=True)))
            number.updated_at = request.at
        return as_json(number.as_json())

    # ---- recordings ----

    def _recordings(self, request: Request, account: str, call_sid: str | None = None) -> Answer:
        """Recordings of an account or of one call. Only the account's list has the filters beside the date."""
        query, of_call = request.params, call_sid is not None
        wanted = call_sid if of_call else sid_of(query, "CallSid", "CA")
        conference = None if of_call else sid_of(query, "ConferenceSid", "CF")
        deleted = not of_call and flag(query, "IncludeSoftDeleted")
        rows = [r for r in self.recordings.values()
                if r.account_sid == account and wanted in (None, r.call.sid)
                and conference in (None, r.conference_sid)
                and (r.status != "deleted" or (deleted and r.visible))
                and within(r.started_at, query, "DateCreated")]
        return page(request, "recordings", self.recordings, rows, lambda r: (-r.started_at, r.sid),
                    lambda r: r.as_json(listed=True, of_call=of_call))

    def _recording(self, request: Request, account: str, sid: str) -> Answer:
        recording = self._of(self.recordings, account, sid)
        deleted = flag(request.params, "IncludeSoftDeleted")
        if recording is None or (recording.status == "deleted" and not (deleted and recording.visible)):
            return error(404, request.path)
        if request.method == "DELETE":
            return self._delete(request, recording)
        return as_json(recording.as_json(exact=False))

    def _delete(self, request: Request, recording: Recording) -> Answer:
        """Only a completed recording can be deleted; its media are gone, its metadata stay for a while."""
        if recording.status == "deleted":
            return error(404, request.path)
        if recording.status != "completed":
            return error(409, request.path, message="The recording is not completed and cannot be deleted")
        recording.gone("deleted")
        return Answer(204, b"")

    def _call_recordings(self, request: Request, account: str, call_sid: str) -> Answer:
        call = self._of(self.calls, account, call_sid)
        if call is None:
            return error(404, request.path)
        if request.method != "POST":
            return self._recordings(request, account, call_sid)
        form = dict(parse_qsl(request.body.decode()))
        recording = self.add_recording(call, seconds=None, channels=2 if form.get("RecordingChannels") == "dual" else 1,
                                       source="StartCallRecordingAPI", status="in-progress")
        return as_json(recording.as_json(listed=True, of_call=True), 201)

    def _call_recording(self, request: Request, account: str, call_sid: str, sid: str) -> Answer:
        recording = self._of(self.recordings, account, sid)
        if recording is None or recording.call.sid != call_sid or recording.status == "deleted":
            return error(404, request.path)
        if request.method == "DELETE":
            return self._delete(request, recording)
        if request.method == "POST":
            status = dict(parse_qsl(request.body.decode())).get("Status")
            if status not in ("in-progress", "paused", "stopped"):
                raise BadParameter("Status")
            recording.status = status
            return as_json(recording.as_json(of_call=True))
        return as_json(recording.as_json(of_call=True, exact=False))

    def _media(self, request: Request, account: str, sid: str, suffix: str | None) -> Answer:
        """The media are there when it is completed and Twilio stores them; all else is 404."""
        recording = self._of(self.recordings, account, sid)
        if recording is None or recording.status != "completed":
            return error(404, request.path)
        wanted = request.params.get("RequestedChannels")
        if wanted not in (None, "1", "2"):
            raise BadParameter("RequestedChannels")
        if wanted == "2" and recording.channels == 1:
            return error(400, request.path, 16113, "Requested channels are not available")
        media = recording.mono if wanted == "1" and recording.mono else recording.media
        form = "mp3" if suffix == ".mp3" else "wav"
        if form not in media:
            return error(404, request.path)
        content_type = "audio/mpeg" if form == "mp3" else "audio/x-wav"
        return twilio_media.answer(request, media[form], content_type, recording.ranges)


def _changed_settings(form: dict) -> dict:
    """A number's settings from the parameters of an update (`VoiceUrl` is `voice_url`)."""
    changed = {}
    for name, value in form.items():
        key = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        if key in Number.URLS:
            parts = urlsplit(value)
            if value and (parts.scheme not in ("http", "https") or not parts.hostname):
                raise BadParameter(name)
        elif key in Number.METHODS:
            value = value.upper()
            if value not in ("GET", "POST"):
                raise BadParameter(name)
        elif key in ("voice_application_sid", "trunk_sid", "sms_application_sid"):
            if value and not re.fullmatch("(AP|TK)[0-9a-fA-F]{32}", value):
                raise BadParameter(name)
            other = {"voice_application_sid": "trunk_sid", "trunk_sid": "voice_application_sid"}.get(key)
            changed |= {other: None} if other and value else {}
            value = value or None
        elif key != "friendly_name":
            continue
        changed[key] = value
    return changed


_RE, _CA, _PN = "(RE[0-9a-fA-F]{32})", "(CA[0-9a-fA-F]{32})", "(PN[0-9a-fA-F]{32})"
_READ, _ALL = ("GET", "HEAD"), ("GET", "HEAD", "POST", "DELETE")
_ROUTES = (
    (_READ, r"\.json", RestApi._account),
    (("GET", "HEAD", "DELETE"), rf"/Recordings/{_RE}\.json", RestApi._recording),
    (_READ, rf"/Recordings/{_RE}(\.mp3|\.wav)?", RestApi._media),
    (_READ, r"/Recordings\.json", RestApi._recordings),
    (("GET", "HEAD", "POST"), rf"/Calls/{_CA}/Recordings\.json", RestApi._call_recordings),
    (_ALL, rf"/Calls/{_CA}/Recordings/{_RE}\.json", RestApi._call_recording),
    (_READ, rf"/Calls/{_CA}\.json", RestApi._call),
    (_READ, r"/Calls\.json", RestApi._calls),
    (_READ, r"/IncomingPhoneNumbers\.json", RestApi._numbers),
    (("GET", "HEAD", "POST"), rf"/IncomingPhoneNumbers/{_PN}\.json", RestApi._number),
)
