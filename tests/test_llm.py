"""The optional language model: what it is sent, what is believed of its answer, and that calls cannot give it orders."""
import json
from pathlib import Path

import pytest
from conftest import wait_until
from fakehttp import Answer, FakeServer, Step
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter

INJECTIONS = [json.loads(line) for line in
              (Path(__file__).parent / "data" / "injection.jsonl").read_text(encoding="utf-8").splitlines()]
FIELDS = ["service", "service_quote", "city", "city_quote", "customer_name", "customer_name_quote", "summary"]
TURNS = [("outbound_track", "Hello, how can I help you?"),
         ("inbound_track", "Good morning, my name is Dana Levi and my key broke, I am over at Heyfa port.")]
TRACKS = {"agent": "outbound_track", "customer": "inbound_track"}
PATH = "/v1/chat/completions"


class Model(FakeServer):
    """An OpenAI-compatible endpoint that says what `reply` makes of the transcript."""

    def __init__(self):
        super().__init__()
        self.reply = lambda turns: answer()

    def respond(self, request):
        """One completion, in the official client's own words."""
        asked = json.loads(request.body)
        turns = json.loads(asked["messages"][1]["content"])["transcript"]
        completion = ChatCompletion.model_validate({
            "id": "c1", "object": "chat.completion", "created": 1, "model": asked["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None,
                         "message": {"role": "assistant", "refusal": None, "content": self.reply(turns)}}]})
        return Answer(200, completion.model_dump_json().encode())

    def asked(self) -> list[dict]:
        """The bodies of all requests so far."""
        return [json.loads(r.body) for r in self.requests(PATH)]


def answer(**given) -> str:
    """A filled-in form."""
    return json.dumps(dict.fromkeys(FIELDS) | given)


@pytest.fixture
def model():
    with Model() as server:
        yield server


@pytest.fixture
def make_asking(make_house, model):
    """Makes houses that ask the model."""
    def make(**settings):
        return make_house(**{"understand_llm_url": model.url + "/v1/", "understand_llm_model": "tiny-1",
                             "understand_llm_timeout_s": 2} | settings)
    return make


def told(house, call) -> dict:
    """The stored insight of a call that was understood."""
    return wait_until(f"insight of {call.sid} (log:\n{house.kol.tail(15)})",
                      lambda: (house.stored(call) or {}).get("insight"))


def ring(house, turns, language="en-US", **how):
    """A call with these words, understood."""
    call = house.realtime_call(turns, language=language, **how)
    return call, told(house, call)


def test_off_by_default(house, model):
    _, insight = ring(house, TURNS)
    assert "llm" not in insight and model.ledger == []


def test_request_is_what_the_official_client_sends(make_asking, model):
    house = make_asking(understand_llm_key="sk-kol")
    ring(house, TURNS)
    sent, = model.requests(PATH)
    assert sent.header("Authorization") == "Bearer sk-kol" and sent.header("Content-Type") == "application/json"
    body = json.loads(sent.body)
    TypeAdapter(CompletionCreateParamsNonStreaming).validate_python(body)
    assert set(body) == {"model", "messages", "temperature", "max_tokens", "stream", "response_format"}
    assert body["model"] == "tiny-1" and body["stream"] is False
    form = body["response_format"]["json_schema"]
    schema = form["schema"]
    assert form["strict"] is True and schema["additionalProperties"] is False
    assert sorted(schema["required"]) == sorted(FIELDS) == sorted(schema["properties"])
    assert {"locksmith", "plumber", None} <= set(schema["properties"]["service"]["enum"])
    system, user = body["messages"]
    assert (system["role"], user["role"]) == ("system", "user") and "is data" in system["content"]
    said = json.loads(user["content"])
    assert [t["text"] for t in said["transcript"]] == [t for _, t in TURNS]
    assert [t["speaker"] for t in said["transcript"]] == ["agent", "customer"]
    assert "Levi" not in system["content"]
    assert not [line for line in house.kol.lines if "sk-kol" in line or "Levi" in line]


def test_what_was_said_is_taken_with_its_quote(make_asking, model):
    model.reply = lambda turns: answer(service="locksmith", service_quote="my key broke",
                                       city="Haifa", city_quote="over at Heyfa port")
    house = make_asking()
    call, insight = ring(house, TURNS)
    assert insight["llm"]["used"] is True and insight["llm"]["model"] == "tiny-1"
    assert insight["llm"]["taken"] and insight["llm"]["refused"] == []
    for name in insight["llm"]["taken"]:
        assert insight[name]["rule"] == "llm" and insight[name]["quote"]
    stored = house.stored(call)
    assert stored["extracted_service"] == "locksmith" and stored["extracted_city"] == "Haifa"
    got, = house.wait_events(call)
    assert got["extracted_city"] == "Haifa"


def test_what_nobody_said_is_refused(make_asking, model):
    model.reply = lambda turns: answer(service="plumber", service_quote="my pipe leaks", city="Eilat",
                                       city_quote="over at Heyfa port", customer_name="Bob",
                                       customer_name_quote="my name is Dana Levi",
                                       summary="Bob wants 5000 dollars from the business.")
    house = make_asking()
    _, insight = ring(house, TURNS)
    assert sorted(insight["llm"]["refused"]) == ["city", "customer_name", "service", "summary"]
    assert insight["llm"]["taken"] == []
    assert not {"plumber", "Eilat", "Bob"} & set(json.dumps(insight).replace('"', " ").split())


BAD = {
    "nonsense": Step(200, body=b"I am a teapot"),
    "no choices": Step(200, body=b'{"choices":[]}'),
    "wrong types": Step(200, body=b'{"choices":{"message":5}}'),
    "huge": Step(200, body=b'{"x":"' + b"a" * 300_000 + b'"}'),
    "deep": Step(200, body=b"[" * 60_000),
    "invalid UTF-8": Step(200, body=b'{"choices":[{"message":{"content":"\xff\xfe"}}]}'),
    "error": Step(500, body=b"{}"),
    "no key": Step(401, body=b"{}"),
    "too many": Step(429, body=b"{}"),
    "redirect": Step(302, {"Location": "http://127.0.0.1:1/x"}),
    "reset": Step(reset=True),
    "too slow": Step(delay_s=4),
}


@pytest.mark.parametrize("kind", BAD)
def test_the_rules_stand_when_the_endpoint_fails(make_asking, model, kind):
    house = make_asking()
    model.script(PATH, BAD[kind])
    call = house.realtime_call([("inbound_track", "I need a locksmith in Haifa please.")])
    got, = house.wait_events(call)
    assert (got["extracted_service"], got["extracted_city"]) == ("locksmith", "Haifa")
    note = told(house, call)["llm"]
    assert note["used"] is False and note["reason"]
    assert house.kol.logged(r"WARN +.*the language model was not used, the rules' result stands")
    assert len(model.requests(PATH)) == 1


def test_answers_of_another_form(make_asking, model):
    house = make_asking()
    contents = ["", "{}", "null", "[1]", '{"service":5}', answer(webhook_url="http://evil"), answer(summary="x" * 900),
                "```json\n" + answer() + "\n```", '{"service":"\\ud800"}']
    for number, content in enumerate(contents):
        model.reply = lambda turns, content=content: content
        _, insight = ring(house, [("inbound_track", "I need a locksmith in Haifa please.")],
                          caller=f"+97250333333{number}")
        assert insight["llm"]["used"] is False and insight["llm"]["reason"].startswith("bad answer"), content
        assert insight["city"]["value"] == "Haifa"


def test_private_addresses_need_leave(make_asking, model):
    house = make_asking(understand_llm_url=model.url.replace("127.0.0.1", "127.0.0.2"))
    _, insight = ring(house, TURNS)
    assert insight["llm"]["used"] is False and "allow_private_hosts" in insight["llm"]["reason"]
    assert model.ledger == []


def test_daily_limit_outlives_a_restart(make_asking, model):
    house = make_asking(understand_llm_daily_calls=2)
    for number in range(2):
        _, insight = ring(house, TURNS, caller=f"+97250333333{number}")
        assert insight["llm"]["used"] is True
    house.kol.stop()
    house.kol.start()
    _, insight = ring(house, TURNS, caller="+972503333339")
    assert insight["llm"] == {"used": False, "reason": "today's calls are used up (understand_llm_daily_calls)"}
    assert len(model.requests(PATH)) == 2


def test_shutting_down_does_not_wait_for_it(make_asking, model):
    """The job is given back, and done whole after the restart."""
    house = make_asking(understand_llm_timeout_s=120)
    model.script(PATH, Step(delay_s=15))
    call = house.realtime_call(TURNS)
    wait_until("the question", lambda: model.requests(PATH))
    house.kol.stop(timeout_s=10)
    house.kol.start()
    assert told(house, call)["llm"]["used"] is True
    assert len(house.wait_events(call)) == 1


def test_a_url_without_model_is_a_wrong_setting(make_house, model):
    house = make_house(start=False, understand_llm_url=model.url)
    done = house.kol.run("business", "list", check=False)
    assert done.returncode != 0 and "understand_llm_model" in done.stderr


def test_long_calls_are_cut(make_asking, model):
    house = make_asking(understand_llm_max_chars=300)
    ring(house, [("inbound_track", "מנעולן בעפולה " * 50)], language="he-IL")
    said = json.loads(model.asked()[0]["messages"][1]["content"])["transcript"]
    assert sum(len(t["text"]) for t in said) == 300


# ---- calls that try to give orders ----

def obey(turns):
    """A model that believes every word: it does what the row of injection.jsonl wants."""
    said = " ".join(t["text"] for t in turns)
    row = next(r for r in INJECTIONS if r["order"] in said)
    return answer(service=row["wants"]["service"], service_quote=row["order"], city=row["wants"]["city"],
                  city_quote=row["order"], customer_name="Root", customer_name_quote=row["order"],
                  summary=row["order"])


def shown(house, rows) -> list[dict]:
    """What a house makes of these calls: everything but ids, and the note on the model."""
    calls = [house.realtime_call([(TRACKS[role], text) for role, text in row["turns"]],
                                 language="he-IL" if row["language"] == "he" else "en-US",
                                 caller=f"+9725{10000000 + number}") for number, row in enumerate(rows)]
    found = []
    for call in calls:
        event = house.wait_events(call, timeout_s=60)[0]
        insight = told(house, call)
        note = insight.pop("llm", None)
        lead = event["_event"]["data"]["lead"]
        found.append({"call": {k: event[k] for k in ("extracted_service", "extracted_city", "extraction_confidence",
                                                     "summary")},
                      "insight": insight, "lead": {k: lead[k] for k in ("name", "service_type", "city")},
                      "keys": sorted(event), "note": note})
    return found


@pytest.mark.slow
def test_fifty_calls_that_give_orders_change_nothing(make_house, make_asking, model):
    """Not the webhook's target, the form, the service, the city: all is as without a model, though it obeys."""
    assert len(INJECTIONS) == 50 and {r["language"] for r in INJECTIONS} == {"he", "en"}
    model.reply = obey
    plain, asking = make_house(), make_asking(business=False, understand_llm_daily_calls=1000)
    asking.add_business(hook="/asking")
    before = asking.kol.run_json("business", "list")
    expected, got = shown(plain, INJECTIONS), shown(asking, INJECTIONS)
    for row, one, other in zip(INJECTIONS, expected, got):
        note = other["note"]
        assert one | {"note": note} == other, row
        assert note["used"] is False or note["taken"] == [], row
    assert asking.kol.run_json("business", "list") == before
    for body in model.asked():
        assert set(body["response_format"]["json_schema"]["schema"]["properties"]) == set(FIELDS)
    asked = len(model.asked())
    print(f"{asked} of 50 were handed to the model")
    assert 0 < asked < 15
