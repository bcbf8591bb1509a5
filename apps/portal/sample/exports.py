"""Weekly exports of the sample organisation, written in the vendors' formats and listed in date order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from apps.portal.sample import cloud, directory, permissions, policies, registry, signing
from apps.portal.sample.artifacts import artifact_files, listing
from apps.portal.sample.people import people_csv
from apps.portal.sample.story import Story, build_story
from apps.portal.sample.timeline import LAST_DAY, Timeline
from apps.portal.sample.writer import Shelf, as_json

#: What each system's exports are: their format, and the name of the source they are imported under.
SYSTEMS = {
    "people": ("people-csv", "People register"),
    "directory": ("microsoft-graph", "Entra ID"),
    "cloud": ("aws-iam-credential-report", "AWS ml-production"),
    "sandbox": ("aws-iam-credential-report", "AWS ml-sandbox"),
    "policies": ("aws-iam-authorization-details", "AWS ml-production access"),
    "registry": ("mlflow", "MLflow registry"),
    "permissions": ("mlflow-auth", "MLflow registry access"),
    "signing": ("openssf-model-signing", "Signed model store"),
}
#: What no export tells: without a row nobody may do anything in the registry.
OPTIONS = {"permissions": {"default_permission": "NO_PERMISSIONS"}}
#: Whoever exports the sandbox does it five days before the rest, and missed the last one: at the end the newest
#: is twelve days old, and what rests on it is stale.
SANDBOX_EARLIER = 5
SANDBOX_LAST = LAST_DAY - 12
#: The public half of the key whose signatures the organisation trusts, below the output folder.
TRUSTED_KEY = Path("trusted") / "release-key.pub.pem"
TRUSTED_KEY_NAME = "Fenwick release key"


@dataclass(frozen=True)
class Batch:
    """One export: what a user would hand to `import_inventory`, and the instant it describes."""

    observed_at: datetime
    format: str
    source: str
    paths: list[Path]
    options: Mapping[str, str] = field(default_factory=dict)


class _Press:
    """Writes one story week by week."""

    def __init__(self, story: Story, timeline: Timeline, shelf: Shelf, desk: signing.SigningDesk) -> None:
        self.story, self.timeline, self.shelf, self.desk = story, timeline, shelf, desk

    def _batch(self, day: int, system: str, paths: list[Path]) -> Batch:
        form, source = SYSTEMS[system]
        return Batch(self.timeline.export_at(day, system), form, source, paths, OPTIONS.get(system, {}))

    def people(self, day: int) -> Batch:
        data = people_csv(self.story.people, day, self.timeline)
        path = self.shelf.put(f"{self.timeline.on(day)}/people.csv", data)
        return self._batch(day, "people", [path])

    def directory(self, day: int) -> Batch:
        accounts, folder = self.story.accounts, f"{self.timeline.on(day)}/entra"
        roles = directory.role_assignments(accounts, day, self.timeline)
        details = directory.registration_details(accounts, day, self.timeline, directory.admins_of(roles))
        files = {
            "users.json": directory.users(accounts, day, self.timeline),
            "userRegistrationDetails.json": details,
            "roleAssignments.json": roles,
        }
        paths = [self.shelf.put(f"{folder}/{name}", as_json(record)) for name, record in files.items()]
        return self._batch(day, "directory", paths)

    def cloud(self, day: int, system: str, account: str) -> Batch:
        data = cloud.credential_report(self.story.cloud, account, day, self.timeline)
        return self._batch(
            day, system, [self.shelf.put(f"{self.timeline.on(day)}/{system}/credential-report.csv", data)]
        )

    def policies(self, day: int) -> Batch:
        data = as_json(policies.authorization_details(self.story.cloud, day, self.timeline))
        path = self.shelf.put(f"{self.timeline.on(day)}/cloud/authorization-details.json", data)
        return self._batch(day, "policies", [path])

    def permissions(self, day: int) -> Batch:
        data = as_json(permissions.users(self.story.people, day))
        path = self.shelf.put(f"{self.timeline.on(day)}/mlflow-users/users.json", data)
        return self._batch(day, "permissions", [path])

    def registry(self, day: int) -> Batch:
        held, folder = self.story.registry, f"{self.timeline.on(day)}/mlflow"
        paged = day // 7 % 3 == 0
        answers = (
            ("registered-models.search", "registered_models", registry.registered_models(held, day, self.timeline), 20),
            ("model-versions.search", "model_versions", registry.model_versions(held, day, self.timeline), 40),
            ("runs.search", "runs", registry.runs(held, day, self.timeline), None),
        )
        for name, key, records, cut in answers:
            found = registry.pages(key, records, cut if paged else None)
            for n, page in enumerate(found, 1):
                suffix = f".page{n}" if len(found) > 1 else ""
                self.shelf.put(f"{folder}/{name}{suffix}.json", as_json(page))
        for version in registry.stored(held, day):
            files = artifact_files(version, day, self.timeline)
            self.shelf.put(f"{folder}/artifacts/{version.folder}/MLmodel", files["MLmodel"])
            self.shelf.put(f"{folder}/artifacts/{version.folder}/artifact-listing.sha256.txt", listing(files))
        return self._batch(day, "registry", [self.shelf.root / folder])

    def signing(self, day: int) -> Batch:
        folder = f"{self.timeline.on(day)}/signed-models"
        for version in registry.stored(self.story.registry, day):
            if version.signed >= day:
                continue
            for path, data in artifact_files(version, day, self.timeline).items():
                self.shelf.put(f"{folder}/{version.folder}/{path}", data)
            self.shelf.put(f"{folder}/{version.folder}.model.sig", self.desk.bundle(version))
        return self._batch(day, "signing", [self.shelf.root / folder])

    def week(self, day: int) -> Iterator[Batch]:
        """The exports of one week, oldest first."""
        if day - SANDBOX_EARLIER <= SANDBOX_LAST:
            yield self.cloud(day - SANDBOX_EARLIER, "sandbox", cloud.SANDBOX)
        yield self.cloud(day, "cloud", cloud.PRODUCTION)
        if day >= policies.CONNECTED:
            yield self.policies(day)
        yield self.people(day)
        yield self.directory(day)
        if day >= registry.CONNECTED:
            yield self.registry(day)
        if day >= permissions.CONNECTED:
            yield self.permissions(day)
        if day >= signing.CONNECTED:
            yield self.signing(day)


def generate(out_dir: Path, *, end: date, seed: int = 7, weeks: int = 13) -> list[Batch]:
    """Writes the exports of the `weeks` weeks up to `end` (so `weeks` + 1 of them) below `out_dir`.

    Returns them in date order. Same seed and end, same bytes, signatures and the trusted key excepted. The story
    always lasts ninety-one days; fewer weeks show its last part. `latest_end` gives the newest `end` whose exports
    are not in the future. Raises ValueError for less than one week.
    """
    if weeks < 1:
        raise ValueError("The sample needs at least one week.")
    timeline, shelf = Timeline(end), Shelf(out_dir)
    with signing.SigningDesk(timeline) as desk:
        shelf.put(str(TRUSTED_KEY), desk.public_key("release"))
        press = _Press(build_story(seed), timeline, shelf, desk)
        days = range(LAST_DAY - 7 * weeks, LAST_DAY + 1, 7)
        return [batch for day in days for batch in press.week(day)]


def by_week(batches: list[Batch]) -> list[list[Batch]]:
    """Groups batches as they would be imported: each group ends with the last export of its week.

    Run the checks once after each group, as of its last `observed_at`.
    """
    groups: list[list[Batch]] = [[]]
    for batch in batches:
        if groups[-1] and (batch.observed_at - groups[-1][-1].observed_at).days >= 1 and _closed(groups[-1]):
            groups.append([])
        groups[-1].append(batch)
    return groups


def _closed(group: list[Batch]) -> bool:
    """A week is over once the directory was exported."""
    return any(batch.format == "microsoft-graph" for batch in group)
