"""What every provisioner keeps, whatever its target: a test class inherits these and supplies the fixture `rig`.

`Conformance` is for all; `KeepsWhatWasThere` for targets where access may exist beside our grants. The rig reads the
target itself (`shown`), never through the provisioner, so that a provisioner that lies is found out.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from apps.access.models import Binding
from apps.access.provisioning.contract import Provisioner, Report, Work
from apps.access.states import Presence

WANTED, GONE = Presence.PRESENT, Presence.ABSENT


@dataclass
class Rig:
    """A target with one account and one resource.

    `work(wanted, generation=, baseline=, keep=, level=)` makes work for one grant there; `shown()` returns the levels
    the account has at the target; `seed(level)` gives a level as if it had always been there; `settle()` does what the
    target needs to finish (a person who confirms); `broken()` is a block in which the target cannot be reached.
    """

    provisioner: Provisioner
    work: Callable[..., Work]
    shown: Callable[[], set[str]]
    levels: tuple[str, str]
    seed: Callable[[str], None]
    broken: Callable[[], AbstractContextManager[object]] | None = None
    settle: Callable[[], None] = lambda: None
    binding: Binding | None = None
    secrets: tuple[str, ...] = field(default=())

    def grant(self, work: Work) -> Report:
        """Give, and let the target finish."""
        report = self.provisioner.grant(work)
        self.settle()
        return report

    def revoke(self, work: Work) -> Report:
        """Take away, and let the target finish."""
        report = self.provisioner.revoke(work)
        self.settle()
        return report


class Conformance:
    """Give, look, take away, look: idempotent, honest about what is not known, and without secrets."""

    def test_what_is_given_is_seen_and_what_is_taken_is_seen_gone(self, rig: Rig) -> None:
        """Both observations rest on the target."""
        level = rig.levels[0]
        assert rig.grant(rig.work(WANTED)).worked
        seen = rig.provisioner.observe(rig.work(WANTED))
        assert (seen.worked, seen.observed) == (True, Presence.PRESENT) and level in rig.shown()
        assert rig.revoke(rig.work(GONE, generation=2)).worked
        gone = rig.provisioner.observe(rig.work(GONE, generation=2))
        assert (gone.worked, gone.observed) == (True, Presence.ABSENT) and rig.shown() == set()

    def test_access_that_is_there_is_never_seen_gone(self, rig: Rig) -> None:
        """What was asked for makes no difference to what is there."""
        rig.grant(rig.work(WANTED))
        assert rig.levels[0] in rig.shown()
        looked = rig.provisioner.observe(rig.work(WANTED))
        assert looked.observed == Presence.PRESENT

    def test_a_repeat_of_the_same_generation_changes_nothing(self, rig: Rig) -> None:
        """Lost answers lead to repeats."""
        for _ in range(3):
            assert rig.grant(rig.work(WANTED)).worked
        once = rig.shown()
        assert once == {rig.levels[0]}
        for _ in range(3):
            assert rig.revoke(rig.work(GONE, generation=2)).worked
        assert rig.shown() == set()

    def test_taking_away_what_was_never_given_works(self, rig: Rig) -> None:
        """A grant that never arrived ends like any other."""
        assert rig.revoke(rig.work(GONE, generation=2)).worked
        assert rig.provisioner.observe(rig.work(GONE, generation=2)).observed == Presence.ABSENT

    def test_a_later_generation_gives_again(self, rig: Rig) -> None:
        """Suspended and resumed: the key is another, so it is no repeat."""
        rig.grant(rig.work(WANTED))
        rig.revoke(rig.work(GONE, generation=2))
        assert rig.grant(rig.work(WANTED, generation=3)).worked
        assert rig.provisioner.observe(rig.work(WANTED, generation=3)).observed == Presence.PRESENT
        assert rig.shown() == {rig.levels[0]}

    def test_looking_changes_nothing(self, rig: Rig) -> None:
        """Before and after."""
        before = rig.shown()
        for wanted in (WANTED, GONE):
            rig.provisioner.observe(rig.work(wanted))
        assert rig.shown() == before

    def test_what_cannot_be_reached_is_not_known(self, rig: Rig) -> None:
        """Neither present nor absent: only what was seen counts."""
        rig.grant(rig.work(WANTED))
        if rig.broken is None:
            assert not rig.secrets, "a target with credentials can be out of reach"
            return
        with rig.broken():
            for work in (rig.work(WANTED), rig.work(GONE, generation=2)):
                report = _tried(rig.provisioner.observe, work)
                assert (report.worked, report.observed) == (False, Presence.UNKNOWN)
            assert not _tried(rig.provisioner.revoke, rig.work(GONE, generation=2)).worked

    def test_no_secret_is_evidence(self, rig: Rig) -> None:
        """What is kept for ever holds no credential, whether it went well or not."""
        reports = [
            rig.grant(rig.work(WANTED)),
            rig.provisioner.observe(rig.work(WANTED)),
            rig.revoke(rig.work(GONE, generation=2)),
        ]
        if rig.broken is not None:
            with rig.broken():
                reports.append(_tried(rig.provisioner.observe, rig.work(WANTED)))
        kept = str([dict(report.evidence) for report in reports])
        assert kept and [secret for secret in rig.secrets if secret in kept] == []

    def test_access_with_our_mark_is_found(self, rig: Rig) -> None:
        """Where the target has marks, everything we gave is listed with its grant, and nothing afterwards."""
        work = rig.work(WANTED)
        rig.grant(work)
        if rig.binding is not None:
            found = rig.provisioner.scan(rig.binding)
            assert [(item.grant in (None, work.grant), item.level) for item in found] == [(True, rig.levels[0])]
        rig.revoke(rig.work(GONE, generation=2))
        if rig.binding is not None:
            assert rig.provisioner.scan(rig.binding) == []


class KeepsWhatWasThere(Conformance):
    """Target access is what was there before ∪ live grants (invariant 10)."""

    def test_what_was_there_before_is_read_and_stays(self, rig: Rig) -> None:
        """The level of before is back, whatever was given in between."""
        low, high = rig.levels
        rig.seed(low)
        before = rig.provisioner.observe(rig.work(WANTED, level=high))
        assert before.level == low and before.observed == Presence.ABSENT
        rig.grant(rig.work(WANTED, level=high, baseline=before.level))
        assert high in rig.shown()
        rig.revoke(rig.work(GONE, generation=2, level=high, baseline=before.level))
        assert rig.shown() == {low}
        gone = rig.provisioner.observe(rig.work(GONE, generation=2, level=high, baseline=before.level))
        assert gone.observed == Presence.ABSENT

    def test_what_another_live_grant_gives_stays(self, rig: Rig) -> None:
        """Ending one never takes another's."""
        low, high = rig.levels
        rig.grant(rig.work(WANTED, level=low))
        rig.grant(rig.work(WANTED, level=high, keep=(low,)))
        rig.revoke(rig.work(GONE, generation=2, level=high, keep=(low,)))
        assert rig.shown() == {low}
        gone = rig.provisioner.observe(rig.work(GONE, generation=2, level=high, keep=(low,)))
        assert gone.observed == Presence.ABSENT
        rig.revoke(rig.work(GONE, generation=3, level=low))
        assert rig.shown() == set()

    def test_more_than_what_may_stay_is_seen(self, rig: Rig) -> None:
        """Access that nobody took away is present, even if some of it may stay."""
        low, high = rig.levels
        rig.seed(low)
        rig.grant(rig.work(WANTED, level=high, baseline=low))
        seen = rig.provisioner.observe(rig.work(GONE, generation=2, level=high, baseline=low))
        assert seen.observed == Presence.PRESENT


def _tried(call: Callable[[Work], Report], work: Work) -> Report:
    """Call as the carrier of grants does: an exception is an answer too."""
    try:
        return call(work)
    except Exception as problem:
        return Report(False, evidence={"problem": str(problem)})
