/* cmd_transcribe.c - recordings to transcripts, without database or server. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/language.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/recordings.h"
#include "cli/signals.h"
#include "transcribe/batch.h"
#include "transcribe/engines.h"
#include "transcribe/formats.h"
#include "transcribe/stage.h"

#include <string.h>

#define OUTPUT_MOST (256u << 20)
#define GLOSSARY_MOST 256
#define LABEL_MOST 200

/* What came of one recording: printed when all before it are. */
struct outcome {
    bool done;
    char *text; /* NULL: nothing to print */
};

struct job {
    struct kol_cli *cli;
    enum kol_transcript_format format;
    const char *output_dir; /* NULL: standard output */
    struct kol_transcribe_options options;
    const char *glossary[GLOSSARY_MOST];
    struct kol_recording_file *files;
    size_t count;
    struct outcome *outcomes;
    size_t printed; /* all before it are on standard output */
    size_t failed, finished;
    struct kol_bar bar;
    int64_t *bytes_done; /* of each file, for the bar */
    int64_t *audio_ms;   /* of each file, heard so far */
    int64_t bytes_all, began_ms;
    const atomic_bool *stop;
};

/* ---- progress ---- */

static void on_progress(size_t index, int64_t done_ms, int64_t total_ms, void *user)
{
    struct job *job = user;
    int64_t done = 0, heard_ms = 0;
    const int64_t took_ms = kol_boot_ms() - job->began_ms;
    char label[LABEL_MOST];

    if (total_ms > 0)
        job->bytes_done[index] =
            (int64_t)((double)job->files[index].bytes * (double)done_ms / (double)total_ms);
    job->audio_ms[index] = done_ms;
    for (size_t i = 0; i < job->count; i++) {
        done += job->bytes_done[i];
        heard_ms += job->audio_ms[i];
    }
    snprintf(label, sizeof label, "%zu of %zu done, %.1f times real time", job->finished,
             job->count, took_ms > 0 ? (double)heard_ms / (double)took_ms : 0);
    kol_bar_show(&job->bar, done, job->bytes_all, label);
}

static bool on_stop(void *user)
{
    const struct job *job = user;

    return atomic_load(job->stop);
}

/* ---- results ---- */

/* DIR/NAME.txt, whole or not at all. */
static enum kol_code write_file(const struct job *job, size_t index, const struct kol_str *text,
                                struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    const char *path = a ? kol_arena_fmt(a, "%s/%s.%s", job->output_dir, job->files[index].out,
                                         kol_transcript_format_ending(job->format))
                         : NULL;

    if (!path)
        return kol_fail(err, KOL_NO_MEMORY, "out of memory");
    const char *folder = kol_arena_strn(a, path, (size_t)(strrchr(path, '/') - path));
    enum kol_code code = kol_mkdir_p(folder, 0755, err);
    return code == KOL_OK ? kol_file_write_atomic(path, text->data, text->len, err) : code;
}

/* Standard output gets the recordings in the order they were named. */
static enum kol_code print_ready(struct job *job, struct kol_err *err)
{
    for (; job->printed < job->count && job->outcomes[job->printed].done; job->printed++) {
        char *text = job->outcomes[job->printed].text;

        if (text)
            fputs(text, stdout);
        free(text);
        job->outcomes[job->printed].text = NULL;
    }
    return fflush(stdout) == 0 ? KOL_OK : kol_fail(err, KOL_IO, "write to standard output: %m");
}

static enum kol_code keep(struct job *job, size_t index, const struct kol_transcript *t,
                          struct kol_err *err)
{
    KOL_STR text;
    const struct kol_format_options format = {
        .file = job->files[index].shown,
        .dropped = kol_cli_has(job->cli, "dropped"),
        .file_column = job->count > 1 && !job->output_dir,
        .continued = index > 0 && !job->output_dir,
    };

    kol_str_init(&text, OUTPUT_MOST);
    kol_transcript_write(&text, job->format, t, &format);
    if (kol_str_failed(&text))
        return kol_fail(err, KOL_TOO_LARGE, "the transcript is larger than %u MB",
                        OUTPUT_MOST >> 20);
    if (job->output_dir)
        return write_file(job, index, &text, err);
    job->outcomes[index].text = kol_str_take(&text);
    return KOL_OK;
}

static void on_done(size_t index, const struct kol_transcript *t, const struct kol_err *why,
                    void *user)
{
    struct job *job = user;
    struct kol_err err = why ? *why : (struct kol_err){0};
    enum kol_code code = t ? keep(job, index, t, &err) : err.code;

    kol_bar_clear(&job->bar);
    job->outcomes[index].done = true;
    job->finished++;
    job->bytes_done[index] = job->files[index].bytes;
    if (code == KOL_OK && !job->output_dir)
        code = print_ready(job, &err);
    if (code != KOL_OK) {
        fprintf(stderr, "kol: %s: %s\n", job->files[index].shown, err.msg);
        job->failed++;
    } else if (t && t->kept_count == 0) {
        fprintf(stderr, "%s: nobody speaks in it\n", job->files[index].shown);
    }
    if (code != KOL_OK && !job->output_dir)
        (void)!print_ready(job, &err);
}

/* ---- options ---- */

static bool read_roles(struct job *job, const char *text)
{
    const bool customer_first = kol_streq(text, "customer,agent");

    if (!customer_first && !kol_streq(text, "agent,customer"))
        return false;
    job->options.roles[0] = customer_first ? KOL_ROLE_CUSTOMER : KOL_ROLE_AGENT;
    job->options.roles[1] = customer_first ? KOL_ROLE_AGENT : KOL_ROLE_CUSTOMER;
    return true;
}

static bool read_language(struct job *job, const char *text)
{
    size_t count;

    if (!kol_language_read(text, job->options.allowed, &count))
        return false;
    job->options.language = count == 1 ? job->options.allowed[0] : "auto";
    return true;
}

static int read_options(struct job *job)
{
    struct kol_cli *cli = job->cli;
    const char *format = kol_cli_option(cli, "format"), *beam = kol_cli_option(cli, "beam");
    const char *channels = kol_cli_option(cli, "channels");
    const char *language = kol_cli_option(cli, "language");
    int64_t beams = cli->conf->beam_size;

    job->format = cli->json ? KOL_TRANSCRIPT_JSON : KOL_TRANSCRIPT_TEXT;
    if (format && !kol_transcript_format_from_name(format, &job->format))
        return kol_cli_usage(cli, "--format is text, json, srt, vtt or csv, not '%s'", format);
    if (beam && !kol_cli_number(beam, "--beam", &beams))
        return KOL_EXIT_USAGE;
    if (channels && !read_roles(job, channels))
        return kol_cli_usage(cli, "--channels is agent,customer or customer,agent");
    if (!read_language(job, language))
        return kol_cli_usage(cli, "--language is he, en, ..., auto, or a list such as he,en");
    job->options.beam = (int)beams;
    job->options.glossary = job->glossary;
    job->options.stop = on_stop;
    job->options.user = job;
    job->output_dir = kol_cli_option(cli, "output");
    job->options.glossary_count =
        kol_arena_split(cli->arena, kol_cli_option(cli, "glossary"), job->glossary, GLOSSARY_MOST);
    return KOL_EXIT_OK;
}

/* ---- the whole ---- */

static int run_batch(struct job *job, struct kol_err *err)
{
    struct kol_engines *engines = NULL;
    struct kol_engines_taken taken;
    const char **paths = kol_arena_array(job->cli->arena, job->count + 1, sizeof(*paths));
    enum kol_code code = kol_transcribe_check_model(job->cli->conf, err);

    if (code == KOL_OK && !paths)
        code = kol_fail(err, KOL_NO_MEMORY, "out of memory");
    if (code == KOL_OK)
        code = kol_engines_open(job->cli->conf, &engines, err);
    if (code == KOL_OK)
        code = kol_engines_take(engines, &taken, err);
    if (code != KOL_OK) {
        kol_engines_close(engines);
        return kol_cli_fail(err);
    }
    for (size_t i = 0; i < job->count; i++)
        paths[i] = job->files[i].path;
    job->options.hebrew = taken.hebrew;
    const struct kol_batch batch = {.paths = paths,
                                    .count = job->count,
                                    .options = &job->options,
                                    .done = on_done,
                                    .progress = on_progress,
                                    .user = job};
    job->began_ms = kol_boot_ms();
    kol_transcribe_batch(taken.main, &batch);
    kol_bar_clear(&job->bar);
    kol_engines_give_back(engines);
    kol_engines_close(engines);
    for (size_t i = 0; i < job->count; i++)
        free(job->outcomes[i].text); /* behind one that was stopped */
    if (atomic_load(job->stop)) {
        fprintf(stderr, "kol: stopped; %zu of %zu are done, what is written is whole\n",
                job->finished, job->count);
        return KOL_EXIT_STOPPED;
    }
    return job->failed ? KOL_EXIT_FAILED : KOL_EXIT_OK;
}

static int prepare(struct job *job, struct kol_err *err)
{
    struct kol_cli *cli = job->cli;

    if (kol_recordings_find(cli->arena, cli->words, cli->word_count, cli->conf->max_recording_bytes,
                            job->output_dir != NULL, &job->files, &job->count, err) != KOL_OK)
        return kol_cli_fail(err);
    const bool subtitles = job->format == KOL_TRANSCRIPT_SRT || job->format == KOL_TRANSCRIPT_VTT;
    if (subtitles && job->count > 1 && !job->output_dir)
        return kol_cli_usage(cli, "subtitles of several recordings need a folder: --output=DIR");
    job->outcomes = kol_arena_array(cli->arena, job->count + 1, sizeof(*job->outcomes));
    job->bytes_done = kol_arena_array(cli->arena, job->count + 1, sizeof(*job->bytes_done));
    job->audio_ms = kol_arena_array(cli->arena, job->count + 1, sizeof(*job->audio_ms));
    if (!job->outcomes || !job->bytes_done || !job->audio_ms) {
        kol_fail(err, KOL_NO_MEMORY, "out of memory");
        return kol_cli_fail(err);
    }
    for (size_t i = 0; i < job->count; i++)
        job->bytes_all += job->files[i].bytes;
    kol_bar_begin(&job->bar, kol_cli_has(cli, "quiet"));
    return KOL_EXIT_OK;
}

static int run(struct kol_cli *cli)
{
    struct job job = {.cli = cli};
    struct kol_err err = {0};

    if (cli->word_count == 0)
        return kol_cli_usage(cli, "name at least one recording or folder, or - for standard input");
    if (kol_cli_conf(cli, &err) != KOL_OK)
        return kol_cli_fail(&err);
    job.stop = kol_signals_flag();
    int status = read_options(&job);
    if (status == KOL_EXIT_OK)
        status = prepare(&job, &err);
    return status == KOL_EXIT_OK ? run_batch(&job, &err) : status;
}

static const struct kol_option options[] = {
    {"format", "FORMAT", "text, json, srt, vtt or csv (default text)"},
    {"output", "DIR", "write a file per recording into this folder instead of standard output"},
    {"language", "LANGUAGE", "he, en, ..., auto (he or en, the default), or a list: he,en"},
    {"channels", "ROLES", "agent,customer (default) or customer,agent"},
    {"glossary", "NAMES", "names that matter, comma-separated, the most important first"},
    {"beam", "N", "beams of the search; 1 is fastest"},
    {"dropped", NULL, "also print what the filters dropped, with the reason, and numbers as heard"},
    {"quiet", NULL, "no progress bar"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_transcribe = {
    .name = "transcribe",
    .usage = "FILE | FOLDER | - ... [--format=FORMAT] [--language=LANGUAGE] [--model=NAME] "
             "[--output=DIR]",
    .help = "transcribe recordings: mp3, wav, ogg, m4a, flac",
    .options = options,
    .run = run,
};
