/* twilio_numbers.c - see twilio_numbers.h: reading the numbers, and kol twilio check. */
#include "cli/twilio_numbers.h"
#include "backlog/walk.h"
#include "base/str.h"
#include "intake/callback_url.h"

#include <time.h>

enum { TRIES = 3, LONGEST_PAUSE_MS = 10000 };

/* ---- which numbers there are ---- */

struct reading {
    struct kol_cli *cli;
    struct kol_db *db;
    char secret[KOL_CALLBACK_SECRET];
    int64_t only; /* 0: all businesses */
    struct kol_business *businesses;
    size_t business_count;
};

static enum kol_code secret_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    return kol_callback_secret_make(db, arg, err);
}

static enum kol_code count_numbers(struct reading *r, size_t *ret, struct kol_err *err)
{
    enum kol_code code =
        kol_business_list(r->db, r->cli->arena, &r->businesses, &r->business_count, err);
    bool found = !r->only;

    *ret = 0;
    for (size_t i = 0; code == KOL_OK && i < r->business_count; i++) {
        const char **numbers = NULL;
        size_t count = 0;

        found = found || r->businesses[i].id == r->only;
        code =
            kol_business_numbers(r->db, r->cli->arena, r->businesses[i].id, &numbers, &count, err);
        *ret += count;
    }
    if (code == KOL_OK && !found)
        code = kol_fail(err, KOL_NOT_FOUND, "there is no business %lld", (long long)r->only);
    return code;
}

static enum kol_code add_business(struct reading *r, const struct kol_business *b,
                                  struct kol_number_rows *ret, size_t most, struct kol_err *err)
{
    struct kol_cli *cli = r->cli;
    const char *account = b->account_sid ? b->account_sid : cli->conf->twilio_account_sid;
    const char **numbers = NULL, *wanted = NULL;
    size_t count = 0;
    enum kol_code code = kol_business_numbers(r->db, cli->arena, b->id, &numbers, &count, err);

    if (code == KOL_OK)
        code = kol_callback_url(cli->arena, cli->conf, r->secret, KOL_INTAKE_CALL_STATUS, b->id,
                                account ? account : "", &wanted, err);
    for (size_t i = 0; code == KOL_OK && i < count && ret->count < most; i++)
        ret->items[ret->count++] =
            (struct kol_number_row){.business = b,
                                    .account_sid = kol_str_empty(account) ? NULL : account,
                                    .number = numbers[i],
                                    .wanted = wanted};
    return code;
}

static enum kol_code read_numbers(struct reading *r, struct kol_number_rows *ret,
                                  struct kol_err *err)
{
    size_t most = 0;
    enum kol_code code = count_numbers(r, &most, err);

    if (code != KOL_OK)
        return code;
    ret->items = kol_arena_array(r->cli->arena, most + 1, sizeof *ret->items);
    if (!ret->items)
        return kol_fail(err, KOL_NO_MEMORY, "read the numbers: out of memory");
    for (size_t i = 0; code == KOL_OK && i < r->business_count; i++)
        if (!r->only || r->businesses[i].id == r->only)
            code = add_business(r, &r->businesses[i], ret, most, err);
    return code;
}

/* ---- how they are set up ---- */

static void pause_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static enum kol_code find(struct kol_cli *cli, struct kol_twilio *t, struct kol_number_row *row,
                          struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    for (int try = 1; try <= TRIES; try++) {
        code = kol_twilio_number_find(cli->arena, t, row->account_sid, row->number, &row->is, err);
        if (code != KOL_RATE_LIMITED || try == TRIES)
            return code;
        int64_t wait = kol_twilio_retry_after_ms(t);
        pause_ms(wait <= 0 ? 1000 : wait < LONGEST_PAUSE_MS ? wait : LONGEST_PAUSE_MS);
    }
    return code;
}

static void fail_row(struct kol_cli *cli, struct kol_number_row *row, enum kol_code code,
                     const struct kol_err *err)
{
    row->failure = kol_code_name(code);
    row->failure_text = kol_arena_str(cli->arena, err->msg);
}

/* The account that it asked has no such number: perhaps another one of Kol's has. */
static void look_elsewhere(struct kol_cli *cli, struct kol_twilio *t, struct kol_number_row *row)
{
    const char **accounts = NULL;
    size_t n = 0;

    if (kol_walk_accounts(cli->arena, cli->conf, cli->writer, &accounts, &n, NULL) != KOL_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        struct kol_rest_number found;

        if (kol_streq(accounts[i], row->account_sid) ||
            kol_twilio_number_find(cli->arena, t, accounts[i], row->number, &found, NULL) != KOL_OK)
            continue;
        row->failure = "other_account";
        row->failure_text = kol_arena_fmt(
            cli->arena, "account %s has this number: kol business set %lld --account=%s",
            accounts[i], (long long)row->business->id, accounts[i]);
        return;
    }
}

/* An account that refused once is not asked again. */
static const struct kol_number_row *refused_before(const struct kol_number_rows *rows, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (kol_streq(rows->items[i].account_sid, rows->items[at].account_sid) &&
            kol_streq(rows->items[i].failure, kol_code_name(KOL_REFUSED)))
            return &rows->items[i];
    return NULL;
}

static enum kol_code ask(struct kol_cli *cli, struct kol_twilio *t, struct kol_number_rows *rows,
                         struct kol_err *err)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct kol_number_row *row = &rows->items[i];
        const struct kol_number_row *refused = refused_before(rows, i);

        if (refused) {
            row->failure = refused->failure;
            row->failure_text = refused->failure_text;
            continue;
        }
        enum kol_code code = find(cli, t, row, err);
        if (code == KOL_OK)
            code = kol_number_check(cli->arena, &row->is, row->wanted, &row->remarks, err);
        if (code == KOL_NO_MEMORY || code == KOL_BAD_CONFIG)
            return code;
        if (code != KOL_OK)
            fail_row(cli, row, code, err);
        if (code == KOL_NOT_FOUND)
            look_elsewhere(cli, t, row);
        row->found = code == KOL_OK;
    }
    return KOL_OK;
}

bool kol_cli_only_business(const struct kol_cli *cli, int64_t *ret)
{
    const char *given = kol_cli_option(cli, "business");

    *ret = 0;
    return !given || kol_cli_number(given, "--business", ret);
}

enum kol_code kol_cli_numbers(struct kol_cli *cli, int64_t only, struct kol_twilio **ret_t,
                              struct kol_number_rows *ret, struct kol_err *err)
{
    struct reading r = {.cli = cli, .only = only};
    enum kol_code code = kol_cli_change(cli, secret_change, r.secret, err);
    if (code != KOL_OK)
        return code;
    r.db = kol_cli_read(cli, err);
    if (!r.db)
        return err->code;
    code = read_numbers(&r, ret, err);
    kol_reader_return(cli->writer, r.db);
    if (code == KOL_OK)
        code = kol_twilio_new(cli->conf, cli->writer, NULL, ret_t, err);
    return code == KOL_OK ? ask(cli, *ret_t, ret, err) : code;
}

/* ---- telling ---- */

json_t *kol_cli_number_json(const struct kol_number_row *row)
{
    json_t *json = json_object(), *remarks = json_array();

    kol_json_set_int(json, "business_id", row->business->id);
    kol_json_set_str(json, "business", row->business->name);
    kol_json_set_str(json, "account_sid", row->account_sid);
    kol_json_set_str(json, "number", row->number);
    kol_json_set_str(json, "phone_number_sid", row->found ? row->is.number_sid : NULL);
    kol_json_set_str(json, "voice_url", row->found ? row->is.voice_url : NULL);
    kol_json_set_str(json, "status_callback", row->found ? row->is.status_callback : NULL);
    kol_json_set_str(json, "status_callback_method",
                     row->found ? row->is.status_callback_method : NULL);
    kol_json_set_str(json, "wanted_status_callback", row->wanted);
    kol_json_set(json, "ok", json_boolean(row->found && !kol_number_is_wrong(&row->remarks)));
    if (row->failure)
        json_array_append_new(remarks, json_pack("{s:s,s:b,s:s}", "code", row->failure, "wrong", 1,
                                                 "text", row->failure_text));
    for (size_t i = 0; i < row->remarks.count; i++) {
        const struct kol_number_remark *r = &row->remarks.items[i];
        json_array_append_new(remarks, json_pack("{s:s,s:b,s:s}", "code", r->code, "wrong",
                                                 r->wrong, "text", r->text));
    }
    kol_json_set(json, "remarks", remarks);
    return json;
}

void kol_cli_number_heading(const struct kol_number_rows *rows, size_t at)
{
    const struct kol_number_row *row = &rows->items[at];

    if (at > 0 && rows->items[at - 1].business == row->business)
        return;
    printf("business %lld: ", (long long)row->business->id);
    kol_cli_print_text(row->business->name, 0);
    printf(", account %s\n", row->account_sid ? row->account_sid : "not set");
}

void kol_cli_number_remarks(const struct kol_number_row *row, bool with_mendable)
{
    if (row->failure)
        printf("    %s\n", row->failure_text);
    for (size_t i = 0; i < row->remarks.count; i++)
        if (with_mendable || !row->remarks.items[i].mendable)
            printf("    %s%s\n",
                   row->remarks.items[i].wrong ? "" : "note: ", row->remarks.items[i].text);
}

/* ---- check ---- */

static void print_check(const struct kol_number_rows *rows, size_t wrong)
{
    bool mendable = false;

    for (size_t i = 0; i < rows->count; i++) {
        const struct kol_number_row *row = &rows->items[i];
        const bool good = row->found && !kol_number_is_wrong(&row->remarks);

        kol_cli_number_heading(rows, i);
        printf("  %-16s %s\n", row->number, good ? "ok" : row->found ? "wrong" : "not found");
        kol_cli_number_remarks(row, true);
        mendable = mendable || kol_number_is_mendable(&row->remarks);
    }
    if (rows->count == 0)
        printf("no business has a phone number: kol business add-number gives it one\n");
    else if (wrong)
        printf("%zu of %zu numbers: something is wrong\n", wrong, rows->count);
    else
        printf("all is well with %zu number%s\n", rows->count, rows->count == 1 ? "" : "s");
    if (mendable)
        printf("kol twilio configure shows what it would change, --apply changes it\n");
}

static int check(struct kol_cli *cli, const struct kol_number_rows *rows)
{
    json_t *list = json_array();
    size_t wrong = 0;

    for (size_t i = 0; i < rows->count; i++) {
        wrong += !rows->items[i].found || kol_number_is_wrong(&rows->items[i].remarks);
        json_array_append_new(list, kol_cli_number_json(&rows->items[i]));
    }
    if (cli->json)
        kol_cli_print_json(json_pack("{s:b,s:O}", "ok", wrong == 0, "numbers", list));
    else
        print_check(rows, wrong);
    json_decref(list);
    return wrong ? KOL_EXIT_FAILED : KOL_EXIT_OK;
}

int kol_cli_twilio_check(struct kol_cli *cli)
{
    struct kol_twilio *t = NULL;
    struct kol_number_rows rows = {0};
    struct kol_err err = {0};
    int64_t only;

    if (!kol_cli_only_business(cli, &only))
        return KOL_EXIT_USAGE;
    enum kol_code code = kol_cli_numbers(cli, only, &t, &rows, &err);
    int status = code == KOL_OK ? check(cli, &rows) : kol_cli_fail(&err);

    kol_twilio_free(t);
    return status;
}
