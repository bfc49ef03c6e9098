-- Reconciliation: where a provider's statement and our books differ; each difference once, with when it was seen.

CREATE TABLE discrepancy (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text        NOT NULL,
    provider    text        NOT NULL,
    day         date        NOT NULL,
    transaction text        NOT NULL,
    reference   text        NOT NULL,
    dossier     text        NOT NULL,
    ours        bigint,
    theirs      bigint,
    provable    boolean     NOT NULL,
    found_at    timestamptz NOT NULL,
    repaired_at timestamptz,
    gone_at     timestamptz,
    UNIQUE (kind, provider, day, transaction, reference)
);
COMMENT ON COLUMN discrepancy.dossier IS 'the id of the dossier, empty where nobody knows it';
COMMENT ON COLUMN discrepancy.gone_at IS 'when a later run of the same day did not find it any more';
CREATE INDEX discrepancy_open ON discrepancy (found_at) WHERE gone_at IS NULL;
