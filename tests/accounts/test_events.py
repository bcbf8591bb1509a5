"""Everything that matters here is in the audit log, and no secret is."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client

from apps.accounts import services
from apps.accounts.models import User
from apps.accounts.states import LinkPurpose
from apps.audit.models import Details, Entry
from apps.core.actor import Role, system
from apps.core.errors import Forbidden
from apps.core.events import EVENTS
from tests.accounts.conftest import PASSWORD, code_of, post_password
from tests.cast import Cast


def actions() -> list[str]:
    """Return what was recorded, in order."""
    return list(Entry.objects.order_by("pk").values_list("action", flat=True))


def everything_recorded() -> str:
    """Return all bytes of the log as one text."""
    bodies = [bytes(body) for body in Entry.objects.values_list("body", flat=True)]
    contents = [bytes(content or b"") for content in Details.objects.values_list("content", flat=True)]
    return b"\n".join([*bodies, *contents]).decode("utf-8", "replace")


def test_sign_in_in_all_its_turns(cast: Cast, enrol: Callable[[User], str]) -> None:
    secret = enrol(cast.users["ciso"])
    client = Client()
    post_password(client, "ciso@fenwick.example", "a wrong password")
    post_password(client, "ciso@fenwick.example", PASSWORD)
    client.post("/account/factors/authenticate/", {"code": "000000"})
    client.post("/account/factors/authenticate/", {"code": code_of(secret)})
    assert actions() == ["accounts.sign_in.failed", "accounts.sign_in.failed", "accounts.sign_in.succeeded"]
    assert set(Entry.objects.values_list("subject_id", flat=True)) == {str(cast.users["ciso"].pk)}


def test_a_lock_is_recorded_once(cast: Cast) -> None:
    for _ in range(8):
        post_password(Client(), "engineer@fenwick.example", "a wrong password")
    assert actions().count("accounts.sign_in.failed") == 5
    assert actions().count("accounts.sign_in.locked") == 1


def test_what_was_typed_is_never_recorded(cast: Cast) -> None:
    post_password(Client(), "hunter2-typed-in-the-wrong-field", "marker-password-7731")
    post_password(Client(), "hunter2@fenwick.example", "marker-password-7731")
    assert actions() == ["accounts.sign_in.failed"]
    assert "hunter2" not in everything_recorded() and "marker-password" not in everything_recorded()


def test_factors_and_password(cast: Cast, sign_in: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.transaction.on_commit", lambda act, **_: act())
    client = sign_in("security_admin")
    secret = client.get("/account/factors/totp/activate/").context["form"].secret
    client.post("/account/factors/totp/activate/", {"code": code_of(secret)})
    client.post("/account/factors/totp/deactivate/")
    new = "seven green bottles hanging"
    client.get("/account/factors/totp/activate/")
    posted = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    sign_in("engineer").post("/account/password", posted)
    recorded = actions()
    for action in ("accounts.factor.added", "accounts.sign_in.confirmed", "accounts.factor.removed"):
        assert action in recorded, action
    assert recorded[-1] == "accounts.password.changed"
    assert secret not in everything_recorded() and new not in everything_recorded()


def test_no_secret_of_links_tokens_and_codes_is_recorded(cast: Cast, enrol: Callable[[User], str]) -> None:
    admin, engineer = cast.actor("security_admin"), cast.users["engineer"]
    new = services.create_user(actor=admin, email="new@fenwick.example", name="New").value
    token = services.create_token(
        actor=cast.actor("engineer"), user=engineer, name="x", scopes=["read:inventory"], days=9
    ).value[1]
    secrets = [
        token,
        services.create_link(actor=admin, user=new, purpose=LinkPurpose.INVITATION).value,
        services.create_link(actor=system("command line"), user=engineer, purpose=LinkPurpose.RECOVERY).value,
        enrol(engineer),
        *RecoveryCodes.activate(engineer).get_unused_codes(),
    ]  # fmt: skip
    recorded = everything_recorded()
    assert "accounts.link.created" in recorded and "accounts.token.created" in recorded
    assert not [secret for secret in secrets if secret in recorded or secret.rsplit("_", 1)[-1] in recorded]


def test_refusals_are_recorded(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        services.propose_role(actor=cast.actor("engineer"), user=cast.users["owner"], role=Role.CISO)
    entry = Entry.objects.get()
    assert (entry.action, entry.outcome) == ("accounts.role.proposed.denied", "denied")
    assert entry.actor_id == str(cast.users["engineer"].pk)


def test_commands_are_recorded_with_their_subject(cast: Cast) -> None:
    admin, second, who = cast.actor("security_admin"), cast.actor("second_admin"), cast.users["engineer"]
    change = services.propose_role(actor=admin, user=who, role=Role.MANAGER).value
    services.confirm_role(actor=second, change=change)
    services.remove_role(actor=admin, user=who, role=Role.MANAGER)
    services.deactivate_user(actor=admin, user=who)
    services.reactivate_user(actor=admin, user=who)
    assert actions() == [
        "accounts.role.proposed", "accounts.role.confirmed", "accounts.role.removed",
        "accounts.user.deactivated", "accounts.user.reactivated",
    ]  # fmt: skip
    assert set(Entry.objects.values_list("subject_kind", "subject_id")) == {("user", str(who.pk))}


def test_reductions_are_marked_so_that_they_never_wait() -> None:
    reduces: dict[str, Any] = {event.name: event.reduces for event in EVENTS if event.name.startswith("accounts.")}
    for name in ("user.deactivated", "role.removed", "role.refused", "session.ended", "token.revoked"):
        assert reduces[f"accounts.{name}"], name
    for name in ("user.created", "role.confirmed", "role.given", "link.created", "token.created", "factor.added"):
        assert not reduces[f"accounts.{name}"], name
