/*
 * twilio_numbers.h - kol twilio check and kol twilio configure: how the businesses' numbers are set
 * up at Twilio. Only numbers of businesses are asked for, and changed.
 */
#ifndef KOL_CLI_TWILIO_NUMBERS_H
#define KOL_CLI_TWILIO_NUMBERS_H

#include "cli/cli.h"
#include "store/business.h"
#include "twilio/numbers.h"

/* One number of one business. Texts live as long as the command. */
struct kol_number_row {
    const struct kol_business *business;
    const char *account_sid; /* NULL: there is none to ask with */
    const char *number;
    const char *wanted; /* the status callback as it has to be */
    bool found;         /* at Twilio, in that account: is and remarks are filled */
    struct kol_rest_number is;
    struct kol_number_remarks remarks;
    const char *failure, *failure_text; /* why it was not found: a stable name, and for people */
};
struct kol_number_rows {
    struct kol_number_row *items;
    size_t count;
};

/*
 * Reads the businesses' numbers and asks Twilio for each. What goes wrong with one of them is in
 * its row.
 *
 *   only   a business; 0: all
 *   ret_t  what asked; the caller frees it, on failure too
 */
enum kol_code kol_cli_numbers(struct kol_cli *cli, int64_t only, struct kol_twilio **ret_t,
                              struct kol_number_rows *ret, struct kol_err *err) KOL_MUST_CHECK;
/* Option --business; 0 when it was not given. False after saying what is wrong. */
bool kol_cli_only_business(const struct kol_cli *cli, int64_t *ret);
json_t *kol_cli_number_json(const struct kol_number_row *row);
/* "business 1: Galil Locks, account AC…" before the first number of each business. */
void kol_cli_number_heading(const struct kol_number_rows *rows, size_t at);
void kol_cli_number_remarks(const struct kol_number_row *row, bool with_mendable);

int kol_cli_twilio_check(struct kol_cli *cli);
int kol_cli_twilio_configure(struct kol_cli *cli);

#endif
