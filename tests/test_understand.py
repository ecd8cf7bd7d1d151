"""What is made of stored words: evidence, the summary's parts, log lines, odd bytes, final letters."""
import urllib.parse

import pytest
from conftest import rows

ALL_FIVE = [("outbound_track", "Galil Locks, hello."),
            ("inbound_track", "Hi, my name is Tom Marsh, I need a locksmith in Haifa right now, it's urgent."),
            ("outbound_track", "It's about six hundred shekels. Friday at ten?"),
            ("inbound_track", "Friday at ten works. Call me back on 054-555-0466."),
            ("outbound_track", "I'll call you when I set off.")]


def test_evidence_of_all_five_and_all_parts_of_the_summary(house):
    call = house.realtime_call(ALL_FIVE)
    house.wait_events(call)
    insight, said = house.stored(call)["insight"], " ".join(text for _, text in ALL_FIVE)
    for name, value in (("service", "locksmith"), ("city", "Haifa"), ("customer_name", "Tom Marsh"),
                        ("callback_phone", "0545550466"), ("urgency", "urgent")):
        found = insight[name]
        assert found["value"] == value and found["quote"] in said and found["rule"], name
        assert 0.5 < found["confidence"] <= 1 and {"start_ms", "end_ms"} <= set(found), name
    parts = insight["summary_parts"]
    assert set(parts) == {"who", "what", "where", "when", "price", "agreed", "next_step", "callback"}
    assert parts["who"] == "Tom Marsh" and parts["where"].startswith("Haifa") and parts["callback"] == "0545550466"
    assert "locksmith" in parts["what"] and "Friday" in parts["when"] and "600" in parts["price"] and parts["next_step"]


@pytest.mark.parametrize("turns, language, has", [
    ([("inbound_track", "הלו? הלו? לא שומעים אותך")], "he-IL", "לא שמע"),
    ([("inbound_track", "סליחה, טעות במספר.")], "he-IL", "טעות במספר"),
    ([("inbound_track", "Sorry, wrong number.")], "en-US", "Wrong number")])
def test_calls_without_a_request_have_one_honest_line(house, turns, language, has):
    call = house.realtime_call(turns, language=language)
    house.wait_events(call)
    stored = house.stored(call)
    assert has in stored["summary"] and "\n" not in stored["summary"] and len(stored["summary"]) < 120
    assert stored["extracted_service"] is None and stored["extracted_city"] is None


def test_log_lines_of_extraction(house):
    call = house.realtime_call([("inbound_track", "שלום, אני צריך מנעולן בעפולה, ננעלתי מחוץ לבית.")], language="he-IL")
    house.wait_events(call)
    lead = rows(house.kol.get("/api/leads", house.shop.key), "leads")[0]["id"]
    for line in (rf"\[OFFLINE_EXTRACT\] Starting extraction for {call.sid}$",
                 r"\[OFFLINE_EXTRACT\] ✅ Extracted: service='מנעולן', city='עפולה', confidence=[01]\.\d\d$",
                 rf"\[OFFLINE_EXTRACT\] ✅ Updated lead {lead} service_type: 'מנעולן'$",
                 rf"\[OFFLINE_EXTRACT\] ✅ Updated lead {lead} city: 'עפולה'$"):
        assert len(house.kol.logged(line)) == 1, line


@pytest.mark.parametrize("said", ["I need a plumber in Hai\u200ffa", "\u202eI need a \u2066plumber\u2069 in Haifa\u202c",
                                  "\ufffd\ufffd I need a plumber in Haifa \ufffd"])
def test_marks_of_direction_hide_nothing(house, said):
    call = house.realtime_call([("inbound_track", said)])
    house.wait_events(call)
    stored = house.stored(call)
    assert (stored["extracted_service"], stored["extracted_city"]) == ("plumber", "Haifa")
    assert not set(stored["summary"]) & set("\u202e\u2066\u200f")


def test_final_letters_are_found_either_way(house):
    call = house.realtime_call([("inbound_track", "שלום, אני צריך מנעולן דרך הכביש.")], language="he-IL")
    house.wait_events(call)
    for words in ("מנעולן", "מנעולנ", "דרכ", "והדרך", "שבכביש"):
        found = house.kol.http("GET", "/api/search?q=" + urllib.parse.quote(words), house.op).json()
        assert [c["call_sid"] for c in found["calls"]] == [call.sid], words
