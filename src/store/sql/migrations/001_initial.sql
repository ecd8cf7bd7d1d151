-- The first schema. Times are Unix ms UTC (_at_ms); names are those of the JSON API and the webhook.

CREATE TABLE business (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,             -- IANA name
    language TEXT NOT NULL,             -- he, en, auto
    glossary TEXT NOT NULL DEFAULT '',
    services TEXT NOT NULL DEFAULT '',  -- comma-separated, '' all
    channel_map TEXT NOT NULL DEFAULT '',
    webhook_url TEXT,
    webhook_secret TEXT,
    retention_days INTEGER NOT NULL DEFAULT 0,
    webhook_disabled_at_ms INTEGER,
    created_at_ms INTEGER NOT NULL
);

CREATE TABLE phone_number (
    number TEXT PRIMARY KEY,            -- canonical form, see base/ids.h
    business_id INTEGER NOT NULL REFERENCES business (id),
    created_at_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE lead (
    id INTEGER PRIMARY KEY,
    business_id INTEGER NOT NULL REFERENCES business (id),
    phone TEXT NOT NULL,                -- '' for a withheld caller
    name TEXT,
    service_type TEXT,
    city TEXT,
    name_typed INTEGER NOT NULL DEFAULT 0, -- a person wrote it: machines keep off
    service_type_typed INTEGER NOT NULL DEFAULT 0,
    city_typed INTEGER NOT NULL DEFAULT 0,
    name_confidence REAL NOT NULL DEFAULT 0,
    service_type_confidence REAL NOT NULL DEFAULT 0,
    city_confidence REAL NOT NULL DEFAULT 0,
    latest_call_id INTEGER,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX lead_caller ON lead (business_id, phone) WHERE phone <> '';

CREATE TABLE call (
    id INTEGER PRIMARY KEY,
    call_sid TEXT NOT NULL UNIQUE,
    account_sid TEXT NOT NULL,
    business_id INTEGER REFERENCES business (id), -- NULL: unassigned
    lead_id INTEGER REFERENCES lead (id),
    direction TEXT,
    from_number TEXT,
    to_number TEXT,
    status TEXT,
    status_sequence INTEGER NOT NULL DEFAULT -1,
    recording_url TEXT,
    recording_sid TEXT,
    recording_source TEXT,
    duration INTEGER NOT NULL DEFAULT -1,
    channels INTEGER NOT NULL DEFAULT 0,
    started_at_ms INTEGER,
    ended_at_ms INTEGER,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    fetch_state TEXT NOT NULL DEFAULT 'none',
    fetch_reason TEXT,
    fetch_next_at_ms INTEGER,
    audio_file TEXT,                    -- below the data folder
    audio_recording_sid TEXT,           -- which recording the file is
    audio_bytes INTEGER,
    audio_sha256 TEXT,
    offline_state TEXT NOT NULL DEFAULT 'none',
    final_transcript TEXT,              -- '' when nobody spoke
    full_conversation TEXT,
    language TEXT,
    model TEXT,
    transcript_recording_sid TEXT,
    speech_ms INTEGER,
    realtime_factor REAL,
    transcribed_at_ms INTEGER,
    transcript_source TEXT,             -- offline, realtime, none
    summary TEXT,
    extracted_service TEXT,
    extracted_city TEXT,
    extraction_confidence REAL,
    insight TEXT,                       -- JSON: each value with quote, time and rule
    understood_sha256 TEXT,             -- of the transcript that summary and lead come from
    version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX call_business ON call (business_id, id);
CREATE INDEX call_started ON call (business_id, started_at_ms);
CREATE INDEX call_lead ON call (lead_id);

CREATE TABLE recording (
    recording_sid TEXT PRIMARY KEY,
    call_id INTEGER NOT NULL REFERENCES call (id),
    account_sid TEXT NOT NULL,
    status TEXT,
    source TEXT,
    url TEXT,
    duration INTEGER NOT NULL DEFAULT -1,
    channels INTEGER NOT NULL DEFAULT 0,
    error_code INTEGER NOT NULL DEFAULT 0,
    started_at_ms INTEGER,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX recording_call ON recording (call_id);

-- Accepted callbacks, once each.
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    account_sid TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,              -- recording SID, else call or transcription SID
    status TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    call_sid TEXT NOT NULL,
    params TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    UNIQUE (account_sid, subject, kind, status, sequence)
);

CREATE TABLE realtime_line (
    transcription_sid TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    call_id INTEGER NOT NULL REFERENCES call (id),
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (transcription_sid, sequence)
) WITHOUT ROWID;
CREATE INDEX realtime_line_call ON realtime_line (call_id, at_ms);

CREATE TABLE segment (
    call_id INTEGER NOT NULL REFERENCES call (id),
    position INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    role TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    text TEXT NOT NULL,
    words TEXT,
    dropped_reason TEXT,                -- NULL: part of the transcript
    PRIMARY KEY (call_id, position)
) WITHOUT ROWID;

-- Finished jobs stay as history; only unfinished ones are in the partial indexes that claims read.
CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('full', 'download')),
    stage TEXT NOT NULL,
    business_id INTEGER NOT NULL DEFAULT 0,
    call_id INTEGER NOT NULL,
    call_sid TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('scheduled', 'ready', 'running', 'paused', 'done', 'dead', 'cancelled')),
    due_at_ms INTEGER NOT NULL,
    order_key INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    token INTEGER NOT NULL DEFAULT 0,   -- grows with every claim
    owner TEXT,
    lease_boot_id TEXT,
    lease_until_boot_ms INTEGER,
    progress REAL NOT NULL DEFAULT 0,
    data TEXT,
    error_code TEXT,
    error TEXT,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    finished_at_ms INTEGER
);
CREATE UNIQUE INDEX job_unfinished ON job (kind, stage, subject)
    WHERE state IN ('scheduled', 'ready', 'running', 'paused');
CREATE INDEX job_ready ON job (stage, business_id, order_key, id) WHERE state = 'ready';
CREATE INDEX job_scheduled ON job (stage, due_at_ms) WHERE state = 'scheduled';
CREATE INDEX job_running ON job (owner) WHERE state = 'running';
CREATE INDEX job_call ON job (call_id);
CREATE INDEX job_state ON job (state, id);

-- Whose turn it is: the business served longest ago goes first.
CREATE TABLE job_turn (
    stage TEXT NOT NULL,
    business_id INTEGER NOT NULL,
    served INTEGER NOT NULL,
    PRIMARY KEY (stage, business_id)
) WITHOUT ROWID;

CREATE TABLE delivery (
    id TEXT PRIMARY KEY,
    business_id INTEGER NOT NULL,
    call_id INTEGER NOT NULL REFERENCES call (id),
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    url TEXT,
    payload TEXT,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0,
    last_status INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    created_at_ms INTEGER NOT NULL,
    delivered_at_ms INTEGER,
    UNIQUE (call_id, version)
) WITHOUT ROWID;

CREATE TABLE delivery_attempt (
    delivery_id TEXT NOT NULL REFERENCES delivery (id),
    attempt INTEGER NOT NULL,
    status INTEGER NOT NULL,            -- 0: no answer
    error TEXT,
    took_ms INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, attempt)
) WITHOUT ROWID;

CREATE TABLE api_key (
    id INTEGER PRIMARY KEY,
    business_id INTEGER REFERENCES business (id), -- NULL: the operator
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,          -- SHA-256 of the whole key
    hint TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER
);

CREATE TABLE session (
    hash TEXT PRIMARY KEY,              -- SHA-256 of the cookie or of the one-time token
    kind TEXT NOT NULL CHECK (kind IN ('login', 'session')),
    key_id INTEGER,
    business_id INTEGER,                -- NULL: the operator
    name TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    key_id INTEGER,
    name TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL
);

-- Small facts about this database: secrets made once, fingerprints of settings.
CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
