-- The law as published: immutable versions of entries, and publications that name one version of each.
-- A dossier is pinned to a publication by its digest, so nothing here is ever changed or removed.

CREATE TABLE law_entry (
    kind               text        NOT NULL,
    code               text        NOT NULL,
    version            text        NOT NULL,
    content            jsonb       NOT NULL,
    first_published_at timestamptz NOT NULL,
    PRIMARY KEY (kind, code, version)
);
COMMENT ON COLUMN law_entry.version IS 'digest of the content: equal content is the same version';

CREATE TABLE law_publication (
    number       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version      text        NOT NULL,
    published_at timestamptz NOT NULL
);
COMMENT ON COLUMN law_publication.version IS 'digest of all versions in their order; it comes again when an older law is published again';
CREATE INDEX law_publication_by_version ON law_publication (version, number);

CREATE TABLE law_published (
    publication bigint  NOT NULL REFERENCES law_publication (number),
    position    integer NOT NULL CHECK (position >= 0),
    kind        text    NOT NULL,
    code        text    NOT NULL,
    version     text    NOT NULL,
    PRIMARY KEY (publication, position),
    UNIQUE (publication, kind, code),
    FOREIGN KEY (kind, code, version) REFERENCES law_entry (kind, code, version)
);
COMMENT ON COLUMN law_published.position IS 'order of the catalogue: of several offices that may receive, the first is the usual one';

CREATE FUNCTION refuse_law_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'published law is immutable: % on % refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER law_entry_is_immutable BEFORE UPDATE OR DELETE ON law_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_law_change();
CREATE TRIGGER law_publication_is_immutable BEFORE UPDATE OR DELETE ON law_publication
    FOR EACH ROW EXECUTE FUNCTION refuse_law_change();
CREATE TRIGGER law_published_is_immutable BEFORE UPDATE OR DELETE ON law_published
    FOR EACH ROW EXECUTE FUNCTION refuse_law_change();
