"""What a review does with its items, as an engineer would write it in SQL by hand, into equal tables with their
indexes.

Written from the rules and not from the product's querysets. `bench.reviews` proves that both gave the same items, with
the same reasons, reviewers and digests.
"""

from apps.governance.operations import OPERATIONS

#: Table of the product → the equal one beside it.
TABLES = {f"reviews_{name}": f"bench_{name}" for name in ("item", "seat", "routing", "decision", "removal", "proof")}
DAYS_90 = "%(now)s::timestamptz - interval '90 days'"
MACHINES = "('service', 'workload', 'agent')"


def _operations(tier: int) -> str:
    return ", ".join(f"'{key}'" for key, operation in OPERATIONS.items() if operation.tier == tier)


def _filled(*values: str) -> str:
    return f"coalesce({', '.join(f'''nullif({value}, '')''' for value in values)}, '')"


def _instant(column: str) -> str:
    return f"""to_char(date_trunc('second', {column} AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


def _digest(*columns: str) -> str:
    parts = (f"coalesce({column}::text, '')" for column in columns)
    joined = " || ".join(f"length({part})::text || ':' || {part} || ','" for part in parts)
    return f"encode(sha256(convert_to({joined}, 'UTF8')), 'hex')"


def _when(condition: str, reason: str) -> str:
    return f"CASE WHEN {condition} THEN '{reason} ' ELSE '' END"


def _id(column: str) -> str:
    return f"replace({column}::text, '-', '')"


#: Standing access of the people of a team, and of the assets of it.
SCOPE = f"""
SELECT e.id, e.asset_id, e.operation, e.privileged, e.granted_at, e.expires_at, i.kind AS holder_kind,
  {_filled("i.name", "i.login", "i.source_key")} AS holder_label, {_filled("p.job_title", "i.job_title")} AS title,
  {_filled("p.team_name", "i.department")} AS team, lower(i.login) AS login, lower(i.email) AS email, i.person_id,
  p.user_id, {_filled("trim(a.name || ' ' || a.version)", "e.scope")} AS asset_label,
  s.name || ': ' || e.how AS origin, e.last_used_at IS NULL AND i.use_state = 'never' AS never_used,
  least(coalesce(a.tier, m.tier, 2), coalesce(m.tier, a.tier, 2),
    CASE WHEN e.operation IN ({_operations(1)}) THEN 1 WHEN e.operation IN ({_operations(2)}) THEN 2 ELSE 3 END
  ) AS tier,
  coalesce(e.last_used_at, CASE WHEN i.last_used_at <= {DAYS_90} THEN i.last_used_at END) AS last_used_at,
  a.id IS NOT NULL AND a.owner_id IS NULL AND NOT EXISTS (
    SELECT FROM inventory_ownerclaim c WHERE c.asset_id = a.id AND c.gone_at IS NULL AND c.person_id IS NOT NULL)
    OR i.kind IN {MACHINES} AND i.person_id IS NULL AND p.user_id IS NULL AS ownerless,
  p.status = 'left' OR p.ended_on <= ((%(now)s::timestamptz + interval '30 days') AT TIME ZONE 'UTC')::date AS leaves,
  g.user_id AS manager_id, lower(u.email) AS manager_mail
FROM inventory_entitlement e JOIN inventory_identity i ON i.id = e.identity_id JOIN inventory_source s
  ON s.id = e.source_id LEFT JOIN inventory_person p ON p.id = i.person_id
LEFT JOIN inventory_asset a ON a.id = e.asset_id LEFT JOIN inventory_asset m ON m.id = a.parent_id
LEFT JOIN inventory_person g ON g.id = p.manager_id
LEFT JOIN accounts_user u ON u.id = g.user_id AND u.is_active AND u.kind = 'person'
WHERE e.gone_at IS NULL AND e.on_ai <> 'no' AND i.gone_at IS NULL AND i.enabled <> 'no'
  AND (e.expires_at IS NULL OR e.expires_at > %(now)s) AND (a.team_id = %(team)s OR p.team_id = %(team)s)
"""
RARE = "peers_of >= 4 AND peers_with <= peers_of / 4"
REASONS = " || ".join(
    (
        _when("privileged = 'yes'", "privileged"),
        _when("holder_kind = 'guest'", "external"),
        _when("ownerless", "ownerless"),
        _when("leaves", "leaver"),
        _when(f"holder_kind = 'agent' AND {RARE}", "pattern"),
        _when(f"holder_kind <> 'agent' AND {RARE}", "rare"),
        _when("never_used", "never_used"),
        _when(f"last_used_at <= {DAYS_90}", "unused"),
        _when("last_used_at IS NULL AND NOT never_used", "use_unknown"),
    )
)
DIGEST = _digest(
    "'entitlement'", "subject_id", "holder_kind", "holder_label", "title", "team", "login", "email", "asset_label",
    "operation", "privileged", "origin", "reasons", _id("person_id"), _id("user_id"), _id("asset_id"), "NULL", "NULL",
    "tier", "peers_with", "peers_of", "never_used::int", _instant("granted_at"), _instant("expires_at"),
    _instant("last_used_at"),
)  # fmt: skip
#: Addresses by which a manager would be the holder: their own mail, and those of their identities.
STAGE = f"""
INSERT INTO bench_item (campaign_id, subject_kind, subject_id, holder_kind, holder_label, holder_title, holder_team,
  holder_login, holder_email, holder_person_id, holder_user_id, asset_id, asset_label, operation, tier, privileged,
  origin, granted_at, expires_at, last_used_at, never_used, peers_with, peers_of, reasons, digest, pile, stage,
  reviewer_id, routed, state, decision, defaulted)
WITH scope AS MATERIALIZED ({SCOPE}),
held AS (
  SELECT team, asset_label, operation, count(DISTINCT person_id) AS n FROM scope
  WHERE holder_kind = 'human' AND person_id IS NOT NULL AND team <> '' GROUP BY 1, 2, 3),
size AS (SELECT team_name, count(*) AS n FROM inventory_person WHERE status <> 'left' AND team_name <> '' GROUP BY 1),
agents AS (SELECT count(DISTINCT holder_label) AS n FROM scope WHERE holder_kind = 'agent'),
agent AS (
  SELECT asset_label, operation, count(DISTINCT holder_label) AS n FROM scope
  WHERE holder_kind = 'agent' GROUP BY 1, 2),
peers AS (
  SELECT s.*, {_id("s.id")} AS subject_id, coalesce(a.n, h.n) AS peers_with,
    CASE WHEN s.holder_kind = 'agent' THEN agents.n ELSE z.n END AS peers_of
  FROM scope s CROSS JOIN agents LEFT JOIN agent a ON s.holder_kind = 'agent' AND a.asset_label = s.asset_label
    AND a.operation = s.operation
  LEFT JOIN held h ON s.holder_kind = 'human' AND h.team = s.team AND h.asset_label = s.asset_label
    AND h.operation = s.operation LEFT JOIN size z ON s.holder_kind = 'human' AND z.team_name = s.team),
told AS (SELECT *, {REASONS} AS reasons FROM peers OFFSET 0),
addresses AS (
  SELECT u.id, lower(u.email) AS address FROM accounts_user u
  UNION SELECT p.user_id, lower(i.email) FROM inventory_person p JOIN inventory_identity i ON i.person_id = p.id
    WHERE p.user_id IS NOT NULL AND i.gone_at IS NULL AND i.email <> ''
  UNION SELECT p.user_id, lower(i.login) FROM inventory_person p JOIN inventory_identity i ON i.person_id = p.id
    WHERE p.user_id IS NOT NULL AND i.gone_at IS NULL AND i.login <> '')
SELECT %(campaign)s, 'entitlement', subject_id, holder_kind, holder_label, title, team, login, email, person_id,
  user_id, asset_id, asset_label, operation, tier, privileged, origin, granted_at, expires_at, last_used_at, never_used,
  peers_with, peers_of, reasons, {DIGEST},
  CASE WHEN reasons ~ '(privileged|external|ownerless|leaver|pattern) ' THEN 'close'
    WHEN reasons ~ '(never_used|unused) ' THEN 'unneeded'
    WHEN reasons ~ 'rare ' OR reasons ~ 'use_unknown ' AND NOT (coalesce(peers_of, 0) >= 4 AND peers_with IS NOT NULL)
    THEN 'close' ELSE 'usual' END,
  1, coalesce(CASE WHEN manager_mail IS NULL OR manager_id = user_id OR (manager_id, login) IN (TABLE addresses)
    OR (manager_id, email) IN (TABLE addresses) THEN NULL ELSE manager_id END, %(ciso)s),
  CASE WHEN manager_mail IS NULL THEN 'fallback' ELSE 'rule' END, 'open', '', false
FROM told
"""
OPEN = """
INSERT INTO bench_seat (campaign_id, stage, reviewer_id, since)
SELECT DISTINCT campaign_id, 1, reviewer_id, %(now)s::timestamptz FROM bench_item WHERE campaign_id = %(campaign)s
"""
DECIDE = """
INSERT INTO bench_decision (item_id, campaign_id, stage, reviewer_id, choice, note, less, defaulted, second, digest,
  strength, at)
SELECT number, campaign_id, stage, %(reviewer)s, %(choice)s, '', '{}', false, false, digest, 'second_factor', %(now)s
FROM bench_item WHERE campaign_id = %(campaign)s AND stage = 1 AND reviewer_id = %(reviewer)s AND pile = %(pile)s
  AND state = 'open';
UPDATE bench_item SET state = 'decided', decision = %(choice)s, decided_by_id = %(reviewer)s, decided_at = %(now)s
WHERE campaign_id = %(campaign)s AND stage = 1 AND reviewer_id = %(reviewer)s AND pile = %(pile)s AND state = 'open'
"""
ESCALATE = """
WITH above AS (
  SELECT r.user_id AS reviewer_id, u.id AS heir FROM inventory_person r JOIN inventory_person g ON g.id = r.manager_id
  JOIN accounts_user u ON u.id = g.user_id AND u.is_active AND u.kind = 'person' WHERE r.user_id IS NOT NULL),
moved AS (
  INSERT INTO bench_routing (item_id, stage, before_id, after_id, why, note, at)
  SELECT i.number, i.stage, i.reviewer_id, a.heir, 'escalated', '', %(now)s FROM bench_item i JOIN above a
  USING (reviewer_id) WHERE i.campaign_id = %(campaign)s AND i.state = 'open' RETURNING item_id, after_id)
UPDATE bench_item i SET reviewer_id = m.after_id, routed = 'escalated' FROM moved m WHERE i.number = m.item_id
"""
SEAL = """
UPDATE bench_item SET defaulted = state = 'open', decided_at = coalesce(decided_at, %(now)s),
  decision = CASE WHEN decision <> '' THEN decision ELSE 'revoke' END,
  state = CASE WHEN decision = 'keep' THEN 'sealed' ELSE 'remediating' END
WHERE campaign_id = %(campaign)s AND state IN ('open', 'decided');
INSERT INTO bench_decision (item_id, campaign_id, stage, choice, note, less, defaulted, second, digest, strength, at)
SELECT number, campaign_id, stage, decision, '', '{}', true, false, digest, '', %(now)s FROM bench_item
WHERE campaign_id = %(campaign)s AND defaulted;
INSERT INTO bench_removal (item_id, way, owner_id, asked_at, due_at, attempts, last_problem)
SELECT i.number, 'task', coalesce(u.id, %(admin)s), %(now)s, %(now)s::timestamptz + interval '7 days', 0, ''
FROM bench_item i LEFT JOIN inventory_asset a ON a.id = i.asset_id LEFT JOIN inventory_person p ON p.id = a.owner_id
  AND p.id <> i.holder_person_id LEFT JOIN accounts_user u ON u.id = p.user_id AND u.is_active
WHERE i.campaign_id = %(campaign)s AND i.state = 'remediating';
INSERT INTO bench_proof (removal_id, seen, evidence, at) SELECT item_id, 'asked', '{}', %(now)s FROM bench_removal
"""
VERIFY = """
CREATE TEMPORARY TABLE bench_gone ON COMMIT DROP AS SELECT i.number FROM bench_item i
WHERE i.campaign_id = %(campaign)s AND i.state = 'remediating' AND NOT EXISTS (
  SELECT FROM inventory_entitlement e WHERE e.id = i.subject_id::uuid AND e.gone_at IS NULL);
INSERT INTO bench_proof (removal_id, seen, evidence, at)
SELECT number, 'absent', '{"rests on": "an import that shows it no longer"}', %(now)s FROM bench_gone;
UPDATE bench_item i SET state = 'verified', ended_at = %(now)s FROM bench_gone g WHERE i.number = g.number;
UPDATE bench_removal r SET ended_at = %(now)s, next_at = NULL FROM bench_gone g WHERE r.item_id = g.number
"""
