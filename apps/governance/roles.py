"""AI roles: bundles of operations per kind of asset, and which operations make somebody act in a role.

A role here is a job at AI assets, not a role of the portal (`core.actor.Role`), and confers nothing: each operation of
a bundle is asked for and approved by itself. Somebody acts in a role towards an asset while, or because, they hold one
of its defining operations; a job title only suggests (`suggested`), so that an import never decides about duties.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from apps.governance.operations import OPERATIONS
from apps.inventory.states import AssetKind


class AiRole(StrEnum):
    """The jobs at AI assets."""

    DATA_SCIENTIST = "data_scientist"
    ML_ENGINEER = "ml_engineer"
    MLOPS = "mlops"
    MODEL_VALIDATOR = "model_validator"
    DATA_ENGINEER = "data_engineer"
    MODEL_TRAINER = "model_trainer"
    MODEL_DEPLOYER = "model_deployer"


@dataclass(frozen=True, slots=True)
class RoleBundle:
    """A role: its operations, those that define it, and words of job titles that suggest it."""

    role: AiRole
    title: str
    job: str
    operations: tuple[str, ...]
    defining: frozenset[str]
    titles: tuple[str, ...]

    @property
    def by_kind(self) -> Mapping[AssetKind, tuple[str, ...]]:
        """Return the operations for each kind of asset the role works on, in catalogue order."""
        return {
            kind: found
            for kind in AssetKind
            if (found := tuple(k for k, o in OPERATIONS.items() if k in self.operations and kind in o.kinds))
        }


ROLES: dict[AiRole, RoleBundle] = {
    bundle.role: bundle
    for bundle in (
        RoleBundle(
            AiRole.DATA_SCIENTIST,
            "Data Scientist",
            "Explores data and tunes models",
            ("data.read", "weights.read", "hparam.tune", "eval.run", "endpoint.call"),
            frozenset({"hparam.tune"}),
            ("data scientist", "research scientist"),
        ),
        RoleBundle(
            AiRole.ML_ENGINEER,
            "ML Engineer",
            "Builds models and the code around them",
            ("data.read", "weights.read", "hparam.tune", "train.run", "eval.run", "endpoint.call"),
            frozenset({"hparam.tune"}),
            ("ml engineer", "machine learning engineer", "ai engineer"),
        ),
        RoleBundle(
            AiRole.MLOPS,
            "MLOps",
            "Runs pipelines, registry and endpoints",
            (
                "model.promote",
                "endpoint.configure",
                "guardrail.change",
                "agent.grant_tool",
                "eval.run",
                "endpoint.call",
            ),
            frozenset({"model.promote", "endpoint.configure", "agent.grant_tool"}),
            ("mlops", "ml platform", "machine learning operations"),
        ),
        RoleBundle(
            AiRole.MODEL_VALIDATOR,
            "Model Validator",
            "Gives the independent verdict on a version",
            ("model.validate", "eval.run", "weights.read", "data.read", "endpoint.call"),
            frozenset({"model.validate"}),
            ("validator", "model risk", "model validation"),
        ),
        RoleBundle(
            AiRole.DATA_ENGINEER,
            "Data Engineer",
            "Builds the data that models learn from",
            ("data.read", "data.curate", "data.export"),
            frozenset({"data.curate"}),
            ("data engineer", "data steward"),
        ),
        RoleBundle(
            AiRole.MODEL_TRAINER,
            "Model Trainer",
            "Runs training and registers versions",
            ("train.run", "hparam.tune", "weights.read", "data.read", "eval.run"),
            frozenset({"train.run"}),
            ("model trainer", "training engineer"),
        ),
        RoleBundle(
            AiRole.MODEL_DEPLOYER,
            "Model Deployer",
            "Brings signed versions to production",
            ("model.deploy", "eval.run", "endpoint.call"),
            frozenset({"model.deploy"}),
            ("deployer", "release engineer", "release manager"),
        ),
    )
}


def acting_as(operation: str) -> frozenset[AiRole]:
    """Return the roles somebody acts in by this operation; none where it defines no role."""
    return frozenset(role for role, bundle in ROLES.items() if operation in bundle.defining)


def suggested(job_title: str) -> AiRole | None:
    """Return the role a job title suggests, for sorting and for words only; None where none."""
    title = job_title.lower()
    return next((r for r, bundle in ROLES.items() if any(words in title for words in bundle.titles)), None)
