/* print.c - the table of settings for people: documentation, a sample file, what is in force. */
#include "base/cleanup.h"
#include "base/str.h"
#include "conf/setting.h"
#include <string.h>

/* Headings and settings in the order of the table. */
static const struct {
    const char *title;
    const char *name;
} lines[] = {
#define X(type, name, ...) {NULL, #name},
#define G(title) {title, NULL},
    KOL_SETTINGS(X, G)
#undef X
#undef G
};

static const char *type_name(const struct kol_setting *s)
{
    static const char *const names[] = {
        [KOL_SET_BOOL] = "true or false", [KOL_SET_INT] = "number",
        [KOL_SET_SECONDS] = "seconds",    [KOL_SET_BYTES] = "bytes",
        [KOL_SET_TEXT] = "text",          [KOL_SET_PATH] = "path",
        [KOL_SET_SECRET] = "secret",      [KOL_SET_CHOICE] = "one of",
        [KOL_SET_LIST] = "list",
    };
    return names[s->type];
}

static void print_limit(FILE *out, const struct kol_setting *s, int64_t v)
{
    if (s->type == KOL_SET_BYTES && v && v % KOL_GIB == 0)
        fprintf(out, "%lld GiB", (long long)(v / KOL_GIB));
    else if (s->type == KOL_SET_BYTES && v && v % KOL_MIB == 0)
        fprintf(out, "%lld MiB", (long long)(v / KOL_MIB));
    else if (s->type == KOL_SET_BYTES && v && v % KOL_KIB == 0)
        fprintf(out, "%lld KiB", (long long)(v / KOL_KIB));
    else
        fprintf(out, "%lld", (long long)v);
}

/* "number, 0 to 64"; `text`, `json` */
static void print_type(FILE *out, const struct kol_setting *s)
{
    fputs(type_name(s), out);
    if (s->most) {
        fputs(", ", out);
        print_limit(out, s, s->least);
        fputs(" to ", out);
        print_limit(out, s, s->most);
    }
    for (const char *p = s->choices; *p;) {
        size_t len = strcspn(p, "|");
        fprintf(out, "%s `%.*s`", p == s->choices ? "" : ",", (int)len, p);
        p += len + (p[len] == '|');
    }
}

static void print_row(FILE *out, const struct kol_setting *s)
{
    fprintf(out, "| `%s` | ", s->name);
    print_type(out, s);
    fprintf(out, *s->fallback ? " | `%s` | " : " | %s | ", s->fallback);
    fprintf(out, "%s |\n", s->help);
}

static void print_docs_head(FILE *out)
{
    fputs("# Configuration\n\n"
          "This page is made from the table in `src/conf/settings.h`; `kol doctor --settings` "
          "prints it.\n\n"
          "Settings come from a TOML file (`--config FILE` or `KOL_CONFIG`), from the environment "
          "(`KOL_LISTEN=...`)\nand from flags (`--listen=...`); the later source wins. "
          "`kol doctor --sample` prints a file with all of them.\n"
          "A table is a prefix: `account_sid` under `[twilio]` is `twilio_account_sid`.\n\n"
          "- Secrets may also stand in a file of their own: `twilio_auth_token_file = \"PATH\"`; "
          "its first line is taken.\n  They are refused as flags, which every user of a machine "
          "can see.\n"
          "- Sizes are bytes, or text such as `\"64 KiB\"`, `\"200 MiB\"`, `\"1 GiB\"`.\n"
          "- Relative paths in the settings file start at its folder.\n"
          "- Lists in the environment and in flags have commas: "
          "`KOL_ALLOW_PRIVATE_HOSTS=crm.lan,10.0.0.5:8443`.\n"
          "- Changes take effect when `kol` is started again.\n",
          out);
}

void kol_conf_print_docs(FILE *out)
{
    print_docs_head(out);
    for (size_t i = 0; i < KOL_COUNT(lines); i++) {
        if (lines[i].title)
            fprintf(out, "\n## %s\n\n| setting | what | default | meaning |\n|---|---|---|---|\n",
                    lines[i].title);
        else
            print_row(out, kol_setting_find(lines[i].name));
    }
}

static void print_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7f)
            fprintf(out, "\\u%04x", *p);
        else
            fputc(*p, out);
    }
    fputc('"', out);
}

static void print_fallback(FILE *out, const struct kol_setting *s)
{
    if (s->type == KOL_SET_LIST)
        fputs("[]", out);
    else if (s->type == KOL_SET_BOOL || s->type == KOL_SET_INT || s->type == KOL_SET_SECONDS)
        fputs(s->fallback, out);
    else
        print_quoted(out, s->fallback);
}

/* Help as comment lines of at most 98 columns. */
static void print_comment(FILE *out, const char *text)
{
    enum { WIDTH = 96 };

    while (*text) {
        size_t len = strlen(text);
        if (len > WIDTH) {
            len = WIDTH;
            while (len && text[len] != ' ')
                len--;
            if (len == 0)
                len = WIDTH;
        }
        fprintf(out, "# %.*s\n", (int)len, text);
        text += len + (text[len] == ' ');
    }
}

void kol_conf_print_sample(FILE *out)
{
    fputs("# Settings of kol. Each line shows the default; remove the # in front to change it.\n",
          out);
    for (size_t i = 0; i < KOL_COUNT(lines); i++) {
        if (lines[i].title) {
            fprintf(out, "\n# ---- %s ----\n", lines[i].title);
            continue;
        }
        const struct kol_setting *s = kol_setting_find(lines[i].name);
        fputc('\n', out);
        print_comment(out, s->help);
        fprintf(out, "#%s = ", s->name);
        print_fallback(out, s);
        fputc('\n', out);
    }
}

static void print_value(FILE *out, const struct kol_setting *s, const void *field)
{
    switch (s->type) {
    case KOL_SET_BOOL:
        fputs(*(const bool *)field ? "true" : "false", out);
        return;
    case KOL_SET_INT:
    case KOL_SET_SECONDS:
    case KOL_SET_BYTES:
        fprintf(out, "%lld", (long long)*(const int64_t *)field);
        return;
    case KOL_SET_TEXT:
    case KOL_SET_PATH:
        print_quoted(out, *(const char *const *)field);
        return;
    case KOL_SET_SECRET:
        fputs(**(const char *const *)field ? "set" : "not set", out);
        return;
    case KOL_SET_CHOICE: {
        const char *p = s->choices;
        for (int i = *(const int *)field; i > 0; i--)
            p = strchr(p, '|') + 1;
        fprintf(out, "\"%.*s\"", (int)strcspn(p, "|"), p);
        return;
    }
    case KOL_SET_LIST: {
        const struct kol_strings *list = field;
        fputc('[', out);
        for (size_t i = 0; i < list->count; i++) {
            fputs(i ? ", " : "", out);
            print_quoted(out, list->items[i]);
        }
        fputc(']', out);
        return;
    }
    }
}

void kol_conf_print(FILE *out, const struct kol_conf *conf)
{
    for (size_t i = 0; i < KOL_SETTING_COUNT; i++) {
        fprintf(out, "%s = ", kol_settings[i].name);
        print_value(out, &kol_settings[i], (const char *)conf + kol_settings[i].offset);
        fputc('\n', out);
    }
}
