-- name: debits_of_day
-- Debits of a provider on a day, and those that its statement names, with assessment, receipt in force and refund.
SELECT payment.transaction, payment.dossier, payment.amount, payment.use, payment.attempt,
       (dossier.fold ->> 'fee_total')::bigint AS assessed, receipt.amount AS receipt, refund.state AS refund,
       (SELECT count(*) FROM payment AS other
          LEFT JOIN refund AS back ON back.provider = other.provider AND back.transaction = other.transaction
         WHERE other.dossier = payment.dossier AND other.use = 'fee' AND back.state IS DISTINCT FROM 'refunded') AS kept
  FROM payment
  JOIN dossier ON dossier.id = payment.dossier
  LEFT JOIN receipt ON receipt.provider = payment.provider AND receipt.transaction = payment.transaction
                   AND receipt.cancelled_at IS NULL
  LEFT JOIN refund ON refund.provider = payment.provider AND refund.transaction = payment.transaction
 WHERE payment.provider = $1
   AND (payment.transaction = ANY($4::text[]) OR (payment.paid_at >= $2 AND payment.paid_at < $3));

-- name: attempts_named
-- Whose the orders are that a statement names, and which debit paid them.
SELECT reference, dossier, transaction FROM payment_attempt WHERE provider = $1 AND reference = ANY($2::text[]);

-- name: attempts_unknown
-- Attempts of a provider whose time was over by then, and whose end nobody has told.
SELECT reference, dossier, transaction FROM payment_attempt
 WHERE provider = $1 AND state IN ('ordered', 'opened', 'unknown', 'superseded') AND expires_at < $2;

-- name: note_discrepancy
-- Keep a difference: once, however often the day is reconciled; one that had gone and is back stands again.
INSERT INTO discrepancy (kind, provider, day, transaction, reference, dossier, ours, theirs, provable, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (kind, provider, day, transaction, reference) DO UPDATE SET gone_at = NULL
RETURNING id, repaired_at;

-- name: note_repair
-- The fact was told to the dossier.
UPDATE discrepancy SET repaired_at = $2 WHERE id = $1;

-- name: note_gone
-- Differences of a provider and day that this run did not find.
UPDATE discrepancy SET gone_at = $4
 WHERE provider = $1 AND day = $2 AND gone_at IS NULL AND NOT id = ANY($3::bigint[]);

-- name: open_discrepancies
-- Differences that stand, the oldest first.
SELECT * FROM discrepancy WHERE gone_at IS NULL ORDER BY found_at, id LIMIT $1;
