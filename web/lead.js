// The lead of a call: fields that a person may type over; typed ones are left alone by the machine.

import { api, el, moment, percent, said, showError } from "./common.js";

const FIELDS = [["name", "Name"], ["service_type", "Service"], ["city", "City"]];

function mark(lead, field) {
    if (lead[`${field}_typed`]) return "typed by a person";
    return lead[field] ? "found in the call" : "";
}

/** One line of a lead's history: what became what, and who did it. */
function change(line, zone) {
    const name = FIELDS.find(([field]) => field === line.field)?.[1] || line.field;
    const who = line.by === "person" ? said(line.key_name || "a person")
        : line.call_sid ? el("a", { href: `/calls/${line.call_sid}` }, `a call, ${percent(line.confidence)}`) : "a call";
    return el("li", {}, `${name}: `, line.old ? [said(line.old), " → "] : null, said(line.new || "–", "strong"),
        el("div", { class: "quiet" }, moment(line.at_ms, zone), ", by ", who));
}

/** Who set what; asked for when it is opened. */
function historyOf(leadId, zone) {
    const list = el("ol");
    const problem = el("div");
    const load = async (event) => {
        if (!event.target.open) return;
        try {
            const { history } = await api(`/api/leads/${leadId}`);
            list.replaceChildren(...history.map((line) => change(line, zone)));
            problem.replaceChildren(...(history.length ? [] : [el("p", { class: "quiet" }, "Nothing was changed yet.")]));
        } catch (error) {
            showError(error, problem);
        }
    };
    return el("details", { class: "history small", ontoggle: load }, el("summary", {}, "History"), problem, list);
}

/** A form for a lead; null when there is none. */
export function leadForm(lead, zone) {
    if (!lead) return null;
    const status = el("p", { class: "small quiet", role: "status" });
    const parts = FIELDS.map(([field, text]) => fieldOf(field, text));

    function fieldOf(field, text) {
        const input = el("input", { name: field, dir: "auto", maxlength: "200", autocomplete: "off" });
        const note = el("span", { class: "mark" });
        const back = el("button", { type: "button", title: "Let Kol fill this in again",
                                    "aria-label": `Hand ${text.toLowerCase()} back`,
                                    onclick: () => save({ [field]: null }) }, "Hand back");
        const fill = () => {
            input.value = lead[field] || "";
            note.textContent = mark(lead, field);
            back.hidden = !lead[`${field}_typed`];
        };
        fill();
        return { field, input, fill, element: el("div", {},
            el("label", {}, text, input), el("div", { class: "with small quiet" }, note, back)) };
    }

    async function save(changes) {
        status.textContent = "Saving…";
        try {
            lead = await api(`/api/leads/${lead.id}`, { method: "PATCH", body: changes });
            parts.forEach((p) => p.fill());
            status.textContent = "Saved.";
        } catch (error) {
            status.textContent = error.message;
        }
    }

    function submit(event) {
        event.preventDefault();
        const changed = parts.filter((p) => p.input.value.trim() !== (lead[p.field] || ""));
        if (!changed.length) { status.textContent = "Nothing was changed."; return; }
        save(Object.fromEntries(changed.map((p) => [p.field, p.input.value.trim()])));
    }

    return el("section", { class: "card lead", "aria-labelledby": "lead" }, el("h2", { id: "lead" }, "Lead"),
        el("form", { onsubmit: submit },
            el("p", { class: "quiet small" }, "Phone: ", el("bdi", { dir: "ltr" }, lead.phone || "withheld")),
            parts.map((p) => p.element),
            el("div", { class: "with" }, el("button", { class: "main", type: "submit" }, "Save")), status),
        historyOf(lead.id, zone));
}
