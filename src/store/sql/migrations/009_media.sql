-- What a business wants done with its recordings at Twilio.

ALTER TABLE business ADD COLUMN delete_remote_after_days INTEGER; -- NULL: never; 0: once the file here is verified
ALTER TABLE business ADD COLUMN recording_key TEXT;               -- path of the private key of encrypted recordings

ALTER TABLE recording ADD COLUMN remote_deleted_at_ms INTEGER;    -- when Kol deleted it at Twilio
