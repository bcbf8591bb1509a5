"""Emergency access, permits, tasks by hand, grants and tokens on their pages: who may, who may not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.access.models import AfterReview, EmergencyPermit, Grant, ManualTask
from apps.access.services.manual import task_for
from apps.access.states import AfterReviewState, EndReason, GrantState, TaskKind
from apps.core import clock
from tests.access.asking import TIER_3, World

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def permit(world: World, name: str) -> None:
    """Let a member use emergency access."""
    now = clock.now()
    EmergencyPermit.objects.create(
        user=world.user(name), proposed_by=world.user("security_admin"), proposed_at=now,
        confirmed_by=world.user("second_admin"), confirmed_at=now, until_on=now.date() + timedelta(days=9),
    )  # fmt: skip


def glass(world: World, **fields: Any) -> dict[str, Any]:
    """Return the filled form."""
    key = f"{world.asset.kind}/{world.asset.slug}"
    return {"asset": key, "do": "guardrail.change", "minutes": "30", "why": "It leaks names", **fields}


def active(world: World, name: str = "engineer") -> Grant:
    """Return a grant that was given without an approval."""
    return Grant.objects.get(request=world.ask(name, TIER_3))


def test_only_who_has_a_permit_sees_the_page(fresh: SignIn, world: World) -> None:
    permit(world, "engineer")
    assert fresh("engineer", "webauthn").get("/access/emergency").status_code == 200
    assert "Emergency access" in fresh("engineer").get("/access").content.decode()
    for name in ("owner", "manager", "ciso"):
        answer = fresh(name, "webauthn").get("/access/emergency")
        assert answer.status_code == 403
        assert "You have no emergency permit" in answer.content.decode()


def test_a_passkey_breaks_the_glass_and_a_code_does_not(fresh: SignIn, world: World) -> None:
    permit(world, "engineer")
    weak = fresh("engineer")
    page = weak.get("/access/emergency", {"asset": glass(world)["asset"]}).content.decode()
    assert "Confirm with your passkey first" in page
    assert weak.post("/access/emergency", glass(world)).status_code == 403
    assert not Grant.objects.exists()
    answer = fresh("engineer", "webauthn").post("/access/emergency", glass(world))
    grant = Grant.objects.get()
    assert (answer.headers["Location"], grant.emergency) == (f"/access/G-{grant.pk}", True)


def test_without_a_reason_the_glass_stays_whole(fresh: SignIn, world: World) -> None:
    permit(world, "engineer")
    answer = fresh("engineer", "webauthn").post("/access/emergency", glass(world, why=" "))
    assert answer.status_code == 400
    assert not Grant.objects.exists()


def test_somebody_uninvolved_reviews(fresh: SignIn, world: World) -> None:
    permit(world, "engineer")
    fresh("engineer", "webauthn").post("/access/emergency", glass(world))
    review = AfterReview.objects.get()
    verdict = {"justified": "yes", "verdict": "The log shows the leak"}
    url = f"/approvals/after-reviews/{review.pk}"
    assert "It leaks names" in fresh("ciso").get(url).content.decode()
    assert fresh("engineer").post(url, verdict).status_code == 403
    assert fresh("security_admin").post(url, verdict).status_code == 403
    assert fresh("owner").get(url).status_code == 404
    assert fresh("ciso").post(url, verdict).status_code == 302
    review.refresh_from_db()
    assert (review.state, review.reviewer) == (AfterReviewState.JUSTIFIED, world.user("ciso"))


def test_a_permit_takes_two(fresh: SignIn, world: World) -> None:
    admin, until = fresh("security_admin"), (clock.now() + timedelta(days=30)).date()
    given = {"user": str(world.user("engineer").pk), "until_on": until.isoformat()}
    assert admin.post("/setup/emergency", given).status_code == 302
    row = EmergencyPermit.objects.get()
    assert admin.post(f"/setup/emergency/{row.pk}", {"do": "confirm"}).status_code == 403
    assert fresh("auditor").post(f"/setup/emergency/{row.pk}", {"do": "confirm"}).status_code == 403
    assert fresh("ciso").post(f"/setup/emergency/{row.pk}", {"do": "confirm"}).status_code == 302
    row.refresh_from_db()
    assert row.confirmed_by == world.user("ciso")


def test_a_task_by_hand_is_confirmed_with_proof_by_somebody_else(fresh: SignIn, world: World) -> None:
    grant = active(world)
    task = task_for(grant.pk, 1, TaskKind.GIVE, "Add to the group", clock.now())
    assert "Add to the group" in fresh("manager").get("/approvals/tasks").content.decode()
    url = f"/approvals/tasks/{task.pk}"
    assert fresh("engineer").post(url, {"proof": "Done"}).status_code == 404
    assert fresh("manager").post(url, {"proof": ""}).status_code == 400
    assert fresh("manager").post(url, {"proof": "TICKET-9"}).status_code == 302
    assert ManualTask.objects.get().done_by == world.user("manager")


def test_the_holder_gives_back_and_others_revoke_with_a_reason(fresh: SignIn, world: World) -> None:
    grant = active(world)
    assert fresh("owner").post(f"/access/G-{grant.pk}", {"do": "release"}).status_code == 403
    assert fresh("engineer").post(f"/access/G-{grant.pk}", {"do": "revoke", "why": "x"}).status_code == 403
    assert fresh("outsider").get(f"/access/G-{grant.pk}").status_code == 404
    assert fresh("owner").post(f"/access/G-{grant.pk}", {"do": "revoke", "why": ""}).status_code == 400
    assert fresh("owner").post(f"/access/G-{grant.pk}", {"do": "revoke", "why": "Left the project"}).status_code == 302
    grant.refresh_from_db()
    assert (grant.state, grant.end_reason) == (GrantState.ENDED, EndReason.REVOKED)
    late = fresh("engineer").post(f"/access/G-{grant.pk}", {"do": "release"})
    assert late.status_code == 403


def test_only_the_holder_takes_a_token(fresh: SignIn, world: World) -> None:
    grant = active(world)
    page = fresh("engineer").post(f"/access/G-{grant.pk}", {"do": "token"}).content.decode()
    assert "Shown once" in page
    assert fresh("owner").post(f"/access/G-{grant.pk}", {"do": "token"}).status_code == 403


def test_an_extension_is_asked_for_on_the_grant(fresh: SignIn, world: World) -> None:
    grant = active(world)
    answer = fresh("engineer").post(f"/access/G-{grant.pk}", {"do": "extend", "for": "1h", "why": "Not done yet"})
    made = grant.extensions.get()
    assert answer.headers["Location"] == f"/access/REQ-{made.pk}"


def test_who_holds_access_begins_there_and_the_asset_shows_it(fresh: SignIn, world: World) -> None:
    assert fresh("engineer").get("/").headers["Location"] == "/assets"
    grant = active(world)
    client = fresh("engineer")
    assert client.get("/").headers["Location"] == "/access"
    page = client.get(f"/assets/{world.asset.kind}/{world.asset.slug}").content.decode()
    assert f"/access/G-{grant.pk}" in page
    assert "/access/new?asset=model%2Fchurn-gbm" in page
