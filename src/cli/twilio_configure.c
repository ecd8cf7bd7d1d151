/* twilio_configure.c - kol twilio configure: shows what it would change at Twilio, and changes it.
 */
#include "base/clock.h"
#include "base/str.h"
#include "cli/twilio_numbers.h"
#include "store/access.h"

#include <string.h>

struct plan {
    struct kol_cli *cli;
    struct kol_twilio *t;
    struct kol_number_rows rows;
    size_t changes;  /* numbers that would be changed */
    size_t failures; /* numbers that could not be asked for, or changed */
    json_t *told;    /* one object per change */
};

static bool to_change(const struct kol_number_row *row)
{
    return row->found && kol_number_is_mendable(&row->remarks);
}

/* ---- showing ---- */

static void print_setting(const char *mark, const char *method, const char *url)
{
    printf("    %s status callback: ", mark);
    if (url) {
        kol_cli_print_text(method ? method : "POST", 0);
        putchar(' ');
        kol_cli_print_text(url, 0);
    } else {
        printf("none");
    }
    putchar('\n');
}

static void print_plan(const struct plan *p)
{
    for (size_t i = 0; i < p->rows.count; i++) {
        const struct kol_number_row *row = &p->rows.items[i];

        kol_cli_number_heading(&p->rows, i);
        printf("  %-16s %s\n", row->number,
               to_change(row) ? row->is.number_sid
               : row->found   ? "stays as it is"
                              : "not found");
        if (to_change(row)) {
            print_setting("-", row->is.status_callback_method, row->is.status_callback);
            print_setting("+", "POST", row->wanted);
        }
        kol_cli_number_remarks(row, false);
    }
    if (p->rows.count == 0)
        printf("no business has a phone number: kol business add-number gives it one\n");
}

static json_t *setting_json(const char *url, const char *method)
{
    json_t *json = json_object();

    kol_json_set_str(json, "status_callback", url);
    kol_json_set_str(json, "status_callback_method", url ? method : NULL);
    return json;
}

static json_t *change_json(const struct kol_number_row *row)
{
    json_t *json = json_object();

    kol_json_set_int(json, "business_id", row->business->id);
    kol_json_set_str(json, "account_sid", row->account_sid);
    kol_json_set_str(json, "number", row->number);
    kol_json_set_str(json, "phone_number_sid", row->is.number_sid);
    kol_json_set(json, "old",
                 setting_json(row->is.status_callback, row->is.status_callback_method));
    kol_json_set(json, "new", setting_json(row->wanted, "POST"));
    kol_json_set(json, "done", json_false());
    kol_json_set(json, "error", json_null());
    return json;
}

/* ---- changing ---- */

static enum kol_code audit_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    static const struct kol_principal console = {.name = "console"};

    return kol_audit_add(db, &console, "twilio.configure", arg, kol_wall_ms(), err);
}

/* Only what was shown is changed: the number is looked at once more, for somebody may have changed
 * it since. */
static enum kol_code change(struct plan *p, struct kol_number_row *row, struct kol_err *err)
{
    struct kol_arena *a = p->cli->arena;
    struct kol_rest_number now;
    enum kol_code code = kol_twilio_number_find(a, p->t, row->account_sid, row->number, &now, err);

    if (code != KOL_OK)
        return code;
    if (!kol_streq(now.number_sid, row->is.number_sid) || now.trunk_sid || now.application_sid ||
        !kol_streq(now.status_callback, row->is.status_callback) ||
        !kol_streq(now.status_callback_method, row->is.status_callback_method))
        return kol_fail(err, KOL_CONFLICT, "it was changed meanwhile: look at it again");
    code = kol_twilio_number_set_callback(a, p->t, &now, row->wanted, err);
    if (code == KOL_OK)
        code = kol_cli_change(p->cli, audit_change, kol_arena_str(a, now.number_sid), err);
    return code;
}

static void apply(struct plan *p)
{
    size_t told = 0;

    for (size_t i = 0; i < p->rows.count; i++) {
        struct kol_number_row *row = &p->rows.items[i];
        struct kol_err err = {0};

        if (!to_change(row))
            continue;
        json_t *json = json_array_get(p->told, told++);
        if (change(p, row, &err) == KOL_OK) {
            kol_json_set(json, "done", json_true());
            if (!p->cli->json)
                printf("%s: changed, and read back\n", row->number);
            continue;
        }
        p->failures++;
        kol_json_set_str(json, "error", err.msg);
        if (!p->cli->json)
            printf("%s: not changed: %s\n", row->number, err.msg);
    }
}

/* On a terminal a person is asked; the question goes where JSON does not. */
static bool agreed(const struct plan *p)
{
    char answer[16] = "";

    if (kol_cli_has(p->cli, "yes") || !isatty(STDIN_FILENO))
        return true;
    fflush(stdout);
    fprintf(stderr, "change %zu number%s at Twilio? [y/N] ", p->changes,
            p->changes == 1 ? "" : "s");
    return fgets(answer, sizeof answer, stdin) && strchr("yY", answer[0]) && answer[0];
}

static void print_json(const struct plan *p, bool applied)
{
    json_t *missing = json_array();

    for (size_t i = 0; i < p->rows.count; i++)
        if (!p->rows.items[i].found)
            json_array_append_new(missing, kol_cli_number_json(&p->rows.items[i]));
    kol_cli_print_json(json_pack("{s:b,s:b,s:O,s:o}", "ok", p->failures == 0, "applied", applied,
                                 "changes", p->told, "not_found", missing));
}

static int run_plan(struct plan *p)
{
    struct kol_cli *cli = p->cli;
    const bool wanted = kol_cli_has(cli, "apply");

    for (size_t i = 0; i < p->rows.count; i++) {
        p->failures += !p->rows.items[i].found;
        if (!to_change(&p->rows.items[i]))
            continue;
        p->changes++;
        json_array_append_new(p->told, change_json(&p->rows.items[i]));
    }
    if (!cli->json)
        print_plan(p);
    const bool applied = wanted && p->changes > 0 && agreed(p);
    if (applied)
        apply(p);
    if (cli->json)
        print_json(p, applied);
    else if (p->changes == 0)
        printf("nothing to change\n");
    else if (!applied)
        printf("nothing was changed%s\n", wanted ? "" : ": --apply does it");
    return p->failures || (wanted && p->changes > 0 && !applied) ? KOL_EXIT_FAILED : KOL_EXIT_OK;
}

int kol_cli_twilio_configure(struct kol_cli *cli)
{
    struct plan p = {.cli = cli};
    struct kol_err err = {0};
    int64_t only;

    if (!kol_cli_only_business(cli, &only))
        return KOL_EXIT_USAGE;
    p.told = json_array();
    enum kol_code code = kol_cli_numbers(cli, only, &p.t, &p.rows, &err);
    int status = code == KOL_OK ? run_plan(&p) : kol_cli_fail(&err);

    json_decref(p.told);
    kol_twilio_free(p.t);
    return status;
}
