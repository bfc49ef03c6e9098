-- name: accepted_between
-- A keyset page of dossiers accepted within a period, of a unit and a procedure if named.
SELECT id FROM dossier
 WHERE accepted_at >= $1 AND accepted_at < $2
   AND ($3::text IS NULL OR unit = $3) AND ($4::text IS NULL OR procedure = $4)
   AND ($5::uuid IS NULL OR id > $5)
 ORDER BY id
 LIMIT $6;
