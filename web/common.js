// What all pages share: building elements, asking the API, times and numbers.
//
// Everything that comes from a call (names, words, towns) is somebody else's text. It reaches the
// page through el() only, which makes text nodes and never HTML.

/** An element. Properties: class, dir, lang, on<event>, attributes; children: elements or text. */
export function el(tag, properties = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (value === undefined || value === null || value === false) continue;
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else if (name === "value") node.value = value;
        else if (name === "class") node.className = value;
        else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
    return node;
}

/** Text of a call: its direction follows its letters. */
export function said(text, tag = "span", properties = {}) {
    return el(tag, { dir: "auto", ...properties }, text ?? "");
}

export class ApiError extends Error {
    constructor(status, message, retryAfterS) {
        super(message);
        this.status = status;
        this.retryAfterS = retryAfterS;
    }
}

export function goToLogin() {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}

/** Asks the API; the answer's JSON, or an ApiError with what the server said. */
export async function api(path, { method = "GET", body } = {}) {
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-Kol-Csrf"] = "1";
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let answer;
    try {
        answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    } catch {
        throw new ApiError(0, "The server does not answer.", null);
    }
    if (answer.status === 401) goToLogin();
    const json = await answer.json().catch(() => null);
    if (!answer.ok)
        throw new ApiError(answer.status, json?.error?.message || `The server answered ${answer.status}.`,
                           Number(answer.headers.get("Retry-After")) || null);
    return json;
}

// ---- times and numbers ----

/** A moment in a business's time zone. */
export function moment(ms, zone, options = { dateStyle: "medium", timeStyle: "short" }) {
    if (!ms) return "–";
    try {
        return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }).format(ms);
    } catch {
        return new Intl.DateTimeFormat("en-GB", options).format(ms);
    }
}

/** 75 → "1:15" */
export function clock(seconds) {
    if (seconds === null || seconds === undefined) return "–";
    const whole = Math.floor(seconds);
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    const rest = String(whole % 60).padStart(2, "0");
    return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export function percent(value) {
    return value === null || value === undefined ? "" : `${Math.round(value * 100)} %`;
}

/** The number of the other side of a call; digits always run left to right. */
export function otherNumber(call) {
    const number = call.direction === "outbound" ? call.to_number : call.from_number;
    return el("bdi", { dir: "ltr", class: "nowrap" }, number || "withheld");
}

// ---- what state a call is in, in a word ----

const FETCH = {
    waiting: ["fetching recording", ""],
    given_up: ["recording late", "warn"],
    refused: ["credentials refused", "bad"],
};
const OFFLINE = {
    pending: ["transcribing", ""],
    done: ["transcribed", "good"],
    no_speech: ["no speech", "warn"],
    dead: ["no recording", "warn"],
};

export function stateChip(call) {
    const [text, kind] =
        (call.offline_state === "pending" || call.offline_state === "none" ? FETCH[call.fetch_state] : null) ||
        OFFLINE[call.offline_state] ||
        (call.fetch_state === "local" ? ["recorded", "brand-tint"] : [call.status || "new", ""]);
    return el("span", { class: `chip ${kind}` }, text);
}

// ---- the frame of a page ----

const PAGES = [["/", "Calls"], ["/leads", "Leads"], ["/jobs", "Jobs"]];

async function logOut() {
    await api("/logout", { method: "POST" }).catch(() => null);
    location.assign("/login");
}

/** Fills bar and warnings; the answer of /api/me. */
export async function frame(current) {
    const me = await api("/api/me");
    const links = PAGES.map(([href, text]) =>
        el("a", { href, "aria-current": href === current ? "page" : null }, text));
    document.getElementById("bar").append(el("div", {},
        el("a", { class: "brand", href: "/" }, el("img", { src: "/open/logo.svg", alt: "" }), "Kol"),
        el("nav", { "aria-label": "Pages" }, links),
        said(me.operator ? "operator" : me.businesses[0]?.name, "span", { class: "me quiet small" }),
        el("button", { type: "button", onclick: logOut }, "Log out")));
    showWarnings(me.warnings, me);
    return me;
}

/** One line for each thing that people should know. */
export function showWarnings(warnings, me) {
    const name = (id) => me.businesses.find((b) => b.id === id)?.name;
    document.getElementById("warnings").replaceChildren(...warnings.map((w) =>
        el("p", { class: "note", role: "note" },
            name(w.business_id) ? said(`${name(w.business_id)}: `, "strong") : null, w.message)));
}

export function showError(error, where) {
    where.replaceChildren(el("p", { class: "note bad", role: "alert" }, error.message));
}

/** A <select> of the businesses, hidden when there is nothing to choose; extra: further options, [value, text]. */
export function businessSelect(me, extra = []) {
    const choices = [["", "all"], ...me.businesses.map((b) => [String(b.id), b.name]), ...extra];
    const select = el("select", { name: "business_id" },
        choices.map(([value, text]) => el("option", { value, dir: "auto" }, text)));
    const label = el("label", {}, "Business", select);
    label.hidden = choices.length < 3;
    return label;
}

/** For the operator: whose call this is. */
export function businessName(me, businessId) {
    if (!me.operator) return null;
    const name = me.businesses.find((b) => b.id === businessId)?.name;
    return name ? said(name, "span", { class: "quiet small" })
                : el("span", { class: "chip warn", title: "No business has this number yet" }, "unassigned");
}

export function zoneOf(me, businessId) {
    return me.businesses.find((b) => b.id === businessId)?.timezone || me.default_timezone;
}

/** The fields of a form that are filled, as a query. */
export function queryOf(form, extra = {}) {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form))
        if (String(value).trim()) query.set(name, String(value).trim());
    for (const [name, value] of Object.entries(extra))
        if (value) query.set(name, value);
    return query;
}
