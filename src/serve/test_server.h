/*
 * test_server.h - a server on a free port over a fresh database, and a client that sends raw bytes.
 *
 * Only tests include this.
 */
#ifndef KOL_SERVE_TEST_SERVER_H
#define KOL_SERVE_TEST_SERVER_H

#include "base/test.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/ids.h"
#include "serve/serve.h"
#include "store/access.h"
#include "store/business.h"
#include "store/call.h"
#include "store/lead.h"
#include "store/writer.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define TEST_CALL "CA00000000000000000000000000000001"    /* of the first business, file is local */
#define TEST_WAITING "CA00000000000000000000000000000002" /* of the first, file not here yet */
#define TEST_FOREIGN "CA00000000000000000000000000000003" /* of the second business, local */
#define TEST_BARE "CA00000000000000000000000000000004"    /* of the first, no recording */
#define TEST_ACCOUNT "AC0123456789abcdef0123456789abcdef"
#define TEST_AUDIO_BYTES 1000

struct test_server {
    char folder[256];
    struct kol_arena *arena;
    struct kol_conf *conf;
    struct kol_writer *writer;
    struct kol_serve *serve;
    char operator_key[KOL_KEY_TEXT];
    char key[2][KOL_KEY_TEXT]; /* of the two businesses */
    int64_t business[2];
    int64_t lead;
};

struct test_answer {
    int status;
    char head[4096];
    char body[65536];
    size_t body_len;
};

static inline void test_ok(enum kol_code code, struct kol_err *err)
{
    if (code != KOL_OK)
        fail_msg("%s: %s", kol_code_name(code), err->msg);
}

/* An MP3 that ends where it should: frames of 104 bytes (32 kbit/s at 22050 Hz), cut to size. */
static inline void test_audio(unsigned char *bytes, size_t len)
{
    memset(bytes, 0, len);
    for (size_t i = 0; i + 4 <= len; i += 104)
        memcpy(bytes + i, "\xff\xf3\x40\xc0", 4);
    bytes[len - 1] = '!';
}

static inline int64_t test_add_call(struct kol_db *db, const char *sid, int64_t business_id, int n,
                                    bool recorded, struct kol_err *err)
{
    char recording[KOL_UUID_TEXT], url[256];
    bool current, changed;
    int64_t id, now_ms = kol_wall_ms();

    snprintf(recording, sizeof recording, "RE%032d", n);
    snprintf(url, sizeof url, "https://api.twilio.com/2010-04-01/Accounts/%s/Recordings/%s",
             TEST_ACCOUNT, recording);
    test_ok(kol_call_ensure(db, sid, TEST_ACCOUNT, now_ms, &id, err), err);
    test_ok(kol_call_set_parties(db, id, "inbound", "+97250123456", "+97246001234", business_id,
                                 now_ms, err),
            err);
    test_ok(kol_call_set_status(db, id, "completed", 3, 1774375200000 + n, 1774375260000 + n,
                                now_ms, err),
            err);
    const struct kol_recording r = {
        .recording_sid = recording,
        .account_sid = TEST_ACCOUNT,
        .status = "completed",
        .source = "DialVerb",
        .url = url,
        .duration = 60,
        .channels = 2,
    };
    if (recorded)
        test_ok(kol_call_put_recording(db, id, &r, now_ms, &current, &changed, err), err);
    return id;
}

static inline void test_add_file(struct test_server *t, struct kol_db *db, const char *sid,
                                 int64_t call_id, int n, struct kol_err *err)
{
    unsigned char bytes[TEST_AUDIO_BYTES];
    char path[512], name[64], sha[65], recording[KOL_UUID_TEXT];

    test_audio(bytes, sizeof bytes);
    snprintf(recording, sizeof recording, "RE%032d", n);
    snprintf(name, sizeof name, "recordings/%s.mp3", sid);
    snprintf(path, sizeof path, "%s/%s", t->conf->data_dir, name);
    test_ok(kol_file_write_atomic(path, bytes, sizeof bytes, err), err);
    kol_sha256_hex(bytes, sizeof bytes, sha);
    test_ok(kol_call_set_audio(db, call_id, recording, name, sizeof bytes, sha, kol_wall_ms(), err),
            err);
}

static inline void test_add_key(struct kol_db *db, int64_t business_id,
                                char key[static KOL_KEY_TEXT], struct kol_err *err)
{
    char hash[65];
    int64_t id;

    kol_key_make(key);
    kol_sha256_hex(key, strlen(key), hash);
    test_ok(kol_key_add(db, business_id, "test", hash, "kol_", kol_wall_ms(), &id, err), err);
}

static inline enum kol_code test_fill(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct test_server *t = arg;
    int64_t now_ms = kol_wall_ms();

    for (int i = 0; i < 2; i++) {
        const struct kol_business b = {
            .name = i ? "Other" : "Galil <Locks>",
            .timezone = "Asia/Jerusalem",
            .language = i ? "en" : "he",
            .glossary = "",
            .services = "",
            .channel_map = "",
            .webhook_secret = "whsec_secret",
        };
        test_ok(kol_business_add(db, &b, now_ms, &t->business[i], err), err);
        test_add_key(db, t->business[i], t->key[i], err);
    }
    test_add_key(db, 0, t->operator_key, err);

    int64_t local = test_add_call(db, TEST_CALL, t->business[0], 1, true, err);
    test_add_file(t, db, TEST_CALL, local, 1, err);
    test_add_call(db, TEST_WAITING, t->business[0], 2, true, err);
    int64_t foreign = test_add_call(db, TEST_FOREIGN, t->business[1], 3, true, err);
    test_add_file(t, db, TEST_FOREIGN, foreign, 3, err);
    test_add_call(db, TEST_BARE, t->business[0], 4, false, err);

    const struct kol_lead_update lead = {
        .call_id = local,
        .business_id = t->business[0],
        .phone = "+97250123456",
        .service_type = "locksmith",
        .city = "Haifa",
        .service_type_confidence = 0.9,
        .city_confidence = 0.9,
    };
    struct kol_lead_result made;
    test_ok(kol_lead_apply(db, &lead, now_ms, &made, err), err);
    t->lead = made.id;
    return KOL_OK;
}

static inline void test_server_start(struct test_server *t)
{
    struct kol_err err = {0};
    char data[300], path[320];

    memset(t, 0, sizeof *t);
    test_folder(t->folder);
    snprintf(data, sizeof data, "%s/data", t->folder);
    snprintf(path, sizeof path, "%s/recordings", data);
    test_ok(kol_mkdir_p(path, 0700, &err), &err);
    setenv("KOL_TWILIO_AUTH_TOKEN", "12345", 1);
    const struct kol_override settings[] = {
        {"data_dir", data},
        {"listen", "127.0.0.1:0"},
        {"public_url", "https://kol.example.com"},
        {"twilio_account_sid", TEST_ACCOUNT},
        {"cors_origins", "https://crm.example.com"},
        {"http_header_timeout_s", "1"},
        {"http_threads", "2"},
    };
    t->arena = kol_arena_new(0);
    test_ok(
        kol_conf_load(t->arena, NULL, settings, sizeof settings / sizeof *settings, &t->conf, &err),
        &err);
    test_ok(kol_writer_start(t->conf->data_dir, NULL, &t->writer, &err), &err);
    test_ok(kol_write(t->writer, test_fill, t, &err), &err);
    const struct kol_serve_options options = {.conf = t->conf, .writer = t->writer};
    test_ok(kol_serve_start(&options, &t->serve, &err), &err);
}

static inline int test_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static inline void test_server_stop(struct test_server *t)
{
    kol_serve_stop(t->serve);
    kol_writer_stop(t->writer);
    kol_arena_free(t->arena);
    nftw(t->folder, test_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the client ---- */

static inline int test_connect(const struct test_server *t)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)kol_serve_port(t->serve))};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (void *)&to, sizeof to) < 0)
        fail_msg("connect: %s", strerror(errno));
    return fd;
}

static inline void test_send(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* it hung up; what it said is read all the same */
        text += n;
        len -= (size_t)n;
    }
}

/* Reads until the server closes; status 0: it closed without a word. */
static inline void test_receive(int fd, struct test_answer *a)
{
    static _Thread_local char all[sizeof a->head + sizeof a->body];
    size_t len = 0;
    ssize_t n;

    memset(a, 0, sizeof *a);
    while (len < sizeof all - 1 && (n = recv(fd, all + len, sizeof all - 1 - len, 0)) > 0)
        len += (size_t)n;
    all[len] = '\0';
    close(fd);
    char *end = strstr(all, "\r\n\r\n");
    if (!end || (size_t)(end - all) >= sizeof a->head - 2)
        return;
    a->status = (int)strtol(all + 9, NULL, 10);
    memcpy(a->head, all, (size_t)(end - all) + 2);
    a->body_len = len - (size_t)(end + 4 - all);
    memcpy(a->body, end + 4, a->body_len);
}

static inline void test_raw(const struct test_server *t, const char *text, struct test_answer *a)
{
    int fd = test_connect(t);
    test_send(fd, text, strlen(text));
    test_receive(fd, a);
}

/* headers: lines, each with its \r\n; NULL is fine. body NULL: none. */
static inline int test_ask(const struct test_server *t, const char *method, const char *target,
                           const char *key, const char *headers, const char *body,
                           struct test_answer *a)
{
    char text[16384], auth[128] = "", length[64] = "";

    if (key)
        snprintf(auth, sizeof auth, "Authorization: Bearer %s\r\n", key);
    if (body)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: kol\r\nConnection: close\r\n%s%s%s\r\n%s",
             method, target, auth, length, headers ? headers : "", body ? body : "");
    test_raw(t, text, a);
    return a->status;
}

/* The value of a header; NULL when absent. Good until the next call. */
static inline const char *test_header(const struct test_answer *a, const char *name)
{
    static _Thread_local char value[1024];
    char line[128];

    snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *at = strcasestr(a->head, line);
    if (!at)
        return NULL;
    at += strlen(line);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

#define JSON_HEADER "Content-Type: application/json\r\n"

#endif
