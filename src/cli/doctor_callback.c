/* doctor_callback.c - kol doctor --callback: a signed callback to ourselves, as Twilio would send
 * it. */
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "cli/doctor.h"
#include "intake/self_test.h"
#include "net/http.h"
#include "net/url.h"
#include "twilio/account.h"

#include <string.h>

#define CHECK "callback"
#define TIMEOUT_MS 15000 /* as long as Twilio waits */

struct test {
    struct kol_doctor *d;
    const struct kol_conf *conf;
    struct kol_self_test sent;
    struct kol_http_response got;
};

/* ---- who signs ---- */

/* The account of the settings, else the first of the database. */
static enum kol_code find_account(struct kol_cli *cli, struct kol_db *db, const char **ret_sid,
                                  struct kol_err *err)
{
    struct kol_account *list = NULL;
    size_t count = 0;

    *ret_sid = cli->conf->twilio_account_sid;
    if (!kol_str_empty(*ret_sid))
        return KOL_OK;
    enum kol_code code = kol_account_list(db, cli->arena, &list, &count, err);
    if (code == KOL_OK && count == 0)
        return kol_fail(err, KOL_BAD_CONFIG,
                        "no account is configured: set twilio_account_sid and twilio_auth_token");
    if (code == KOL_OK)
        *ret_sid = list[0].account_sid;
    return code;
}

static enum kol_code sign(struct kol_cli *cli, struct kol_self_test *ret, struct kol_err *err)
{
    KOL_TOKENS tokens = {0};
    const char *sid = NULL;
    struct kol_db *db = kol_cli_read(cli, err);

    if (!db)
        return err->code;
    enum kol_code code = find_account(cli, db, &sid, err);
    if (code == KOL_OK)
        code = kol_account_tokens(db, cli->conf, sid, &tokens, err);
    kol_reader_return(cli->writer, db);
    if (code == KOL_OK && !*tokens.token[0])
        code = kol_fail(err, KOL_BAD_CONFIG, "account %s has no auth token: only it signs", sid);
    if (code != KOL_OK)
        return code;
    return kol_self_test_make(cli->arena, cli->conf, sid, tokens.token[0], kol_wall_ms(), ret, err);
}

/* ---- nothing came back ---- */

static const char *network_advice(const char *message)
{
    if (strstr(message, "resolve"))
        return "the name of public_url is not in the DNS, or this machine has no working resolver: "
               "check with getent hosts";
    if (strstr(message, "refused"))
        return "nothing listens there: is the proxy (or kol serve) running, and on this port?";
    if (strstr(message, "ertificate"))
        return "Twilio accepts no certificate that is self-signed, expired or of another name: fix "
               "it at the proxy";
    if (strstr(message, "SSL") || strstr(message, "TLS"))
        return "the TLS handshake failed: does the proxy speak https on this port?";
    if (strstr(message, "unreachable") || strstr(message, "No route"))
        return "no route to that address from here: check the network and the DNS entry";
    return "check the proxy, and that public_url is its address";
}

static void explain_failure(const struct test *t, enum kol_code code, const struct kol_err *err)
{
    if (code == KOL_BLOCKED_ADDRESS)
        kol_doctor_say(
            t->d, CHECK, KOL_BAD,
            "%s. Twilio reaches public addresses by https only; should public_url lead to "
            "a private one on purpose (a test, a tunnel), list its host in "
            "allow_private_hosts",
            err->msg);
    else if (code == KOL_NET_TIMEOUT)
        kol_doctor_say(
            t->d, CHECK, KOL_BAD,
            "%s: no answer within %d s, as long as Twilio waits. A firewall that drops "
            "packets, a proxy that waits for a server which is not there, or a router that "
            "cannot reach its own public address from inside (then try from elsewhere)",
            err->msg, TIMEOUT_MS / 1000);
    else
        kol_doctor_say(t->d, CHECK, KOL_BAD, "%s: %s", err->msg, network_advice(err->msg));
}

/* ---- an answer of our own server ---- */

static const char *path_end(const char *url)
{
    return url + strcspn(url, "?");
}

/* What is different between the URL that was signed and the one that arrived. */
static const char *url_advice(const char *sent, const char *seen)
{
    const size_t sent_path = (size_t)(path_end(sent) - sent),
                 seen_path = (size_t)(path_end(seen) - seen);

    if (sent_path != seen_path || strncmp(sent, seen, sent_path) != 0)
        return "the path is another one: the proxy adds, strips or decodes a part of it, or the "
               "running server has another public_url (restart kol serve after a change)";
    if (!seen[seen_path])
        return "the query is gone: the proxy must hand it on ($is_args$args, or proxy_pass without "
               "a path in nginx)";
    return "the query was changed: the proxy must hand it on as it came, not decoded, sorted or "
           "added "
           "to";
}

static void explain_ours(const struct test *t, const struct kol_self_test_reply *reply)
{
    if (reply->good) {
        kol_doctor_say(t->d, CHECK, KOL_GOOD,
                       "a signed callback came through %s and was accepted in %lld ms",
                       t->conf->public_url, (long long)t->got.elapsed_ms);
        return;
    }
    if (kol_streq(reply->url, t->sent.url))
        kol_doctor_say(t->d, CHECK, KOL_BAD,
                       "status %d: %s. The URL arrived as it was signed, so the parameters or the "
                       "header X-Twilio-Signature were changed on the way",
                       t->got.status, reply->why);
    else
        kol_doctor_say(t->d, CHECK, KOL_BAD,
                       "status %d: %s. Signed was %s, but the server was asked for %s: %s",
                       t->got.status, reply->why, t->sent.url, reply->url ? reply->url : "?",
                       url_advice(t->sent.url, reply->url ? reply->url : ""));
}

/* ---- any other answer ---- */

/* The words of kol serve where the test itself was not recognised. */
static bool is_kol(const struct kol_http_response *got)
{
    static const char *const words[] = {"X-Twilio-Signature",
                                        "nothing is at this address",
                                        "no self-test of this server",
                                        "not configured",
                                        "of this server",
                                        "the configured account"};

    for (size_t i = 0; i < KOL_COUNT(words); i++)
        if (got->body_len < 1000 && strstr(got->body, words[i]))
            return true;
    return false;
}

static const char *kol_advice(int status)
{
    switch (status) {
    case 404:
        return "Kol answered that it has no such path: the proxy strips or adds a part of it. "
               "public_url followed by " KOL_SELF_TEST_PATH " must arrive as " KOL_SELF_TEST_PATH
               " (an older kol serve does not know it: restart)";
    case 403:
    case 400:
        return "a Kol answered, but did not know the test as its own: it runs with another auth "
               "token (restart kol serve after a change of settings), or public_url leads to "
               "another "
               "server";
    case 500:
        return "the running server has no public_url, account or auth token: restart it with these "
               "settings";
    default:
        return "a Kol answered, and could not check the test; its log says why";
    }
}

static const char *stranger_advice(int status)
{
    if (status >= 200 && status < 300)
        return "something that is not Kol answers there: is public_url the proxy's address, and "
               "does "
               "the proxy pass /webhook/ on to kol serve?";
    switch (status) {
    case 401:
    case 407:
        return "somebody before Kol asks for a login: let /webhook/ pass without one, it is signed";
    case 403:
        return "somebody before Kol (a firewall, an access service) forbids it: let /webhook/ pass";
    case 404:
        return "the server there has no such page: the proxy does not pass /webhook/ on to kol "
               "serve";
    case 405:
        return "the server there takes no POST: the proxy does not pass /webhook/ on to kol serve";
    case 429:
        return "somebody before Kol limits the rate: let /webhook/ pass";
    case 502:
    case 503:
    case 504:
        return "the proxy cannot reach Kol: is kol serve running, and does proxy_pass name its "
               "listen address?";
    default:
        return "this is not an answer of Kol: look at the proxy's log";
    }
}

static void explain_answer(const struct test *t)
{
    struct kol_self_test_reply reply;
    const int status = t->got.status;

    kol_self_test_read(t->d->cli->arena, &t->sent, t->got.body, t->got.body_len, &reply);
    if (reply.ours)
        explain_ours(t, &reply);
    else if (status >= 300 && status < 400)
        kol_doctor_say(
            t->d, CHECK, KOL_BAD,
            "status %d, a redirect to %.200s: Twilio's signature is for the first URL, so set "
            "public_url (and the URLs at Twilio) to the address that answers itself",
            status, t->got.location ? t->got.location : "nowhere");
    else
        kol_doctor_say(t->d, CHECK, KOL_BAD, "status %d from %s: %s", status, t->conf->public_url,
                       is_kol(&t->got) ? kol_advice(status) : stranger_advice(status));
}

/* ---- the check ---- */

static enum kol_code send(struct test *t, struct kol_err *err)
{
    KOL_HTTP http = NULL;
    const struct kol_http_header headers[] = {
        {"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"},
        {"X-Twilio-Signature", t->sent.signature},
    };
    const struct kol_http_request request = {
        .method = "POST",
        .url = t->sent.url,
        .headers = headers,
        .header_count = KOL_COUNT(headers),
        .body = t->sent.body,
        .body_len = strlen(t->sent.body),
        .timeout_ms = TIMEOUT_MS,
        .stall_ms = TIMEOUT_MS,
    };
    enum kol_code code = kol_http_new(t->conf, &http, err);

    if (code == KOL_OK)
        code = kol_http_send(t->d->cli->arena, http, &request, &t->got, err);
    return code;
}

void kol_doctor_callback(struct kol_doctor *d)
{
    struct test t = {.d = d, .conf = d->cli->conf};
    struct kol_err err = {0};

    if (kol_str_empty(t.conf->public_url)) {
        kol_doctor_say(d, CHECK, KOL_BAD,
                       "public_url is not set: set it to the https address that Twilio calls");
        return;
    }
    if (sign(d->cli, &t.sent, &err) != KOL_OK) {
        kol_doctor_say(d, CHECK, KOL_BAD, "%s", err.msg);
        return;
    }
    enum kol_code code = send(&t, &err);
    if (code != KOL_OK)
        explain_failure(&t, code, &err);
    else
        explain_answer(&t);
}
