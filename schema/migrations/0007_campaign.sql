-- Campaigns: which dossiers a new publication of the law, or one cause of lateness, concerned, and what became of each.

CREATE TABLE campaign (
    id          uuid PRIMARY KEY,
    subject     text        NOT NULL CHECK (subject IN ('calendar', 'closure', 'decision', 'apology')),
    law         text,
    about       text        NOT NULL,
    sealed      bytea,
    created_by  text        NOT NULL,
    created_at  timestamptz NOT NULL,
    status      text        NOT NULL CHECK (status IN ('running', 'done')),
    scanned     integer,
    finished_at timestamptz
);
COMMENT ON COLUMN campaign.law IS 'the publication whose calendars or decisions are taken; null where none is';
COMMENT ON COLUMN campaign.about IS 'codes only: the calendar versions, the decision, the unit and day, the cause';
COMMENT ON COLUMN campaign.sealed IS 'reason and legal basis as somebody wrote them, under the key ring';

CREATE TABLE campaign_item (
    campaign uuid        NOT NULL REFERENCES campaign (id),
    dossier  uuid        NOT NULL REFERENCES dossier (id),
    outcome  text        NOT NULL DEFAULT 'pending'
             CHECK (outcome IN ('pending', 'moved', 'unchanged', 'refused', 'failed')),
    detail   text        NOT NULL DEFAULT '',
    changes  jsonb       NOT NULL,
    attempts integer     NOT NULL DEFAULT 0,
    noted_at timestamptz NOT NULL,
    at       timestamptz,
    PRIMARY KEY (campaign, dossier)
);
COMMENT ON COLUMN campaign_item.changes IS 'dates old and new: as planned while pending, as recorded once moved';
CREATE INDEX campaign_item_pending ON campaign_item (campaign, dossier) WHERE outcome = 'pending';

CREATE TABLE law_decided (
    kind    text   NOT NULL,
    code    text   NOT NULL,
    version text   NOT NULL,
    since   bigint NOT NULL REFERENCES law_publication (number),
    PRIMARY KEY (kind, code),
    FOREIGN KEY (kind, code, version) REFERENCES law_entry (kind, code, version)
);
COMMENT ON TABLE law_decided IS 'entries that a command put above the files: a closure, a decision; a publication of the files keeps them';
