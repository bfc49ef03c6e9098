-- name: open_at
-- Dossiers open at $2 whose promise was ahead then, the most urgent first: those of a unit ($1, null for all) that received it, holds it, or has a step of it.
SELECT id, procedure, unit, count(*) OVER () AS found
  FROM dossier
 WHERE promised_due > $2 AND accepted_at <= $2 AND (closed_at IS NULL OR closed_at > $2)
   AND ($1::text IS NULL OR unit = $1 OR holders @> ARRAY[$1]
        OR fold -> 'stages' @> jsonb_build_array(jsonb_build_array(jsonb_build_object('unit', $1))))
 ORDER BY promised_due, id
 LIMIT $3;

-- name: accepted_lately
-- A sample of the dossiers of these procedures at these receiving units: some of every $5th day of the $4 days before $3.
SELECT lately.id
  FROM unnest($1::text[], $2::text[]) AS pair (procedure, unit)
 CROSS JOIN generate_series(0, $4::integer - 1, $5::integer) AS ago (days)
 CROSS JOIN LATERAL (
       SELECT id FROM dossier
        WHERE procedure = pair.procedure AND unit = pair.unit
          AND accepted_at <= $3::timestamptz - ago.days * interval '1 day'
          AND accepted_at > $3::timestamptz - (ago.days + 1) * interval '1 day'
        ORDER BY accepted_at
        LIMIT $6) AS lately;

-- name: stories_until
-- What had happened to these dossiers by $2, story by story.
SELECT * FROM event WHERE dossier = ANY($1::uuid[]) AND occurred_at <= $2 ORDER BY dossier, sequence;
