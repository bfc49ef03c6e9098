-- name: keep_submission
-- Keep a submission whole: its row of the inbox, the dossier with its key and its sealed person, and event 1; no row
-- comes back when this reference was used before. Whoever keeps a row hands it over at once: the relay gives a head start.
WITH kept AS (
    INSERT INTO inbox (id, system, reference, kind, dossier, digest, body, received_at, next_attempt_at)
    VALUES ($24, $30, $31, 'submission', $1, $25, '{}', $23, $23::timestamptz + interval '2 seconds')
    ON CONFLICT (system, reference) DO NOTHING
    RETURNING dossier
), projected AS (
    INSERT INTO dossier (id, sequence, last_instant, fold, code, procedure, unit, holders, channel, business, finance,
                         delivery, synchronisation, status, submitted_at, accepted_at, promised_due, statutory_due,
                         appointment, next_at, closed_at)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21 FROM kept
), keyed AS (
    INSERT INTO dossier_key (dossier, wrapped) SELECT dossier, $32 FROM kept
), person AS (
    INSERT INTO sealed (id, dossier, kind, body) SELECT $28, dossier, 'submission', $33 FROM kept
), turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(7206845)::text AS taken FROM kept
)
INSERT INTO event (dossier, sequence, type, occurred_at, recorded_at, command, digest, actor, data, sealed, late)
SELECT $1, $2, $22, $3, $23, $24, $25, $26, $27, $28, $29 FROM turn WHERE taken IS NOT NULL
RETURNING sequence;

-- name: insert_inbox
-- Keep what came in for a dossier that stands, and return its fold; no row when this reference was used before.
INSERT INTO inbox (id, system, reference, kind, dossier, digest, body, received_at, next_attempt_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8::timestamptz + interval '2 seconds')
ON CONFLICT (system, reference) DO NOTHING
RETURNING id, (SELECT fold FROM dossier WHERE dossier.id = inbox.dossier) AS fold;

-- name: find_inbox
-- What came in under a reference.
SELECT id, dossier, digest FROM inbox WHERE system = $1 AND reference = $2;

-- name: claim_inbox
-- Take some rows that are due to be handed to the engine, passing over those another relay holds.
SELECT inbox.id, inbox.kind, inbox.dossier, inbox.body, inbox.attempts, dossier.fold
  FROM inbox JOIN dossier ON dossier.id = inbox.dossier
 WHERE inbox.delivered_at IS NULL AND inbox.next_attempt_at <= $1
 ORDER BY inbox.next_attempt_at
 LIMIT $2
   FOR UPDATE OF inbox SKIP LOCKED;

-- name: deliver_inbox
-- The engine has acknowledged these rows.
UPDATE inbox SET delivered_at = $2 WHERE id = ANY($1::uuid[]);

-- name: postpone_inbox
-- The engine did not take these rows: try again later.
UPDATE inbox SET attempts = attempts + 1, next_attempt_at = $2 WHERE id = ANY($1::uuid[]);

-- name: count_waiting
-- How many rows wait for the engine, and since when.
SELECT count(*) AS waiting, min(received_at) AS oldest FROM inbox WHERE delivered_at IS NULL;

-- name: find_attempt
-- The attempt behind an order reference of the payment platform.
SELECT * FROM payment_attempt WHERE reference = $1;

-- name: find_key
-- A dossier's wrapped data key; wrapped is null once destroyed.
SELECT wrapped FROM dossier_key WHERE dossier = $1;

-- name: destroy_key
-- Forget a dossier's data key for ever; returns nothing when it had been destroyed before.
UPDATE dossier_key SET wrapped = NULL, destroyed_at = $2 WHERE dossier = $1 AND wrapped IS NOT NULL RETURNING dossier;

-- name: insert_sealed
-- Keep something sealed under the dossier's data key; a repetition keeps the first.
INSERT INTO sealed (id, dossier, kind, body) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING;

-- name: delete_sealed
-- Take back what was sealed for a command that was refused, unless it was recorded after all.
DELETE FROM sealed WHERE id = $1 AND NOT EXISTS (SELECT FROM event WHERE event.sealed = sealed.id AND event.dossier = sealed.dossier);

-- name: sealed_of
-- Everything sealed of one dossier.
SELECT id, kind, body FROM sealed WHERE dossier = $1;

-- name: insert_officer
-- Keep who stands behind a pseudonym.
INSERT INTO officer (pseudonym, system, body) VALUES ($1, $2, $3) ON CONFLICT (pseudonym) DO NOTHING;

-- name: officers
-- Who stands behind these pseudonyms.
SELECT pseudonym, body FROM officer WHERE pseudonym = ANY($1::text[]);

-- name: insert_api_key
-- Admit a calling system by the digest of its key.
INSERT INTO api_key (digest, system, rights, roles, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: find_api_key
-- The calling system behind a key.
SELECT system, rights, roles FROM api_key WHERE digest = $1 AND revoked_at IS NULL;

-- name: revoke_api_keys
-- Shut a calling system out.
UPDATE api_key SET revoked_at = $2 WHERE system = $1 AND revoked_at IS NULL RETURNING digest;
