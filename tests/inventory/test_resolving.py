"""Who stands behind identities, and assets from observations."""

from pathlib import Path

import pytest

from apps.accounts.models import Team
from apps.inventory.models import Asset, AssetObservation, Identity, Import, Person, PersonRecord, Source
from apps.inventory.resolve.assets import resolve_assets
from tests.factories import NOW, make_asset, make_identity, make_import, make_observation, make_source
from tests.inventory.exports import imported, write

pytestmark = pytest.mark.django_db
HEADER = "employee_id,name,email,login,manager,team,status,end_date\n"


def people(tmp_path: Path, *rows: str, **options: object) -> None:
    imported("people-csv", write(tmp_path / "people.csv", HEADER + "\n".join(rows)), accept_shrink=True, **options)


def person(key: str) -> Person:
    found = PersonRecord.objects.get(source_key=key, source__name="people-csv").person
    assert found is not None
    return found


def test_identities_are_joined_by_id_mail_or_login_in_any_case(tmp_path: Path) -> None:
    joined = [
        make_identity(employee_id="e1"), make_identity(email="ANN@x.example"), make_identity(login="Ann@X.example"),
        make_identity(login="ALEE"),
    ]  # fmt: skip
    apart = [
        make_identity(name="Ann Lee"),
        make_identity(login="ALEE", kind="service"),
        make_identity(email="bob@x.example"),
    ]
    people(tmp_path, "E1,Ann Lee,ann@x.example,alee,,Risk,,")
    for identity in (*joined, *apart):
        identity.refresh_from_db()
    assert [identity.person for identity in joined] == [person("E1")] * 4
    assert [identity.person for identity in apart] == [None] * 3


def test_what_two_people_share_joins_nobody(tmp_path: Path) -> None:
    identity = make_identity(email="team@x.example")
    people(tmp_path, "E1,Ann,team@x.example,,,,,", "E2,Bob,team@x.example,,,,,")
    identity.refresh_from_db()
    assert identity.person is None and Person.objects.count() == 2


def test_a_second_source_shows_the_same_person(tmp_path: Path) -> None:
    people(tmp_path, "E1,Ann Lee,ann@x.example,,,Risk,,")
    people(tmp_path, "9,Lee Ann,ANN@X.EXAMPLE,,,Fraud,,", source="payroll")
    assert Person.objects.count() == 1
    assert Person.objects.get().records.count() == 2


def test_managers_by_id_mail_and_unique_name(tmp_path: Path) -> None:
    people(tmp_path, "E1,Ann,ann@x.example,,,,,", "E2,Bob,,,e1,,,", "E3,Cid,,,ANN@X.EXAMPLE,,,", "E4,Dan,,,ann,,,",
           "E5,Eve,,,twin,,,", "E6,Twin,,,E6,,,", "E7,Twin,,,,,,")  # fmt: skip
    assert [person(key).manager for key in ("E1", "E2", "E3", "E4", "E5", "E6")] == [
        None, person("E1"), person("E1"), person("E1"), None, None,
    ]  # fmt: skip


def test_leaving_by_status_date_and_absence(tmp_path: Path) -> None:
    day = "2026-11-20T08:00:00Z"
    rows = ["E1,Ann,,,,,terminated,", "E2,Bob,,,,,,2026-11-19", "E3,Cid,,,,,,2026-11-20", "E4,Dan,,,,,,"]
    people(tmp_path, *rows, observed_at=day)
    assert [person(key).status for key in ("E1", "E2", "E3", "E4")] == ["left", "left", "active", "active"]
    people(tmp_path, *rows[:3], observed_at="2026-11-21T08:00:00Z")
    assert [person(key).status for key in ("E3", "E4")] == ["left", "left"]
    people(tmp_path, *rows, observed_at="2026-11-21T09:00:00Z")
    assert person("E4").status == "active"


def test_teams_are_matched_by_name(tmp_path: Path) -> None:
    team = Team.objects.create(name="Model Risk")
    people(tmp_path, "E1,Ann,,,,MODEL RISK,,", "E2,Bob,,,,Other,,")
    assert (person("E1").team, person("E2").team) == (team, None)


def observed(asset: Asset, source: Source, **fields: object) -> Import:
    owner = make_import(source, covered={"asset": {"complete": True, "unknown": []}}, observed_at=source.observed_at)
    make_observation(asset, source=source, last_import=owner, **fields)
    return owner


def test_safety_facts_take_the_worst_and_others_the_newest_known() -> None:
    asset = make_asset(name="scorer")
    old = make_source(observed_at=NOW.replace(year=2025))
    observed(asset, old, runs_code="yes", stage="staging", licence="mit", claimed_tier=1)
    owner = observed(asset, make_source(), runs_code="no", stage="production", claimed_tier=3)
    resolve_assets(owner, NOW)
    asset.refresh_from_db()
    assert (asset.runs_code, asset.stage, asset.licence, asset.tier) == ("yes", "production", "mit", 1)
    assert asset.disagreements == {
        "claimed_tier": ["1", "3"], "runs_code": ["no", "yes"], "stage": ["production", "staging"],
    }  # fmt: skip


def test_a_confirmed_tier_stays_and_an_asset_no_source_shows_is_gone() -> None:
    asset = make_asset(tier=2, tier_confirmed=True)
    owner = observed(asset, make_source(), claimed_tier=1)
    resolve_assets(owner, NOW)
    asset.refresh_from_db()
    assert (asset.tier, asset.gone_at) == (2, None)
    AssetObservation.objects.filter(asset=asset).update(gone_at=NOW)
    resolve_assets(owner, NOW)
    asset.refresh_from_db()
    assert asset.gone_at is not None


def test_new_observations_get_addresses_of_their_own() -> None:
    make_asset(slug="scorer")
    source = make_source()
    owner = make_import(source, covered={"asset": {"complete": True, "unknown": []}})
    for key in ("a", "b"):
        AssetObservation.objects.create(
            source=source, last_import=owner, source_key=key, digest=key, kind="model", name="scorer", slug="scorer",
            observed_at=NOW, first_seen_at=NOW,
        )  # fmt: skip
    resolve_assets(owner, NOW)
    slugs = list(Asset.objects.filter(name="scorer").values_list("slug", flat=True))
    assert len(set(slugs)) == 2 and all(slug.startswith("scorer-") for slug in slugs)
    assert not Identity.objects.exists()
