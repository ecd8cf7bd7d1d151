// One call: player, transcript, summary, what was found and why, and its lead.

import { api, clock, el, frame, moment, otherNumber, percent, said, showError, stateChip, zoneOf } from "./common.js";
import { leadForm } from "./lead.js";
import { Player } from "./player.js";

const NEWS_MS = 5000;
const MAX_NEWS = 240; // 20 minutes; then the page is left as it is
const main = document.getElementById("main");
const callSid = location.pathname.split("/").pop();
const me = await frame("");

// ---- transcript ----

const SPEAKERS = { agent: "Agent", customer: "Customer", speaker: "Speaker" };

/** "Customer: hello" → who and what; other lines have no speaker. */
function turnOf(line) {
    const found = /^(Agent|Customer|Speaker|נציג|לקוח):\s*(.*)$/u.exec(line);
    const roles = { Agent: "agent", נציג: "agent", Customer: "customer", לקוח: "customer" };
    return found ? { speaker: roles[found[1]] || "speaker", text: found[2] } : { speaker: "", text: line };
}

function turnsOf(call) {
    if (call.segments.length) return call.segments;
    const text = call.final_transcript || call.full_conversation || "";
    return text.split("\n").filter((line) => line.trim()).map(turnOf);
}

function turnElement(turn, player) {
    const timed = turn.start_ms !== undefined;
    const seek = () => player.seek(turn.start_ms);
    return el("li", { class: `${turn.speaker}${timed ? " seek" : ""}`, onclick: timed ? seek : null },
        el("span", { class: "at" }, timed
            ? el("button", { class: "plain", type: "button", title: "Play from here" }, clock(turn.start_ms / 1000))
            : null),
        el("div", {}, turn.speaker ? el("div", { class: "who" }, SPEAKERS[turn.speaker] || turn.speaker) : null,
            said(turn.text, "p", { class: "text" })));
}

/** Marks the line that is heard now. */
function follow(list, turns, audio) {
    let current = -1;
    audio.addEventListener("timeupdate", () => {
        const at = audio.currentTime * 1000;
        let index = turns.findIndex((t) => at >= t.start_ms && at < t.end_ms);
        if (index < 0) index = turns.findLastIndex((t) => at >= t.start_ms);
        if (index === current) return;
        list.children[current]?.removeAttribute("aria-current");
        current = index;
        const item = list.children[current];
        item?.setAttribute("aria-current", "true");
        if (!audio.paused) item?.scrollIntoView({ block: "nearest" });
    });
}

function sourceText(call) {
    if (call.segments.length || call.final_transcript)
        return `transcribed offline${call.model ? ` with ${call.model}` : ""}`;
    return call.full_conversation ? "realtime transcript, heard during the call" : "";
}

function emptyText(call) {
    if (call.offline_state === "no_speech") return "Nobody spoke on this call.";
    if (call.offline_state === "pending") return "The transcript is on its way.";
    return "There is no transcript of this call.";
}

function transcript(call, player) {
    const turns = turnsOf(call);
    const rtl = (call.language || "").startsWith("he");
    const list = el("ol", { class: `turns${rtl ? " rtl" : ""}`, lang: call.language || null },
        turns.map((turn) => turnElement(turn, player)));
    if (call.segments.length) follow(list, turns, player.audio);
    return el("section", { class: "card", "aria-labelledby": "transcript" },
        el("div", { class: "head" }, el("h2", { id: "transcript" }, "Transcript"),
            el("span", { class: "quiet small" }, sourceText(call))),
        turns.length ? list : el("p", { class: "quiet" }, emptyText(call)));
}

// ---- what was found ----

const VALUES = [["service", "Service"], ["city", "City"], ["customer_name", "Name"],
                ["callback_phone", "Call back"], ["urgency", "Urgency"]];

function evidenceItem(name, value, player) {
    const timed = value.quote && value.start_ms >= 0;
    return el("div", {},
        el("div", { class: "what" }, el("span", { class: "quiet small" }, name), said(value.value, "strong"),
            el("span", { class: "quiet small" }, percent(value.confidence)),
            el("span", { class: "quiet small rule", title: "The rule that decided" }, value.rule)),
        value.quote ? el("blockquote", { dir: "auto" }, value.quote,
            timed ? el("button", { class: "plain small", type: "button", onclick: () => player.seek(value.start_ms) },
                clock(value.start_ms / 1000)) : null) : null);
}

function evidence(call, player) {
    const found = VALUES.filter(([key]) => call.insight?.[key]?.value);
    if (!found.length) return null;
    return el("section", { class: "card", "aria-labelledby": "evidence" },
        el("h2", { id: "evidence" }, "What was found, and where it was said"),
        el("div", { class: "evidence" }, found.map(([key, name]) => evidenceItem(name, call.insight[key], player))));
}

function summary(call) {
    if (!call.summary) return null;
    return el("section", { class: "card", "aria-labelledby": "summary" }, el("h2", { id: "summary" }, "Summary"),
        said(call.summary, "p", { lang: call.language || null }));
}

function facts(call) {
    const zone = zoneOf(me, call.business_id);
    const rows = [
        ["Number", otherNumber(call)],
        ["Direction", call.direction === "outbound" ? "outgoing" : "incoming"],
        ["Time", moment(call.started_at_ms || call.created_at_ms, zone)],
        ["Length", clock(call.duration)],
        ["Business", said(call.business?.name || "unassigned")],
        ["State", stateChip(call)],
        ["CRM", deliveryText(call, zone)],
    ];
    return el("section", { class: "card" }, el("h2", {}, "Call"),
        el("dl", { class: "facts" }, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

function deliveryText(call, zone) {
    const last = call.deliveries[call.deliveries.length - 1];
    if (!last) return "nothing sent yet";
    if (last.state === "delivered") return `told, ${moment(last.delivered_at_ms, zone)}`;
    return last.last_error ? `${last.state}: ${last.last_error}` : last.state;
}

function problems(call) {
    const bad = call.jobs.filter((j) => j.state === "dead" || j.state === "paused");
    return bad.map((j) => el("p", { class: "note" }, `The step “${j.stage}” ${j.state === "dead" ? "failed" : "waits"}: `,
        said(j.error || j.error_code), " ", el("a", { href: "/jobs" }, "Jobs")));
}

// ---- putting it together ----

const left = el("div");
const right = el("div");
let player = null;
let stamp = "";

/** What tells whether anything worth showing has changed. */
function stampOf(call) {
    return JSON.stringify([call.updated_at_ms, call.offline_state, call.deliveries.map((d) => [d.id, d.state]),
                           call.jobs.map((j) => [j.id, j.state])]);
}

function draw(call) {
    document.title = `${call.extracted_service || "Call"} · Kol`;
    left.replaceChildren(player.element, ...problems(call), transcript(call, player));
    const editing = right.contains(document.activeElement) && document.activeElement.matches("input");
    if (editing) return; // never under somebody's fingers
    const lead = leadForm(call.lead, zoneOf(me, call.business_id));
    right.replaceChildren(...[summary(call), evidence(call, player), lead, facts(call)].filter(Boolean));
}

function settled(call) {
    const moving = ["ready", "running", "scheduled"];
    return !call.jobs.some((j) => moving.includes(j.state));
}

async function refresh(count) {
    if (count >= MAX_NEWS) return;
    setTimeout(async () => {
        if (document.hidden) { refresh(count + 1); return; }
        try {
            const call = await api(`/api/calls/${callSid}`);
            if (stampOf(call) !== stamp) { stamp = stampOf(call); draw(call); }
            if (!settled(call)) refresh(count + 1);
        } catch {
            refresh(count + 1);
        }
    }, NEWS_MS);
}

try {
    const call = await api(`/api/calls/${callSid}`);
    stamp = stampOf(call);
    player = new Player(callSid, zoneOf(me, call.business_id));
    main.append(el("div", { class: "head" },
        el("h1", {}, call.direction === "outbound" ? "Call to " : "Call from ", otherNumber(call)),
        el("a", { href: "/" }, "All calls")), el("div", { class: "two" }, left, right));
    draw(call);
    await player.start();
    const from = Number(location.hash.slice(1));
    if (from > 0) player.seek(from); // a search found words there
    if (!settled(call)) refresh(0);
} catch (error) {
    const where = el("div");
    main.append(where);
    showError(error, where);
}
