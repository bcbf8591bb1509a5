"""Tiers, AI roles and duty conflicts are those of governance.md §5."""

import pytest

from apps.governance.duties import OPERATION_CONFLICTS, ROLE_CONFLICTS, Rule, conflicts_of
from apps.governance.operations import OPERATIONS
from apps.governance.roles import ROLES, AiRole, acting_as, suggested
from apps.governance.tiers import TIERS, UNKNOWN_TIER, asset_tier, is_sensitive, request_tier
from apps.inventory.states import AssetKind

#: The matrix as printed: H hard, D dynamic, - none; rows and columns in this order.
ORDER = (
    "data_scientist",
    "ml_engineer",
    "mlops",
    "model_validator",
    "data_engineer",
    "model_trainer",
    "model_deployer",
)
MATRIX = {
    "data_scientist": ("-", "-", "H", "-", "-", "D"),
    "ml_engineer": ("-", "H", "-", "-", "D"),
    "mlops": ("D", "-", "D", "-"),
    "model_validator": ("D", "H", "H"),
    "data_engineer": ("D", "-"),
    "model_trainer": ("D",),
}


def test_the_role_matrix_is_that_of_the_design() -> None:
    """Every cell, also the empty ones."""
    for index, (row, cells) in enumerate(MATRIX.items()):
        for column, cell in zip(ORDER[index + 1 :], cells, strict=True):
            pair = frozenset({AiRole(row), AiRole(column)})
            found = ROLE_CONFLICTS.get(pair)
            assert {"H": Rule.HARD, "D": Rule.DYNAMIC, "-": None}[cell] == (found[0] if found else None), (row, column)
    assert len(ROLE_CONFLICTS) == sum(cell != "-" for cells in MATRIX.values() for cell in cells)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("train.run", "model.validate"),
        ("hparam.tune", "model.validate"),
        ("train.run", "model.sign"),
        ("hparam.tune", "model.sign"),
        ("model.sign", "model.deploy"),
        ("data.curate", "model.validate"),
        ("guardrail.change", "model.deploy"),
        ("weights.export", "endpoint.configure"),
    ],
)
def test_operations_conflict_in_both_directions(first: str, second: str) -> None:
    """Each pair of the design, whichever comes first; and no others are listed."""
    assert second in conflicts_of(first, 2)
    assert first in conflicts_of(second, 2)
    assert len(OPERATION_CONFLICTS) == 8


def test_trainer_and_deployer_are_hard_at_tier_1_only() -> None:
    """D, and H on tier 1."""
    assert conflicts_of("train.run", 2)["model.deploy"].rule is Rule.DYNAMIC
    assert conflicts_of("train.run", 1)["model.deploy"].rule is Rule.HARD
    assert conflicts_of("model.deploy", 1)["train.run"].rule is Rule.HARD


def test_reading_and_calling_conflict_with_nothing() -> None:
    """Harmless operations make nobody act in a role."""
    for operation in ("data.read", "weights.read", "eval.run", "endpoint.call"):
        assert acting_as(operation) == frozenset()
        assert conflicts_of(operation, 1) == {}


def test_every_bundle_holds_known_operations_and_its_own_marks() -> None:
    """Bundles by kind of asset are parts of the catalogue."""
    for bundle in ROLES.values():
        assert set(bundle.operations) <= set(OPERATIONS)
        assert bundle.defining <= set(bundle.operations)
        for kind, operations in bundle.by_kind.items():
            assert all(kind in OPERATIONS[key].kinds for key in operations)
    assert "model.validate" in ROLES[AiRole.MODEL_VALIDATOR].by_kind[AssetKind.MODEL_VERSION]
    assert AssetKind.DATASET not in ROLES[AiRole.MODEL_DEPLOYER].by_kind


def test_a_job_title_only_suggests() -> None:
    """In words, for sorting."""
    assert suggested("Senior Data Scientist") is AiRole.DATA_SCIENTIST
    assert suggested("Head of Model Risk") is AiRole.MODEL_VALIDATOR
    assert suggested("Accountant") is None


@pytest.mark.parametrize(
    ("known", "confirmed", "classification", "tier"),
    [
        ([None, None], False, "", UNKNOWN_TIER),
        ([3, None], False, "", 3),
        ([3, 1], False, "", 1),
        ([3], False, "Personal data", 1),
        ([3], True, "Personal data", 3),
        ([None], False, "customer_pii", 1),
        ([7], False, "", UNKNOWN_TIER),
    ],
)
def test_the_tier_of_an_asset(known: list[int | None], confirmed: bool, classification: str, tier: int) -> None:
    """The strictest known; not known counts as 2, personal data as 1 unless somebody confirmed otherwise."""
    assert asset_tier(known, confirmed=confirmed, classification=classification) == tier


def test_the_tier_of_a_request_is_the_stricter_one() -> None:
    """And the limits are those of the design."""
    assert [request_tier(a, b) for a, b in ((3, 3), (1, 3), (3, 1), (2, 3))] == [3, 1, 1, 2]
    assert {n: (t.approvals, t.max_minutes) for n, t in TIERS.items()} == {1: (2, 240), 2: (1, 1440), 3: (0, 480)}
    for key in ("weights.export", "data.export", "model.sign", "guardrail.change"):
        assert OPERATIONS[key].tier == 1


def test_what_reads_as_sensitive() -> None:
    """Words of classifications, and their denial."""
    assert is_sensitive("PII") and is_sensitive("Restricted") and is_sensitive("personal-data")
    assert not is_sensitive("Public") and not is_sensitive("") and not is_sensitive("non-personal")
