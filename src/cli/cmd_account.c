/* cmd_account.c - Twilio accounts beside the one of the settings: credentials and their rotation.
 */
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "cli/ask_secret.h"
#include "cli/cli.h"
#include "queue/queue.h"
#include "store/access.h"
#include "store/business.h"
#include "twilio/account.h"

#include <string.h>

static const struct kol_principal console = {.name = "console"};

/* ---- storing ---- */

struct edit {
    struct kol_account account;
    const char *action; /* for the audit */
    bool is_new;
    bool credentials; /* requests may log in otherwise: jobs that were refused try again */
    int64_t resumed;
};

static enum kol_code edit_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct edit *e = arg;
    const int64_t now_ms = kol_wall_ms();
    enum kol_code code = e->is_new ? kol_account_add(db, &e->account, now_ms, err)
                                   : kol_account_update(db, &e->account, now_ms, err);

    if (code == KOL_OK && e->credentials)
        code = kol_queue_resume(db, "refused", e->account.account_sid, now_ms, &e->resumed, err);
    if (code != KOL_OK)
        return code;
    return kol_audit_add(db, &console, e->action, e->account.account_sid, now_ms, err);
}

/* The account that the word names. False after saying what is wrong. */
static bool named(struct kol_cli *cli, const char **ret_sid, struct kol_err *err)
{
    *ret_sid = kol_cli_word(cli, 1);
    if (!kol_sid_valid(*ret_sid, "AC"))
        kol_fail(err, KOL_BAD_INPUT, "an account SID is AC and 32 hex digits in lower case");
    else if (kol_cli_open(cli, err) == KOL_OK)
        return true;
    return false;
}

static enum kol_code not_of_settings(const struct kol_cli *cli, const char *sid,
                                     struct kol_err *err)
{
    if (!kol_account_is_settings(cli->conf, sid))
        return KOL_OK;
    return kol_fail(err, KOL_CONFLICT,
                    "%s is the account of the settings: its credentials are twilio_auth_token, "
                    "twilio_auth_token_second and twilio_api_key_sid there",
                    sid);
}

static enum kol_code load(struct kol_cli *cli, const char *sid, struct kol_account **ret,
                          struct kol_err *err)
{
    struct kol_db *db = kol_cli_read(cli, err);

    if (!db)
        return err->code != KOL_OK ? err->code : KOL_DB;
    enum kol_code code = kol_account_by_sid(db, cli->arena, sid, ret, err);
    kol_reader_return(cli->writer, db);
    if (code == KOL_OK && !*ret)
        return kol_fail(err, KOL_NOT_FOUND, "there is no account %s: kol account add", sid);
    return code;
}

/* ---- secrets ---- */

static bool is_sealed(const char *stored)
{
    return stored && kol_starts_with(stored, KOL_SEAL_PREFIX);
}

/* A new key would not open what was sealed with the one that is missing. */
static enum kol_code may_make_key(struct kol_cli *cli, bool *ret, struct kol_err *err)
{
    struct kol_account *all = NULL;
    size_t n = 0;
    struct kol_db *db = kol_cli_read(cli, err);

    if (!db)
        return err->code;
    enum kol_code code = kol_account_list(db, cli->arena, &all, &n, err);
    kol_reader_return(cli->writer, db);
    *ret = true;
    for (size_t i = 0; code == KOL_OK && i < n; i++)
        if (is_sealed(all[i].auth_token) || is_sealed(all[i].auth_token_second) ||
            is_sealed(all[i].api_key_secret))
            *ret = false;
    return code;
}

static enum kol_code seal(struct kol_cli *cli, const char *sid, const char *column,
                          const char *secret, const char **ret, struct kol_err *err)
{
    KOL_SEAL_KEY key = {0};
    char *text = NULL;
    bool make = false;
    enum kol_code code = may_make_key(cli, &make, err);

    if (code == KOL_OK)
        code = kol_seal_key_load(cli->conf->secrets_key_file, make, &key, err);
    if (code == KOL_NOT_FOUND)
        return kol_fail(err, code,
                        "%s is not there, but secrets are sealed with it: bring it back from its "
                        "backup, or remove those accounts first",
                        cli->conf->secrets_key_file);
    if (code == KOL_OK)
        code = kol_seal(cli->arena, &key, kol_account_place(cli->arena, sid, column), secret, &text,
                        err);
    *ret = text;
    return code;
}

/*
 * What to store for a secret: a reference as it was given, or what was read, sealed.
 *
 *   option  that names the source; not given: asked for
 */
static enum kol_code take_secret(struct kol_cli *cli, const char *sid, const char *column,
                                 const char *option, const char *what, const char **ret,
                                 struct kol_err *err)
{
    const char *source = kol_cli_option(cli, option);
    char secret[KOL_CREDENTIAL_TEXT];

    if (source && !kol_streq(source, "-")) {
        if (!kol_starts_with(source, "env:") && !kol_starts_with(source, "file:"))
            return kol_fail(err, KOL_BAD_INPUT,
                            "--%s is env:NAME, file:/PATH or - for the standard input; a secret "
                            "itself has no place on a command line",
                            option);
        *ret = source;
        return kol_secret_check(source, err);
    }
    enum kol_code code = kol_ask_secret(what, source != NULL, secret, sizeof secret, err);
    if (code == KOL_OK)
        code = seal(cli, sid, column, secret, ret, err);
    kol_wipe(secret, sizeof secret);
    return code;
}

static enum kol_code take_api_key(struct kol_cli *cli, struct kol_account *account,
                                  struct kol_err *err)
{
    const char *key = kol_cli_option(cli, "api-key");

    if (!key)
        return KOL_OK;
    if (!*key) {
        account->api_key_sid = account->api_key_secret = NULL;
        return KOL_OK;
    }
    if (!kol_sid_valid(key, "SK"))
        return kol_fail(err, KOL_BAD_INPUT, "--api-key is SK and 32 hex digits in lower case");
    account->api_key_sid = key;
    return take_secret(cli, account->account_sid, "api_key_secret", "api-key-secret-from",
                       "secret of the API key", &account->api_key_secret, err);
}

/* A reference that leads nowhere yet is stored all the same, with a word. */
static void warn_unreadable(struct kol_cli *cli, const char *sid)
{
    KOL_LOGIN login;
    KOL_TOKENS tokens;
    struct kol_err err = {0};
    struct kol_db *db = kol_cli_read(cli, &err);

    if (!db)
        return;
    if (kol_account_login(db, cli->conf, sid, &login, &err) != KOL_OK ||
        kol_account_tokens(db, cli->conf, sid, &tokens, &err) != KOL_OK)
        fprintf(stderr, "kol: as seen from here: %s\n", err.msg);
    kol_reader_return(cli->writer, db);
}

static int store(struct kol_cli *cli, struct edit *e, const char *said)
{
    struct kol_err err = {0};

    if (kol_cli_change(cli, edit_change, e, &err) != KOL_OK)
        return kol_cli_fail(&err);
    warn_unreadable(cli, e->account.account_sid);
    if (cli->json) {
        kol_cli_print_json(json_pack("{s:s,s:I}", "account_sid", e->account.account_sid,
                                     "resumed_jobs", (json_int_t)e->resumed));
        return KOL_EXIT_OK;
    }
    printf("account %s: %s\n", e->account.account_sid, said);
    if (e->resumed > 0)
        printf("%lld jobs that its credentials had stopped go on\n", (long long)e->resumed);
    return KOL_EXIT_OK;
}

/* ---- add, set, remove, rotate ---- */

static int add(struct kol_cli *cli)
{
    struct edit e = {.is_new = true, .action = "account.add", .credentials = true};
    struct kol_account *known = NULL;
    struct kol_err err = {0}, none = {0};

    if (!named(cli, &e.account.account_sid, &err) ||
        not_of_settings(cli, e.account.account_sid, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (load(cli, e.account.account_sid, &known, &none) == KOL_OK) {
        kol_fail(&err, KOL_CONFLICT, "account %s is there already: kol account set",
                 e.account.account_sid);
        return kol_cli_fail(&err);
    }
    e.account.name = kol_cli_option(cli, "name");
    enum kol_code code = take_secret(cli, e.account.account_sid, "auth_token", "token-from",
                                     "auth token", &e.account.auth_token, &err);
    if (code == KOL_OK)
        code = take_api_key(cli, &e.account, &err);
    return code == KOL_OK ? store(cli, &e, "added") : kol_cli_fail(&err);
}

static int set(struct kol_cli *cli)
{
    struct edit e = {.action = "account.set"};
    struct kol_account *account = NULL;
    const char *sid = NULL;
    struct kol_err err = {0};

    if (!named(cli, &sid, &err) || not_of_settings(cli, sid, &err) != KOL_OK ||
        load(cli, sid, &account, &err) != KOL_OK)
        return kol_cli_fail(&err);
    e.account = *account;
    e.credentials = kol_cli_has(cli, "token-from") || kol_cli_has(cli, "api-key");
    if (kol_cli_has(cli, "name"))
        e.account.name = kol_cli_option(cli, "name");
    enum kol_code code = KOL_OK;
    if (kol_cli_has(cli, "token-from"))
        code = take_secret(cli, sid, "auth_token", "token-from", "auth token",
                           &e.account.auth_token, &err);
    if (code == KOL_OK)
        code = take_api_key(cli, &e.account, &err);
    return code == KOL_OK ? store(cli, &e, "changed") : kol_cli_fail(&err);
}

/* The second token becomes the first: what is sealed is sealed anew for its new place. */
static enum kol_code promote(struct kol_cli *cli, struct kol_account *account, struct kol_err *err)
{
    char secret[KOL_CREDENTIAL_TEXT];

    if (!account->auth_token_second)
        return kol_fail(err, KOL_BAD_INPUT, "account %s has no second token: kol account rotate %s",
                        account->account_sid, account->account_sid);
    account->auth_token = account->auth_token_second;
    account->auth_token_second = NULL;
    if (!is_sealed(account->auth_token))
        return KOL_OK;
    enum kol_code code =
        kol_secret_read(cli->conf->secrets_key_file,
                        kol_account_place(cli->arena, account->account_sid, "auth_token_second"),
                        account->auth_token, secret, sizeof secret, err);
    if (code == KOL_OK)
        code = seal(cli, account->account_sid, "auth_token", secret, &account->auth_token, err);
    kol_wipe(secret, sizeof secret);
    return code;
}

static int rotate(struct kol_cli *cli)
{
    const bool promotes = kol_cli_has(cli, "promote");
    struct edit e = {.action = "account.rotate", .credentials = promotes};
    struct kol_account *account = NULL;
    const char *sid = NULL;
    struct kol_err err = {0};

    if (!named(cli, &sid, &err) || not_of_settings(cli, sid, &err) != KOL_OK ||
        load(cli, sid, &account, &err) != KOL_OK)
        return kol_cli_fail(&err);
    e.account = *account;
    enum kol_code code = promotes
                             ? promote(cli, &e.account, &err)
                             : take_secret(cli, sid, "auth_token_second", "token-from",
                                           "new auth token", &e.account.auth_token_second, &err);
    if (code != KOL_OK)
        return kol_cli_fail(&err);
    return store(cli, &e,
                 promotes ? "the new token is the only one now"
                          : "signatures of both tokens are taken; promote the new one at Twilio, "
                            "then here with --promote");
}

static enum kol_code remove_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    enum kol_code code = kol_account_remove(db, arg, err);

    return code == KOL_OK ? kol_audit_add(db, &console, "account.remove", arg, kol_wall_ms(), err)
                          : code;
}

static int remove_account(struct kol_cli *cli)
{
    const char *sid = NULL;
    struct kol_err err = {0};

    if (!named(cli, &sid, &err) ||
        kol_cli_change(cli, remove_change, (void *)(uintptr_t)sid, &err) != KOL_OK)
        return kol_cli_fail(&err);
    printf("removed\n");
    return KOL_EXIT_OK;
}

/* ---- list, show ---- */

struct listing {
    struct kol_cli *cli;
    struct kol_db *db;
    struct kol_business *businesses;
    size_t business_count;
    json_t *rows;
};

static json_t *businesses_of(const struct listing *l, const char *sid)
{
    json_t *list = json_array();

    for (size_t i = 0; i < l->business_count; i++) {
        const char *of = l->businesses[i].account_sid;
        if (kol_streq(of ? of : l->cli->conf->twilio_account_sid, sid))
            json_array_append_new(list, json_integer(l->businesses[i].id));
    }
    return list;
}

static const char *shown(const char *stored, bool of_settings)
{
    return stored && of_settings ? "set" : kol_secret_shown(stored);
}

/* Never a secret: only where it is, and whether it can be read. */
static void list_one(struct listing *l, const struct kol_account *c, bool of_settings)
{
    KOL_LOGIN login;
    KOL_TOKENS tokens;
    struct kol_err err = {0};
    json_t *row = json_object(), *businesses = businesses_of(l, c->account_sid);
    const bool good =
        kol_account_login(l->db, l->cli->conf, c->account_sid, &login, &err) == KOL_OK &&
        kol_account_tokens(l->db, l->cli->conf, c->account_sid, &tokens, &err) == KOL_OK;

    if (!l->cli->json)
        printf("%s  %-9s token %s%s%s%s%s  %zu businesses  %s\n", c->account_sid,
               of_settings ? "settings" : "database", shown(c->auth_token, of_settings),
               c->auth_token_second ? ", second " : "", shown(c->auth_token_second, of_settings),
               c->api_key_sid ? ", API key " : "", c->api_key_sid ? c->api_key_sid : "",
               json_array_size(businesses), good ? c->name : err.msg);
    kol_json_set_str(row, "account_sid", c->account_sid);
    kol_json_set_str(row, "name", c->name);
    kol_json_set_str(row, "source", of_settings ? "settings" : "database");
    kol_json_set_str(row, "auth_token", shown(c->auth_token, of_settings));
    kol_json_set_str(row, "auth_token_second", shown(c->auth_token_second, of_settings));
    kol_json_set_str(row, "api_key_sid", c->api_key_sid);
    kol_json_set_str(row, "api_key_secret", shown(c->api_key_secret, of_settings));
    kol_json_set(row, "businesses", businesses);
    kol_json_set(row, "readable", json_boolean(good));
    kol_json_set_str(row, "problem", good ? NULL : err.msg);
    json_array_append_new(l->rows, row);
}

static void list_settings(struct listing *l)
{
    const struct kol_conf *conf = l->cli->conf;
    const struct kol_account c = {
        .account_sid = conf->twilio_account_sid,
        .name = "",
        .auth_token = kol_str_empty(conf->twilio_auth_token) ? NULL : "sealed",
        .auth_token_second = kol_str_empty(conf->twilio_auth_token_second) ? NULL : "sealed",
        .api_key_sid = kol_str_empty(conf->twilio_api_key_sid) ? NULL : conf->twilio_api_key_sid,
        .api_key_secret = kol_str_empty(conf->twilio_api_key_secret) ? NULL : "sealed",
    };

    if (!kol_str_empty(c.account_sid))
        list_one(l, &c, true);
}

static enum kol_code list_accounts(struct listing *l, const char *only, struct kol_err *err)
{
    struct kol_account *all = NULL;
    size_t n = 0;
    enum kol_code code =
        kol_business_list(l->db, l->cli->arena, &l->businesses, &l->business_count, err);

    if (code == KOL_OK)
        code = kol_account_list(l->db, l->cli->arena, &all, &n, err);
    if (code != KOL_OK)
        return code;
    if (!only || kol_account_is_settings(l->cli->conf, only))
        list_settings(l);
    for (size_t i = 0; i < n; i++)
        if ((!only || kol_streq(only, all[i].account_sid)) &&
            !kol_account_is_settings(l->cli->conf, all[i].account_sid))
            list_one(l, &all[i], false);
    if (only && json_array_size(l->rows) == 0)
        return kol_fail(err, KOL_NOT_FOUND, "there is no account %s", only);
    return KOL_OK;
}

static int show_some(struct kol_cli *cli, const char *only)
{
    struct kol_err err = {0};
    struct listing l = {.cli = cli, .db = kol_cli_read(cli, &err), .rows = json_array()};

    if (!l.db) {
        json_decref(l.rows);
        return kol_cli_fail(&err);
    }
    enum kol_code code = list_accounts(&l, only, &err);
    kol_reader_return(cli->writer, l.db);
    if (code == KOL_OK && cli->json)
        kol_cli_print_json(only ? json_incref(json_array_get(l.rows, 0))
                                : json_pack("{s:O}", "accounts", l.rows));
    json_decref(l.rows);
    return code == KOL_OK ? KOL_EXIT_OK : kol_cli_fail(&err);
}

static int list(struct kol_cli *cli)
{
    return show_some(cli, NULL);
}

static int show(struct kol_cli *cli)
{
    return show_some(cli, kol_cli_word(cli, 1));
}

static int run(struct kol_cli *cli)
{
    static const struct kol_subcommand list_of[] = {
        {"list", 0, list}, {"show", 1, show},     {"add", 1, add},
        {"set", 1, set},   {"rotate", 1, rotate}, {"remove", 1, remove_account},
        {NULL, 0, NULL},
    };

    return kol_cli_dispatch(cli, list_of);
}

static const struct kol_option options[] = {
    {"name", "NAME", "what to call it"},
    {"token-from", "SOURCE", "the auth token: env:NAME, file:/PATH or - (standard input, sealed)"},
    {"api-key", "SID", "an API key for requests (SK...); empty: none"},
    {"api-key-secret-from", "SOURCE", "its secret, as --token-from"},
    {"promote", NULL, "rotate: the second token becomes the only one"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_account = {
    .name = "account",
    .usage = "list\nshow SID\nadd SID [--name=NAME] [--token-from=SOURCE] [--api-key=SID "
             "--api-key-secret-from=SOURCE]\nset SID [OPTIONS]\nrotate SID "
             "[--token-from=SOURCE]\nrotate SID --promote\nremove SID",
    .help = "more Twilio accounts, and their credentials",
    .options = options,
    .run = run,
};
