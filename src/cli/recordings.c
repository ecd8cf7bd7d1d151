#include "cli/recordings.h"

#include "base/cleanup.h"
#include "base/str.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { DEPTH_MOST = 32 };

struct finding {
    struct kol_arena *a;
    struct kol_recording_file *files;
    size_t count, room;
    struct kol_err *err;
};

static enum kol_code no_memory(const struct finding *f)
{
    return kol_fail(f->err, KOL_NO_MEMORY, "find recordings: out of memory");
}

static enum kol_code add(struct finding *f, const char *path, const char *shown, const char *out,
                         int64_t bytes)
{
    if (f->count == f->room) {
        size_t room = 2 * f->room + 64;
        struct kol_recording_file *more = kol_arena_array(f->a, room, sizeof(*more));
        if (!more)
            return no_memory(f);
        if (f->count > 0)
            memcpy(more, f->files, f->count * sizeof(*more));
        f->files = more;
        f->room = room;
    }
    if (!path || !shown || !out)
        return no_memory(f);
    f->files[f->count++] = (struct kol_recording_file){path, shown, out, bytes};
    return KOL_OK;
}

/* ---- folders ---- */

static bool is_sound(const char *name)
{
    static const char *const endings[] = {".wav", ".mp3", ".ogg",  ".oga", ".opus",
                                          ".m4a", ".mp4", ".flac", ".webm"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < KOL_COUNT(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

static int not_hidden(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* below: the path inside the folder that was named, "" at first. */
static enum kol_code walk(struct finding *f, const char *folder, const char *below, int depth)
{
    struct dirent **list = NULL;
    enum kol_code code = KOL_OK;
    int n = depth > DEPTH_MOST ? 0 : scandir(folder, &list, not_hidden, alphasort);

    if (n < 0)
        return kol_fail(f->err, KOL_IO, "open folder %s: %s", folder, strerror(errno));
    for (int i = 0; i < n; i++) {
        const char *path = kol_arena_fmt(f->a, "%s/%s", folder, list[i]->d_name);
        const char *out = kol_arena_fmt(f->a, "%s%s%s", below, *below ? "/" : "", list[i]->d_name);
        struct stat st;
        if (code == KOL_OK && (!path || !out))
            code = no_memory(f);
        if (code == KOL_OK && lstat(path, &st) == 0) { /* a link could lead in circles */
            if (S_ISDIR(st.st_mode))
                code = walk(f, path, out, depth + 1);
            else if (S_ISREG(st.st_mode) && is_sound(path))
                code = add(f, path, path, out, st.st_size);
        }
        free(list[i]);
    }
    free(list);
    return code;
}

static enum kol_code add_folder(struct finding *f, const char *word)
{
    size_t len = strlen(word), before = f->count;

    while (len > 1 && word[len - 1] == '/')
        len--;
    const char *folder = kol_arena_strn(f->a, word, len);
    enum kol_code code = folder ? walk(f, folder, "", 0) : no_memory(f);
    if (code == KOL_OK && f->count == before)
        code = kol_fail(f->err, KOL_BAD_INPUT, "there are no recordings in the folder %s", folder);
    return code;
}

/* ---- standard input ---- */

/* A pipe cannot be read twice, but the decoder does: it goes to memory first. The descriptor lives
 * as long as the program. */
static enum kol_code add_stdin(struct finding *f, int64_t most)
{
    static char buf[1 << 16];
    int64_t bytes = 0;
    ssize_t n;
    int fd = memfd_create("kol-stdin", MFD_CLOEXEC);

    if (fd < 0)
        return no_memory(f);
    while ((n = read(STDIN_FILENO, buf, sizeof buf)) > 0) {
        bytes += n;
        if (bytes > most)
            return kol_fail(f->err, KOL_TOO_LARGE, "standard input is longer than %lld bytes",
                            (long long)most);
        if (write(fd, buf, (size_t)n) != n)
            return kol_fail(f->err, KOL_NO_MEMORY, "keep standard input: %s", strerror(errno));
    }
    if (n < 0)
        return kol_fail(f->err, KOL_IO, "read standard input: %s", strerror(errno));
    return add(f, kol_arena_fmt(f->a, "/proc/self/fd/%d", fd), "-", "stdin", bytes);
}

/* ---- all ---- */

static enum kol_code add_word(struct finding *f, const char *word, int64_t stdin_most)
{
    const char *slash = strrchr(word, '/');
    struct stat st;

    if (kol_streq(word, "-"))
        return add_stdin(f, stdin_most);
    if (stat(word, &st) != 0)
        return add(f, word, word, slash ? slash + 1 : word, 0); /* told in its turn */
    if (S_ISDIR(st.st_mode))
        return add_folder(f, word);
    return add(f, word, word, slash ? slash + 1 : word, st.st_size);
}

static int by_out(const void *a, const void *b)
{
    const struct kol_recording_file *const *x = a, *const *y = b;

    return strcmp((*x)->out, (*y)->out);
}

static enum kol_code check_outs(const struct finding *f)
{
    const struct kol_recording_file **sorted = kol_arena_array(f->a, f->count + 1, sizeof(*sorted));

    if (!sorted)
        return no_memory(f);
    for (size_t i = 0; i < f->count; i++)
        sorted[i] = &f->files[i];
    qsort(sorted, f->count, sizeof(*sorted), by_out);
    for (size_t i = 1; i < f->count; i++)
        if (kol_streq(sorted[i - 1]->out, sorted[i]->out))
            return kol_fail(f->err, KOL_BAD_INPUT, "%s and %s would both become %s",
                            sorted[i - 1]->shown, sorted[i]->shown, sorted[i]->out);
    return KOL_OK;
}

enum kol_code kol_recordings_find(struct kol_arena *a, const char *const *words, int count,
                                  int64_t stdin_most, bool to_files,
                                  struct kol_recording_file **ret, size_t *ret_count,
                                  struct kol_err *err)
{
    struct finding f = {.a = a, .err = err};
    enum kol_code code = KOL_OK;

    for (int i = 0; i < count && code == KOL_OK; i++)
        code = add_word(&f, words[i], stdin_most);
    if (code == KOL_OK && to_files)
        code = check_outs(&f);
    *ret = f.files;
    *ret_count = f.count;
    return code;
}
