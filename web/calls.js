// The list of calls, with filters and paging. The first page looks for news every 15 seconds.

import { api, businessName, businessSelect, clock, el, frame, moment, otherNumber, percent, queryOf, said, showError,
         stateChip, zoneOf } from "./common.js";

const NEWS_MS = 15000;
const UNASSIGNED = "none"; // calls of numbers that no business has
const main = document.getElementById("main");
const me = await frame("/");

const rows = el("tbody");
const more = el("div", { class: "more" });
const problem = el("div");
let next = null;
let paged = false; // further pages are shown: leave the list alone

function filterForm() {
    const field = (text, name, type = "search", properties = {}) =>
        el("label", {}, text, el("input", { name, type, ...properties }));
    return el("form", { class: "card filters", role: "search", "aria-label": "Filter calls",
                        onsubmit: (e) => { e.preventDefault(); load(); },
                        onreset: () => setTimeout(load) },
        field("Words", "q", "search", { dir: "auto", maxlength: "200", placeholder: "said on the call" }),
        field("Number", "number", "search", { inputmode: "tel", placeholder: "part of it" }),
        field("Date", "date", "date"),
        field("City", "city", "search", { dir: "auto" }),
        field("Service", "service", "search", { dir: "auto" }),
        businessSelect(me, me.operator ? [[UNASSIGNED, "unassigned"]] : []),
        el("div", { class: "buttons" }, el("button", { class: "main", type: "submit" }, "Show"),
            el("button", { type: "reset" }, "Clear")));
}

function arrow(call) {
    const out = call.direction === "outbound";
    return el("span", { class: "dir", title: out ? "outgoing" : "incoming" },
        el("span", { "aria-hidden": "true" }, out ? "↗" : "↙"),
        el("span", { class: "sr" }, out ? "outgoing" : "incoming"));
}

/** A place where words were found: what it says, the words marked; marks count code points. */
function marked(match) {
    const letters = Array.from(match.text);
    const parts = [];
    let at = 0;
    for (const [start, end] of match.marks) {
        parts.push(letters.slice(at, start).join(""), el("mark", {}, letters.slice(start, end).join("")));
        at = end;
    }
    return el("span", { dir: "auto" }, match.offset ? "… " : null, parts, letters.slice(at).join(""));
}

/** Times lead to that moment of the call. */
function found(call) {
    return el("ul", { class: "found small" }, call.matches.map((match) => el("li", {},
        match.start_ms === null ? null : el("a", { class: "nowrap", href: `/calls/${call.call_sid}#${match.start_ms}`,
                                                   title: "Play from here" }, clock(match.start_ms / 1000)),
        marked(match))));
}

function row(call) {
    const at = call.started_at_ms || call.created_at_ms;
    return el("tr", {},
        el("td", { class: "nowrap" }, el("a", { class: "row", href: `/calls/${call.call_sid}` },
            moment(at, zoneOf(me, call.business_id)))),
        el("td", { class: "nowrap" }, arrow(call), otherNumber(call),
            me.operator ? el("div", {}, businessName(me, call.business_id)) : null),
        el("td", {}, said(call.extracted_service)),
        el("td", {}, said(call.extracted_city)),
        el("td", { class: "nowrap quiet" }, percent(call.extraction_confidence)),
        el("td", { class: "nowrap quiet" }, clock(call.duration)),
        el("td", { class: "wide" }, call.matches?.length ? found(call)
            : said(call.summary, "span", { class: "sum quiet", title: call.summary })),
        el("td", {}, stateChip(call)));
}

async function page(before) {
    const query = queryOf(form, { view: "short", before });
    if (query.get("business_id") === UNASSIGNED) {
        query.delete("business_id");
        query.set("unassigned", "1");
    }
    const answer = await api(`${query.has("q") ? "/api/search" : "/api/calls"}?${query}`);
    next = answer.next;
    return answer.calls.map(row);
}

function showMore() {
    const button = el("button", { type: "button", onclick: loadMore }, "Older calls");
    more.replaceChildren(...(next ? [button] : []));
}

function nothing() {
    return el("tr", {}, el("td", { class: "none wide", colspan: "8" },
        form.elements.q.value.trim() ? "No call has all of these words."
                                     : "No calls here. They appear as soon as Twilio reports them."));
}

async function load() {
    try {
        const found = await page();
        rows.replaceChildren(...(found.length ? found : [nothing()]));
        paged = false;
        problem.replaceChildren();
        showMore();
    } catch (error) {
        showError(error, problem);
    }
}

async function loadMore() {
    try {
        rows.append(...await page(next));
        paged = true;
        showMore();
    } catch (error) {
        showError(error, problem);
    }
}

const form = filterForm();
const heads = ["When", "Number", "Service", "City", "Confidence", "Length", "Summary", "State"];
main.append(
    el("div", { class: "head" }, el("h1", {}, "Calls")),
    form, problem,
    el("div", { class: "card scroll" },
        el("table", { class: "stack" },
            el("caption", { class: "sr" }, "Calls, newest first"),
            el("thead", {}, el("tr", {}, heads.map((h) => el("th", { scope: "col" }, h)))), rows),
        more));
await load();
setInterval(() => {
    if (!document.hidden && !paged && !form.contains(document.activeElement)) load();
}, NEWS_MS);
