"""Running the import command as a user does."""

import io
import json
from pathlib import Path
from typing import Any

from django.core.management import call_command


def imported(format: str, *paths: Path, source: str = "real", **options: Any) -> dict[str, Any]:
    """Import paths with the command and return what it printed."""
    out = io.StringIO()
    call_command("import_inventory", format, *map(str, paths), source=source, json=True, stdout=out, **options)
    return dict(json.loads(out.getvalue()))
