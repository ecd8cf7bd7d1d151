-- What is known of each account's list at Twilio, and who looks at it now.

-- name: reconcile_add
-- Recordings from before the account's first use of Kol are taken on request only; ?3 ms of grace.
INSERT INTO reconcile (account_sid, since_at_ms)
VALUES (?1, min(?2, coalesce((SELECT min(created_at_ms) FROM call WHERE account_sid = ?1), ?2)) - ?3)
ON CONFLICT (account_sid) DO NOTHING;

-- name: reconcile_take
UPDATE reconcile SET owner = ?2, lease_boot_id = ?3, lease_until_boot_ms = ?5
WHERE account_sid = ?1
  AND (owner IS NULL OR owner = ?2 OR lease_boot_id <> ?3 OR lease_until_boot_ms < ?4);

-- name: reconcile_extend
UPDATE reconcile SET lease_until_boot_ms = ?3 WHERE account_sid = ?1 AND owner = ?2;

-- name: reconcile_leave
UPDATE reconcile SET owner = NULL, lease_boot_id = NULL, lease_until_boot_ms = NULL
WHERE account_sid = ?1 AND owner = ?2;

-- name: reconcile_done
UPDATE reconcile SET until_at_ms = max(coalesce(until_at_ms, 0), ?2), success_at_ms = ?3,
    imported = imported + ?4, gone = gone + ?5, error = NULL, error_at_ms = NULL
WHERE account_sid = ?1;

-- name: reconcile_failed
UPDATE reconcile SET imported = imported + ?2, gone = gone + ?3, error = ?4, error_at_ms = ?5
WHERE account_sid = ?1;

-- name: reconcile_list
SELECT account_sid, since_at_ms, until_at_ms, success_at_ms, imported, gone, error, error_at_ms
FROM reconcile WHERE ?1 IS NULL OR account_sid = ?1 ORDER BY account_sid;

-- name: recording_standing
SELECT recording.status, recording.call_id, call.fetch_state = 'local' AND call.audio_recording_sid = ?1
FROM recording JOIN call ON call.id = recording.call_id WHERE recording.recording_sid = ?1;

-- name: recording_waited_for
-- Those that a fetch has been waiting for since before ?2.
SELECT recording.recording_sid, recording.call_id, call.call_sid
FROM call JOIN recording ON recording.recording_sid = call.recording_sid
WHERE call.account_sid = ?1 AND call.fetch_state IN ('waiting', 'given_up')
  AND recording.created_at_ms < ?2 ORDER BY random() LIMIT ?3;

-- name: job_put_behind
-- A backlog goes behind what comes in: whoever calls today does not wait for last year's calls.
UPDATE job SET order_key = order_key + ?2
WHERE kind = 'full' AND subject = ?1 AND order_key < ?2 AND state IN ('scheduled', 'ready', 'paused');
