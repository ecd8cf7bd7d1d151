-- Calls taken over from before: the CRM knows them, and is not told again.
ALTER TABLE call ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;
