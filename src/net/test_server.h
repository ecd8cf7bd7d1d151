/*
 * test_server.h - a small HTTP server in a thread, for tests of what calls others.
 *
 * Answers by path (see test_answer()); keeps the last request as it came. One connection at a time.
 */
#ifndef KOL_NET_TEST_SERVER_H
#define KOL_NET_TEST_SERVER_H

#include "base/clock.h"
#include "base/str.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct test_server {
    int fd;
    int port;
    pthread_t thread;
    atomic_int requests;
    atomic_bool stopping;
    atomic_bool answering;        /* scripted is being read: see test_server_quiet() */
    const char *_Atomic scripted; /* JSON: what /scripted answers */
    char last[32768];             /* read it when the client has its answer */
};

static inline void test_send(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        data += n;
        len -= (size_t)n;
    }
}

static inline void test_send_text(int fd, const char *text)
{
    test_send(fd, text, strlen(text));
}

static inline void test_reply(int fd, const char *status, const char *headers, const char *body)
{
    char head[4096];

    int len = snprintf(head, sizeof head,
                       "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n", status,
                       strlen(body), headers);
    test_send(fd, head, (size_t)len);
    test_send_text(fd, body);
}

static inline void test_send_bytes(int fd, long declared, long sent)
{
    char head[200];
    char block[4096];

    int len =
        snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %ld\r\n\r\n", declared);
    test_send(fd, head, (size_t)(declared < 0 ? 0 : len));
    if (declared < 0)
        test_send_text(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    memset(block, 'x', sizeof block);
    for (; sent > 0; sent -= (long)sizeof block)
        test_send(fd, block, sent < (long)sizeof block ? (size_t)sent : sizeof block);
}

/* Waits until the client hangs up. */
static inline void test_wait_gone(struct test_server *s, int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char c = 0;

    for (int i = 0; i < 1000 && !s->stopping; i++)
        if (poll(&p, 1, 10) > 0 && recv(fd, &c, 1, 0) <= 0)
            return;
}

static inline void test_redirect(int fd, const char *target)
{
    char header[2048];

    snprintf(header, sizeof header, "Location: %.*s\r\n", (int)strcspn(target, " "), target);
    test_reply(fd, "302 Found", header, "moved");
}

/* path: "/ok HTTP/1.1\r\n..." */
static inline void test_answer(struct test_server *s, int fd, const char *path)
{
    char status[64];

    if (kol_starts_with(path, "/ok"))
        test_reply(fd, "200 OK", "Content-Type: text/plain\r\nETag: \"e1\"\r\n", "hello");
    else if (kol_starts_with(path, "/empty"))
        test_reply(fd, "200 OK", "", "");
    else if (kol_starts_with(path, "/echo"))
        test_reply(fd, "200 OK", "", s->last);
    else if (kol_starts_with(path, "/scripted"))
        test_reply(fd, "200 OK", "Content-Type: application/json\r\n", s->scripted);
    else if (kol_starts_with(path, "/status/")) {
        snprintf(status, sizeof status, "%.3s Some", path + 8);
        test_reply(fd, status, "Retry-After: 7\r\n", "the reason");
    } else if (kol_starts_with(path, "/to/"))
        test_redirect(fd, path + 4);
    else if (kol_starts_with(path, "/bytes/"))
        test_send_bytes(fd, strtol(path + 7, NULL, 10), strtol(path + 7, NULL, 10));
    else if (kol_starts_with(path, "/unsized/"))
        test_send_bytes(fd, -1, strtol(path + 9, NULL, 10));
    else if (kol_starts_with(path, "/short"))
        test_send_bytes(fd, 10000, 5000);
    else if (kol_starts_with(path, "/chunk"))
        test_send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz");
    else if (kol_starts_with(path, "/garbage"))
        test_send_text(fd, "SSH-2.0-x\r\n");
    else if (kol_starts_with(path, "/slow"))
        test_wait_gone(s, fd);
    else if (kol_starts_with(path, "/stall")) {
        test_send_bytes(fd, 10000, 10);
        test_wait_gone(s, fd);
    } else if (kol_starts_with(path, "/longerror")) {
        test_send_text(fd, "HTTP/1.1 500 No\r\nContent-Length: 300000\r\n\r\n");
        for (int i = 0; i < 3000; i++)
            test_send(fd, s->last, 100);
    } else if (!kol_starts_with(path, "/nothing"))
        test_reply(fd, "404 Not Found", "", "no such page");
}

/* Head and body of one request; false when the client said nothing. */
static inline bool test_read_request(struct test_server *s, int fd)
{
    size_t len = 0;
    size_t want = 0;

    while (len + 1 < sizeof s->last && (want == 0 || len < want)) {
        ssize_t n = recv(fd, s->last + len, sizeof s->last - 1 - len, 0);
        if (n <= 0)
            break;
        len += (size_t)n;
        s->last[len] = '\0';
        if (s->last[0] < 'A')
            return false; /* TLS: hang up */
        const char *end = strstr(s->last, "\r\n\r\n");
        const char *length = strcasestr(s->last, "\r\nContent-Length: ");
        if (end)
            want = (size_t)(end + 4 - s->last) + (length ? strtoul(length + 18, NULL, 10) : 0);
    }
    return len > 0;
}

static inline void *test_serve(void *arg)
{
    struct test_server *s = arg;

    for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0; close(fd)) {
        if (s->stopping || !test_read_request(s, fd))
            continue;
        s->answering = true;
        s->requests++;
        const char *path = strchr(s->last, ' ');
        if (path)
            test_answer(s, fd, path + 1);
        s->answering = false;
        shutdown(fd, SHUT_WR); /* let the client read what is under way */
        test_wait_gone(s, fd);
    }
    return NULL;
}

static inline void test_server_start(struct test_server *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    memset(s, 0, sizeof *s);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->fd, (struct sockaddr *)&address, len) < 0 || listen(s->fd, 16) < 0 ||
        getsockname(s->fd, (struct sockaddr *)&address, &len) < 0 ||
        pthread_create(&s->thread, NULL, test_serve, s) != 0)
        abort();
    s->port = ntohs(address.sin_port);
}

/* A client may be content before the whole answer was sent: wait here before what was scripted is
 * freed. */
static inline void test_server_quiet(struct test_server *s)
{
    while (s->answering)
        usleep(1000);
}

static inline void test_server_stop(struct test_server *s)
{
    s->stopping = true;
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

#endif
