/*
 * api.h - the handlers of /api and how stored things look as JSON.
 *
 * Field names are those of the database and of the outgoing webhook. Unknown values are null.
 * Times are Unix ms UTC. docs/api.md describes each path.
 */
#ifndef KOL_SERVE_API_H
#define KOL_SERVE_API_H

#include "queue/queue.h"
#include "serve/request.h"
#include "store/business.h"
#include "store/call.h"
#include "store/delivery.h"
#include "store/lead.h"
#include "store/search.h"
#include "store/segment.h"

void kol_api_me(struct kol_request *rq);
void kol_api_calls(struct kol_request *rq);
void kol_api_call(struct kol_request *rq);
void kol_api_call_trigger(struct kol_request *rq);
void kol_api_search(struct kol_request *rq);
void kol_api_leads(struct kol_request *rq);
void kol_api_lead(struct kol_request *rq);
void kol_api_lead_edit(struct kol_request *rq);
void kol_api_jobs(struct kol_request *rq);
void kol_api_job(struct kol_request *rq);
void kol_api_job_retry(struct kol_request *rq);
void kol_api_job_cancel(struct kol_request *rq);
void kol_api_businesses(struct kol_request *rq);
void kol_api_business(struct kol_request *rq);

/* api_recordings.c: the playback table of docs/api.md */
void kol_api_file(struct kol_request *rq);
void kol_api_file_preflight(struct kol_request *rq);
void kol_api_prepare(struct kol_request *rq);
void kol_api_download(struct kol_request *rq);
void kol_api_link(struct kol_request *rq);

/* health.c */
void kol_health_live(struct kol_request *rq);
void kol_health_ready(struct kol_request *rq);
void kol_health_metrics(struct kol_request *rq);

/* webhooks.c: Twilio's callbacks */
void kol_webhook_recording_status(struct kol_request *rq);
void kol_webhook_handle_recording(struct kol_request *rq);
void kol_webhook_call_status(struct kol_request *rq);
void kol_webhook_transcription(struct kol_request *rq);
void kol_webhook_self_test(struct kol_request *rq);

/* pages.c */
void kol_page(struct kol_request *rq);
void kol_page_asset(struct kol_request *rq);

/* ---- shapes (shape.c); NULL when out of memory ---- */
json_t *kol_shape_call(const struct kol_call *call, bool with_text);
json_t *kol_shape_segment(const struct kol_segment_row *segment);
json_t *kol_shape_lead(const struct kol_lead *lead, bool with_text);
json_t *kol_shape_lead_change(const struct kol_lead_change *change);
/* A call that was found, without its transcripts, and where its words are. */
json_t *kol_shape_hit(const struct kol_search_hit *hit);
json_t *kol_shape_job(const struct kol_job *job);
json_t *kol_shape_delivery(const struct kol_delivery *delivery);
json_t *kol_shape_business(const struct kol_business *business);
/* What people should know: a stock model for Hebrew, transcription switched off. */
json_t *kol_shape_warnings(const struct kol_conf *conf, const struct kol_business *list,
                           size_t count);

/* ---- shared by the lists ---- */
enum { KOL_PAGE_DEFAULT = 50, KOL_PAGE_MOST = 200 };
/* limit and before of a list. False after answering 400. */
bool kol_api_paging(struct kol_request *rq, int64_t *ret_before_id, int *ret_limit);
/* The business a list is about: a key's own, or what the operator asks for (0: all). False after
 * answering. */
bool kol_api_scope(struct kol_request *rq, int64_t *ret_business_id);
/* A filter that is not set: NULL when absent or empty. */
const char *kol_api_filter(const struct kol_request *rq, const char *name);
/* Digits of part of a phone number as stored: "050-12" and "+972 50-12" find the same. NULL: no
 * filter. */
const char *kol_api_number_part(struct kol_request *rq, const char *name);
/* The filters and paging of lists of calls, but for dates. False after answering. */
bool kol_api_call_filter(struct kol_request *rq, struct kol_call_filter *filter);
/* date=YYYY-MM-DD, or from= and to=, both days included; 0: not asked for. */
enum kol_code kol_api_dates(struct kol_request *rq, struct kol_db *db, int64_t business_id,
                            int64_t *ret_from_ms, int64_t *ret_to_ms,
                            struct kol_err *err) KOL_MUST_CHECK;
/* {"<name>": rows, "next": id or null} */
void kol_api_answer_list(struct kol_request *rq, const char *name, json_t *rows, int limit,
                         int64_t last_id);
/* The visible call of {call}. NULL and KOL_OK: none, or a foreign one. */
enum kol_code kol_api_find_call(struct kol_request *rq, struct kol_db *db, struct kol_call **ret,
                                struct kol_err *err) KOL_MUST_CHECK;

#endif
