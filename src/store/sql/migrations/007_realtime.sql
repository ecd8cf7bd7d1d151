-- Lines keep their track: roles follow the business's map, and two tracks may count their events each for themselves.
CREATE TABLE realtime_line_new (
    transcription_sid TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    outbound INTEGER NOT NULL,          -- of outbound_track
    call_id INTEGER NOT NULL REFERENCES call (id),
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (transcription_sid, sequence, outbound)
) WITHOUT ROWID;
INSERT INTO realtime_line_new (transcription_sid, sequence, outbound, call_id, role, text, at_ms)
SELECT transcription_sid, sequence, role = 'agent', call_id, role, text, at_ms FROM realtime_line;
DROP TABLE realtime_line;
ALTER TABLE realtime_line_new RENAME TO realtime_line;
CREATE INDEX realtime_line_call ON realtime_line (call_id, at_ms);

ALTER TABLE call ADD COLUMN realtime_error TEXT;
