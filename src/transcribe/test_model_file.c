/* Models made here, right and wrong in each place; the list of known ones; names. */
#include "base/file.h"
#include "base/test.h"
#include "transcribe/catalog.h"
#include "transcribe/model_file.h"
#include "transcribe/pull.h"

enum { STATE = 64, LAYERS = 1, VOCAB = 51865, WORDS = 3, TENSORS = 15 + 24 + 11, MOST = 1 << 17 };

static uint8_t file[MOST];
static size_t len;
static char folder[256], path[300];
static struct kol_err err;

static void number(uint32_t v)
{
    for (int i = 0; i < 4; i++)
        file[len++] = (uint8_t)(v >> (8 * i));
}

static void bytes(const void *data, size_t n)
{
    memcpy(file + len, data, n);
    len += n;
}

static void tensor(uint32_t type, uint32_t columns, size_t size)
{
    number(2);
    number(4);
    number(type);
    number(columns);
    number(2);
    bytes("name", 4);
    memset(file + len, 0, size);
    len += size;
}

/* The head's numbers are at 4 * place; the magic is place 0. */
static void whisper(int tensors)
{
    const uint32_t head[] = {0x67676d6c, VOCAB, 1500, STATE,  2,  LAYERS,
                             448,        STATE, 2,    LAYERS, 80, 1};

    len = 0;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        number(head[i]);
    number(80);
    number(201);
    memset(file + len, 0, 80 * 201 * 4);
    len += 80 * 201 * 4;
    number(WORDS);
    for (int i = 0; i < WORDS; i++) {
        number(2);
        bytes("ab", 2);
    }
    for (int i = 0; i < tensors; i++)
        tensor(1, 8, 8 * 2 * 2);
}

static enum kol_code probe(struct kol_model_info *ret)
{
    memset(&err, 0, sizeof err);
    check_ok("write", kol_file_write_atomic(path, file, len, &err), &err);
    return kol_model_probe(path, ret, &err);
}

static void reads_a_good_one(void **state)
{
    struct kol_model_info info;

    (void)state;
    whisper(TENSORS);
    check_ok("good", probe(&info), &err);
    check_int("kind", info.kind, KOL_MODEL_WHISPER);
    check_int("tensors", info.tensor_count, TENSORS);
    check_int("vocab", info.vocab, VOCAB);
    check_str("weights", info.weights, "f16");
    check_true("memory", kol_model_memory(&info, 2, false) > kol_model_memory(&info, 1, false));
    whisper(0);
    check_ok("empty", probe(&info), &err);
    check_int("no weights", info.tensor_count, 0);
}

static void refuses_wrong_heads(void **state)
{
    static const struct {
        int place;
        uint32_t value;
    } rows[] = {{0, 0x46554747}, {1, 5},   {1, 0x7fffffff},  {2, 1501}, {3, 0},
                {3, 16},         {4, 0},   {4, 3},           {5, 0},    {5, 65},
                {6, 449},        {7, 128}, {8, 0},           {9, 200},  {10, 79},
                {10, 128},       {11, 99}, {11, 0xffffffff}, {12, 128}, {13, 400}};
    struct kol_model_info info;
    char row[40];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        whisper(TENSORS);
        const size_t end = len;
        len = 4 * (size_t)rows[i].place;
        number(rows[i].value);
        len = end;
        snprintf(row, sizeof row, "place %d = %u", rows[i].place, rows[i].value);
        check_code(row, probe(&info), KOL_BAD_INPUT, &err);
        check_has(row, err.msg, "is no speech model in ggml format");
    }
}

static void refuses_wrong_tensors(void **state)
{
    struct kol_model_info info;

    (void)state;
    whisper(TENSORS - 1);
    check_code("one too few", probe(&info), KOL_BAD_INPUT, &err);
    whisper(TENSORS);
    len--;
    check_code("cut", probe(&info), KOL_BAD_INPUT, &err);
    whisper(TENSORS);
    bytes("x", 1);
    check_code("more behind", probe(&info), KOL_BAD_INPUT, &err);
    whisper(TENSORS - 1);
    tensor(99, 8, 32);
    check_code("unknown type", probe(&info), KOL_BAD_INPUT, &err);
    whisper(TENSORS - 1);
    tensor(6, 33, 64);
    check_code("odd rows", probe(&info), KOL_BAD_INPUT, &err);
    whisper(TENSORS - 1);
    tensor(6, 32, 44);
    check_ok("q5_0", probe(&info), &err);
    whisper(TENSORS - 1);
    tensor(1, 0x7fffffff, 8);
    check_code("huge", probe(&info), KOL_BAD_INPUT, &err);
}

static void reads_what_is_no_file(void **state)
{
    struct kol_model_info info;

    (void)state;
    check_code("absent", kol_model_probe("/nowhere", &info, &err), KOL_NOT_FOUND, &err);
    check_code("folder", kol_model_probe(folder, &info, &err), KOL_BAD_INPUT, &err);
    len = 0;
    check_code("empty", probe(&info), KOL_BAD_INPUT, &err);
}

static void tells_memory(void **state)
{
    struct kol_model_info turbo = {.bytes = 574041195,
                                   .vocab = 51866,
                                   .text_state = 1280,
                                   .audio_state = 1280,
                                   .text_layers = 4,
                                   .audio_layers = 32};
    struct kol_model_info huge = turbo;

    (void)state;
    const int64_t two = kol_model_memory(&turbo, 2, false);
    check_true("turbo q5_0 with two threads", two > 800000000 && two < 1200000000);
    huge.bytes = INT64_MAX / 2;
    check_code("does not fit", kol_model_fits(&huge, "huge", 2, false, &err), KOL_NO_MEMORY, &err);
    check_has("needed", err.msg, "needs about");
    check_has("there", err.msg, "are available");
}

static void lists_known_models(void **state)
{
    size_t count;
    const struct kol_catalog_model *list = kol_catalog(&count);

    (void)state;
    check_true("many", count > 20);
    for (size_t i = 0; i < count; i++) {
        const struct kol_catalog_model *m = &list[i];
        check_true(m->name, kol_model_name_ok(m->name) && m->bytes > 100000);
        check_int(m->name, strlen(m->sha256), 64);
        check_int(m->name, strspn(m->sha256, "0123456789abcdef"), 64);
        check_true(m->name, kol_catalog_find(m->name) == m);
        for (size_t j = 0; j < i; j++)
            check_true(m->name, strcmp(list[j].sha256, m->sha256) != 0);
    }
    check_true("Hebrew", kol_catalog_find(KOL_CATALOG_HEBREW) != NULL);
    check_true("none", kol_catalog_find("large-v9") == NULL);
}

static void knows_names(void **state)
{
    static const char *const bad[] = {"", ".hidden", "../x", "a/b", "a b", "a\n", "ä", NULL};

    (void)state;
    check_true("good", kol_model_name_ok("large-v3-turbo_q5.0"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_true(bad[i] ? bad[i] : "NULL", !kol_model_name_ok(bad[i]));
}

static int make_folder(void **state)
{
    (void)state;
    test_folder(folder);
    snprintf(path, sizeof path, "%s/ggml-x.bin", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_good_one),      cmocka_unit_test(refuses_wrong_heads),
        cmocka_unit_test(refuses_wrong_tensors), cmocka_unit_test(reads_what_is_no_file),
        cmocka_unit_test(tells_memory),          cmocka_unit_test(lists_known_models),
        cmocka_unit_test(knows_names),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
