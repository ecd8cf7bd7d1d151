#include "transcribe/clip.h"

#include "base/cleanup.h"
#include "transcribe/filters.h"
#include <string.h>
#include <sys/mman.h>

enum { WORDS_MOST = 64, TEXT_MOST = 2048, DEADLINE_MS = 600000 };

__asm__(".section .rodata\n.global kol_clip\n.global kol_clip_end\n.balign 16\nkol_clip:\n"
        ".incbin \"" KOL_DATA_DIR "/clip.ogg\"\nkol_clip_end:\n.byte 0\n.previous\n");
extern const char kol_clip[], kol_clip_end[];

static const char spoken[] = "And so, my fellow Americans: ask not what your country can do for "
                             "you, ask what you can do for your country.";

struct words {
    char text[TEXT_MOST];
    const char *at[WORDS_MOST];
    int count;
};

static void split(const char *text, struct words *w)
{
    char *save = NULL;

    kol_filter_normalise(text, w->text, sizeof(w->text));
    w->count = 0;
    for (char *word = strtok_r(w->text, " ", &save); word && w->count < WORDS_MOST;
         word = strtok_r(NULL, " ", &save))
        w->at[w->count++] = word;
}

/* The longest row of words that both have in this order. */
static int count_right(const struct words *a, const struct words *b)
{
    int row[WORDS_MOST + 1] = {0};

    for (int i = 0; i < a->count; i++)
        for (int j = 1, diagonal = 0; j <= b->count; j++) {
            const int above = row[j];
            if (strcmp(a->at[i], b->at[j - 1]) == 0)
                row[j] = diagonal + 1;
            else if (row[j - 1] > row[j])
                row[j] = row[j - 1];
            diagonal = above;
        }
    return row[b->count];
}

enum kol_code kol_transcriber_hear_clip(struct kol_transcriber *t, struct kol_arena *a,
                                        struct kol_clip_result *ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_close_fd) int fd = memfd_create("kol-clip", MFD_CLOEXEC);
    const size_t size = (size_t)(kol_clip_end - kol_clip);
    const struct kol_transcribe_options options = {.language = "en", .deadline_ms = DEADLINE_MS};
    struct kol_transcript transcript;
    struct words said, heard;
    char path[64];

    if (fd < 0 || write(fd, kol_clip, size) != (ssize_t)size)
        return kol_fail(err, KOL_NO_MEMORY, "no memory for the clip");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    enum kol_code code = kol_transcribe_file(t, a, path, &options, &transcript, err);
    if (code != KOL_OK)
        return code;
    split(spoken, &said);
    split(transcript.text, &heard);
    *ret = (struct kol_clip_result){
        .heard = transcript.text,
        .words = said.count,
        .right = count_right(&said, &heard),
        .duration_ms = transcript.duration_ms,
        .wall_ms = transcript.wall_ms,
    };
    return KOL_OK;
}
