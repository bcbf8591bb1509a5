"""MD-01 and MD-03: signature and format of the version that is deployed."""

from typing import Any

import pytest

from apps.core.errors import Invalid
from apps.integrity.models import Artifact, Signature
from apps.integrity.states import SignatureState
from apps.inventory.models import Asset
from apps.posture.checks.weights import UNPROVEN
from apps.posture.spec import CHECKS
from tests.factories import NOW, make_asset, make_source
from tests.factories import _row as row
from tests.posture.judging import HOSTILE, ago, answers, said

pytestmark = pytest.mark.django_db


def make_version(model: Asset, number: int | None, **fields: Any) -> Asset:
    """Return a version of a model."""
    named = {"version": str(number), "version_number": number, "name": model.name, **fields}
    return make_asset(kind="model_version", parent=model, **named)


def make_artifact(version: Asset | None, digest: str = "d1", **fields: Any) -> Artifact:
    """Return the listed files of a version."""
    defaults: dict[str, Any] = {"asset": version, "name": "files", "files_digest": digest}
    return Artifact.objects.create(**defaults, **row(fields, "artifact"))


def make_signature(digest: str = "d1", state: str = SignatureState.VALID_TRUSTED, **fields: Any) -> Signature:
    """Return a signature over files of this digest, with its verdict."""
    defaults: dict[str, Any] = {"artifact": make_artifact(None, digest), "files_digest": digest, "state": state}
    return Signature.objects.create(**{**defaults, **row(fields, "signature")})


def listed(**fields: Any) -> Asset:
    """Return a model whose one version has listed files."""
    model = make_asset(**fields)
    make_artifact(make_version(model, 1))
    return model


def test_verdicts() -> None:
    """Only a verified signature of a trusted signer is met; every other verdict fails and names itself."""
    seen = {}
    for state in SignatureState:
        model, digest = make_asset(), f"digest-{state}"
        make_artifact(make_version(model, 1), digest)
        if state != SignatureState.UNSIGNED:
            make_signature(digest, state)
        seen[state] = said("MD-01", model)
    assert seen.pop(SignatureState.VALID_TRUSTED) == "met"
    assert seen == {state: f"failing {state}" for state in (*UNPROVEN, SignatureState.UNSIGNED)}
    assert set(CHECKS["MD-01"].reasons) >= {words.split()[1] for words in seen.values()}


def test_what_is_not_known_of_a_model() -> None:
    """Without a version there is nothing to judge; without listed files nobody proved anything (decision 0001)."""
    bare, unlisted = make_asset(), make_asset()
    make_version(unlisted, 1)
    assert said("MD-01", bare) == "not_evaluated no_version" == said("MD-03", bare)
    assert said("MD-01", unlisted) == "failing files_unknown"


@pytest.mark.parametrize(
    ("artifact", "signature", "expected"),
    [
        ({}, {}, "met"),
        ({"gone_at": NOW}, {}, "failing files_unknown"),
        ({"digest": ""}, {"digest": ""}, "failing files_unknown"),
        ({}, {"gone_at": NOW}, "failing unsigned"),
        ({}, {"digest": "other"}, "failing unsigned"),
    ],
)
def test_a_signature_meets_a_version_by_content(
    artifact: dict[str, Any], signature: dict[str, Any], expected: str
) -> None:
    """Present rows of equal digest; an empty digest equals nothing."""
    model = make_asset()
    make_artifact(make_version(model, 1), **artifact)
    make_signature(**signature)
    assert said("MD-01", model) == expected


def test_one_trusted_signature_suffices() -> None:
    """Among several the trusted one decides; without one, the worst."""
    model = listed()
    make_signature(state=SignatureState.VALID_UNKNOWN_SIGNER)
    make_signature(state=SignatureState.DIGEST_MISMATCH)
    assert said("MD-01", model) == "failing digest_mismatch"
    make_signature()
    assert said("MD-01", model) == "met"


@pytest.mark.parametrize(
    ("versions", "deployed"),
    [
        ([(1, {}), (2, {})], "2"),
        ([(9, {}), (10, {})], "10"),
        ([(1, {"aliases": ["champion"]}), (2, {})], "1"),
        ([(1, {"aliases": ["x", "PROD"]}), (2, {})], "1"),
        ([(1, {"aliases": ["production"]}), (2, {"aliases": ["champion"]}), (3, {})], "2"),
        ([(1, {"aliases": ["champion-old", "my champion"]}), (2, {})], "2"),
        ([(1, {"stage": "production"}), (2, {"stage": "Staging"})], "1"),
        ([(1, {"stage": "Production"}), (2, {"aliases": ["champion"]}), (3, {"stage": "Production"})], "2"),
        ([(1, {"aliases": ["champion"], "gone_at": NOW}), (2, {}), (3, {"gone_at": NOW})], "2"),
        ([(1, {}), (None, {"version": "latest"})], "1"),
        ([(None, {"version": "a", "created_on_source_at": ago(2)}), (None, {"version": "b"})], "a"),
        (
            [
                (None, {"version": "a", "created_on_source_at": ago(2)}),
                (None, {"version": "b", "created_on_source_at": ago(1)}),
            ],
            "b",
        ),
    ],
)
def test_which_version_is_deployed(versions: list[tuple[int | None, dict[str, Any]]], deployed: str) -> None:
    """By alias, by stage, else the newest that is there; versions of no number come last on both databases."""
    model = make_asset()
    for number, fields in versions:
        make_version(model, number, **fields)
    assert answers("MD-01")[model.pk].evidence["version"] == deployed
    assert answers("MD-03")[model.pk].evidence["version"] == deployed


@pytest.mark.parametrize(
    ("params", "deployed"),
    [
        ({"aliases": ["live"], "stages": []}, "1"),
        ({"aliases": "live, champion", "stages": ""}, "1"),
        ({"aliases": [], "stages": ["Staging"]}, "2"),
        ({"aliases": [], "stages": []}, "3"),
        ({"aliases": ["%", "_", '"', "\\"], "stages": ["%"]}, "3"),
        ({"aliases": ["prüfstand"], "stages": []}, "2"),
    ],
)
def test_aliases_and_stages_are_parameters(params: dict[str, Any], deployed: str) -> None:
    """Taken literally, also what is not ASCII."""
    model = make_asset()
    make_version(model, 1, aliases=["live"])
    make_version(model, 2, stage="Staging", aliases=["prüfstand"])
    make_version(model, 3)
    assert answers("MD-01", **params)[model.pk].evidence["version"] == deployed


@pytest.mark.parametrize(
    "given", [{"aliases": 7}, {"aliases": ["x" * 201]}, {"stages": ["x"] * 51}, {"aliases": [1]}, {"days": 3}]
)
def test_bad_parameters_are_refused(given: dict[str, Any]) -> None:
    """Of the wrong type, too long, too many, or unknown."""
    for check_id in ("MD-01", "MD-03"):
        with pytest.raises(Invalid):
            CHECKS[check_id].parsed(given)


@pytest.mark.parametrize(
    ("runs_code", "expected"),
    [("yes", "failing runs_code"), ("no", "met"), ("unknown", "not_evaluated format_unknown")],
)
def test_formats(runs_code: str, expected: str) -> None:
    """Of the deployed version, not of another."""
    model = make_asset()
    make_version(model, 1, runs_code="yes" if runs_code == "no" else "no")
    make_version(model, 2, runs_code=runs_code)
    assert said("MD-03", model) == expected


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (1, False)])
def test_what_is_met_must_be_fresh(seconds: int, fresh: bool) -> None:
    """Old data proves nothing good; a failure that was seen stays one."""
    at = ago(30, seconds)
    good, bad = listed(last_seen_at=at), make_asset(last_seen_at=at)
    Asset.objects.filter(parent=good).update(runs_code="no")
    make_version(bad, 1, runs_code="yes")
    make_signature()
    expected = "met" if fresh else "not_evaluated stale"
    assert said("MD-01", good) == expected == said("MD-03", good)
    assert said("MD-01", bad) == "failing files_unknown"
    assert said("MD-03", bad) == "failing runs_code"


def test_only_models_that_are_there() -> None:
    """Versions are judged through their model; gone models are in no count."""
    gone, model = make_asset(gone_at=NOW), make_asset()
    make_version(gone, 1)
    make_version(model, 1)
    make_asset(kind="dataset")
    for check_id in ("MD-01", "MD-03"):
        assert list(answers(check_id)) == [model.pk]


def test_evidence_and_label() -> None:
    """What was seen, what was expected, and when."""
    model = make_asset(name=HOSTILE)
    make_artifact(make_version(model, 3, serialisation="pickle", runs_code="yes"), source=make_source())
    make_signature(state=SignatureState.INVALID, reason="The signature does not match its key.")
    signature, form = answers("MD-01")[model.pk], answers("MD-03")[model.pk]
    assert signature.label == form.label == HOSTILE
    assert signature.evidence == {
        "version": "3",
        "verdict": "invalid",
        "why": "The signature does not match its key.",
        "files_listed": "yes",
        "expected": "a signature that verifies against a key or certificate trusted here",
        "last_seen_at": "2026-11-20T06:12:00Z",
    }
    assert form.evidence == {
        "version": "3",
        "format": "pickle",
        "loading_runs_code": "yes",
        "expected": "a format that only holds numbers, such as safetensors, skops or ONNX",
        "last_seen_at": "2026-11-20T06:12:00Z",
    }
