// The list of leads: who called, and what for.

import { api, businessSelect, el, frame, moment, queryOf, said, showError, zoneOf } from "./common.js";

const main = document.getElementById("main");
const me = await frame("/leads");
const rows = el("tbody");
const more = el("div", { class: "more" });
const problem = el("div");
let next = null;

function value(lead, field) {
    return el("td", {}, said(lead[field]), lead[`${field}_typed`] ? el("span", { class: "quiet small" }, " · typed") : null);
}

function row(lead) {
    return el("tr", {},
        el("td", { class: "nowrap" }, lead.call_sid
            ? el("a", { class: "row", href: `/calls/${lead.call_sid}` }, el("bdi", { dir: "ltr" }, lead.phone || "withheld"))
            : el("bdi", { dir: "ltr" }, lead.phone || "withheld")),
        value(lead, "name"), value(lead, "service_type"), value(lead, "city"),
        el("td", { class: "nowrap quiet" }, moment(lead.updated_at_ms, zoneOf(me, lead.business_id))));
}

async function load(before) {
    try {
        const answer = await api(`/api/leads?${queryOf(form, { view: "short", before })}`);
        if (!before) rows.replaceChildren();
        rows.append(...answer.leads.map(row));
        if (!rows.children.length)
            rows.append(el("tr", {}, el("td", { class: "none wide", colspan: "5" }, "No leads here.")));
        next = answer.next;
        problem.replaceChildren();
        more.replaceChildren(...(next ? [el("button", { type: "button", onclick: () => load(next) }, "Older leads")] : []));
    } catch (error) {
        showError(error, problem);
    }
}

const form = el("form", { class: "card filters", role: "search", "aria-label": "Filter leads",
                          onsubmit: (e) => { e.preventDefault(); load(); }, onreset: () => setTimeout(load) },
    el("label", {}, "Number", el("input", { name: "number", type: "search", inputmode: "tel" })),
    el("label", {}, "City", el("input", { name: "city", type: "search", dir: "auto" })),
    el("label", {}, "Service", el("input", { name: "service", type: "search", dir: "auto" })),
    businessSelect(me),
    el("div", { class: "buttons" }, el("button", { class: "main", type: "submit" }, "Show"),
        el("button", { type: "reset" }, "Clear")));
const heads = ["Phone", "Name", "Service", "City", "Changed"];
main.append(el("div", { class: "head" }, el("h1", {}, "Leads")), form, problem,
    el("div", { class: "card scroll" }, el("table", { class: "stack" },
        el("caption", { class: "sr" }, "Leads, newest first"),
        el("thead", {}, el("tr", {}, heads.map((h) => el("th", { scope: "col" }, h)))), rows), more));
await load();
