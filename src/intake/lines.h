/*
 * lines.h - a line of the realtime transcript into the database, without what must not be kept.
 * Private to this folder.
 */
#ifndef KOL_INTAKE_LINES_H
#define KOL_INTAKE_LINES_H

#include "store/call.h"

/*
 * In a change: stores a line. A number that its business does not keep is taken out, also out of
 * the lines around when it was dictated over several; see base/redact.h.
 */
enum kol_code kol_intake_add_line(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                  struct kol_realtime_line line, int64_t now_ms, bool *ret_new,
                                  struct kol_err *err) KOL_MUST_CHECK;

#endif
