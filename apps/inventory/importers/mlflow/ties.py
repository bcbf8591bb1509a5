"""Which model version an MLmodel file, and which MLmodel file a listing, belongs to."""

from collections.abc import Iterable, Mapping

from apps.inventory.importers.mlflow.artifact_files import Listing, MLmodel
from apps.inventory.importers.mlflow.registry import Version


def by_folder(name: str, versions: Mapping[str, Version]) -> Version | None:
    """Return the version whose `<model>/<version>/` folder a file lies in."""
    parts = name.split("/")
    for end in range(len(parts) - 1, 1, -1):
        found = versions.get(f"{parts[end - 2]}/{parts[end - 1]}")
        if found:
            return found
    return None


def _of_run(one: MLmodel, versions: Iterable[Version]) -> list[Version]:
    """Return versions that the run registered from this artifact path; MLflow 2 has no model id."""
    mine = [version for version in versions if version.run_id == one.run_id and not version.model_ids]
    if len(mine) < 2:
        return mine
    tail = one.artifact_path.rstrip("/").rsplit("/", 1)[-1]
    named = [version for version in mine if str(version.facts["location"]).rstrip("/").rsplit("/", 1)[-1] == tail]
    same = {str(version.facts["location"]) for version in named}
    return named if len(same) == 1 else []


def versions_of(one: MLmodel, versions: Mapping[str, Version]) -> list[Version]:
    """Return the versions a description belongs to: by logged-model id, else run and path, else its folder."""
    found = [version for version in versions.values() if version.model_ids.intersection(one.model_ids)]
    if not found and one.run_id:
        found = _of_run(one, versions.values())
    if not found and (version := by_folder(one.file, versions)):
        # A folder name is no proof against what the file itself says.
        contradicted = bool(version.model_ids and one.model_ids) or (
            bool(version.run_id and one.run_id) and version.run_id != one.run_id
        )
        found = [] if contradicted else [version]
    return found


def untied(one: MLmodel) -> str:
    """Return why a description was left out."""
    names = [*one.model_ids[:1], *([f"run {one.run_id}"] if one.run_id else [])]
    return f"no model version among these files has {' or '.join(names) or 'an id that this file could name'}"[:500]


def tie_listing(
    one: Listing, described: Mapping[str, list[Version]], versions: Mapping[str, Version]
) -> tuple[list[Version], str]:
    """Return the versions a listing belongs to, or none and the reason.

    `described` maps the SHA-256 of each MLmodel file of this import to its versions: a listing belongs to the
    description whose bytes it lists.
    """
    if one.mlmodel_digest in described:
        found = described[one.mlmodel_digest]
        return found, "" if found else "the MLmodel file it lists belongs to no model version of these files"
    version = by_folder(one.file, versions)
    if version is not None:
        return [version], ""
    if one.mlmodel_digest:
        return [], "the MLmodel file it lists is not among these files, so nothing says which version it belongs to"
    return [], "it lists no MLmodel file, and its folder does not name a model version"
