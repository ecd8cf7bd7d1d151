/*
 * catalog.h - the models that kol model pull knows by name: where they are, how long, which hash.
 *
 * Pure data. A path is pinned to a revision, so that length and hash are of exactly these bytes;
 * each hash stands in at least two independent places that publish it. Used by: model commands.
 */
#ifndef KOL_TRANSCRIBE_CATALOG_H
#define KOL_TRANSCRIBE_CATALOG_H

#include <stddef.h>
#include <stdint.h>

struct kol_catalog_model {
    const char *name;      /* of ggml-NAME.bin */
    const char *path;      /* below the setting model_base_url */
    int64_t bytes;         /* exact */
    const char *sha256;    /* "" when none is published */
    const char *languages; /* "all", "en", "he"; "-" for what finds speech */
    const char *note;      /* for people */
};

const struct kol_catalog_model *kol_catalog(size_t *ret_count);
const struct kol_catalog_model *kol_catalog_find(const char *name); /* NULL: not in the list */

/* The model that a warning about Hebrew names. */
#define KOL_CATALOG_HEBREW "ivrit-large-v3-turbo"

#endif
