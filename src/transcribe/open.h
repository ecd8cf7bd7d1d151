/*
 * open.h - what is inside a transcriber. Private to src/transcribe.
 */
#ifndef KOL_TRANSCRIBE_OPEN_H
#define KOL_TRANSCRIBE_OPEN_H

#include "transcribe/engine.h"
#include "transcribe/pool.h"

struct kol_transcriber {
    struct kol_engine *engine;
    struct kol_engine_info info;
    struct kol_pool *pool;
    int threads;
    char *vad_path;
    char *decode_program; /* NULL: beside the running program */
};

#endif
