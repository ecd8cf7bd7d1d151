-- Full text: the words of a call in every form in which they are asked for (base/text_search.h),
-- so the tokenizer only splits at spaces. rowid is the call's id. Existing calls are indexed in the
-- same transaction, by kol_search_index_all().
CREATE VIRTUAL TABLE call_search USING fts5 (transcript, summary, tokenize = 'ascii', detail = 'column', columnsize = 0);
