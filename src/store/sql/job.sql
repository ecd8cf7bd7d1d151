-- The queue. State changes name the old state and, once running, the token.

-- let: job_columns
-- Read by queue.c in this order.
id, kind, stage, business_id, call_id, call_sid, subject, state, due_at_ms, order_key, attempt,
crashes, token, owner, data, error_code, error, progress, created_at_ms, updated_at_ms, finished_at_ms,
lease_until_boot_ms

-- name: job_add
INSERT INTO job (kind, stage, business_id, call_id, call_sid, subject, state, due_at_ms, order_key, data,
    created_at_ms, updated_at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?7 <= ?10 THEN 'ready' ELSE 'scheduled' END, ?7, ?8, ?9, ?10, ?10)
ON CONFLICT (kind, stage, subject) WHERE state IN ('scheduled', 'ready', 'running', 'paused') DO NOTHING;

-- name: job_promote
-- What has become due may be claimed.
UPDATE job SET state = 'ready' WHERE id IN (
    SELECT id FROM job WHERE state = 'scheduled' AND stage = ?1 AND due_at_ms <= ?2
    ORDER BY due_at_ms LIMIT 200);

-- name: job_next
-- Walks from business to business through the index (a loose scan), takes the one served longest
-- ago, and of it the first in order.
WITH RECURSIVE tenant (business_id) AS (
    SELECT (SELECT min(business_id) FROM job WHERE state = 'ready' AND stage = ?1)
    UNION ALL
    SELECT (SELECT min(job.business_id) FROM job
            WHERE state = 'ready' AND stage = ?1 AND job.business_id > tenant.business_id)
    FROM tenant WHERE tenant.business_id IS NOT NULL
),
turn (business_id) AS (
    SELECT tenant.business_id FROM tenant
    LEFT JOIN job_turn ON job_turn.stage = ?1 AND job_turn.business_id = tenant.business_id
    WHERE tenant.business_id IS NOT NULL
    ORDER BY coalesce(job_turn.served, 0), tenant.business_id LIMIT 1
)
SELECT id FROM job WHERE state = 'ready' AND stage = ?1 AND business_id = (SELECT business_id FROM turn)
ORDER BY order_key, id LIMIT 1;

-- name: job_claim
UPDATE job SET state = 'running', token = token + 1, owner = ?2, lease_boot_id = ?3,
    lease_until_boot_ms = ?4, progress = 0, updated_at_ms = ?5
WHERE id = ?1 AND state = 'ready';

-- name: job_turn_set
INSERT INTO job_turn (stage, business_id, served)
VALUES (?1, ?2, 1 + coalesce((SELECT max(served) FROM job_turn WHERE stage = ?1), 0))
ON CONFLICT (stage, business_id) DO UPDATE SET served = excluded.served;

-- name: job_has_work
SELECT EXISTS (SELECT 1 FROM job WHERE state = 'ready' AND stage = ?1)
    OR EXISTS (SELECT 1 FROM job WHERE state = 'scheduled' AND stage = ?1 AND due_at_ms <= ?2);

-- name: job_by_id
SELECT @job_columns@ FROM job WHERE id = ?1;

-- name: job_list
SELECT @job_columns@ FROM job
WHERE (?1 = 0 OR business_id = ?1) AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR stage = ?3)
  AND (?4 IS NULL OR call_sid = ?4) AND (?5 = 0 OR id < ?5)
ORDER BY id DESC LIMIT ?6;

-- name: job_holds
SELECT 1 FROM job WHERE id = ?1 AND token = ?2 AND state = 'running';

-- name: job_extend
UPDATE job SET lease_until_boot_ms = ?3, progress = max(progress, ?4)
WHERE id = ?1 AND token = ?2 AND state = 'running';

-- name: job_move_running
-- The one way out of 'running' for the job's owner.
UPDATE job SET state = ?3, due_at_ms = ?4, data = coalesce(?5, data), attempt = ?6,
    error_code = ?7, error = ?8, owner = NULL, lease_boot_id = NULL, lease_until_boot_ms = NULL,
    progress = CASE WHEN ?3 = 'done' THEN 1 ELSE 0 END,
    finished_at_ms = CASE WHEN ?3 IN ('done', 'dead', 'cancelled') THEN ?9 END, updated_at_ms = ?9
WHERE id = ?1 AND token = ?2 AND state = 'running';

-- name: job_running_of_owner
SELECT id, token, attempt, crashes FROM job WHERE state = 'running' AND owner = ?1;

-- name: job_running_expired
SELECT id, token, attempt, crashes FROM job
WHERE state = 'running' AND (lease_boot_id <> ?1 OR lease_until_boot_ms < ?2);

-- name: job_give_back
UPDATE job SET state = ?3, crashes = ?4, error_code = ?5, error = ?6, owner = NULL, lease_boot_id = NULL,
    lease_until_boot_ms = NULL, progress = 0, due_at_ms = ?7,
    finished_at_ms = CASE WHEN ?3 = 'dead' THEN ?7 END, updated_at_ms = ?7
WHERE id = ?1 AND token = ?2 AND state = 'running';

-- name: job_retry
UPDATE job SET state = 'ready', due_at_ms = ?2, attempt = 0, crashes = 0, data = NULL,
    error_code = NULL, error = NULL, finished_at_ms = NULL, updated_at_ms = ?2
WHERE id = ?1 AND state IN ('dead', 'paused', 'cancelled', 'scheduled')
  AND NOT EXISTS (SELECT 1 FROM job AS other WHERE other.kind = job.kind AND other.stage = job.stage
      AND other.subject = job.subject AND other.id <> job.id
      AND other.state IN ('scheduled', 'ready', 'running', 'paused'));

-- name: job_cancel
UPDATE job SET state = 'cancelled', token = token + 1, owner = NULL, finished_at_ms = ?2, updated_at_ms = ?2
WHERE id = ?1 AND state IN ('scheduled', 'ready', 'running', 'paused');

-- name: job_resume
UPDATE job SET state = 'ready', due_at_ms = ?2, error_code = NULL, error = NULL, updated_at_ms = ?2
WHERE state = 'paused' AND error_code = ?1
  AND (?3 IS NULL OR (SELECT account_sid FROM call WHERE call.id = job.call_id) = ?3);

-- name: job_resume_of
UPDATE job SET state = 'ready', due_at_ms = ?2, error_code = NULL, error = NULL, updated_at_ms = ?2
WHERE state = 'paused' AND error_code = ?1 AND business_id = ?3;

-- name: job_hurry
UPDATE job SET state = 'ready', due_at_ms = ?4, updated_at_ms = ?4
WHERE kind = ?1 AND stage = ?2 AND subject = ?3 AND state = 'scheduled';

-- name: job_counts
SELECT stage, state, count(*), min(due_at_ms) FROM job
WHERE state IN ('scheduled', 'ready', 'running', 'paused', 'dead') GROUP BY stage, state;
