"""What happens to the inventory, as the audit log names it."""

from apps.core.events import ACTIVITY, declare

IMPORT_REQUESTED = declare(
    "inventory.import.requested",
    "Import started",
    log=ACTIVITY,
    details=("source", "format", "files", "observed_at", "apply_at_once"),
)
IMPORT_CONFIRMED = declare("inventory.import.confirmed", "Import confirmed after its preview", log=ACTIVITY)
IMPORT_APPLIED = declare(
    "inventory.import.applied",
    "Import applied",
    details=(
        "source", "format", "observed_at", "digest", "created", "updated", "unchanged", "gone", "rejected", "complete",
    ),
)  # fmt: skip
IMPORT_DISCARDED = declare("inventory.import.discarded", "Import discarded", log=ACTIVITY)

OWNERS_CONFIRMED = declare(
    "inventory.owners.confirmed", "Owners confirmed", details=("assets", "owners", "list_digest")
)
OWNER_CONFIRMED = declare("inventory.owner.confirmed", "Owner confirmed", details=("asset", "owner", "before"))
TIER_SET = declare("inventory.tier.set", "Tier set", details=("asset", "tier", "before"))
USER_LINKED = declare("inventory.user.linked", "User linked to a person", details=("person", "user", "user_name"))
USER_UNLINKED = declare(
    "inventory.user.unlinked", "User unlinked from a person", details=("person", "user", "user_name"), reduces=True
)
PEOPLE_MERGED = declare(
    "inventory.people.merged", "People merged", details=("kept", "merged", "merged_name", "identities", "records")
)
PERSON_SPLIT = declare(
    "inventory.person.split", "Person split", details=("person", "new_person", "new_name", "identities", "records")
)
SAMPLE_SOURCES_REMOVED = declare(
    "inventory.sample.removed", "Sample sources removed", details=("sources", "assets", "people")
)
