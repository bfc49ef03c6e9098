-- The watch: its own stream, what stands, and how far it has looked. Nothing of it is in a dossier's story.

CREATE TABLE watch_finding (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key       text        NOT NULL,
    kind      text        NOT NULL,
    dossier   uuid        REFERENCES dossier (id),
    about     text        NOT NULL DEFAULT '',
    clock     text        NOT NULL DEFAULT '',
    step      text        NOT NULL DEFAULT '',
    rung      text        NOT NULL DEFAULT '',
    arming    integer     NOT NULL DEFAULT 0,
    at        timestamptz NOT NULL,
    unit      text        NOT NULL,
    procedure text        NOT NULL,
    data      jsonb       NOT NULL,
    opened_at timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    closed_at timestamptz
);
COMMENT ON COLUMN watch_finding.at IS 'the legal instant that was missed, or since when it stands';
CREATE UNIQUE INDEX watch_finding_standing ON watch_finding (key) WHERE closed_at IS NULL;
CREATE INDEX watch_finding_by_dossier ON watch_finding (dossier) WHERE closed_at IS NULL;

CREATE TABLE watch_event (
    position  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type      text        NOT NULL CHECK (type IN ('raised', 'closed')),
    kind      text        NOT NULL,
    dossier   uuid        REFERENCES dossier (id),
    about     text        NOT NULL,
    clock     text        NOT NULL,
    step      text        NOT NULL,
    rung      text        NOT NULL,
    arming    integer     NOT NULL,
    at        timestamptz NOT NULL,
    found_at  timestamptz NOT NULL,
    unit      text        NOT NULL,
    procedure text        NOT NULL,
    data      jsonb       NOT NULL
);
COMMENT ON COLUMN watch_event.position IS 'commit order: taken under one advisory transaction lock, just before appending';
CREATE TRIGGER watch_event_is_append_only BEFORE UPDATE OR DELETE ON watch_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE watch_mark (
    name  text PRIMARY KEY,
    value text        NOT NULL DEFAULT '',
    at    timestamptz NOT NULL
);
COMMENT ON TABLE watch_mark IS 'how far a look has come that takes a part of the register a round, and when it last ended';

CREATE INDEX dossier_open_by_id ON dossier (id) WHERE closed_at IS NULL;
