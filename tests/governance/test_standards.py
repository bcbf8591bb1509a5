"""Ids and titles of the standards."""

from apps.governance.standards import control, frameworks


def test_every_framework_names_edition_attribution_and_licence() -> None:
    """Attribution is part of the data."""
    for framework in frameworks().values():
        assert framework.edition and framework.attribution and framework.licence, framework.slug


def test_known_controls_have_their_titles() -> None:
    """Spot checks against the published lists."""
    assert control("nist-sp800-53", "AC-2(3)").title == "Disable Accounts"  # type: ignore[union-attr]
    assert control("iso-iec-42001", "A.10.3").title == "Suppliers"  # type: ignore[union-attr]
    assert len(frameworks()["cisa-ztmm"].controls) == 37
    assert len(frameworks()["nist-ai-rmf"].controls) == 72


def test_editions_of_renumbered_lists_are_kept_apart() -> None:
    """The 2025 and 2026 OWASP lists are different frameworks."""
    assert control("owasp-llm-2025", "LLM01:2025") is not None
    assert control("owasp-llm-2026", "LLM01:2025") is None


def test_an_unknown_control_has_no_title() -> None:
    """No title is invented."""
    assert control("nist-sp800-53", "ZZ-99") is None
    assert control("nowhere", "AC-2") is None
