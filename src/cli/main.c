/*
 * main.c - the program: finds the command, reads its options, runs it.
 */
#include "base/str.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

static const struct kol_command *const commands[] = {
    &kol_cmd_serve,    &kol_cmd_worker,  &kol_cmd_transcribe, &kol_cmd_call,   &kol_cmd_job,
    &kol_cmd_business, &kol_cmd_account, &kol_cmd_twilio,     &kol_cmd_import, &kol_cmd_key,
    &kol_cmd_model,    &kol_cmd_doctor,  &kol_cmd_version,
};

static const struct kol_option common_options[] = {
    {"config", "FILE", "settings file (default: $KOL_CONFIG)"},
    {"data", "DIR", "data folder: the setting data_dir"},
    {"json", NULL, "print JSON, for programs"},
    {"help", NULL, "print this"},
    {NULL, NULL, NULL},
};

/* ---- help ---- */

static void print_options(const struct kol_option *options)
{
    for (const struct kol_option *o = options; o && o->name; o++) {
        char name[64];

        snprintf(name, sizeof(name), "--%s%s%s", o->name, o->value ? "=" : "",
                 o->value ? o->value : "");
        printf("  %-26s %s\n", name, o->help);
    }
}

static void print_usage(const struct kol_command *c, FILE *out)
{
    const char *line = c->usage;

    while (line) {
        const char *end = strchr(line, '\n');
        int length = end ? (int)(end - line) : (int)strlen(line);

        fprintf(out, "%s kol %s%s%.*s\n", line == c->usage ? "usage:" : "      ", c->name,
                length ? " " : "", length, line);
        line = end ? end + 1 : NULL;
    }
}

static int print_command_help(const struct kol_command *c)
{
    printf("kol %s - %s\n\n", c->name, c->help);
    print_usage(c, stdout);
    printf("\noptions:\n");
    print_options(c->options);
    print_options(common_options);
    printf("\nEvery setting is an option too, such as --public-url=https://kol.example.com;\n"
           "docs/configuration.md lists them. Exit status: 0 done, 1 failed, 2 wrong usage, "
           "130 stopped.\n");
    return KOL_EXIT_OK;
}

static int print_help(FILE *out)
{
    fprintf(out,
            "kol - phone calls become transcripts, summaries and leads, on your own machine\n\n"
            "usage: kol COMMAND [WORDS] [--OPTION=VALUE]\n\ncommands:\n");
    for (size_t i = 0; i < KOL_COUNT(commands); i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->help);
    fprintf(out, "\nkol COMMAND --help tells more.\n");
    return out == stdout ? KOL_EXIT_OK : KOL_EXIT_USAGE;
}

/* ---- options ---- */

static const struct kol_option *find_option(const struct kol_option *options, const char *name)
{
    for (const struct kol_option *o = options; o && o->name; o++)
        if (kol_streq(o->name, name))
            return o;
    return NULL;
}

static bool keep(struct kol_override *list, int *count, const char *name, const char *value)
{
    if (*count >= KOL_CLI_OPTIONS)
        return false;
    list[(*count)++] = (struct kol_override){name, value};
    return true;
}

/* Stores an option whose name and value are known. False: not an option of this command. */
static bool take_option(struct kol_cli *cli, const char *name, const char *value)
{
    if (kol_streq(name, "json"))
        cli->json = true;
    else if (kol_streq(name, "config"))
        cli->config_path = value;
    else if (kol_streq(name, "data"))
        return keep(cli->settings, &cli->setting_count, "data_dir", value);
    else if (find_option(cli->command->options, name))
        return keep(cli->given, &cli->given_count, name, value);
    else
        return keep(cli->settings, &cli->setting_count, name, value);
    return true;
}

/* "--name=value", "--name value" or "--switch"; at moves on when the value is the next word. */
static int read_option(struct kol_cli *cli, char **argv, int argc, int *at)
{
    const char *text = argv[*at] + 2;
    const char *equals = strchr(text, '=');
    const char *name = equals ? kol_arena_strn(cli->arena, text, (size_t)(equals - text)) : text;
    const struct kol_option *o = find_option(cli->command->options, name);
    const char *value = equals ? equals + 1 : NULL;

    if (!o)
        o = find_option(common_options, name);
    if (!o && !kol_conf_knows(name))
        return kol_cli_usage(cli, "there is no option --%s", name);
    const bool wants_value = !o || o->value;
    if (!wants_value && value)
        return kol_cli_usage(cli, "--%s takes no value", name);
    if (wants_value && !value) {
        if (*at + 1 >= argc)
            return kol_cli_usage(cli, "--%s needs a value", name);
        value = argv[++*at];
    }
    if (!take_option(cli, name, value ? value : ""))
        return kol_cli_usage(cli, "too many options: at most %d", KOL_CLI_OPTIONS);
    return KOL_EXIT_OK;
}

static int read_line(struct kol_cli *cli, char **argv, int argc)
{
    bool only_words = false;

    for (int i = 2; i < argc; i++) {
        if (!only_words && kol_streq(argv[i], "--")) {
            only_words = true;
        } else if (!only_words && kol_starts_with(argv[i], "--")) {
            int status = read_option(cli, argv, argc, &i);

            if (status != KOL_EXIT_OK)
                return status;
        } else if (cli->word_count < KOL_CLI_WORDS) {
            cli->words[cli->word_count++] = argv[i];
        } else {
            return kol_cli_usage(cli, "too many words: at most %d", KOL_CLI_WORDS);
        }
    }
    return KOL_EXIT_OK;
}

static bool asks_for_help(char **argv, int argc)
{
    for (int i = 2; i < argc; i++) {
        if (kol_streq(argv[i], "--"))
            return false;
        if (kol_streq(argv[i], "--help") || kol_streq(argv[i], "-h"))
            return true;
    }
    return false;
}

/* Descriptors 0 to 2 are always open, so that no file of ours can get them; a closed pipe and a
 * full disk are errors of a call, not the end of the process. */
static void prepare_process(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

static int run_command(const struct kol_command *command, char **argv, int argc)
{
    KOL_ARENA arena = kol_arena_new(0);
    struct kol_cli *cli = arena ? kol_arena_alloc(arena, sizeof(*cli)) : NULL;

    if (!cli) {
        fprintf(stderr, "kol: out of memory\n");
        return KOL_EXIT_FAILED;
    }
    cli->arena = arena;
    cli->command = command;
    cli->program = argv[0];
    int status = read_line(cli, argv, argc);
    if (status == KOL_EXIT_OK)
        status = command->run(cli);
    kol_cli_close(cli);
    return status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    prepare_process();
    setlocale(LC_CTYPE, "C.UTF-8");
    if (!name || kol_streq(name, "--help") || kol_streq(name, "-h") || kol_streq(name, "help"))
        return print_help(name ? stdout : stderr);
    if (kol_streq(name, "--version"))
        name = "version";
    for (size_t i = 0; i < KOL_COUNT(commands); i++) {
        if (!kol_streq(commands[i]->name, name))
            continue;
        if (asks_for_help(argv, argc))
            return print_command_help(commands[i]);
        return run_command(commands[i], argv, argc);
    }
    fprintf(stderr, "kol: there is no command %s\n\n", name);
    return print_help(stderr);
}
