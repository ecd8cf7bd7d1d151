/*
 * routes.c - every path of the server in one table: who may ask, and who answers.
 *
 * The first fitting line wins. Callbacks stand first: they are the traffic.
 */
#include "base/cleanup.h"
#include "serve/api.h"
#include "serve/login.h"
#include "serve/metrics.h"
#include "serve/router.h"

/* clang-format off */
const struct kol_route kol_routes[] = {
    /* Twilio; open, because each one is signed. */
    {KOL_POST | KOL_GET, "/webhook/recording_status", KOL_AUTH_OPEN, kol_webhook_recording_status},
    {KOL_POST | KOL_GET, "/webhook/handle_recording", KOL_AUTH_OPEN, kol_webhook_handle_recording},
    {KOL_POST | KOL_GET, "/webhook/call_status",      KOL_AUTH_OPEN, kol_webhook_call_status},
    {KOL_POST | KOL_GET, "/webhook/transcription",    KOL_AUTH_OPEN, kol_webhook_transcription},
    {KOL_POST,           "/webhook/self_test",        KOL_AUTH_OPEN, kol_webhook_self_test},

    /* Playback */
    {KOL_GET,     "/api/recordings/{call}/file",    KOL_AUTH_MEDIA, kol_api_file},
    {KOL_OPTIONS, "/api/recordings/{call}/file",    KOL_AUTH_OPEN,  kol_api_file_preflight},
    {KOL_POST,    "/api/recordings/{call}/prepare", KOL_AUTH_KEY,   kol_api_prepare},
    {KOL_POST,    "/api/recordings/{call}/link",    KOL_AUTH_KEY,   kol_api_link},
    {KOL_GET,     "/api/calls/{call}/download",     KOL_AUTH_KEY,   kol_api_download},

    /* What is known */
    {KOL_GET,   "/api/me",                   KOL_AUTH_KEY, kol_api_me},
    {KOL_GET,   "/api/calls",                KOL_AUTH_KEY, kol_api_calls},
    {KOL_GET,   "/api/calls/{call}",         KOL_AUTH_KEY, kol_api_call},
    {KOL_POST,  "/api/calls/{call}/trigger", KOL_AUTH_KEY, kol_api_call_trigger},
    {KOL_GET,   "/api/search",               KOL_AUTH_KEY, kol_api_search},
    {KOL_GET,   "/api/leads",                KOL_AUTH_KEY, kol_api_leads},
    {KOL_GET,   "/api/leads/{id}",           KOL_AUTH_KEY, kol_api_lead},
    {KOL_PATCH, "/api/leads/{id}",           KOL_AUTH_KEY, kol_api_lead_edit},
    {KOL_GET,   "/api/jobs",                 KOL_AUTH_KEY, kol_api_jobs},
    {KOL_GET,   "/api/jobs/{id}",            KOL_AUTH_KEY, kol_api_job},
    {KOL_POST,  "/api/jobs/{id}/retry",      KOL_AUTH_KEY, kol_api_job_retry},
    {KOL_POST,  "/api/jobs/{id}/cancel",     KOL_AUTH_KEY, kol_api_job_cancel},
    {KOL_GET,   "/api/businesses",           KOL_AUTH_KEY, kol_api_businesses},
    {KOL_GET,   "/api/businesses/{id}",      KOL_AUTH_KEY, kol_api_business},

    /* How it fares */
    {KOL_GET, "/healthz", KOL_AUTH_OPEN,     kol_health_live},
    {KOL_GET, "/readyz",  KOL_AUTH_KEY,      kol_health_ready},
    {KOL_GET, "/metrics", KOL_AUTH_OPERATOR, kol_health_metrics},

    /* People */
    {KOL_POST, "/login",         KOL_AUTH_OPEN, kol_login},
    {KOL_POST, "/logout",        KOL_AUTH_KEY,  kol_logout},
    {KOL_GET,  "/login",         KOL_AUTH_OPEN, kol_page},
    {KOL_GET,  "/",              KOL_AUTH_PAGE, kol_page},
    {KOL_GET,  "/calls/{call}",  KOL_AUTH_PAGE, kol_page},
    {KOL_GET,  "/leads",         KOL_AUTH_PAGE, kol_page},
    {KOL_GET,  "/jobs",          KOL_AUTH_PAGE, kol_page},
    {KOL_GET,  "/open/{name}",   KOL_AUTH_OPEN, kol_page_asset}, /* what the login page needs */
    {KOL_GET,  "/assets/{name}", KOL_AUTH_KEY,  kol_page_asset},
};
/* clang-format on */

const size_t kol_route_count = KOL_COUNT(kol_routes);
_Static_assert(KOL_COUNT(kol_routes) <= KOL_METRIC_ROUTES, "more routes than counters");
