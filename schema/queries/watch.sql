-- name: find_missed
-- A page of dossiers whose next rung lies before $1, earliest first; one that is being recorded now is passed over.
SELECT id, fold, next_at FROM dossier
 WHERE next_at < $1 AND (next_at, id) > ($2, $3::uuid)
 ORDER BY next_at, id
 LIMIT $4
   FOR UPDATE SKIP LOCKED;

-- name: find_suspects
-- A page of open dossiers past an acceptance or step due as of $1, or with a form 04 that waits for somebody.
SELECT id, fold FROM dossier
 WHERE closed_at IS NULL AND id > $2
   AND (business = 'submitted' AND EXISTS (
            SELECT FROM jsonb_array_elements(fold->'clocks') AS clock
             WHERE clock->>'kind' = 'acceptance' AND (clock->>'due')::timestamptz < $1)
        OR business = 'processing' AND EXISTS (
            SELECT FROM jsonb_array_elements(fold->'stages'->((fold->>'stage')::integer)) AS step
             WHERE NOT (step->>'done')::boolean AND (step->>'due')::timestamptz < $1)
        OR fold->>'apology' IN ('asked', 'late', 'signed'))
 ORDER BY id
 LIMIT $3;

-- name: find_standing_cases
-- A page of dossiers of which something stands that is judged from the fold.
SELECT id, fold FROM dossier
 WHERE id > $1 AND id IN (SELECT dossier FROM watch_finding WHERE closed_at IS NULL AND kind = ANY($2::text[]))
 ORDER BY id
 LIMIT $3;

-- name: last_of_types
-- When an event of one of these types was last in a dossier's story.
SELECT max(occurred_at) FROM event WHERE dossier = $1 AND type = ANY($2::text[]);

-- name: find_waiting
-- Inbox rows that came in before $1 and were not handed to the engine, oldest first.
SELECT inbox.id, inbox.kind, inbox.dossier, inbox.received_at, inbox.attempts, dossier.unit, dossier.procedure
  FROM inbox JOIN dossier ON dossier.id = inbox.dossier
 WHERE inbox.delivered_at IS NULL AND inbox.received_at < $1
 ORDER BY inbox.received_at
 LIMIT $2;

-- name: delivered_among
-- Which of these inbox rows were handed to the engine meanwhile.
SELECT id FROM inbox WHERE id = ANY($1::uuid[]) AND delivered_at IS NOT NULL;

-- name: find_open
-- A page of open dossiers after $1 that were handed to the engine.
SELECT id FROM dossier
 WHERE closed_at IS NULL AND id > $1
   AND NOT EXISTS (SELECT FROM inbox WHERE inbox.dossier = dossier.id AND inbox.delivered_at IS NULL)
 ORDER BY id
 LIMIT $2;

-- name: still_open
-- Those of these dossiers that are open, with what the engine would be started with.
SELECT id, sequence, last_instant, procedure, unit, channel FROM dossier WHERE id = ANY($1::uuid[]) AND closed_at IS NULL;

-- name: find_settled
-- Dossiers whose last event stands after a position of the log and before any recorded since $2, in its order.
SELECT event.position, event.dossier, event.sequence
  FROM event JOIN dossier ON dossier.id = event.dossier AND dossier.sequence = event.sequence
 WHERE event.position > $1
   AND event.position < coalesce((SELECT min(position) FROM event WHERE position > $1 AND recorded_at >= $2), 9223372036854775807)
 ORDER BY event.position
 LIMIT $3;

-- name: last_settled
-- The last position of the log that was recorded before $1.
SELECT position FROM event WHERE recorded_at < $1 ORDER BY position DESC LIMIT 1;

-- name: standing_findings
-- What stands now of these kinds.
SELECT * FROM watch_finding WHERE closed_at IS NULL AND kind = ANY($1::text[]) ORDER BY id;

-- name: findings_of
-- What stands now of these kinds in one dossier.
SELECT id, key FROM watch_finding WHERE closed_at IS NULL AND dossier = $1 AND kind = ANY($2::text[]);

-- name: touch_findings
-- Note that these still stand; return those that did.
UPDATE watch_finding SET last_seen = greatest(last_seen, $2) WHERE key = ANY($1::text[]) AND closed_at IS NULL RETURNING key;

-- name: raise_finding
-- Open a finding, unless it stands, and say so in the watch's stream; one transaction appends at a time.
WITH opened AS (
    INSERT INTO watch_finding (key, kind, dossier, about, clock, step, rung, arming, at, unit, procedure, data, opened_at, last_seen)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
    ON CONFLICT (key) WHERE closed_at IS NULL DO NOTHING
    RETURNING id
), turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(7206846)::text AS taken FROM opened
)
INSERT INTO watch_event (type, kind, dossier, about, clock, step, rung, arming, at, found_at, unit, procedure, data)
SELECT 'raised', $2, $3, $4, $5, $6, $7, $8, $9, $13, $10, $11, $12 FROM turn WHERE taken IS NOT NULL
RETURNING position;

-- name: close_findings
-- Close findings that are gone, and say so in the watch's stream.
WITH gone AS (
    UPDATE watch_finding SET closed_at = $2 WHERE id = ANY($1::bigint[]) AND closed_at IS NULL RETURNING *
), turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(7206846)::text AS taken FROM (SELECT FROM gone LIMIT 1) AS any_gone
)
INSERT INTO watch_event (type, kind, dossier, about, clock, step, rung, arming, at, found_at, unit, procedure, data)
SELECT 'closed', kind, dossier, about, clock, step, rung, arming, at, $2, unit, procedure, data
  FROM gone, turn WHERE turn.taken IS NOT NULL ORDER BY gone.id
RETURNING position;

-- name: read_mark
-- How far a look has come.
SELECT value FROM watch_mark WHERE name = $1;

-- name: set_mark
-- Note how far a look has come, and as of when.
INSERT INTO watch_mark (name, value, at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = greatest(watch_mark.at, excluded.at);

-- name: list_marks
-- As of when each look last ended: one that grows old means that nobody watches.
SELECT name, at FROM watch_mark ORDER BY name;

-- name: list_standing
-- What stood as of $1, the longest first.
SELECT * FROM watch_finding
 WHERE opened_at <= $1 AND (closed_at IS NULL OR closed_at > $1)
 ORDER BY at, id
 LIMIT $2;

-- name: count_standing
-- How many findings stood as of $1 by kind and unit, and since when the oldest.
SELECT kind, unit, count(*) AS standing, min(at) AS oldest FROM watch_finding
 WHERE opened_at <= $1 AND (closed_at IS NULL OR closed_at > $1)
 GROUP BY kind, unit
 ORDER BY kind, unit;

-- name: list_watch_events
-- A page of the watch's stream after a position, in commit order.
SELECT * FROM watch_event WHERE position > $1 ORDER BY position LIMIT $2;
