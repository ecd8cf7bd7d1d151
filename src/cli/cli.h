/*
 * cli.h - what every command shares: its options, the settings, the database, how it prints.
 *
 * A command is a row in main.c's table; its options come from its own table, so that parsing and
 * --help cannot disagree. Any setting is an option too: --public-url=https://kol.example.com.
 */
#ifndef KOL_CLI_CLI_H
#define KOL_CLI_CLI_H

#include "base/json.h"
#include "conf/conf.h"
#include "store/business.h"
#include "store/writer.h"

enum kol_exit {
    KOL_EXIT_OK = 0,
    KOL_EXIT_FAILED = 1,   /* it was tried and did not work; stderr says why */
    KOL_EXIT_USAGE = 2,    /* the command line is wrong; nothing was tried */
    KOL_EXIT_STOPPED = 130 /* Ctrl-C or SIGTERM; what is there is whole */
};

struct kol_option {
    const char *name;  /* without dashes */
    const char *value; /* what --help calls its value; NULL: a switch */
    const char *help;
};

struct kol_cli;

struct kol_command {
    const char *name;
    const char *usage;                /* after the name; one line per form */
    const char *help;                 /* one line */
    const struct kol_option *options; /* ends with name NULL; NULL: none */
    int (*run)(struct kol_cli *cli);
};

#define KOL_CLI_WORDS 4096
#define KOL_CLI_OPTIONS 32

/* A parsed command line. */
struct kol_cli {
    struct kol_arena *arena;
    const struct kol_command *command;
    const char *program;              /* argv[0] */
    const char *words[KOL_CLI_WORDS]; /* what is no option */
    int word_count;
    struct kol_override given[KOL_CLI_OPTIONS]; /* the command's own options */
    int given_count;
    struct kol_override settings[KOL_CLI_OPTIONS];
    int setting_count;
    const char *config_path;
    bool json;
    /* made on demand */
    struct kol_conf *conf;
    struct kol_writer *writer;
};

const char *kol_cli_option(const struct kol_cli *cli,
                           const char *name); /* NULL: not given; "" for a switch */
bool kol_cli_has(const struct kol_cli *cli, const char *name);
/* Word number at, or NULL. */
const char *kol_cli_word(const struct kol_cli *cli, int at);
/* A positive whole number. False after saying what is wrong. */
bool kol_cli_number(const char *text, const char *what, int64_t *ret);

/* Loads the settings and sets up the log (stderr). */
enum kol_code kol_cli_conf(struct kol_cli *cli, struct kol_err *err) KOL_MUST_CHECK;
/* The same, and opens the database for reading and writing. */
enum kol_code kol_cli_open(struct kol_cli *cli, struct kol_err *err) KOL_MUST_CHECK;
/* Opens it and borrows a connection to read with; NULL and err when that fails. */
struct kol_db *kol_cli_read(struct kol_cli *cli, struct kol_err *err);
void kol_cli_close(struct kol_cli *cli);

int kol_cli_fail(const struct kol_err *err); /* prints it, returns KOL_EXIT_FAILED */
int kol_cli_usage(const struct kol_cli *cli, const char *fmt, ...) KOL_PRINTF(2, 3);
void kol_cli_print_json(json_t *json); /* steals it */
/* A cell of a table, with control characters and right-to-left overrides made visible. */
void kol_cli_print_text(const char *text, int width);

/* A change made from the command line, with nothing else to store. */
enum kol_code kol_cli_change(struct kol_cli *cli, kol_write_fn fn, void *arg,
                             struct kol_err *err) KOL_MUST_CHECK;

/* Is there a business with Hebrew calls, and a model that does not understand them? */
bool kol_cli_weak_hebrew(const struct kol_conf *conf, const struct kol_business *list,
                         size_t count);

/* One per subcommand word: kol job list, kol job retry 7. Ends with name NULL. */
struct kol_subcommand {
    const char *name;
    int words; /* how many more it needs at least */
    int (*run)(struct kol_cli *cli);
};
int kol_cli_dispatch(struct kol_cli *cli, const struct kol_subcommand *list);

extern const struct kol_command kol_cmd_serve, kol_cmd_worker, kol_cmd_transcribe, kol_cmd_call,
    kol_cmd_job, kol_cmd_key, kol_cmd_business, kol_cmd_model, kol_cmd_doctor, kol_cmd_version,
    kol_cmd_import, kol_cmd_twilio, kol_cmd_account;

#endif
