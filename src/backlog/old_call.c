/* old_call.c - see table.h: one line of the old calls, read and brought into the database's form.
 */
#include "backlog/old_call.h"
#include "base/crypto.h"
#include "base/redact.h"
#include "base/str.h"
#include "store/call.h"
#include "twilio/params.h"
#include "twilio/recording_url.h"
#include <stdlib.h>
#include <string.h>

#define NO_ACCOUNT "AC00000000000000000000000000000000" /* of calls that were never Twilio's */

/* ---- ids ---- */

/* The same for the same text, whoever asks and how often. */
static const char *make_sid(struct kol_arena *a, const char *prefix, const char *text)
{
    char hash[65];

    if (!text)
        return NULL;
    kol_sha256_hex(text, strlen(text), hash);
    return kol_arena_fmt(a, "%s%.32s", prefix, hash);
}

static bool read_ids(struct kol_table *t, struct old_call *c)
{
    const char *sid = kol_table_get(t, KOL_OLD_CALL_SID), *file = kol_table_get(t, KOL_OLD_FILE);
    const char *account = kol_table_get(t, KOL_OLD_ACCOUNT_SID);
    const bool twilio = kol_sid_valid(sid, "CA");

    if (!sid && !file)
        return kol_table_refuse(t, KOL_OLD_CALL_SID, "neither call_sid nor file");
    c->id = sid ? sid : file;
    c->sid = twilio
                 ? sid
                 : make_sid(t->arena, "CA",
                            kol_arena_fmt(t->arena, "%lld\n%s", (long long)c->business->id, c->id));
    if (account && !kol_sid_valid(account, "AC"))
        return kol_table_refuse(t, KOL_OLD_ACCOUNT_SID, "not AC and 32 digits of 0-9, a-f");
    const char *own =
        c->business->account_sid ? c->business->account_sid : t->o->conf->twilio_account_sid;
    if (twilio && account && !kol_streq(account, own))
        return kol_table_refuse(t, KOL_OLD_ACCOUNT_SID, "not the account of this business");
    if (!account)
        account = twilio ? own : NO_ACCOUNT;
    if (!kol_sid_valid(account, "AC"))
        return kol_table_refuse(t, KOL_OLD_ACCOUNT_SID,
                                "none, and the setting twilio_account_sid is empty");
    c->account_sid = account;
    return true;
}

static bool read_recording(struct kol_table *t, struct old_call *c)
{
    const char *sid = kol_table_get(t, KOL_OLD_RECORDING_SID);
    const char *url = kol_table_get(t, KOL_OLD_RECORDING_URL);
    struct kol_recording_ref ref;

    if (sid && !kol_sid_valid(sid, "RE"))
        return kol_table_refuse(t, KOL_OLD_RECORDING_SID, "not RE and 32 digits of 0-9, a-f");
    if (!sid && url && kol_recording_url_sids(url, &ref) &&
        kol_streq(ref.account_sid, c->account_sid))
        sid = kol_arena_str(t->arena, ref.recording_sid);
    if (!sid && c->file.path)
        sid = make_sid(t->arena, "RE", kol_arena_fmt(t->arena, "%s\nrecording", c->sid));
    c->recording_sid = sid;
    c->recording_url = sid ? kol_recording_url_stored(
                                 t->arena, kol_recording_url_make(t->arena, c->account_sid, sid))
                           : NULL;
    return true;
}

/* ---- who and when ---- */

static bool read_parties(struct kol_table *t, struct old_call *c)
{
    const char *direction = kol_table_get(t, KOL_OLD_DIRECTION);

    c->direction = direction ? kol_call_direction(direction) : "inbound";
    if (direction && !kol_starts_with(direction, "inbound") &&
        !kol_starts_with(direction, "outbound") && !kol_starts_with(direction, "trunking"))
        return kol_table_refuse(t, KOL_OLD_DIRECTION, "not inbound or outbound: '%.40s'",
                                direction);
    (void)kol_phone_normalise(kol_table_get(t, KOL_OLD_FROM_NUMBER), t->o->conf->default_country,
                              c->from);
    (void)kol_phone_normalise(kol_table_get(t, KOL_OLD_TO_NUMBER), t->o->conf->default_country,
                              c->to);
    return true;
}

static bool read_numbers(struct kol_table *t, struct old_call *c)
{
    const char *confidence = kol_table_get(t, KOL_OLD_EXTRACTION_CONFIDENCE);
    char *end = NULL;

    c->confidence = -1;
    if (confidence) {
        c->confidence = strtod(confidence, &end);
        if (*end || !(c->confidence >= 0 && c->confidence <= 1))
            return kol_table_refuse(t, KOL_OLD_EXTRACTION_CONFIDENCE,
                                    "not a number from 0 to 1: '%.40s'", confidence);
    }
    return kol_table_int(t, KOL_OLD_DURATION, -1, &c->duration) &&
           kol_table_int(t, KOL_OLD_LEAD_ID, 0, &c->lead_id) &&
           kol_table_time(t, KOL_OLD_STARTED_AT, &c->started_at_ms);
}

/* ---- words ---- */

/* What the business does not want kept is not kept of old calls either. */
static enum kol_code take_words(struct kol_table *t, const struct old_call *c,
                                enum kol_old_column column, const char **ret, struct kol_err *err)
{
    const char *text = kol_table_get(t, column);
    size_t hidden = 0;

    *ret = NULL;
    if (!text)
        return KOL_OK;
    return kol_redact_text(t->arena, text, kol_redact_of(c->business->redact), ret, &hidden, err);
}

static enum kol_code read_words(struct kol_table *t, struct old_call *c, struct kol_err *err)
{
    const char *language = kol_table_get(t, KOL_OLD_LANGUAGE);
    enum kol_code code = take_words(t, c, KOL_OLD_FINAL_TRANSCRIPT, &c->transcript, err);

    if (code == KOL_OK)
        code = take_words(t, c, KOL_OLD_FULL_CONVERSATION, &c->conversation, err);
    if (code == KOL_OK)
        code = take_words(t, c, KOL_OLD_SUMMARY, &c->summary, err);
    c->service = kol_table_get(t, KOL_OLD_EXTRACTED_SERVICE);
    c->city = kol_table_get(t, KOL_OLD_EXTRACTED_CITY);
    if (!language && !kol_streq(c->business->language, "auto"))
        language = c->business->language;
    c->language = kol_streq(language, "he") || kol_streq(language, "en") ? language : NULL;
    return code;
}

/* ---- a line ---- */

static const char *our_number(const struct kol_table *t)
{
    const char *way = kol_call_direction(kol_table_get(t, KOL_OLD_DIRECTION));

    return kol_table_get(t, kol_streq(way, "outbound") ? KOL_OLD_FROM_NUMBER : KOL_OLD_TO_NUMBER);
}

static enum kol_code look(struct kol_table *t, struct old_call *c, struct kol_err *err)
{
    struct kol_call *call = NULL;
    struct kol_db *db = kol_reader_borrow(t->o->writer, err);

    if (!db)
        return err->code;
    const enum kol_code code = kol_call_by_sid(db, t->arena, c->sid, &call, err);
    kol_reader_return(t->o->writer, db);
    if (code == KOL_OK && call) {
        c->known = true;
        c->has_file =
            call->fetch_state == KOL_FETCH_LOCAL || call->fetch_state == KOL_FETCH_WAITING;
        c->foreign = call->business_id != c->business->id;
    }
    return code;
}

/* False: the line is refused, or err->code tells what ended the reading. */
static bool read_call(struct kol_table *t, struct old_call *c, struct kol_err *err)
{
    if (!kol_table_business(t, our_number(t), &c->business, err) || !read_ids(t, c) ||
        !kol_old_file_find(t, c->id, &c->file) || !read_recording(t, c) || !read_parties(t, c) ||
        !read_numbers(t, c))
        return false;
    if (read_words(t, c, err) != KOL_OK || look(t, c, err) != KOL_OK)
        return false;
    if (c->foreign)
        return kol_table_refuse(t, KOL_OLD_CALL_SID, "this call is of another business here");
    if (kol_arena_failed(t->arena)) {
        (void)kol_fail(err, KOL_NO_MEMORY, "read a call: out of memory");
        return false;
    }
    return true;
}

static enum kol_code store(struct kol_table *t, struct old_call *c, struct kol_err *err)
{
    enum kol_code code = KOL_OK;
    const bool copies = c->file.path && !(c->known && c->has_file);

    if (c->known && !copies) /* what is here stays as it is */
        return KOL_OK;
    if (copies)
        code = kol_old_file_copy(t, c->sid, &c->file, err);
    if (code == KOL_OK)
        code = kol_table_write(t, kol_old_call_store, c, err);
    if (code == KOL_OK)
        t->count->files += copies;
    return code;
}

enum kol_code kol_old_call(struct kol_table *t, struct kol_err *err)
{
    struct old_call c = {.t = t};
    enum kol_code code = KOL_OK;

    t->count->calls++;
    err->code = KOL_OK;
    if (!read_call(t, &c, err)) {
        t->count->calls_refused++;
        return err->code;
    }
    code = store(t, &c, err);
    if (code == KOL_CONFLICT || code == KOL_FORBIDDEN) {
        kol_table_refuse(t, KOL_OLD_COUNT, "%s", err->msg);
        t->count->calls_refused++;
        return KOL_OK;
    }
    if (code != KOL_OK)
        return code;
    if (c.lead_lost && !t->o->dry_run) /* which takes back the leads, too */
        kol_table_note(t, KOL_OLD_LEAD_ID,
                       "%lld is not a lead of this caller: the call went to %lld",
                       (long long)c.lead_id, (long long)c.got_lead_id);
    t->count->calls_new += !c.known;
    t->count->calls_known += c.known;
    t->count->queued += c.queued;
    return KOL_OK;
}
