-- name: dossiers_of_day
-- Every dossier that a day of a provider touches: its lines' transactions ($4) and references ($5), our payments,
-- refunds and receipts in [$2, $3), attempts whose time was over then and whose end nobody has told.
SELECT dossier FROM payment WHERE provider = $1 AND (transaction = ANY($4::text[]) OR paid_at >= $2 AND paid_at < $3)
UNION SELECT dossier FROM payment_attempt WHERE reference = ANY($5::text[])
UNION SELECT dossier FROM refund WHERE provider = $1 AND (reference = ANY($5::text[]) OR done_at >= $2 AND done_at < $3)
UNION SELECT dossier FROM receipt WHERE provider = $1 AND issued_at >= $2 AND issued_at < $3
UNION SELECT dossier FROM payment_attempt
       WHERE provider = $1 AND expires_at >= $2 AND expires_at < $3
         AND state IN ('ordered', 'opened', 'unknown', 'superseded');

-- name: attempts_of_all
-- All attempts of these dossiers.
SELECT * FROM payment_attempt WHERE dossier = ANY($1::uuid[]) ORDER BY reference;

-- name: payments_of_all
-- All debits of these dossiers.
SELECT * FROM payment WHERE dossier = ANY($1::uuid[]) ORDER BY paid_at, provider, transaction;

-- name: refunds_of_all
-- All refunds of these dossiers, with the attempt whose debit goes back.
SELECT refund.*, payment.attempt AS paid_reference
  FROM refund LEFT JOIN payment USING (provider, transaction)
 WHERE refund.dossier = ANY($1::uuid[])
 ORDER BY refund.reference;

-- name: receipts_of_all
-- All receipts in force of these dossiers.
SELECT * FROM receipt WHERE dossier = ANY($1::uuid[]) AND cancelled_at IS NULL ORDER BY series, number;

-- name: fees_of_all
-- What was assessed of these dossiers, and whether they go on asking for it.
SELECT id, (fold ->> 'fee_total')::bigint AS total, finance IN ('owed', 'ordered') AS owes
  FROM dossier WHERE id = ANY($1::uuid[]) ORDER BY id;

-- name: lines_elsewhere
-- Lines of other days than $2 that name these transactions ($3) or references ($4); of each day the latest statement,
-- one that the provider signed before one that came as a file.
SELECT line.*
  FROM statement_line AS line
  JOIN (SELECT DISTINCT ON (day) id FROM reconciliation WHERE provider = $1 AND day <> $2 
         ORDER BY day, source = 'file', ran_at DESC) AS latest
    ON latest.id = line.reconciliation
 WHERE line.provider = $1 AND (line.transaction = ANY($3::text[]) OR line.reference = ANY($4::text[]));

-- name: lock_reconciliations
-- Days are written one after another: two runs of the same one must not find the same thing.
LOCK TABLE reconciliation IN SHARE ROW EXCLUSIVE MODE;

-- name: insert_reconciliation
-- Keep that a statement was gone through; nothing comes back when it was before.
INSERT INTO reconciliation (id, provider, day, digest, source, debits, debited, refunds, refunded, payments, paid, returns,
                            returned, found, ran_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (provider, day, digest) DO NOTHING
RETURNING id;

-- name: find_reconciliation
-- The run that went through this statement first.
SELECT id FROM reconciliation WHERE provider = $1 AND day = $2 AND digest = $3;

-- name: insert_statement_lines
-- Keep what the provider told.
INSERT INTO statement_line (reconciliation, position, provider, transaction, reference, kind, amount, currency, at)
SELECT $1, line.position - 1, $2, line.transaction, line.reference, line.kind, line.amount, line.currency, line.at
  FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::timestamptz[])
       WITH ORDINALITY AS line (transaction, reference, kind, amount, currency, at, position);

-- name: discrepancies_of_day
-- All that was ever found on a day of a provider, and by what kind of statement.
SELECT discrepancy.*, reconciliation.source
  FROM discrepancy JOIN reconciliation ON reconciliation.id = discrepancy.reconciliation
 WHERE discrepancy.provider = $1 AND discrepancy.day = $2 ORDER BY opened_at, discrepancy.id;

-- name: insert_discrepancy
-- Keep what was found.
INSERT INTO discrepancy (id, reconciliation, provider, day, kind, transaction, reference, dossier, ours, theirs, why, repair,
                         repair_state, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'none', $13);

-- name: mark_repair
-- Its repair was carried out, or was refused, which says why.
UPDATE discrepancy SET repair_state = $2, why = $3, repaired_at = $4 WHERE id = $1;

-- name: close_discrepancy
-- Close one that is open; nothing comes back when it is not.
UPDATE discrepancy SET closed_at = $2, closed_by = $3, reason = $4 WHERE id = $1 AND closed_at IS NULL RETURNING id;

-- name: close_found_later
-- What was missing from another day's statement stands in this one: debits ($3) and the references of refunds ($4).
UPDATE discrepancy SET closed_at = $5, closed_by = $6, reason = $7
 WHERE provider = $1 AND day <> $2 AND closed_at IS NULL
   AND (kind = 'payment_unknown_to_them' AND transaction = ANY($3::text[])
        OR kind = 'refund_missing' AND reference = ANY($4::text[]))
RETURNING id;

-- name: find_discrepancy
-- One discrepancy.
SELECT * FROM discrepancy WHERE id = $1;

-- name: list_discrepancies
-- The newest that were found, or only those that are open, or of one day.
SELECT discrepancy.*, dossier.code
  FROM discrepancy LEFT JOIN dossier ON dossier.id = discrepancy.dossier
 WHERE (NOT $1::boolean OR discrepancy.closed_at IS NULL)
   AND ($2::text IS NULL OR provider = $2) AND ($3::date IS NULL OR day = $3)
 ORDER BY opened_at DESC, discrepancy.id
 LIMIT $4;

-- name: reconciled_days
-- The days of a provider that were gone through once they were over, by more than a file, and those with something open.
SELECT day, bool_or(source <> 'file' AND ran_at >= ((day + 1)::timestamp - interval '7 hours') AT TIME ZONE 'UTC') AS done,
       EXISTS (SELECT FROM discrepancy WHERE discrepancy.provider = $1 AND discrepancy.day = reconciliation.day
                                         AND closed_at IS NULL) AS is_open
  FROM reconciliation WHERE provider = $1 AND day >= $2
 GROUP BY day ORDER BY day;
