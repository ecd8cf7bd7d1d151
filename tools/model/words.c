#include "words.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 16 << 20, FFT_BINS = 201, FFT_SIZE = 400, RATE_HZ = 16000, MELS_MOST = 128 };

struct out {
    uint8_t *data;
    size_t size, room;
};

static void put(struct out *o, const void *data, size_t size)
{
    if (o->size + size > o->room) {
        o->room = 2 * (o->size + size) + 4096;
        uint8_t *more = realloc(o->data, o->room);
        if (!more)
            die("out of memory for %zu bytes", o->room);
        o->data = more;
    }
    memcpy(o->data + o->size, data, size);
    o->size += size;
}

static void put_number(struct out *o, uint32_t v)
{
    const uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
                              (uint8_t)(v >> 24)};
    put(o, bytes, sizeof bytes);
}

/* ---- mel filters ---- */

/* Linear below 1000 Hz, logarithmic above: the scale of Slaney's Auditory Toolbox. */
static double hz_of_mel(double mel)
{
    return mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

static double mel_of_hz(double hz)
{
    return hz < 1000 ? hz * 3 / 200 : 15 + log(hz / 1000) * 27 / log(6.4);
}

/* Triangles of equal area between neighbouring mel frequencies. */
static void put_filters(struct out *o, uint32_t n_mels)
{
    double edges[MELS_MOST + 2];
    const double most = mel_of_hz(RATE_HZ / 2.0);

    for (uint32_t i = 0; i < n_mels + 2; i++)
        edges[i] = hz_of_mel(most * i / (n_mels + 1));
    put_number(o, n_mels);
    put_number(o, FFT_BINS);
    for (uint32_t i = 0; i < n_mels; i++)
        for (int k = 0; k < FFT_BINS; k++) {
            const double hz = (double)k * RATE_HZ / FFT_SIZE;
            const double up = (hz - edges[i]) / (edges[i + 1] - edges[i]);
            const double down = (edges[i + 2] - hz) / (edges[i + 2] - edges[i + 1]);
            const double height = up < down ? up : down;
            const float value = (float)(height > 0 ? height * 2 / (edges[i + 2] - edges[i]) : 0);
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            put_number(o, bits);
        }
}

/* ---- vocabulary ---- */

/* GPT-2 writes bytes that are no visible letters as U+0100 and following. */
static void fill_table(int table[512])
{
    int extra = 0;

    for (int i = 0; i < 512; i++)
        table[i] = -1;
    for (int b = 0; b < 256; b++) {
        const int visible = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        table[visible ? b : 256 + extra++] = b;
    }
}

/* One word from its letters to its bytes. */
static void put_word(struct out *o, const int table[512], const char *text, size_t len)
{
    const size_t at = o->size;
    uint32_t bytes = 0;

    put_number(o, 0);
    for (size_t i = 0; i < len; bytes++) {
        const uint8_t c = (uint8_t)text[i];
        int point = c;
        size_t step = 1;
        if (c >= 0xC0 && c < 0xE0 && i + 1 < len) {
            point = (c & 0x1F) << 6 | (text[i + 1] & 0x3F);
            step = 2;
        }
        if ((c >= 0x80 && step == 1) || point >= 512 || table[point] < 0)
            die("the vocabulary has a word that is not in GPT-2's letters");
        const uint8_t byte = (uint8_t)table[point];
        put(o, &byte, 1);
        i += step;
    }
    memcpy(o->data + at, (uint8_t[]){(uint8_t)bytes, (uint8_t)(bytes >> 8), 0, 0}, 4);
}

static char *read_text(const char *folder, const char *name, size_t *ret_len)
{
    char path[4200];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = n < (int)sizeof path ? fopen(path, "rb") : NULL;

    if (!f)
        return NULL;
    char *text = xmalloc(FILE_MOST + 1);
    *ret_len = fread(text, 1, FILE_MOST + 1, f);
    fclose(f);
    if (*ret_len > FILE_MOST)
        die("%s is too long for a vocabulary", path);
    text[*ret_len] = '\0';
    return text;
}

/* Words up to the first mark: whisper.cpp makes the marks itself. */
static uint32_t put_json(struct out *o, const int table[512], const char *text, size_t len)
{
    json_t *list = json_loadb(text, len, 0, NULL);
    uint32_t count = 0;

    if (!json_is_array(list))
        die("vocabulary.json is no list of words");
    for (; count < json_array_size(list); count++) {
        const json_t *word = json_array_get(list, count);
        if (!json_is_string(word))
            die("vocabulary.json holds something else than words");
        if (strncmp(json_string_value(word), "<|endoftext|>", 13) == 0)
            break;
        put_word(o, table, json_string_value(word), json_string_length(word));
    }
    json_decref(list);
    return count;
}

static uint32_t put_lines(struct out *o, const int table[512], const char *text)
{
    uint32_t count = 0;

    for (const char *at = text; *at; count++) {
        const size_t len = strcspn(at, "\n");
        if (strncmp(at, "<|endoftext|>", 13) == 0)
            break;
        put_word(o, table, at, len);
        at += len + (at[len] == '\n');
    }
    return count;
}

static void put_vocabulary(struct out *o, const char *folder, uint32_t n_vocab)
{
    const size_t at = o->size;
    size_t len;
    int table[512];
    char *text = read_text(folder, "vocabulary.json", &len);
    const int is_json = text != NULL;

    if (!text)
        text = read_text(folder, "vocabulary.txt", &len);
    if (!text)
        die("%s has neither vocabulary.json nor vocabulary.txt", folder);
    fill_table(table);
    put_number(o, 0);
    const uint32_t count = is_json ? put_json(o, table, text, len) : put_lines(o, table, text);
    free(text);
    if (count < 50000 || count >= n_vocab)
        die("the vocabulary has %u words, which do not fit a model of %u tokens", count, n_vocab);
    memcpy(o->data + at,
           (uint8_t[]){(uint8_t)count, (uint8_t)(count >> 8), (uint8_t)(count >> 16), 0}, 4);
}

uint8_t *words_of_folder(const char *folder, uint32_t n_mels, uint32_t n_vocab, size_t *ret_size)
{
    struct out o = {0};

    if (n_mels != 80 && n_mels != MELS_MOST)
        die("the model has %u mel bands, neither 80 nor 128", n_mels);
    put_filters(&o, n_mels);
    put_vocabulary(&o, folder, n_vocab);
    *ret_size = o.size;
    return o.data;
}
