-- name: find_receipt
-- One receipt with its payment, its dossier, the number that stands in its place, and how far the money is back.
SELECT receipt.*, payment.means, dossier.code AS dossier_code, instead.number AS cancelled_by_number,
       refund.state AS refund
  FROM receipt
  JOIN payment ON payment.provider = receipt.provider AND payment.transaction = receipt.transaction
  JOIN dossier ON dossier.id = receipt.dossier
  LEFT JOIN receipt AS instead ON instead.series = receipt.series AND instead.replaces = receipt.number
  LEFT JOIN refund ON refund.provider = receipt.provider AND refund.transaction = receipt.transaction
 WHERE receipt.series = $1 AND receipt.number = $2;

-- name: lines_of_payment
-- What a kept payment was for.
SELECT name, kind, amount FROM payment_line WHERE provider = $1 AND transaction = $2 ORDER BY position;

-- name: lock_receipt
-- Take one receipt before anything else: locks go receipt, refund, counter.
SELECT provider, transaction, unit, year, issued_at, cancelled_at FROM receipt WHERE series = $1 AND number = $2 FOR UPDATE;

-- name: lock_refund
-- Hold the refund of a debit where it stands, if there is one.
SELECT state FROM refund WHERE provider = $1 AND transaction = $2 FOR UPDATE;

-- name: cancel_receipt
-- A receipt that is not in force any more; its number stays taken.
UPDATE receipt SET cancelled_at = $3, cancelled_by = $4, reason = $5 WHERE series = $1 AND number = $2;

-- name: replace_receipt
-- The receipt that stands in the place of a cancelled one, for the same payment.
INSERT INTO receipt (series, number, unit, year, provider, transaction, dossier, amount, issued_at, issued_by, replaces)
SELECT series, $3, unit, year, provider, transaction, dossier, amount, $4, $5, number
  FROM receipt WHERE series = $1 AND number = $2;

-- name: numbers_of_series
-- Every number of a series that was issued, and when it was cancelled.
SELECT number, issued_at, cancelled_at FROM receipt WHERE series = $1 ORDER BY number;
