"""Forgetting the sample's access: the database lets go of what is named, of nothing else, and on both databases."""

import pytest
from django.db import DatabaseError, connection, transaction

from apps.access.models import AccessRequest, Forgotten, Grant, Receipt, RequestMessage, Vote
from apps.access.services.forgetting import forget_sample
from apps.access.states import GrantState, Presence
from apps.accounts.models import User
from apps.audit.models import Entry
from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Conflict, Forbidden
from tests.access.grants import make_holder, make_request, open_grant, use_fake
from tests.cast import Cast, assemble
from tests.conftest import postgres, template
from tests.factories import make_asset

__all__ = ["postgres", "template"]
SAMPLE = system("sample removal")


def as_sample(user: User) -> User:
    """Mark a user as the sample's."""
    User.objects.filter(pk=user.pk).update(is_sample=True)
    user.refresh_from_db()
    return user


def evidence(cast: Cast, name: str) -> Grant:
    """Return a member's grant, with a vote, a message and receipts behind it."""
    request = make_request(make_holder(cast.users[name]))
    told = {"request": request, "at": clock.now()}
    vote = {"stage": 1, "choice": "approve", "digest": "0" * 64, "strength": "second_factor"}
    Vote.objects.create(voter=cast.users["manager"], **vote, **told)
    RequestMessage.objects.create(author=cast.users["manager"], kind="question", text="Why?", **told)
    return open_grant(request)


def _only_the_named_go(cast: Cast) -> None:
    kept = evidence(cast, "engineer")
    as_sample(cast.users["outsider"])
    evidence(cast, "outsider")
    before = Entry.objects.count()
    counts = forget_sample(actor=SAMPLE).value
    assert counts == {"requests": 1, "grants": 1}
    assert list(Grant.objects.all()) == [kept] and list(AccessRequest.objects.all()) == [kept.request]
    assert Vote.objects.count() == RequestMessage.objects.count() == 1
    assert Receipt.objects.exclude(grant=kept).count() == 0 and Receipt.objects.filter(grant=kept).exists()
    assert Entry.objects.count() == before + 1
    assert Entry.objects.order_by("-seq").first().action == "access.sample.forgotten"  # type: ignore[union-attr]
    for table in ("access_vote", "access_receipt", "access_requestmessage"):
        for change in ("DELETE FROM {}", "UPDATE {} SET at = at"):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(change.format(table))
    assert Vote.objects.count() == 1


@pytest.mark.django_db
def test_sqlite_lets_go_of_the_named_only(cast: Cast) -> None:
    """Evidence of others stays, and stays append-only."""
    _only_the_named_go(cast)


@pytest.mark.postgres
def test_postgresql_lets_go_of_the_named_only(postgres: None) -> None:
    """The same."""
    _only_the_named_go(assemble())


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["security_admin", "ciso", "auditor", "engineer"])
def test_nobody_but_the_portal_forgets(cast: Cast, name: str) -> None:
    """Not even an administrator: it is part of removing the sample."""
    as_sample(cast.users["outsider"])
    evidence(cast, "outsider")
    with pytest.raises(Forbidden):
        forget_sample(actor=cast.actor(name))
    assert Grant.objects.count() == 1 and not Forgotten.objects.exists()


@pytest.mark.django_db
def test_access_that_may_stand_at_a_target_is_not_forgotten(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgetting it would leave access that nobody knows of; once it was seen gone it may."""
    asset = make_asset(tier=3, tier_confirmed=True)
    use_fake(monkeypatch, asset)
    grant = open_grant(make_request(make_holder(as_sample(cast.users["outsider"])), asset))
    Grant.objects.filter(pk=grant.pk).update(state=GrantState.ENDING, desired=Presence.ABSENT)
    with pytest.raises(Conflict, match=grant.name):
        forget_sample(actor=SAMPLE)
    Grant.objects.filter(pk=grant.pk).update(state=GrantState.ENDED, observed=Presence.ABSENT)
    assert forget_sample(actor=SAMPLE).value["grants"] == 1


@pytest.mark.django_db
def test_a_second_time_changes_nothing(cast: Cast) -> None:
    """And writes nothing."""
    as_sample(cast.users["outsider"])
    evidence(cast, "outsider")
    forget_sample(actor=SAMPLE)
    before = Entry.objects.count()
    assert forget_sample(actor=SAMPLE).value == {"requests": 0, "grants": 0}
    assert Entry.objects.count() == before
