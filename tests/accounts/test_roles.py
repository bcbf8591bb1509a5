"""Roles: two administrators give, one takes, at once; who may and who may not."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from apps.accounts import services
from apps.accounts.models import RoleChange, User
from apps.accounts.queries import roles_of
from apps.accounts.states import RoleChangeState
from apps.core import clock
from apps.core.actor import Actor, Role, Strength, system
from apps.core.errors import Conflict, Forbidden
from tests.cast import Cast

OTHERS = ("ciso", "manager", "owner", "engineer", "auditor", "service", "outsider")


def propose(cast: Cast, *, by: str = "security_admin", whom: str = "engineer", role: Role = Role.AUDITOR) -> RoleChange:
    """Propose as a cast member."""
    made = services.propose_role(actor=cast.actor(by), user=cast.users[whom], role=role)
    return made.value


@pytest.mark.parametrize("name", OTHERS)
def test_only_security_admins_manage_roles(cast: Cast, name: str) -> None:
    change = propose(cast)
    actor, engineer = cast.actor(name), cast.users["engineer"]
    for act in (
        lambda: services.propose_role(actor=actor, user=cast.users["outsider"], role=Role.MANAGER),
        lambda: services.confirm_role(actor=actor, change=change),
        lambda: services.refuse_role(actor=actor, change=change),
        lambda: services.withdraw_role(actor=actor, change=change),
        lambda: services.remove_role(actor=actor, user=engineer, role=Role.ENGINEER),
        lambda: services.give_role(actor=actor, user=engineer, role=Role.CISO),
    ):
        with pytest.raises(Forbidden):
            act()
    assert roles_of(engineer.pk) == {Role.ENGINEER}


@pytest.mark.parametrize("strength", [Strength.NONE, Strength.PASSWORD, Strength.TOKEN])
def test_admin_without_second_factor_may_not(cast: Cast, strength: Strength) -> None:
    weak = cast.actor("security_admin", strength)
    with pytest.raises(Forbidden, match="second factor"):
        services.propose_role(actor=weak, user=cast.users["engineer"], role=Role.AUDITOR)
    with pytest.raises(Forbidden, match="second factor"):
        services.remove_role(actor=weak, user=cast.users["engineer"], role=Role.ENGINEER)


def test_second_admin_confirms_and_the_role_is_there(cast: Cast) -> None:
    change = propose(cast)
    assert roles_of(cast.users["engineer"].pk) == {Role.ENGINEER}
    services.confirm_role(actor=cast.actor("second_admin"), change=change)
    assert roles_of(cast.users["engineer"].pk) == {Role.ENGINEER, Role.AUDITOR}


def test_proposer_and_person_concerned_do_not_confirm(cast: Cast) -> None:
    with pytest.raises(Forbidden, match="other than the proposer"):
        services.confirm_role(actor=cast.actor("security_admin"), change=propose(cast))
    for_admin = propose(cast, whom="second_admin", role=Role.CISO)
    with pytest.raises(Forbidden, match="other than the proposer"):
        services.confirm_role(actor=cast.actor("second_admin"), change=for_admin)


def test_nobody_proposes_for_themselves(cast: Cast) -> None:
    with pytest.raises(Forbidden, match="themselves"):
        propose(cast, whom="security_admin", role=Role.CISO)


def test_the_database_refuses_one_person_alone(cast: Cast) -> None:
    change = propose(cast)
    admin, engineer = cast.users["security_admin"], cast.users["engineer"]
    for values in (
        {"proposed_by": engineer},
        {"state": "confirmed", "decided_by": admin},
        {"state": "confirmed", "decided_by": engineer},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleChange.objects.filter(pk=change.pk).update(**values)


def test_admin_and_auditor_exclude_each_other(cast: Cast) -> None:
    with pytest.raises(Forbidden, match="exclude"):
        propose(cast, whom="auditor", role=Role.SECURITY_ADMIN)
    first = propose(cast, whom="engineer", role=Role.AUDITOR)
    second = propose(cast, whom="engineer", role=Role.SECURITY_ADMIN)
    services.confirm_role(actor=cast.actor("second_admin"), change=first)
    with pytest.raises(Forbidden, match="exclude"):
        services.confirm_role(actor=cast.actor("second_admin"), change=second)


def test_service_accounts_may_only_read_more(cast: Cast) -> None:
    for role in set(Role) - {Role.AUDITOR}:
        with pytest.raises(Forbidden):
            propose(cast, whom="service", role=role)
    assert propose(cast, whom="service", role=Role.AUDITOR).state == RoleChangeState.PROPOSED


def test_proposal_is_void_the_instant_it_expires(cast: Cast) -> None:
    change = propose(cast)
    late = change.expires_at
    with pytest.raises(Forbidden, match="expired"):
        services.confirm_role(actor=cast.actor("second_admin"), change=change, now=late)
    services.confirm_role(actor=cast.actor("second_admin"), change=change, now=late - timedelta(microseconds=1))


def test_reconciler_writes_down_expired_proposals_and_a_new_one_is_possible(cast: Cast) -> None:
    change = propose(cast)
    with clock.shifted(timedelta(days=8)):
        assert services.expire_proposals(actor=system("reconciler")).value == 1
        assert services.expire_proposals(actor=system("reconciler")).value == 0
        change.refresh_from_db()
        assert change.state == RoleChangeState.EXPIRED
        assert propose(cast).pk != change.pk


def test_a_decided_proposal_stays_decided(cast: Cast) -> None:
    change = propose(cast)
    services.refuse_role(actor=cast.actor("second_admin"), change=change)
    for act in (services.confirm_role, services.refuse_role):
        with pytest.raises(Conflict):
            act(actor=cast.actor("second_admin"), change=change)
    with pytest.raises(Conflict):
        services.withdraw_role(actor=cast.actor("security_admin"), change=change)


def test_one_open_proposal_per_role(cast: Cast) -> None:
    propose(cast)
    with pytest.raises(Conflict):
        propose(cast)


def test_proposals_of_a_former_admin_are_withdrawn(cast: Cast) -> None:
    change = propose(cast)
    services.remove_role(actor=cast.actor("second_admin"), user=cast.users["security_admin"], role=Role.SECURITY_ADMIN)
    change.refresh_from_db()
    assert change.state == RoleChangeState.WITHDRAWN


def test_the_last_admin_stays(cast: Cast) -> None:
    first, second = cast.users["security_admin"], cast.users["second_admin"]
    services.remove_role(actor=cast.actor("security_admin"), user=second, role=Role.SECURITY_ADMIN)
    with pytest.raises(Forbidden, match="last security administrator"):
        services.remove_role(actor=cast.actor("security_admin"), user=first, role=Role.SECURITY_ADMIN)
    with pytest.raises(Forbidden, match="last security administrator"):
        services.deactivate_user(actor=system("command line"), user=first)


def test_command_line_confirms_only_without_another_admin(cast: Cast) -> None:
    propose(cast)
    with pytest.raises(CommandError, match="Another security administrator"):
        call_command("confirm_role", "engineer@fenwick.example", "auditor")
    User.objects.filter(pk=cast.users["second_admin"].pk).update(is_active=False)
    call_command("confirm_role", "engineer@fenwick.example", "auditor")
    assert Role.AUDITOR in roles_of(cast.users["engineer"].pk)


def test_command_needs_an_actor(cast: Cast) -> None:
    nobody: Actor = None  # type: ignore[assignment]
    with pytest.raises(TypeError, match="needs an actor"):
        services.propose_role(actor=nobody, user=cast.users["engineer"], role=Role.AUDITOR)
