/* Any bytes as next_page_uri: what is made of them stays within the list that was asked for. */
#include "twilio/page.h"
#include <stdlib.h>
#include <string.h>

#define AC "AC00000000000000000000000000000001"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char start[] = "/2010-04-01/Accounts/" AC "/Recordings.json?";
    const struct kol_rest_list list = {.account_sid = AC, .page_size = 50};
    KOL_ARENA a = kol_arena_new(1 << 22);
    KOL_JSON json = json_object();
    struct kol_rest_cursor cursor = {0};
    const char *path = NULL, *url = NULL;
    bool more = false;

    if (!a || kol_rest_list_path(a, &list, &cursor, &path, &url, NULL) != KOL_OK)
        return 0;
    kol_json_set(json, "next_page_uri", json_stringn((const char *)data, size));
    if (kol_rest_next_read(a, json, "https://api.twilio.com", path, &cursor, &more, NULL) !=
            KOL_OK ||
        !more)
        return 0;
    if (cursor.page < 1 || !cursor.token[0] ||
        kol_rest_list_path(a, &list, &cursor, &path, &url, NULL) != KOL_OK)
        abort();
    if (strncmp(url, start, sizeof start - 1) != 0 || strpbrk(url, "\r\n #"))
        abort();
    return 0;
}
