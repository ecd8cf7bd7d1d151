"""100,000 mutated callbacks: Kol's check of signatures against Twilio's own validator.

Whatever one accepts the other must accept. Deliberate differences, each with a test of its own below:
  - a body that is not form-encoded needs bodySHA256 in the URL (Twilio's sender always adds it; the Python validator
    then signs the characters of the body as if they were names)
  - user:password@host:port and [IPv6]:port: the Python validator cuts the host away with the port; the rule here is that
    of Twilio's Node validator, which removes the port alone
  - AccountSid has to be an account of this server, and a token in the URL (kol=) has to fit
  - a fragment in the request target is cut off; no client sends one
Bytes that are no UTF-8 count as they are; the validator works on text, so it is given text that turns into those bytes.
"""
import base64
import hashlib
import hmac
import json
import os
import random
import string
import subprocess
import time
from urllib.parse import parse_qsl, quote_from_bytes

import pytest
from conftest import kol_bin
from twilio import request_validator

ACCOUNT = "AC00000000000000000000000000000001"
TOKENS = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210")
FORM = "application/x-www-form-urlencoded"
BASES = (
    *["https://kol.example.com"] * 6, "https://kol.example.com:443", "https://kol.example.com:8443",
    "http://kol.example.com", "http://kol.example.com:80", "http://kol.example.com:8080", "https://KOL.Example.com",
    "https://kol.example.com/behind/proxy", "https://user@kol.example.com", "https://us%40er:pa%3Ass@kol.example.com",
    "https://user:pass@kol.example.com:8443", "https://[2001:db8::1]", "https://[2001:db8::1]:8443",
)
PATHS = ("/webhook/call_status", "/webhook/recording_status", "/webhook/handle_recording", "/webhook/transcription",
         "/webhook/call_status/", "/webhook//call_status", "/webhook/%63all_status", "/webhook/Call_Status")
QUERIES = ("", "", "", "?", "?foo=1&bar=2", "?a=%D7%A9&b=%d7%a9", "?It's=amazing", "?x=1&x=1", "?&&", "?q=a+b%20c",
           "?c=/?:@", "?bodySHA256=", "?tenant=7;8", "?e=%", "?raw=\u05d0")
TEXTS = ("", " ", "+", "%", "&", "=", "it's", "+14158675309", "שלום", "é", "😀", "a b", "  padded ", "\0", "\r\n", "~",
         "%41", "&amp;", "ﬀ", "e\u0301", "\ufeff", "0")
NAMES = ("Caller", "CallSid2", "callsid", "Called", "Caller_", "A", "a", "Z", "é", "Digits", "MessagingBinding.Address",
         "X[]", "", "€", "😀", "AccountSi", "bodySHA256", "sp ace")
BYTES = bytes(range(256))
MUTATED = string.ascii_letters.encode() + string.digits.encode() + b"+%&=;/\xff\xc3\xa9 "


class Text(str):
    """Text whose bytes are given back as they were, UTF-8 or not, also after others were appended."""

    def __add__(self, more):
        return Text(str.__add__(self, more))

    def encode(self, *_):
        return str.encode(self, "utf-8", "surrogateescape")


def as_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


class Params(dict):
    """Parameters as the official validator wants repeated ones."""

    def getlist(self, name):
        return self[name]


class Official(request_validator.RequestValidator):
    """Twilio's validator, unchanged but for how text becomes bytes."""

    def compute_signature(self, uri, params, algorithm=None):
        return super().compute_signature(Text(uri), params, algorithm)

    def compute_hash(self, body):
        return super().compute_hash(Text(body))


VALIDATORS = [Official(token) for token in TOKENS]
OFFICIAL_REMOVE_PORT = request_validator.remove_port


def node_remove_port(uri):
    """What Twilio's Node validator does: the port goes, user and brackets stay."""
    if not uri.port:
        return uri.geturl()
    return uri._replace(netloc=uri.netloc[:-len(str(uri.port)) - 1]).geturl()


def pairs_of(text: bytes) -> list:
    """Form-encoded bytes as names and values."""
    return parse_qsl(as_text(text), keep_blank_values=True, errors="surrogateescape")


def official(case, body_text=None) -> bool:
    """The official verdict on a case."""
    base = case["public_url"]
    bug = base.count(":") > 2  # a password or IPv6, with a port
    request_validator.remove_port = node_remove_port if bug else OFFICIAL_REMOVE_PORT
    url = base + as_text(case["target"])
    if case["method"] == "GET":
        params = {}
    elif case["form"]:
        params = Params()
        for name, value in pairs_of(case["body"]):
            params.setdefault(name, []).append(value)
    else:
        params = as_text(case["body"])
    signature = as_text(case["signature"])
    validators = VALIDATORS if case["second"] else VALIDATORS[:1]
    return any(v.validate(url, params, signature) for v in validators)


# ---- honest callbacks ----

def sign(token: str, url: bytes, pairs=()) -> bytes:
    """X-Twilio-Signature; written apart from both sides that are compared."""
    values: dict[bytes, set] = {}
    for name, value in pairs:
        values.setdefault(str.encode(name, "utf-8", "surrogateescape"), set()).add(
            str.encode(value, "utf-8", "surrogateescape"))
    text = url + b"".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return base64.b64encode(hmac.new(token.encode(), text, hashlib.sha1).digest())


def encoded(rng, raw: bytes) -> bytes:
    """One of the many ways to write the same bytes in a form."""
    way = rng.randrange(5)
    if way == 0:
        return quote_from_bytes(raw, safe="").replace("%20", "+").encode()
    if way == 1:
        return b"".join(b"%%%02x" % byte for byte in raw)
    if way == 2:
        return quote_from_bytes(raw, safe="/:?@!$'()*,;").encode()
    if way == 3:  # raw bytes, where they mean nothing else
        return b"".join(b"%%%02X" % byte if byte in b"&=+%#" or byte <= 32 else bytes([byte]) for byte in raw)
    return quote_from_bytes(raw, safe="").lower().encode() if raw.isdigit() else quote_from_bytes(raw).encode()


def form_body(rng, pairs) -> bytes:
    return b"&".join(encoded(rng, str.encode(n, "utf-8", "surrogateescape")) + b"=" +
                     encoded(rng, str.encode(v, "utf-8", "surrogateescape")) for n, v in pairs)


def some_pairs(rng) -> list:
    pairs = [("AccountSid", ACCOUNT), ("CallSid", "CA%032x" % rng.getrandbits(128)), ("CallStatus", "completed"),
             ("From", rng.choice(TEXTS)), ("To", "+18005551212")][:rng.randint(1, 5)]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
        pairs.append((rng.choice(NAMES), rng.choice(TEXTS)))
    if rng.random() < .1:  # bytes that are no text: once per name, because text and bytes sort differently
        pairs.append(("Raw", as_text(bytes(rng.choices(BYTES, k=rng.randint(1, 6))))))
    if rng.random() < .15:
        pairs.append(rng.choice(pairs))
    if rng.random() < .1:
        pairs.pop(0)  # no AccountSid: checked with the token of the settings all the same
    rng.shuffle(pairs)
    return pairs


def other_port(rng, url: bytes) -> bytes:
    """The URL as Twilio may have signed it: with or without its port, or with a wrong one."""
    scheme, _, rest = url.partition(b"://")
    netloc, slash, path = rest.partition(b"/")
    user, at, host = netloc.rpartition(b"@")
    name, colon, port = host.rpartition(b":")
    if not colon or b"]" in port:
        name, port = host, b""
    port = rng.choice((b"", b"", b":443", b":80", b":8443", b":1234"))
    return scheme + b"://" + user + at + name + port + slash + path


def honest(rng) -> dict:
    """A callback whose signature fits, one way or the other."""
    base, kind = rng.choice(BASES), rng.choice(("form",) * 7 + ("get", "json", "json"))
    path = PATHS[rng.randrange(4)] if rng.random() < .9 else rng.choice(PATHS)
    target = (path + rng.choice(QUERIES)).encode()
    case = {"public_url": base, "method": "POST", "form": kind != "json", "body": b"", "second": rng.random() < .15,
            "type": rng.choice((FORM, FORM, FORM + "; charset=UTF-8", FORM.upper()))}
    pairs = some_pairs(rng)
    if kind == "get":
        target += (b"&" if b"?" in target else b"?") + form_body(rng, pairs)
        case |= {"method": "GET", "type": None}
        pairs = []
    elif kind == "json":
        body = rng.choice((b"", b"{}", b'{"property": "value"}', b"\xff\xfe", rng.randbytes(9)))
        digest = hashlib.sha256(body).hexdigest()
        digest = rng.choice((digest, digest, digest, digest.upper(), "%%%02x" % ord(digest[0]) + digest[1:]))
        name = rng.choice(("bodySHA256",) * 4 + ("body%53HA256", "bodysha256"))
        target += (b"&" if b"?" in target else b"?") + f"{name}={digest}".encode()
        case |= {"type": rng.choice(("application/json", "text/plain", None)), "body": body}
        pairs = []
    else:
        case["body"] = form_body(rng, pairs)
    token = TOKENS[rng.random() < .1] if case["second"] else TOKENS[0]
    url = base.encode() + target
    if rng.random() < .3:
        url = other_port(rng, url)
    elif rng.random() < .05:
        url = url.removesuffix(b"?")
    return case | {"target": target, "signature": sign(token, url, pairs)}


# ---- mutations ----

def flip(rng, raw: bytes) -> bytes:
    """One byte less, more, or other."""
    at = rng.randrange(len(raw) + 1)
    way = rng.randrange(3)
    return raw[:at] + (b"" if way == 0 else bytes([rng.choice(MUTATED)])) + raw[at + (way != 1):]


def spoil_signature(rng, case):
    signature = case["signature"]
    case["signature"] = rng.choice((
        lambda: flip(rng, signature), lambda: signature[:rng.randrange(len(signature) + 1)], lambda: signature.swapcase(),
        lambda: signature + b"=", lambda: b" " + signature, lambda: signature.rstrip(b"="), lambda: b"",
        lambda: signature.replace(b"+", b"-").replace(b"/", b"_"), lambda: signature + b"," + signature,
        lambda: base64.b64encode(rng.randbytes(20)), lambda: signature + b"\xff"))()


def spoil_body(rng, case):
    case["body"] = flip(rng, case["body"])


def again(rng, case):
    """The same parameters in another order, spelling or number."""
    parts = case["body"].split(b"&")
    way = rng.randrange(5) if case["form"] else 5
    if way == 0:
        rng.shuffle(parts)
    elif way == 1:
        parts.append(rng.choice(parts))
    elif way == 2:
        parts.insert(rng.randrange(len(parts) + 1), b"")
    elif way == 3:
        parts = [form_body(rng, pairs_of(case["body"]))]
    elif way == 4:
        parts[rng.randrange(len(parts))] += rng.choice((b"", b"=", b"%00", b"+", b"x"))
    case["body"] = b"&".join(parts)


def spoil_target(rng, case):
    target = case["target"]
    path, mark, query = target.partition(b"?")
    way = rng.randrange(7)
    if way == 0:
        target += rng.choice((b"&c=1", b"?", b"&", b"=", b"%20", b"'"))
    elif way == 1 and query:
        target = path + mark + flip(rng, query.replace(b"#", b"")).replace(b"#", b"")
    elif way == 2:
        target = rng.choice(PATHS).encode() + mark + query
    elif way == 3:
        target = target.replace(b"'", b"%27").replace(b"%20", b"+")
    elif way == 4:
        target = path + mark + b"&".join(reversed(query.split(b"&")))
    elif way == 5:
        target = target.swapcase() if target.isascii() else target
    else:
        target = path
    case["target"] = target.replace(b"?kol=", b"?k=").replace(b"&kol=", b"&k=").replace(b" ", b"+")


def spoil_token(rng, case):
    case["second"] = not case["second"]


def spoil_base(rng, case):
    case["public_url"] = rng.choice(BASES)


MUTATIONS = (spoil_signature, spoil_signature, spoil_body, spoil_body, again, again, again, spoil_target, spoil_target,
             spoil_token, spoil_base)


def mutated(rng) -> dict:
    case = honest(rng)
    for _ in range(rng.choice((0, 0, 0, 1, 1, 1, 1, 2, 3))):
        rng.choice(MUTATIONS)(rng, case)
    return case


# ---- the comparison ----

def verdicts(cases) -> list:
    """What Kol says to each."""
    lines = []
    for case in cases:
        line = {"public_url": case["public_url"], "method": case["method"], "second": case["second"]}
        line |= {name: base64.b64encode(case[name]).decode() for name in ("target", "body", "signature")}
        if case["type"]:
            line["type"] = case["type"]
        lines.append(json.dumps(line))
    program = kol_bin().with_name("kol-check-signatures")
    done = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def has_hash(case) -> bool:
    query = as_text(case["target"]).partition("?")[2]
    return any(name == "bodySHA256" and value for name, value in parse_qsl(query))


def foreign_account(case) -> bool:
    """Its AccountSid is one that nobody has: refused here whoever signed it."""
    pairs = pairs_of(case["target"].partition(b"?")[2] if case["method"] == "GET" else case["body"])
    sids = [value for name, value in pairs if name == "AccountSid"] if case["form"] else []
    return bool(sids) and sids[0] != ACCOUNT


@pytest.mark.slow
def test_100000_mutated_callbacks():
    """0 accepted that the official validator refuses, 0 refused that it accepts."""
    count = int(os.environ.get("KOL_MUTATIONS", "100000"))
    seed = int(os.environ.get("KOL_SEED", time.time_ns() % 1_000_000_000))
    print(f"\nmutated callbacks: {count}, seed {seed} (KOL_SEED={seed} repeats them)")
    rng = random.Random(seed)
    cases = [mutated(rng) for _ in range(count)]
    got = verdicts(cases)
    assert len(got) == count
    tally = {"accepted": 0, "refused": 0, "no hash, refused": 0, "foreign account": 0}
    for number, (case, verdict) in enumerate(zip(cases, got)):
        assert verdict in ("ok", "forbidden", "bad_input"), (number, verdict)
        told = f"seed {seed}, number {number}: Kol says {verdict}: {case}"
        if not case["form"] and case["body"] and not has_hash(case):
            assert verdict != "ok", told
            tally["no hash, refused"] += 1
        elif verdict != "ok" and foreign_account(case):
            tally["foreign account"] += 1  # spoilt on the way, so the signature does not fit either
            assert not official(case), told
        else:
            assert (verdict == "ok") == official(case), told
            tally["accepted" if verdict == "ok" else "refused"] += 1
    print(", ".join(f"{name} {n}" for name, n in tally.items()))
    assert min(tally["accepted"], tally["refused"]) > count / 5


def test_the_published_python_bug():
    """user:password@host:port and [IPv6]:port: signed without the port, as Node's validator takes it."""
    for base, without in (("https://user:pass@kol.example.com:8443", b"https://user:pass@kol.example.com"),
                          ("https://[2001:db8::1]:8443", b"https://[2001:db8::1]")):
        target = b"/webhook/call_status"
        body = b"AccountSid=" + ACCOUNT.encode()
        case = {"public_url": base, "method": "POST", "form": True, "type": FORM, "second": False, "target": target,
                "body": body, "signature": sign(TOKENS[0], without + target, pairs_of(body))}
        request_validator.remove_port = OFFICIAL_REMOVE_PORT
        assert not VALIDATORS[0].validate(base + target.decode(), {"AccountSid": ACCOUNT}, as_text(case["signature"]))
        assert official(case) and verdicts([case]) == ["ok"]


def test_deliberate_refusals():
    """What the official validator would let pass, and Kol does not."""
    target, url = b"/webhook/call_status", b"https://kol.example.com/webhook/call_status"
    usual = {"public_url": "https://kol.example.com", "method": "POST", "form": True, "type": FORM, "second": False}
    foreign = [("AccountSid", "AC" + "f" * 32)]
    token = target + b"?kol=1.AAAAAAAAAAAAAAAAAAAAAA"
    mine = [("AccountSid", ACCOUNT)]
    cases = [
        usual | {"target": target, "body": form_body(random.Random(1), foreign),
                 "signature": sign(TOKENS[0], url, foreign)},
        usual | {"target": token, "body": form_body(random.Random(1), mine),
                 "signature": sign(TOKENS[0], b"https://kol.example.com" + token, mine)},
        usual | {"form": False, "type": "application/json", "target": target, "body": b"a",
                 "signature": sign(TOKENS[0], url, [("a", "a")])},
    ]
    assert official(cases[0]) and official(cases[1])
    assert verdicts(cases) == ["forbidden"] * 3
