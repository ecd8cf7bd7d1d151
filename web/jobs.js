// The queue: what waits, what runs, what died and why, and the buttons to try again or cancel.

import { api, el, frame, moment, said, showError, zoneOf } from "./common.js";

const STATES = [["dead", "Failed"], ["paused", "Paused"], ["running", "Running"], ["ready", "Ready"],
                ["scheduled", "Waiting"], ["done", "Done"], ["cancelled", "Cancelled"], ["", "All"]];
const NAMES = { dead: "failed", scheduled: "waiting" };
const CHIPS = { dead: "bad", paused: "warn", running: "brand-tint", done: "good" };
const AGAIN = ["dead", "paused", "cancelled", "scheduled"];
const STOPPABLE = ["scheduled", "ready", "running", "paused"];

const main = document.getElementById("main");
const me = await frame("/jobs");
const rows = el("tbody");
const more = el("div", { class: "more" });
const problem = el("div");
const tabs = el("div", { class: "tabs", role: "group", "aria-label": "State" });
let state = new URLSearchParams(location.search).get("state") ?? "dead";
let next = null;

async function act(job, verb) {
    try {
        await api(`/api/jobs/${job.id}/${verb}`, { method: "POST" });
        problem.replaceChildren(el("p", { class: "note calm", role: "status" },
            verb === "retry" ? `Job ${job.id} runs again.` : `Job ${job.id} is cancelled.`));
        await load();
    } catch (error) {
        showError(error, problem);
    }
}

function reason(job) {
    if (!job.error && !job.error_code) return "";
    return [said(job.error || ""), job.error_code ? el("span", { class: "quiet small" }, ` (${job.error_code})`) : null];
}

function row(job) {
    const zone = zoneOf(me, job.business_id);
    const done = job.state === "running" && job.progress > 0 ? ` ${Math.round(job.progress * 100)} %` : "";
    const left = job.remaining_s != null ? `, ${Math.floor(job.remaining_s / 60)}:${String(job.remaining_s % 60).padStart(2, "0")} left` : "";
    const due = job.state === "scheduled" ? `due ${moment(job.due_at_ms, zone)}` : moment(job.updated_at_ms, zone);
    return el("tr", {},
        el("td", { class: "nowrap" }, `${job.id}`),
        el("td", {}, `${job.stage} `, el("span", { class: "quiet small" }, job.kind)),
        el("td", {}, el("span", { class: `chip ${CHIPS[job.state] || ""}` }, NAMES[job.state] || job.state), el("span", { class: "quiet small" }, done + left)),
        el("td", { class: "wide" }, job.call_sid ? el("a", { href: `/calls/${job.call_sid}` }, `${job.call_sid.slice(0, 10)}…`) : ""),
        el("td", { class: "wide" }, reason(job)),
        el("td", { class: "nowrap quiet" }, due, job.attempt ? ` · ${job.attempt}×` : ""),
        el("td", { class: "nowrap wide" },
            AGAIN.includes(job.state) ? el("button", { type: "button", onclick: () => act(job, "retry") }, "Try again") : null,
            " ",
            STOPPABLE.includes(job.state) ? el("button", { type: "button", onclick: () => act(job, "cancel") }, "Cancel") : null));
}

async function load(before) {
    try {
        const query = new URLSearchParams();
        if (state) query.set("state", state);
        if (before) query.set("before", before);
        const answer = await api(`/api/jobs?${query}`);
        if (!before) rows.replaceChildren();
        rows.append(...answer.jobs.map(row));
        if (!rows.children.length)
            rows.append(el("tr", {}, el("td", { class: "none wide", colspan: "7" },
                state === "dead" ? "Nothing has failed." : "No jobs here.")));
        next = answer.next;
        more.replaceChildren(...(next ? [el("button", { type: "button", onclick: () => load(next) }, "Older jobs")] : []));
    } catch (error) {
        showError(error, problem);
    }
}

function choose(name) {
    state = name;
    for (const button of tabs.children) button.setAttribute("aria-pressed", String(button.dataset.state === state));
    problem.replaceChildren();
    load();
}

tabs.append(...STATES.map(([name, text]) =>
    el("button", { type: "button", "data-state": name, "aria-pressed": String(name === state), onclick: () => choose(name) }, text)));
const heads = ["Job", "Step", "State", "Call", "Reason", "When", ""];
main.append(el("div", { class: "head" }, el("h1", {}, "Jobs")), tabs, problem,
    el("div", { class: "card scroll" }, el("table", { class: "stack" },
        el("caption", { class: "sr" }, "Jobs, newest first"),
        el("thead", {}, el("tr", {}, heads.map((h) => el("th", { scope: "col" }, h)))), rows), more));
await load();
