/*
 * settings.h - the one table of settings. docs/configuration.md, the sample file, the reader and
 * struct kol_conf come from it.
 *
 * A new setting is one line here; what ties several together is checked in check.c.
 */
#ifndef KOL_CONF_SETTINGS_H
#define KOL_CONF_SETTINGS_H

/*
 * Types and what they are in struct kol_conf:
 *   BOOL bool, INT SECONDS BYTES int64_t, TEXT PATH SECRET const char * (never NULL),
 *   CHOICE int (place in the choices), LIST struct kol_strings.
 * RELOAD: nobody keeps a copy of it, so it may change while the server runs; START: read once.
 *
 * X(type, name, default, least, most, when, choices, help)
 * G(title): a heading in what is printed.
 */
#define KOL_KIB 1024LL
#define KOL_MIB (1024LL * KOL_KIB)
#define KOL_GIB (1024LL * KOL_MIB)

#define KOL_SETTINGS(X, G)                                                                         \
    G("Where things are")                                                                          \
    X(PATH, data_dir, "kol-data", 0, 0, START, "",                                                 \
      "Folder of the database and the recordings; made when absent")                               \
    X(PATH, database, "", 0, 0, START, "", "Path of the SQLite file; empty: kol.db in data_dir")   \
    X(PATH, secrets_key_file, "", 0, 0, START, "",                                                 \
      "File of the key that seals secrets in the database; empty: secrets.key in data_dir. Made "  \
      "when first needed; back it up apart from the database")                                     \
    X(PATH, decode_program, "", 0, 0, START, "",                                                   \
      "The audio decoder; empty: kol-decode beside the program kol")                               \
    G("The server")                                                                                \
    X(TEXT, listen, "127.0.0.1:8080", 0, 0, START, "",                                             \
      "Address and port to listen on; port 0 takes any free one. HTTPS is the work of a proxy "    \
      "in front")                                                                                  \
    X(TEXT, public_url, "", 0, 0, RELOAD, "",                                                      \
      "How Twilio and browsers reach this server, such as https://kol.example.com; Twilio's "      \
      "signatures are checked against it")                                                         \
    X(LIST, cors_origins, "", 0, 0, RELOAD, "",                                                    \
      "Other sites whose pages may play recordings, such as https://crm.example.com")              \
    X(INT, http_threads, "0", 0, 64, START, "", "Threads that answer requests; 0: one per core")   \
    X(INT, http_connection_limit, "1024", 8, 100000, START, "", "Most connections at a time")      \
    X(INT, http_per_ip_limit, "512", 1, 100000, START, "",                                         \
      "Most connections from one address; a proxy in front counts as one")                         \
    X(SECONDS, http_header_timeout_s, "10", 1, 300, START, "",                                     \
      "A request whose headers are not here after this long is dropped")                           \
    X(SECONDS, http_idle_timeout_s, "60", 1, 3600, START, "",                                      \
      "A connection on which nothing moves for this long is closed")                               \
    X(BYTES, max_body_bytes, "64 KiB", 1024, 16 * KOL_MIB, START, "",                              \
      "Longest body of a request; a longer one is answered with 413")                              \
    G("Twilio")                                                                                    \
    X(TEXT, twilio_account_sid, "", 0, 0, RELOAD, "", "The account: AC and 32 hex digits")         \
    X(SECRET, twilio_auth_token, "", 0, 0, RELOAD, "",                                             \
      "Its auth token: checks signatures, and fetches recordings unless an API key is set")        \
    X(SECRET, twilio_auth_token_second, "", 0, 0, RELOAD, "",                                      \
      "The other token while you change tokens: signatures of both are taken")                     \
    X(TEXT, twilio_api_key_sid, "", 0, 0, RELOAD, "",                                              \
      "An API key (SK and 32 hex digits) for fetching, in place of the auth token")                \
    X(SECRET, twilio_api_key_secret, "", 0, 0, RELOAD, "", "The secret of that API key")           \
    X(TEXT, twilio_api_base, "https://api.twilio.com", 0, 0, START, "",                            \
      "Where Twilio's REST API is; credentials go to this host only")                              \
    G("Recordings")                                                                                \
    X(INT, fetch_threads, "2", 1, 32, START, "", "Downloads at a time")                            \
    X(INT, account_requests, "4", 1, 64, RELOAD, "",                                               \
      "Most requests to Twilio at a time for one account; one that is told to slow down (429) "    \
      "waits alone")                                                                               \
    X(SECONDS, fetch_timeout_s, "300", 5, 3600, RELOAD, "", "Longest download")                    \
    X(SECONDS, fetch_stall_s, "30", 1, 300, RELOAD, "",                                            \
      "A download on which (nearly) nothing came for this long is cut, and goes on later")         \
    X(LIST, media_hosts, "*.twilio.com, *.twiliocdn.com", 0, 0, START, "",                         \
      "Hosts beside twilio_api_base that recordings may be fetched from, such as your own bucket " \
      "calls.s3.eu-west-1.amazonaws.com; *.NAME stands for all below it. No credentials go there") \
    X(PATH, recording_key, "", 0, 0, START, "",                                                    \
      "Private key (PEM) of recordings that Twilio encrypted, unless the business has its own")    \
    X(BYTES, max_recording_bytes, "200 MiB", 64 * KOL_KIB, 4 * KOL_GIB, RELOAD, "",                \
      "Largest recording that is fetched")                                                         \
    X(BYTES, disk_floor_bytes, "256 MiB", 0, 1024 * KOL_GIB, RELOAD, "",                           \
      "With less free space than this no new audio is fetched; callbacks are still taken")         \
    X(SECONDS, lookup_after_s, "60", 1, 86400, RELOAD, "",                                         \
      "A completed call without a recording callback is looked up at Twilio after this long")      \
    X(SECONDS, reconcile_every_s, "300", 0, 86400, RELOAD, "",                                     \
      "Twilio's list of recordings is looked through this often, and at the start, for those "     \
      "whose callback got lost; 0: never")                                                         \
    X(SECONDS, reconcile_overlap_s, "172800", 3600, 3456000, RELOAD, "",                           \
      "How far back each look goes behind the last one that came to its end: longer than any "     \
      "call")                                                                                      \
    G("Transcription")                                                                             \
    X(BOOL, worker, "true", 0, 0, START, "",                                                       \
      "Transcribe offline; without it recordings are still fetched and playable, and the "         \
      "transcription jobs wait")                                                                   \
    X(INT, worker_threads, "0", 0, 256, START, "", "Threads that transcribe; 0: one per core")     \
    X(PATH, model_dir, "", 0, 0, START, "", "Folder of the models; empty: models in data_dir")     \
    X(TEXT, model, "base", 0, 0, START, "",                                                        \
      "The Whisper model: NAME of ggml-NAME.bin in model_dir, or a path")                          \
    X(TEXT, model_he, "", 0, 0, START, "",                                                         \
      "Another model for Hebrew calls; empty: the same. When neither this nor model is set, "      \
      "kol model use chooses")                                                                     \
    X(TEXT, model_base_url, "https://huggingface.co", 0, 0, START, "",                             \
      "Where kol model pull gets models: Hugging Face, or a mirror with the same paths")           \
    X(SECONDS, model_idle_unload_s, "0", 0, 31536000, RELOAD, "",                                  \
      "A model that had nothing to do for so long leaves the memory until the next call; 0: it "   \
      "stays")                                                                                     \
    X(CHOICE, engine, "auto", 0, 0, START, "auto|native|whisper|openai",                           \
      "Who transcribes: Whisper on this machine, by Kol's own engine (native) or by whisper.cpp "  \
      "(whisper), where auto takes native if it was built in, the CPU has AVX2 and the memory "    \
      "suffices; or an OpenAI-compatible server (openai): then the speech of callers leaves this " \
      "machine")                                                                                   \
    X(TEXT, openai_url, "", 0, 0, START, "",                                                       \
      "Base of that server, such as https://api.openai.com/v1; a private address also needs "      \
      "allow_private_hosts")                                                                       \
    X(TEXT, openai_model, "whisper-1", 0, 0, START, "", "The model's name at that server")         \
    X(SECRET, openai_key, "", 0, 0, START, "", "Its API key, sent as a bearer token")              \
    X(SECONDS, openai_timeout_s, "120", 1, 3600, RELOAD, "",                                       \
      "How long it may take for a piece of up to 30 s of speech")                                  \
    X(BYTES, openai_max_upload_bytes, "2 MiB", 64 * KOL_KIB, 100 * KOL_MIB, RELOAD, "",            \
      "Longest upload it takes; speech is cut into pieces that fit")                               \
    X(TEXT, vad_model, "silero-vad", 0, 0, START, "",                                              \
      "The model that finds speech: NAME of ggml-NAME.bin in model_dir, or a path")                \
    X(INT, beam_size, "1", 1, 8, START, "", "Beams of Whisper's search; 1 is greedy and fastest")  \
    X(INT, deadline_factor, "20", 1, 1000, RELOAD, "",                                             \
      "A transcription that takes longer than the sound, times this, is stopped")                  \
    X(CHOICE, channel_map, "auto", 0, 0, RELOAD, "auto|customer,agent|agent,customer",             \
      "Who speaks on channel 1 and 2 unless a business says otherwise; auto goes by direction "    \
      "and source of the recording")                                                               \
    G("Leads and webhooks")                                                                        \
    X(INT, understand_threads, "1", 1, 32, START, "", "Transcripts summarised at a time")          \
    X(INT, deliver_threads, "2", 1, 64, START, "", "Webhooks sent at a time")                      \
    X(SECONDS, webhook_timeout_s, "20", 1, 120, RELOAD, "", "How long a webhook may take")         \
    X(SECONDS, realtime_after_s, "600", 1, 604800, RELOAD, "",                                     \
      "The realtime transcript goes out when the offline one is later than this")                  \
    X(INT, lead_window_days, "90", 0, 36500, RELOAD, "",                                           \
      "A caller who calls again within so many days of another call keeps the lead; later it is "  \
      "a new one. 0: one lead for ever")                                                           \
    X(LIST, allow_private_hosts, "", 0, 0, START, "",                                              \
      "Hosts (or host:port) of your own network that may be called, by http too: the only way "    \
      "to reach private addresses")                                                                \
    X(TEXT, default_country, "972", 0, 0, START, "",                                               \
      "Country code of phone numbers written without one")                                         \
    X(TEXT, default_timezone, "Asia/Jerusalem", 0, 0, START, "", "Time zone of a new business")    \
    G("A language model, optional")                                                                \
    X(TEXT, understand_llm_url, "", 0, 0, START, "",                                               \
      "Base of an OpenAI-compatible endpoint, such as http://127.0.0.1:11434/v1, that reads "      \
      "transcripts too; empty: none, and no word of a call goes there. A private address also "    \
      "needs allow_private_hosts")                                                                 \
    X(TEXT, understand_llm_model, "", 0, 0, RELOAD, "", "The model's name at that endpoint")       \
    X(SECRET, understand_llm_key, "", 0, 0, RELOAD, "", "Its API key, sent as a bearer token")     \
    X(SECONDS, understand_llm_timeout_s, "20", 1, 300, RELOAD, "",                                 \
      "How long it may take; after that the rules' result stands")                                 \
    X(INT, understand_llm_max_chars, "12000", 100, 200000, RELOAD, "",                             \
      "Most characters of a transcript that are sent")                                             \
    X(INT, understand_llm_daily_calls, "200", 0, 1000000, RELOAD, "",                              \
      "Most requests in a day (UTC), for the cost; later calls get the rules' result")             \
    G("Logs and tests")                                                                            \
    X(CHOICE, log_format, "text", 0, 0, START, "text|json", "Lines for people or for machines")    \
    X(CHOICE, log_level, "info", 0, 0, RELOAD, "debug|info|warn|error",                            \
      "Least important lines to write; debug shows phone numbers and words of calls")              \
    X(INT, test_wait_divisor, "1", 1, 100000, START, "",                                           \
      "For tests only: all waits are this many times shorter")

#endif
