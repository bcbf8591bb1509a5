"""Break-glass: who may, who lets them, who is told, who looks at it afterwards, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.access.models import AfterReview, BreakGlass, EmergencyPermit, Grant
from apps.access.queries.emergency import review_due, reviews_visible_to
from apps.access.rules.emergency import may_ever
from apps.access.services.emergency import break_glass, confirm_permit, end_permit, permit, review
from apps.access.services.grants import release
from apps.access.states import AfterReviewState, GrantState
from apps.audit.models import Entry
from apps.core import clock
from apps.core.actor import Actor, Strength
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.inventory.models import Asset
from apps.notices.models import Notice
from tests.access.grants import make_holder
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
NAMES = ("ciso", "security_admin", "second_admin", "manager", "owner", "engineer", "auditor", "service", "outsider")


def passkey(cast: Cast, name: str, age: timedelta = timedelta(0)) -> Actor:
    """Return a member who proved a phishing-resistant factor `age` ago."""
    return replace(cast.actor(name, Strength.PHISHING_RESISTANT), authenticated_at=clock.now() - age)


@pytest.fixture
def asset(cast: Cast) -> Asset:
    """A model that others have to approve access to."""
    for name in NAMES:
        if name != "service":
            make_holder(cast.users[name])
    owner = cast.users["owner"].person
    return make_asset(tier=1, tier_confirmed=True, owner=owner, team=cast.teams["Model Engineering"])


@pytest.fixture
def permitted(cast: Cast, asset: Asset) -> EmergencyPermit:
    """The engineer may break the glass: one admin proposed it, the other confirmed."""
    until = clock.now().date() + timedelta(days=90)
    made = permit(actor=cast.actor("security_admin"), user=cast.users["engineer"], until_on=until).value
    return confirm_permit(actor=cast.actor("second_admin"), permit=made).value


def use(cast: Cast, asset: Asset, **more: Any) -> Grant:
    """Break the glass as the engineer."""
    fields = {"operation": "weights.read", "minutes": 30, "reason": "The scorer answers nonsense in production", **more}
    actor = fields.pop("actor", None) or passkey(cast, "engineer")
    return break_glass(actor=actor, asset=asset, **fields).value


def test_a_permit_is_given_by_two_for_a_third(cast: Cast, asset: Asset) -> None:
    """Security admins propose, another or the CISO confirms, nobody for themselves; ended at once by either."""
    until, engineer = clock.now().date() + timedelta(days=30), cast.users["engineer"]
    for name in set(NAMES) - {"security_admin", "second_admin"}:
        with pytest.raises(Forbidden):
            permit(actor=cast.actor(name), user=engineer, until_on=until)
    with pytest.raises(Forbidden):
        permit(actor=cast.actor("security_admin"), user=cast.users["security_admin"], until_on=until)
    with pytest.raises(Forbidden):
        permit(actor=cast.actor("security_admin"), user=cast.users["service"], until_on=until)
    for days in (0, 181):
        with pytest.raises(Invalid):
            permit(
                actor=cast.actor("security_admin"), user=engineer, until_on=clock.now().date() + timedelta(days=days)
            )
    made = permit(actor=cast.actor("security_admin"), user=engineer, until_on=until).value
    for name in set(NAMES) - {"second_admin", "ciso"}:
        with pytest.raises(Forbidden):
            confirm_permit(actor=cast.actor(name), permit=made)
    with pytest.raises(Forbidden):
        use(cast, asset)
    confirm_permit(actor=cast.actor("ciso"), permit=made)
    assert may_ever(passkey(cast, "engineer"), clock.now())
    with pytest.raises(Forbidden):
        end_permit(actor=cast.actor("manager"), permit=made)
    end_permit(actor=cast.actor("engineer"), permit=made)
    with pytest.raises(Forbidden):
        use(cast, asset)


def test_emergency_access_needs_permit_fresh_passkey_reason_and_an_hour_at_most(
    cast: Cast, asset: Asset, permitted: EmergencyPermit
) -> None:
    """Each of them alone refuses it, and a refusal is in the log."""
    wrong: list[dict[str, Any]] = [
        {"actor": passkey(cast, "manager")},
        {"actor": cast.actor("service", Strength.PHISHING_RESISTANT)},
        {"actor": replace(passkey(cast, "engineer"), strength=Strength.SECOND_FACTOR)},
        {"actor": passkey(cast, "engineer", age=timedelta(minutes=6))},
        {"minutes": 61},
        {"minutes": 0},
        {"operation": "data.export"},
        {"operation": "no.such"},
    ]
    for fields in wrong:
        with pytest.raises(Forbidden):
            use(cast, asset, **fields)
    with pytest.raises(Invalid):
        use(cast, asset, reason=" ")
    Asset.objects.filter(pk=asset.pk).update(gone_at=clock.now())
    with pytest.raises(Forbidden):
        use(cast, Asset.objects.get(pk=asset.pk))
    with clock.shifted(timedelta(days=91)), pytest.raises(Forbidden):
        use(cast, asset)
    assert not Grant.objects.exists() and not BreakGlass.objects.exists()
    assert Entry.objects.filter(action="access.emergency.used.denied").count() == len(wrong) + 2


def test_every_skipped_approver_and_the_ciso_are_told_and_a_review_is_owed(
    cast: Cast, asset: Asset, permitted: EmergencyPermit
) -> None:
    """The access is there at once; who was skipped is kept."""
    grant = use(cast, asset, drill=True)
    assert (grant.state, grant.emergency, grant.request_id) == (GrantState.ACTIVE, True, None)
    assert grant.expires_at - grant.activated_at == timedelta(minutes=30)
    used = BreakGlass.objects.get()
    assert used.drill and used.skipped
    told = {str(user) for user in Notice.objects.filter(kind="access.emergency.used").values_list("user_id", flat=True)}
    assert set(used.skipped) <= told and str(cast.users["ciso"].pk) in told and str(grant.holder_id) not in told
    owed = AfterReview.objects.get()
    assert (owed.state, owed.due_at) == (AfterReviewState.OPEN, review_due(used.at))
    assert reviews_visible_to(cast.actor("auditor")).get() == owed
    assert reviews_visible_to(cast.actor("engineer")).get() == owed
    assert not reviews_visible_to(cast.actor("outsider")).exists()


def test_an_open_review_blocks_the_next_use_and_somebody_uninvolved_closes_it(
    cast: Cast, asset: Asset, permitted: EmergencyPermit
) -> None:
    """Not the holder, not who gave the permit; then the glass may be used again."""
    grant = use(cast, asset)
    release(actor=cast.actor("engineer"), grant=grant)
    with pytest.raises(Forbidden, match="still open"):
        use(cast, asset)
    owed = AfterReview.objects.get()
    for name in set(NAMES) - {"ciso"}:
        with pytest.raises(Forbidden):
            review(actor=cast.actor(name), after_review=owed, justified=True, verdict="Fine")
    with pytest.raises(Invalid):
        review(actor=cast.actor("ciso"), after_review=owed, justified=True, verdict=" ")
    review(actor=cast.actor("ciso"), after_review=owed, justified=False, verdict="There was no emergency")
    assert AfterReview.objects.get().state == AfterReviewState.UNJUSTIFIED
    with pytest.raises((Conflict, Forbidden)):
        review(actor=cast.actor("ciso"), after_review=owed, justified=True, verdict="On second thoughts")
    assert use(cast, asset).state == GrantState.ACTIVE


@pytest.mark.parametrize(
    ("used", "due"),
    [
        ("2026-11-18T15:00", "2026-11-19T15:00"),  # Wednesday
        ("2026-11-19T23:59", "2026-11-20T23:59"),  # Thursday
        ("2026-11-20T15:00", "2026-11-23T15:00"),  # Friday to Monday
        ("2026-11-21T03:00", "2026-11-24T00:00"),  # Saturday: Monday counts whole
        ("2026-11-22T23:59", "2026-11-24T00:00"),  # Sunday
        ("2028-02-28T09:00", "2028-02-29T09:00"),  # Monday into a leap day
    ],
)
def test_a_working_day_leaves_weekends_out(used: str, due: str) -> None:
    """In UTC."""
    at, by = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (used, due))
    assert review_due(at) == by
