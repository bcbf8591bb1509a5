"""The pages of the policies: who sees what, and the walk from a text to a version in force."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.access.models import AccessRequest, PolicyChange
from apps.access.policies.language import default_texts
from apps.access.queries.policies import version_in_force
from apps.core import clock
from apps.core.errors import Forbidden
from tests.access.asking import World, build
from tests.access.policies.test_changing import NO_TRAINING, past, propose, with_more
from tests.cast import Cast
from tests.factories import make_identity

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
EDIT, TABLE = "/setup/policies/edit", "/setup/policies"


class Fields(HTMLParser):
    """What a browser without scripts would send of a page's form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "input" and said.get("name") and said.get("type") != "checkbox":
            self.found[str(said["name"])] = said.get("value") or ""
        elif tag == "input" and said.get("name") and "checked" in said:
            self.found[str(said["name"])] = "on"
        elif tag == "textarea":
            self._area = str(said["name"])
            self.found[self._area] = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # A browser drops the first line end of a textarea, and sends line ends as CR LF.
            self.found[self._area] = self.found[self._area].removeprefix("\n").replace("\n", "\r\n")
            self._area = ""


def form_of(response: Any) -> dict[str, str]:
    """Return the fields of the form as they came."""
    reader = Fields()
    reader.feed(response.content.decode().split("<main", 1)[1])
    return reader.found


def index_of(fields: dict[str, str], slug: str) -> str:
    """Return the prefix of the form of a policy."""
    return next(name.removesuffix("slug") for name, value in fields.items() if name.endswith("-slug") and value == slug)


def test_from_a_text_to_a_version(cast: Cast, signed_in: SignIn) -> None:
    """Add one, edit one, remove one; see the effect; propose; another administrator confirms."""
    world = build(cast)
    past(cast, world.asset, clock.now(), operation="train.run", tier=2)
    proposer = signed_in("second_admin")
    fields = form_of(proposer.get(EDIT))
    new, edited, gone = (index_of(fields, slug) for slug in ("", "at-most-tier-3", "failing-device"))
    fields |= {f"{new}{name}": str(NO_TRAINING[name]) for name in ("title", "reason", "text")}  # type: ignore[literal-required]
    fields |= {f"{new}slug": "no-training", f"{gone}DELETE": "on", f"{edited}reason": "Not longer than 8 hours"}
    shown = proposer.post(EDIT, {**fields, "step": "preview"})
    assert shown.status_code == 200 and not PolicyChange.objects.exists()
    text = shown.content.decode()
    assert "1 request asked again" in text and "Training is closed" in text and "no-training" in text
    fields = form_of(shown)
    assert "no-training" in fields.values() and "failing-device" not in fields.values()
    made = proposer.post(EDIT, {**fields, "note": "Freeze before the audit", "step": "propose"})
    change = PolicyChange.objects.get()
    assert made.status_code == 302 and made["Location"] == f"/setup/policies/changes/{change.pk}"
    expected = with_more(no_training=NO_TRAINING)
    del expected["failing-device"]
    expected["at-most-tier-3"] = {**expected["at-most-tier-3"], "reason": "Not longer than 8 hours"}
    assert change.texts == expected
    assert 'value="confirm"' not in proposer.get(made["Location"]).content.decode()
    confirmer = signed_in("security_admin")
    assert 'value="confirm"' in confirmer.get(made["Location"]).content.decode()
    assert confirmer.post(made["Location"], {"decision": "confirm"}).status_code == 302
    assert version_in_force().texts == expected
    history = confirmer.get("/setup/policies/versions/2").content.decode()
    assert "Freeze before the audit" in history and "failing-device" in history


def test_unchanged_forms_change_nothing(cast: Cast, signed_in: SignIn) -> None:
    """What the form shows and sends is what is in force, to the character."""
    client = signed_in("security_admin")
    answer = client.post(EDIT, {**form_of(client.get(EDIT)), "note": "Nothing", "step": "propose"})
    assert answer.status_code == 400 and "Nothing differs" in answer.content.decode()


def test_problems_are_shown_at_their_policy(cast: Cast, signed_in: SignIn) -> None:
    client = signed_in("security_admin")
    fields = form_of(client.get(EDIT))
    broken = {
        f"{index_of(fields, 'at-most-tier-3')}text": "forbid (principal, action, resource)\r\nwhen { principal.x };"
    }
    answer = client.post(EDIT, {**fields, **broken, "step": "preview"})
    assert answer.status_code == 400
    assert "Line 2: Attribute `x`" in answer.content.decode() and "<details open>" in answer.content.decode()
    twice = {f"{index_of(fields, 'at-most-tier-3')}slug": "at-most-tier-2"}
    assert "Another policy has this id" in client.post(EDIT, {**fields, **twice, "step": "preview"}).content.decode()
    stale = client.post(EDIT, {**fields, "based_on": "0", "step": "preview"})
    assert stale.status_code == 400 and "changed meanwhile" in stale.content.decode()


def test_foreign_words_are_escaped(cast: Cast, signed_in: SignIn) -> None:
    hostile = {**NO_TRAINING, "title": "<script>x</script>", "reason": "</pre><img src=x>"}
    change = propose(cast, with_more(hostile=hostile), note="<b>bold</b>")
    client = signed_in("security_admin")
    client.post(f"/setup/policies/changes/{change.pk}", {"decision": "confirm"})
    for url in (TABLE, EDIT, "/setup/policies/versions/2", f"/setup/policies/changes/{change.pk}"):
        text = client.get(url).content.decode()
        assert "<script>x" not in text and "<img src=x" not in text and "<b>bold" not in text


@pytest.mark.parametrize("name", ["ciso", "auditor"])
def test_overseers_read_and_change_nothing(cast: Cast, signed_in: SignIn, name: str) -> None:
    change = propose(cast)
    client = signed_in(name)
    text = client.get(TABLE).content.decode()
    assert "Agents change no guardrails" in text and EDIT not in text
    url = f"/setup/policies/changes/{change.pk}"
    assert client.get(url).status_code == 200 and client.get("/setup/policies/versions/1").status_code == 200
    assert client.get(EDIT).status_code == 403 and client.post(url, {"decision": "confirm"}).status_code == 403


@pytest.mark.parametrize("name", ["engineer", "manager", "owner", "outsider"])
def test_others_see_no_policies(cast: Cast, signed_in: SignIn, name: str) -> None:
    client = signed_in(name)
    assert client.get(TABLE).status_code == 403
    assert reverse("access:policies") not in client.get("/profile").content.decode()


def test_counts_are_requests_let_through_and_attempts_refused(cast: Cast, signed_in: SignIn) -> None:
    world: World = build(cast)
    world.ask(operation="eval.run")
    assert AccessRequest.objects.get().policy_ids == ["people-routine"]
    make_identity(person=cast.users["engineer"].person, kind="guest")
    with pytest.raises(Forbidden, match="Guests may not take"):
        world.ask(operation="weights.export")
    rows = {row.slug: row.decided for row in signed_in("auditor").get(TABLE).context["rows"]}
    assert {slug: n for slug, n in rows.items() if n} == {"people-routine": 1, "no-export-for-guests": 1}
    assert set(rows) == set(default_texts())


def test_the_list_takes_few_queries(cast: Cast, signed_in: SignIn) -> None:
    client = signed_in("security_admin")
    client.get(TABLE)
    with CaptureQueriesContext(connection) as seen:
        client.get(TABLE)
    assert len(seen) <= 20
