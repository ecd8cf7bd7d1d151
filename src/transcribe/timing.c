#include "transcribe/timing.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define VOICE_BELOW_DB 25.0

enum {
    FRAME_MS = 10,
    PAUSE_LEAST_MS = 150, /* shorter ones are inside words */
    SNAP_MS = 700,        /* how far Whisper's boundaries may be off */
    JOINT_GAP_MS = 300,   /* what the chunk leaves out of the call, to count as a joint */
    JOINT_SNAP_MS = 1200, /* a phrase that ends about there ends there */
    SENTENCE_MS = 300     /* and sentences rather than others */
};

/* A pause that the model holds more likely than its neighbours, and than this, may end a phrase. */
#define PAUSE_LIKELY 0.02F

/* ---- Sound ---- */

enum kol_code kol_envelope_make(struct kol_arena *a, const float *pcm, size_t samples,
                                struct kol_envelope *ret, struct kol_err *err)
{
    const size_t step = KOL_PCM_RATE_HZ * FRAME_MS / 1000;
    size_t count = samples / step;
    float *db = kol_arena_array(a, count + 1, sizeof(*db));

    if (!db)
        return kol_fail(err, KOL_NO_MEMORY, "time words: out of memory");
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (size_t k = 0; k < step; k++)
            sum += (double)pcm[i * step + k] * pcm[i * step + k];
        db[i] = (float)(10 * log10(sum / (double)step + 1e-12));
    }
    *ret = (struct kol_envelope){.db = db, .count = count};
    return KOL_OK;
}

double kol_envelope_db(const struct kol_envelope *e, int64_t from_ms, int64_t to_ms)
{
    double sum = 0;
    size_t from = from_ms > 0 ? (size_t)(from_ms / FRAME_MS) : 0;
    size_t to = to_ms > 0 ? (size_t)(to_ms / FRAME_MS) : 0;

    if (to > e->count)
        to = e->count;
    if (from >= to)
        return -120;
    for (size_t i = from; i < to; i++)
        sum += pow(10, e->db[i] / 10);
    return 10 * log10(sum / (double)(to - from));
}

/* ---- Token times ---- */

/* How long a token takes to say, in letters. */
static double weight(const char *text)
{
    double sum = 0;

    for (const char *c = text; *c; c++) {
        unsigned char u = (unsigned char)*c;
        if (isdigit(u))
            sum += 4; /* "7" is said as five letters */
        else if (isalpha(u))
            sum += 1;
        else if (u >= 0xC0)
            sum += 1.5; /* first byte of a letter beyond ASCII; Hebrew writes few vowels */
    }
    return sum;
}

/* Level above which a frame of from..to counts as voice: well below its loud parts. */
static double voice_level(const struct kol_envelope *e, size_t from, size_t to)
{
    float loudest = -120;

    for (size_t i = from; i < to; i++)
        if (e->db[i] > loudest)
            loudest = e->db[i];
    return loudest - VOICE_BELOW_DB;
}

enum phrase_end {
    END_NONE,
    END_GUESSED, /* the model thought of a pause */
    END_COMMA,
    END_SENTENCE,
    END_TIMED, /* the model put a time there */
    END_JOINT  /* where the chunk leaves out some of the call: nothing moves it any more */
};

/* Tokens said one after the other without a sign of a pause; at first all of a segment. */
struct phrase {
    struct kol_engine_token *tokens;
    size_t count;
    int64_t start_ms, end_ms;
    enum phrase_end end;
};

struct frames { /* of a phrase */
    size_t from, to;
    double level, voiced;
};

static struct frames frames_of(const struct phrase *p, const struct kol_envelope *sound)
{
    struct frames f = {.from = (size_t)(p->start_ms / FRAME_MS),
                       .to = (size_t)(p->end_ms / FRAME_MS)};

    if (f.to > sound->count)
        f.to = sound->count;
    if (f.from > f.to)
        f.from = f.to;
    f.level = voice_level(sound, f.from, f.to);
    for (size_t i = f.from; i < f.to; i++)
        f.voiced += sound->db[i] > f.level;
    return f;
}

static void set_times(struct kol_engine_token *t, int64_t start_ms, int64_t end_ms, int64_t last_ms)
{
    t->start_ms = start_ms < last_ms ? start_ms : last_ms;
    t->end_ms = end_ms < last_ms ? end_ms : last_ms;
    if (t->end_ms < t->start_ms)
        t->end_ms = t->start_ms;
}

/*
 * Walks through the voiced frames of the phrase in step with the letters: a pause takes no letter.
 * Tokens of no weight (commas, full stops) get the moment where they stand.
 */
static void walk(const struct phrase *p, const struct kol_envelope *sound)
{
    const struct frames f = frames_of(p, sound);
    double letters = 0, said = 0, heard = 0;
    size_t at = f.from;

    for (size_t i = 0; i < p->count; i++)
        letters += weight(p->tokens[i].text);
    for (size_t i = 0; i < p->count; i++) {
        double mine = weight(p->tokens[i].text);
        while (mine > 0 && at < f.to && sound->db[at] <= f.level)
            at++; /* a word does not begin in a pause */
        int64_t start_ms = (int64_t)at * FRAME_MS;
        said += mine;
        double goal = letters > 0 ? f.voiced * said / letters : 0;
        for (; at < f.to && heard + 0.5 < goal; at++)
            heard += sound->db[at] > f.level;
        set_times(&p->tokens[i], start_ms, (int64_t)at * FRAME_MS, p->end_ms);
    }
}

/* ---- Phrases and pauses ---- */

struct pause {
    int64_t from_ms, to_ms;
};

/* Pauses of the whole sound. ret has room for count / 2 + 1. */
static size_t find_pauses(const struct kol_envelope *sound, struct pause *ret)
{
    double level = voice_level(sound, 0, sound->count);
    size_t count = 0;

    for (size_t i = 0, from; i < sound->count; i++) {
        from = i;
        while (i < sound->count && sound->db[i] <= level)
            i++;
        if ((i - from) * FRAME_MS >= PAUSE_LEAST_MS)
            ret[count++] = (struct pause){(int64_t)from * FRAME_MS, (int64_t)i * FRAME_MS};
    }
    return count;
}

static bool pause_is_guessed(const struct kol_engine_segment *s, size_t at)
{
    const float mine = s->tokens[at].pause;

    if (mine < PAUSE_LIKELY)
        return false;
    for (size_t i = at > 2 ? at - 2 : 0; i <= at + 2 && i < s->token_count; i++)
        if (s->tokens[i].pause > mine)
            return false;
    return true;
}

/* How a phrase ends with token `at`, if it does. */
static enum phrase_end end_at(const struct kol_engine_segment *s, size_t at)
{
    const char *text = s->tokens[at].text;
    const size_t len = strlen(text);

    if (at + 1 == s->token_count)
        return END_TIMED;
    if (s->tokens[at + 1].text[0] != ' ')
        return END_NONE;
    if (len > 0 && strchr(".?!", text[len - 1]))
        return END_SENTENCE;
    if (len > 0 && strchr(",;:", text[len - 1]))
        return END_COMMA;
    return pause_is_guessed(s, at + 1) ? END_GUESSED : END_NONE;
}

/* Cuts a segment where phrases end, at times as the letters have it. Returns how many. */
static size_t cut_phrases(struct kol_engine_segment *s, const struct kol_envelope *sound,
                          struct phrase *ret)
{
    struct phrase whole = {s->tokens, s->token_count, s->start_ms, s->end_ms, END_TIMED};
    size_t count = 0, from = 0;

    walk(&whole, sound);
    for (size_t i = 0; i < s->token_count; i++) {
        const enum phrase_end end = end_at(s, i);
        if (end == END_NONE)
            continue;
        ret[count++] = (struct phrase){
            .tokens = s->tokens + from,
            .count = i + 1 - from,
            .start_ms = from == 0 ? s->start_ms : s->tokens[from].start_ms,
            .end_ms = i + 1 == s->token_count ? s->end_ms : s->tokens[i].end_ms,
            .end = end,
        };
        from = i + 1;
    }
    return count;
}

/* ---- Joints ---- */

/* The pause in the sound around the joint before a piece; where there is none, the joint alone. */
static struct pause joint_of(const struct kol_piece *next, int64_t offset_ms,
                             const struct pause *pauses, size_t count)
{
    const int64_t at_ms = next->chunk_at * 1000 / KOL_PCM_RATE_HZ - offset_ms;

    for (size_t i = 0; i < count; i++)
        if (pauses[i].from_ms <= at_ms && pauses[i].to_ms >= at_ms)
            return pauses[i];
    return (struct pause){at_ms, at_ms};
}

static bool is_joint(const struct kol_piece *a, const struct kol_piece *b)
{
    return a->channel != b->channel ||
           b->call_at - a->call_at - a->length >= JOINT_GAP_MS * KOL_PCM_RATE_HZ / 1000;
}

/* What it costs to end phrase a at the joint: how far off that is, less for likelier ends. */
static int64_t pin_cost(const struct phrase *a, const struct pause *joint)
{
    static const int64_t bonus_ms[] = {[END_COMMA] = 100, [END_SENTENCE] = 300, [END_TIMED] = 500};
    const int64_t t = (a[0].end_ms + a[1].start_ms) / 2;
    const int64_t away = t < joint->from_ms ? joint->from_ms - t
                         : t > joint->to_ms ? t - joint->to_ms
                                            : 0;

    return away > JOINT_SNAP_MS ? INT32_MAX : away - bonus_ms[a->end];
}

/* The ends of phrases and the joints, both in order, matched as cheaply as possible; a joint that
 * no phrase ends at costs as much as one that is as far off as can be. */
struct match {
    struct phrase *phrases;
    size_t ends; /* between phrases: one less than those */
    struct pause *joints;
    size_t joint_count;
    int64_t *best; /* [joints + 1][ends + 1]: of the first so many of both */
};

static int64_t *best_of(const struct match *m, size_t joints, size_t ends)
{
    return &m->best[joints * (m->ends + 1) + ends];
}

static int64_t cost_with(const struct match *m, size_t joint, size_t end)
{
    return *best_of(m, joint - 1, end - 1) + pin_cost(&m->phrases[end - 1], &m->joints[joint - 1]);
}

static void pin_matches(const struct match *m)
{
    for (size_t j = 1; j <= m->joint_count; j++)
        for (size_t e = 0; e <= m->ends; e++) {
            int64_t best = *best_of(m, j - 1, e) + JOINT_SNAP_MS;
            if (e > 0 && *best_of(m, j, e - 1) < best)
                best = *best_of(m, j, e - 1);
            if (e > 0 && cost_with(m, j, e) < best)
                best = cost_with(m, j, e);
            *best_of(m, j, e) = best;
        }
    for (size_t j = m->joint_count, e = m->ends; j > 0 && e > 0;) {
        if (*best_of(m, j, e) == *best_of(m, j, e - 1)) {
            e--;
        } else if (*best_of(m, j, e) == *best_of(m, j - 1, e) + JOINT_SNAP_MS) {
            j--;
        } else {
            e--;
            j--;
            m->phrases[e].end_ms = m->joints[j].from_ms;
            m->phrases[e].end = END_JOINT;
            m->phrases[e + 1].start_ms = m->joints[j].to_ms;
        }
    }
}

/* Between two joints phrases share the time there is: what lies outside of it is moved inside. */
static void spread(struct phrase *phrases, size_t count)
{
    const int64_t from = phrases[0].start_ms, to = phrases[count - 1].end_ms;
    int64_t least = from, most = to;

    for (size_t i = 0; i + 1 < count; i++) {
        least = phrases[i].end_ms < least ? phrases[i].end_ms : least;
        most = phrases[i + 1].start_ms > most ? phrases[i + 1].start_ms : most;
    }
    if ((least == from && most == to) || to <= from)
        return;
    for (size_t i = 0; i + 1 < count; i++) {
        phrases[i].end_ms = from + (phrases[i].end_ms - least) * (to - from) / (most - least);
        phrases[i + 1].start_ms =
            from + (phrases[i + 1].start_ms - least) * (to - from) / (most - least);
    }
}

static enum kol_code pin_all(struct kol_arena *a, struct phrase *phrases, size_t count,
                             struct pause *joints, size_t joint_count, struct kol_err *err)
{
    struct match m = {phrases, count > 0 ? count - 1 : 0, joints, joint_count, NULL};

    m.best = kol_arena_array(a, (joint_count + 1) * (m.ends + 1), sizeof(*m.best));
    if (!m.best)
        return kol_fail(err, KOL_NO_MEMORY, "time words: out of memory");
    memset(m.best, 0, (m.ends + 1) * sizeof(*m.best));
    pin_matches(&m);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && phrases[to - 1].end != END_JOINT;)
            to++;
        spread(phrases + from, to - from);
    }
    return KOL_OK;
}

/* ret has room for every piece. */
static size_t find_joints(const struct kol_chunk *chunk, int64_t offset_ms,
                          const struct pause *pauses, size_t pause_count, struct pause *ret)
{
    size_t count = 0;

    for (size_t i = 1; i < chunk->piece_count; i++) {
        if (!is_joint(&chunk->pieces[i - 1], &chunk->pieces[i]))
            continue;
        ret[count] = joint_of(&chunk->pieces[i], offset_ms, pauses, pause_count);
        count += ret[count].from_ms > 0;
    }
    return count;
}

/* Ends that were only guessed and that no joint has confirmed are none. */
static size_t join_guessed(struct phrase *phrases, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && phrases[kept - 1].end == END_GUESSED) {
            phrases[kept - 1].count += phrases[i].count;
            phrases[kept - 1].end_ms = phrases[i].end_ms;
            phrases[kept - 1].end = phrases[i].end;
        } else {
            phrases[kept++] = phrases[i];
        }
    }
    return kept;
}

/* ---- Other pauses ---- */

/* How little a pause suits a boundary at t; the longer it is, the farther it may be. */
static int64_t misfit(const struct pause *p, int64_t t)
{
    int64_t away = t < p->from_ms ? p->from_ms - t : t > p->to_ms ? t - p->to_ms : 0;
    int64_t length = p->to_ms - p->from_ms;

    if (away > SNAP_MS)
        return INT64_MAX;
    return away - (length < 1000 ? length : 1000) / 2;
}

/* Moves the boundary between two phrases into the pause that suits it best. */
static void snap(struct phrase *a, struct phrase *b, const struct pause *pauses, size_t count)
{
    int64_t t = (a->end_ms + b->start_ms) / 2, best_fit = INT64_MAX;
    const struct pause *best = NULL;

    if (a->end == END_JOINT)
        return;
    for (size_t i = 0; i < count; i++) {
        int64_t fit = misfit(&pauses[i], t);
        bool inside = pauses[i].from_ms > a->start_ms && pauses[i].to_ms < b->end_ms;
        if (inside && fit < best_fit) {
            best_fit = fit;
            best = &pauses[i];
        }
    }
    if (!best)
        return;
    a->end_ms = best->from_ms;
    b->start_ms = best->to_ms;
}

enum kol_code kol_words_time(struct kol_arena *a, const struct kol_chunk *chunk,
                             struct kol_engine_result *result, int64_t offset_ms,
                             const struct kol_envelope *sound, struct kol_err *err)
{
    size_t tokens = 0, count = 0;

    for (size_t i = 0; i < result->segment_count; i++)
        tokens += result->segments[i].token_count;
    struct phrase *phrases = kol_arena_array(a, tokens + 1, sizeof(*phrases));
    struct pause *pauses = kol_arena_array(a, sound->count / 2 + 1, sizeof(*pauses));
    struct pause *joints = kol_arena_array(a, chunk->piece_count + 1, sizeof(*joints));
    if (!phrases || !pauses || !joints)
        return kol_fail(err, KOL_NO_MEMORY, "time words: out of memory");

    size_t pause_count = find_pauses(sound, pauses);
    for (size_t i = 0; i < result->segment_count; i++)
        if (result->segments[i].token_count > 0 && result->segments[i].tokens[0].start_ms < 0)
            count += cut_phrases(&result->segments[i], sound, phrases + count);
    size_t joint_count = find_joints(chunk, offset_ms, pauses, pause_count, joints);
    enum kol_code code = pin_all(a, phrases, count, joints, joint_count, err);
    if (code != KOL_OK)
        return code;
    count = join_guessed(phrases, count);
    for (size_t i = 1; i < count; i++)
        snap(&phrases[i - 1], &phrases[i], pauses, pause_count);
    for (size_t i = 0; i < count; i++)
        walk(&phrases[i], sound);
    return KOL_OK;
}
