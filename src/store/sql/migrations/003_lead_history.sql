-- A caller gets a new lead when the last call was long ago, so the number alone is no key any more.
DROP INDEX lead_caller;
CREATE INDEX lead_caller ON lead (business_id, phone);

-- Who set what: a call (machine) or a key (person).
CREATE TABLE lead_history (
    id INTEGER PRIMARY KEY,
    lead_id INTEGER NOT NULL REFERENCES lead (id),
    field TEXT NOT NULL CHECK (field IN ('name', 'service_type', 'city')),
    old_value TEXT,
    new_value TEXT,
    call_id INTEGER,                    -- NULL: a person
    key_id INTEGER,                     -- of that person; 0: the console
    key_name TEXT,
    confidence REAL,                    -- of the machine
    at_ms INTEGER NOT NULL
);
CREATE INDEX lead_history_lead ON lead_history (lead_id, id);
