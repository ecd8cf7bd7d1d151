// The player of one call's recording, and when it stops asking for it.
//
// HEAD first. 200: play. 202: "preparing…", wait as long as Retry-After says, ask again, at most
// MAX_ASKS times. 404: there is no recording, never ask again. 503: fetching has given up for now:
// show why and when it tries next, offer "Try again". Nothing here asks for ever.

import { api, el, goToLogin, moment } from "./common.js";

const MAX_ASKS = 60;
const MAX_WAIT_S = 30;

export class Player {
    constructor(callSid, zone) {
        this.callSid = callSid;
        this.zone = zone;
        this.url = `/api/recordings/${callSid}/file`;
        this.asked = 0;
        this.audio = el("audio", { controls: true, preload: "metadata", hidden: true, "aria-label": "Recording" });
        this.audio.addEventListener("error", () => this.failed("The recording could not be played."));
        this.status = el("div", { role: "status" });
        this.again = el("button", { type: "button", hidden: true, onclick: () => this.tryAgain() }, "Try again");
        this.extras = el("div", { class: "line end", hidden: true }, this.speedSelect(),
            el("a", { class: "button", href: `/api/calls/${callSid}/download`, download: "" }, "Download"));
        this.element = el("section", { class: "card player", "aria-label": "Player", "data-state": "new" },
            this.audio, el("div", { class: "line" }, this.status, this.again), this.extras);
    }

    speedSelect() {
        const select = el("select", { onchange: () => { this.audio.playbackRate = Number(select.value); } },
            ["1", "1.25", "1.5", "2"].map((s) => el("option", { value: s }, `${s} ×`)));
        return el("label", {}, el("span", { class: "sr" }, "Speed"), select);
    }

    /** state: preparing, ready, none, stopped; for people, and for tests. */
    show(state, text, { again = false } = {}) {
        this.element.dataset.state = state;
        this.status.textContent = text;
        this.status.className = state === "preparing" ? "busy" : "";
        this.again.hidden = !again;
        this.audio.hidden = this.extras.hidden = state !== "ready";
    }

    /** Starts asking. */
    start() {
        this.asked = 0;
        this.show("preparing", "Preparing the recording…");
        return this.ask();
    }

    async ask() {
        this.asked++;
        let answer;
        try {
            answer = await fetch(this.url, { method: "HEAD" });
        } catch {
            this.failed("The server does not answer.");
            return;
        }
        const retryS = Number(answer.headers.get("Retry-After")) || null;
        if (answer.status === 200 || answer.status === 206) this.ready();
        else if (answer.status === 202) this.wait(retryS);
        else if (answer.status === 404) this.show("none", "There is no recording of this call.");
        else if (answer.status === 401) goToLogin();
        else if (answer.status === 503) await this.explain(retryS);
        else this.failed(`The server answered ${answer.status}.`);
    }

    wait(retryS) {
        if (this.asked >= MAX_ASKS) {
            this.failed("The recording is still not here. It will be fetched as soon as Twilio has it.");
            return;
        }
        const waitS = Math.min(Math.max(retryS || 2, 1), MAX_WAIT_S);
        setTimeout(() => this.ask(), waitS * 1000);
    }

    /** A HEAD has no body: the reason is in that of a GET. */
    async explain(retryS) {
        let reason = "The recording cannot be fetched at the moment.";
        try {
            await api(this.url);
        } catch (error) {
            reason = error.message;
        }
        const when = retryS ? ` Next try: ${moment(Date.now() + retryS * 1000, this.zone)}.` : "";
        this.show("stopped", `${reason}${/[.!]$/.test(reason) ? "" : "."}${when}`, { again: true });
    }

    failed(text) {
        this.show("stopped", text, { again: true });
    }

    async tryAgain() {
        this.show("preparing", "Preparing the recording…");
        try {
            await api(`/api/recordings/${this.callSid}/prepare`, { method: "POST" });
        } catch (error) {
            if (error.status === 404) this.show("none", "There is no recording of this call.");
            else this.failed(error.message);
            return;
        }
        await this.start();
    }

    ready() {
        this.audio.src = this.url;
        this.show("ready", "");
    }

    get playable() {
        return this.element.dataset.state === "ready";
    }

    seek(ms) {
        if (!this.playable) return;
        this.audio.currentTime = ms / 1000;
        this.audio.play().catch(() => null); // a browser may want a click first
    }
}
