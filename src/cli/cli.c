#include "cli/cli.h"

#include "base/language.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/choice.h"

#include <stdarg.h>
#include <string.h>

/* The last one given counts. */
const char *kol_cli_option(const struct kol_cli *cli, const char *name)
{
    for (int i = cli->given_count - 1; i >= 0; i--)
        if (kol_streq(cli->given[i].name, name))
            return cli->given[i].value;
    return NULL;
}

bool kol_cli_has(const struct kol_cli *cli, const char *name)
{
    return kol_cli_option(cli, name) != NULL;
}

const char *kol_cli_word(const struct kol_cli *cli, int at)
{
    return at < cli->word_count ? cli->words[at] : NULL;
}

bool kol_cli_number(const char *text, const char *what, int64_t *ret)
{
    if (text && kol_parse_i64(text, ret) && *ret > 0)
        return true;
    fprintf(stderr, "kol: %s must be a positive whole number, not '%s'\n", what, text ? text : "");
    return false;
}

int kol_cli_fail(const struct kol_err *err)
{
    fprintf(stderr, "kol: %s\n", err->msg);
    return KOL_EXIT_FAILED;
}

int kol_cli_usage(const struct kol_cli *cli, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "kol %s: ", cli->command->name);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\nkol %s --help tells how it is used\n", cli->command->name);
    return KOL_EXIT_USAGE;
}

enum kol_code kol_cli_conf(struct kol_cli *cli, struct kol_err *err)
{
    struct kol_conf *conf = NULL;

    if (cli->conf)
        return KOL_OK;
    enum kol_code code = kol_conf_load(cli->arena, cli->config_path, cli->settings,
                                       (size_t)cli->setting_count, &conf, err);
    if (code != KOL_OK)
        return code;
    kol_log_setup((enum kol_log_format)conf->log_format, (enum kol_level)conf->log_level,
                  STDERR_FILENO);
    cli->conf = conf;
    return KOL_OK;
}

enum kol_code kol_cli_open(struct kol_cli *cli, struct kol_err *err)
{
    if (cli->writer)
        return KOL_OK;
    enum kol_code code = kol_cli_conf(cli, err);

    if (code != KOL_OK)
        return code;
    const struct kol_writer_options options = {.dsn = cli->conf->database};
    return kol_writer_start(cli->conf->data_dir, &options, &cli->writer, err);
}

struct kol_db *kol_cli_read(struct kol_cli *cli, struct kol_err *err)
{
    return kol_cli_open(cli, err) == KOL_OK ? kol_reader_borrow(cli->writer, err) : NULL;
}

void kol_cli_close(struct kol_cli *cli)
{
    kol_writer_stop(cli->writer);
    cli->writer = NULL;
}

enum kol_code kol_cli_change(struct kol_cli *cli, kol_write_fn fn, void *arg, struct kol_err *err)
{
    enum kol_code code = kol_cli_open(cli, err);

    if (code != KOL_OK)
        return code;
    return kol_write(cli->writer, fn, arg, err);
}

void kol_cli_print_json(json_t *json)
{
    if (!json || json_dumpf(json, stdout, JSON_INDENT(2)) != 0)
        fprintf(stderr, "kol: out of memory\n");
    putchar('\n');
    json_decref(json);
}

/* Bidirectional overrides and isolates: U+202A-202E, U+2066-2069. */
static bool is_bidi_control(const unsigned char *c)
{
    return c[0] == 0xE2 && ((c[1] == 0x80 && c[2] >= 0xAA && c[2] <= 0xAE) ||
                            (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9));
}

void kol_cli_print_text(const char *text, int width)
{
    int printed = 0;
    const unsigned char *c = (const unsigned char *)(text ? text : "-");

    while (*c && (width <= 0 || printed < width)) {
        if (is_bidi_control(c)) {
            c += 3;
            continue;
        }
        putchar((*c < ' ' || *c == 0x7F) ? ' ' : *c);
        c++;
        while ((*c & 0xC0) == 0x80) /* the rest of this code point */
            putchar(*c++);
        printed++;
    }
    for (; printed < width; printed++)
        putchar(' ');
}

bool kol_cli_weak_hebrew(const struct kol_conf *conf, const struct kol_business *list, size_t count)
{
    bool hebrew = false;

    for (size_t i = 0; i < count; i++)
        hebrew |= kol_language_includes(list[i].language, "he");
    return hebrew && conf->worker && kol_conf_weak_for_hebrew(conf);
}

int kol_cli_dispatch(struct kol_cli *cli, const struct kol_subcommand *list)
{
    const char *name = kol_cli_word(cli, 0);

    if (!name)
        return kol_cli_usage(cli, "say what to do");
    for (const struct kol_subcommand *s = list; s->name; s++) {
        if (!kol_streq(s->name, name))
            continue;
        if (cli->word_count - 1 < s->words)
            return kol_cli_usage(cli, "%s needs %d more word%s", name, s->words,
                                 s->words == 1 ? "" : "s");
        return s->run(cli);
    }
    return kol_cli_usage(cli, "there is no '%s'", name);
}
