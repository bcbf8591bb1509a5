"""Commands of integrity: trust and retire keys, and judge signatures."""

from apps.integrity.services.judging import judge_signatures, rejudge, resolve_artifacts
from apps.integrity.services.keys import retire_key, trust_key

__all__ = ["judge_signatures", "rejudge", "resolve_artifacts", "retire_key", "trust_key"]
