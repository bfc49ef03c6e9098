-- The register: what came in, what happened, and what it adds up to.
-- event is the truth (append-only); dossier and payment_attempt are projections of it.

CREATE TABLE dossier (
    id              uuid PRIMARY KEY,
    sequence        integer     NOT NULL CHECK (sequence >= 1),
    last_instant    timestamptz NOT NULL,
    fold            jsonb       NOT NULL,
    code            text UNIQUE,
    procedure       text        NOT NULL,
    unit            text        NOT NULL,
    holders         text[]      NOT NULL,
    channel         text        NOT NULL,
    business        text        NOT NULL,
    finance         text        NOT NULL,
    delivery        text        NOT NULL,
    synchronisation text        NOT NULL,
    status          smallint    NOT NULL CHECK (status BETWEEN 1 AND 10),
    submitted_at    timestamptz NOT NULL,
    accepted_at     timestamptz,
    promised_due    timestamptz,
    statutory_due   timestamptz,
    closed_at       timestamptz
);
CREATE INDEX dossier_by_status ON dossier (status, id);
CREATE INDEX dossier_by_unit ON dossier (unit, id);
CREATE INDEX dossier_by_holder ON dossier USING gin (holders);

CREATE TABLE event (
    dossier     uuid        NOT NULL REFERENCES dossier (id),
    sequence    integer     NOT NULL CHECK (sequence >= 1),
    position    bigint      GENERATED ALWAYS AS IDENTITY,
    type        text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    command     uuid        NOT NULL,
    digest      text        NOT NULL,
    actor       jsonb       NOT NULL,
    data        jsonb       NOT NULL,
    sealed      uuid,
    late        boolean     NOT NULL,
    PRIMARY KEY (dossier, sequence),
    UNIQUE (dossier, command),
    UNIQUE (position)
);
COMMENT ON COLUMN event.position IS 'commit order: taken under one advisory transaction lock, just before appending';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the event log is append-only: % refused', TG_OP;
END $$;
CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE counter (
    name  text    NOT NULL,
    day   date    NOT NULL,
    value integer NOT NULL CHECK (value >= 1),
    PRIMARY KEY (name, day)
);

CREATE TABLE inbox (
    id               uuid PRIMARY KEY,
    system           text        NOT NULL,
    reference        text        NOT NULL,
    kind             text        NOT NULL CHECK (kind IN ('submission', 'payment')),
    dossier          uuid        NOT NULL,
    digest           text        NOT NULL,
    body             jsonb       NOT NULL,
    received_at      timestamptz NOT NULL,
    next_attempt_at  timestamptz NOT NULL,
    attempts         integer     NOT NULL DEFAULT 0,
    delivered_at     timestamptz,
    UNIQUE (system, reference)
);
COMMENT ON COLUMN inbox.reference IS 'keyed digest of the caller''s own reference, which may hold anything';
CREATE INDEX inbox_waiting ON inbox (next_attempt_at) WHERE delivered_at IS NULL;

CREATE FUNCTION announce_inbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('inbox', '');
    RETURN NULL;
END $$;
CREATE TRIGGER inbox_is_announced AFTER INSERT ON inbox FOR EACH STATEMENT EXECUTE FUNCTION announce_inbox();
COMMENT ON TRIGGER inbox_is_announced ON inbox IS 'wakes the relays; they also look by themselves';

CREATE TABLE payment_attempt (
    reference   text PRIMARY KEY,
    dossier     uuid    NOT NULL REFERENCES dossier (id),
    number      integer NOT NULL,
    amount      bigint  NOT NULL CHECK (amount > 0),
    state       text    NOT NULL CHECK (state IN ('ordered', 'paid', 'failed')),
    transaction text,
    UNIQUE (dossier, number)
);

CREATE TABLE dossier_key (
    dossier      uuid PRIMARY KEY,
    wrapped      bytea,
    destroyed_at timestamptz
);
COMMENT ON TABLE dossier_key IS 'one data key a dossier, wrapped by the key ring; null once destroyed: its sealed columns are then unreadable';

CREATE TABLE sealed (
    id      uuid PRIMARY KEY,
    dossier uuid  NOT NULL,
    kind    text  NOT NULL,
    body    bytea NOT NULL
);
CREATE INDEX sealed_by_dossier ON sealed (dossier);

CREATE TABLE officer (
    pseudonym text PRIMARY KEY,
    system    text  NOT NULL,
    body      bytea NOT NULL
);
COMMENT ON TABLE officer IS 'who stands behind a pseudonym of the event log: name and id sealed under the key ring';

CREATE TABLE api_key (
    digest  text PRIMARY KEY,
    system  text   NOT NULL,
    rights  text[] NOT NULL,
    roles   text[] NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
