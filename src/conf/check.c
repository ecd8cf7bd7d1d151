/* check.c - what the table cannot say: shapes of values, and what follows from several of them. */
#include "base/cleanup.h"
#include "base/ids.h"
#include "base/str.h"
#include "base/zone.h"
#include "conf/setting.h"
#include <limits.h>
#include <string.h>

struct check {
    struct kol_arena *a;
    struct kol_conf *conf;
    const char *const *where;
    struct kol_err *err;
};

/* Where the setting came from: the reader of the message looks there. */
static const char *where(const struct check *c, const char *name)
{
    return c->where[kol_setting_find(name) - kol_settings];
}

static enum kol_code bad(const struct check *c, const char *name, const char *value,
                         const char *what)
{
    return kol_fail(c->err, KOL_BAD_CONFIG, "%s: %s is '%s'; %s", where(c, name), name, value,
                    what);
}

static enum kol_code no_memory(const struct check *c)
{
    return kol_fail(c->err, KOL_NO_MEMORY, "settings: out of memory");
}

/* host:port, [v6]:port or :port (every address) */
static enum kol_code check_listen(struct check *c)
{
    static const char hint[] = "write address:port, such as 127.0.0.1:8080 or [::1]:8080";
    const char *text = c->conf->listen;
    const char *colon = strrchr(text, ':');
    int64_t port = 0;

    if (!colon || !kol_parse_i64(colon + 1, &port) || port < 0 || port > 65535 ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return bad(c, "listen", text, hint);
    size_t len = (size_t)(colon - text);
    bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (!bracketed && memchr(text, ':', len))
        return bad(c, "listen", text, hint);

    c->conf->listen_host = bracketed ? kol_arena_strn(c->a, text + 1, len - 2)
                                     : kol_arena_strn(c->a, len ? text : "0.0.0.0", len ? len : 7);
    c->conf->listen_port = (int)port;
    return c->conf->listen_host ? KOL_OK : no_memory(c);
}

static bool is_web_url(const char *url)
{
    bool web = kol_starts_with(url, "https://") || kol_starts_with(url, "http://");
    const char *host = web ? strchr(url, '/') + 2 : "";

    return *host && *host != '/' && !strpbrk(url, "?#\\ \t\"<>");
}

/* Base URLs are joined with paths that start with a slash. */
static enum kol_code check_base_url(struct check *c, const char *name, bool with_user,
                                    const char **url)
{
    if (kol_str_empty(*url))
        return KOL_OK;
    /* user:password@ belongs to the address that Twilio signs, so public_url may have it. */
    if (!is_web_url(*url) || (!with_user && strchr(*url, '@')))
        return bad(c, name, *url, "write a URL such as https://kol.example.com, without ? and #");
    size_t len = strlen(*url);
    while ((*url)[len - 1] == '/')
        len--;
    *url = kol_arena_strn(c->a, *url, len);
    return *url ? KOL_OK : no_memory(c);
}

static enum kol_code check_origins(struct check *c)
{
    for (size_t i = 0; i < c->conf->cors_origins.count; i++) {
        const char *origin = c->conf->cors_origins.items[i];
        if (!is_web_url(origin) || strchr(origin, '@') || strchr(strchr(origin, '/') + 2, '/'))
            return bad(c, "cors_origins", origin,
                       "write scheme and host only, such as https://crm.example.com");
    }
    return KOL_OK;
}

static enum kol_code check_private_hosts(struct check *c)
{
    for (size_t i = 0; i < c->conf->allow_private_hosts.count; i++) {
        const char *host = c->conf->allow_private_hosts.items[i];
        if (!*host || strpbrk(host, "/@?# *"))
            return bad(c, "allow_private_hosts", host,
                       "write a host or host:port, without http:// and without *");
    }
    return KOL_OK;
}

static enum kol_code check_twilio(struct check *c)
{
    struct kol_conf *conf = c->conf;
    const char *sid = conf->twilio_account_sid;
    const char *key = conf->twilio_api_key_sid;

    if (*sid && !kol_sid_valid(sid, "AC"))
        return bad(c, "twilio_account_sid", sid, "it must be AC and 32 hex digits in lower case");
    if (*key && !kol_sid_valid(key, "SK"))
        return bad(c, "twilio_api_key_sid", key, "it must be SK and 32 hex digits in lower case");
    if (!*key != !*conf->twilio_api_key_secret)
        return bad(c, *key ? "twilio_api_key_sid" : "twilio_api_key_secret", *key ? key : "set",
                   "set twilio_api_key_sid and twilio_api_key_secret together");
    if (!*conf->twilio_api_base)
        return bad(c, "twilio_api_base", "", "leave it out for https://api.twilio.com");
    return check_base_url(c, "twilio_api_base", false, &conf->twilio_api_base);
}

static enum kol_code check_llm(struct check *c)
{
    struct kol_conf *conf = c->conf;

    if (*conf->understand_llm_url && !*conf->understand_llm_model)
        return bad(c, "understand_llm_url", conf->understand_llm_url,
                   "set understand_llm_model, too");
    return check_base_url(c, "understand_llm_url", false, &conf->understand_llm_url);
}

static enum kol_code check_openai(struct check *c)
{
    struct kol_conf *conf = c->conf;

    if (conf->engine == KOL_ENGINE_OPENAI && !*conf->openai_url)
        return bad(c, "engine", "openai", "set openai_url, too");
    if (conf->engine == KOL_ENGINE_OPENAI && !*conf->openai_model)
        return bad(c, "openai_model", "", "name the server's model");
    return check_base_url(c, "openai_url", false, &conf->openai_url);
}

static enum kol_code check_places(struct check *c)
{
    const char *country = c->conf->default_country;
    KOL_ZONE zone = NULL;

    if (strspn(country, "0123456789") != strlen(country) || strlen(country) > 3 || *country == '0')
        return bad(c, "default_country", country, "write the digits of a country code: \"972\"");
    if (kol_zone_load(c->conf->default_timezone, &zone, c->err) != KOL_OK) {
        c->err->code = KOL_BAD_CONFIG;
        return kol_err_prefix(c->err, "%s: default_timezone", where(c, "default_timezone"));
    }
    return KOL_OK;
}

/* The folder of the running program, NULL when /proc does not say. */
static const char *program_folder(struct kol_arena *a)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);

    if (len <= 0)
        return NULL;
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    return slash ? kol_arena_strn(a, path, (size_t)(slash - path)) : NULL;
}

static enum kol_code fill_in_paths(struct check *c)
{
    struct kol_conf *conf = c->conf;

    if (!*conf->data_dir)
        return bad(c, "data_dir", "", "name the folder for database and recordings");
    if (!*conf->model_dir)
        conf->model_dir = kol_arena_fmt(c->a, "%s/models", conf->data_dir);
    if (!*conf->secrets_key_file)
        conf->secrets_key_file = kol_arena_fmt(c->a, "%s/secrets.key", conf->data_dir);
    if (!*conf->decode_program) {
        const char *folder = program_folder(c->a);
        conf->decode_program = kol_arena_fmt(c->a, "%s/kol-decode", folder ? folder : "/usr/bin");
    }
    return kol_arena_failed(c->a) ? no_memory(c) : KOL_OK;
}

static enum kol_code check_database(struct check *c)
{
    const char *dsn = c->conf->database;

    if (kol_starts_with(dsn, "postgresql:") || kol_starts_with(dsn, "postgres:"))
        return kol_fail(c->err, KOL_BAD_CONFIG,
                        "%s: database: PostgreSQL is not in this version; leave database out to "
                        "use SQLite in data_dir",
                        where(c, "database"));
    if (strstr(dsn, "://"))
        return kol_fail(c->err, KOL_BAD_CONFIG,
                        "%s: database: only the path of an SQLite file is known here",
                        where(c, "database"));
    if (!*dsn)
        c->conf->database = kol_arena_fmt(c->a, "%s/kol.db", c->conf->data_dir);
    return c->conf->database ? KOL_OK : no_memory(c);
}

enum kol_code kol_conf_check(struct kol_arena *a, struct kol_conf *conf,
                             const char *const where_from[KOL_SETTING_COUNT], struct kol_err *err)
{
    static enum kol_code (*const checks[])(struct check *) = {
        check_listen, check_origins, check_private_hosts, check_twilio,   check_llm,
        check_openai, check_places,  fill_in_paths,       check_database,
    };
    struct check c = {a, conf, where_from, err};

    for (size_t i = 0; i < KOL_COUNT(checks); i++) {
        enum kol_code code = checks[i](&c);
        if (code != KOL_OK)
            return code;
    }
    enum kol_code code = check_base_url(&c, "model_base_url", false, &conf->model_base_url);
    return code == KOL_OK ? check_base_url(&c, "public_url", true, &conf->public_url) : code;
}
