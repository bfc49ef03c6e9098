-- What collected money is told from, and the cashier's end-of-day closing.

CREATE VIEW money_movement AS
    SELECT payment.use, 'payment' AS movement, payment.provider, payment.transaction, coalesce(line.position, 0) AS position,
           payment.paid_at AS at, payment.recorded_at AS known_at, refund.done_at AS returned_at, payment.dossier,
           payment.attempt, payment.unit, payment.procedure, payment.channel, payment.means,
           coalesce(line.fee, '') AS fee, coalesce(line.name, '') AS name,
           coalesce(line.kind, '') AS kind, coalesce(line.amount, payment.amount) AS amount,
           coalesce(line.kept_percent, 0) AS kept_percent
      FROM payment
      LEFT JOIN payment_line AS line USING (provider, transaction)
      LEFT JOIN refund ON refund.provider = payment.provider AND refund.transaction = payment.transaction
                      AND refund.state = 'refunded'
UNION ALL
    SELECT payment.use, 'refund', payment.provider, payment.transaction, coalesce(line.position, 0),
           refund.done_at, refund.done_at, refund.done_at, payment.dossier,
           payment.attempt, payment.unit, payment.procedure, payment.channel, payment.means,
           coalesce(line.fee, ''), coalesce(line.name, ''),
           coalesce(line.kind, ''), coalesce(line.amount, payment.amount),
           coalesce(line.kept_percent, 0)
      FROM refund
      JOIN payment USING (provider, transaction)
      LEFT JOIN payment_line AS line USING (provider, transaction)
     WHERE refund.state = 'refunded';
COMMENT ON VIEW money_movement IS 'every line of every debit, and of every debit that is back; a surplus has one line without a fee';

CREATE VIEW drawer_movement AS
    SELECT 'payment' AS movement, provider, transaction, dossier, unit, cashier, means, amount, paid_at AS at
      FROM payment
     WHERE provider = 'counter'
UNION ALL
    SELECT 'refund', payment.provider, payment.transaction, payment.dossier, payment.unit, refund.approved_by,
           payment.means, -refund.amount, refund.done_at
      FROM refund
      JOIN payment USING (provider, transaction)
     WHERE payment.provider = 'counter' AND refund.state = 'refunded';
COMMENT ON VIEW drawer_movement IS 'what came into a cashier''s hands, and what went out of them, which is below 0';
COMMENT ON COLUMN drawer_movement.cashier IS 'who took the money, or handed it back: at the counter the approval is the handing over';
CREATE INDEX payment_at_counter ON payment (unit, means, cashier, paid_at) WHERE provider = 'counter';

CREATE FUNCTION refuse_closing_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a closing is never edited, it is corrected: % on % refused', TG_OP, TG_TABLE_NAME;
END $$;

CREATE TABLE cash_closing (
    id           uuid PRIMARY KEY,
    unit         text        NOT NULL,
    cashier      text        NOT NULL,
    day          date        NOT NULL,
    means        text        NOT NULL CHECK (means IN ('cash', 'transfer', 'card', 'post')),
    ledger       bigint      NOT NULL,
    counted      bigint      NOT NULL CHECK (counted >= 0),
    difference   bigint      GENERATED ALWAYS AS (counted - ledger) STORED,
    reason       text        CHECK (reason IN ('wrong_change', 'bad_note', 'not_entered', 'not_collected',
                                               'wrong_means', 'lost', 'unexplained')),
    deposit_slip text,
    closed_by    text        NOT NULL,
    closed_at    timestamptz NOT NULL,
    corrects     uuid        UNIQUE,
    digest       text        NOT NULL,
    CHECK ((counted = ledger) = (reason IS NULL)),
    UNIQUE (id, unit, cashier, day, means),
    FOREIGN KEY (corrects, unit, cashier, day, means) REFERENCES cash_closing (id, unit, cashier, day, means)
);
COMMENT ON TABLE cash_closing IS 'what a cashier counted at the end of a day, beside what the ledger says was taken';
COMMENT ON COLUMN cash_closing.cashier IS 'pseudonym of the officer who took the money';
COMMENT ON COLUMN cash_closing.ledger IS 'payments of that cashier, unit, day and means, less what was handed back';
COMMENT ON COLUMN cash_closing.corrects IS 'the closing that this one stands for: a closing is never edited';
COMMENT ON COLUMN cash_closing.digest IS 'keyed digest of what was sent, so that the same id with another body is noticed';
CREATE UNIQUE INDEX cash_closing_once ON cash_closing (unit, cashier, day, means) WHERE corrects IS NULL;
COMMENT ON INDEX cash_closing_once IS 'a day is closed once; after that it is corrected';
CREATE TRIGGER cash_closing_is_append_only BEFORE UPDATE OR DELETE ON cash_closing
    FOR EACH ROW EXECUTE FUNCTION refuse_closing_change();

CREATE TABLE cash_closing_item (
    closing     uuid NOT NULL REFERENCES cash_closing (id),
    movement    text NOT NULL CHECK (movement IN ('payment', 'refund')),
    provider    text NOT NULL,
    transaction text NOT NULL,
    part        text NOT NULL CHECK (part IN ('ledger', 'late', 'nobody')),
    PRIMARY KEY (closing, movement, provider, transaction),
    FOREIGN KEY (provider, transaction) REFERENCES payment (provider, transaction)
);
COMMENT ON COLUMN cash_closing_item.part IS
    'ledger: counted in; late: entered into a day that was closed by then; nobody: entered without a cashier';
CREATE INDEX cash_closing_item_by_debit ON cash_closing_item (provider, transaction, movement);
CREATE TRIGGER cash_closing_item_is_append_only BEFORE UPDATE OR DELETE ON cash_closing_item
    FOR EACH ROW EXECUTE FUNCTION refuse_closing_change();
