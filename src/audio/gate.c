/*
 * gate.c - see gate.h.
 *
 * Feeding stores one cell per 50 ms; finish turns single frames into spans in a few passes, each of
 * which may be read alone.
 */
#include "audio/gate.h"
#include <stdlib.h>
#include <string.h>

struct kol_gate_cell {
    uint8_t kind; /* enum kol_span_kind; TONE until its cadence is known */
    int8_t level_db;
    uint16_t hz;
};

/* All in cells of 50 ms. */
enum {
    MIN_TONE = 4,    /* 0.2 s: a quarter second of fast busy, less its edges */
    LONE_TONE = 14,  /* 0.7 s: long enough to be believed without a second one */
    DIAL_TONE = 60,  /* 3 s */
    BUSY_PAUSE = 16, /* 0.8 s */
    MAX_PAUSE = 130, /* 6.5 s: the longest ringing pause, with some room */
    MAX_EDGE = 2,    /* a tone that begins within a frame does not look like one there */
    SHORT_GAP = 6,   /* 0.3 s: between words */
    PAD = 3,         /* 0.15 s of the silence around speech, for its soft beginnings */
    CLICK = 1
};
enum { STEADY_HZ = 15, STEADY_DB = 3, ROOM = 4096 };

static const char *const names[KOL_SPAN_KIND_COUNT] = {
#define X(code, name) [KOL_SPAN_##code] = name,
    KOL_SPAN_KINDS(X)
#undef X
};

const char *kol_span_kind_name(enum kol_span_kind kind)
{
    return names[kind];
}

void kol_gate_init(struct kol_gate *g)
{
    memset(g, 0, sizeof *g);
}

void kol_gate_done(struct kol_gate *g)
{
    free(g->cells);
    kol_gate_init(g);
}

static void add_cell(struct kol_gate *g)
{
    static const uint8_t kinds[] = {
        [KOL_SOUND_OTHER] = KOL_SPAN_KEEP,
        [KOL_SOUND_SILENCE] = KOL_SPAN_SILENCE,
        [KOL_SOUND_TONE] = KOL_SPAN_TONE,
        [KOL_SOUND_DTMF] = KOL_SPAN_DTMF,
    };

    if (g->count == g->room) {
        size_t room = g->room ? 2 * g->room : ROOM;
        struct kol_gate_cell *cells = reallocarray(g->cells, room, sizeof *cells);
        if (!cells) {
            g->failed = true;
            return;
        }
        g->cells = cells;
        g->room = room;
    }
    struct kol_sounding s = kol_tones_hear(g->frame);
    g->cells[g->count++] = (struct kol_gate_cell){
        .kind = kinds[s.sound], .level_db = (int8_t)s.level_db, .hz = (uint16_t)s.hz};
}

void kol_gate_feed(struct kol_gate *g, const int16_t *pcm, size_t frames)
{
    g->frames += frames;
    while (frames > 0) {
        size_t room = KOL_TONES_FRAMES - g->pending;
        size_t n = frames < room ? frames : room;
        memcpy(g->frame + g->pending, pcm, n * sizeof *pcm);
        g->pending += n;
        pcm += n;
        frames -= n;
        if (g->pending == KOL_TONES_FRAMES) {
            add_cell(g);
            g->pending = 0;
        }
    }
}

/* Cells from..end of one kind or, for tones, of one steady tone. */
struct run {
    size_t from, end;
    int hz, level_db;
    bool steady;
    enum kol_span_kind kind; /* KEEP until it is believed to be a tone */
};

static size_t run_cells(const struct run *r)
{
    return r->end - r->from;
}

static size_t end_of_kind(const struct kol_gate *g, size_t from)
{
    size_t end = from;

    while (end < g->count && g->cells[end].kind == g->cells[from].kind)
        end++;
    return end;
}

static bool is_near(int a, int b, int most)
{
    return abs(a - b) <= most;
}

/* The first and the last cell may hold the tone only in part, so they are not asked. */
static bool is_steady(const struct kol_gate *g, const struct run *r)
{
    for (size_t i = r->from + 1; i + 1 < r->end; i++) {
        if (!is_near(g->cells[i].hz, r->hz, STEADY_HZ) ||
            !is_near(g->cells[i].level_db, r->level_db, STEADY_DB))
            return false;
    }
    return run_cells(r) >= MIN_TONE;
}

/* The next tone at or after cell `from`; false when there is none. */
static bool next_tone(const struct kol_gate *g, size_t from, struct run *ret)
{
    while (from < g->count && g->cells[from].kind != KOL_SPAN_TONE)
        from++;
    if (from == g->count)
        return false;

    size_t end = end_of_kind(g, from), middle = from + (end - from) / 2;
    *ret = (struct run){
        .from = from, .end = end, .hz = g->cells[middle].hz, .level_db = g->cells[middle].level_db};
    ret->steady = is_steady(g, ret);
    if (ret->steady && run_cells(ret) >= LONE_TONE)
        ret->kind = run_cells(ret) >= DIAL_TONE ? KOL_SPAN_DIAL : KOL_SPAN_TONE;
    return true;
}

/* The same tone again: now the length of tone and pause tells what it is. */
static void compare(struct run *a, struct run *b)
{
    size_t pause = b->from - a->end;

    if (!a->steady || !b->steady || pause > MAX_PAUSE || !is_near(a->hz, b->hz, STEADY_HZ) ||
        !is_near(a->level_db, b->level_db, STEADY_DB))
        return;

    enum kol_span_kind kind = pause <= BUSY_PAUSE         ? KOL_SPAN_BUSY
                              : run_cells(a) >= LONE_TONE ? KOL_SPAN_RINGING
                                                          : KOL_SPAN_TONE;
    if (a->kind == KOL_SPAN_KEEP || a->kind == KOL_SPAN_TONE)
        a->kind = kind;
    if (b->kind == KOL_SPAN_KEEP || b->kind == KOL_SPAN_TONE)
        b->kind = kind;
}

static void mark(struct kol_gate *g, size_t from, size_t end, enum kol_span_kind kind)
{
    for (size_t i = from; i < end; i++)
        g->cells[i].kind = (uint8_t)kind;
}

/* Pass 1: tones that are long or come again are named; the others were voices, and are kept. */
static void name_tones(struct kol_gate *g)
{
    struct run last, now;

    if (!next_tone(g, 0, &last))
        return;
    while (next_tone(g, last.end, &now)) {
        compare(&last, &now);
        mark(g, last.from, last.end, last.kind);
        last = now;
    }
    mark(g, last.from, last.end, last.kind);
}

static bool is_sounding(const struct kol_gate *g, size_t i)
{
    uint8_t kind = g->cells[i].kind;
    return kind != KOL_SPAN_KEEP && kind != KOL_SPAN_SILENCE;
}

/* Pass 2: the cells in which a tone or key press begins or ends belong to it. */
static void absorb_edges(struct kol_gate *g)
{
    for (size_t from = 0, end; from < g->count; from = end) {
        end = end_of_kind(g, from);
        if (g->cells[from].kind != KOL_SPAN_KEEP || end - from > MAX_EDGE)
            continue;
        if (from > 0 && is_sounding(g, from - 1))
            mark(g, from, end, g->cells[from - 1].kind);
        else if (end < g->count && is_sounding(g, end))
            mark(g, from, end, g->cells[end].kind);
    }
}

/* Pass 3: a short gap between words is not worth a cut. */
static void close_gaps(struct kol_gate *g)
{
    size_t last_keep = SIZE_MAX;

    for (size_t i = 0; i < g->count; i++) {
        if (g->cells[i].kind != KOL_SPAN_KEEP)
            continue;
        if (last_keep != SIZE_MAX && i - last_keep <= SHORT_GAP)
            mark(g, last_keep + 1, i, KOL_SPAN_KEEP);
        last_keep = i;
    }
}

/* Pass 4: what is too short to be a word and stands alone. */
static void drop_clicks(struct kol_gate *g)
{
    for (size_t from = 0, end; from < g->count; from = end) {
        end = end_of_kind(g, from);
        if (g->cells[from].kind == KOL_SPAN_KEEP && end - from <= CLICK)
            mark(g, from, end, KOL_SPAN_CLICK);
    }
}

/* Pass 5: some of the silence around what is kept; never of a tone. */
static void pad(struct kol_gate *g)
{
    for (size_t from = 0, end; from < g->count; from = end) {
        end = end_of_kind(g, from);
        if (g->cells[from].kind != KOL_SPAN_KEEP)
            continue;
        for (size_t n = 0; n < PAD && from > 0 && g->cells[from - 1].kind == KOL_SPAN_SILENCE; n++)
            g->cells[--from].kind = KOL_SPAN_KEEP;
        for (size_t n = 0; n < PAD && end < g->count && g->cells[end].kind == KOL_SPAN_SILENCE; n++)
            g->cells[end++].kind = KOL_SPAN_KEEP;
    }
}

static enum kol_code to_spans(struct kol_arena *a, const struct kol_gate *g,
                              struct kol_span **ret_spans, size_t *ret_count, struct kol_err *err)
{
    const unsigned per_ms = KOL_TONES_FRAMES / KOL_TONES_MS;
    int64_t total_ms = (int64_t)((g->frames + per_ms - 1) / per_ms);
    size_t count = 0;

    for (size_t from = 0; from < g->count; from = end_of_kind(g, from))
        count++;
    struct kol_span *spans = kol_arena_array(a, count ? count : 1, sizeof *spans);
    if (!spans)
        return kol_fail(err, KOL_NO_MEMORY, "gate: out of memory");

    size_t n = 0;
    for (size_t from = 0, end; from < g->count; from = end) {
        end = end_of_kind(g, from);
        spans[n++] = (struct kol_span){.start_ms = (int64_t)from * KOL_TONES_MS,
                                       .end_ms = (int64_t)end * KOL_TONES_MS,
                                       .kind = g->cells[from].kind};
    }
    if (count > 0)
        spans[count - 1].end_ms = total_ms; /* the last frame is not full */
    *ret_spans = spans;
    *ret_count = count;
    return KOL_OK;
}

enum kol_code kol_gate_finish(struct kol_arena *a, struct kol_gate *g, struct kol_span **ret_spans,
                              size_t *ret_count, struct kol_err *err)
{
    if (g->pending > 0) {
        memset(g->frame + g->pending, 0, (KOL_TONES_FRAMES - g->pending) * sizeof *g->frame);
        add_cell(g);
        g->pending = 0;
    }
    if (g->failed)
        return kol_fail(err, KOL_NO_MEMORY, "gate: out of memory");

    name_tones(g);
    absorb_edges(g);
    close_gaps(g);
    drop_clicks(g);
    pad(g);
    return to_spans(a, g, ret_spans, ret_count, err);
}
