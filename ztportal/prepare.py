"""Readies the embedded default before it serves, in one start: `python -m ztportal.prepare [--sample]`."""

import argparse
import os
import sys

import django
from django.core.management import CommandError, call_command


def main() -> int:
    """Bring the tables up to date and, where asked for, load the sample organisation. Return 1 when one is refused."""
    parser = argparse.ArgumentParser(prog="ztportal.prepare", description="Make the database ready for serving.")
    parser.add_argument("--sample", action="store_true", help="load the sample organisation into an empty portal")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ztportal.settings")
    django.setup()
    try:
        call_command("migrate", verbosity=0)
        if options.sample:
            call_command("load_sample")
    except CommandError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
