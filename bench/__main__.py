"""`python -m bench [--scale S] [--pairs N] [--only runs,imports,pages,access,reviews] [--database-url URL] [--keep |
--reuse]`.

Makes its own database (`--database-name`, else `ztportal_bench`) on the server that the URL names, whose database is
used to connect only, fills it, measures, prints ratios, and drops it. Exit 1 when a figure misses its aim.
"""

import argparse
import os
import re
import sys
from urllib.parse import urlsplit, urlunsplit

NAME = "ztportal_bench"


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks as ratios within one run.")
    parser.add_argument("--database-url", default=os.environ.get("ZTPORTAL_TEST_DATABASE_URL", ""))
    parser.add_argument("--database-name", default=NAME, help="the benchmark's own database; made and dropped")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="1: 1,000,000 identities, 200,000 assets, 5,000,000 entitlements"
    )
    parser.add_argument("--pairs", type=int, default=3, help="how often each pair of times is taken")
    parser.add_argument(
        "--import-rows", type=int, default=0, help="identities of the import (default 100,000 times the scale, at most)"
    )
    parser.add_argument("--only", default="runs,imports,pages,access,reviews", help="which parts, separated by commas")
    parser.add_argument("--keep", action="store_true", help="leave the database behind")
    parser.add_argument(
        "--reuse", action="store_true", help="measure on the database that an earlier --keep left behind"
    )
    chosen = parser.parse_args()
    if not chosen.database_url.startswith("postgres"):
        parser.error("name a PostgreSQL server: --database-url or ZTPORTAL_TEST_DATABASE_URL")
    if not re.fullmatch(r"\w{1,63}", chosen.database_name):
        parser.error("a database name has letters, digits and underscores only")
    return chosen


def server(url: str, statement: str) -> None:
    """Run a statement outside of the benchmark's database."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def main() -> int:
    """Prepare, measure, report."""
    chosen = arguments()
    parts, name = urlsplit(chosen.database_url), chosen.database_name
    os.environ["ZTPORTAL_BENCH_DATABASE_URL"] = urlunsplit(parts._replace(path=f"/{name}"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    if not chosen.reuse:
        server(chosen.database_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server(chosen.database_url, f"CREATE DATABASE {name}")
    try:
        return measure(chosen)
    finally:
        if not chosen.keep:
            from django.db import connection

            connection.close()
            server(chosen.database_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def measure(chosen: argparse.Namespace) -> int:
    """Fill the database and take the figures that were asked for."""
    import django

    django.setup()
    from django.core.management import call_command

    from bench import access, data, imports, pages, reviews, runs
    from bench.measure import timed

    if not chosen.reuse:
        call_command("migrate", verbosity=0)
        with timed() as took:
            counts = data.generate(chosen.scale)
        print(
            f"scale {chosen.scale:g} in {took.seconds:.0f} s: "
            + ", ".join(f"{n:,} {kind}" for kind, n in counts.items())
        )
    rows = chosen.import_rows or max(1_000, min(100_000, int(100_000 * chosen.scale)))
    parts = {
        "runs": lambda: runs.full_runs(chosen.pairs),
        "pages": pages.pages,
        "imports": lambda: imports.imports(chosen.pairs, rows),
        "access": lambda: access.access(chosen.pairs),
        "reviews": lambda: reviews.reviews(chosen.pairs),
    }
    figures = []
    for name in parts:
        if name in chosen.only.split(","):
            print(f"{name}:", flush=True)
            figures += parts[name]()
    print("\n" + "\n".join(figure.line() for figure in figures))
    return 1 if any(figure.aim and figure.median > figure.aim for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
