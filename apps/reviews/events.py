"""Audit events of reviews."""

from apps.core.events import declare

_TERMS = ("name", "scope", "stages", "default", "grace_days", "removal_days")
# Scopes and campaigns
SERIES_SAVED = declare("reviews.series.saved", "Review scope saved", details=(*_TERMS, "frequency", "next_on"))
SERIES_STOPPED = declare("reviews.series.stopped", "Recurring review stopped", details=("next_on",))
CAMPAIGN_DRAFTED = declare("reviews.campaign.drafted", "Review drafted", details=(*_TERMS, "trigger", "subject"))
CAMPAIGN_STAGED = declare(
    "reviews.campaign.staged",
    "Review previewed",
    details=("items", "piles", "reviewers", "without_reviewer", "snapshot_hash"),
)
CAMPAIGN_UNSTAGED = declare("reviews.campaign.unstaged", "Preview of a review thrown away", details=("snapshot_hash",))
CAMPAIGN_OPENED = declare(
    "reviews.campaign.opened", "Review opened", details=("items", "reviewers", "snapshot_hash", "due_at")
)
CAMPAIGN_ADVANCED = declare("reviews.campaign.advanced", "Next stage of a review", details=("stage", "items", "due_at"))
CAMPAIGN_ESCALATED = declare(
    "reviews.campaign.escalated", "Unanswered items put to others", details=("items", "answered", "of")
)
ITEMS_SUSPENDED = declare(
    "reviews.items.suspended", "Unanswered access suspended", details=("items", "grants", "until"), reduces=True
)
CAMPAIGN_SEALED = declare(
    "reviews.campaign.sealed",
    "Review sealed",
    details=("kept", "revoked", "reduced", "defaulted", "moot", "snapshot_hash"),
)
CAMPAIGN_MOVED = declare("reviews.campaign.moved", "Review goes on to its proof", details=("unproven",))
CAMPAIGN_CLOSED = declare(
    "reviews.campaign.closed", "Review closed", details=("verified", "risk_accepted", "moot", "kept")
)
CAMPAIGN_CANCELLED = declare("reviews.campaign.cancelled", "Review cancelled", details=("reason",))
EVIDENCE_EXPORTED = declare(
    "reviews.evidence.exported", "Evidence of a review taken", details=("format", "items", "snapshot_hash")
)

# Items
ITEM_DECIDED = declare(
    "reviews.item.decided",
    "Review item decided",
    details=("choice", "stage", "digest", "on_behalf_of", "note", "less", "second"),
)
ITEM_WITHDRAWN = declare("reviews.item.withdrawn", "Answer to a review item taken back", details=("stage",))
ITEM_ROUTED = declare("reviews.item.routed", "Review item given to another reviewer", details=("to", "why", "note"))
ITEMS_REROUTED = declare(
    "reviews.items.rerouted",
    "Review items of somebody who left given to others",
    details=("items", "removals", "without_reviewer"),
    reduces=True,
)
ITEMS_MOOT = declare("reviews.items.moot", "Reviewed access vanished by itself", details=("items",), reduces=True)
SAMPLE_DRAWN = declare(
    "reviews.sample.drawn", "Random items drawn before a bulk decision", details=("seed", "items", "drawn_from")
)
BULK_DECIDED = declare(
    "reviews.bulk.decided",
    "Review items decided at once",
    details=("choice", "items", "digest", "sample", "on_behalf_of"),
)
SHEET_SIGNED = declare(
    "reviews.sheet.signed",
    "Review signed",
    details=("stage", "kept", "revoked", "reduced", "abstained", "on_behalf_of"),
)

# Removal
REMOVALS_ASKED = declare(
    "reviews.removals.asked",
    "Removal of access begun",
    details=("grants", "connectors", "settings", "tasks"),
    reduces=True,
)
REMOVAL_TRIED = declare("reviews.removal.tried", "Removal tried", details=("way", "worked", "problem"), reduces=True)
REMOVAL_DONE = declare("reviews.removal.done", "Removal by hand reported", details=("proof",), reduces=True)
REMOVALS_VERIFIED = declare("reviews.removals.verified", "Access seen gone", details=("items",), reduces=True)
REMOVALS_FAILED = declare("reviews.removals.failed", "Access not removed in time", details=("items",), reduces=True)
RISK_ACCEPTED = declare(
    "reviews.risk.accepted",
    "Risk of access accepted",
    details=("exception", "reason", "until_on", "asked_by", "signed_by", "decider"),
)

# Watching
WATCH_LOOKED = declare("reviews.watch.looked", "Changes that ask for a review found", details=("changes", "reviews"))
SAMPLE_FORGOTTEN = declare(
    "reviews.sample.forgotten", "Reviews of the sample forgotten", details=("campaigns",), reduces=True
)
