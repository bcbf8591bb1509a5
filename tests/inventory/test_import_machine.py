"""Any history of imports against a plain model: a dict of what the source shows, and sets for the differences."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from apps.core.actor import system
from apps.core.errors import Conflict, Invalid
from apps.inventory.formats import InputFile
from apps.inventory.models import Credential, Factor, Identity, Import
from apps.inventory.services import imports
from apps.inventory.services.intake import import_files
from apps.inventory.services.staging import stage_import
from apps.inventory.states import IMPORT_MACHINE
from tests.inventory.exports import aws_row, console, table

START = datetime(2026, 1, 1, tzinfo=UTC)
ACTOR = system("machine")
NAMES = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["plain", "mfa", "key", "bad"]), max_size=8)
KEY = {"access_key_1_active": "true", "access_key_1_last_rotated": "2025-01-02T03:04:05Z"}


def row(name: str, kind: str) -> dict[str, str]:
    made = {"plain": console(name), "mfa": console(name, mfa_active="true"), "key": aws_row(name, **KEY)}
    return made.get(kind) or console(name, mfa_active="perhaps")


def _hopeless(content: dict[str, str]) -> bool:
    """Return whether there are rows and none can be taken."""
    return bool(content) and set(content.values()) == {"bad"}


class Imports(RuleBasedStateMachine):
    """Imports of one source, at once or in steps, in and out of order."""

    @initialize()
    def begin(self) -> None:
        """Start with nothing imported, in a transaction of its own."""
        self.history = transaction.atomic()
        self.history.__enter__()
        self.folder = tempfile.TemporaryDirectory()
        self.shown: dict[str, str] = {}
        self.at = START
        self.last_main = 0
        self.pending: tuple[Import, dict[str, str], datetime] | None = None

    def teardown(self) -> None:
        """Forget the history and the files."""
        if hasattr(self, "folder"):
            transaction.set_rollback(True)
            self.history.__exit__(None, None, None)
            self.folder.cleanup()

    def _files(self, content: dict[str, str]) -> list[InputFile]:
        path = Path(self.folder.name) / f"{len(list(Path(self.folder.name).iterdir()))}.csv"
        path.write_text(table(row(name, kind) for name, kind in content.items()))
        return [InputFile(path, "report.csv", path.stat().st_size)]

    def _expected(self, content: dict[str, str]) -> tuple[dict[str, str], tuple[int, int, int, int]]:
        """A bad row keeps what the source showed before, and counts as nothing."""
        good = {name: kind for name, kind in content.items() if kind != "bad"}
        kept = {name: kind for name, kind in self.shown.items() if content.get(name) == "bad"}
        counts = (
            len(good.keys() - self.shown.keys()),
            sum(name in self.shown and self.shown[name] != kind for name, kind in good.items()),
            sum(name in self.shown and self.shown[name] == kind for name, kind in good.items()),
            len(self.shown.keys() - content.keys()),
        )
        return {**kept, **good}, counts

    @rule(content=NAMES, days=st.integers(-3, 3), accept=st.booleans())
    def import_at_once(self, content: dict[str, str], days: int, accept: bool) -> None:
        """The command line: taken with exact counts, or refused for its age or its size."""
        at = self.at + timedelta(days=days)
        arguments = {"actor": ACTOR, "format": "aws-iam-credential-report", "source_name": "one", "observed_at": at}
        older = at < self.at and self.last_main >= 0 and Import.objects.filter(state="applied").exists()
        small = not accept and 2 * len(content) < self.last_main
        try:
            owner = import_files(files=self._files(content), accept_shrink=accept, **arguments)  # type: ignore[arg-type]
        except Invalid as refusal:
            assert older or small or _hopeless(content), refusal.reason
            return
        assert not (older or small or _hopeless(content))
        self.shown, counts = self._expected(content)
        assert (owner.created, owner.updated, owner.unchanged, owner.gone) == counts
        self.at, self.last_main = at, sum(kind != "bad" for kind in content.values())

    @rule(content=NAMES)
    def preview(self, content: dict[str, str]) -> None:
        """The browser: staged and compared, nothing visible; the last one is replaced."""
        if self.pending is not None:
            imports.discard_import(actor=ACTOR, import_id=self.pending[0].pk)
        uploads = imports.digest_files(self._files(content))
        at = self.at + timedelta(days=1)
        made = imports.request_import(
            actor=ACTOR, format="aws-iam-credential-report", uploads=uploads, source_name="one", observed_at=at,
            accept_shrink=True,
        )  # fmt: skip
        staged = stage_import(import_id=made.value.pk)  # type: ignore[union-attr]
        self.pending = None
        if _hopeless(content):
            assert staged.state == "refused"
            return
        assert (staged.created, staged.updated, staged.unchanged, staged.gone) == self._expected(content)[1]
        self.pending = (staged, content, at)

    @rule()
    def apply_preview(self) -> None:
        """What was previewed is applied to what is there now, or is too old by now; a second time it is a conflict."""
        if self.pending is None:
            return
        owner, content, at = self.pending
        self.pending = None
        try:
            imports.apply_import(actor=ACTOR, import_id=owner.pk)
        except Invalid:
            assert at < self.at
            imports.discard_import(actor=ACTOR, import_id=owner.pk)
            return
        assert at >= self.at
        self.shown, _ = self._expected(content)
        self.at, self.last_main = at, sum(kind != "bad" for kind in content.values())
        try:
            imports.apply_import(actor=ACTOR, import_id=owner.pk)
            raise AssertionError("applied twice")
        except (Conflict, ValueError):
            pass

    @invariant()
    def the_inventory_is_what_the_source_shows(self) -> None:
        """Present rows, their factors and credentials, and only legal ends."""
        present = Identity.objects.present()
        assert set(present.values_list("login", flat=True)) == set(self.shown)
        kinds = list(self.shown.values())
        assert Factor.objects.present().count() == kinds.count("mfa")
        passwords = Credential.objects.present().filter(kind="password").count()
        assert passwords == kinds.count("plain") + kinds.count("mfa")
        assert Credential.objects.present().filter(kind="access_key").count() == kinds.count("key")
        open_imports = Import.objects.exclude(state__in=IMPORT_MACHINE.terminal)
        assert open_imports.count() == (self.pending is not None)


@pytest.mark.django_db
@pytest.mark.slow
def test_any_history_of_imports_agrees_with_the_model() -> None:
    """Each history runs in a transaction that is undone."""
    run_state_machine_as_test(
        Imports,
        settings=settings(
            max_examples=25, stateful_step_count=7, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
        ),
    )
