-- From the books of the first version, which knew one protocol, one call-back and one whole refund an order.

INSERT INTO orders (reference, id, protocol, amount, currency, note, opened, expires, state, transaction_id, debited, paid)
SELECT reference, id, 'platform', amount, currency, note, expires, expires, state, transaction_id,
       CASE state WHEN 'succeeded' THEN amount ELSE 0 END, paid
FROM old_orders ORDER BY rowid;

INSERT INTO callbacks (number, reference, says, amount, due, attempts, acknowledged)
SELECT number, reference, CASE state WHEN 'succeeded' THEN 'success' ELSE 'failure' END, amount, 0, attempts, acknowledged
FROM old_callbacks JOIN old_orders USING (reference);

INSERT INTO refunds (refund, transaction_id, amount, own_id, asked, due, outcome)
SELECT refund, transaction_id, amount, refund, refunded, CAST(strftime('%s', refunded) AS REAL), 'done'
FROM old_refunds JOIN old_orders USING (transaction_id);

DROP TABLE old_refunds;
DROP TABLE old_callbacks;
DROP TABLE old_orders;
