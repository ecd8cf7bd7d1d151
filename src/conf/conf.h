/*
 * conf.h - the settings in force: file < environment < flags.
 *
 * Loaded once into an arena and handed down as const struct kol_conf *; there is no global one.
 * Used by: everyone below. Threading: it does not change after kol_conf_load().
 */
#ifndef KOL_CONF_CONF_H
#define KOL_CONF_CONF_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/settings.h"
#include <stdint.h>

struct kol_strings {
    size_t count;
    const char *const *items;
};

/* Places of channel_map; of log_format and log_level: enum kol_log_format, enum kol_level. */
enum kol_channel_map {
    KOL_CHANNELS_AUTO,
    KOL_CHANNELS_CUSTOMER_AGENT,
    KOL_CHANNELS_AGENT_CUSTOMER
};

/* Places of engine. */
enum kol_engine_choice {
    KOL_ENGINE_AUTO,
    KOL_ENGINE_NATIVE,
    KOL_ENGINE_WHISPER,
    KOL_ENGINE_OPENAI
};

struct kol_conf {
#define KOL_FIELD_BOOL bool
#define KOL_FIELD_INT int64_t
#define KOL_FIELD_SECONDS int64_t
#define KOL_FIELD_BYTES int64_t
#define KOL_FIELD_TEXT const char *
#define KOL_FIELD_PATH const char *
#define KOL_FIELD_SECRET const char *
#define KOL_FIELD_CHOICE int
#define KOL_FIELD_LIST struct kol_strings
#define X(type, name, fallback, least, most, when, choices, help) KOL_FIELD_##type name;
#define G(title)
    KOL_SETTINGS(X, G)
#undef X
#undef G

    /* Worked out from the settings. Empty data_dir-relative ones above are filled in, paths made
     * absolute. */
    const char *listen_host;     /* without brackets */
    int listen_port;             /* 0: any free one */
    struct kol_strings warnings; /* for the log at start and for kol doctor */
    /* Where model and model_he were set ("kol.toml:3"); NULL: nowhere, so choice.h decides. */
    const char *model_where, *model_he_where;
};

/* A flag: --name=value. Dashes in name stand for underscores. */
struct kol_override {
    const char *name;
    const char *value;
};

/*
 * Reads file, environment (KOL_<NAME>) and flags, checks all, and works out the rest.
 *
 *   path       the settings file; NULL: $KOL_CONFIG, and without that no file
 *   overrides  n flags, later ones win. Secrets are refused here: flags are seen by all users
 *   ret        lives as long as a
 *
 * A secret may also come from a file: <name>_file. Relative paths in the settings file start at its
 * folder, others at the current one.
 * Errors: BAD_CONFIG, saying where, which setting and what to do; NO_MEMORY.
 */
enum kol_code kol_conf_load(struct kol_arena *a, const char *path,
                            const struct kol_override *overrides, size_t n, struct kol_conf **ret,
                            struct kol_err *err) KOL_MUST_CHECK;

/* True when name is a setting, or NAME_file of a secret one, so that the command line knows its
 * flags. */
bool kol_conf_knows(const char *name);

void kol_conf_print_docs(FILE *out);   /* docs/configuration.md */
void kol_conf_print_sample(FILE *out); /* kol.toml with every setting as a comment */
/* What is in force, for kol doctor; secrets only as "set" or "not set". */
void kol_conf_print(FILE *out, const struct kol_conf *conf);

#endif
