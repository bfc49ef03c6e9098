-- The clocks: what the watch looks for, and who has already spoken of what.

ALTER TABLE dossier ADD COLUMN next_at timestamptz, ADD COLUMN appointment timestamptz;
COMMENT ON COLUMN dossier.next_at IS 'when the next rung of a running clock strikes: long past and still here, the workflow is stuck';
COMMENT ON COLUMN dossier.appointment IS 'appointment 1, the date on form 01; null before acceptance';
CREATE INDEX dossier_by_next ON dossier (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE rung (
    dossier    uuid        NOT NULL REFERENCES dossier (id),
    clock      text        NOT NULL,
    step       text        NOT NULL DEFAULT '',
    rung       text        NOT NULL,
    arming     integer     NOT NULL,
    at         timestamptz NOT NULL,
    claimed_by text        NOT NULL CHECK (claimed_by IN ('dossier', 'watch')),
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (dossier, clock, step, rung, arming)
);
COMMENT ON TABLE rung IS 'claimed once, by whoever speaks of it first: nothing is sent twice';
