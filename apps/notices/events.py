"""What happens to channels and messages, as the audit log names it. Each message itself is an outbox row, no event."""

from apps.core.events import ACTIVITY, declare

OWED = declare("notices.notice.owed", "Notices owed", log=ACTIVITY)
READ = declare("notices.notice.read", "Notices read", log=ACTIVITY)
TASTES_CHANGED = declare("notices.preference.changed", "Notice settings changed", log=ACTIVITY, details=("off",))
CHANNEL_ADDED = declare(
    "notices.channel.added", "Notice channel added", details=("name", "medium", "place", "kinds")
)  # fmt: skip
CHANNEL_CHANGED = declare("notices.channel.changed", "Notice channel changed", details=("name", "kinds", "enabled"))
CHANNEL_REMOVED = declare("notices.channel.removed", "Notice channel removed", details=("name",), reduces=True)
CHANNEL_TESTED = declare("notices.channel.tested", "Test message owed to a channel", details=("name",))
DELIVERY_DEAD = declare(
    "notices.delivery.died", "Message given up", log=ACTIVITY, details=("medium", "kind", "attempts", "problem")
)  # fmt: skip
DELIVERY_REPLAYED = declare("notices.delivery.replayed", "Message sent again", details=("medium", "kind"))
FORGOTTEN = declare("notices.notice.forgotten", "Old notices removed", log=ACTIVITY, details=("notices", "messages"))
