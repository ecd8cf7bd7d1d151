/*
 * native_weights.h - what native_encoder.c loads and native_ear.c computes with.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_WEIGHTS_H
#define KOL_TRANSCRIBE_NATIVE_WEIGHTS_H

#include "transcribe/native_encoder.h"
#include "transcribe/native_math.h"
#include "transcribe/native_mel.h"

enum {
    KOL_TAPS = 3,    /* of the convolutions */
    KOL_QUERIES = 60 /* of one head at a time: their scores and the keys stay in the L2 cache */
};

struct kol_native_norm {
    float *gain, *bias;
};

struct kol_native_layer {
    struct kol_native_norm attention_norm, feed_norm;
    struct kol_product *qkv; /* queries, keys, values side by side */
    struct kol_product *out, *up, *down;
};

struct kol_native_encoder {
    struct kol_native_hparams h;
    bool int8;           /* feed-forward is of whole numbers: up and down are */
    bool fast_attention; /* see kol_attention_fits() */
    struct kol_native_mel *mel;
    struct kol_product *conv1, *conv2;
    float *positions; /* [audio_ctx][audio_state] */
    struct kol_native_layer *layers;
    struct kol_native_norm last;
    struct kol_matrix *scores,
        *mix; /* of KOL_QUERIES queries of one head; NULL with fast_attention */
};

#endif
