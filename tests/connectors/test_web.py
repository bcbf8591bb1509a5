"""The pages of targets: test, then save; no secret in any answer; an undeclared field is a bad request."""

from collections.abc import Callable

from django.test import Client

from apps.connectors.models import Connection
from tests.connectors.conftest import SECRET
from tests.connectors.peer import Peer, answer

NEW = "/setup/targets/new/webhook"


def test_an_admin_tests_and_then_saves(signed_in: Callable[[str], Client], there: Peer) -> None:
    client = signed_in("security_admin")
    assert b"No target yet" in client.get("/setup/targets").content
    form = {"name": "Hook", "url": f"{there.url}/hook", "signing_secret": SECRET}
    early = client.post(NEW, {"action": "save", **form})
    assert early.status_code == 409 and not Connection.objects.exists()
    tested = client.post(NEW, {"action": "test", **form})
    assert tested.status_code == 200 and b"signed ping" in tested.content and not Connection.objects.exists()
    saved = client.post(NEW, {"action": "save"}, follow=True)
    assert saved.status_code == 200 and Connection.objects.get().has_secret
    export = b"".join(client.get("/setup/targets.json").streaming_content)  # type: ignore[attr-defined]
    for page in (early, tested, saved, client.get("/setup/targets")):
        assert SECRET.encode() not in page.content
    assert SECRET.encode() not in export and SECRET not in str(dict(client.session))


def test_what_fails_or_is_undeclared_is_a_bad_request(signed_in: Callable[[str], Client], there: Peer) -> None:
    client = signed_in("security_admin")
    form = {"action": "test", "name": "Hook", "url": there.url, "signing_secret": SECRET}
    assert client.post(NEW, {**form, "exec": "/bin/sh"}).status_code == 400
    assert there.requests == []
    there.handler = answer(b"", "500 No")
    failed = client.post(NEW, form)
    assert failed.status_code == 400 and b"status 500" in failed.content
    assert client.post(NEW, {"action": "save"}).status_code == 409
    assert not Connection.objects.exists()


def test_a_new_address_leads_to_the_page_for_a_new_secret(
    signed_in: Callable[[str], Client], hook: Connection, there: Peer
) -> None:
    client, page = signed_in("security_admin"), f"/setup/targets/{hook.pk}"
    gone = client.post(f"{page}/change", {"name": hook.name, "url": f"http://127.0.0.4:{there.port}"})
    assert gone["Location"] == f"{page}/secret"
    assert b"No secret is stored" in client.get(page).content
    assert client.post(f"{page}/test").status_code == 403
    assert there.requests == []


def test_an_auditor_reads_and_an_engineer_does_not(signed_in: Callable[[str], Client], hook: Connection) -> None:
    page = f"/setup/targets/{hook.pk}"
    read = signed_in("auditor").get(page)
    assert (
        read.status_code == 200 and b"Only a security administrator" in read.content and b"Test now" not in read.content
    )
    assert signed_in("engineer").get(page).status_code == 403
