/* test_conf.c - sources, their order, and what is said about mistakes. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/test.h"
#include "conf/conf.h"
#include <sys/stat.h>

static char folder[256];
static struct kol_arena *arena;

static void remove_files(void)
{
    static const char *const names[] = {"kol.toml", "secret", "empty"};
    char path[300];

    for (size_t i = 0; i < KOL_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
}

static int start(void **state)
{
    static const char *const ours[] = {"KOL_MODELS", "KOL_BIN", "KOL_DECODE"};

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(ours); i++)
        unsetenv(ours[i]); /* of the test runner; near to settings */
    test_folder(folder);
    arena = kol_arena_new(0);
    return arena ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    remove_files();
    kol_arena_free(arena);
    return rmdir(folder);
}

static const char *write_file(const char *name, const char *text)
{
    struct kol_err err;
    const char *path = kol_arena_fmt(arena, "%s/%s", folder, name);

    check_ok(name, kol_file_write_atomic(path, text, strlen(text), &err), &err);
    return path;
}

/* The settings of that file, or NULL and the message. */
static struct kol_conf *load(const char *toml, const struct kol_override *flags, size_t n,
                             struct kol_err *err)
{
    struct kol_conf *conf = NULL;
    const char *path = toml ? write_file("kol.toml", toml) : NULL;

    *err = (struct kol_err){0};
    enum kol_code code = kol_conf_load(arena, path, flags, n, &conf, err);
    if (code != KOL_OK)
        check_code(err->msg, code, KOL_BAD_CONFIG, err);
    return conf;
}

static struct kol_conf *load_ok(const char *toml)
{
    struct kol_err err;
    struct kol_conf *conf = load(toml, NULL, 0, &err);

    if (!conf)
        fail_msg("%s", err.msg);
    return conf;
}

static void defaults(void **state)
{
    struct kol_conf *c = load_ok(NULL);

    (void)state;
    check_str("listen", c->listen, "127.0.0.1:8080");
    check_str("host", c->listen_host, "127.0.0.1");
    check_int("port", c->listen_port, 8080);
    check_str("api", c->twilio_api_base, "https://api.twilio.com");
    check_str("secret", c->twilio_auth_token, "");
    check_int("worker", c->worker, true);
    check_int("realtime", c->realtime_after_s, 600);
    check_int("lookup", c->lookup_after_s, 60);
    check_int("body", c->max_body_bytes, 65536);
    check_int("recording", c->max_recording_bytes, 200LL << 20);
    check_int("divisor", c->test_wait_divisor, 1);
    check_int("level", c->log_level, KOL_INFO);
    check_int("format", c->log_format, KOL_LOG_TEXT);
    check_int("channels", c->channel_map, KOL_CHANNELS_AUTO);
    check_int("hosts", c->allow_private_hosts.count, 0);
    check_true(c->data_dir, c->data_dir[0] == '/' && kol_ends_with(c->data_dir, "/kol-data"));
    check_true(c->database, kol_ends_with(c->database, "/kol-data/kol.db"));
    check_true(c->model_dir, kol_ends_with(c->model_dir, "/kol-data/models"));
    check_true(c->decode_program, kol_ends_with(c->decode_program, "/kol-decode"));
}

static void file_values(void **state)
{
    struct kol_conf *c = load_ok("data_dir = \"d\"\n"
                                 "listen = \"[::1]:0\"\n"
                                 "public_url = \"https://kol.example.com//\"\n"
                                 "worker = false\n"
                                 "max_body_bytes = \"128 KiB\"\n"
                                 "disk_floor_bytes = 0\n"
                                 "log_level = \"error\"\n"
                                 "log_format = 'json'\n"
                                 "cors_origins = [\"https://a.example\", 'http://b.example:8080']\n"
                                 "channel-map = \"agent,customer\"\n"
                                 "[twilio]\n"
                                 "account_sid = \"AC0123456789abcdef0123456789abcdef\"\n"
                                 "auth_token = \"t\"\n");

    (void)state;
    check_str("path", c->data_dir, kol_arena_fmt(arena, "%s//d", folder));
    check_str("host", c->listen_host, "::1");
    check_int("port", c->listen_port, 0);
    check_str("url", c->public_url, "https://kol.example.com");
    check_int("worker", c->worker, false);
    check_int("bytes", c->max_body_bytes, 131072);
    check_int("floor", c->disk_floor_bytes, 0);
    check_int("level", c->log_level, KOL_ERROR);
    check_int("format", c->log_format, KOL_LOG_JSON);
    check_int("origins", c->cors_origins.count, 2);
    check_str("origin", c->cors_origins.items[1], "http://b.example:8080");
    check_int("channels", c->channel_map, KOL_CHANNELS_AGENT_CUSTOMER);
    check_str("sid", c->twilio_account_sid, "AC0123456789abcdef0123456789abcdef");
    check_str("token", c->twilio_auth_token, "t");
    check_int("file is private", c->warnings.count, 0);
}

static void later_sources_win(void **state)
{
    static const struct kol_override flags[] = {{"fetch-threads", "4"},
                                                {"fetch_threads", "5"},
                                                {"allow_private_hosts", "a.lan, 10.0.0.1:8 ,"}};
    struct kol_err err;

    (void)state;
    setenv("KOL_FETCH_THREADS", "3", 1);
    setenv("KOL_HTTP_THREADS", "7", 1);
    setenv("KOL_WORKER", "off", 1);
    setenv("KOL_MODELS", "/x", 1); /* near to a setting, but none: a warning */
    setenv("KOL_SOMETHING_ELSE", "x", 1);
    struct kol_conf *c =
        load("fetch_threads = 1\nhttp_threads = 2\ndeliver_threads = 9", flags, 3, &err);
    unsetenv("KOL_FETCH_THREADS");
    unsetenv("KOL_HTTP_THREADS");
    unsetenv("KOL_WORKER");
    unsetenv("KOL_MODELS");
    unsetenv("KOL_SOMETHING_ELSE");
    check_true(err.msg, c != NULL);
    check_int("flag", c->fetch_threads, 5);
    check_int("environment", c->http_threads, 7);
    check_int("environment", c->worker, false);
    check_int("file", c->deliver_threads, 9);
    check_int("list", c->allow_private_hosts.count, 2);
    check_str("list", c->allow_private_hosts.items[0], "a.lan");
    check_str("list", c->allow_private_hosts.items[1], "10.0.0.1:8");
    check_int("warnings", c->warnings.count, 1);
    check_str("warning", c->warnings.items[0],
              "KOL_MODELS is no setting and was ignored; did you mean model?");
}

static void file_named_by_environment(void **state)
{
    struct kol_err err;

    (void)state;
    setenv("KOL_CONFIG", write_file("kol.toml", "fetch_threads = 8"), 1);
    struct kol_conf *c = load(NULL, NULL, 0, &err);
    unsetenv("KOL_CONFIG");
    check_true(err.msg, c != NULL);
    check_int("threads", c->fetch_threads, 8);
}

static void secrets_from_files(void **state)
{
    struct kol_err err;
    const char *path = write_file("secret", "s3cret\nsecond line\n");

    (void)state;
    write_file("empty", "\n");
    struct kol_conf *c = load_ok("twilio_auth_token_file = \"secret\"");
    check_str("relative", c->twilio_auth_token, "s3cret");
    check_int("private", c->warnings.count, 0);

    chmod(path, 0644);
    c = load_ok("[twilio]\nauth_token_file = \"secret\"");
    check_int("public", c->warnings.count, 1);
    check_has("public", c->warnings.items[0], "can be read by every user");

    setenv("KOL_TWILIO_AUTH_TOKEN_FILE", path, 1);
    c = load_ok("twilio_auth_token = \"other\"");
    check_str("environment", c->twilio_auth_token, "s3cret");
    unsetenv("KOL_TWILIO_AUTH_TOKEN_FILE");

    load("twilio_auth_token_file = \"empty\"", NULL, 0, &err);
    check_has("empty", err.msg, "/kol.toml:1: twilio_auth_token_file: the first line of ");
    load("twilio_auth_token_file = \"nowhere\"", NULL, 0, &err);
    check_has("absent", err.msg, "No such file");
    load("twilio_auth_token = \"a\"\ntwilio_auth_token_file = \"secret\"", NULL, 0, &err);
    check_has("both", err.msg, ":2: twilio_auth_token is set already by ");
}

static void mistakes(void **state)
{
    static const struct {
        const char *toml, *message;
    } rows[] = {
        {"listn = \"x\"", ":1: there is no setting 'listn'; did you mean listen?"},
        {"\n[twilio]\nacount_sid = \"x\"", ":3: there is no setting 'twilio.acount_sid'; did you "
                                           "mean twilio_account_sid?"},
        {"zzzzzz = 1", "there is no setting 'zzzzzz'; kol doctor --settings lists them"},
        {"listen_file = \"x\"", "there is no setting 'listen_file'"},
        {"listen = 8080", ":1: listen must be text in quotes"},
        {"worker = \"yes\"", "worker must be true or false"},
        {"worker = 1", "worker must be true or false"},
        {"beam_size = \"1\"", "beam_size must be a whole number without quotes"},
        {"beam_size = 1.0", "beam_size must be a whole number without quotes"},
        {"beam_size = 0", ":1: beam_size is 0; it must be from 1 to 8"},
        {"fetch_timeout_s = 4", "fetch_timeout_s is 4; it must be from 5 to 3600 s"},
        {"max_body_bytes = \"17 MiB\"", "max_body_bytes is 17825792; it must be from 1024 to "
                                        "16777216 bytes"},
        {"max_body_bytes = \"1 kilo\"", "write bytes as 65536, \"64 KiB\""},
        {"max_body_bytes = \"9223372036854775807 GiB\"", "write bytes as 65536"},
        {"cors_origins = \"x\"", "cors_origins must be a list such as [\"a\", \"b\"]"},
        {"cors_origins = [1]", "cors_origins must be a list"},
        {"log_format = \"xml\"", "log_format is 'xml'; it must be one of text|json"},
        {"log_format = \"\"", "it must be one of text|json"},
        {"model = \"a\"\n'model' = \"b\"", ":2: model is set twice: see line 1"},
        {"twilio_account_sid = \"AC1\"\n[twilio]\naccount_sid = \"AC2\"",
         ":3: twilio_account_sid is set already by "},
        {"listen = \"8080\"", "write address:port, such as 127.0.0.1:8080"},
        {"listen = \"::1:8080\"", "write address:port"},
        {"listen = \"a:65536\"", "write address:port"},
        {"listen = \"a:+80\"", "write address:port"},
        {"public_url = \"kol.example.com\"", "write a URL such as https://kol.example.com"},
        {"public_url = \"https://k.example/?a\"", "without ? and #"},
        {"twilio_api_base = \"https://u@k.example\"", "write a URL"},
        {"public_url = \"https:///x\"", "write a URL"},
        {"cors_origins = [\"https://a.example/\"]", "write scheme and host only"},
        {"cors_origins = [\"*\"]", "write scheme and host only"},
        {"allow_private_hosts = [\"http://a\"]", "write a host or host:port"},
        {"allow_private_hosts = [\"\"]", "write a host or host:port"},
        {"twilio_account_sid = \"AC1\"", "it must be AC and 32 hex digits"},
        {"twilio_api_key_sid = \"AC0123456789abcdef0123456789abcdef\"", "it must be SK and 32"},
        {"twilio_api_key_sid = \"SK0123456789abcdef0123456789abcdef\"", "together"},
        {"twilio_api_key_secret = \"hush\"", "twilio_api_key_secret is 'set'; set twilio_api_key"},
        {"twilio_api_base = \"\"", "leave it out"},
        {"default_country = \"+972\"", "write the digits of a country code"},
        {"default_timezone = \"Asia/Nowhere\"",
         ":1: default_timezone: time zone 'Asia/Nowhere' is"},
        {"data_dir = \"\"", "name the folder"},
        {"database = \"postgresql://u:pw@h/d\"", ":1: database: PostgreSQL is not in this version"},
        {"database = \"mysql://u:pw@h/d\"", "only the path of an SQLite file"},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct kol_err err;
        check_true(rows[i].toml, load(rows[i].toml, NULL, 0, &err) == NULL);
        check_has(rows[i].toml, err.msg, rows[i].message);
        check_true(err.msg, !strstr(err.msg, "hush") && !strstr(err.msg, "pw@"));
    }
}

static void mistakes_elsewhere(void **state)
{
    static const struct {
        const char *name, *value, *message;
    } rows[] = {
        {"no-such", "1", "--no-such: there is no setting 'no-such'"},
        {"twilio_auth_token", "x", "--twilio_auth_token: every user of this machine can see flags"},
        {"beam-size", "x", "--beam-size: beam_size is 'x'; it must be a whole number"},
        {"worker", "maybe", "it must be true or false"},
    };
    struct kol_err err;

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct kol_override flag = {rows[i].name, rows[i].value};
        check_true(rows[i].name, load(NULL, &flag, 1, &err) == NULL);
        check_has(rows[i].name, err.msg, rows[i].message);
    }
    setenv("KOL_BEAM_SIZE", "99", 1);
    load(NULL, NULL, 0, &err);
    unsetenv("KOL_BEAM_SIZE");
    check_str("environment", err.msg, "KOL_BEAM_SIZE: beam_size is 99; it must be from 1 to 8");

    struct kol_conf *conf = NULL;
    check_code("absent", kol_conf_load(arena, "/no/kol.toml", NULL, 0, &conf, &err), KOL_BAD_CONFIG,
               &err);
    check_has("absent", err.msg, "settings: open /no/kol.toml: No such file");
}

static char *printed(void (*print)(FILE *))
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    print(f);
    fclose(f);
    return text;
}

/* With every comment mark in front of a setting removed, the sample is the defaults. */
static void sample_is_valid(void **state)
{
    KOL_CLEANUP(kol_free_str) char *sample = printed(kol_conf_print_sample);

    (void)state;
    for (char *p = sample; (p = strstr(p, "\n#"));)
        if (p[2] != ' ')
            memmove(p + 1, p + 2, strlen(p + 2) + 1);
        else
            p++;
    check_has("sample", sample, "\nlisten = \"127.0.0.1:8080\"\n");
    struct kol_conf *c = load_ok(sample);
    check_int("divisor", c->test_wait_divisor, 1);
    check_int("bytes", c->max_recording_bytes, 200LL << 20);
    check_true(c->database, kol_ends_with(c->database, "/kol-data/kol.db"));
}

/* The page in docs/ is this table's: kol doctor --settings > docs/configuration.md */
static void docs_are_this_table(void **state)
{
    KOL_CLEANUP(kol_free_str) char *now = printed(kol_conf_print_docs);
    KOL_CLEANUP(kol_free_str) char *page = NULL;
    struct kol_err err;

    (void)state;
    check_ok(
        "page",
        kol_file_read(KOL_TEST_DATA "/../../docs/configuration.md", 1 << 20, &page, NULL, &err),
        &err);
    check_true("kol doctor --settings > docs/configuration.md", kol_streq(page, now));
}

static void print_hides_secrets(void **state)
{
    struct kol_conf *c = load_ok("twilio_auth_token = \"hush\"\nlog_level=\"warn\"\n"
                                 "allow_private_hosts = [\"a\", \"b\\\"\"]");
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    (void)state;
    kol_conf_print(f, c);
    fclose(f);
    check_has("secret", text, "\ntwilio_auth_token = set\n");
    check_has("secret", text, "\ntwilio_api_key_secret = not set\n");
    check_has("choice", text, "\nlog_level = \"warn\"\n");
    check_has("list", text, "\nallow_private_hosts = [\"a\", \"b\\\"\"]\n");
    check_true("hidden", !strstr(text, "hush"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(file_values),
        cmocka_unit_test(later_sources_win),
        cmocka_unit_test(file_named_by_environment),
        cmocka_unit_test(secrets_from_files),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(mistakes_elsewhere),
        cmocka_unit_test(sample_is_valid),
        cmocka_unit_test(docs_are_this_table),
        cmocka_unit_test(print_hides_secrets),
    };
    return cmocka_run_group_tests_name("conf", tests, start, stop);
}
