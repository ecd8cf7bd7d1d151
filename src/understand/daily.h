/*
 * daily.h - how many requests to the language model a day may have. Private to this folder.
 */
#ifndef KOL_UNDERSTAND_DAILY_H
#define KOL_UNDERSTAND_DAILY_H

#include "store/writer.h"

/*
 * Takes one of today's (UTC) calls, for all threads and restarts together. False when the day's are
 * used up, and when it cannot be counted: what cannot be counted could cost anything.
 */
bool kol_daily_take(struct kol_writer *writer, int64_t most);

#endif
