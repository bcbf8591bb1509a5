"""One person with two accounts is one person wherever two are asked for: permits, after-reviews, work by hand."""

from datetime import timedelta

import pytest

from apps.access.models import AfterReview, EmergencyPermit, ManualTask
from apps.access.services.emergency import confirm_permit, permit, review
from apps.access.services.manual import confirm_task
from apps.access.states import TaskKind
from apps.accounts.models import User
from apps.accounts.services import confirm_role, propose_role
from apps.core import clock
from apps.core.actor import Role, system
from apps.core.errors import Forbidden
from apps.inventory.models import Asset
from tests.access.asking import actor_of, make_user
from tests.access.grants import make_holder, make_request, open_grant
from tests.access.test_emergency import asset, permitted, use  # noqa: F401
from tests.cast import Cast
from tests.factories import make_identity

pytestmark = pytest.mark.django_db
SAME = "same person|two accounts|one person"


def second_account(of: User, role: Role) -> User:
    """Return another account that a source shows to be of the same person."""
    other = make_user(f"Second {of.name}", role)
    make_identity(login=f"second.{of.email}", email=of.email, person=other.person)
    return other


def test_who_proposes_a_permit_does_not_confirm_it_by_another_account(cast: Cast) -> None:
    make_holder(cast.users["engineer"])
    proposer = make_holder(cast.users["security_admin"])
    until = clock.now().date() + timedelta(days=9)
    made = permit(actor=actor_of(proposer), user=cast.users["engineer"], until_on=until).value
    with pytest.raises(Forbidden):
        confirm_permit(actor=actor_of(second_account(proposer, Role.CISO)), permit=made)
    assert confirm_permit(actor=cast.actor("second_admin"), permit=made).value.confirmed_at


def test_whom_a_permit_is_for_neither_proposes_nor_confirms_it_by_another_account(cast: Cast) -> None:
    holder = make_holder(cast.users["engineer"])
    make_holder(cast.users["security_admin"])
    other = actor_of(second_account(holder, Role.SECURITY_ADMIN))
    until = clock.now().date() + timedelta(days=9)
    with pytest.raises(Forbidden):
        permit(actor=other, user=holder, until_on=until)
    made = permit(actor=cast.actor("security_admin"), user=holder, until_on=until).value
    with pytest.raises(Forbidden):
        confirm_permit(actor=other, permit=made)


def test_emergency_access_is_not_reviewed_by_the_holders_other_account(
    cast: Cast,
    asset: Asset,  # noqa: F811
    permitted: EmergencyPermit,  # noqa: F811
) -> None:
    use(cast, asset)
    owed = AfterReview.objects.get()
    with pytest.raises(Forbidden):
        review(
            actor=actor_of(second_account(cast.users["engineer"], Role.CISO)), after_review=owed, justified=True,
            verdict="It burned",
        )  # fmt: skip
    assert review(actor=cast.actor("ciso"), after_review=owed, justified=True, verdict="It burned").value.decided_at


def test_work_by_hand_is_not_confirmed_by_the_holders_other_account(cast: Cast) -> None:
    holder = make_holder(cast.users["engineer"])
    make_holder(cast.users["security_admin"])
    grant, now = open_grant(make_request(holder)), clock.now()
    task = ManualTask.objects.create(
        grant=grant, generation=1, kind=TaskKind.TAKE, instructions="Take it", created_at=now, due_at=now
    )
    with pytest.raises(Forbidden):
        confirm_task(actor=actor_of(second_account(holder, Role.SECURITY_ADMIN)), task=task, proof="Done")
    assert confirm_task(actor=cast.actor("security_admin"), task=task, proof="Done").value.done_at


def test_a_role_is_neither_proposed_nor_confirmed_by_another_account_of_the_same_person(cast: Cast) -> None:
    """Two accounts of one administrator are one administrator; where no other is left, the command line confirms."""
    proposer = make_holder(cast.users["security_admin"])
    other = second_account(proposer, Role.SECURITY_ADMIN)
    change = propose_role(actor=actor_of(proposer), user=cast.users["engineer"], role=Role.AUDITOR).value
    with pytest.raises(Forbidden, match="other than the proposer"):
        confirm_role(actor=actor_of(other), change=change)
    with pytest.raises(Forbidden, match="themselves"):
        propose_role(actor=actor_of(other), user=proposer, role=Role.CISO)
    with pytest.raises(Forbidden, match="Another security administrator"):
        confirm_role(actor=system("command line"), change=change)
    User.objects.filter(pk=cast.users["second_admin"].pk).update(is_active=False)
    assert confirm_role(actor=system("command line"), change=change).value.state == "confirmed"


def test_a_role_is_confirmed_by_another_person(cast: Cast) -> None:
    proposer = make_holder(cast.users["security_admin"])
    second_account(proposer, Role.SECURITY_ADMIN)
    change = propose_role(actor=actor_of(proposer), user=cast.users["engineer"], role=Role.AUDITOR).value
    assert confirm_role(actor=cast.actor("second_admin"), change=change).value.state == "confirmed"
