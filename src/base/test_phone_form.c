/* test_phone_form.c - numbers in the form of their country, and what is none. */
#include "base/phone_form.h"
#include "base/test.h"

static const struct {
    const char *digits;
    bool international;
    const char *form; /* NULL: no number */
} rows[] = {
    {"0521234567", false, "052-123-4567"},
    {"0771234567", false, "077-123-4567"},
    {"031234567", false, "03-123-4567"},
    {"046001234", false, "04-600-1234"},
    {"1800123456", false, "1-800-123-456"},
    {"1700500600", false, "1-700-500-600"},
    {"972521234567", true, "+972-52-123-4567"},
    {"97246001234", true, "+972-4-600-1234"},
    {"00972521234567", false, "00972-52-123-4567"},
    {"07700900123", false, "07700\u00a0900123"},
    {"02079460123", false, "020\u00a07946\u00a00123"},
    {"01214960123", false, "0121\u00a0496\u00a00123"},
    {"01632960123", false, "01632\u00a0960123"},
    {"08081570123", false, "0808\u00a0157\u00a00123"},
    {"447700900123", true, "+44-7700-900123"},
    {"5550123456", false, "555-012-3456"},
    {"18005550199", false, "1-800-555-0199"},
    {"15550123456", true, "+1-555-012-3456"},
    {"", false, NULL},
    {"052123456", false, NULL},
    {"05212345678", false, NULL},
    {"061234567", false, NULL},
    {"0123456789", false, NULL},
    {"1234567890", false, NULL},
    {"972521234567", false, NULL},
    {"0521234567", true, NULL},
    {"4580111111111121", false, NULL},
};

static void forms(void **state)
{
    char form[KOL_PHONE_FORM_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const bool found = kol_phone_form(rows[i].digits, rows[i].international, form);
        check_int(rows[i].digits, found, rows[i].form != NULL);
        if (found)
            check_str(rows[i].digits, form, rows[i].form);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
    };
    return cmocka_run_group_tests_name("phone forms", tests, NULL, NULL);
}
