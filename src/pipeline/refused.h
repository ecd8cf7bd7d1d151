/*
 * refused.h - jobs that paused because Twilio refused their account go on when its credentials are
 * others, whoever changed them: settings, kol account, a file, the environment.
 *
 * Private to this folder.
 */
#ifndef KOL_PIPELINE_REFUSED_H
#define KOL_PIPELINE_REFUSED_H

#include "conf/conf.h"
#include "store/writer.h"

/*
 * Compares each account's credentials with those of the last look, whose digests are in the
 * database; writes only where they differ.
 *
 *   db  to read with
 */
enum kol_code kol_refused_look(const struct kol_conf *conf, struct kol_writer *writer,
                               struct kol_db *db, struct kol_err *err) KOL_MUST_CHECK;

#endif
