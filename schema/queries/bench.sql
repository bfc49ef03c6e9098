-- name: count_breached
-- How many breaches of these dossiers stand in the log.
SELECT count(*) FROM event WHERE type = 'clock.breached' AND dossier = ANY($1::uuid[]);

-- name: owed_and_struck
-- Every breach that the two processing clocks of these dossiers owe since acceptance, beside those that stand in the log.
WITH owed AS (
    SELECT dossier, clock->>'kind' AS clock, sequence AS arming, (clock->>'due')::timestamptz AS due
      FROM event CROSS JOIN LATERAL jsonb_array_elements(data->'clocks') AS clock
     WHERE dossier = ANY($1::uuid[]) AND type = 'dossier.accepted' AND clock->>'kind' IN ('promised', 'statutory')
), struck AS (
    SELECT dossier, data->>'clock' AS clock, (data->>'arming')::integer AS arming, count(*) AS times,
           min(occurred_at) AS first, max(occurred_at) AS last, max(recorded_at) AS recorded_at
      FROM event
     WHERE dossier = ANY($1::uuid[]) AND type = 'clock.breached'
     GROUP BY 1, 2, 3
), claimed AS (
    SELECT dossier, clock, arming, claimed_by FROM rung WHERE dossier = ANY($1::uuid[]) AND rung = 'breach'
)
SELECT dossier, owed.due, coalesce(times, 0) AS times, first, last, recorded_at, claimed_by
  FROM owed FULL JOIN struck USING (dossier, clock, arming) LEFT JOIN claimed USING (dossier, clock, arming);

-- name: still_moving
-- What is on its way: nothing of it, and no new event, means that all money has come to rest.
SELECT (SELECT count(*) FROM inbox WHERE delivered_at IS NULL) AS waiting,
       (SELECT count(*) FROM refund WHERE state IN ('asked', 'approved')) AS refunds,
       (SELECT count(*) FROM refund WHERE state = 'refused') AS refused,
       (SELECT count(*) FROM payment_attempt WHERE state IN ('ordered', 'opened', 'unknown', 'superseded')) AS open,
       (SELECT coalesce(max(position), 0) FROM event) AS position;

-- name: order_for_all
-- One open attempt for each of these dossiers, so that a provider may call back.
INSERT INTO payment_attempt (reference, dossier, number, amount, provider, state, ordered_at, expires_at)
SELECT replace(id::text, '-', '') || '-9', id, 9, 100000, 'platform', 'opened', $2::timestamptz,
       $2::timestamptz + interval '1 day'
  FROM unnest($1::uuid[]) AS id;

-- name: insert_dossier
-- Place a dossier in the register as a case has it.
INSERT INTO dossier (id, sequence, last_instant, fold, code, procedure, unit, holders, channel, business, finance,
                     delivery, synchronisation, status, submitted_at, accepted_at, promised_due, statutory_due,
                     appointment, next_at, closed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21);

-- name: append_event
-- Place a dossier's first event in the log, in its turn.
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(7206845)::text AS taken)
INSERT INTO event (dossier, sequence, occurred_at, type, recorded_at, command, digest, actor, data, sealed, late)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM turn WHERE taken IS NOT NULL;
