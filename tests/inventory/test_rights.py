"""Who may change the inventory, and who may not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from apps.core.actor import Actor, Strength, system
from apps.core.decision import Decision
from apps.core.errors import Forbidden
from apps.inventory import rules
from apps.inventory.formats import InputFile
from apps.inventory.models import Import, RejectedRecord, Source
from apps.inventory.services.imports import apply_import, confirm_import, discard_import
from apps.inventory.services.intake import import_files
from tests.cast import MEMBERS, Cast
from tests.factories import make_import, make_source
from tests.inventory.exports import console, table, write

pytestmark = pytest.mark.django_db
ADMINS = {"security_admin", "second_admin"}
MAY: list[tuple[Callable[[Actor], Decision], set[str]]] = [
    (rules.can_import, ADMINS),
    (rules.can_confirm_owner, ADMINS),
    (rules.can_set_tier, ADMINS | {"ciso"}),
    (rules.can_link_people, ADMINS),
    (rules.can_see_sources, ADMINS | {"ciso", "auditor"}),
]


@pytest.mark.parametrize(("rule", "may"), MAY, ids=lambda value: getattr(value, "__name__", ""))
def test_who_may(cast: Cast, rule: Callable[[Actor], Decision], may: set[str]) -> None:
    assert {name for name, *_ in MEMBERS if rule(cast.actor(name))} == may
    assert rule(system("command line"))
    assert all(rule(cast.actor(name)).reason for name, *_ in MEMBERS if name not in may)


@pytest.mark.parametrize("rule", [rule for rule, _ in MAY[:-1]], ids=lambda value: value.__name__)
def test_a_password_alone_changes_nothing(cast: Cast, rule: Callable[[Actor], Decision]) -> None:
    assert not rule(cast.actor("security_admin", Strength.PASSWORD))


@pytest.mark.parametrize("name", [name for name, *_ in MEMBERS if name not in ADMINS])
def test_no_other_imports_applies_or_discards(cast: Cast, name: str, tmp_path: Path) -> None:
    actor, owner = cast.actor(name), make_import(state="previewed", format="aws-iam-credential-report")
    path = write(tmp_path / "report.csv", table([console("ann")]))
    with pytest.raises(Forbidden):
        import_files(actor=actor, format="auto", files=[InputFile(path, path.name, path.stat().st_size)])
    for act in (apply_import, confirm_import, discard_import):
        with pytest.raises(Forbidden):
            act(actor=actor, import_id=owner.pk)
    owner.refresh_from_db()
    assert owner.state == "previewed" and Import.objects.count() == 1


def test_sources_and_imports_are_seen_by_wide_roles_only(cast: Cast) -> None:
    source = make_source()
    RejectedRecord.objects.create(owner=make_import(source), file="f", where="row 2", reason="canary")
    for name, *_ in MEMBERS:
        seen = [model.objects.visible_to(cast.actor(name)).count() for model in (Source, Import, RejectedRecord)]  # type: ignore[attr-defined]
        assert seen == ([1, 1, 1] if name in ADMINS | {"ciso", "auditor"} else [0, 0, 0])
