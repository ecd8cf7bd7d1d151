/* test_decode.h - what the tests of decode.c share. Only tests include this. */
#ifndef KOL_AUDIO_TEST_DECODE_H
#define KOL_AUDIO_TEST_DECODE_H

#include "audio/decode.h"
#include "base/test.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

enum { TEST_BLOCK = 5000 }; /* on purpose no divisor of the stream's own blocks */

struct decoded {
    struct kol_decode_info info;
    struct kol_decode_end end;
    uint64_t frames;
    int16_t *planes[2]; /* of at most keep frames */
};

static inline void decoded_done(struct decoded *r)
{
    free(r->planes[0]);
    free(r->planes[1]);
}

/* Decodes all of path and keeps the first `keep` frames. */
static inline enum kol_code decode_path(const struct kol_decode_conf *conf, const char *path,
                                        size_t keep, struct decoded *ret, struct kol_err *err)
{
    static int16_t block[2][TEST_BLOCK];
    int16_t *planes[] = {block[0], block[1]};
    KOL_CLEANUP(kol_decode_cleanup) struct kol_decode *d = NULL;
    size_t n = 0;

    memset(ret, 0, sizeof *ret);
    ret->planes[0] = calloc(keep + 1, sizeof(int16_t));
    ret->planes[1] = calloc(keep + 1, sizeof(int16_t));
    enum kol_code code = kol_decode_open(conf, path, &d, err);
    if (code == KOL_OK)
        ret->info = *kol_decode_info(d);
    while (code == KOL_OK && (code = kol_decode_read(d, planes, TEST_BLOCK, &n, err)) == KOL_OK) {
        if (n == 0) {
            ret->end = kol_decode_end(d);
            return KOL_OK;
        }
        for (int c = 0; c < ret->info.channels && ret->frames < keep; c++) {
            size_t room = keep - ret->frames;
            memcpy(ret->planes[c] + ret->frames, block[c], 2 * (n < room ? n : room));
        }
        ret->frames += n;
    }
    return code;
}

static inline int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* No child left, running or dead, and no descriptor. */
static inline void check_nothing_left(const char *row, int descriptors_before)
{
    check_int(row, waitpid(-1, NULL, WNOHANG), -1);
    check_int(row, errno, ECHILD);
    check_int(row, count_descriptors(), descriptors_before);
}

static inline void write_test_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");

    check_true(path, f != NULL && fwrite(bytes, 1, len, f) == len);
    fclose(f);
}

#endif
