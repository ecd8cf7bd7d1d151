"""Plain requests to the simulated Twilio, and Twilio's published schema to hold the answers against."""
import base64
import json
import re
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

SPEC = json.loads((Path(__file__).parent / "data" / "twilio-recordings-openapi.json").read_text())
_KINDS = {"string": str, "integer": int, "number": (int, float), "object": dict, "array": list, "boolean": bool}


def ask(twilio, path, auth=True, method="GET", headers=None, form=None):
    """(status, headers, body) of a request to the simulator; auth: (user, password), or the account's own."""
    body = urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(twilio.url + path if path.startswith("/") else path, data=body,
                                     method=method if form is None else "POST", headers=headers or {})
    if auth:
        user = auth if isinstance(auth, tuple) else (twilio.account_sid, twilio.auth_token)
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(user).encode()).decode())
    try:
        with _OPENER.open(request, timeout=10) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def ask_json(twilio, path, **how):
    """The resource of an answer that must be 2xx."""
    status, _, body = ask(twilio, path, **how)
    assert 200 <= status < 300, f"{path}: {status} {body[:300]!r}"
    return json.loads(body)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        """A redirect is an answer like any other."""


_OPENER = urllib.request.build_opener(_NoRedirect)


def _time(text):
    try:
        return parsedate_to_datetime(text) is not None and text.endswith(" +0000")
    except ValueError:
        return False


def _uri(text):
    return text == "" or bool(urlsplit(text).path) or bool(urlsplit(text).netloc)


FORMATS = {
    "date-time-rfc-2822": _time, "uri": _uri, "currency": lambda t: re.fullmatch("[A-Z]{3}", t),
    "phone-number": lambda t: re.fullmatch(r"\+[0-9]{7,15}", t), "http-method": lambda t: t in ("GET", "POST"),
    "uri-map": lambda m: all(isinstance(v, str) and v.startswith("/") for v in m.values()),
    "phone-number-capabilities": lambda m: bool(m),
}


def fits(value, schema, where=""):
    """Complains about each difference between a value and a schema: fields, types, enums, patterns, lengths, formats."""
    if "$ref" in schema:
        schema = SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if value is None:
        return [] if schema.get("nullable") else [f"{where}: null"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value} is none of {schema['enum']}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{where}: {value!r} is not {kind}"]
    wrong = []
    if "pattern" in schema and not re.search(schema["pattern"], value):
        wrong.append(f"{where}: {value} does not match {schema['pattern']}")
    if not schema.get("minLength", 0) <= (len(value) if isinstance(value, str) else 0) or len(str(value)) > schema.get(
            "maxLength", 1 << 30):
        wrong.append(f"{where}: the length of {value}")
    if "format" in schema and not FORMATS[schema["format"]](value):
        wrong.append(f"{where}: {value} is no {schema['format']}")
    if "properties" in schema:
        names = set(schema["properties"])
        wrong += [f"{where}: {name} differs" for name in names ^ set(value)]
        for name in names & set(value):
            wrong += fits(value[name], schema["properties"][name], f"{where}.{name}")
    if kind == "array":
        for item in value:
            wrong += fits(item, schema["items"], where + "[]")
    return wrong


def answer_schema(path, method="get", status="200"):
    """What the published description says about an answer."""
    return SPEC["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]
