/*
 * page.h - how lists of Twilio go on: rest.c's own, but for what rest.h shows.
 */
#ifndef KOL_TWILIO_PAGE_H
#define KOL_TWILIO_PAGE_H

#include "twilio/rest.h"

/* ret_path: of the list; ret_url: the same with what is asked for. Errors: BAD_INPUT, NO_MEMORY. */
enum kol_code kol_rest_list_path(struct kol_arena *a, const struct kol_rest_list *list,
                                 const struct kol_rest_cursor *cursor, const char **ret_path,
                                 const char **ret_url, struct kol_err *err) KOL_MUST_CHECK;

#endif
