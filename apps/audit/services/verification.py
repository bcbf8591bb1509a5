"""Keeping what verification found, for the line on top of the audit page."""

from datetime import datetime

from apps.audit.checking import Findings
from apps.audit.models import Verification


def keep_status(name: str, size: int, findings: Findings, now: datetime, by: str) -> None:
    """Keep what the notary ("notary") or a whole verification ("verify") found; neither hides the other's bad news."""
    Verification.objects.update_or_create(
        key=f"{name}/{by}",
        defaults={
            "log": name,
            "size": size,
            "verified_at": now,
            "ok": not findings.count,
            "first_bad_seq": findings.first_seq,
            "problem": str(findings.problems[0])[:500] if findings.problems else "",
            "by": by,
        },
    )
