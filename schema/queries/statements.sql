-- name: sum_fees
-- The money of fees that moved in [$1, $2) as it was known at $3, divided by what $9 names: unit, fee, channel, means, day.
WITH moved AS (
    SELECT movement, provider, transaction, unit, fee, name, kind, channel, means, amount,
           CASE movement WHEN 'payment' THEN 1 ELSE -1 END AS sign,
           CASE kind WHEN 'price' THEN amount WHEN 'financial_duty' THEN 0 ELSE amount * kept_percent / 100 END AS kept,
           ((at AT TIME ZONE 'UTC') + interval '7 hours')::date::text AS day
      FROM money_movement
     WHERE use = 'fee' AND at >= $1 AND at < $2 AND known_at <= $3
       AND ($4::text IS NULL OR unit = $4) AND ($5::text IS NULL OR fee = $5) AND ($6::text IS NULL OR kind = $6)
       AND ($7::text IS NULL OR channel = $7) AND ($8::text IS NULL OR means = $8)
)
SELECT CASE WHEN 'unit' = ANY($9::text[]) THEN unit ELSE '' END AS unit,
       CASE WHEN 'fee' = ANY($9) THEN fee ELSE '' END AS fee,
       CASE WHEN 'fee' = ANY($9) THEN kind ELSE '' END AS kind,
       CASE WHEN 'channel' = ANY($9) THEN channel ELSE '' END AS channel,
       CASE WHEN 'means' = ANY($9) THEN means ELSE '' END AS means,
       CASE WHEN 'day' = ANY($9) THEN day ELSE '' END AS day,
       max(name) AS name,
       count(DISTINCT (provider, transaction)) FILTER (WHERE sign = 1) AS payments,
       coalesce(sum(amount) FILTER (WHERE sign = 1), 0)::bigint AS collected,
       count(DISTINCT (provider, transaction)) FILTER (WHERE sign = -1) AS refunds,
       coalesce(sum(amount) FILTER (WHERE sign = -1), 0)::bigint AS refunded,
       coalesce(sum(sign * amount) FILTER (WHERE kind = 'phi'), 0)::bigint AS phi,
       coalesce(sum(sign * amount) FILTER (WHERE kind = 'le_phi'), 0)::bigint AS le_phi,
       coalesce(sum(sign * amount) FILTER (WHERE kind = 'price'), 0)::bigint AS price,
       coalesce(sum(sign * amount) FILTER (WHERE kind = 'financial_duty'), 0)::bigint AS financial_duty,
       coalesce(sum(sign * kept), 0)::bigint AS kept,
       coalesce(sum(sign * (amount - kept)), 0)::bigint AS treasury
  FROM moved
 GROUP BY 1, 2, 3, 4, 5, 6;

-- name: sum_surplus
-- Money that no dossier could use: what came and went back in [$1, $2), and what is held at its end, as known at $3.
SELECT count(*) FILTER (WHERE movement = 'payment' AND at >= $1) AS received,
       coalesce(sum(amount) FILTER (WHERE movement = 'payment' AND at >= $1), 0)::bigint AS received_amount,
       count(*) FILTER (WHERE movement = 'refund' AND at >= $1) AS returned,
       coalesce(sum(amount) FILTER (WHERE movement = 'refund' AND at >= $1), 0)::bigint AS returned_amount,
       count(*) FILTER (WHERE movement = 'payment' AND NOT is_back) AS held,
       coalesce(sum(amount) FILTER (WHERE movement = 'payment' AND NOT is_back), 0)::bigint AS held_amount
  FROM (SELECT movement, at, amount, coalesce(returned_at < $2 AND returned_at <= $3, false) AS is_back
          FROM money_movement
         WHERE use = 'surplus' AND at < $2 AND known_at <= $3
           AND ($4::text IS NULL OR unit = $4) AND ($5::text IS NULL OR channel = $5)
           AND ($6::text IS NULL OR means = $6)) AS moved;

-- name: list_movements
-- The single lines behind a figure, in the order in which they happened, after the line of $11 to $15; $10 leaves only
-- what is held at the end.
SELECT moved.*, dossier.code, receipt.series, receipt.number
  FROM money_movement AS moved
  JOIN dossier ON dossier.id = moved.dossier
  LEFT JOIN receipt ON receipt.provider = moved.provider AND receipt.transaction = moved.transaction
                   AND receipt.cancelled_at IS NULL
 WHERE moved.use = $9 AND moved.at >= coalesce($1::timestamptz, '-infinity') AND moved.at < $2 AND moved.known_at <= $3
   AND ($4::text IS NULL OR moved.unit = $4) AND ($5::text IS NULL OR moved.fee = $5)
   AND ($6::text IS NULL OR moved.kind = $6) AND ($7::text IS NULL OR moved.channel = $7)
   AND ($8::text IS NULL OR moved.means = $8)
   AND ($16::text IS NULL OR moved.movement = $16)
   AND (NOT $10::boolean OR moved.movement = 'payment'
        AND NOT coalesce(moved.returned_at < $2 AND moved.returned_at <= $3, false))
   AND ($11::timestamptz IS NULL
        OR (moved.at, moved.movement, moved.provider, moved.transaction, moved.position) > ($11, $12, $13, $14, $15))
 ORDER BY moved.at, moved.movement, moved.provider, moved.transaction, moved.position
 LIMIT $17;

-- name: unsound_payment
-- A payment of a fee in [$1, $2) whose lines are not its amount, or that did not go back whole; there should be none.
SELECT payment.provider, payment.transaction
  FROM payment
  LEFT JOIN refund USING (provider, transaction)
 WHERE (payment.paid_at >= $1 AND payment.paid_at < $2 OR refund.done_at >= $1 AND refund.done_at < $2)
   AND (refund.amount <> payment.amount
        OR payment.use = 'fee'
           AND payment.amount IS DISTINCT FROM (SELECT sum(line.amount) FROM payment_line AS line
                                                 WHERE line.provider = payment.provider
                                                   AND line.transaction = payment.transaction))
 LIMIT 1;
