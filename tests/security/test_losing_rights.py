"""P9: whoever loses a right is refused at the next request: by page and API, by session and token."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts import services
from apps.accounts.models import ApiToken, TeamMembership
from apps.core import clock
from apps.core.actor import Role, Strength
from apps.core.errors import Forbidden
from tests.security.world import CANARY, World, bearer, body, person

PLACES = ("/assets", "/identities", "/findings", "/audit", "/setup/people", "/api/v1/assets", "/api/v1/audit/events")


def own_token(world: World, name: str, *scopes: str) -> Client:
    """Return a client with a person's own token."""
    made = services.create_token(
        actor=world.cast.actor(name),
        user=world.cast.users[name],
        name="own",
        scopes=scopes or ("read:inventory",),
        days=9,
    )
    return Client(HTTP_AUTHORIZATION=f"Bearer {made.value[1]}")


def test_a_deactivated_user_is_out_by_session_and_token(world: World) -> None:
    """Each of five roles: the request before is answered, the next is not."""
    admin = world.cast.actor("second_admin")
    for name in ("ciso", "security_admin", "manager", "owner", "auditor"):
        session, token = person(world.cast, name), own_token(world, name)
        assert session.get("/assets").status_code == 200 and token.get("/api/v1/assets").status_code == 200
        services.deactivate_user(actor=admin, user=world.cast.users[name])
        for place in PLACES:
            answer = session.get(place)
            assert answer.status_code == (401 if place.startswith("/api/") else 302), (name, place)
            assert CANARY.encode() not in body(answer)
        assert token.get("/api/v1/assets").status_code == 401, name


def test_a_removed_role_takes_its_sight_along(world: World) -> None:
    """Without the auditor's role nothing of the team is left, by session and by a token of the same person."""
    session, token = person(world.cast, "auditor"), own_token(world, "auditor", "read:inventory", "read:audit")
    assert CANARY.encode() in body(session.get("/assets")) and CANARY.encode() in body(
        token.get("/api/v1/audit/events")
    )
    services.remove_role(actor=world.cast.actor("security_admin"), user=world.cast.users["auditor"], role=Role.AUDITOR)
    for place in ("/assets", "/audit", "/findings", "/people"):
        answer = session.get(place)
        assert answer.status_code == 200 and CANARY.encode() not in body(answer), place
    assert token.get("/api/v1/assets").status_code == 403, "without any role a token reads nothing"
    assert session.get("/setup/people").status_code == 403
    assert session.get("/setup/people.csv").status_code == 403
    assert session.get("/api/v1/metrics").status_code == 403
    assert token.get("/api/v1/audit/events").status_code == 403, "a scope that the roles no longer allow is gone"


def test_leaving_the_team_takes_its_assets_along(world: World) -> None:
    session, service = person(world.cast, "engineer"), bearer(world, "service")
    assert CANARY.encode() in body(session.get("/assets")) and CANARY.encode() in body(service.get("/api/v1/assets"))
    for name in ("engineer", "service"):
        membership = TeamMembership.objects.get(user=world.cast.users[name])
        services.remove_member(actor=world.cast.actor("security_admin"), user=membership.user, team=membership.team)
    for client, place in (
        (session, "/assets"),
        (session, "/findings"),
        (session, "/search?q=" + CANARY[:6]),
        (service, "/api/v1/assets"),
    ):
        assert CANARY.encode() not in body(client.get(place)).replace(CANARY.encode()[:6] + b'"', b""), place


def test_a_manager_who_no_longer_manages_sees_nobody(world: World) -> None:
    session = person(world.cast, "manager")
    assert CANARY.encode() in body(session.get("/people"))
    user, team = world.cast.users["manager"], world.cast.teams["Model Engineering"]
    services.set_member(actor=world.cast.actor("security_admin"), user=user, team=team, manages=False)
    assert CANARY.encode() not in body(session.get("/people"))
    number = world.kwargs["finding"]["ours"]["number"]
    assert session.post(f"/findings/F-{number}/fixed", {"note": "x"}).status_code == 403


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_token_that_ended_opens_nothing(world: World, end: str) -> None:
    client, row = bearer(world, "service"), ApiToken.objects.get(user=world.cast.users["service"])
    assert client.get("/api/v1/assets").status_code == 200
    if end == "revoked":
        assert person(world.cast, "security_admin").post(f"/account/tokens/{row.pk}/revoke").status_code == 302
    else:
        ApiToken.objects.filter(pk=row.pk).update(expires_at=clock.now())
    answer = client.get("/api/v1/assets")
    assert answer.status_code == 401 and answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert CANARY.encode() not in body(answer)


def test_an_ended_session_opens_nothing(world: World) -> None:
    """Ended by an administrator, and by signing out: the old cookie is worth nothing."""
    client = person(world.cast, "owner")
    assert client.get("/assets").status_code == 200
    pk = world.cast.users["owner"].pk
    assert person(world.cast, "security_admin").post(f"/setup/people/{pk}/sessions").status_code == 302
    assert client.get("/assets").status_code == 302 and client.get("/api/v1/assets").status_code == 401
    again = person(world.cast, "owner")
    cookie = again.cookies["sessionid"].value
    again.post("/account/logout")
    replayed = Client()
    replayed.cookies["sessionid"] = cookie
    assert replayed.get("/assets").status_code == 302 and replayed.get("/api/v1/assets").status_code == 401


def test_a_session_without_its_second_factor_changes_nothing(world: World) -> None:
    """The password alone opens no page of a changing role, and the rules refuse it too."""
    client = person(world.cast, "security_admin")
    session = client.session
    session["account_authentication_methods"] = session["account_authentication_methods"][:1]
    session.save()
    for place in ("/assets", "/setup/people", "/posture"):
        assert client.get(place).status_code == 302, place
    assert client.get("/api/v1/assets").status_code == 403
    weak = world.cast.actor("security_admin", Strength.PASSWORD)
    acts: list[Callable[[], object]] = [
        lambda: services.deactivate_user(actor=weak, user=world.cast.users["outsider"]),
        lambda: services.create_team(actor=weak, name="x", business_unit=""),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
