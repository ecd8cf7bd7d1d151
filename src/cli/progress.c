#include "cli/progress.h"

#include "base/clock.h"
#include <stdio.h>
#include <unistd.h>

enum { CELLS = 24, EVERY_MS = 100 };

void kol_bar_begin(struct kol_bar *bar, bool quiet)
{
    *bar = (struct kol_bar){
        .on = !quiet && isatty(STDERR_FILENO), .began_ms = kol_boot_ms(), .first = -1};
}

int64_t kol_bar_seconds_left(const struct kol_bar *bar, int64_t done, int64_t total)
{
    const int64_t took_ms = kol_boot_ms() - bar->began_ms, work = done - bar->first;

    if (bar->first < 0 || work <= 0 || total <= done || took_ms < 500)
        return -1;
    return (int64_t)((double)(total - done) / (double)work * (double)took_ms / 1000.0) + 1;
}

void kol_bar_show(struct kol_bar *bar, int64_t done, int64_t total, const char *label)
{
    const int64_t now_ms = kol_boot_ms();

    if (bar->first < 0)
        bar->first = done;
    if (!bar->on || now_ms - bar->shown_ms < EVERY_MS)
        return;
    bar->shown_ms = now_ms;
    const int cells = total > 0 ? (int)(done * CELLS / total) : 0;
    const int64_t left = kol_bar_seconds_left(bar, done, total);
    fprintf(stderr, "\r[");
    for (int i = 0; i < CELLS; i++)
        fputc(i < cells ? '#' : '.', stderr);
    fprintf(stderr, "] %3d %%  %s", total > 0 ? (int)(done * 100 / total) : 0, label);
    if (left >= 0)
        fprintf(stderr, ", %lld:%02lld left", (long long)left / 60, (long long)left % 60);
    fprintf(stderr, "\033[K");
    fflush(stderr);
}

void kol_bar_clear(struct kol_bar *bar)
{
    if (bar->on && bar->shown_ms > 0)
        fprintf(stderr, "\r\033[K");
    bar->shown_ms = 0;
}
