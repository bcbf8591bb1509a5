"""What governance asks of posture: findings as something an exception may be about, and what its checks say."""

from uuid import UUID

from django.db.models import Exists, OuterRef

from apps.core.actor import Actor
from apps.core.text import display
from apps.governance.models.exception import RiskExceptionQuerySet
from apps.governance.references import CheckResults, Covered, Evidence, Reference, ReferenceSource
from apps.governance.states import ReferenceKind
from apps.inventory.models import Asset, Credential, Identity
from apps.posture.models import Finding, Result
from apps.posture.spec import CHECKS
from apps.posture.states import FindingState, Outcome, SubjectKindName

MOST_OPTIONS = 100
About = tuple[tuple[str, UUID], ...]


def find(actor: Actor | None, key: str) -> Reference | None:
    """Return a finding as a reference: its owner and its asset's confirmed owner answer for it; four queries."""
    if not key.isdecimal() or len(key) > 17:
        return None
    rows = Finding.objects.all() if actor is None else Finding.objects.visible_to(actor)
    row = rows.select_related("owner", "asset__owner").filter(pk=int(key)).first()
    if row is None:
        return None
    asset, spec = row.asset, CHECKS.get(row.check_id)
    owners = {row.owner.user_id if row.owner else None}
    if asset is not None and asset.owner is not None and asset.owner_confirmed_at is not None:
        owners.add(asset.owner.user_id)
    teams = [asset.team_id if asset else None, row.owner.team_id if row.owner else None]
    return Reference(
        kind=ReferenceKind.FINDING,
        key=str(row.pk),
        label=f"{row.name} {spec.title if spec else row.check_id}: {display(row.subject_label)}",
        severity=row.severity,
        url=f"/findings/{row.name}",
        owners=frozenset(user for user in owners if user),
        holders=_holders(row),
        team_id=next((team for team in teams if team is not None), None),
        covered=Covered(row.check_id, row.subject_kind, row.subject_id),
        about=_about(row),
        closed=_closed(row),
    )


def _closed(row: Finding) -> str:
    if row.state == FindingState.RESOLVED:
        return "This finding is resolved."
    if row.subject_kind == SubjectKindName.EXCEPTION:
        return "An exception is not accepted by another one; renew it, or fix what it was about."
    return ""


def _holder(row: Finding) -> Identity | None:
    """Return the identity that a finding is about, a credential's holder among them."""
    identities = Identity.objects.select_related("person")
    if row.subject_kind == SubjectKindName.IDENTITY:
        return identities.filter(pk=row.subject_id).first()
    if row.subject_kind == SubjectKindName.CREDENTIAL:
        return identities.filter(credentials=row.subject_id).first()
    return None


def _holders(row: Finding) -> frozenset[UUID]:
    """Return the user whose own account or key the finding is about."""
    identity = _holder(row)
    user = identity.person.user_id if identity and identity.person else None
    return frozenset({user} if user else ())


def _about(row: Finding) -> About:
    """Return the subject, and what belongs with it: a version's model, an identity's keys or a key's identity."""
    subject: set[tuple[str, UUID]] = {(str(row.subject_kind), row.subject_id)}
    if row.asset is not None:
        subject.add(("asset", row.asset.pk))
        subject |= {("asset", row.asset.parent_id)} if row.asset.parent_id else set()
        versions = Asset.objects.present().filter(parent_id=row.asset.pk).values_list("pk", flat=True)
        subject |= {("asset", key) for key in versions[:MOST_OPTIONS]}
    identity = _holder(row)
    if identity is not None:
        subject.add(("identity", identity.pk))
        held = Credential.objects.filter(identity=identity).values_list("pk", flat=True)
        subject |= {("credential", key) for key in held[:MOST_OPTIONS]}
    return tuple(sorted(subject, key=str))


def over(rows: RiskExceptionQuerySet) -> RiskExceptionQuerySet:
    """Keep the exceptions whose finding is resolved, or not there any more."""
    unresolved = Finding.objects.unresolved().filter(pk=OuterRef("about_number"))
    return rows.about(ReferenceKind.FINDING).filter(~Exists(unresolved))


def options(reference: Reference) -> list[Evidence]:
    """Return the checks that are met now of what a reference is about, other than the one it would accept."""
    covered = reference.covered
    rows = Result.objects.filter(
        to_run__isnull=True, outcome=Outcome.MET, subject_id__in=[key for _, key in reference.about]
    )
    if covered is not None:
        rows = rows.exclude(check_id=covered.check_id)
    return [_evidence(row) for row in rows.order_by("check_id", "subject_label", "pk")[:MOST_OPTIONS]]


def evidence_of(check_id: str, subject_kind: str, subject_id: UUID) -> Evidence:
    """Return what a check said last of a subject; one query."""
    row = Result.objects.filter(check_id=check_id, subject_id=subject_id, to_run__isnull=True).first()
    if row is not None:
        return _evidence(row)
    spec = CHECKS.get(check_id)
    return Evidence(check_id, spec.title if spec else "", subject_kind, subject_id, "", "")


def _evidence(row: Result) -> Evidence:
    spec = CHECKS.get(row.check_id)
    title = spec.title if spec else row.check_id
    return Evidence(row.check_id, title, row.subject_kind, row.subject_id, row.subject_label, row.outcome)


def unmet(rows: RiskExceptionQuerySet) -> RiskExceptionQuerySet:
    """Keep the exceptions whose compensating check is not met: failing, accepted, not evaluated or not judged."""
    met = Result.objects.filter(to_run__isnull=True, outcome=Outcome.MET, check_id=OuterRef("comp_check"))
    return rows.filter(~Exists(met.filter(subject_id=OuterRef("comp_id"))))


FINDINGS = ReferenceSource(ReferenceKind.FINDING, find, over)
RESULTS_OF_CHECKS = CheckResults(options, evidence_of, unmet)
