/* cmd_transcribe.c - files to transcripts, without database or server. */
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "transcribe/formats.h"
#include "transcribe/stage.h"
#include "transcribe/transcribe.h"

#include <string.h>

#define BAR_CELLS 30
#define OUTPUT_MOST (256u << 20)
#define GLOSSARY_MOST 256

struct job {
    struct kol_cli *cli;
    struct kol_transcriber *transcriber;
    enum kol_transcript_format format;
    const char *output_dir;
    struct kol_transcribe_options options;
    const char *glossary[GLOSSARY_MOST];
    const char *file;
};

static void show_progress(int64_t done_ms, int64_t total_ms, void *user)
{
    const struct job *job = user;
    const int cells = total_ms > 0 ? (int)(done_ms * BAR_CELLS / total_ms) : 0;

    fprintf(stderr, "\r[");
    for (int i = 0; i < BAR_CELLS; i++)
        fputc(i < cells ? '#' : '.', stderr);
    fprintf(stderr, "] %3d %%  %s", cells * 100 / BAR_CELLS, job->file);
    fflush(stderr);
}

static void clear_progress(const struct job *job)
{
    if (job->options.progress)
        fprintf(stderr, "\r\033[K");
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

static int read_options(struct job *job)
{
    struct kol_cli *cli = job->cli;
    const char *format = kol_cli_option(cli, "format"), *beam = kol_cli_option(cli, "beam");
    const char *channels = kol_cli_option(cli, "channels");
    int64_t beams = cli->conf->beam_size;

    job->format = cli->json ? KOL_TRANSCRIPT_JSON : KOL_TRANSCRIPT_TEXT;
    if (format && !kol_transcript_format_from_name(format, &job->format))
        return kol_cli_usage(cli, "--format is text, json, srt, vtt or csv, not '%s'", format);
    if (beam && !kol_cli_number(beam, "--beam", &beams))
        return KOL_EXIT_USAGE;
    if (channels && !read_roles(job, channels))
        return kol_cli_usage(cli, "--channels is agent,customer or customer,agent");
    job->options.beam = (int)beams;
    job->options.language = kol_cli_option(cli, "language");
    job->options.glossary = job->glossary;
    job->options.user = job;
    job->output_dir = kol_cli_option(cli, "output");
    if (isatty(STDERR_FILENO) && !kol_cli_has(cli, "quiet"))
        job->options.progress = show_progress;
    job->options.glossary_count =
        kol_arena_split(cli->arena, kol_cli_option(cli, "glossary"), job->glossary, GLOSSARY_MOST);
    return KOL_EXIT_OK;
}

/* ---- one file ---- */

static enum kol_code write_output(const struct job *job, const struct kol_str *text,
                                  struct kol_err *err)
{
    const char *base = strrchr(job->file, '/');

    if (!job->output_dir) {
        fwrite(text->data, 1, text->len, stdout);
        return fflush(stdout) == 0 ? KOL_OK : kol_fail(err, KOL_IO, "write to standard output: %m");
    }
    enum kol_code code = kol_mkdir_p(job->output_dir, 0755, err);
    if (code != KOL_OK)
        return code;
    const char *path =
        kol_arena_fmt(job->cli->arena, "%s/%s.%s", job->output_dir, base ? base + 1 : job->file,
                      kol_transcript_format_ending(job->format));
    return kol_file_write_atomic(path, text->data, text->len, err);
}

static enum kol_code transcribe_one(struct job *job, struct kol_err *err)
{
    KOL_ARENA arena = kol_arena_new(0);
    KOL_STR text;
    struct kol_transcript transcript;
    const struct kol_format_options format = {.file = job->file,
                                              .dropped = kol_cli_has(job->cli, "dropped")};

    kol_str_init(&text, OUTPUT_MOST);
    if (!arena)
        return kol_fail(err, KOL_NO_MEMORY, "out of memory");
    enum kol_code code =
        kol_transcribe_file(job->transcriber, arena, job->file, &job->options, &transcript, err);
    clear_progress(job);
    if (code != KOL_OK)
        return code;
    kol_transcript_write(&text, job->format, &transcript, &format);
    if (kol_str_failed(&text))
        return kol_fail(err, KOL_TOO_LARGE, "the transcript is larger than %u MB",
                        OUTPUT_MOST >> 20);
    if (transcript.kept_count == 0)
        fprintf(stderr, "%s: nobody speaks in it\n", job->file);
    return write_output(job, &text, err);
}

static int run(struct kol_cli *cli)
{
    struct job job = {.cli = cli};
    struct kol_err err = {0};
    int status = KOL_EXIT_OK;

    if (cli->word_count == 0)
        return kol_cli_usage(cli, "name at least one file");
    if (kol_cli_conf(cli, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (read_options(&job) != KOL_EXIT_OK)
        return KOL_EXIT_USAGE;
    if (kol_transcribe_open(cli->conf, &job.transcriber, &err) != KOL_OK)
        return kol_cli_fail(&err);
    for (int i = 0; i < cli->word_count; i++) {
        job.file = cli->words[i];
        if (transcribe_one(&job, &err) == KOL_OK)
            continue;
        fprintf(stderr, "kol: %s: %s\n", job.file, err.msg);
        status = KOL_EXIT_FAILED;
    }
    kol_transcriber_close(job.transcriber);
    return status;
}

static const struct kol_option options[] = {
    {"format", "FORMAT", "text, json, srt, vtt or csv (default text)"},
    {"output", "DIR", "write a file per recording into this folder instead of standard output"},
    {"language", "LANGUAGE", "he, en, ... or auto (default auto: he or en)"},
    {"channels", "ROLES", "agent,customer (default) or customer,agent"},
    {"glossary", "NAMES", "names that matter, comma-separated"},
    {"beam", "N", "beams of the search; 1 is fastest"},
    {"dropped", NULL, "also print what the filters dropped, with the reason"},
    {"quiet", NULL, "no progress bar"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_transcribe = {
    .name = "transcribe",
    .usage = "FILE... [--format=FORMAT] [--language=LANGUAGE]",
    .help = "transcribe recordings: mp3, wav, ogg, m4a",
    .options = options,
    .run = run,
};
