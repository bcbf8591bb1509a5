"""The role machine against a plain model: whatever is tried in whatever order, the same roles are held."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from apps.accounts import services
from apps.accounts.models import RoleChange, User
from apps.accounts.queries import roles_of
from apps.accounts.states import ROLE_CHANGE, RoleChangeState
from apps.core.actor import Role
from apps.core.errors import Conflict, DomainError
from tests.cast import Cast

ADMINS = ("security_admin", "second_admin")
PEOPLE = ("engineer", "auditor", *ADMINS)
ROLES = (Role.CISO, Role.AUDITOR, Role.SECURITY_ADMIN, Role.MANAGER)


class RolesModel:
    """Roles by plain sets."""

    def __init__(self) -> None:
        self.held = {
            "engineer": {Role.ENGINEER}, "auditor": {Role.AUDITOR},
            "security_admin": {Role.SECURITY_ADMIN}, "second_admin": {Role.SECURITY_ADMIN},
        }  # fmt: skip
        self.open: dict[tuple[str, Role], str] = {}

    def fits(self, whom: str, role: Role) -> bool:
        """Whether the role may be added to those held."""
        both = {Role.SECURITY_ADMIN, Role.AUDITOR}
        return role not in self.held[whom] and not (role in both and self.held[whom] & (both - {role}))

    def is_admin(self, who: str) -> bool:
        """Whether a person is an administrator now."""
        return Role.SECURITY_ADMIN in self.held[who]


class RoleMachine(RuleBasedStateMachine):
    """Everyone tries everything; only what the model allows succeeds."""

    cast: Cast
    proposals = Bundle("proposals")

    def __init__(self) -> None:
        super().__init__()
        self.model = RolesModel()
        RoleChange.objects.all().delete()
        for name in PEOPLE:
            user = self.cast.users[name]
            services_groups(user, self.model.held[name])

    @rule(target=proposals, by=st.sampled_from(PEOPLE), whom=st.sampled_from(PEOPLE), role=st.sampled_from(ROLES))
    def propose(self, by: str, whom: str, role: Role) -> Any:
        expected = self.model.is_admin(by) and by != whom and self.model.fits(whom, role)
        expected = expected and (whom, role) not in self.model.open
        done = attempt(services.propose_role, actor=self.cast.actor(by), user=fresh(self.cast, whom), role=role)
        assert bool(done) == expected, (by, whom, role)
        if not done:
            return multiple()
        self.model.open[whom, role] = by
        return done.value.pk, whom, role, by

    @rule(made=proposals, by=st.sampled_from(PEOPLE))
    def confirm(self, made: Any, by: str) -> None:
        pk, whom, role, proposer = made
        expected = self.is_open(made) and self.model.is_admin(by) and by not in (whom, proposer)
        expected = expected and self.model.fits(whom, role)
        change = RoleChange.objects.get(pk=pk)
        assert bool(attempt(services.confirm_role, actor=self.cast.actor(by), change=change)) == expected
        if expected:
            del self.model.open[whom, role]
            self.model.held[whom].add(role)

    @rule(made=consumes(proposals), by=st.sampled_from(PEOPLE), withdraw=st.booleans())
    def close(self, made: Any, by: str, withdraw: bool) -> None:
        pk, whom, role, proposer = made
        expected = self.is_open(made) and self.model.is_admin(by) and (by == proposer) == withdraw
        act = services.withdraw_role if withdraw else services.refuse_role
        assert bool(attempt(act, actor=self.cast.actor(by), change=RoleChange.objects.get(pk=pk))) == expected
        if expected:
            del self.model.open[whom, role]

    @rule(by=st.sampled_from(PEOPLE), whom=st.sampled_from(PEOPLE), role=st.sampled_from(ROLES))
    def remove(self, by: str, whom: str, role: Role) -> None:
        admins = [name for name in PEOPLE if self.model.is_admin(name)]
        expected = self.model.is_admin(by) and role in self.model.held[whom]
        expected = expected and not (role is Role.SECURITY_ADMIN and admins == [whom])
        assert (
            bool(attempt(services.remove_role, actor=self.cast.actor(by), user=fresh(self.cast, whom), role=role))
            == expected
        )
        if expected:
            self.model.held[whom].discard(role)
            if role is Role.SECURITY_ADMIN:
                self.model.open = {key: who for key, who in self.model.open.items() if who != whom}

    @invariant()
    def roles_agree(self) -> None:
        for name in PEOPLE:
            assert roles_of(self.cast.users[name].pk) == self.model.held[name]
            assert not {Role.SECURITY_ADMIN, Role.AUDITOR} <= self.model.held[name]

    def is_open(self, made: Any) -> bool:
        return RoleChange.objects.get(pk=made[0]).state == RoleChangeState.PROPOSED


def services_groups(user: User, roles: set[Role]) -> None:
    """Set a user's groups without any rule, for the start of an example."""
    user.groups.set(user.groups.model.objects.filter(name__in=[role.value for role in roles]))


def fresh(cast: Cast, name: str) -> User:
    """Return the user as the database has it."""
    return User.objects.get(pk=cast.users[name].pk)


def attempt(act: Any, **arguments: Any) -> Any:
    """Return the outcome, or None when it was refused."""
    try:
        return act(**arguments)
    except DomainError:
        return None


def test_roles_follow_the_model(cast: Cast) -> None:
    run_state_machine_as_test(
        type("BoundRoleMachine", (RoleMachine,), {"cast": cast}),
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("before", list(RoleChangeState))
@pytest.mark.parametrize("after", list(RoleChangeState))
def test_every_pair_of_states(cast: Cast, before: RoleChangeState, after: RoleChangeState) -> None:
    admin = cast.actor("security_admin")
    change = services.propose_role(actor=admin, user=cast.users["engineer"], role=Role.AUDITOR).value
    RoleChange.objects.filter(pk=change.pk).update(state=before)
    allowed = before == RoleChangeState.PROPOSED and after != RoleChangeState.PROPOSED
    assert ROLE_CHANGE.allows(before, after) == allowed
    if allowed:
        ROLE_CHANGE.move(RoleChange.objects.all(), pk=change.pk, before=before, after=after)
        with pytest.raises(Conflict):
            ROLE_CHANGE.move(RoleChange.objects.all(), pk=change.pk, before=before, after=after)
    else:
        with pytest.raises(ValueError, match="no move"):
            ROLE_CHANGE.move(RoleChange.objects.all(), pk=change.pk, before=before, after=after)
