/*
 * media.h - an audio file as an answer: type by content, one range, conditions, sendfile.
 */
#ifndef KOL_SERVE_MEDIA_H
#define KOL_SERVE_MEDIA_H

#include "serve/request.h"

struct kol_media_file {
    int fd;              /* taken over */
    const char *sha256;  /* hex; NULL: no ETag */
    const char *save_as; /* file name without extension for an attachment; NULL: played in place */
};

/* Answers 200, 206, 304 or 416; 503 when the file cannot be read. */
void kol_media_answer(struct kol_request *rq, const struct kol_media_file *file);

#endif
