-- Money: every attempt to collect, every debit, every refund and every receipt is a row with an identity of its own.
-- All of it projects the event log, in the transaction of the event; sums are made by whoever asks, never kept.

ALTER TABLE payment_attempt
    DROP CONSTRAINT payment_attempt_state_check,
    ADD COLUMN provider    text NOT NULL DEFAULT 'platform',
    ADD COLUMN ordered_at  timestamptz,
    ADD COLUMN expires_at  timestamptz,
    ADD COLUMN settled_at  timestamptz,
    ADD CONSTRAINT payment_attempt_state_check CHECK
        (state IN ('ordered', 'opened', 'unknown', 'superseded', 'paid', 'surplus', 'failed', 'expired'));
COMMENT ON COLUMN payment_attempt.state IS 'a state of the graph in domain/payments.py';
CREATE INDEX payment_attempt_open ON payment_attempt (expires_at)
    WHERE state IN ('ordered', 'opened', 'unknown', 'superseded');

CREATE TABLE payment (
    provider    text        NOT NULL CHECK (provider IN ('platform', 'vnpay', 'counter')),
    transaction text        NOT NULL,
    dossier     uuid        NOT NULL REFERENCES dossier (id),
    attempt     text,
    unit        text        NOT NULL,
    procedure   text        NOT NULL,
    channel     text        NOT NULL,
    means       text        NOT NULL CHECK (means IN ('platform', 'vnpay', 'cash', 'transfer', 'card', 'post')),
    amount      bigint      NOT NULL CHECK (amount > 0),
    paid_at     timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    use         text        NOT NULL CHECK (use IN ('fee', 'surplus')),
    cashier     text,
    document    text,
    PRIMARY KEY (provider, transaction)
);
COMMENT ON TABLE payment IS 'money that came in, one row a debit: kept as the fee, or a surplus that goes back';
COMMENT ON COLUMN payment.transaction IS 'the provider''s own number of the debit; at the counter the id of the command that entered it';
COMMENT ON COLUMN payment.unit IS 'the one-stop that received the dossier, which collects';
COMMENT ON COLUMN payment.cashier IS 'pseudonym of the officer who took it at the counter';
COMMENT ON COLUMN payment.document IS 'number of the card slip, the transfer, the list of the post: one may stand for several dossiers';
CREATE INDEX payment_by_day ON payment (paid_at, unit);
CREATE INDEX payment_by_dossier ON payment (dossier);

CREATE TABLE payment_line (
    provider     text    NOT NULL,
    transaction  text    NOT NULL,
    position     integer NOT NULL CHECK (position >= 0),
    fee          text    NOT NULL,
    name         text    NOT NULL,
    kind         text    NOT NULL CHECK (kind IN ('phi', 'le_phi', 'price', 'financial_duty')),
    amount       bigint  NOT NULL CHECK (amount > 0),
    kept_percent integer NOT NULL DEFAULT 0 CHECK (kept_percent BETWEEN 0 AND 100),
    PRIMARY KEY (provider, transaction, position),
    FOREIGN KEY (provider, transaction) REFERENCES payment (provider, transaction)
);
COMMENT ON TABLE payment_line IS 'what a kept payment was for; the lines of one add up to its amount';

CREATE TABLE refund (
    reference   text PRIMARY KEY,
    provider    text        NOT NULL,
    transaction text        NOT NULL,
    dossier     uuid        NOT NULL REFERENCES dossier (id),
    unit        text        NOT NULL,
    amount      bigint      NOT NULL CHECK (amount > 0),
    ground      text        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('asked', 'approved', 'refunded', 'refused')),
    asked_by    text,
    asked_at    timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    done_at     timestamptz,
    UNIQUE (provider, transaction)
);
COMMENT ON TABLE refund IS 'money that goes back, whole: at most one refund a debit';
COMMENT ON COLUMN refund.asked_by IS 'pseudonym of the officer; null for the engine';
CREATE INDEX refund_by_day ON refund (done_at, unit);
CREATE INDEX refund_open ON refund (asked_at) WHERE state IN ('asked', 'approved');

CREATE TABLE receipt (
    series      text        NOT NULL,
    number      integer     NOT NULL CHECK (number BETWEEN 1 AND 9999999),
    unit        text        NOT NULL,
    year        integer     NOT NULL,
    provider    text        NOT NULL,
    transaction text        NOT NULL,
    dossier     uuid        NOT NULL REFERENCES dossier (id),
    amount      bigint      NOT NULL CHECK (amount > 0),
    issued_at   timestamptz NOT NULL,
    issued_by   text,
    cancelled_at timestamptz,
    cancelled_by text,
    reason      text,
    replaces    integer,
    PRIMARY KEY (series, number)
);
COMMENT ON TABLE receipt IS 'numbers of a series leave no gap; a wrong receipt is cancelled and another issued, never edited';
COMMENT ON COLUMN receipt.reason IS 'a code out of a fixed list; the story of it is sealed with the dossier';
COMMENT ON COLUMN receipt.replaces IS 'the number, in the same series, of the cancelled receipt that this one stands for';
CREATE UNIQUE INDEX receipt_of_payment ON receipt (provider, transaction) WHERE cancelled_at IS NULL;
COMMENT ON INDEX receipt_of_payment IS 'exactly one receipt in force for one payment';
CREATE INDEX receipt_by_unit ON receipt (unit, year, number);

ALTER TABLE inbox
    DROP CONSTRAINT inbox_kind_check,
    ADD CONSTRAINT inbox_kind_check CHECK (kind IN ('submission', 'payment', 'refund'));
COMMENT ON COLUMN inbox.kind IS 'refund: an officer asks to give a payment back';
