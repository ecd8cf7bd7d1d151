/*
 * whisper_log.h - what whisper.cpp and ggml say goes to our log, at debug.
 *
 * Called by whatever opens something of theirs; only the first call does anything. Threading: safe.
 */
#ifndef KOL_TRANSCRIBE_WHISPER_LOG_H
#define KOL_TRANSCRIBE_WHISPER_LOG_H

void kol_whisper_route_log(void);

#endif
