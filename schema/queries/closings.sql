-- name: lock_closings
-- Closings are made one after another: two of the same drawer must not list the same exception.
LOCK TABLE cash_closing IN SHARE ROW EXCLUSIVE MODE;

-- name: find_closing
-- One closing.
SELECT * FROM cash_closing WHERE id = $1;

-- name: standing_closing
-- The closing of a cashier's day that no other one corrects.
SELECT * FROM cash_closing AS closing
 WHERE unit = $1 AND cashier = $2 AND day = $3 AND means = $4
   AND NOT EXISTS (SELECT FROM cash_closing AS later WHERE later.corrects = closing.id);

-- name: drawer_of
-- What a cashier took and handed back at a unit, by one means, in [$4, $5).
SELECT movement, provider, transaction, amount FROM drawer_movement
 WHERE unit = $1 AND cashier = $2 AND means = $3 AND at >= $4 AND at < $5;

-- name: unlisted_of_drawer
-- What no closing has counted or listed: of other days that this cashier has closed, and of this day ($4) without a cashier.
SELECT moved.movement, moved.provider, moved.transaction,
       CASE WHEN moved.cashier IS NULL THEN 'nobody' ELSE 'late' END AS part
  FROM (SELECT *, ((at AT TIME ZONE 'UTC') + interval '7 hours')::date AS day FROM drawer_movement
         WHERE unit = $1 AND means = $3 AND (cashier = $2 OR cashier IS NULL)) AS moved
 WHERE NOT EXISTS (SELECT FROM cash_closing_item AS item
                    WHERE item.provider = moved.provider AND item.transaction = moved.transaction
                      AND item.movement = moved.movement)
   AND (moved.cashier IS NULL AND moved.day = $4
        OR moved.day <> $4 AND EXISTS (SELECT FROM cash_closing AS closing
                                        WHERE closing.unit = $1 AND closing.cashier = moved.cashier
                                          AND closing.day = moved.day AND closing.means = $3));

-- name: insert_closing
-- Keep what was counted beside what the ledger says.
INSERT INTO cash_closing (id, unit, cashier, day, means, ledger, counted, reason, deposit_slip, closed_by, closed_at,
                          corrects, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: insert_closing_items
-- Keep what a closing counted in, and what it lists.
INSERT INTO cash_closing_item (closing, movement, provider, transaction, part)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]);

-- name: items_of_closing
-- What a closing counted in, and what it lists, in the order in which it happened.
SELECT item.part, moved.*, dossier.code
  FROM cash_closing_item AS item
  JOIN drawer_movement AS moved USING (movement, provider, transaction)
  JOIN dossier ON dossier.id = moved.dossier
 WHERE item.closing = $1
 ORDER BY moved.at, moved.provider, moved.transaction, moved.movement;
