-- The forecast: the stories that an office's recent pace is read from, and the appointments still ahead.

CREATE INDEX dossier_by_acceptance ON dossier (procedure, unit, accepted_at) WHERE accepted_at IS NOT NULL;
CREATE INDEX dossier_by_promise ON dossier (promised_due, id) WHERE promised_due IS NOT NULL;
