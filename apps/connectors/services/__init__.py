"""What is done with connections. Upper floors open a connection here; its secret stays inside."""

from apps.connectors.services.changing import change, delete, disable, enable, replace_secret
from apps.connectors.services.checking import check_health, start_due_checks
from apps.connectors.services.creating import Trial, add, create, try_new, try_secret
from apps.connectors.services.health import record_failure, record_success
from apps.connectors.services.opening import http_client, postgresql, signed_message
from apps.connectors.services.rotating import rotate_credentials

__all__ = [
    "Trial",
    "add",
    "change",
    "check_health",
    "create",
    "delete",
    "disable",
    "enable",
    "http_client",
    "postgresql",
    "record_failure",
    "record_success",
    "replace_secret",
    "rotate_credentials",
    "signed_message",
    "start_due_checks",
    "try_new",
    "try_secret",
]
