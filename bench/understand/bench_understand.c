/*
 * bench_understand.c - how well calls are understood: ./dev bench understand [--misses]
 * [--strengths] [FILE.jsonl …], or --features FILE.tsv for train.py
 *
 * Reads labelled calls (bench/data/insight-README.md), prints precision, recall and F1 of every
 * value by language and by tag, calibration, summary facts and time; the last line is one JSON
 * object with every figure.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "features.h"
#include "understand/insight.h"
#include "understand/text.h"
#include <ctype.h>
#include <string.h>
#include <time.h>

#define MAX_GROUPS 64
#define MAX_CALLS 20000
#define BINS 10

enum field { SERVICE, CITY, PHONE, NAME, URGENCY, FIELDS };
static const char *const field_names[FIELDS] = {"service", "city", "phone", "name", "urgency"};

struct score {
    unsigned right, wrong, missed, invented, null_ok,
        nulls; /* wrong: another value than the label */
};

struct group {
    char name[40];
    struct score fields[FIELDS];
    unsigned calls;
};

struct bin {
    unsigned count, right;
    double sum;
};

struct bench {
    const struct kol_lexicon *lexicon;
    struct group groups[MAX_GROUPS];
    size_t group_count;
    struct bin bins[2][BINS]; /* service, city */
    double brier[2];
    unsigned brier_count[2];
    unsigned city_sure, city_sure_right;
    unsigned other_name[2]; /* services and towns that the label calls by another name */
    unsigned facts, facts_found, facts_whole;
    size_t summary_words;
    double summary_share; /* sum over calls: words of the summary by words of the call */
    double seconds, slowest;
    unsigned calls;
    bool misses, strengths;
};

/* Labels follow spellings from memory: hyphens, spaces, quotes, יי and letter case do not count. */
static void squeeze(struct kol_arena *a, const char *text, char *ret, size_t size)
{
    char *words[24];
    size_t n = kol_fold_words(a, text, words, 24), len = 0;
    ret[0] = 0;
    for (size_t i = 0; i < n && len + strlen(words[i]) + 1 < size; i++)
        len += (size_t)snprintf(ret + len, size - len, "%s", words[i]);
}

static bool same_text(struct kol_arena *a, const char *one, const char *other)
{
    char x[200], y[200];
    if (!one || !other)
        return one == other;
    squeeze(a, one, x, sizeof x);
    squeeze(a, other, y, sizeof y);
    return strcmp(x, y) == 0;
}

/*
 * "tow truck" for our "towing", "בנימינה" for "בנימינה-גבעת עדה": the label is another name of the
 * same service or town in our data files. Not counted as right; printed beside it, as that would be
 * judging the rules by themselves.
 */
static bool is_other_name(struct kol_arena *a, const struct kol_lexicon *lexicon, enum field f,
                          const char *label, const char *id)
{
    if (!label || !id || (f != SERVICE && f != CITY))
        return false;
    bool hebrew = (uint8_t)label[0] > 0x80;
    const char *text = f == SERVICE ? label
                       : hebrew     ? kol_arena_fmt(a, "אני ב%s", label)
                                    : kol_arena_fmt(a, "I'm in %s", label);
    struct kol_insight_turn turn = {.start_ms = -1, .end_ms = -1, .text = text};
    struct kol_insight_input in = {.turns = &turn, .turn_count = 1};
    struct kol_insight r;
    struct kol_err err;
    return text && kol_insight_extract(a, lexicon, &in, &r, &err) == KOL_OK &&
           kol_streq(f == SERVICE ? r.service.value_en : r.city.value_en, id);
}

static bool is_right(struct kol_arena *a, const json_t *label, enum field f,
                     const struct kol_insight_value *v)
{
    static const char *const keys[FIELDS] = {"service", "city", "callback_phone", "customer_name",
                                             "urgency"};
    if (same_text(a, v->value, kol_json_get_str(label, keys[f])))
        return true;
    /* A service has a stable id beside its name. */
    return f == SERVICE && v->value_en &&
           same_text(a, v->value_en, kol_json_get_str(label, "service_en"));
}

static const char *label_of(const json_t *label, enum field f)
{
    static const char *const keys[FIELDS] = {"service", "city", "callback_phone", "customer_name",
                                             "urgency"};
    return kol_json_get_str(label, keys[f]);
}

static void count(struct score *s, const char *label, bool found, bool right)
{
    s->nulls += !label;
    s->null_ok += !label && !found;
    s->right += label && right;
    s->wrong += label && found && !right;
    s->missed += label && !found;
    s->invented += !label && found;
}

static struct group *group_of(struct bench *b, const char *name)
{
    for (size_t i = 0; i < b->group_count; i++)
        if (strcmp(b->groups[i].name, name) == 0)
            return &b->groups[i];
    if (b->group_count == MAX_GROUPS)
        return &b->groups[0];
    struct group *g = &b->groups[b->group_count++];
    snprintf(g->name, sizeof g->name, "%s", name);
    return g;
}

static void count_confidence(struct bench *b, size_t which, double confidence, bool right)
{
    size_t bin = (size_t)(confidence * BINS);
    struct bin *x = &b->bins[which][bin < BINS ? bin : BINS - 1];
    x->count++;
    x->right += right;
    x->sum += confidence;
    b->brier[which] += (confidence - right) * (confidence - right);
    b->brier_count[which]++;
}

/* --- facts of the summary --- */

/* Spelled as kol_fold() leaves them: final letters as inner ones. */
#define FUNCTION_WORDS                                                                                                                                   \
    " the a an in on at to of and or for with from by is are was has have had be it its his her "                                                        \
    "their not no about only did "                                                                                                                       \
    "that this who whom which then but as into up out off after before when while there wants "                                                          \
    "asks asked caller customer call "                                                                                                                   \
    "של את על עמ לא ולא או גמ כי אמ זה זו יש אינ היא הוא המ מה אל בינ עד כ ב ל מ ה ו ש כל רק " \
    "אחרי לפני הלקוח הלקוחה המתקשר המתקשרת מבקש מבקשת שואל שואלת צריכ "

static bool is_function_word(const char *word)
{
    char padded[64];
    snprintf(padded, sizeof padded, " %s ", word);
    return strstr(FUNCTION_WORDS, padded) != NULL;
}

/* Letters of a word without common endings and prefix letters; enough to tell content words apart.
 */
static void stem(const char *word, char *ret, size_t size)
{
    static const char *const endings[] = {"ing", "ed", "es", "s", "ly", "er"};
    const char *from = word;
    if ((uint8_t)word[0] >= 0xd7) {
        while (strlen(from) >= 8 && (strncmp(from, "ב", 2) == 0 || strncmp(from, "ל", 2) == 0 ||
                                     strncmp(from, "מ", 2) == 0 || strncmp(from, "ה", 2) == 0 ||
                                     strncmp(from, "ו", 2) == 0 || strncmp(from, "ש", 2) == 0))
            from += 2;
    }
    snprintf(ret, size, "%s", from);
    size_t n = strlen(ret);
    for (size_t i = 0; i < KOL_COUNT(endings) && (uint8_t)word[0] < 0x80; i++) {
        size_t e = strlen(endings[i]);
        if (n > e + 2 && strcmp(ret + n - e, endings[i]) == 0) {
            ret[n - e] = 0;
            return;
        }
    }
}

static bool same_stem(const char *a, const char *b)
{
    char x[64], y[64];
    stem(a, x, sizeof x);
    stem(b, y, sizeof y);
    size_t n = strlen(x) < strlen(y) ? strlen(x) : strlen(y);
    size_t hebrew = (uint8_t)x[0] >= 0xd7 ? 6 : 3;
    return strcmp(x, y) == 0 ||
           (n >= hebrew && strncmp(x, y, n) == 0 && strlen(x) + strlen(y) - 2 * n <= hebrew);
}

/* Number words that mean nothing else ("שני" is Monday as well), as kol_fold() leaves them. */
static const struct {
    const char *word;
    int value;
} number_words[] = {
    {"two", 2},     {"three", 3},   {"four", 4},    {"five", 5},    {"six", 6},     {"seven", 7},
    {"eight", 8},   {"nine", 9},    {"ten", 10},    {"eleven", 11}, {"twelve", 12}, {"fifteen", 15},
    {"twenty", 20}, {"thirty", 30}, {"forty", 40},  {"fifty", 50},  {"sixty", 60},  {"שתימ", 2},
    {"שתי", 2},     {"שניימ", 2},   {"שנימ", 2},    {"שלוש", 3},    {"שלושה", 3},   {"ארבע", 4},
    {"ארבעה", 4},   {"חמש", 5},     {"חמישה", 5},   {"שש", 6},      {"שישה", 6},    {"שבע", 7},
    {"שבעה", 7},    {"שמונה", 8},   {"תשע", 9},     {"תשעה", 9},    {"עשר", 10},    {"עשרה", 10},
    {"עשרימ", 20},  {"שלושימ", 30}, {"ארבעימ", 40}, {"חמישימ", 50}, {"שישימ", 60},  {"שבעימ", 70},
    {"שמונימ", 80}, {"תשעימ", 90},  {"מאתימ", 200},
};

/* "בחמש" is 5, "ושמונה" 8; 0: no number. */
static int number_of(const char *word, bool *ret_joined)
{
    *ret_joined = strncmp(word, "ו", 2) == 0;
    for (int prefix = 0; prefix < 2; prefix++) {
        const char *bare = prefix ? word + 2 : word;
        if (prefix &&
            ((uint8_t)word[0] < 0xd7 || !strstr("ב ל מ ה ו כ ש", (char[]){word[0], word[1], 0})))
            break;
        for (size_t i = 0; i < KOL_COUNT(number_words); i++)
            if (strcmp(bare, number_words[i].word) == 0)
                return number_words[i].value;
    }
    return 0;
}

/* Number words as digits: "עשרים ושמונה" is 28, "twenty eight" too. How many words are left. */
static size_t digits_for_words(struct kol_arena *a, char **words, size_t n)
{
    size_t out = 0;
    int last = 0;
    for (size_t i = 0; i < n; i++) {
        bool joined, latin = (uint8_t)words[i][0] < 0x80;
        int value = number_of(words[i], &joined);
        if (last >= 20 && last <= 90 && value > 0 && value < 10 && (latin || joined)) {
            words[out - 1] = kol_arena_fmt(a, "%d", last + value);
            last = 0;
            continue;
        }
        words[out++] = value ? kol_arena_fmt(a, "%d", value) : words[i];
        last = value;
    }
    return out;
}

/*
 * The words of a text as facts are compared: no punctuation around them, "45 thousand" as "45,000".
 */
static size_t plain_words(struct kol_arena *a, const char *text, char **ret, size_t max)
{
    char *plain = kol_arena_strn(a, text, strlen(text));
    for (char *p = plain; p && *p; p++)
        if (strchr("()[]:;?!", *p) ||
            (*p == '"' && (p == plain || (uint8_t)p[-1] < 0x80 || (uint8_t)p[1] < 0x80)))
            *p = ' ';
    size_t n = plain ? kol_fold_words(a, plain, ret, max) : 0;
    for (size_t i = 0; i < n; i++)
        if (i > 0 && isdigit((unsigned char)ret[i - 1][0]) &&
            (strcmp(ret[i], "אלפ") == 0 || strcmp(ret[i], "thousand") == 0))
            ret[i] = kol_arena_strn(a, "000", 3);
    return digits_for_words(a, ret, n);
}

/* A fact counts when most of its content words are in the summary; whole: all of them. */
static void count_fact(struct bench *b, struct kol_arena *a, const char *fact, char **summary,
                       size_t words)
{
    char *list[40];
    size_t n = plain_words(a, fact, list, 40), content = 0, found = 0, missing_len = 0;
    char missing[400] = "";
    for (size_t i = 0; i < n; i++) {
        if (is_function_word(list[i]))
            continue;
        content++;
        size_t k = 0;
        while (k < words && !same_stem(list[i], summary[k]))
            k++;
        found += k < words;
        if (k == words && missing_len + strlen(list[i]) + 2 < sizeof missing)
            missing_len += (size_t)snprintf(missing + missing_len, sizeof missing - missing_len,
                                            " %s", list[i]);
    }
    b->facts++;
    b->facts_found += content == 0 || found * 5 >= content * 3;
    b->facts_whole += found == content;
    if (b->misses && found < content)
        printf("   fact %s (%zu of %zu words): %s; without:%s\n",
               found * 5 < content * 3 ? "missing" : "in part", found, content, fact, missing);
}

static void count_facts(struct bench *b, struct kol_arena *a, const json_t *label,
                        const char *summary)
{
    char **words = kol_arena_array(a, 4000, sizeof *words);
    char **spoken = kol_arena_array(a, 20000, sizeof *spoken);
    if (!words || !spoken)
        return;
    size_t n = plain_words(a, summary, words, 4000), i;
    size_t said = plain_words(a, kol_json_get_str(label, "transcript"), spoken, 20000);
    b->summary_words += n;
    b->summary_share += said ? (double)n / (double)said : 0;
    json_t *fact;
    json_array_foreach(json_object_get(label, "summary_must_mention"), i, fact)
        count_fact(b, a, json_string_value(fact), words, n);
}

/* --- one call --- */

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* For weigh.py: every town named, with the rules that gave it its points. */
static void print_trace(const char *id, const char *trace)
{
    for (const char *line = trace, *end; (end = strchr(line, '\n')); line = end + 1)
        printf("mention\t%s\t%.*s\n", id, (int)(end - line), line);
}

static void count_call(struct bench *b, struct kol_arena *a, const json_t *label,
                       const struct kol_insight *r)
{
    const struct kol_insight_value *const values[FIELDS] = {
        &r->service, &r->city, &r->callback_phone, &r->customer_name, &r->urgency};
    const char *tags[16] = {"all", kol_json_get_str(label, "lang")};
    size_t tag_count = 2, i;
    json_t *tag;
    json_array_foreach(json_object_get(label, "tags"), i, tag) if (tag_count < 16)
        tags[tag_count++] = json_string_value(tag);
    for (i = 0; i < tag_count; i++)
        group_of(b, tags[i])->calls++;
    if (b->misses)
        printf("%s: %s\n", kol_json_get_str(label, "id"), r->summary);
    for (enum field f = 0; f < FIELDS; f++) {
        const struct kol_insight_value *v = values[f];
        bool right = is_right(a, label, f, v);
        if (f <= CITY && !right && v->value)
            b->other_name[f] += is_other_name(a, b->lexicon, f, label_of(label, f), v->value_en);
        for (i = 0; i < tag_count; i++)
            count(&group_of(b, tags[i])->fields[f], label_of(label, f), v->value != NULL, right);
        if (f <= CITY && v->value && b->strengths)
            printf("strength\t%s\t%s\t%d\t%.2f\t%.2f\t%.0f\t%.3f\n", field_names[f],
                   kol_json_get_str(label, "id"), right, v->strength.points, v->strength.lead,
                   v->strength.rivals, v->confidence);
        if (f == CITY && v->trace)
            print_trace(kol_json_get_str(label, "id"), v->trace);
        if (f <= CITY && v->value)
            count_confidence(b, f, v->confidence, right);
        if (f == CITY && v->value && v->confidence >= 0.8) {
            b->city_sure++;
            b->city_sure_right += right;
        }
        if (b->misses && !right)
            printf("  ** %s: want %s, got %s (%.2f, %s, \"%s\")\n", field_names[f],
                   label_of(label, f) ? label_of(label, f) : "null", v->value ? v->value : "null",
                   v->confidence, v->rule ? v->rule : "", v->quote ? v->quote : "");
    }
    count_facts(b, a, label, r->summary);
}

static enum kol_code run_call(struct bench *b, struct kol_arena *a, const json_t *label,
                              struct kol_err *err)
{
    const char *text = kol_json_get_str(label, "transcript");
    struct kol_insight r;
    double best = 1e9;
    if (!text)
        return kol_fail(err, KOL_BAD_INPUT, "a call without transcript");
    for (int round = 0; round < 3; round++) { /* the fastest of three: machines are noisy */
        double start = now_s();
        struct kol_insight_input in = {.direction = kol_json_get_str(label, "direction"),
                                       .trace = b->strengths};
        enum kol_code code =
            kol_insight_turns_from_text(a, text, strlen(text), &in.turns, &in.turn_count, err);
        if (code == KOL_OK)
            code = kol_insight_extract(a, b->lexicon, &in, &r, err);
        if (code != KOL_OK)
            return code;
        double took = now_s() - start;
        best = took < best ? took : best;
    }
    b->seconds += best;
    b->slowest = best > b->slowest ? best : b->slowest;
    b->calls++;
    count_call(b, a, label, &r);
    return KOL_OK;
}

static enum kol_code run_file(struct bench *b, const char *path, struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    size_t line = 0;
    enum kol_code code = kol_file_read(path, 256u << 20, &text, NULL, err);
    if (code != KOL_OK)
        return code;
    char *rest = text;
    for (char *one; (one = strsep(&rest, "\n"));) {
        line++;
        if (!*one)
            continue;
        KOL_JSON label = NULL;
        KOL_ARENA a = kol_arena_new(0);
        if (!a)
            return kol_fail(err, KOL_NO_MEMORY, "out of memory");
        code = kol_json_parse(one, strlen(one), &label, err);
        if (code == KOL_OK)
            code = run_call(b, a, label, err);
        if (code != KOL_OK)
            return kol_err_prefix(err, "%s:%zu", path, line);
    }
    return KOL_OK;
}

/* --- report --- */

static double ratio(unsigned part, unsigned whole)
{
    return whole ? (double)part / whole : 1;
}

static double f1(const struct score *s)
{
    unsigned errors = 2 * s->wrong + s->missed + s->invented;
    return s->right || errors ? 2.0 * s->right / (2.0 * s->right + errors) : 1;
}

static void print_groups(const struct bench *b)
{
    printf("%-24s %5s", "group", "calls");
    for (enum field f = 0; f < FIELDS; f++)
        printf("  %-7s P    R   F1", field_names[f]);
    printf("\n");
    for (size_t i = 0; i < b->group_count; i++) {
        const struct group *g = &b->groups[i];
        printf("%-24s %5u", g->name, g->calls);
        for (enum field f = 0; f < FIELDS; f++) {
            const struct score *s = &g->fields[f];
            printf("     %4.2f %4.2f %4.2f", ratio(s->right, s->right + s->wrong + s->invented),
                   ratio(s->right, s->right + s->wrong + s->missed), f1(s));
        }
        printf("\n");
    }
}

static void print_calibration(const struct bench *b)
{
    for (size_t k = 0; k < 2; k++) {
        printf("\nconfidence of %s: said, right, count (Brier score %.3f)\n", field_names[k],
               b->brier_count[k] ? b->brier[k] / b->brier_count[k] : 0);
        for (size_t i = 0; i < BINS; i++)
            if (b->bins[k][i].count)
                printf("  %4.2f  %4.2f  %u\n", b->bins[k][i].sum / b->bins[k][i].count,
                       ratio(b->bins[k][i].right, b->bins[k][i].count), b->bins[k][i].count);
    }
}

static void print_json(const struct bench *b)
{
    const struct group *all = &b->groups[0];
    KOL_JSON o = json_object();
    unsigned nulls = 0, null_ok = 0;
    kol_json_set_int(o, "calls", b->calls);
    for (enum field f = 0; f < FIELDS; f++) {
        const struct score *s = &all->fields[f];
        char key[32];
        snprintf(key, sizeof key, "%s_precision", field_names[f]);
        kol_json_set(o, key, json_real(ratio(s->right, s->right + s->wrong + s->invented)));
        snprintf(key, sizeof key, "%s_recall", field_names[f]);
        kol_json_set(o, key, json_real(ratio(s->right, s->right + s->wrong + s->missed)));
        snprintf(key, sizeof key, "%s_f1", field_names[f]);
        kol_json_set(o, key, json_real(f1(s)));
        nulls += s->nulls;
        null_ok += s->null_ok;
    }
    kol_json_set(o, "city_precision_at_08", json_real(ratio(b->city_sure_right, b->city_sure)));
    kol_json_set_int(o, "city_count_at_08", b->city_sure);
    for (enum field f = SERVICE; f <= CITY; f++) {
        struct score score = all->fields[f];
        score.right += b->other_name[f];
        score.wrong -= b->other_name[f];
        kol_json_set(o, f == SERVICE ? "service_f1_other_names" : "city_f1_other_names",
                     json_real(f1(&score)));
    }
    kol_json_set(o, "null_ok", json_real(ratio(null_ok, nulls)));
    kol_json_set(o, "service_null_ok",
                 json_real(ratio(all->fields[SERVICE].null_ok, all->fields[SERVICE].nulls)));
    kol_json_set(o, "city_null_ok",
                 json_real(ratio(all->fields[CITY].null_ok, all->fields[CITY].nulls)));
    kol_json_set(o, "service_brier",
                 json_real(b->brier_count[0] ? b->brier[0] / b->brier_count[0] : 0));
    kol_json_set(o, "city_brier",
                 json_real(b->brier_count[1] ? b->brier[1] / b->brier_count[1] : 0));
    kol_json_set(o, "summary_facts", json_real(ratio(b->facts_found, b->facts)));
    kol_json_set(o, "summary_facts_every_word", json_real(ratio(b->facts_whole, b->facts)));
    kol_json_set(o, "summary_words", json_real(b->calls ? (double)b->summary_words / b->calls : 0));
    kol_json_set(o, "summary_share", json_real(b->calls ? b->summary_share / b->calls : 0));
    kol_json_set(o, "ms_per_call", json_real(b->calls ? b->seconds * 1000 / b->calls : 0));
    kol_json_set(o, "ms_slowest_call", json_real(b->slowest * 1000));
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4) | JSON_PRESERVE_ORDER);
    printf("\n");
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct kol_lexicon *lexicon = NULL;
    struct kol_err err = {0};
    double start = now_s();
    if (kol_lexicon_load(&lexicon, &err) != KOL_OK) {
        fprintf(stderr, "bench_understand: %s\n", err.msg);
        return 1;
    }
    double load_ms = (now_s() - start) * 1000;
    b.lexicon = lexicon;
    group_of(&b, "all");
    int status = 0, files = 0;
    for (int i = 1; i < argc && status == 0; i++) {
        if (strcmp(argv[i], "--features") == 0 && i + 1 < argc) {
            status = kol_write_features(lexicon, argv[i + 1]);
            kol_lexicon_free(lexicon);
            return status;
        } else if (strcmp(argv[i], "--misses") == 0) {
            b.misses = true;
        } else if (strcmp(argv[i], "--strengths") == 0) {
            b.strengths = true; /* for calibrate.py */
        } else {
            files++;
            if (run_file(&b, argv[i], &err) != KOL_OK) {
                fprintf(stderr, "bench_understand: %s\n", err.msg);
                status = 1;
            }
        }
    }
    /* ./dev runs it in the project's folder */
    if (files == 0 && status == 0 && run_file(&b, "bench/data/insight-dev.jsonl", &err) != KOL_OK) {
        fprintf(stderr, "bench_understand: %s\n", err.msg);
        status = 1;
    }
    if (status == 0) {
        print_groups(&b);
        print_calibration(&b);
        printf("\nsummaries: %u of %u facts (most content words), %u with every word; lexicon "
               "loads in %.1f ms\n",
               b.facts_found, b.facts, b.facts_whole, load_ms);
        print_json(&b);
    }
    kol_lexicon_free(lexicon);
    return status;
}
