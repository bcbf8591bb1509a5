"""Cases 4 and 5: nobody re-parents an object or sets a field that a form or address does not offer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from apps.accounts.models import ApiToken, RoleChange, SignInLink, Team, TeamMembership, User
from apps.inventory.models import Asset, Import, Person, Source
from apps.posture.models import Finding
from tests.architecture.routes import ROWS
from tests.architecture.test_routes import ask
from tests.cast import Cast
from tests.security.test_canary import addresses
from tests.security.world import World, bearer, person

#: What a stranger would like to set.
GREEDY = {
    "is_staff": "on", "is_superuser": "on", "is_active": "on", "groups": "1", "roles": "ciso", "kind": "person",
    "team": "1", "owner_confirmed_at": "2020-01-01", "state": "applied", "status": "active", "approved_by": "1",
    "expires_at": "2099-01-01T00:00Z", "user": "", "user_id": "", "password": "correct horse battery", "id": "7",
    "created_by": "", "tier_confirmed": "on", "resolved_at": "2026-01-01", "scopes": "read:audit", "is_sample": "on",
}  # fmt: skip
GUARDED: tuple[type[models.Model], ...] = (
    User, Team, TeamMembership, RoleChange, ApiToken, SignInLink, Asset, Person, Source, Import, Finding,
)  # fmt: skip


def everything() -> dict[str, list[Any]]:
    """Return every guarded row; the last use of a session or token is no right."""
    skipped = {"last_login", "last_used_at"}
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in skipped}
            for row in model._default_manager.order_by("pk").values()
        ]
        for model in GUARDED
    }  # fmt: skip


@pytest.mark.parametrize("name", ["outsider", "engineer", "auditor", "other_service"])
def test_posting_every_field_everywhere_changes_nothing(world: World, name: str) -> None:
    """Every route, with all fields that models have; left out is what they may post: about their own account."""
    client = bearer(world, name) if name == "other_service" else person(world.cast, name)
    fields = {field.name: "1" for model in apps.get_models() for field in model._meta.fields}
    own = {"account_logout", "accounts:shortcuts", "accounts:tokens", "posture:finding_recheck"}
    before = everything()
    skip = {url for row in ROWS if row.name in own for url in addresses(world, {row.name})}
    for url in addresses(world):
        if url not in skip:
            client.post(url, {**fields, **GREEDY})
    assert everything() == before


def test_an_invited_person_gets_no_more_than_the_form_offers(cast: Cast, signed_in: Callable[[str], Client]) -> None:
    posted = {"name": "Nadia Rahman", "email": "nadia@fenwick.example", **GREEDY}
    assert signed_in("security_admin").post("/setup/people/new", posted).status_code == 302
    made = User.objects.get(email="nadia@fenwick.example")
    assert not made.has_usable_password() and not made.groups.exists() and not made.memberships.exists()
    assert made.kind == User.Kind.PERSON and str(made.pk) != "7"
    assert not getattr(made, "is_staff", False) and not getattr(made, "is_superuser", False)


def test_a_token_is_nobody_elses_and_never_over_its_roles(world: World) -> None:
    client, other = person(world.cast, "outsider"), world.cast.users["ciso"]
    posted = {
        "name": "x",
        "scopes": ["read:inventory"],
        "days": "9",
        "user": str(other.pk),
        "user_id": str(other.pk),
        "expires_at": "2099-01-01",
    }
    assert client.post("/account/tokens", posted).status_code == 200
    made = ApiToken.objects.get(name="x")
    assert made.user_id == world.cast.users["outsider"].pk and made.expires_at.year < 2099
    assert client.post("/account/tokens", {**posted, "name": "y", "scopes": ["read:audit"]}).status_code == 403
    assert client.post("/account/tokens", {**posted, "name": "z", "scopes": ["*"]}).status_code == 400
    assert client.post("/account/tokens", {**posted, "name": "z", "days": "9999"}).status_code == 400


def test_the_tier_form_moves_no_asset(world: World) -> None:
    """PATCH `team=<other>` has no verb; POST to the one form about an asset takes owner and tier, nothing else."""
    slug = world.kwargs["asset"]["ours"]["slug"]
    asset, other = Asset.objects.get(slug=slug), world.cast.teams["Marketing Science"]
    url, greedy = f"/assets/model/{slug}/edit", {"team": str(other.pk), "parent": str(asset.pk), "kind": "dataset"}
    assert (
        person(world.cast, "ciso").post(url, {"tier": "2", "owner": world.forms["@person"], **greedy}).status_code
        == 302
    )
    after = Asset.objects.get(pk=asset.pk)
    assert (after.team_id, after.parent_id, after.kind, after.slug) == (asset.team_id, asset.parent_id, "model", slug)
    assert after.tier == 2 and after.owner_confirmed_at == asset.owner_confirmed_at
    for verb in ("put", "patch", "delete"):
        assert ask(person(world.cast, "security_admin"), verb, f"/api/v1/assets/{asset.pk}", greedy).status_code in (
            403,
            405,
        )


def test_a_finding_is_given_only_to_whom_the_giver_sees(world: World) -> None:
    """A manager names no stranger as owner: that would hand the finding to another team."""
    number = world.kwargs["finding"]["ours"]["number"]
    stranger = Person.objects.get(user=world.cast.users["outsider"])
    answer = person(world.cast, "manager").post(f"/findings/F-{number}/owner", {"owner": str(stranger.pk)})
    assert answer.status_code == 400
    assert Finding.objects.get(pk=number).owner_id != stranger.pk


def test_what_belongs_to_another_is_not_reached_through_ones_own(world: World) -> None:
    """Ids in the body are tied to the actor, not to the address (discord/access #422)."""
    client = person(world.cast, "outsider")
    ours, theirs = (world.kwargs["finding"][which]["number"] for which in ("ours", "theirs"))
    posted = {"n": [str(ours), str(theirs)], "due_on": "2026-12-01", "note": "x"}
    assert client.post("/findings/bulk", posted).status_code == 404
    assert Finding.objects.get(pk=theirs).due_on == Finding.objects.get(pk=ours).due_on
    token = world.kwargs["token"]["ours"]["pk"]
    assert client.post(f"/account/tokens/{token}/revoke").status_code == 404
    assert ApiToken.objects.get(pk=token).revoked_at is None
