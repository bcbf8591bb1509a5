"""What happens to connections, as the audit log names it. No event has a secret, or a part of one, in its details."""

from apps.core.events import ACTIVITY, declare

CREATED = declare("connectors.connection.created", "Connection added", details=("driver", "address", "settings"))
CHANGED = declare(
    "connectors.connection.changed",
    "Connection changed",
    details=("fields", "address", "secret_erased", "reason"),
)
SECRET_REPLACED = declare("connectors.connection.secret_replaced", "Secret of a connection replaced")
TESTED = declare("connectors.connection.tested", "Connection tested", details=("driver", "address", "ok", "result"))
HEALTH_CHANGED = declare(
    "connectors.connection.health_changed", "Health of a connection changed", log=ACTIVITY, details=("problem",)
)
DISABLED = declare("connectors.connection.disabled", "Connection switched off")
ENABLED = declare("connectors.connection.enabled", "Connection switched on")
DELETED = declare("connectors.connection.deleted", "Connection deleted", details=("driver", "address"))
ROTATED = declare("connectors.credentials.rotated", "Stored credentials encrypted anew", details=("rotated", "failed"))
