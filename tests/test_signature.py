"""X-Twilio-Signature through real HTTP: every published case, and thousands of mutations against the official validator."""
import http.client
import os
import random
import time
from urllib.parse import urlencode, urlsplit

import pytest
import twilio_callbacks as callbacks
from conftest import NUMBER
from twilio.request_validator import RequestValidator

PATH = "/webhook/call_status"
HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
JSON_BODY = b'{"property": "value", "boolean": true}'


def params_of(twilio, **more):
    """The parameters of a call's status callback."""
    call = twilio.add_call("+14158675309", NUMBER)
    return list((callbacks.call_status(call, "ringing", 1) | more).items())


def send(house, signed_url, params, signature, body=None, content_type="application/x-www-form-urlencoded"):
    """One POST to the path and query of a public URL; the status."""
    parts = urlsplit(signed_url)
    target = parts.path + ("?" + parts.query if parts.query else "")
    headers = {"Content-Type": content_type}
    if signature is not None:
        headers["X-Twilio-Signature"] = signature
    return house.kol.http("POST", target, body=urlencode(params) if body is None else body, headers=headers).status


# Each row: public_url of the configuration, URL that Twilio signs, extra parameters.
FORM_CASES = {
    "basic": ("https://mycompany.com", "https://mycompany.com" + PATH + "?foo=1&bar=2", []),
    "repeated values": ("https://mycompany.com", "https://mycompany.com" + PATH + "?foo=1",
                        [("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234"), ("SidAccount", "AC123"),
                         ("Sid", "CA123")]),
    "array": ("https://mycompany.com", "https://mycompany.com" + PATH,
              [("MessagingBinding.Address", "+1325xxxxxxx"), ("MessagingBinding.Address", "+1415xxxxxxx")]),
    "https with 443": ("https://mycompany.com", "https://mycompany.com:443" + PATH, []),
    "443 in both": ("https://mycompany.com:443", "https://mycompany.com:443" + PATH, []),
    "443 configured, not signed": ("https://mycompany.com:443", "https://mycompany.com" + PATH, []),
    "other port": ("https://mycompany.com:1234", "https://mycompany.com:1234" + PATH, []),
    "other port, not signed": ("https://mycompany.com:1234", "https://mycompany.com" + PATH, []),
    "user and password": ("https://user:pass@mycompany.com", "https://user:pass@mycompany.com" + PATH, []),
    "user": ("https://user@mycompany.com", "https://user@mycompany.com" + PATH, []),
    "user, password and 443": ("https://user:pass@mycompany.com", "https://user:pass@mycompany.com:443" + PATH, []),
    "apostrophe": ("https://mycompany.com", "https://mycompany.com" + PATH + "?foo=1&Body=It's+amazing", []),
    "empty and padded values": ("https://mycompany.com", "https://mycompany.com" + PATH,
                                [("Empty", ""), ("Padded", "  two  ")]),
    "unicode": ("https://mycompany.com", "https://mycompany.com" + PATH + "?q=%D7%A9", [("CallerName", "דוד & בניו +1%")]),
    "byte order of names": ("https://mycompany.com", "https://mycompany.com" + PATH,
                            [("Caller_", "1"), ("CallSidx", "2"), ("a", "3"), ("Z", "4"), ("_", "5"), ("é", "6")]),
}


@pytest.mark.parametrize("name", FORM_CASES)
def test_form_case(make_house, name):
    """What Twilio signs is accepted, and nothing beside it."""
    public_url, signed_url, extra = FORM_CASES[name]
    house = make_house(public_url=public_url)
    token = house.twilio.auth_token
    params = params_of(house.twilio) + extra
    right = callbacks.sign(token, signed_url, params)
    assert send(house, signed_url, params, right) in (200, 204)
    assert send(house, signed_url, params + [("New", "x")], right) == 403
    assert send(house, signed_url, params, callbacks.sign("other token", signed_url, params)) == 403
    assert send(house, signed_url + ("&" if "?" in signed_url else "?") + "more=1", params, right) == 403


def test_plain_http_public_url_for_loopback_ports(make_house):
    """The http rows of the published vectors: port 80 and another port."""
    for public_url, signed in (("http://mycompany.com", "http://mycompany.com:80"),
                               ("http://mycompany.com:1234", "http://mycompany.com:1234")):
        house = make_house(public_url=public_url)
        params = params_of(house.twilio)
        assert send(house, signed + PATH, params, callbacks.sign(house.twilio.auth_token, signed + PATH, params)) < 300


def test_no_signature_and_a_wrong_one(house):
    url = house.twilio.public_url + PATH
    params = params_of(house.twilio)
    assert send(house, url, params, None) in (400, 403)
    assert send(house, url, params, "") in (400, 403)
    assert send(house, url, params, "AAAA") == 403
    assert house.kol.get("/api/calls", house.op)["calls"] == []


@pytest.mark.parametrize("path", ["/webhook/recording_status", "/webhook/handle_recording", "/webhook/call_status",
                                  "/webhook/transcription"])
def test_every_entrance_is_guarded(house, path):
    params = params_of(house.twilio)
    url = house.twilio.public_url + path
    assert send(house, url, params, callbacks.sign("not the token", url, params)) == 403


def test_json_body_is_bound_by_its_hash(house):
    """A JSON request is signed over the URL alone, so its body must be tied to bodySHA256."""
    token, base = house.twilio.auth_token, house.twilio.public_url + PATH
    url = f"{base}?foo=1&bodySHA256={HASH}"

    def status(signed_url, body):
        return send(house, signed_url, [], callbacks.sign(token, signed_url), body, "application/json")

    assert status(url, JSON_BODY) != 403
    assert status(f"{base}?bodySHA256={HASH}", JSON_BODY) != 403
    assert status(url, JSON_BODY + b" ") == 403
    assert status(base, JSON_BODY) == 403
    assert status(f"{base}?bodySHA256={HASH[:-1]}1", JSON_BODY) == 403


def test_get_is_signed_over_its_url(house):
    call = house.twilio.add_call("+14158675309", NUMBER)
    sent = house.twilio.post(house.kol.url, PATH, callbacks.call_status(call), method="GET")
    assert sent.status in (200, 204, 405)
    wrong = house.twilio.post(house.kol.url, PATH, callbacks.call_status(call), method="GET", signature="AAAA")
    assert wrong.status in (403, 405)


def test_proxy_headers_do_not_change_what_is_signed(house):
    """The URL comes from the configuration, never from Host or X-Forwarded-*."""
    params = params_of(house.twilio)
    forged = "https://attacker.example" + PATH
    headers = {"X-Forwarded-Host": "attacker.example", "X-Forwarded-Proto": "https", "Host": "attacker.example",
               "X-Twilio-Signature": callbacks.sign(house.twilio.auth_token, forged, params),
               "Content-Type": "application/x-www-form-urlencoded"}
    assert house.kol.http("POST", PATH, body=urlencode(params), headers=headers).status == 403


def test_fragment_is_left_out(house):
    call = house.twilio.add_call("+14158675309", NUMBER)
    sent = house.twilio.post(house.kol.url, PATH, callbacks.call_status(call), "#rc=5&rp=5xx,ct,rt")
    assert sent.status in (200, 204)


# ---- mutations ----

class Params(dict):
    """Parameters as the official validator wants repeated ones."""

    def getlist(self, name):
        return self[name]


def official(validator, url, pairs, signature) -> bool:
    """The official validator's verdict."""
    values = Params()
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return validator.validate(url, values, signature)


ALPHABET = "abcXYZ019 +&=%'\"/?#;:@<>\\~-_.\t\n\r()é×אב😀"


def text(rng, longest=12):
    return "".join(rng.choices(ALPHABET, k=rng.randint(0, longest)))


def mutated(rng, token, base, pairs):
    """A request that differs from an honest one in zero to three places: (url, pairs, signature)."""
    url = base + (f"?{rng.choice('ab')}={rng.randint(0, 9)}" if rng.random() < .5 else "")
    pairs = pairs + [(rng.choice(["X", "x", "Xa", "A.b", "é", "Caller_", "CallSidx"]), text(rng))
                     for _ in range(rng.randint(0, 4))]
    rng.shuffle(pairs)
    signed = url.replace(".com", ".com:443") if rng.random() < .2 else url
    signature = callbacks.sign(token, signed, pairs)
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])):
        url, pairs, signature = rng.choice(MUTATIONS)(rng, url, list(pairs), signature)
    return url, pairs, signature


def _flip(rng, url, pairs, signature):
    at = rng.randrange(len(signature))
    return url, pairs, signature[:at] + rng.choice("ABCabc019+/=") + signature[at + 1:]


def _cut(rng, url, pairs, signature):
    return url, pairs, signature[:rng.randrange(len(signature))] or "A"


def _value(rng, url, pairs, signature):
    at = rng.randrange(len(pairs))
    if pairs[at][0] not in ("AccountSid", "CallSid"):
        pairs[at] = (pairs[at][0], pairs[at][1] + rng.choice(["", " ", "x", "\0", "א"]))
    return url, pairs, signature


def _again(rng, url, pairs, signature):
    """The same parameter once more: harmless, because equal values are counted once."""
    return url, pairs + [rng.choice(pairs)], signature


def _more(rng, url, pairs, signature):
    return url, pairs + [(rng.choice(["A", "Zz", "x"]), text(rng))], signature


def _less(rng, url, pairs, signature):
    at = rng.randrange(len(pairs))
    if pairs[at][0] not in ("AccountSid", "CallSid", "CallStatus", "From", "To", "Direction"):
        del pairs[at]
    return url, pairs, signature


def _order(rng, url, pairs, signature):
    rng.shuffle(pairs)
    return url, pairs, signature


def _query(rng, url, pairs, signature):
    return url + ("&" if "?" in url else "?") + rng.choice(["c=1", "c=%27", "c='", "c", "c=+"]), pairs, signature


def _case(rng, url, pairs, signature):
    at = rng.randrange(len(pairs))
    if pairs[at][0] in ("X", "x"):
        pairs[at] = (pairs[at][0].swapcase(), pairs[at][1])
    return url, pairs, signature


MUTATIONS = [_flip, _cut, _value, _again, _more, _less, _order, _query, _case]


@pytest.mark.slow
def test_mutations_against_the_official_validator(house):
    """Kol and the official validator agree on each of 5,000 requests, most of them spoilt."""
    count = int(os.environ.get("KOL_MUTATIONS", "5000"))
    seed = int(os.environ.get("KOL_SEED", time.time_ns() % 1_000_000_000))
    print(f"\nsignature mutations: {count}, seed {seed} (KOL_SEED={seed} repeats them)")
    rng = random.Random(seed)
    token, base = house.twilio.auth_token, house.twilio.public_url + PATH
    validator = RequestValidator(token)
    call = house.twilio.add_call("+14158675309", NUMBER)
    honest = list(callbacks.call_status(call, "ringing", 1).items())
    connection = http.client.HTTPConnection("127.0.0.1", house.kol.port, timeout=30)
    accepted = 0
    for number in range(count):
        url, pairs, signature = mutated(rng, token, base, honest)
        expected = official(validator, url, pairs, signature)
        parts = urlsplit(url)
        connection.request("POST", parts.path + ("?" + parts.query if parts.query else ""), urlencode(pairs),
                           {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature})
        answer = connection.getresponse()
        answer.read()
        assert answer.status in ((200, 204) if expected else (400, 403)), \
            f"seed {seed}, number {number}: {answer.status}, official says {expected}: {url} {pairs} {signature}"
        accepted += expected
    connection.close()
    print(f"{accepted} accepted, {count - accepted} refused")
    assert count / 10 < accepted < count * 9 / 10
