-- name: every_calendar
-- Every version of every calendar that was ever published.
SELECT content::text AS content, version FROM law_entry WHERE kind = 'calendar';

-- name: every_closed_day
-- Every day on which some office was ever closed unforeseen.
SELECT DISTINCT (content ->> 'day')::date AS day FROM law_entry WHERE kind = 'closure';

-- name: open_dossiers
-- A keyset page of the dossiers that are not closed, by id.
SELECT id, fold FROM dossier WHERE closed_at IS NULL AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2;

-- name: insert_campaign
-- Open the ledger of a campaign; one that is open already stays as it is, one that is done is opened again.
INSERT INTO campaign (id, subject, law, about, sealed, created_by, created_at, status)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'running')
ON CONFLICT (id) DO UPDATE SET status = 'running', finished_at = NULL;

-- name: find_campaign
-- One campaign.
SELECT * FROM campaign WHERE id = $1;

-- name: list_campaigns
-- The campaigns, newest first, with how many dossiers came to which outcome.
SELECT campaign.*, coalesce(counted.outcomes, '{}') AS outcomes
  FROM campaign LEFT JOIN (
       SELECT campaign, jsonb_object_agg(outcome, number)::text AS outcomes
         FROM (SELECT campaign, outcome, count(*) AS number FROM campaign_item GROUP BY campaign, outcome) AS each
        GROUP BY campaign) AS counted ON counted.campaign = campaign.id
 WHERE $1::uuid IS NULL OR campaign.id = $1
 ORDER BY campaign.created_at DESC, campaign.id LIMIT $2;

-- name: note_item
-- Note a dossier that a campaign concerns; one that was noted before stays as it is.
INSERT INTO campaign_item (campaign, dossier, outcome, detail, changes, noted_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (campaign, dossier) DO NOTHING;

-- name: pending_items
-- The next dossiers of a campaign without an outcome.
SELECT campaign_item.dossier, campaign_item.attempts, dossier.sequence, dossier.closed_at
  FROM campaign_item JOIN dossier ON dossier.id = campaign_item.dossier
 WHERE campaign = $1 AND outcome = 'pending'
 ORDER BY attempts, campaign_item.dossier LIMIT $2;

-- name: count_pending
-- How many dossiers of a campaign have no outcome yet.
SELECT count(*) FROM campaign_item WHERE campaign = $1 AND outcome = 'pending';

-- name: settle_item
-- Keep what became of a dossier; what it had moved is kept over what was planned.
UPDATE campaign_item SET outcome = $3, detail = $4, changes = coalesce($5, changes), attempts = attempts + 1, at = $6
 WHERE campaign = $1 AND dossier = $2 AND outcome = 'pending';

-- name: conclude_campaign
-- Close the ledger.
UPDATE campaign SET status = 'done', scanned = $2, finished_at = $3 WHERE id = $1;

-- name: items_of
-- A keyset page of what became of each dossier of a campaign.
SELECT campaign_item.*, dossier.code FROM campaign_item JOIN dossier ON dossier.id = campaign_item.dossier
 WHERE campaign = $1 AND ($2::uuid IS NULL OR dossier > $2) ORDER BY dossier LIMIT $3;
