/* cmd_twilio.c - what Twilio has to be told: the URLs of callbacks; twilio_numbers.c checks whether
 * it was, twilio_configure.c tells it. */
#include "base/str.h"
#include "cli/twilio_numbers.h"
#include "intake/callback_url.h"
#include "store/business.h"

/* X(name in JSON, kind, where it goes at Twilio) */
#define URLS(X)                                                                                    \
    X("call_status", CALL_STATUS, "number: call status changes")                                   \
    X("recording_status", RECORDING_STATUS, "recordingStatusCallback")                             \
    X("handle_recording", HANDLE_RECORDING, "<Record action>")                                     \
    X("transcription", TRANSCRIPTION, "<Transcription statusCallbackUrl>")

static const struct {
    const char *name;
    enum kol_intake_kind kind;
    const char *place;
} url_kinds[] = {
#define X(name, kind, place) {name, KOL_INTAKE_##kind, place},
    URLS(X)
#undef X
};

static enum kol_code secret_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    return kol_callback_secret_make(db, arg, err);
}

/* ---- urls ---- */

struct urls {
    struct kol_cli *cli;
    struct kol_db *db;
    char secret[KOL_CALLBACK_SECRET];
    json_t *rows;
};

static enum kol_code print_business(struct urls *u, const struct kol_business *b,
                                    struct kol_err *err)
{
    struct kol_cli *cli = u->cli;
    const char *account = b->account_sid ? b->account_sid : cli->conf->twilio_account_sid;
    const char **numbers = NULL;
    size_t count = 0;
    json_t *row = json_object(), *listed = json_array(), *urls = json_object();
    enum kol_code code = kol_business_numbers(u->db, cli->arena, b->id, &numbers, &count, err);

    if (code == KOL_OK && kol_str_empty(account))
        code = kol_fail(err, KOL_BAD_CONFIG,
                        "business %lld has no Twilio account: set twilio_account_sid, or kol "
                        "business set %lld --account=AC...",
                        (long long)b->id, (long long)b->id);
    if (code == KOL_OK && !cli->json)
        printf("business %lld: %s, account %s\n", (long long)b->id, b->name, account);
    for (size_t i = 0; code == KOL_OK && i < count; i++) {
        json_array_append_new(listed, json_string(numbers[i]));
        if (!cli->json)
            printf("  %s\n", numbers[i]);
    }
    for (size_t i = 0; code == KOL_OK && i < KOL_COUNT(url_kinds); i++) {
        const char *url = NULL;
        code = kol_callback_url(cli->arena, cli->conf, u->secret, url_kinds[i].kind, b->id, account,
                                &url, err);
        if (code == KOL_OK && !cli->json)
            printf("  %-34s %s\n", url_kinds[i].place, url);
        kol_json_set_str(urls, url_kinds[i].name, url);
    }
    kol_json_set_int(row, "business_id", b->id);
    kol_json_set_str(row, "name", b->name);
    kol_json_set_str(row, "account_sid", account);
    kol_json_set(row, "numbers", listed);
    kol_json_set(row, "urls", urls);
    json_array_append_new(u->rows, row);
    return code;
}

static enum kol_code print_urls(struct urls *u, int64_t only, struct kol_err *err)
{
    struct kol_business *all = NULL;
    size_t n = 0;
    bool found = false;
    enum kol_code code = kol_business_list(u->db, u->cli->arena, &all, &n, err);

    for (size_t i = 0; code == KOL_OK && i < n; i++) {
        if (only && all[i].id != only)
            continue;
        found = true;
        code = print_business(u, &all[i], err);
    }
    if (code == KOL_OK && only && !found)
        code = kol_fail(err, KOL_NOT_FOUND, "there is no business %lld", (long long)only);
    return code;
}

static int urls(struct kol_cli *cli)
{
    struct urls u = {.cli = cli};
    struct kol_err err = {0};
    int64_t only;

    if (!kol_cli_only_business(cli, &only))
        return KOL_EXIT_USAGE;
    if (kol_cli_change(cli, secret_change, u.secret, &err) != KOL_OK)
        return kol_cli_fail(&err);
    u.db = kol_cli_read(cli, &err);
    if (!u.db)
        return kol_cli_fail(&err);
    u.rows = json_array();
    enum kol_code code = print_urls(&u, only, &err);
    kol_reader_return(cli->writer, u.db);
    if (code == KOL_OK && cli->json)
        kol_cli_print_json(json_pack("{s:O}", "businesses", u.rows));
    json_decref(u.rows);
    return code == KOL_OK ? KOL_EXIT_OK : kol_cli_fail(&err);
}

static int run(struct kol_cli *cli)
{
    static const struct kol_subcommand list[] = {
        {"urls", 0, urls},
        {"check", 0, kol_cli_twilio_check},
        {"configure", 0, kol_cli_twilio_configure},
        {NULL, 0, NULL},
    };

    return kol_cli_dispatch(cli, list);
}

static const struct kol_option options[] = {
    {"business", "ID", "only this business"},
    {"apply", NULL, "configure: change it at Twilio, after a question on a terminal"},
    {"yes", NULL, "configure --apply: do not ask"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_twilio = {
    .name = "twilio",
    .usage =
        "urls [--business=ID]\ncheck [--business=ID]\nconfigure [--business=ID] [--apply [--yes]]",
    .help = "the callback URLs that Twilio has to be told; check and set them at its numbers",
    .options = options,
    .run = run,
};
