/* The rules of fetching, row by row: where it stands, what it sees, what it does next. */
#include "base/test.h"
#include "recording/plan.h"

#define RESOURCE KOL_STEP_RESOURCE
#define LISTED KOL_STEP_LISTED
#define MEDIA KOL_STEP_MEDIA

static void test_single_steps(void **state)
{
    static const struct {
        const char *name;
        struct kol_fetch_plan plan;
        enum kol_seen seen;
        enum kol_fetch_do what;
        int64_t wait_s;
        int attempt;
        struct kol_fetch_plan next; /* of steps, waits and rounds */
    } rows[] = {
        {"ready: media at once", {0}, KOL_SEEN_READY, KOL_DO_STEP, 0, 0, {.step = MEDIA}},
        {"first wait", {0}, KOL_SEEN_NOT_READY, KOL_DO_WAIT, 3, 1, {.wait = 1}},
        {"second wait", {.wait = 1}, KOL_SEEN_NOT_READY, KOL_DO_WAIT, 5, 2, {.wait = 2}},
        {"third wait", {.wait = 2}, KOL_SEEN_NOT_READY, KOL_DO_WAIT, 5, 3, {.wait = 3}},
        {"fourth wait", {.wait = 3}, KOL_SEEN_NOT_READY, KOL_DO_WAIT, 10, 4, {.wait = 4}},
        {"fifth wait", {.wait = 4}, KOL_SEEN_NOT_READY, KOL_DO_WAIT, 10, 5, {.wait = 5}},
        {"after it: media all the same",
         {.wait = 5},
         KOL_SEEN_NOT_READY,
         KOL_DO_STEP,
         0,
         0,
         {.wait = 5, .step = MEDIA}},
        {"resource 404: look at the list",
         {.wait = 2},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_STEP,
         0,
         0,
         {.wait = 2, .step = LISTED}},
        {"not in the list: not ready",
         {.step = LISTED},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_WAIT,
         3,
         1,
         {.wait = 1}},
        {"in the list, not deleted",
         {.step = LISTED, .wait = 1},
         KOL_SEEN_NOT_READY,
         KOL_DO_WAIT,
         5,
         2,
         {.wait = 2}},
        {"not in the list, last attempt",
         {.step = LISTED, .wait = 5},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_STEP,
         0,
         0,
         {.wait = 5, .step = MEDIA}},
        {"deleted", {.step = LISTED}, KOL_SEEN_GONE, KOL_DO_GONE, 0, 0, {.step = LISTED}},
        {"absent", {0}, KOL_SEEN_GONE, KOL_DO_GONE, 0, 0, {0}},
        {"404 as given: mp3 in 5 s",
         {.step = MEDIA},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_STEP,
         5,
         0,
         {.step = MEDIA, .format = 1}},
        {"404 of mp3: wav in 5 s",
         {.step = MEDIA, .format = 1, .wait = 3},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_STEP,
         5,
         0,
         {.step = MEDIA, .format = 2, .wait = 3}},
        {"404 in all: one attempt",
         {.step = MEDIA, .format = 2},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_WAIT,
         3,
         1,
         {.wait = 1}},
        {"file",
         {.step = MEDIA, .format = 1, .wait = 2},
         KOL_SEEN_FILE,
         KOL_DO_DONE,
         0,
         0,
         {.step = MEDIA, .format = 1, .wait = 2}},
        {"no audio: another format",
         {.step = MEDIA},
         KOL_SEEN_BAD_MEDIA,
         KOL_DO_STEP,
         5,
         0,
         {.step = MEDIA, .format = 1, .bad_media = true}},
        {"no audio, then 404",
         {.step = MEDIA, .format = 2, .bad_media = true},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_WAIT,
         3,
         1,
         {.wait = 1}},
        {"no audio at the very end",
         {.step = MEDIA, .format = 2, .wait = 5},
         KOL_SEEN_BAD_MEDIA,
         KOL_DO_END,
         0,
         0,
         {.round = 1, .rounds_s = 300, .bad_media = true}},
        {"no two channels: the same format at once, as recorded",
         {.step = MEDIA, .format = 1, .wait = 2},
         KOL_SEEN_NO_CHANNELS,
         KOL_DO_STEP,
         0,
         0,
         {.step = MEDIA, .format = 1, .wait = 2, .as_recorded = true}},
        {"encrypted: never as mp3",
         {.step = MEDIA, .encrypted = true},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_STEP,
         5,
         0,
         {.step = MEDIA, .format = 2, .encrypted = true}},
        {"elsewhere: one address is one attempt",
         {.step = MEDIA, .elsewhere = true},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_WAIT,
         3,
         1,
         {.wait = 1, .elsewhere = true}},
        {"the next round remembers that there are no two channels",
         {.step = MEDIA, .format = 2, .wait = 5, .as_recorded = true},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_GIVE_UP,
         300,
         0,
         {.round = 1, .rounds_s = 300, .as_recorded = true}},
        {"end of the first round",
         {.step = MEDIA, .format = 2, .wait = 5},
         KOL_SEEN_NOT_FOUND,
         KOL_DO_GIVE_UP,
         300,
         0,
         {.round = 1, .rounds_s = 300}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_fetch_next n = kol_fetch_decide(&rows[i].plan, rows[i].seen, false);
        const char *row = rows[i].name;
        check_int(row, n.what, rows[i].what);
        check_int(row, n.wait_s, rows[i].wait_s);
        check_int(row, n.attempt, rows[i].attempt);
        check_int(row, n.plan.step, rows[i].next.step);
        check_int(row, n.plan.format, rows[i].next.format);
        check_int(row, n.plan.wait, rows[i].next.wait);
        check_int(row, n.plan.round, rows[i].next.round);
        check_int(row, n.plan.rounds_s, rows[i].next.rounds_s);
        check_int(row, n.plan.bad_media, rows[i].next.bad_media);
        check_int(row, n.plan.as_recorded, rows[i].next.as_recorded);
        check_int(row, n.plan.elsewhere, rows[i].next.elsewhere);
        check_int(row, n.plan.encrypted, rows[i].next.encrypted);
    }
}

/* One fetch from its beginning against something that never changes. */
struct walk {
    enum kol_seen resource, media;
    int waits, resources, medias; /* of the round */
    int64_t waited_s;
};

static struct kol_fetch_next walk_round(struct kol_fetch_plan *plan, struct walk *w, bool one_round)
{
    for (;;) {
        bool media = plan->step == MEDIA;
        struct kol_fetch_next n = kol_fetch_decide(plan, media ? w->media : w->resource, one_round);

        media ? w->medias++ : w->resources++;
        *plan = n.plan;
        if (n.what != KOL_DO_STEP && n.what != KOL_DO_WAIT)
            return n;
        w->waits += n.what == KOL_DO_WAIT;
        w->waited_s += n.wait_s;
    }
}

static void test_a_round(void **state)
{
    struct kol_fetch_plan plan = {0};
    struct walk never = {KOL_SEEN_NOT_READY, KOL_SEEN_NOT_FOUND, 0, 0, 0, 0};
    struct walk no_media = {KOL_SEEN_READY, KOL_SEEN_NOT_FOUND, 0, 0, 0, 0};

    (void)state;
    check_int("never ready", walk_round(&plan, &never, false).what, KOL_DO_GIVE_UP);
    check_int("waits", never.waits, 5);
    check_int("reads", never.resources, 6);
    check_int("one attempt at the media", never.medias, 3);
    check_int("seconds", never.waited_s, 33 + 2 * 5);

    plan = (struct kol_fetch_plan){0};
    check_int("404 for ever", walk_round(&plan, &no_media, false).what, KOL_DO_GIVE_UP);
    check_int("waits", no_media.waits, 5);
    check_int("six attempts of three formats", no_media.medias, 18);
}

static void test_rounds(void **state)
{
    static const int64_t expected[] = {300, 3600, 21600, 86400, 86400, 86400};
    struct kol_fetch_plan plan = {0};
    struct walk never = {KOL_SEEN_NOT_READY, KOL_SEEN_NOT_FOUND, 0, 0, 0, 0};
    int64_t total_s = 0;
    int rounds = 0;

    (void)state;
    for (;;) {
        struct kol_fetch_next n = walk_round(&plan, &never, false);
        if (n.what == KOL_DO_END)
            break;
        if (rounds < 6)
            check_int("pause", n.wait_s, expected[rounds]);
        total_s += n.wait_s;
        rounds++;
        check_true("ends", rounds < 100);
    }
    check_true("30 days", total_s >= 30 * 86400 && total_s <= 31 * 86400);
}

static void test_one_round_for_players(void **state)
{
    struct kol_fetch_plan plan = {0};
    struct walk never = {KOL_SEEN_NOT_READY, KOL_SEEN_NOT_FOUND, 0, 0, 0, 0};

    (void)state;
    check_int("ends", walk_round(&plan, &never, true).what, KOL_DO_END);
    check_int("all its waits", never.waits, 5);
}

static void test_data(void **state)
{
    static const struct kol_fetch_plan plans[] = {
        {0},
        {.step = MEDIA,
         .format = 2,
         .wait = 5,
         .round = 7,
         .rounds_s = 123456,
         .bad_media = true,
         .as_recorded = true},
        {.step = LISTED, .wait = 1, .elsewhere = true, .encrypted = true}};
    static const char *const nonsense[] = {
        NULL, "", "{", "[]", "{\"step\":\"x\"}", "{\"step\":-5,\"wait\":null}"};
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        const char *text = kol_fetch_plan_text(a, &plans[i]);
        struct kol_fetch_plan p = kol_fetch_plan_read(text);
        check_str("there and back", kol_fetch_plan_text(a, &p), text);
    }
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        struct kol_fetch_plan p = kol_fetch_plan_read(nonsense[i]);
        check_str(nonsense[i], kol_fetch_plan_text(a, &p), kol_fetch_plan_text(a, &plans[0]));
    }
    check_int("format", kol_fetch_plan_read("{\"step\":99,\"format\":99,\"wait\":99}").format, 2);
}

static void test_in_round(void **state)
{
    (void)state;
    check_true("beginning", !kol_fetch_in_round(&(struct kol_fetch_plan){0}));
    check_true("between rounds",
               !kol_fetch_in_round(&(struct kol_fetch_plan){.round = 2, .rounds_s = 9}));
    check_true("waiting", kol_fetch_in_round(&(struct kol_fetch_plan){.wait = 1}));
    check_true("media", kol_fetch_in_round(&(struct kol_fetch_plan){.step = MEDIA}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_steps),
        cmocka_unit_test(test_a_round),
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_one_round_for_players),
        cmocka_unit_test(test_in_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
