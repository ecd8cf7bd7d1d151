/* Any bytes as a file: the same rows in one piece and byte by byte, and every field is text. */
#include "base/csv.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum kol_code write_row(void *user, const struct kol_csv_row *row, struct kol_err *err)
{
    struct kol_str *s = user;

    (void)err;
    if (row->line < 1 || row->count > KOL_CSV_MAX_FIELDS || (!row->fault && row->count == 0))
        abort();
    kol_str_add_fmt(s, "%lld %zu %s\n", (long long)row->line, row->count,
                    row->fault ? row->fault : "");
    for (size_t i = 0; i < row->count; i++) {
        if (!kol_utf8_valid(row->fields[i], strlen(row->fields[i])))
            abort();
        kol_str_add(s, row->fields[i]);
        kol_str_add_char(s, '\0');
    }
    return KOL_OK;
}

static void read_text(const uint8_t *data, size_t size, size_t piece, struct kol_str *ret)
{
    KOL_CSV c = kol_csv_new(write_row, ret);

    if (!c)
        abort();
    for (size_t at = 0; at < size; at += piece)
        if (kol_csv_feed(c, data + at, size - at < piece ? size - at : piece, NULL) != KOL_OK)
            abort();
    if (kol_csv_end(c, NULL) != KOL_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KOL_STR whole, bytes;

    kol_str_init(&whole, 64 << 20);
    kol_str_init(&bytes, 64 << 20);
    read_text(data, size, size ? size : 1, &whole);
    read_text(data, size, 1, &bytes);
    if (whole.len != bytes.len || memcmp(whole.data, bytes.data, whole.len) != 0)
        abort();
    return 0;
}
