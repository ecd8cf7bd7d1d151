/*
 * gate.h - which parts of a channel are worth transcribing.
 *
 * Used by: transcribe, before the voice detector. Knows: levels and telephone tones over time.
 * On purpose careful: what is not clearly silence, a tone or a key press is kept.
 * Threading: one gate per channel; gates share nothing.
 */
#ifndef KOL_AUDIO_GATE_H
#define KOL_AUDIO_GATE_H

#include "audio/tones.h"
#include "base/arena.h"
#include <stddef.h>

/* X(code, name in logs and stored with dropped parts) */
#define KOL_SPAN_KINDS(X)                                                                          \
    X(KEEP, "keep")       /* worth transcribing */                                                 \
    X(SILENCE, "silence") /* below -60 dB, or digital zeros */                                     \
    X(RINGING, "ringing") /* a tone of 0.7 to 3 s that comes again after a long pause */           \
    X(BUSY, "busy")       /* a short tone that comes again after a short pause */                  \
    X(DIAL, "dial")       /* a tone of 3 s and more */                                             \
    X(TONE, "tone")       /* another steady tone of the exchange */                                \
    X(DTMF, "dtmf")       /* key presses */                                                        \
    X(CLICK, "click")     /* 50 ms of sound between silences */

enum kol_span_kind {
#define X(code, name) KOL_SPAN_##code,
    KOL_SPAN_KINDS(X)
#undef X
        KOL_SPAN_KIND_COUNT
};

const char *kol_span_kind_name(enum kol_span_kind kind);

struct kol_span {
    int64_t start_ms, end_ms; /* end is the first ms after it */
    enum kol_span_kind kind;
};

struct kol_gate_cell;
struct kol_gate { /* 4 bytes of memory per 50 ms: 1.7 MB for six hours */
    struct kol_gate_cell *cells;
    size_t count, room;
    uint64_t frames;
    size_t pending; /* samples of the frame that is not full yet */
    int16_t frame[KOL_TONES_FRAMES];
    bool failed; /* out of memory; sticky, told by finish */
};

void kol_gate_init(struct kol_gate *g);
void kol_gate_done(struct kol_gate *g);
void kol_gate_feed(struct kol_gate *g, const int16_t *pcm, size_t frames); /* at 16 kHz */

/*
 * The whole channel as spans one after the other, without holes; neighbours differ in kind.
 *
 *   ret_spans   in the arena; ret_count 0 when nothing was fed
 *
 * Errors: NO_MEMORY. Nothing may be fed afterwards.
 */
enum kol_code kol_gate_finish(struct kol_arena *a, struct kol_gate *g, struct kol_span **ret_spans,
                              size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

#endif
