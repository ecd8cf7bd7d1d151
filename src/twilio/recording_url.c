/* recording_url.c - see recording_url.h. */
#include "twilio/recording_url.h"
#include "base/str.h"
#include <string.h>
#include <strings.h>

static const char accounts[] = "/2010-04-01/Accounts/";
static const char recordings[] = "/Recordings/";

/* The authority of a URL; false when there is none, or one with a user in it (nobody sends that).
 */
static bool find_host(const char *url, const char **ret, size_t *ret_len)
{
    const char *mark = strstr(url, "://");
    if (!mark)
        return false;
    *ret = mark + 3;
    *ret_len = strcspn(*ret, "/?#\\");
    return *ret_len > 0 && !memchr(*ret, '@', *ret_len);
}

static bool is_https(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0;
}

/* "api.twilio.com", and its edges and regions such as "api.dublin.ie1.twilio.com". */
static bool is_twilio_host(const char *host, size_t len)
{
    static const char first[] = "api.", last[] = ".twilio.com";
    const size_t first_len = sizeof first - 1, last_len = sizeof last - 1;

    if (len > 4 && strncmp(host + len - 4, ":443", 4) == 0)
        len -= 4;
    if (len == sizeof "api.twilio.com" - 1)
        return strncasecmp(host, "api.twilio.com", len) == 0;
    return len > first_len + last_len && strncasecmp(host, first, first_len) == 0 &&
           strncasecmp(host + len - last_len, last, last_len) == 0 && !memchr(host, ':', len);
}

static bool same_origin(const char *url, const char *api_base)
{
    const char *host = NULL, *other = NULL;
    size_t len = 0, other_len = 0;

    return api_base && find_host(url, &host, &len) && find_host(api_base, &other, &other_len) &&
           host - url == other - api_base && len == other_len &&
           strncasecmp(url, api_base, (size_t)(host - url) + len) == 0;
}

/* Takes one SID from *at, which moves behind it. */
static bool take_sid(const char **at, const char *prefix, char ret[static KOL_SID_LEN + 1])
{
    size_t len = strnlen(*at, KOL_SID_LEN);

    memcpy(ret, *at, len);
    ret[len] = '\0';
    *at += len;
    return kol_sid_valid(ret, prefix);
}

static bool take_text(const char **at, const char *text)
{
    if (!kol_starts_with(*at, text))
        return false;
    *at += strlen(text);
    return true;
}

bool kol_recording_url_sids(const char *url, struct kol_recording_ref *ret)
{
    static const char *const endings[] = {"", ".json", ".mp3", ".wav"};
    struct kol_recording_ref ref;
    const char *at = NULL;
    size_t host_len = 0;

    if (kol_str_empty(url) || !find_host(url, &at, &host_len))
        return false;
    at += host_len;
    if (!take_text(&at, accounts) || !take_sid(&at, "AC", ref.account_sid) ||
        !take_text(&at, recordings) || !take_sid(&at, "RE", ref.recording_sid))
        return false;

    size_t len = strcspn(at, "?#");
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (len == strlen(endings[i]) && strncmp(at, endings[i], len) == 0) {
            *ret = ref;
            return true;
        }
    }
    return false;
}

enum kol_url_kind kol_recording_url_read(const char *url, const char *api_base,
                                         struct kol_recording_ref *ret)
{
    const char *host = NULL;
    size_t len = 0;

    if (!find_host(url, &host, &len))
        return KOL_URL_FOREIGN;
    bool ours = (is_https(url) && is_twilio_host(host, len)) || same_origin(url, api_base);
    if (!ours)
        return KOL_URL_FOREIGN;
    return kol_recording_url_sids(url, ret) ? KOL_URL_TWILIO : KOL_URL_MALFORMED;
}

const char *kol_recording_url_stored(struct kol_arena *a, const char *url)
{
    static const char json[] = ".json";
    size_t len = strcspn(url, "?#");

    if (len > sizeof json - 1 && strncmp(url + len - (sizeof json - 1), json, sizeof json - 1) == 0)
        return kol_arena_fmt(a, "%.*s.mp3", (int)(len - (sizeof json - 1)), url);
    return kol_arena_strn(a, url, len);
}

const char *kol_recording_url_make(struct kol_arena *a, const char *account_sid,
                                   const char *recording_sid)
{
    return kol_arena_fmt(a, "https://api.twilio.com%s%s%s%s", accounts, account_sid, recordings,
                         recording_sid);
}
