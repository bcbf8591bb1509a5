"""Asking the policies. A forbid wins over every permit, no permit is a no, and an error is a no."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime

import cedarpy

from apps.access.models import PolicyVersion
from apps.access.policies.language import Texts, schema
from apps.access.policies.questions import Ctx, PolicyAnswer, Principal, Question, Resource, as_request, entity
from apps.access.policies.versions import InForce, in_force, load

log = logging.getLogger(__name__)
NO_POLICY = "No policy allows this"
NOT_EVALUATED = "The policies could not be evaluated, so the answer is no"
NONE_IN_FORCE = "No policies are in force"


def evaluate(
    *,
    principal: Principal,
    operation: str,
    resource: Resource,
    context: Ctx,
    now: datetime,
    version: PolicyVersion | InForce | None = None,
) -> PolicyAnswer:
    """Answer one question by the version in force, or by `version`. Never raises for what a policy or a caller got
    wrong: that is a no, and logged."""
    return evaluate_many([Question(principal, operation, resource, context, now)], version=version)[0]


def evaluate_many(
    questions: Sequence[Question], *, version: PolicyVersion | InForce | None = None
) -> list[PolicyAnswer]:
    """Answer many questions in their order, all by one version: that in force by default.

    One query, two when the version is new to this process.
    """
    if not questions:
        return []
    try:
        chosen = load(version) if isinstance(version, PolicyVersion) else version or in_force()
    except ValueError:
        log.exception("access.policies.unreadable")
        return [_no(NOT_EVALUATED)] * len(questions)
    if chosen is None:
        log.error("access.policies.none_in_force")
        return [_no(NONE_IN_FORCE)] * len(questions)
    return _answers(questions, chosen)


def _answers(questions: Sequence[Question], chosen: InForce) -> list[PolicyAnswer]:
    number = chosen.number
    try:
        subjects = {question.principal for question in questions} | {question.resource for question in questions}
        entities = cedarpy.Entities.from_json_str(json.dumps([entity(one) for one in subjects]), schema())
        requests = [as_request(question) for question in questions]
        results = cedarpy.is_authorized_batch(requests, chosen.policies.policies, entities, schema())
    except (ValueError, KeyError, TypeError):
        if len(questions) > 1:
            # One bad question must not decide the others.
            return [_answers([question], chosen)[0] for question in questions]
        log.exception("access.policies.failed", extra={"operation": questions[0].operation, "version": number})
        return [_no(NOT_EVALUATED, number)]
    return [_answer(result, chosen.policies.texts, number) for result in results]


def _answer(result: cedarpy.AuthzResult, texts: Texts, number: int) -> PolicyAnswer:
    diagnostics = result.diagnostics
    if diagnostics.errors or result.decision == cedarpy.Decision.NoDecision:
        # Cedar skips a policy that fails, also a forbid: a skipped forbid must never let anybody in.
        log.error("access.policies.failed", extra={"errors": diagnostics.errors, "version": number})
        return _no(NOT_EVALUATED, number)
    slugs = tuple(sorted(set(diagnostics.id_annotations_by_reason.values())))
    decided = [texts[slug] for slug in slugs]
    if not slugs:
        return _no(NO_POLICY, number)
    return PolicyAnswer(
        allowed=result.allowed,
        policy_ids=slugs,
        reasons=tuple(policy["reason"] for policy in decided),
        remedies=() if result.allowed else tuple(policy["remedy"] for policy in decided if policy["remedy"]),
        version_number=number,
        requestable=result.allowed or all(policy["requestable"] for policy in decided),
    )


def _no(reason: str, number: int | None = None) -> PolicyAnswer:
    return PolicyAnswer(False, (), (reason,), (), number, requestable=False)
