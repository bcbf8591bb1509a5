"""Applies deploy/grants.sql in one transaction, as the role of MIGRATION_DATABASE_URL.

Usage: python deploy/apply_grants.py

Exit 0 when the grants stand; 1 when the variable or one of the roles is missing.
"""

import os
import sys
from pathlib import Path

import psycopg

ROLES = ("ztportal_app", "ztportal_notary")


def main() -> int:
    """Check that the roles exist, then apply the file."""
    address = os.environ.get("MIGRATION_DATABASE_URL", "")
    if not address:
        print("MIGRATION_DATABASE_URL is not set.", file=sys.stderr)
        return 1
    grants = Path(__file__).with_name("grants.sql").read_bytes()
    with psycopg.connect(address, connect_timeout=10) as connection:
        rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
        missing = sorted(set(ROLES) - {name for (name,) in rows})
        if missing:
            print(f"no such role: {', '.join(missing)} (see docs/operations.md)", file=sys.stderr)
            return 1
        connection.execute(grants)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
