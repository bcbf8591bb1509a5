"""The questions of the checks as an engineer would write them in SQL by hand, for the default parameters.

Written from the catalogue and not from the product's querysets: each answers (subject, outcome, reason) as one text
`outcome/reason`, so that a CASE is written once. `bench.runs` proves that the answers equal those of the product.
"""

from apps.integrity.states import WORST_FIRST

MACHINES = "('service', 'workload', 'agent')"
PEOPLE_IN_SCOPE = f"""
FROM inventory_identity i JOIN inventory_source s ON s.id = i.source_id AND s.retired_at IS NULL
WHERE i.gone_at IS NULL AND i.enabled <> 'no' AND (
  (NOT s.brings_ai_entitlements AND i.kind NOT IN {MACHINES})
  OR EXISTS (SELECT FROM inventory_entitlement e WHERE e.identity_id = i.id AND e.gone_at IS NULL AND e.on_ai = 'yes'))
"""


def days(number: int) -> str:
    """Return SQL for the instant that many days before the run's."""
    return f"%(at)s::timestamptz - interval '{number} days'"


STALE = f"s.observed_at IS NULL OR s.observed_at < {days(30)}"

ID_01 = f"""
WITH scope AS (SELECT i.*, {STALE} AS stale {PEOPLE_IN_SCOPE}),
factors AS (
  SELECT identity_id, bool_or(active = 'yes' AND strength <> 'weak') AS strong,
    bool_or(active = 'yes' AND strength = 'weak') AS weak, bool_or(active = 'unknown') AS doubtful
  FROM inventory_factor WHERE gone_at IS NULL AND strength <> 'not_a_factor' GROUP BY 1)
SELECT i.id, CASE WHEN i.kind IN {MACHINES} THEN 'not_applicable/not_a_person'
  WHEN i.password_sign_in = 'no' THEN 'not_applicable/no_password'
  WHEN i.stale THEN 'not_evaluated/stale'
  WHEN i.source_id IN (
    SELECT source_id FROM inventory_coverage WHERE record_kind = 'factor' AND observed_at < {days(30)})
    THEN 'not_evaluated/stale'
  WHEN f.strong THEN 'met/' WHEN f.weak THEN 'met/weak_factor' WHEN f.doubtful THEN 'not_evaluated/factor_unknown'
  WHEN i.mfa_known = 'yes' THEN 'failing/no_factor' ELSE 'not_evaluated/no_data' END
FROM scope i LEFT JOIN factors f ON f.identity_id = i.id
"""
ID_04 = f"""
SELECT i.id, CASE WHEN {STALE} THEN 'not_evaluated/stale'
  WHEN i.use_state = 'used' AND i.last_used_at >= {days(45)} THEN 'met/'
  WHEN i.use_state = 'used' AND i.last_used_at < {days(45)} THEN 'failing/unused'
  WHEN i.use_state = 'never' AND i.created_on_source_at >= {days(45)} THEN 'met/new_account'
  WHEN i.use_state = 'never' AND i.created_on_source_at < {days(45)} THEN 'failing/never_used'
  WHEN i.use_state = 'never' THEN 'not_evaluated/age_unknown' ELSE 'not_evaluated/no_data' END
{PEOPLE_IN_SCOPE}
"""
ID_05 = f"""
WITH scope AS (SELECT i.*, {STALE} AS stale {PEOPLE_IN_SCOPE}),
directory AS (
  SELECT person_id FROM inventory_identity d JOIN inventory_source s ON s.id = d.source_id
  WHERE d.gone_at IS NULL AND s.format = 'microsoft-graph' AND s.retired_at IS NULL AND person_id IS NOT NULL
  GROUP BY person_id HAVING bool_and(d.enabled = 'no'))
SELECT i.id, CASE WHEN p.id IS NULL THEN 'not_evaluated/no_person' WHEN i.stale THEN 'not_evaluated/stale'
  WHEN (p.status = 'left' OR p.ended_on < (%(at)s::timestamptz AT TIME ZONE 'UTC')::date) AND i.enabled <> 'yes'
    THEN 'not_evaluated/enabled_unknown'
  WHEN p.status = 'left' OR p.ended_on < (%(at)s::timestamptz AT TIME ZONE 'UTC')::date THEN 'failing/left'
  WHEN d.person_id IS NOT NULL AND i.enabled = 'yes' THEN 'failing/disabled_in_directory'
  WHEN p.status = 'active' THEN 'met/' ELSE 'not_evaluated/no_data' END
FROM scope i LEFT JOIN inventory_person p ON p.id = i.person_id LEFT JOIN directory d ON d.person_id = i.person_id
"""
KEYS = """
FROM inventory_credential c JOIN inventory_source s ON s.id = c.source_id AND s.retired_at IS NULL
JOIN inventory_identity i ON i.id = c.identity_id AND i.gone_at IS NULL AND i.enabled <> 'no'
LEFT JOIN inventory_person p ON p.id = i.person_id
WHERE c.gone_at IS NULL AND c.kind IN ('access_key', 'api_key', 'token') AND c.active <> 'no'
"""
NH_01 = f"""
SELECT c.id, CASE WHEN {STALE} THEN 'not_evaluated/stale'
  WHEN COALESCE(c.rotated_at, c.created_on_source_at) IS NULL THEN 'not_evaluated/age_unknown'
  WHEN COALESCE(c.rotated_at, c.created_on_source_at) < {days(90)} THEN 'failing/too_old' ELSE 'met/' END
{KEYS}
"""
NH_02 = f"""
SELECT c.id, CASE WHEN {STALE} THEN 'not_evaluated/stale'
  WHEN c.use_state = 'used' AND c.last_used_at < {days(60)} THEN 'failing/unused'
  WHEN c.use_state = 'never' AND COALESCE(c.created_on_source_at, c.rotated_at) < {days(60)} THEN 'failing/never_used'
  WHEN p.id IS NULL AND i.kind NOT IN ('human', 'guest') THEN 'failing/no_owner'
  WHEN p.status = 'left' OR p.ended_on < (%(at)s::timestamptz AT TIME ZONE 'UTC')::date THEN 'failing/owner_left'
  WHEN c.use_state = 'unknown' THEN 'not_evaluated/use_unknown'
  WHEN c.use_state = 'never' AND COALESCE(c.created_on_source_at, c.rotated_at) IS NULL THEN 'not_evaluated/age_unknown'
  WHEN c.use_state = 'used' THEN 'met/' ELSE 'met/new_key' END
{KEYS}
"""
DEPLOYED = """
deployed AS (
  SELECT DISTINCT ON (parent_id) parent_id, id, runs_code FROM inventory_asset
  WHERE gone_at IS NULL AND kind = 'model_version' AND parent_id IS NOT NULL
  ORDER BY parent_id, CASE WHEN aliases ?| '{champion,production,prod}' THEN 0 WHEN stage ILIKE 'Production' THEN 1
    ELSE 2 END, version_number DESC NULLS LAST, created_on_source_at DESC NULLS LAST, id DESC)
"""
#: The worst verdict decides where no signature is valid and trusted; the order is the catalogue's.
RANKS = " ".join(f"WHEN '{state}' THEN {place}" for place, state in enumerate(WORST_FIRST, 1))
MD_01 = f"""
WITH {DEPLOYED},
listed AS (
  SELECT DISTINCT asset_id, files_digest FROM integrity_artifact
  WHERE gone_at IS NULL AND files_digest <> '' AND asset_id IS NOT NULL),
verdict AS (
  SELECT DISTINCT ON (l.asset_id) l.asset_id, g.state FROM listed l
  JOIN integrity_signature g ON g.files_digest = l.files_digest AND g.gone_at IS NULL
  ORDER BY l.asset_id, CASE g.state WHEN 'valid_trusted' THEN 0 {RANKS} ELSE 99 END, g.judged_at DESC, g.id)
SELECT m.id, CASE WHEN d.id IS NULL THEN 'not_evaluated/no_version'
  WHEN v.state = 'valid_trusted' AND m.last_seen_at < {days(30)} THEN 'not_evaluated/stale'
  WHEN v.state = 'valid_trusted' THEN 'met/'
  WHEN v.state IS NOT NULL THEN 'failing/' || v.state
  WHEN EXISTS (SELECT FROM listed l WHERE l.asset_id = d.id) THEN 'failing/unsigned' ELSE 'failing/files_unknown' END
FROM inventory_asset m LEFT JOIN deployed d ON d.parent_id = m.id LEFT JOIN verdict v ON v.asset_id = d.id
WHERE m.gone_at IS NULL AND m.kind = 'model'
"""
MD_03 = f"""
WITH {DEPLOYED}
SELECT m.id, CASE WHEN d.id IS NULL THEN 'not_evaluated/no_version' WHEN d.runs_code = 'yes' THEN 'failing/runs_code'
  WHEN m.last_seen_at < {days(30)} THEN 'not_evaluated/stale' WHEN d.runs_code = 'no' THEN 'met/'
  ELSE 'not_evaluated/format_unknown' END
FROM inventory_asset m LEFT JOIN deployed d ON d.parent_id = m.id WHERE m.gone_at IS NULL AND m.kind = 'model'
"""
DA_05 = f"""
SELECT a.id, CASE WHEN a.location = '' THEN 'failing/no_source' WHEN a.content_digest = '' THEN 'failing/no_hash'
  WHEN a.licence = '' THEN 'failing/no_licence'
  WHEN a.owner_id IS NULL OR a.owner_confirmed_at IS NULL THEN 'failing/no_owner'
  WHEN a.last_seen_at < {days(30)} THEN 'not_evaluated/stale' ELSE 'met/' END
FROM inventory_asset a WHERE a.gone_at IS NULL AND a.kind = 'dataset'
"""
GV_01 = """
SELECT a.id, CASE WHEN p.id IS NULL THEN 'failing/no_owner'
  WHEN a.owner_confirmed_at IS NULL THEN 'failing/not_confirmed'
  WHEN p.status = 'left' OR p.ended_on < (%(at)s::timestamptz AT TIME ZONE 'UTC')::date THEN 'failing/owner_left'
  WHEN p.status = 'active' THEN 'met/' ELSE 'not_evaluated/status_unknown' END
FROM inventory_asset a LEFT JOIN inventory_person p ON p.id = a.owner_id
WHERE a.gone_at IS NULL AND a.kind NOT IN ('model_version', 'training_job')
"""
GV_02 = f"""
SELECT a.id, CASE WHEN a.last_seen_at < {days(30)} THEN 'failing/not_seen' ELSE 'met/' END
FROM inventory_asset a WHERE a.gone_at IS NULL AND a.kind NOT IN ('model_version', 'training_job')
"""
GV_07 = f"""
SELECT s.id, CASE WHEN s.observed_at IS NULL THEN 'not_evaluated/never_read'
  WHEN s.observed_at < {days(7)} THEN 'failing/blind' ELSE 'met/' END
FROM inventory_source s WHERE s.retired_at IS NULL
"""
QUESTIONS = {
    "DA-05": DA_05,
    "GV-01": GV_01,
    "GV-02": GV_02,
    "GV-07": GV_07,
    "ID-01": ID_01,
    "ID-04": ID_04,
    "ID-05": ID_05,
    "MD-01": MD_01,
    "MD-03": MD_03,
    "NH-01": NH_01,
    "NH-02": NH_02,
}
