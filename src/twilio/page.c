/*
 * page.c - see page.h: the address of a page, made by us; of Twilio's own word for the next one
 * only the page number and the token are taken.
 */
#include "twilio/page.h"
#include "base/ids.h"
#include "base/str.h"
#include "twilio/client.h"
#include "twilio/params.h"
#include <string.h>

enum { MOST_URI = 4096, MOST_PAGE = 1000000, MOST_PAGE_SIZE = 1000 };

static bool is_date(const char *text)
{
    static const char shape[] = "dddd-dd-dd";

    for (size_t i = 0; i < sizeof shape; i++) {
        bool fits = shape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i];
        if (!fits)
            return false;
    }
    return true;
}

void kol_twilio_add_escaped(struct kol_str *s, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~", c);
        if (plain)
            kol_str_add_char(s, (char)c);
        else
            kol_str_add_fmt(s, "%%%02X", c);
    }
}

enum kol_code kol_rest_list_path(struct kol_arena *a, const struct kol_rest_list *list,
                                 const struct kol_rest_cursor *cursor, const char **ret_path,
                                 const char **ret_url, struct kol_err *err)
{
    KOL_STR url;

    if (!kol_sid_valid(list->account_sid, "AC"))
        return kol_fail(err, KOL_BAD_INPUT, "no account SID to ask Twilio with");
    if ((list->from_date && !is_date(list->from_date)) ||
        (list->to_date && !is_date(list->to_date)) || list->page_size < 1 ||
        list->page_size > MOST_PAGE_SIZE)
        return kol_fail(err, KOL_BAD_INPUT, "no such part of a list");
    *ret_path = kol_arena_fmt(a, "/2010-04-01/Accounts/%s/Recordings.json", list->account_sid);

    kol_str_init(&url, MOST_URI);
    kol_str_add_fmt(&url, "%s?PageSize=%d", *ret_path ? *ret_path : "", list->page_size);
    if (list->from_date)
        kol_str_add_fmt(&url, "&DateCreated%%3E=%s", list->from_date);
    if (list->to_date)
        kol_str_add_fmt(&url, "&DateCreated%%3C=%s", list->to_date);
    if (list->with_deleted)
        kol_str_add(&url, "&IncludeSoftDeleted=true");
    if (cursor->page > 0) {
        kol_str_add_fmt(&url, "&Page=%lld&PageToken=", (long long)cursor->page);
        kol_twilio_add_escaped(&url, cursor->token);
    }
    *ret_url = kol_str_failed(&url) ? NULL : kol_arena_str(a, url.data);
    if (!*ret_path || !*ret_url)
        return kol_fail(err, KOL_NO_MEMORY, "list recordings: out of memory");
    return KOL_OK;
}

/* What stands behind the list's own path, or NULL: it leads elsewhere. An address in full must be
 * under the API's base. */
static const char *query_of(const char *uri, const char *api_base, const char *path)
{
    size_t base_len = strlen(api_base);

    while (base_len && api_base[base_len - 1] == '/')
        base_len--;
    if (base_len && strncmp(uri, api_base, base_len) == 0)
        uri += base_len;
    size_t len = strlen(path);
    return strncmp(uri, path, len) == 0 && uri[len] == '?' ? uri + len + 1 : NULL;
}

static bool take_token(const char *token, char *ret, size_t size)
{
    size_t len = token ? strlen(token) : 0;

    if (len == 0 || len >= size)
        return false;
    for (size_t i = 0; i < len; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return false;
    memcpy(ret, token, len + 1);
    return true;
}

enum kol_code kol_rest_next_read(struct kol_arena *a, const json_t *json, const char *api_base,
                                 const char *path, struct kol_rest_cursor *cursor, bool *ret_more,
                                 struct kol_err *err)
{
    const json_t *next = json_object_get(json, "next_page_uri");
    const char *uri = json_string_value(next);
    struct kol_rest_cursor to = {0};
    struct kol_params params;

    *ret_more = false;
    if (!next || json_is_null(next) || (uri && !*uri))
        return KOL_OK;
    const char *query = uri && json_string_length(next) == strlen(uri) && strlen(uri) < MOST_URI
                            ? query_of(uri, api_base, path)
                            : NULL;
    if (!query)
        return kol_fail(err, KOL_BAD_INPUT, "Twilio's list goes on at another place");
    enum kol_code code = kol_params_parse(a, query, strlen(query), &params, err);
    if (code != KOL_OK)
        return code;
    const char *page = params.has_nul ? NULL : kol_params_get(&params, "Page");
    if (!page || !kol_parse_i64(page, &to.page) || to.page <= cursor->page || to.page > MOST_PAGE ||
        !take_token(kol_params_get(&params, "PageToken"), to.token, sizeof to.token) ||
        kol_streq(to.token, cursor->token))
        return kol_fail(err, KOL_BAD_INPUT, "Twilio's list does not say how it goes on");
    *cursor = to;
    *ret_more = true;
    return KOL_OK;
}
