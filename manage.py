#!/usr/bin/env python
"""Command line of the portal."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ztportal.settings")
    # Only the role of MIGRATION_DATABASE_URL may change tables; the role of the portal only reads and writes rows.
    if sys.argv[1:2] == ["migrate"] and os.environ.get("MIGRATION_DATABASE_URL"):
        os.environ["DATABASE_URL"] = os.environ["MIGRATION_DATABASE_URL"]
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)  # what shells report for Ctrl-C; what was begun has cleaned up on its way here
