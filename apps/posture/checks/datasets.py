"""Checks about data: DA-05 (provenance). NIST SP 800-53 r5 SR-4; ISO/IEC 42001 A.7.5."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from apps.inventory.models import Asset
from apps.inventory.states import AssetKind
from apps.posture.checks.governance import ASSET_LABEL
from apps.posture.checks.refs import aisvs, atlas, iso42001, nist
from apps.posture.outcomes import failing, iso, judge, met, stale, text
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params

#: What provenance consists of: parameter entry → (condition that it is missing, reason).
PARTS = {
    "source": (Q(location=""), "no_source"),
    "hash": (Q(content_digest=""), "no_hash"),
    "licence": (Q(licence=""), "no_licence"),
    "owner": (Q(owner__isnull=True) | Q(owner_confirmed_at__isnull=True), "no_owner"),
}


@dataclass(frozen=True, slots=True)
class PartsParameter(Parameter):
    """A choice of what provenance must consist of: at least one of PARTS."""

    def parsed(self, value: Any) -> list[str]:
        """Return the chosen parts in the order of PARTS. Raises Invalid for none, or for one that does not exist."""
        chosen = super(PartsParameter, self).parsed(value)
        unknown = [part for part in chosen if part not in PARTS]
        if unknown or not chosen:
            raise self.refuse(f"choose from {', '.join(PARTS)}.")
        return [part for part in PARTS if part in chosen]


def datasets() -> QuerySet[Asset]:
    """Return the datasets that some run names or some source shows."""
    return Asset.objects.present().filter(kind=AssetKind.DATASET)


def _provenance_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the required parts of the provenance; the first missing one is the reason, all are in the evidence."""
    cases = [failing(*PARTS[part]) for part in params["parts"]]
    cases += [stale("last_seen_at", now, DA_05.freshness_days), met(Q(pk__isnull=False))]
    evidence = {
        "source": F("location"),
        "hash": F("content_digest"),
        "licence": F("licence"),
        "owner": F("owner__name"),
        "last_seen_at": iso("last_seen_at"),
        "expected": text(", ".join(params["parts"])),
    }
    return judge(subjects, cases, evidence=evidence, label=ASSET_LABEL)


DA_05 = CheckSpec(
    id="DA-05",
    title="Training data has a known origin",
    question="Are source, hash, licence and a responsible person of the dataset recorded?",
    subject_kind="asset",
    severity="medium",
    pillar="data",
    function="Da Inv",
    stage="initial",
    refs=(nist("SR-4"), aisvs("1.1.2"), atlas("AML.M0025"), iso42001("A.7.5")),
    parameters=(PartsParameter("parts", "Required parts", "list", list(PARTS)),),
    subjects=datasets,
    outcome=_provenance_outcome,
    why="Data of unknown origin may be poisoned, unlicensed or personal, and the model cannot be rebuilt from it.",
    fix=(
        FixStep("MLflow", "Log the dataset with its source, and tag it with licence and owner.",
                "mlflow.log_input(mlflow.data.from_pandas(frame, source=URI, name=NAME))"),
        FixStep("Portal", "Open the dataset and confirm its owner."),
    ),
    effort="Under an hour per dataset",
    impact="None",
    data="Runs that name their data (MLflow dataset inputs)",
    reasons={
        "no_source": "Its source is not recorded",
        "no_hash": "Its hash is not recorded",
        "no_licence": "Its licence is not recorded",
        "no_owner": "Nobody is confirmed as responsible",
    },
)  # fmt: skip
