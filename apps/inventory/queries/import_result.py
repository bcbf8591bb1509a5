"""The result of an import as `import_inventory --json` and the API print it; schema: docs/import-result.schema.json."""

from typing import Any

from apps.inventory.models import Import, RejectedRecord


def import_result(owner: Import) -> dict[str, Any]:
    """Return the result of a staged or applied import. 1 query."""
    rejected = RejectedRecord.objects.filter(owner=owner)
    return {
        "source": owner.source.name,
        "format": owner.format,
        "observed_at": owner.observed_at.isoformat().replace("+00:00", "Z"),
        "created": owner.created,
        "updated": owner.updated,
        "unchanged": owner.unchanged,
        "gone": owner.gone,
        "by_kind": owner.by_kind,
        "rejected": list(rejected.values("file", "where", "reason")),
        "complete": owner.complete,
        "not_evaluated": not_evaluated(owner),
    }


def not_evaluated(owner: Import) -> list[dict[str, Any]]:
    """Return what the importer does not judge, with the kind and the number of the records it concerns. No query."""
    return [
        {"kind": kind, "what": what, "records": records}
        for kind, covered in owner.covered.items()
        for what, records in covered.get("not_evaluated", [])
    ]
