/*
 * fuzz_replay.c - stands in for libFuzzer in builds without it.
 *
 * Runs a fuzz target over every file of the folders named on the command line, whole and cut off
 * after each of its first bytes: yesterday's findings stay tests in every build.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_FILE = 1 << 20, MAX_CUTS = 512 };

/* A copy of exactly that size, so that AddressSanitizer sees a read past the end. */
static void run_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_file(const char *path)
{
    static uint8_t data[MAX_FILE];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    size_t size = fread(data, 1, sizeof data, f);
    fclose(f);

    for (size_t cut = 0; cut < size && cut < MAX_CUTS; cut++)
        run_copy(data, cut);
    run_copy(data, size);
}

int main(int argc, char **argv)
{
    unsigned files = 0;

    run_copy((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir)
            continue; /* no corpus yet */
        for (struct dirent *e; (e = readdir(dir));) {
            char path[4096];
            if (e->d_name[0] == '.')
                continue;
            if (snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name) >= (int)sizeof path)
                continue;
            run_file(path);
            files++;
        }
        closedir(dir);
    }
    printf("replayed %u files\n", files);
    return 0;
}
