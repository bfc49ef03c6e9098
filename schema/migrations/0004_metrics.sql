-- The measures: what a scrape counts is found without reading what is over.

CREATE INDEX dossier_open ON dossier (unit, procedure) WHERE closed_at IS NULL;
CREATE INDEX event_of_ladder ON event (position) WHERE type IN ('clock.breached', 'clock.escalated');
