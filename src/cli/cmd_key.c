/* cmd_key.c - API keys: shown once, stored as a hash. */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "cli/cli.h"
#include "serve/serve.h"
#include "store/access.h"

#include <string.h>

struct new_key {
    int64_t business_id;
    const char *name;
    char key[KOL_KEY_TEXT];
    char hash[65];
    char hint[KOL_KEY_HINT];
    int64_t id;
};

static const struct kol_principal console = {.name = "console"};

static enum kol_code add_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct new_key *k = arg;
    enum kol_code code =
        kol_key_add(db, k->business_id, k->name, k->hash, k->hint, kol_wall_ms(), &k->id, err);

    if (code != KOL_OK)
        return code;
    return kol_audit_add(db, &console, "key.add", k->hint, kol_wall_ms(), err);
}

static int add(struct kol_cli *cli)
{
    struct new_key k = {.name = kol_cli_option(cli, "name")};
    const char *business = kol_cli_option(cli, "business");
    struct kol_err err = {0};

    if (!business == !kol_cli_has(cli, "operator"))
        return kol_cli_usage(cli, "say whose key: --business=ID or --operator");
    if (business && !kol_cli_number(business, "--business", &k.business_id))
        return KOL_EXIT_USAGE;
    if (kol_str_empty(k.name))
        return kol_cli_usage(cli, "say what the key is for: --name=NAME");
    kol_key_make(k.key);
    kol_sha256_hex(k.key, strlen(k.key), k.hash);
    kol_key_hint(k.key, k.hint);
    if (kol_cli_change(cli, add_change, &k, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (cli->json)
        kol_cli_print_json(
            json_pack("{s:I,s:s,s:s}", "id", (json_int_t)k.id, "name", k.name, "key", k.key));
    else
        printf("%s\nThis is shown once: keep it now. (key %lld)\n", k.key, (long long)k.id);
    return KOL_EXIT_OK;
}

static json_t *key_json(const struct kol_key *k)
{
    json_t *json = json_object();

    kol_json_set_int(json, "id", k->id);
    kol_json_set(json, "business_id", k->business_id ? json_integer(k->business_id) : json_null());
    kol_json_set_str(json, "name", k->name);
    kol_json_set_str(json, "hint", k->hint);
    kol_json_set_int(json, "created_at_ms", k->created_at_ms);
    kol_json_set(json, "revoked_at_ms",
                 k->revoked_at_ms ? json_integer(k->revoked_at_ms) : json_null());
    return json;
}

static int list(struct kol_cli *cli)
{
    struct kol_err err = {0};
    struct kol_key *keys = NULL;
    size_t n = 0;
    struct kol_db *db = kol_cli_read(cli, &err);

    if (!db)
        return kol_cli_fail(&err);
    enum kol_code code = kol_key_list(db, cli->arena, &keys, &n, &err);
    kol_reader_return(cli->writer, db);
    if (code != KOL_OK)
        return kol_cli_fail(&err);
    json_t *rows = cli->json ? json_array() : NULL;
    for (size_t i = 0; i < n; i++) {
        if (cli->json)
            json_array_append_new(rows, key_json(&keys[i]));
        else
            printf("%-5lld %-14s %-10s %-9s %s\n", (long long)keys[i].id, keys[i].hint,
                   keys[i].business_id ? "business" : "operator",
                   keys[i].revoked_at_ms ? "revoked" : "in use", keys[i].name);
    }
    if (cli->json)
        kol_cli_print_json(json_pack("{s:o}", "keys", rows));
    return KOL_EXIT_OK;
}

static enum kol_code revoke_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    char subject[24];
    enum kol_code code = kol_key_revoke(db, *(int64_t *)arg, kol_wall_ms(), err);

    if (code != KOL_OK)
        return code;
    snprintf(subject, sizeof(subject), "%lld", (long long)*(int64_t *)arg);
    return kol_audit_add(db, &console, "key.revoke", subject, kol_wall_ms(), err);
}

static int revoke_key(struct kol_cli *cli)
{
    int64_t id;
    struct kol_err err = {0};

    if (!kol_cli_number(kol_cli_word(cli, 1), "the key's number", &id))
        return KOL_EXIT_USAGE;
    if (kol_cli_change(cli, revoke_change, &id, &err) != KOL_OK)
        return kol_cli_fail(&err);
    printf("key %lld is revoked\n", (long long)id);
    return KOL_EXIT_OK;
}

static int run(struct kol_cli *cli)
{
    static const struct kol_subcommand list_of[] = {
        {"add", 0, add}, {"list", 0, list}, {"revoke", 1, revoke_key}, {NULL, 0, NULL}};

    return kol_cli_dispatch(cli, list_of);
}

static const struct kol_option options[] = {
    {"business", "ID", "a key that sees this business only"},
    {"operator", NULL, "a key that sees everything"},
    {"name", "NAME", "what the key is for"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_key = {
    .name = "key",
    .usage = "add --business=ID|--operator --name=NAME\nlist\nrevoke ID",
    .help = "make, list and revoke API keys",
    .options = options,
    .run = run,
};
