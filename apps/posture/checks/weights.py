"""Checks about model weights: MD-01 (signature) and MD-03 (formats that run code).

OWASP AISVS 3.1.2, 3.1.3, 4.1.2; NIST SP 800-53 r5 CM-14, SI-7(15); MITRE ATLAS AML.T0010.003, AML.T0011.000.
"""

from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, F, Func, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, NullIf

from apps.core.facts import Fact
from apps.integrity.queries import artifact_exists, signature_reason, signature_state
from apps.integrity.states import SignatureState
from apps.posture.checks.deployed import ALIASES, STAGES, models, with_deployed
from apps.posture.checks.governance import ASSET_LABEL
from apps.posture.checks.refs import aisvs, atlas, nist, owasp_ml
from apps.posture.outcomes import failing, iso, judge, met, no_data, stale, text, verdict, yes_no
from apps.posture.spec import CheckSpec, FixStep, Params
from apps.posture.states import Outcome

#: Verdicts that fail, with the words of the reason; a version that nobody proved is not met, whatever it claims.
UNPROVEN = {
    SignatureState.DIGEST_MISMATCH: "Its content changed after signing",
    SignatureState.FILES_DIFFER: "Files were added or removed after signing",
    SignatureState.INVALID: "Its signature is invalid",
    SignatureState.VALID_UNKNOWN_SIGNER: "It is signed by somebody who is not trusted here",
    SignatureState.SIGNED_NOT_CHECKED: "It is signed, but the signature was not verified",
    SignatureState.UNSUPPORTED: "Its signature cannot be verified here",
}


class _Joined(Func):
    """Texts put together; null where one is null."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = CharField()


def _standing() -> Coalesce:
    """Return an expression: the verdict on the deployed version, where unsigned is told from files not known."""
    unsigned = Case(
        When(artifact_exists("deployed__pk"), then=Value("unsigned")),
        default=Value("files_unknown"),
        output_field=CharField(),
    )
    return Coalesce(NullIf(signature_state("deployed__pk"), Value(str(SignatureState.UNSIGNED))), unsigned)


def _signature_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the verdict on the files of the deployed version: only a verified signature of a trusted signer is met.

    A version that nobody proved fails, however old the data is (docs/decisions/0001); what is met must be fresh.
    The verdict is a correlated subquery, so each annotation names it once.
    """
    subjects = with_deployed(subjects, params).alias(standing=_standing())
    old = stale("last_seen_at", now, MD_01.freshness_days)
    cases = [
        no_data(Q(deployed__pk__isnull=True), "no_version"),
        failing(~Q(standing=SignatureState.VALID_TRUSTED), "unproven"),
        old,
        met(Q(pk__isnull=False)),
    ]
    evidence = {
        "version": F("deployed__version"),
        "verdict": signature_state("deployed__pk"),
        "why": signature_reason("deployed__pk"),
        "files_listed": yes_no(Q(artifact_exists("deployed__pk"))),
        "expected": text("a signature that verifies against a key or certificate trusted here"),
        "last_seen_at": iso("last_seen_at"),
    }
    proven = Case(When(old.condition, then=Value(str(old.reason))), default=Value(""), output_field=CharField())
    reason = Case(
        When(deployed__pk__isnull=True, then=Value("no_version")),
        default=Coalesce(NullIf(F("standing"), Value(str(SignatureState.VALID_TRUSTED))), proven),
        output_field=CharField(),
    )
    fresh = Case(
        When(old.condition, then=Value(verdict(old.outcome, old.reason))), default=Value(verdict(Outcome.MET, ""))
    )
    unproven = NullIf(F("standing"), Value(str(SignatureState.VALID_TRUSTED)))
    found = Case(
        When(deployed__pk__isnull=True, then=Value(verdict(Outcome.NOT_EVALUATED, "no_version"))),
        default=Coalesce(_Joined(Value(verdict(Outcome.FAILING, "")), unproven), fresh),
        output_field=CharField(),
    )
    return judge(subjects, cases, evidence=evidence, label=ASSET_LABEL).annotate(reason=reason, verdict=found)


MD_01 = CheckSpec(
    id="MD-01",
    title="Every deployed model is signed by a trusted signer",
    question="Does a signature verify for the files of the deployed version, by a key or certificate trusted here?",
    subject_kind="asset",
    severity="critical",
    pillar="models",
    function="A DevDeploy",
    stage="initial",
    refs=(
        nist("CM-14"),
        nist("SI-7(15)"),
        aisvs("3.1.2"),
        aisvs("3.1.3"),
        atlas("AML.T0010.003"),
        atlas("AML.M0013"),
        owasp_ml("ML06:2023"),
    ),
    parameters=(ALIASES, STAGES),
    subjects=models,
    outcome=_signature_outcome,
    why="Without a verified signature nobody can tell whether the model in use is the one that was approved.",
    fix=(
        FixStep("OpenSSF Model Signing", "Sign the version's files at release, and keep the signature beside them.",
                "model_signing sign key MODEL_DIR --private-key KEY.pem --signature model.sig"),
        FixStep("Portal", "Add the signer's key or root certificate under Trusted keys, then import the signature."),
        FixStep("MLflow", "Export the artifact listing with digests, so that files and signature can be matched."),
    ),
    effort="Under an hour per pipeline",
    impact="None for callers",
    data="Versions and artifact digests (MLflow), signatures (OpenSSF Model Signing)",
    reasons={
        "no_version": "No version is known",
        "unsigned": "No signature covers exactly its files",
        "files_unknown": "No signature was verified, and no source lists its files",
        **{str(state): words for state, words in UNPROVEN.items()},
    },
)  # fmt: skip


def _format_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the file format of the deployed version's weights."""
    subjects = with_deployed(subjects, params)
    cases = [
        no_data(Q(deployed__pk__isnull=True), "no_version"),
        failing(Q(deployed__runs_code=Fact.YES), "runs_code"),
        stale("last_seen_at", now, MD_03.freshness_days),
        met(Q(deployed__runs_code=Fact.NO)),
        no_data(Q(deployed__runs_code=Fact.UNKNOWN), "format_unknown"),
    ]
    evidence = {
        "version": F("deployed__version"),
        "format": F("deployed__serialisation"),
        "loading_runs_code": F("deployed__runs_code"),
        "expected": text("a format that only holds numbers, such as safetensors, skops or ONNX"),
        "last_seen_at": iso("last_seen_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=ASSET_LABEL)


MD_03 = CheckSpec(
    id="MD-03",
    title="Loading a deployed model cannot run code",
    question="Are the weights of the deployed version in a format that cannot run code when loaded?",
    subject_kind="asset",
    severity="high",
    pillar="models",
    function="A DevDeploy",
    stage="initial",
    refs=(aisvs("4.1.2"), atlas("AML.T0011.000")),
    parameters=(ALIASES, STAGES),
    subjects=models,
    outcome=_format_outcome,
    why="A pickle is a program: whoever can change the file runs code wherever the model is loaded.",
    fix=(
        FixStep("scikit-learn", "Save with skops instead of pickle.",
                'mlflow.sklearn.log_model(model, name="model", serialization_format="skops")'),
        FixStep("PyTorch", "Save the weights as safetensors, or export to ONNX."),
    ),
    effort="Hours per model",
    impact="The serving image needs the new format's loader",
    data="MLmodel file or artifact listing of the version (MLflow)",
    reasons={
        "no_version": "No version is known",
        "runs_code": "Loading this format can run code",
        "format_unknown": "No source tells the format",
    },
)  # fmt: skip
