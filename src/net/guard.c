/* guard.c - see guard.h. */
#include "net/guard.h"
#include "base/cleanup.h"
#include "base/str.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static const struct {
    uint32_t prefix;
    int bits;
    const char *what;
} v4_blocks[] = {
    {0x00000000, 8, "an unspecified address"},       /* 0.0.0.0/8 reaches this machine on Linux */
    {0x0a000000, 8, "a private network"},            /* 10.0.0.0/8 */
    {0x64400000, 10, "a carrier's private network"}, /* 100.64.0.0/10 */
    {0x7f000000, 8, "this machine"},                 /* 127.0.0.0/8 */
    {0xa9fe0000, 16, "link-local"},                  /* 169.254.0.0/16, cloud metadata among it */
    {0xac100000, 12, "a private network"},           /* 172.16.0.0/12 */
    {0xc0000000, 24, "reserved"},                    /* 192.0.0.0/24 */
    {0xc0000200, 24, "for documentation"},           /* 192.0.2.0/24 */
    {0xc0586300, 24, "a 6to4 relay"},                /* 192.88.99.0/24 */
    {0xc0a80000, 16, "a private network"},           /* 192.168.0.0/16 */
    {0xc6120000, 15, "for benchmarks"},              /* 198.18.0.0/15 */
    {0xc6336400, 24, "for documentation"},           /* 198.51.100.0/24 */
    {0xcb007100, 24, "for documentation"},           /* 203.0.113.0/24 */
    {0xe0000000, 4, "multicast"},                    /* 224.0.0.0/4 */
    {0xf0000000, 4, "reserved"},                     /* 240.0.0.0/4 with broadcast */
};

/* The first two 16-bit groups decide; the rest of ::/16 is told apart only for the message. */
static const struct {
    uint32_t prefix; /* the first 32 bits */
    int bits;
    const char *what;
} v6_blocks[] = {
    {0x20010000, 23, "reserved for protocols"},        /* 2001::/23: Teredo, ORCHID, benchmarks */
    {0x20010db8, 32, "for documentation"},             /* 2001:db8::/32 */
    {0x20020000, 16, "6to4, an IPv4 address inside"},  /* 2002::/16 */
    {0x3fff0000, 20, "for documentation"},             /* 3fff::/20 */
    {0x20000000, 3, NULL},                             /* 2000::/3: the rest of it is public */
    {0x0064ff9b, 32, "NAT64, an IPv4 address inside"}, /* 64:ff9b::/96 and 64:ff9b:1::/48 */
    {0xfc000000, 7, "a private network"},              /* fc00::/7 */
    {0xfe800000, 10, "link-local"},                    /* fe80::/10 */
    {0xfec00000, 10, "a private network"},             /* fec0::/10, site-local of old */
    {0xff000000, 8, "multicast"},                      /* ff00::/8 */
};

static bool in_block(uint32_t address, uint32_t prefix, int bits)
{
    return (address ^ prefix) >> (32 - bits) == 0;
}

static const char *check_v4(uint32_t address)
{
    for (size_t i = 0; i < KOL_COUNT(v4_blocks); i++)
        if (in_block(address, v4_blocks[i].prefix, v4_blocks[i].bits))
            return v4_blocks[i].what;
    return NULL;
}

static const char *check_v6(const struct in6_addr *address)
{
    static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    static const struct in6_addr any = IN6ADDR_ANY_INIT;
    uint32_t first = 0;

    if (memcmp(address, &loopback, sizeof loopback) == 0)
        return "this machine";
    if (memcmp(address, &any, sizeof any) == 0)
        return "an unspecified address";
    if (IN6_IS_ADDR_V4MAPPED(address) || IN6_IS_ADDR_V4COMPAT(address))
        return "an IPv4 address inside IPv6";

    memcpy(&first, address, sizeof first);
    first = ntohl(first);
    for (size_t i = 0; i < KOL_COUNT(v6_blocks); i++)
        if (in_block(first, v6_blocks[i].prefix, v6_blocks[i].bits))
            return v6_blocks[i].what;
    return "reserved"; /* only 2000::/3 has been given out */
}

const char *kol_guard_address(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof v4); /* the caller's bytes may be of any alignment */
        return check_v4(ntohl(v4.sin_addr.s_addr));
    case AF_INET6:
        memcpy(&v6, address, sizeof v6);
        return check_v6(&v6.sin6_addr);
    default: /* of an int */
        return "no internet address";
    }
}

/* item: "host", "1.2.3.4", "::1", "host:port" or "[::1]:port" */
static bool matches(const char *item, const char *host, int port)
{
    char with_port[KOL_URL_MAX + 16];
    bool v6 = strchr(host, ':') != NULL;

    if (strcasecmp(item, host) == 0)
        return true;
    snprintf(with_port, sizeof with_port, v6 ? "[%s]:%d" : "%s:%d", host, port);
    if (strcasecmp(item, with_port) == 0)
        return true;
    snprintf(with_port, sizeof with_port, "[%s]", host);
    return v6 && strcasecmp(item, with_port) == 0;
}

bool kol_guard_is_listed(const struct kol_conf *conf, const char *host, int port)
{
    for (size_t i = 0; i < conf->allow_private_hosts.count; i++)
        if (matches(conf->allow_private_hosts.items[i], host, port))
            return true;
    return false;
}

static bool is_below(const char *item, const char *host)
{
    size_t len = strlen(host), tail = strlen(item + 1); /* ".NAME" */

    return item[0] == '*' && item[1] == '.' && len > tail &&
           strcasecmp(host + len - tail, item + 1) == 0;
}

bool kol_guard_in_list(const struct kol_strings *list, const char *host, int port)
{
    for (size_t i = 0; i < list->count; i++)
        if (matches(list->items[i], host, port) || is_below(list->items[i], host))
            return true;
    return false;
}

static const char *check_literal(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return check_v4(ntohl(v4.s_addr));
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return check_v6(&v6);
    return "no address";
}

enum kol_code kol_guard_url(const struct kol_conf *conf, const struct kol_url *url,
                            struct kol_err *err)
{
    if (kol_guard_is_listed(conf, url->host, url->port))
        return KOL_OK;
    if (!url->https)
        return kol_fail(err, KOL_BLOCKED_ADDRESS,
                        "%s: only https is allowed; http needs the host in allow_private_hosts",
                        url->host);
    const char *what = url->ip ? check_literal(url->host) : NULL;
    if (what)
        return kol_fail(err, KOL_BLOCKED_ADDRESS,
                        "%s is %s; if it is yours, put it in allow_private_hosts", url->host, what);
    return KOL_OK;
}
