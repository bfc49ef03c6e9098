-- The daily reconciliation: statements as they were read, and on what they and our books do not agree.

CREATE FUNCTION refuse_reconciliation_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was reconciled is never edited: % on % refused', TG_OP, TG_TABLE_NAME;
END $$;

CREATE TABLE reconciliation (
    id           uuid PRIMARY KEY,
    provider     text        NOT NULL CHECK (provider IN ('platform', 'vnpay', 'counter')),
    day          date        NOT NULL,
    digest       text        NOT NULL,
    source       text        NOT NULL CHECK (source IN ('provider', 'file', 'books')),
    debits       integer     NOT NULL,
    debited      bigint      NOT NULL,
    refunds      integer     NOT NULL,
    refunded     bigint      NOT NULL,
    payments     integer     NOT NULL,
    paid         bigint      NOT NULL,
    returns      integer     NOT NULL,
    returned     bigint      NOT NULL,
    found        integer     NOT NULL,
    ran_at       timestamptz NOT NULL,
    UNIQUE (provider, day, digest)
);
COMMENT ON TABLE reconciliation IS 'one statement of one day, when it was first gone through; the same again writes nothing';
COMMENT ON COLUMN reconciliation.digest IS 'of the statement''s lines, in whatever order they came; "" for the counter, which has none';
COMMENT ON COLUMN reconciliation.source IS 'provider: asked and signed; file: given by an operator; books: ours alone';
COMMENT ON COLUMN reconciliation.debited IS 'đồng of their debits; refunded: of their refunds; paid and returned: of ours, done on that day';
CREATE INDEX reconciliation_by_day ON reconciliation (provider, day, ran_at);
CREATE TRIGGER reconciliation_is_append_only BEFORE UPDATE OR DELETE ON reconciliation
    FOR EACH ROW EXECUTE FUNCTION refuse_reconciliation_change();

CREATE TABLE statement_line (
    reconciliation uuid        NOT NULL REFERENCES reconciliation (id),
    position       integer     NOT NULL CHECK (position >= 0),
    provider       text        NOT NULL,
    transaction    text        NOT NULL,
    reference      text        NOT NULL,
    kind           text        NOT NULL CHECK (kind IN ('debit', 'refund')),
    amount         bigint      NOT NULL CHECK (amount > 0),
    currency       text        NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (reconciliation, position)
);
COMMENT ON TABLE statement_line IS 'what a provider told: evidence, and where other days look for what they lack';
CREATE INDEX statement_line_by_transaction ON statement_line (provider, transaction);
CREATE INDEX statement_line_by_reference ON statement_line (provider, reference);
CREATE TRIGGER statement_line_is_append_only BEFORE UPDATE OR DELETE ON statement_line
    FOR EACH ROW EXECUTE FUNCTION refuse_reconciliation_change();

CREATE TABLE discrepancy (
    id             uuid PRIMARY KEY,
    reconciliation uuid        NOT NULL REFERENCES reconciliation (id),
    provider       text        NOT NULL,
    day            date        NOT NULL,
    kind           text        NOT NULL,
    transaction    text        NOT NULL,
    reference      text        NOT NULL,
    dossier        uuid        REFERENCES dossier (id),
    ours           text        NOT NULL,
    theirs         text        NOT NULL,
    why            text        NOT NULL,
    repair         text        CHECK (repair = 'call_back'),
    repair_state   text        NOT NULL CHECK (repair_state IN ('none', 'done', 'failed')),
    repaired_at    timestamptz,
    opened_at      timestamptz NOT NULL,
    closed_at      timestamptz,
    closed_by      text,
    reason         text,
    CHECK ((closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (reason IS NULL)),
    CHECK (repair IS NOT NULL OR repair_state = 'none')
);
COMMENT ON TABLE discrepancy IS 'one thing on which a statement and our books do not agree; found once, closed once, never deleted';
COMMENT ON COLUMN discrepancy.kind IS 'a kind of domain/discrepancies.py';
COMMENT ON COLUMN discrepancy.reference IS 'of the order or the refund; of a receipt its series and number';
COMMENT ON COLUMN discrepancy.why IS 'why it is repaired, or why it is not and who can';
COMMENT ON COLUMN discrepancy.repair IS 'call_back: proved, and told to the dossier through the inbox; null: for a person';
COMMENT ON COLUMN discrepancy.closed_by IS '"motcua" when it was gone in a later run, else a calling system or an officer''s pseudonym';
COMMENT ON COLUMN discrepancy.reason IS 'a code of domain/discrepancies.py';
CREATE UNIQUE INDEX discrepancy_once ON discrepancy (provider, day, kind, transaction, reference, dossier, ours, theirs)
    NULLS NOT DISTINCT WHERE closed_at IS NULL;
CREATE INDEX discrepancy_open ON discrepancy (opened_at) WHERE closed_at IS NULL;
CREATE TRIGGER discrepancy_stays BEFORE DELETE ON discrepancy
    FOR EACH ROW EXECUTE FUNCTION refuse_reconciliation_change();

CREATE INDEX receipt_by_day ON receipt (issued_at);
CREATE INDEX payment_attempt_by_expiry ON payment_attempt (provider, expires_at)
    WHERE state IN ('ordered', 'opened', 'unknown', 'superseded');
