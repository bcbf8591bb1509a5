"""Questions about AI assets: yes only with a live grant that the policies still allow at this moment.

What the caller claims about subject or resource (`properties`) decides nothing: facts are the portal's own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.access.decisions.approvals import explain
from apps.access.decisions.denials import bound
from apps.access.decisions.questions import Answer, Page, Question
from apps.access.models import Grant
from apps.access.policies import Ctx, PolicyAnswer, evaluate_many
from apps.access.policies import Question as PolicyQuestion
from apps.access.policies.facts import principals_of, resources_of
from apps.access.queries.live import live_grants
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset

TYPE = "asset"
SUBJECT_TYPES = {"user": User.Kind.PERSON, "service_account": User.Kind.SERVICE}
NOT_KNOWN = "The subject, the action or the asset is not known to the caller."
NO_GRANT = "There is no live grant for this."


@dataclass(frozen=True, slots=True)
class _Known:
    user: User
    asset: Asset
    operation: str


class AssetDomain:
    """Decisions about assets. A service account asks about every subject, a person about themselves only."""

    def decide(self, caller: Actor, questions: Sequence[Question], now: datetime) -> list[Answer]:
        """Answer in order. Fifteen queries at most, however many questions."""
        known = _known(caller, questions)
        grants = _grants(list(known.values()), now)
        allowed = _policies(known, now)
        return [
            _answer(question, known.get(place), grants, allowed.get(place), now)
            for place, question in enumerate(questions)
        ]

    def subjects(self, caller: Actor, question: Question, now: datetime, after: str, limit: int) -> Page:
        """Return ids of users with a live grant that holds."""
        kind = SUBJECT_TYPES.get(question.subject.type)
        rows = live_grants(now).filter(operation=question.action.name, holder__kind=kind)
        rows = rows.filter(asset__in=Asset.objects.visible_to(caller).filter(_is_asset([question.resource.id])))
        if caller.kind == "person":
            rows = rows.filter(holder_id=caller.user_id)
        ids = _page(rows.values_list("holder_id", flat=True), "holder_id", after, limit)
        return self._holding(caller, question, now, ids, limit, "subject")

    def resources(self, caller: Actor, question: Question, now: datetime, after: str, limit: int) -> Page:
        """Return ids of assets on which the subject has a live grant that holds."""
        rows = live_grants(now).filter(operation=question.action.name, holder__in=_users(caller, [question]))
        rows = rows.filter(asset__in=Asset.objects.visible_to(caller))
        ids = _page(rows.values_list("asset_id", flat=True), "asset_id", after, limit)
        return self._holding(caller, question, now, ids, limit, "resource")

    def actions(self, caller: Actor, question: Question, now: datetime, after: str, limit: int) -> Page:
        """Return operations for which the subject has a live grant on the asset that holds."""
        rows = live_grants(now).filter(holder__in=_users(caller, [question]))
        rows = rows.filter(asset__in=Asset.objects.visible_to(caller).filter(_is_asset([question.resource.id])))
        names = _page(rows.values_list("operation", flat=True), "operation", after, limit)
        return self._holding(caller, question, now, names, limit, "action")

    def _holding(self, caller: Actor, question: Question, now: datetime, ids: list[Any], limit: int, part: str) -> Page:
        """Return those of the candidates that the policies still allow, and where to go on."""
        asked = [_with(question, part, str(one)) for one in ids[:limit]]
        answers = self.decide(caller, asked, now)
        found = [str(one) for one, answer in zip(ids, answers, strict=False) if answer.decision]
        return Page(found, str(ids[limit - 1]) if len(ids) > limit else "")


def _with(question: Question, part: str, found: str) -> Question:
    from_subject = question.subject if part != "subject" else type(question.subject)(question.subject.type, found)
    action = question.action if part != "action" else type(question.action)(found)
    resource = question.resource if part != "resource" else type(question.resource)(TYPE, found)
    return Question(from_subject, action, resource, question.context)


def _page(rows: Any, column: str, after: str, limit: int) -> list[Any]:
    """Return one candidate more than asked for, without repeats, in order."""
    if after:
        rows = rows.filter(**{f"{column}__gt": after})
    return list(rows.order_by(column).distinct()[: limit + 1])


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _is_asset(ids: Iterable[str]) -> Q:
    """Match assets by id, or by `kind/slug` as in their address."""
    found = Q(pk__in=[one for one in ids if _is_uuid(one)])
    for one in ids:
        kind, _, slug = one.partition("/")
        if slug:
            found |= Q(kind=kind, slug=slug)
    return found


def _users(caller: Actor, questions: Sequence[Question]) -> Any:
    """Return the subjects asked about whom the caller may ask about, by id or mail address."""
    wanted = [question.subject for question in questions if question.subject.type in SUBJECT_TYPES]
    named = Q(pk__in=[subject.id for subject in wanted if _is_uuid(subject.id)])
    named |= Q(email__in=[subject.id.lower() for subject in wanted if "@" in subject.id])
    rows = User.objects.filter(named)
    return rows.filter(pk=caller.user_id) if caller.kind == "person" else rows


def _known(caller: Actor, questions: Sequence[Question]) -> dict[int, _Known]:
    users: dict[str, User] = {}
    for user in _users(caller, questions):
        users |= {str(user.pk): user, user.email.lower(): user}
    ids = {question.resource.id for question in questions}
    assets: dict[str, Asset] = {}
    for asset in Asset.objects.visible_to(caller).present().filter(_is_asset(ids)):
        assets |= {str(asset.pk): asset, f"{asset.kind}/{asset.slug}": asset}
    found = {}
    for place, question in enumerate(questions):
        user = users.get(question.subject.id.lower())
        named = assets.get(question.resource.id.lower()) or assets.get(question.resource.id)
        right_kind = user is not None and SUBJECT_TYPES.get(question.subject.type) == user.kind
        if user is not None and right_kind and named is not None and question.action.name in OPERATIONS:
            found[place] = _Known(user, named, question.action.name)
    return found


def _grants(known: Sequence[_Known], now: datetime) -> dict[tuple[UUID, UUID, str], Grant]:
    holders, assets = {one.user.pk for one in known}, {one.asset.pk for one in known}
    rows = live_grants(now).filter(holder_id__in=holders, asset_id__in=assets).order_by("expires_at")
    return {(row.holder_id, row.asset_id, row.operation): row for row in rows}


def _policies(known: dict[int, _Known], now: datetime) -> dict[int, PolicyAnswer]:
    principals = principals_of({one.user.pk: one.user for one in known.values()}.values(), now)
    resources = resources_of({one.asset.pk: one.asset for one in known.values()}.values())
    asked = [
        PolicyQuestion(principals[one.user.pk], one.operation, resources[one.asset.pk], Ctx(origin="authzen"), now)
        for one in known.values()
    ]
    return dict(zip(known, evaluate_many(asked), strict=True))


def _answer(
    question: Question,
    known: _Known | None,
    grants: dict[tuple[UUID, UUID, str], Grant],
    policy: PolicyAnswer | None,
    now: datetime,
) -> Answer:
    if known is None or policy is None:
        return Answer(False, {"reason": NOT_KNOWN})
    grant = grants.get((known.user.pk, known.asset.pk, known.operation))
    said = {"policies": list(policy.policy_ids), "policy_version": policy.version_number}
    if grant is not None and policy.allowed:
        until = grant.expires_at.isoformat() if grant.expires_at else ""
        return Answer(True, {"grant": grant.name, "expires_at": until, **said})
    reason = "; ".join(policy.reasons) if not policy.allowed else NO_GRANT
    denial = {"reason": reason, "remedies": list(policy.remedies), **said}
    if grant is None and policy.requestable and known.user.is_active:
        denial |= bound(question, str(known.user.pk), str(known.asset.pk), now)
    if "approval" in question.context:
        approval = question.context["approval"]
        denial |= explain(approval, known.user.pk, known.asset.pk, known.operation, policy, now)
    return Answer(False, denial)
