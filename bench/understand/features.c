/*
 * features.c - ./dev bench understand --features FILE.tsv: what the learner is trained on.
 */
#include "features.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "understand/learned.h"
#include "understand/service_rules.h"
#include <stdio.h>
#include <string.h>

static void print_points(const struct kol_scene *s, const struct kol_service_rules *rules,
                         bool greeting)
{
    const struct kol_taxonomy *t = &s->lexicon->taxonomy;
    printf(greeting ? "greeting" : "rules");
    for (size_t i = 0; i < t->service_count; i++) {
        double points = greeting ? rules->said[i].greeting : rules->said[i].points;
        if (points > 0 || points < 0)
            printf(" %s:%.2f", t->services[i].id, points);
    }
    printf("\n");
}

static void print_rules(struct kol_scene *s)
{
    const struct kol_service_rules *rules = kol_service_rules_find(s);
    if (!rules)
        return;
    print_points(s, rules, false);
    print_points(s, rules, true);
    printf("asked");
    for (size_t i = 0; i < s->lexicon->taxonomy.service_count; i++)
        if (rules->said[i].asked)
            printf(" %s:1", s->lexicon->taxonomy.services[i].id);
    printf("\nasks %s\n", rules->asks ? "none:1" : "");
}

static void print_spans(const struct kol_scene *s)
{
    static struct kol_span spans[KOL_LEARNED_SPANS];
    static uint32_t features[KOL_LEARNED_FEATURES];
    size_t count = kol_learned_spans(s, spans, KOL_LEARNED_SPANS);
    for (size_t i = 0; i < count; i++) {
        size_t n = kol_learned_features(s, spans[i], UINT32_MAX, features, KOL_LEARNED_FEATURES);
        bool agent = kol_role_at(&s->talk, spans[i].first) == KOL_ROLE_AGENT;
        /* 0: the caller, 1: the business, 2: as it picks up */
        printf("span %d", agent + kol_is_greeting(&s->talk, spans[i].first));
        for (size_t k = 0; k < n; k++)
            printf(" %u", features[k]);
        printf("\n");
    }
}

static enum kol_code write_line(const struct kol_lexicon *lexicon, char *line, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_insight_input in = {0};
    struct kol_insight out = {0};
    struct kol_scene s;
    char *text = strchr(line, '\t');
    if (!a || !text)
        return kol_fail(err, KOL_BAD_INPUT, "no tab in a line");
    *text++ = 0;
    for (char *p = text; *p; p++)
        if (p[0] == '\\' && p[1] == 'n') {
            p[0] = '\n';
            p[1] = ' ';
        }
    enum kol_code code =
        kol_insight_turns_from_text(a, text, strlen(text), &in.turns, &in.turn_count, err);
    if (code == KOL_OK)
        code = kol_scene_open(a, lexicon, &in, &s, &out, err);
    if (code != KOL_OK)
        return code;
    printf("call\t%s\t%s\n", line, kol_insight_kind_name(s.kind));
    print_rules(&s);
    print_spans(&s);
    return KOL_OK;
}

int kol_write_features(const struct kol_lexicon *lexicon, const char *path)
{
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    struct kol_err err = {0};
    enum kol_code code = kol_file_read(path, 256u << 20, &text, NULL, &err);
    char *rest = text;
    for (char *line; code == KOL_OK && (line = strsep(&rest, "\n"));)
        if (*line)
            code = write_line(lexicon, line, &err);
    if (code != KOL_OK)
        fprintf(stderr, "bench_understand: %s: %s\n", path, err.msg);
    return code != KOL_OK;
}
