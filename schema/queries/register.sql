-- name: lock_dossier
-- Take the dossier's row before anything else: locks go dossier, counters, log.
SELECT sequence, last_instant, fold FROM dossier WHERE id = $1 FOR UPDATE;

-- name: fold_at
-- A dossier's fold, if it stands at this number now; without a lock.
SELECT fold FROM dossier WHERE id = $1 AND sequence = $2;

-- name: event_at
-- The event that stands under a sequence number, if any.
SELECT * FROM event WHERE dossier = $1 AND sequence = $2;

-- name: event_of_command
-- The event that records a command, if any.
SELECT * FROM event WHERE dossier = $1 AND command = $2;

-- name: events_of
-- A dossier's whole story, in order.
SELECT * FROM event WHERE dossier = $1 ORDER BY sequence;

-- name: next_count
-- The next number of a counter of a day; the row stays locked until the caller commits, so no number is lost.
INSERT INTO counter (name, day, value) VALUES ($1, $2, 1)
ON CONFLICT (name, day) DO UPDATE SET value = counter.value + 1
RETURNING value;

-- name: claim_rung
-- Claim one rung of one setting of a clock; nothing comes back when somebody has claimed it before.
INSERT INTO rung (dossier, clock, step, rung, arming, at, claimed_by, claimed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (dossier, clock, step, rung, arming) DO NOTHING
RETURNING claimed_by;

-- name: claimant_of_rung
-- Who has claimed a rung.
SELECT claimed_by FROM rung WHERE dossier = $1 AND clock = $2 AND step = $3 AND rung = $4 AND arming = $5;

-- name: write_event
-- Project a dossier that stands at the number before, then append the event in its turn; no row if it stands elsewhere.
WITH projected AS (
    UPDATE dossier
       SET sequence = $2, last_instant = $3, fold = $4, code = $5, procedure = $6, unit = $7, holders = $8, channel = $9,
           business = $10, finance = $11, delivery = $12, synchronisation = $13, status = $14, submitted_at = $15,
           accepted_at = $16, promised_due = $17, statutory_due = $18, appointment = $19, next_at = $20, closed_at = $21
     WHERE id = $1 AND sequence = $2 - 1
    RETURNING id
), turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(7206845)::text AS taken FROM projected
)
INSERT INTO event (dossier, sequence, type, occurred_at, recorded_at, command, digest, actor, data, sealed, late)
SELECT $1, $2, $22, $3, $23, $24, $25, $26, $27, $28, $29 FROM turn WHERE taken IS NOT NULL
RETURNING sequence;

-- name: find_dossier
-- One dossier as it is projected.
SELECT * FROM dossier WHERE id = $1;

-- name: find_dossier_by_code
-- One dossier by its legal code.
SELECT * FROM dossier WHERE code = $1;

-- name: list_dossiers
-- A keyset page of dossiers by status and unit (receiving it, or holding it now), newest first; $3 is the last id of
-- the page before. With $5, only those under way whose appointment lies before that instant.
SELECT * FROM dossier
 WHERE ($1::smallint IS NULL OR status = $1)
   AND ($2::text IS NULL OR unit = $2 OR holders @> ARRAY[$2])
   AND ($3::uuid IS NULL OR id < $3)
   AND ($5::timestamptz IS NULL OR business IN ('accepted', 'processing') AND promised_due < $5)
 ORDER BY id DESC
 LIMIT $4;

-- name: list_events
-- A page of the whole log after a position, in commit order.
SELECT * FROM event WHERE position > $1 ORDER BY position LIMIT $2;

-- name: list_events_of
-- A page of the log after a position and up to another ($3), of these types alone, in commit order.
SELECT * FROM event WHERE position > $1 AND position <= $3 AND type = ANY($4::text[]) ORDER BY position LIMIT $2;

-- name: end_of_log
-- The position of the newest event; 0 while there is none.
SELECT COALESCE(max(position), 0) FROM event;
