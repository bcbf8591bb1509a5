"""The machines of campaigns and items, and the words of their states, decisions, piles and reasons."""

from django.db import models

from apps.core.states import machine


class CampaignState(models.TextChoices):
    """Where a campaign stands. Closed only once every removal is verified or its risk accepted by someone else."""

    DRAFT = "draft", "Draft"
    STAGED = "staged", "Preview"
    ACTIVE = "active", "Open"
    SEALED = "sealed", "Sealed"
    REMEDIATING = "remediating", "Removing access"
    VERIFYING = "verifying", "Verifying removal"
    CLOSED = "closed", "Closed"
    CANCELLED = "cancelled", "Cancelled"


CAMPAIGN_TONES = {
    CampaignState.DRAFT: "neutral",
    CampaignState.STAGED: "info",
    CampaignState.ACTIVE: "info",
    CampaignState.SEALED: "info",
    CampaignState.REMEDIATING: "warn",
    CampaignState.VERIFYING: "warn",
    CampaignState.CLOSED: "good",
    CampaignState.CANCELLED: "neutral",
}
CAMPAIGN_MACHINE = machine(
    "campaign",
    {
        CampaignState.DRAFT: [CampaignState.STAGED, CampaignState.CANCELLED],
        # A preview is thrown away to be taken anew.
        CampaignState.STAGED: [CampaignState.DRAFT, CampaignState.ACTIVE, CampaignState.CANCELLED],
        CampaignState.ACTIVE: [CampaignState.SEALED, CampaignState.CANCELLED],
        CampaignState.SEALED: [CampaignState.REMEDIATING],
        CampaignState.REMEDIATING: [CampaignState.VERIFYING],
        CampaignState.VERIFYING: [CampaignState.CLOSED],
        CampaignState.CLOSED: [],
        CampaignState.CANCELLED: [],
    },
)
#: States in which nothing more can happen.
OVER_CAMPAIGNS = (CampaignState.CLOSED, CampaignState.CANCELLED)
#: States from sealing to the last proof.
AFTER_SEALING = (CampaignState.SEALED, CampaignState.REMEDIATING, CampaignState.VERIFYING)


class ItemState(models.TextChoices):
    """Where an item stands. A kept item ends sealed; a revoked or reduced one goes on until its removal is proven."""

    OPEN = "open", "To decide"
    DECIDED = "decided", "Decided"
    SEALED = "sealed", "Signed"
    REMEDIATING = "remediating", "Being removed"
    VERIFIED = "verified", "Seen gone"
    FAILED = "failed", "Not removed in time"
    MOOT = "moot", "Vanished by itself"
    RISK_ACCEPTED = "risk_accepted", "Risk accepted"


ITEM_TONES = {
    ItemState.OPEN: "warn",
    ItemState.DECIDED: "info",
    ItemState.SEALED: "good",
    ItemState.REMEDIATING: "warn",
    ItemState.VERIFIED: "good",
    ItemState.FAILED: "bad",
    ItemState.MOOT: "neutral",
    ItemState.RISK_ACCEPTED: "accepted",
}
ITEM_MACHINE = machine(
    "item",
    {
        ItemState.OPEN: [ItemState.DECIDED, ItemState.MOOT],
        # Decided anew, taken back or put to the next stage, before it is sealed.
        ItemState.DECIDED: [ItemState.DECIDED, ItemState.OPEN, ItemState.SEALED, ItemState.MOOT],
        ItemState.SEALED: [ItemState.REMEDIATING],
        ItemState.REMEDIATING: [ItemState.VERIFIED, ItemState.FAILED, ItemState.MOOT, ItemState.RISK_ACCEPTED],
        # Late proof, or a risk that someone else signs for.
        ItemState.FAILED: [ItemState.VERIFIED, ItemState.RISK_ACCEPTED],
        ItemState.VERIFIED: [],
        ItemState.MOOT: [],
        ItemState.RISK_ACCEPTED: [],
    },
)
#: Items whose answer is sealed: before, it may still change; a moot one was about nothing any more.
ANSWERED_ITEMS = (
    ItemState.SEALED,
    ItemState.REMEDIATING,
    ItemState.VERIFIED,
    ItemState.FAILED,
    ItemState.RISK_ACCEPTED,
)
#: Items a reviewer may still decide.
OPEN_ITEMS = (ItemState.OPEN, ItemState.DECIDED)
#: Items that keep their campaign from closing (invariant 16).
UNPROVEN_ITEMS = (ItemState.OPEN, ItemState.DECIDED, ItemState.REMEDIATING, ItemState.FAILED)


class Choice(models.TextChoices):
    """What a reviewer says of an item. The latest answer before sealing counts; taking it back is an answer too."""

    KEEP = "keep", "Keep"
    REVOKE = "revoke", "Revoke"
    REDUCE = "reduce", "Reduce"
    ABSTAIN = "abstain", "Cannot say"
    WITHDRAW = "withdraw", "Taken back"


class Default(models.TextChoices):
    """What the terms say of items nobody answered. What asks for a close look is never kept by default."""

    REVOKE = "revoke", "Revoke"
    KEEP = "keep", "Keep; revoke what asks for a close look"
    SUSPEND = "suspend", "Keep; suspend what asks for a close look 7 days, then revoke it"


#: Answers after which access is taken away or made smaller.
REMOVING = (Choice.REVOKE, Choice.REDUCE)


class Pile(models.TextChoices):
    """The three piles of a sheet (ux.md §5.7)."""

    CLOSE = "close", "Look closely"
    UNNEEDED = "unneeded", "Probably not needed"
    USUAL = "usual", "Used and usual"


class Reason(models.TextChoices):
    """Why an item lies in its pile; recorded when the campaign is staged."""

    PRIVILEGED = "privileged", "Standing and privileged"
    EXTERNAL = "external", "Outside the organisation"
    OWNERLESS = "ownerless", "No owner"
    LEAVER = "leaver", "Leaves or has left"
    MOVER = "mover", "Changed team"
    DUTY = "duty", "Conflict of duties"
    PERSONAL = "personal", "Personal data"
    PATTERN = "pattern", "Agent out of pattern"
    GIVER = "giver", "Given by someone who left"
    GOVERNANCE = "governance", "Governs the portal"
    RETURNED = "returned", "Came back after removal"
    LAPSED = "lapsed", "Its accepted risk ended"
    LIKE_WRONG = "like_wrong", "Like one found wrong"
    RARE = "rare", "Few peers have it"
    NEVER_USED = "never_used", "Never used"
    UNUSED = "unused", "Not used for 90 days"
    USE_UNKNOWN = "use_unknown", "Use not known"


#: Reasons each of which alone asks for a close look, whatever else is known.
CLOSE_REASONS = (
    Reason.PRIVILEGED,
    Reason.EXTERNAL,
    Reason.OWNERLESS,
    Reason.LEAVER,
    Reason.MOVER,
    Reason.DUTY,
    Reason.PERSONAL,
    Reason.PATTERN,
    Reason.GIVER,
    Reason.GOVERNANCE,
    Reason.RETURNED,
    Reason.LAPSED,
    Reason.LIKE_WRONG,
)
UNUSED_REASONS = (Reason.NEVER_USED, Reason.UNUSED)


class SubjectKind(models.TextChoices):
    """What an item is about, beside what other apps register (`core.reviewables`)."""

    ENTITLEMENT = "entitlement", "Standing access"
    GRANT = "grant", "Grant"


class HolderKind(models.TextChoices):
    """Who holds it."""

    HUMAN = "human", "Person"
    GUEST = "guest", "Guest"
    SERVICE = "service", "Service account"
    WORKLOAD = "workload", "Workload"
    AGENT = "agent", "AI agent"
    PORTAL = "portal", "The portal itself"
    UNKNOWN = "unknown", "Not known"


#: Holders who are no people.
NON_HUMAN = (HolderKind.SERVICE, HolderKind.WORKLOAD, HolderKind.AGENT)


class ReviewerRule(models.TextChoices):
    """Who a stage asks. Asking the holder gives input only: it is never the last stage (invariant 17)."""

    MANAGER = "manager", "Manager of the holder"
    OWNER = "owner", "Owner of the asset"
    GROUP = "group", "Named group"
    SELF = "self", "The holder, as input"


class Fallback(models.TextChoices):
    """Who is asked where the rule finds nobody who may answer."""

    CISO = "ciso", "CISO"
    SECURITY_ADMIN = "security_admin", "Security administrator"


class Routed(models.TextChoices):
    """Why an item is with its reviewer."""

    RULE = "rule", "Rule of the stage"
    LADDER = "ladder", "Next in line"
    FALLBACK = "fallback", "Fallback"
    NOT_MINE = "not_mine", "Named by the reviewer before"
    LEFT = "left", "The reviewer before left"
    ESCALATED = "escalated", "Not answered in time"
    ABSTAINED = "abstained", "The reviewer before could not say"
    NOBODY = "nobody", "Nobody may answer"


class Frequency(models.TextChoices):
    """How often a saved scope is reviewed."""

    ONCE = "once", "Once"
    MONTHLY = "monthly", "Every month"
    QUARTERLY = "quarterly", "Every quarter"
    HALF_YEARLY = "half_yearly", "Every half year"
    YEARLY = "yearly", "Every year"


MONTHS = {
    Frequency.MONTHLY: 1,
    Frequency.QUARTERLY: 3,
    Frequency.HALF_YEARLY: 6,
    Frequency.YEARLY: 12,
}


class Trigger(models.TextChoices):
    """Why a campaign exists: a saved scope, or one event about one item."""

    SCOPE = "scope", "Saved scope"
    MOVER = "mover", "The holder changed team"
    OWNER = "owner", "The asset changed owner"
    IDLE = "idle", "Privileged and 30 days unused"
    DATA = "data", "New personal data on the asset"
    RETURNED = "returned", "Came back after a verified removal"
    LAPSED = "lapsed", "Its accepted risk ended"


class Way(models.TextChoices):
    """How access is taken away."""

    GRANT = "grant", "Grant of the portal"
    CONNECTOR = "connector", "Connected target"
    REGISTERED = "registered", "Setting of the portal"
    TASK = "task", "Task by hand"


class Seen(models.TextChoices):
    """What a line of a removal's receipts tells."""

    ASKED = "asked", "Removal asked for"
    TRIED = "tried", "Removal tried at the target"
    DONE = "done", "Done by hand"
    ABSENT = "absent", "Seen gone"
    PRESENT = "present", "Still there"
    OVERDUE = "overdue", "Not removed in time"


class Fact(models.TextChoices):
    """What is watched for changes that ask for a review."""

    TEAM = "team", "Team of a person"
    OWNER = "owner", "Owner of an asset"
    DATA = "data", "Personal data on an asset"
