-- name: lock_publishing
-- Let one publication at a time decide whether it is a new one.
SELECT pg_advisory_xact_lock(hashtextextended('law_publication', 0));

-- name: latest_publication
-- The newest publication, if there is one.
SELECT number, version, published_at FROM law_publication ORDER BY number DESC LIMIT 1;

-- name: publication_of_version
-- The newest publication with this digest; all of them have the same content.
SELECT number, version, published_at FROM law_publication WHERE version = $1 ORDER BY number DESC LIMIT 1;

-- name: entries_of_publication
-- What a publication consists of, in its order.
SELECT e.kind, e.code, e.version, e.content::text AS content
FROM law_published p JOIN law_entry e USING (kind, code, version)
WHERE p.publication = $1 ORDER BY p.position;

-- name: insert_law_entry
-- Keep one version of one entry; a version that is there already has the same content.
INSERT INTO law_entry (kind, code, version, content, first_published_at) VALUES ($1, $2, $3, $4::jsonb, $5)
ON CONFLICT (kind, code, version) DO NOTHING;

-- name: insert_publication
-- Announce a publication and learn its number.
INSERT INTO law_publication (version, published_at) VALUES ($1, $2) RETURNING number;

-- name: insert_published
-- Name the version of one entry that belongs to a publication.
INSERT INTO law_published (publication, position, kind, code, version) VALUES ($1, $2, $3, $4, $5);

-- name: decided_entries
-- What commands have put above the files.
SELECT e.kind, e.code, e.version, e.content::text AS content
FROM law_decided d JOIN law_entry e USING (kind, code, version) ORDER BY e.kind, e.code;

-- name: decide_entry
-- Put one version of an entry above the files.
INSERT INTO law_decided (kind, code, version, since) VALUES ($1, $2, $3, $4)
ON CONFLICT (kind, code) DO UPDATE SET version = EXCLUDED.version, since = EXCLUDED.since;

-- name: forget_decided
-- Take back what commands have put above the files.
DELETE FROM law_decided;
