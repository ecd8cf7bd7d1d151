/*
 * features.h - calls and sayings as the learner sees them; for train.py.
 */
#ifndef KOL_BENCH_UNDERSTAND_FEATURES_H
#define KOL_BENCH_UNDERSTAND_FEATURES_H

#include "understand/insight.h"

/*
 * Reads lines of label, tab, words ("\n" ends a turn) and prints for each: "call", its label and
 * kind; "rules" with the points of every service that has some; "span" with the hashes of each
 * sentence that counts. Returns the exit status.
 */
int kol_write_features(const struct kol_lexicon *lexicon, const char *path);

#endif
