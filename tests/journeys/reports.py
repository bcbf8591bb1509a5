"""Small exports that the journeys upload, written to the vendor's documented format."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,"
    "access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,"
    "cert_2_last_rotated"
)
ACCOUNT = "arn:aws:iam::111122223333"


def aws_report(path: Path, people: int, *, with_factor: int, account: str = ACCOUNT) -> Path:
    """Write a credential report of `people` console users, of whom the first `with_factor` have a second factor."""
    used = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    lines = [COLUMNS]
    for number in range(people):
        name, factor = f"user.{number:05}", "true" if number < with_factor else "false"
        head = (
            f"{name},{account}:user/{name},2024-03-01T09:00:00+00:00,true,{used},2026-10-01T09:00:00+00:00,N/A,{factor}"
        )
        keys = "false,N/A,N/A,N/A,N/A," * 2
        lines.append(f"{head},{keys}false,N/A,false,N/A")
    path.write_text("\n".join(lines) + "\n")
    return path
