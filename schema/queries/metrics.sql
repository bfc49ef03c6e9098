-- name: measure_dossiers
-- Count what is open at $1 by the unit that received it and by procedure; $2 is before what a breach must have been recorded.
SELECT unit, procedure,
       count(*) AS open,
       count(*) FILTER (WHERE runs AND promised_due > $1 AND warn_at <= $1) AS due_soon,
       count(*) FILTER (WHERE runs AND promised_due <= $1) AS overdue,
       count(*) FILTER (WHERE runs AND promised_due <= $2 AND NOT promise_broken) AS overdue_unrecorded,
       count(*) FILTER (WHERE runs AND statutory_due <= $1) AS statutory_overdue,
       count(*) FILTER (WHERE business = 'submitted' AND acceptance_due <= $1) AS acceptance_overdue,
       count(*) FILTER (WHERE promise_broken) AS promised_breached,
       count(*) FILTER (WHERE law_broken) AS statutory_breached
  FROM (
    SELECT unit, procedure, business, promised_due, statutory_due,
           business IN ('accepted', 'processing') AS runs,
           COALESCE(
               promised ->> 'warn_at',
               jsonb_path_query_first(promised, 'strict $.rungs[*] ? (@[0] == "warn")[1]', '{}', true) #>> '{}'
           )::timestamptz AS warn_at,
           COALESCE((promised ->> 'breached')::boolean, false) AS promise_broken,
           fold @? '$.clocks[*] ? (@.kind == "statutory" && @.breached == true)' AS law_broken,
           (jsonb_path_query_first(fold, '$.clocks[*] ? (@.kind == "acceptance").due') #>> '{}')::timestamptz AS acceptance_due
      FROM dossier
     CROSS JOIN LATERAL jsonb_path_query_first(fold, '$.clocks[*] ? (@.kind == "promised")') AS promised
     WHERE closed_at IS NULL
  ) AS each
 GROUP BY unit, procedure;

-- name: measure_engine
-- How many dossiers have a rung that should have been recorded before $1, and since when the first of them waits.
SELECT count(*) AS late, min(next_at) AS oldest FROM dossier WHERE next_at < $1 AND closed_at IS NULL;

-- name: tally_ladder
-- Breaches and escalations after a position of the log, and how far this has read; closed dossiers count as well.
SELECT dossier.unit, dossier.procedure, event.type, event.data ->> 'clock' AS clock,
       CASE event.type WHEN 'clock.escalated' THEN COALESCE(event.data ->> 'rung', 'one_stop') ELSE '' END AS rung,
       count(*) AS events, max(event.recorded_at) AS recorded_at, max(event.position) AS position
  FROM event JOIN dossier ON dossier.id = event.dossier
 WHERE event.type IN ('clock.breached', 'clock.escalated') AND event.position > $1
 GROUP BY 1, 2, 3, 4, 5;

-- name: measure_money
-- Money on which somebody has to look: attempts that expired before $1 and have no end, refunds that wait, discrepancies.
SELECT 'attempt' AS what, provider, '' AS kind, count(*) AS standing FROM payment_attempt
 WHERE state IN ('ordered', 'opened', 'unknown', 'superseded') AND expires_at < $1 GROUP BY provider
UNION ALL
SELECT 'refund', provider, state, count(*) FROM refund WHERE state IN ('asked', 'refused') GROUP BY provider, state
UNION ALL
SELECT 'discrepancy', provider, kind, count(*) FROM discrepancy WHERE closed_at IS NULL GROUP BY provider, kind;

-- name: last_reconciled
-- The last day of each provider that was gone through.
SELECT provider, max(day) AS day FROM reconciliation GROUP BY provider;
