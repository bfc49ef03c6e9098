-- name: list_judged
-- A keyset page of the dossiers that were open at $2, or decided since $1, and some more: of a unit and a procedure if named.
SELECT id FROM dossier
 WHERE accepted_at <= $2
   AND (last_instant >= $1 OR business IN ('accepted', 'processing', 'supplementing', 'awaiting_duty', 'suspended'))
   AND ($3::text IS NULL OR unit = $3) AND ($4::text IS NULL OR procedure = $4)
   AND ($5::uuid IS NULL OR id > $5)
 ORDER BY id
 LIMIT $6;
