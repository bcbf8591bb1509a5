"""Which duties one person may not have together (governance.md §5: role and operation conflicts).

Hard: never in one scope, that is an asset and its lineage, at the same time. Dynamic: not towards the same version and
its lineage, ever: who did one thing to it does not do the other later. What is hard is dynamic too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from apps.governance.roles import ROLES, AiRole, acting_as


class Rule(StrEnum):
    """How far a conflict reaches."""

    HARD = "hard"
    DYNAMIC = "dynamic"


@dataclass(frozen=True, slots=True)
class Duty:
    """Two operations that conflict, how far, and why in one sentence."""

    first: str
    second: str
    rule: Rule
    reason: str


_OWN_WORK = "An independent verdict is void when the judge made what is judged."
_GATE = "Who keeps the gate does not walk through it."
_POISON = "One person could ship a poisoned model."
_LABELS = "One person could poison the labels and then train on them."
_HOLD_OUT = "Who curates the data knows the hold-out set the verdict rests on."
_EVIDENCE = "Who runs the pipeline owns the evidence the verdict rests on."
_BUILD = "Who runs the pipeline owns the build that training feeds."
_BUILDER = "Who builds a version does not bring it to production."

_S, _E, _O = AiRole.DATA_SCIENTIST, AiRole.ML_ENGINEER, AiRole.MLOPS
_V, _D, _T, _P = AiRole.MODEL_VALIDATOR, AiRole.DATA_ENGINEER, AiRole.MODEL_TRAINER, AiRole.MODEL_DEPLOYER

#: Pairs of roles, how far they conflict, and why.
ROLE_CONFLICTS: dict[frozenset[AiRole], tuple[Rule, str]] = {
    frozenset({_S, _V}): (Rule.HARD, _OWN_WORK),
    frozenset({_S, _P}): (Rule.DYNAMIC, _BUILDER),
    frozenset({_E, _V}): (Rule.HARD, _OWN_WORK),
    frozenset({_E, _P}): (Rule.DYNAMIC, _BUILDER),
    frozenset({_O, _V}): (Rule.DYNAMIC, _EVIDENCE),
    frozenset({_O, _T}): (Rule.DYNAMIC, _BUILD),
    frozenset({_V, _D}): (Rule.DYNAMIC, _HOLD_OUT),
    frozenset({_V, _T}): (Rule.HARD, _OWN_WORK),
    frozenset({_V, _P}): (Rule.HARD, _GATE),
    frozenset({_D, _T}): (Rule.DYNAMIC, _LABELS),
    frozenset({_T, _P}): (Rule.DYNAMIC, _POISON),
}
#: Pairs that are hard towards assets of tier 1.
HARD_ON_TIER_1 = frozenset({frozenset({_T, _P})})

#: Pairs of operations that one person does not do to the same version (data.curate: to models trained on the data).
OPERATION_CONFLICTS: tuple[Duty, ...] = (
    Duty("train.run", "model.validate", Rule.DYNAMIC, _OWN_WORK),
    Duty("hparam.tune", "model.validate", Rule.DYNAMIC, _OWN_WORK),
    Duty("train.run", "model.sign", Rule.DYNAMIC, "A signature says that someone else looked at what was trained."),
    Duty("hparam.tune", "model.sign", Rule.DYNAMIC, "A signature says that someone else looked at what was tuned."),
    Duty("model.sign", "model.deploy", Rule.DYNAMIC, "Who signs a version does not bring it to production."),
    Duty("data.curate", "model.validate", Rule.DYNAMIC, _HOLD_OUT),
    Duty("guardrail.change", "model.deploy", Rule.DYNAMIC, "One person could loosen the guardrails of what they ship"),
    Duty("weights.export", "endpoint.configure", Rule.DYNAMIC, "Together they are a way to carry the model outside."),
)


def _pairs(operation: str, tier: int) -> Iterator[Duty]:
    for duty in OPERATION_CONFLICTS:
        if operation in (duty.first, duty.second):
            other = duty.second if operation == duty.first else duty.first
            yield Duty(operation, other, duty.rule, duty.reason)
    for own in acting_as(operation):
        for pair, (rule, reason) in ROLE_CONFLICTS.items():
            if own not in pair:
                continue
            (other_role,) = pair - {own}
            reach = Rule.HARD if tier == 1 and pair in HARD_ON_TIER_1 else rule
            for other in sorted(ROLES[other_role].defining):
                yield Duty(operation, other, reach, reason)


def conflicts_of(operation: str, tier: int) -> dict[str, Duty]:
    """Return the operations that conflict with this one towards an asset of this tier; of two rules the hard one."""
    found: dict[str, Duty] = {}
    for duty in _pairs(operation, tier):
        if duty.second not in found or duty.rule is Rule.HARD:
            found[duty.second] = duty
    return found
