-- As how many channels a recording was transcribed, and why as fewer than it has: two that carry the same sound are one.
ALTER TABLE call ADD COLUMN transcript_channels INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN channels_reason TEXT;
