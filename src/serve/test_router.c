/* test_router.c - paths and patterns. */
#include "base/test.h"
#include "serve/router.h"

#define SID "CA0123456789abcdef0123456789abcdef"

static void test_patterns(void **state)
{
    static const struct {
        const char *pattern, *path, *var; /* var "": no match */
    } rows[] = {
        {"/healthz", "/healthz", NULL},
        {"/healthz", "/healthz/", ""},
        {"/healthz", "/health", ""},
        {"/", "/", NULL},
        {"/calls/{call}", "/calls/" SID, SID},
        {"/calls/{call}", "/calls/" SID "/", ""},
        {"/calls/{call}", "/calls/", ""},
        {"/calls/{call}", "/calls/../etc", ""},
        {"/calls/{call}", "/calls/RE0123456789abcdef0123456789abcdef", ""},
        {"/calls/{call}/file", "/calls/" SID "/file", SID},
        {"/calls/{call}/file", "/calls/" SID "/files", ""},
        {"/leads/{id}", "/leads/7", "7"},
        {"/leads/{id}", "/leads/0", ""},
        {"/leads/{id}", "/leads/-7", ""},
        {"/leads/{id}", "/leads/7x", ""},
        {"/leads/{id}", "/leads/99999999999999999999", ""},
        {"/assets/{name}", "/assets/app.js", "app.js"},
        {"/assets/{name}", "/assets/..", ""},
        {"/assets/{name}", "/assets/.hidden", ""},
        {"/assets/{name}", "/assets/a%2fb", ""},
        {"/assets/{name}", "/assets/a/b", ""},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *vars[KOL_PATH_VARS] = {NULL};
        bool fits = kol_path_match(a, rows[i].pattern, rows[i].path, vars);
        check_int(rows[i].path, fits, !(rows[i].var && !*rows[i].var));
        if (fits)
            check_str(rows[i].path, vars[0], rows[i].var);
    }
}

static void find(struct kol_request *rq, const char *method, const char *path, unsigned *allowed)
{
    rq->path = path;
    rq->method = kol_method_of(method);
    rq->route = NULL;
    kol_route_find(rq, allowed);
}

static void test_table(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_request rq = {.arena = a};
    unsigned allowed;

    (void)state;
    find(&rq, "HEAD", "/api/recordings/" SID "/file", &allowed);
    check_str("HEAD where GET is", rq.route->pattern, "/api/recordings/{call}/file");
    check_int("auth", rq.route->auth, KOL_AUTH_MEDIA);
    find(&rq, "OPTIONS", "/api/recordings/" SID "/file", &allowed);
    check_int("preflight is open", rq.route->auth, KOL_AUTH_OPEN);
    find(&rq, "PUT", "/api/leads/7", &allowed);
    check_true("no route", rq.route == NULL);
    check_str("Allow", kol_methods_text(a, allowed), "GET, HEAD, PATCH");
    find(&rq, "GET", "/nothing", &allowed);
    check_int("unknown path", allowed, 0);
    find(&rq, "BREW", "/", &allowed);
    check_true("unknown method", rq.route == NULL);
}

/* design.md, "Who may do what": nothing else is open. */
static void test_what_is_open(void **state)
{
    static const char *const open[] = {
        "/webhook/recording_status",
        "/webhook/handle_recording",
        "/webhook/call_status",
        "/webhook/transcription",
        "/webhook/self_test",
        "/healthz",
        "/login",
        "/open/{name}",
        "/api/recordings/{call}/file" /* OPTIONS only */
    };

    (void)state;
    for (size_t i = 0; i < kol_route_count; i++) {
        const struct kol_route *r = &kol_routes[i];
        bool listed = false;
        if (r->auth != KOL_AUTH_OPEN)
            continue;
        for (size_t j = 0; j < sizeof open / sizeof *open; j++)
            listed |= strcmp(open[j], r->pattern) == 0;
        check_true(r->pattern, listed);
        if (strncmp(r->pattern, "/api/", 5) == 0)
            check_int(r->pattern, r->methods, KOL_OPTIONS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_what_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
