-- Every statement of the partner's books, by name.

-- name: order_insert
INSERT INTO orders (reference, id, protocol, amount, currency, note, opened, expires, created, return_url)
VALUES (:reference, :id, :protocol, :amount, :currency, :note, :opened, :expires, :created, :return_url)

-- name: order_by_reference
SELECT * FROM orders WHERE reference = :reference

-- name: order_by_id
SELECT * FROM orders WHERE id = :id

-- name: order_by_transaction
SELECT * FROM orders WHERE transaction_id = :transaction_id AND transaction_id <> ''

-- name: order_debit
UPDATE orders SET state = 'succeeded', transaction_id = :transaction_id, debited = :debited, paid = :paid
WHERE reference = :reference AND transaction_id = ''

-- name: order_fail
UPDATE orders SET state = 'failed' WHERE reference = :reference AND state = 'created'

-- name: order_cut_short
UPDATE orders SET expires = :expires WHERE reference = :reference

-- name: orders_all
SELECT * FROM orders ORDER BY rowid

-- name: orders_to_pay
SELECT orders.* FROM orders LEFT JOIN promises USING (reference)
WHERE state = 'created' AND promises.reference IS NULL ORDER BY orders.rowid

-- name: orders_debited
SELECT * FROM orders WHERE protocol = :protocol AND transaction_id <> '' ORDER BY rowid

-- name: promise_make
INSERT INTO promises (reference, due) VALUES (:reference, :due)

-- name: promise_keep
DELETE FROM promises WHERE reference = :reference

-- name: promise_of
SELECT due FROM promises WHERE reference = :reference

-- name: promises_next
SELECT orders.*, promises.due FROM promises JOIN orders USING (reference) ORDER BY due LIMIT 1

-- name: callback_insert
INSERT INTO callbacks (reference, says, amount, due, follows, spoilt, gives_up)
VALUES (:reference, :says, :amount, :due, :follows, :spoilt, :gives_up)

-- name: callbacks_owed
SELECT waiting.* FROM callbacks AS waiting LEFT JOIN callbacks AS first ON first.number = waiting.follows
WHERE waiting.acknowledged IS NULL AND (waiting.gives_up IS NULL OR waiting.attempts < waiting.gives_up)
  AND (first.number IS NULL OR first.acknowledged IS NOT NULL OR first.attempts >= first.gives_up)
ORDER BY waiting.number

-- name: callback_attempted
UPDATE callbacks SET attempts = attempts + 1, acknowledged = :acknowledged, answer = :answer WHERE number = :number

-- name: callbacks_all
SELECT * FROM callbacks ORDER BY number

-- name: refund_insert
INSERT INTO refunds (refund, transaction_id, amount, own_id, asked, due, outcome)
VALUES (:refund, :transaction_id, :amount, :own_id, :asked, :due, :outcome)

-- name: refund_last
SELECT * FROM refunds WHERE refund = :refund ORDER BY number DESC LIMIT 1

-- name: refunds_of
SELECT * FROM refunds WHERE transaction_id = :transaction_id ORDER BY number

-- name: refunds_all
SELECT * FROM refunds ORDER BY number

-- name: bill_make
INSERT INTO bills (reference) VALUES (:reference) ON CONFLICT DO NOTHING

-- name: bill_of
SELECT number FROM bills WHERE reference = :reference

-- name: number_take
INSERT INTO numbers DEFAULT VALUES

-- name: request_note
INSERT INTO requests (day, id) VALUES (:day, :id) ON CONFLICT DO NOTHING

-- name: faults_write
INSERT INTO faults (reference, faults) VALUES (:reference, :faults)
ON CONFLICT (reference) DO UPDATE SET faults = excluded.faults

-- name: faults_of
SELECT faults FROM faults WHERE reference = :reference

-- name: faults_all
SELECT * FROM faults

-- name: slip
INSERT INTO slips (reference, point, used) VALUES (:reference, :point, 1)
ON CONFLICT (reference, point) DO UPDATE SET used = used + 1 WHERE used < :most

-- name: setting_write
INSERT INTO settings (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: setting_delete
DELETE FROM settings WHERE name = :name

-- name: setting
SELECT value FROM settings WHERE name = :name
