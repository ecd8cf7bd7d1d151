/* test_media.c - formats by magic bytes, on real files, error bodies and noise. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/media.h"
#include "base/test.h"

#define BYTES(s) (s), sizeof(s) - 1

static void knows_real_files(void **state)
{
    static const struct {
        const char *file, *ext;
    } rows[] = {
        {"mono.mp3", "mp3"},   {"stereo.mp3", "mp3"}, {"bare.mp3", "mp3"},   {"cover.mp3", "mp3"},
        {"high.mp3", "mp3"},   {"speech.mp3", "mp3"}, {"mono.wav", "wav"},   {"mulaw.wav", "wav"},
        {"opus.ogg", "ogg"},   {"vorbis.ogg", "ogg"}, {"stereo.m4a", "m4a"}, {"fast.m4a", "m4a"},
        {"mono.flac", "flac"}, {"README.md", ""},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        char path[512], head[KOL_MEDIA_HEAD_BYTES];
        snprintf(path, sizeof path, "%s/media/%s", KOL_TEST_DATA, rows[i].file);
        KOL_CLEANUP(kol_close_file) FILE *f = fopen(path, "rb");
        check_true(path, f != NULL);
        size_t len = fread(head, 1, sizeof head, f);
        check_str(rows[i].file, kol_media_ext(kol_media_sniff(head, len)), rows[i].ext);
    }
}

static void names_what_is_no_audio(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *guess;
    } rows[] = {
        {NULL, 0, "nothing (empty)"},
        {BYTES("\0\0\0\0\0\0\0\0"), "zero bytes"},
        {BYTES("hello, I am no recording"), "plain text"},
        {BYTES("<?xml version='1.0'?><TwilioResponse/>"), "XML text"},
        {BYTES("  \r\n<TwilioResponse/>"), "XML text"},
        {BYTES("<!DOCTYPE html><html></html>"), "an HTML page"},
        {BYTES("<HTML>"), "an HTML page"},
        {BYTES("{\"code\": 20404}"), "JSON text"},
        {BYTES("[]"), "JSON text"},
        {BYTES("\x7f"
               "ELF\2\1\1"),
         "unknown binary data"},
        {BYTES("\xd7\xa7\xd7\x95\xd7\x9c"), "plain text"},
        {BYTES(" "), "plain text"},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        check_str(rows[i].guess, kol_media_guess(rows[i].bytes, rows[i].len), rows[i].guess);
        check_int(rows[i].guess, kol_media_sniff(rows[i].bytes, rows[i].len), KOL_MEDIA_UNKNOWN);
    }
}

static void believes_no_half_magic(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t len;
        enum kol_media media;
    } rows[] = {
        {"RIFF picture", BYTES("RIFF\4\0\0\0WEBPVP8 "), KOL_MEDIA_UNKNOWN},
        {"RIFF alone", BYTES("RIFF"), KOL_MEDIA_UNKNOWN},
        {"RIFF of wrong size", BYTES("RIFF\xff\xff\xff\xffWAVEfmt "), KOL_MEDIA_WAV},
        {"other ogg version", BYTES("OggS\7\2"), KOL_MEDIA_UNKNOWN},
        {"word ftyp", BYTES("the ftyp of"), KOL_MEDIA_UNKNOWN},
        {"huge ftyp", BYTES("\x7f\0\0\0ftypM4A "), KOL_MEDIA_UNKNOWN},
        {"mp4",
         BYTES("\0\0\0\x1c"
               "ftypmp42\0\0\0\0"),
         KOL_MEDIA_M4A},
        {"id3 in text", BYTES("ID3 tags are fun, said the text"), KOL_MEDIA_UNKNOWN},
        {"id3, then nothing known", BYTES("ID3\4\0\0\0\0\0\2xxhello hello"), KOL_MEDIA_UNKNOWN},
        {"long id3", BYTES("ID3\3\0\0\0\2\0\0"), KOL_MEDIA_MP3},
        {"id3 before flac", BYTES("ID3\4\0\0\0\0\0\2xxfLaC\0"), KOL_MEDIA_FLAC},
        {"aac in adts", BYTES("\xff\xf1\x50\x80\x02\x1f\xfc"), KOL_MEDIA_UNKNOWN},
        {"utf-16 text", BYTES("\xff\xfeh\0e\0l\0l\0o\0"), KOL_MEDIA_UNKNOWN},
        {"only ones", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), KOL_MEDIA_UNKNOWN},
        {"free bit rate", BYTES("\xff\xfb\x00\x00"), KOL_MEDIA_UNKNOWN},
        {"layer II", BYTES("\xff\xfd\x90\x00"), KOL_MEDIA_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++)
        check_int(rows[i].name, kol_media_sniff(rows[i].bytes, rows[i].len), rows[i].media);
}

/* 8 kbit/s at 8 kHz, MPEG 2.5: frames of 72 bytes. */
static void wants_a_second_mp3_frame(void **state)
{
    unsigned char two[144] = {0xff, 0xe3, 0x18, 0xc4};

    (void)state;
    check_int("first only", kol_media_sniff(two, sizeof two), KOL_MEDIA_UNKNOWN);
    memcpy(two + 72, two, 4);
    check_int("both", kol_media_sniff(two, sizeof two), KOL_MEDIA_MP3);
    check_int("cut in the first", kol_media_sniff(two, 50), KOL_MEDIA_MP3);
    two[72 + 1] = 0xf3; /* MPEG 2 */
    check_int("of another kind", kol_media_sniff(two, sizeof two), KOL_MEDIA_UNKNOWN);
}

static void takes_no_noise_for_audio(void **state)
{
    enum { TRIES = 20000 };
    unsigned char noise[2048];

    (void)state;
    for (int i = 0; i < TRIES; i++) {
        kol_random_bytes(noise, sizeof noise);
        check_int("noise", kol_media_sniff(noise, sizeof noise), KOL_MEDIA_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_real_files),         cmocka_unit_test(names_what_is_no_audio),
        cmocka_unit_test(believes_no_half_magic),   cmocka_unit_test(wants_a_second_mp3_frame),
        cmocka_unit_test(takes_no_noise_for_audio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
