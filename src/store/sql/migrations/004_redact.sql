-- What is taken out of a business's words before they are stored: card, cvv, id, phone, email.

ALTER TABLE business ADD COLUMN redact TEXT NOT NULL DEFAULT 'card,cvv';
