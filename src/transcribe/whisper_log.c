#include "transcribe/whisper_log.h"

#include "base/log.h"
#include <pthread.h>
#include <string.h>
#include <whisper.h>

static void log_line(enum ggml_log_level level, const char *text, void *user)
{
    (void)level;
    (void)user;
    if (!kol_log_enabled(KOL_DEBUG))
        return;

    size_t len = strcspn(text, "\n");
    if (len > 0)
        kol_debug("whisper: %.*s", (int)len, text);
}

static void route(void)
{
    whisper_log_set(log_line, NULL);
    ggml_log_set(log_line, NULL);
}

void kol_whisper_route_log(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, route);
}
