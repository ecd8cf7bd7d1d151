-- Telephone numbers and addresses are stored as people write them; this is what the engine wrote.
ALTER TABLE segment ADD COLUMN heard TEXT; -- NULL: the text is that
