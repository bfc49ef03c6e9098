-- name: order_payment
-- Project a new attempt to collect a fee.
INSERT INTO payment_attempt (reference, dossier, number, amount, provider, state, ordered_at, expires_at)
VALUES ($1, $2, $3, $4, $5, 'ordered', $6, $7);

-- name: supersede_payments
-- Attempts that nobody waits for any more; their end may still be told, and their money may still come.
UPDATE payment_attempt SET state = 'superseded' WHERE dossier = $1 AND state IN ('ordered', 'opened', 'unknown');

-- name: state_of_attempt
-- Where an attempt stands.
SELECT state FROM payment_attempt WHERE reference = $1;

-- name: move_attempt
-- Project where an attempt stands now; its debit and its end, once there, stay.
UPDATE payment_attempt
   SET state = $2, transaction = coalesce(transaction, $3), settled_at = coalesce($4, settled_at)
 WHERE reference = $1;

-- name: keep_payment
-- A debit that is the fee: its lines are those of the submission, and its receipt has the number of the event.
WITH kept AS (
    INSERT INTO payment (provider, transaction, dossier, attempt, unit, procedure, channel, means, amount, paid_at,
                         recorded_at, use, cashier, document)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (provider, transaction) DO NOTHING
    RETURNING provider, transaction
), lines AS (
    INSERT INTO payment_line (provider, transaction, position, fee, name, kind, amount, kept_percent)
    SELECT kept.provider, kept.transaction, line.number - 1, line.value ->> 'code', line.value ->> 'name',
           line.value ->> 'kind', (line.value ->> 'due')::bigint, coalesce((line.value ->> 'kept_percent')::integer, 0)
      FROM kept, event,
           LATERAL jsonb_array_elements(event.data -> 'fee' -> 'lines') WITH ORDINALITY AS line (value, number)
     WHERE event.dossier = $3 AND event.sequence = 1 AND (line.value ->> 'due')::bigint > 0
)
INSERT INTO receipt (series, number, unit, year, provider, transaction, dossier, amount, issued_at, issued_by)
SELECT $15::text, $16::integer, $5, $17::integer, kept.provider, kept.transaction, $3, $9, $11, $13
  FROM kept WHERE $15::text IS NOT NULL;

-- name: keep_surplus
-- A debit that its dossier cannot use.
INSERT INTO payment (provider, transaction, dossier, attempt, unit, procedure, channel, means, amount, paid_at,
                     recorded_at, use, cashier, document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (provider, transaction) DO NOTHING;

-- name: ask_refund
-- A refund that is asked for: at most one for a debit.
INSERT INTO refund (reference, provider, transaction, dossier, unit, amount, ground, state, asked_by, asked_at)
VALUES ('refund-' || CASE WHEN $1 = 'platform' THEN '' ELSE $1 || '-' END || $2, $1, $2, $3, $4, $5, $6, 'asked', $7, $8)
ON CONFLICT (provider, transaction) DO NOTHING;

-- name: move_refund
-- Project where a refund stands now, when, and by whom it was approved.
UPDATE refund
   SET state = $3,
       approved_at = CASE WHEN $3 = 'approved' THEN $4::timestamptz ELSE approved_at END,
       approved_by = CASE WHEN $3 = 'approved' THEN $5 ELSE approved_by END,
       done_at = CASE WHEN $3 = 'refunded' THEN $4::timestamptz ELSE done_at END
 WHERE provider = $1 AND transaction = $2;

-- name: find_payment
-- One debit of a dossier, by its provider and the provider's number.
SELECT * FROM payment WHERE provider = $1 AND transaction = $2 AND dossier = $3;

-- name: payments_of
-- All debits of a dossier with the receipt in force and the refund, in the order in which they came.
SELECT payment.*, receipt.series, receipt.number, refund.reference AS refund, refund.state AS refund_state, refund.ground
  FROM payment
  LEFT JOIN receipt ON receipt.provider = payment.provider AND receipt.transaction = payment.transaction
                   AND receipt.cancelled_at IS NULL
  LEFT JOIN refund ON refund.provider = payment.provider AND refund.transaction = payment.transaction
 WHERE payment.dossier = $1
 ORDER BY payment.recorded_at, payment.transaction;

-- name: attempts_of
-- All attempts to collect a dossier's fee.
SELECT * FROM payment_attempt WHERE dossier = $1 ORDER BY number;

-- name: find_refund
-- One refund of a dossier.
SELECT * FROM refund WHERE reference = $1 AND dossier = $2;

-- name: state_of_refund
-- Where the refund of a debit stands; nothing comes back when none was asked.
SELECT state FROM refund WHERE provider = $1 AND transaction = $2;

-- name: open_refunds
-- Refunds that are not done, the oldest first.
SELECT * FROM refund WHERE state IN ('asked', 'approved', 'refused') ORDER BY asked_at, reference LIMIT $1;

-- name: stale_attempts
-- Attempts whose time was over by then, and whose end nobody has told; the oldest first.
SELECT reference, provider, ordered_at FROM payment_attempt
 WHERE state IN ('ordered', 'opened', 'unknown', 'superseded') AND expires_at < $1
 ORDER BY expires_at
 LIMIT $2;
