// The login page: a one-time token from the link, or a key that is typed in, becomes a session.

const form = document.getElementById("form");
const message = document.getElementById("message");
const query = new URLSearchParams(location.search);

/** Where to go afterwards: a path of this server only. */
function target() {
    const next = query.get("next") || "/";
    return /^\/(?![/\\])[\x21-\x7e]*$/.test(next) && !next.startsWith("/login") ? next : "/";
}

function say(text, bad) {
    message.textContent = text;
    message.className = bad ? "note bad" : "note calm";
    message.hidden = !text;
}

async function logIn(credentials) {
    say("Logging in…");
    let answer;
    try {
        answer = await fetch("/login", {
            method: "POST",
            headers: { "Content-Type": "application/json", "X-Kol-Csrf": "1" },
            body: JSON.stringify(credentials),
        });
    } catch {
        say("The server does not answer. Try again.", true);
        return;
    }
    if (answer.ok) {
        location.replace(target());
        return;
    }
    const body = await answer.json().catch(() => null);
    say(body?.error?.message || `The server answered ${answer.status}.`, true);
}

form.addEventListener("submit", (event) => {
    event.preventDefault();
    logIn({ key: document.getElementById("key").value.trim() });
});

/** A link from elsewhere arrives without the (strict) cookie: look whether there is a session after all. */
async function goOnIfLoggedIn() {
    const answer = await fetch("/api/me").catch(() => null);
    if (answer?.ok) location.replace(target());
}

const token = query.get("token");
if (token) {
    history.replaceState(null, "", "/login"); // a used token has no business in the history
    logIn({ token });
} else {
    goOnIfLoggedIn();
}
